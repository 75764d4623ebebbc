"""Amid everything that a hostile repository could plant, the stations do exactly what they do elsewhere."""

import json
import os
from pathlib import Path

import pytest

from assets.plant_traps import environment, plant, plant_names, sprung
from station_processes import ROOT, run, usual_environment

pytestmark = pytest.mark.slow


def hostile(folder: Path) -> dict[str, str]:
    """What the environment could hold, beyond what the traps' own module sets."""
    (folder / "bash_env").write_text("echo hello >&2\n", encoding="ascii")
    return environment(folder) | {
        "CDPATH": str(folder),
        "PIP_TARGET": str(folder / "TRAP-SPRUNG-pip-target"),
        "PIP_USER": "1",
        "PIP_LOG": str(folder / "TRAP-SPRUNG-pip-log"),
        "PYTHONHOME": str(folder),
        "PYTHONINSPECT": "1",
        "PYTHONPYCACHEPREFIX": str(folder / "TRAP-SPRUNG-pycache"),
        "PYTHONUSERBASE": str(folder),
        "PYTHONWARNINGS": "error",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "ascii",
        "PYTHONUTF8": "0",
        "PYTHONBREAKPOINT": "json.x",
        "PYTHONMALLOC": "debug",
        "LC_ALL": "C",
        "LANG": "tr_TR.ISO-8859-9",
        "TZ": "Pacific/Kiritimati",
        "COLUMNS": "1",
    }


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    plant(folder)
    return folder


def test_environment_made_amid_traps_is_the_usual_one(cache: Path, workspace: Path) -> None:
    process = run("--version", env=usual_environment(cache, **hostile(workspace)), cwd=workspace)
    assert process.returncode == 0, process.stderr
    assert sprung(workspace) == []
    again = run("--version", env=usual_environment(cache), cwd=workspace.parent)
    assert (again.returncode, again.stderr) == (0, "")


@pytest.mark.parametrize(
    "name", ["build-image", "generate-sbom", "scan-image", "hash-artifacts", "attest", "verify", "chain"]
)
def test_help_is_the_usual_one(name: str, cache: Path, workspace: Path) -> None:
    usual = run(name, "--help", env=usual_environment(cache, COLUMNS="80"), cwd=workspace.parent)
    amid = run(name, "--help", env=usual_environment(cache, **hostile(workspace)) | {"COLUMNS": "80"}, cwd=workspace)
    assert (amid.returncode, amid.stdout) == (0, usual.stdout)
    assert sprung(workspace) == []


def test_manifest_is_the_usual_one(cache: Path, workspace: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    plant_names(model)
    arguments = ("hash-artifacts", "--paths", str(model), "--output-dir")
    usual = run(*arguments, str(tmp_path / "usual"), env=usual_environment(cache), cwd=tmp_path)
    assert usual.returncode == 0, usual.stderr
    env = usual_environment(cache, **hostile(workspace))
    amid = run(*arguments, str(tmp_path / "amid"), env=env, cwd=workspace)
    assert amid.returncode == 0, amid.stderr
    for name in ("model.manifest.json", "SHA256SUMS"):
        assert (tmp_path / "amid" / name).read_bytes() == (tmp_path / "usual" / name).read_bytes()
    assert sprung(workspace) == []
    assert sprung(model) == []


def test_names_of_files_are_hashed_and_never_obeyed(cache: Path, workspace: Path, tmp_path: Path) -> None:
    env = usual_environment(cache, **hostile(workspace), GITHUB_ACTIONS="true", GITHUB_OUTPUT=str(tmp_path / "output"))
    process = run("hash-artifacts", "--paths", ".", "--output-dir", str(tmp_path / "out"), env=env, cwd=workspace)
    assert process.returncode == 0, process.stderr
    manifest = json.loads(next((tmp_path / "out").glob("*.manifest.json")).read_bytes())
    assert len(manifest["predicate"]["resources"]) >= len(os.listdir(os.fsencode(workspace))) - 3  # noqa: PTH208 -- bytes
    assert sprung(workspace) == []


def test_checkout_is_not_written_to_by_a_run(cache: Path, workspace: Path) -> None:
    before = {path for path in (ROOT / "scripts").rglob("*") if "__pycache__" not in path.parts}
    run("--version", env=usual_environment(cache, **hostile(workspace)), cwd=workspace)
    assert {path for path in (ROOT / "scripts").rglob("*") if "__pycache__" not in path.parts} == before
