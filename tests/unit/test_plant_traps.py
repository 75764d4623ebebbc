"""Traps that cannot be sprung prove nothing: each that can be tried here without other tools is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assets.plant_traps import HOSTILE_NAMES, MARK, environment, plant, plant_names, sprung


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    plant(folder)
    return folder


def names(folder: Path) -> set[bytes]:
    return {os.fsencode(path.name) for path in folder.iterdir()}


def test_untouched_traps_are_not_sprung(workspace: Path) -> None:
    assert sprung(workspace) == []


def test_planting_again_changes_nothing(workspace: Path) -> None:
    before = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    plant(workspace)
    assert {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()} == before


def test_every_hostile_name_is_planted(workspace: Path) -> None:
    assert set(HOSTILE_NAMES) <= names(workspace)


def test_names_can_be_planted_alone(tmp_path: Path) -> None:
    plant_names(tmp_path)
    assert names(tmp_path) == set(HOSTILE_NAMES)
    assert not any(name.startswith(MARK) for name in HOSTILE_NAMES)


@pytest.mark.parametrize("module", ["json", "yaml", "modelseal", "sigstore", "cryptography", "logging"])
def test_module_leaves_its_mark_when_imported_from_the_working_directory(workspace: Path, module: str) -> None:
    subprocess.run([sys.executable, "-S", "-c", f"import {module}"], cwd=workspace, check=True)
    assert sprung(workspace) == [f"TRAP-SPRUNG-{module}"]


def test_isolated_python_springs_none(workspace: Path) -> None:
    env = os.environ | environment(workspace)
    subprocess.run([sys.executable, "-I", "-c", "import json, logging"], cwd=workspace, env=env, check=True)
    assert sprung(workspace) == []


def test_customize_modules_leave_their_mark_through_the_environment(workspace: Path) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": environment(workspace)["PYTHONPATH"]}
    subprocess.run([sys.executable, "-c", ""], cwd="/", env=env, check=True)
    assert "TRAP-SPRUNG-sitecustomize" in sprung(workspace)


def test_shell_leaves_its_mark_when_it_reads_a_name(workspace: Path) -> None:
    subprocess.run("for name in '$('*; do eval \"echo $name\"; done", shell=True, cwd=workspace, check=True)
    assert sprung(workspace) == ["TRAP-SPRUNG-shell"]


def test_trace_in_what_was_written_is_found(workspace: Path) -> None:
    (workspace / "out").mkdir()
    (workspace / "out" / "report.json").write_text('{"RuleID": "trap-took-effect"}', encoding="utf-8")
    (workspace / "out" / "clean.json").write_text("{}", encoding="utf-8")
    assert sprung(workspace) == ["out/report.json"]
