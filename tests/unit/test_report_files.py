"""The files about a result: names, what is left of an earlier run, and that nothing is half there."""

import json
import os
from pathlib import Path

import pytest

import gate_results
from modelseal.errors import InputError
from modelseal.gate import document
from modelseal.report import files, html, sarif
from modelseal.report.files import ENDINGS, Shown

SHOWN = Shown("modelseal/scan-image/fraud", "Dockerfile", ("pkg:oci/fraud@sha256:1",))


def test_everything_of_an_earlier_run_is_removed_and_nothing_else(tmp_path: Path) -> None:
    others = ["small.tar", "small.verdict.json.bak", "small", "smaller.verdict.json", "other.sarif", "small.txt"]
    for name in [*others, *(f"small.{ending}" for ending in ENDINGS)]:
        (tmp_path / name).write_text("x")
    (tmp_path / "small.trivy").mkdir()
    (tmp_path / "small.trivy" / "linux-arm64.json").write_text("x")
    files.discard(tmp_path, "small")
    assert {path.name for path in tmp_path.iterdir()} == set(others)
    (tmp_path / "small.trivy").write_text("a file")
    files.discard(tmp_path, "small")
    assert {path.name for path in tmp_path.iterdir()} == set(others)


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("x")
    out = tmp_path / "out"
    out.mkdir()
    (out / "small.verdict.json").symlink_to(elsewhere / "kept")
    (out / "small.trivy").symlink_to(elsewhere)
    files.discard(out, "small")
    assert (elsewhere / "kept").read_text() == "x"
    assert not os.path.lexists(out / "small.verdict.json")
    assert files.reports(out, "small", ["linux/amd64", "linux/arm64"])
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]


def test_reports_of_platforms_have_a_folder(tmp_path: Path) -> None:
    assert files.reports(tmp_path, "small", [""]) == (tmp_path / "small.trivy.json",)
    assert files.reports(tmp_path, "small", ["linux/amd64"]) == (tmp_path / "small.trivy.json",)
    platforms = ["linux/amd64", "linux/arm/v7", "linux/arm64@sha256:0123"]
    assert [path.relative_to(tmp_path).as_posix() for path in files.reports(tmp_path, "small", platforms)] == [
        "small.trivy/linux-amd64.json", "small.trivy/linux-arm-v7.json", "small.trivy/linux-arm64@sha256-0123.json",
    ]  # fmt: skip


def test_every_form_is_written_of_the_same_result(tmp_path: Path) -> None:
    result = gate_results.result([gate_results.finding(), gate_results.secret()])
    written = files.write(result, tmp_path, "small", SHOWN)
    assert document.read(written.verdict.read_bytes()).verdict == "failed"
    assert written.html.read_bytes() == html.render(result)
    run = json.loads(written.sarif.read_bytes())["runs"][0]
    assert run["automationDetails"]["id"].startswith("modelseal/scan-image/fraud")
    assert len(run["results"]) == 2
    assert "CVE-2023-0001" in written.table.read_text()
    assert written.openvex is not None
    assert "CVE-2023-0001" in written.openvex.read_text()
    assert {path.name for path in tmp_path.iterdir()} == {f"small.{kind}" for kind in ENDINGS if kind != "trivy.json"}


@pytest.mark.parametrize("findings", [(), (gate_results.secret(),)], ids=["nothing", "a secret"])
def test_what_openvex_cannot_say_is_no_file(tmp_path: Path, findings: tuple[object, ...]) -> None:
    written = files.write(gate_results.result(findings), tmp_path, "small", SHOWN)  # type: ignore[arg-type]
    assert written.openvex is None
    assert not (tmp_path / "small.openvex.json").exists()


def test_a_wrong_location_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        files.write(gate_results.result(), tmp_path, "small", Shown("x", "../x", ()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", [html, sarif], ids=["html", "sarif"])
def test_there_is_no_verdict_without_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: object
) -> None:  # fmt: skip
    def fail(*_: object, **__: object) -> bytes:
        raise RuntimeError("x")

    monkeypatch.setattr(broken, "render", fail)
    with pytest.raises(RuntimeError):
        files.write(gate_results.result([gate_results.finding()]), tmp_path, "small", SHOWN)
    assert not (tmp_path / "small.verdict.json").exists()


def test_hostile_texts_are_files_all_the_same(tmp_path: Path) -> None:
    result = gate_results.hostile_result()
    written = files.write(result, tmp_path, "small", SHOWN)
    assert len(document.read(written.verdict.read_bytes()).findings) == len(result.judgement.findings)
    assert all(path.stat().st_size for path in tmp_path.iterdir())
    for ending in ("findings.txt", "report.html", "sarif", "verdict.json"):
        (tmp_path / f"small.{ending}").read_text(encoding="utf-8")  # no lone surrogate went through
