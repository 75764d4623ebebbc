"""The station around the scanner: what is left when there is no evidence, and what is handed on when there is."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

import saved_images
from modelseal import station, tools
from modelseal.commands import scan_image
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode
from vulnerability_reports import ENABLED, document, vulnerability

WRITE = ENABLED + 'while [ $# -gt 1 ]; do [ "$1" = --output ] && out=$2; shift; done; cat {report} >"$out"'


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return saved_images.saved(tmp_path / "small.tar", {"a": b"b"})


@pytest.fixture
def database(tmp_path: Path) -> Path:
    db = tmp_path / "cache" / "db"
    db.mkdir(parents=True)
    (db / "trivy.db").write_bytes(b"db")
    (db / "metadata.json").write_text(json.dumps({"Version": 2, "UpdatedAt": datetime.now(UTC).isoformat()}))
    return tmp_path / "cache"


def run(  # noqa: PLR0913 -- a folder, an archive, a database, a scanner and its report
    folder: Path,
    archive: Path,
    database: Path,
    report: bytes,
    monkeypatch: pytest.MonkeyPatch,
    script: str = WRITE,
    **inputs: str,
) -> Outcome:
    (folder / "report.json").write_bytes(report)
    executable = folder / "trivy"
    executable.write_text(f"#!/bin/sh\n{script.format(report=folder / 'report.json')}\n")
    executable.chmod(0o755)
    tool = tools.Tool("trivy", "0.74.0", executable, "0" * 64)
    monkeypatch.setattr(tools, "provide", lambda *_arguments, **_options: tool)
    texts = {"archive": str(archive), "db-dir": str(database)} | {k.replace("_", "-"): v for k, v in inputs.items()}
    out, temporary = folder / "out", folder / "temporary"
    out.mkdir(exist_ok=True)
    temporary.mkdir()
    context = Context(out, {"PATH": os.environ["PATH"]}, temporary)
    return scan_image.run(station.read_inputs(scan_image.Inputs, texts), context)


def about(archive: Path, **fields: object) -> bytes:
    """Return a report about an archive's image."""
    from modelseal.image.archive import read  # noqa: PLC0415

    report = document(**fields)  # type: ignore[arg-type]
    report["Metadata"]["ImageID"] = read(archive).image_id
    return json.dumps(report).encode()


def stale(folder: Path) -> list[Path]:
    (folder / "out").mkdir()
    files = [folder / "out" / f"small.{kind}" for kind in ("verdict.json", "trivy.json", "findings.txt")]
    for file in files:
        file.write_text('{"verdict": "passed"}')
    return files


def test_evidence_becomes_a_verdict(
    tmp_path: Path, archive: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = run(tmp_path, archive, database, about(archive, vulnerabilities=[vulnerability()]), monkeypatch)
    assert outcome.exit_code is ExitCode.GATE_FAILED
    assert isinstance(outcome.outputs, scan_image.Outputs)
    assert json.loads(Path(outcome.outputs.verdict).read_bytes())["verdict"] == "failed"
    assert Path(outcome.outputs.report).read_bytes() == (tmp_path / "report.json").read_bytes()
    assert (outcome.outputs.high_count, outcome.outputs.failing_count) == ("1", "1")


def test_a_pass_needs_a_report_of_this_image(
    tmp_path: Path, archive: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, archive, database, about(archive), monkeypatch).exit_code is ExitCode.PASSED


@pytest.mark.parametrize(
    ("script", "report"),
    [
        (WRITE, b""),
        (WRITE, b"{}"),
        (WRITE, json.dumps(document()).encode()),
        ("true", b""),
        ("exit 3", b""),
        ("kill -9 $$", b""),
        (f"{WRITE}; exit 1", None),
        (f"{WRITE}; printf 'now\\tERROR\\tx\\n' >&2", None),
        (f"{WRITE}; printf 'now\\tWARN\\tThis OS version is not on the EOL list\\n' >&2", None),
    ],
)
def test_without_evidence_there_is_no_verdict_and_no_earlier_one(  # noqa: PLR0913 -- fixtures
    tmp_path: Path, archive: Path, database: Path, monkeypatch: pytest.MonkeyPatch, script: str, report: bytes | None
) -> None:
    files = stale(tmp_path)
    with pytest.raises(ToolError):
        run(tmp_path, archive, database, about(archive) if report is None else report, monkeypatch, script=script)
    assert not files[0].exists()
    assert not files[2].exists()
    assert not any(b"passed" in file.read_bytes() for file in (tmp_path / "out").iterdir())


@pytest.mark.parametrize("inputs", [{"scanners": "licence"}, {"db_repository": "a/b"}, {"fail_on": "high"}])
def test_wrong_inputs(
    tmp_path: Path, archive: Path, database: Path, monkeypatch: pytest.MonkeyPatch, inputs: dict[str, str]
) -> None:
    with pytest.raises(InputError):
        run(tmp_path, archive, database, about(archive), monkeypatch, **inputs)


def test_an_unreadable_archive_leaves_no_earlier_verdict(
    tmp_path: Path, archive: Path, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = stale(tmp_path)
    archive.write_bytes(b"cut off")
    with pytest.raises(ModelsealError):
        run(tmp_path, archive, database, b"", monkeypatch)
    assert not any(file.exists() for file in files)
