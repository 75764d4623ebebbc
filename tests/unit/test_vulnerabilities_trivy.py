import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelseal.errors import ToolError
from modelseal.vulnerabilities import trivy
from modelseal.vulnerabilities.database import Database
from vulnerability_reports import ENABLED, report

WRITE = ENABLED + 'while [ $# -gt 1 ]; do [ "$1" = --output ] && out=$2; shift; done; cat {good} >"$out"'


def fake(folder: Path, script: str, **environ: str) -> trivy.Trivy:
    """Make a Trivy that does something else; it notes how it was called."""
    good = folder / "good.json"
    good.write_bytes(report())
    executable = folder / "trivy"
    executable.write_text(
        f"#!/bin/sh\nenv >{folder}/environ; pwd >{folder}/cwd; ls -A >{folder}/listing\n{script.format(good=good)}\n"
    )
    executable.chmod(0o755)
    (folder / "private").mkdir(exist_ok=True)
    return trivy.Trivy(executable, {"PATH": os.environ["PATH"], **environ}, folder / "private")


def database(folder: Path) -> Database:
    (folder / "cache" / "db").mkdir(parents=True)
    return Database(folder / "cache" / "db", 2, datetime.now(UTC))


def scan(folder: Path, script: str, **environ: str) -> trivy.Scan:
    scanner = fake(folder, script, **environ)
    return trivy.scan(scanner, folder / "image.tar", ("vuln", "secret"), database(folder))


def test_hands_on_what_trivy_wrote(tmp_path: Path) -> None:
    done = scan(tmp_path, WRITE)
    assert done.report == report()
    assert done.scanners == ("vuln", "secret")
    assert done.started <= done.finished


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("exit 1", "exit code 1"),
        (f"{WRITE}; exit 1", "exit code 1"),
        (f"{WRITE}; kill -9 $$", "signal 9"),
        (f"{WRITE}; kill -11 $$", "signal 11"),
        (f"{ENABLED} true", "left no report"),
        (f"{WRITE}; printf '2026-01-01T00:00:00Z\\tERROR\\tcannot read layer\\n' >&2", "reported errors"),
        (f"{WRITE}; printf '2026-01-01T00:00:00Z\\tFATAL\\tFatal error\\n' >&2", "reported errors"),
        (
            f"{WRITE}; printf '2026-01-01T00:00:00Z\\tERROR\\tearly\\n' >&2; seq -f '2026\\tINFO\\t%g' 1 30000 >&2",
            "reported errors",
        ),
        (
            f"{WRITE}; printf '2026\\tWARN\\tThis OS version is not on the EOL list\\tfamily=\"debian\"\\n' >&2",
            "does not know this release",
        ),
        (f"{WRITE}; printf '2026\\tWARN\\tUnsupported os\\tfamily=\"plan9\"\\n' >&2", "does not know this release"),
        (WRITE.removeprefix(ENABLED), "did not say that it looked for: vuln, secret"),
        (f"{ENABLED} cat {{good}}", "left no report"),  # to its standard output
        (f"{ENABLED} mkdir -p $(dirname {{good}})/private/report.json", "left no report"),
        (f'{WRITE}; printf \'2026\\tDEBUG\\tWalk error\\tfile_path="a/b" err="x"\\n\' >&2', "could not read"),
        (f"{WRITE}; printf '2026\\tFATAL\\tFatal error\\tno space left on device\\n' >&2; exit 1", "exit code 1"),
    ],
)
def test_a_mishap_is_an_error(tmp_path: Path, script: str, what: str) -> None:
    with pytest.raises(ToolError) as caught:
        scan(tmp_path, script)
    assert what in caught.value.what


def test_what_may_be_unreadable_is_told(tmp_path: Path) -> None:
    lines = "".join(f'2026\\tDEBUG\\tWalk error\\tfile_path="{name}" err="x"\\n' for name in ("a/b", "c"))
    scanner = fake(tmp_path, f"{WRITE}; printf '{lines}' >&2")
    image, current = tmp_path / "image.tar", database(tmp_path)
    done = trivy.scan(scanner, image, ("vuln",), current, tolerated={"a/b", "c"}.__contains__)
    assert [text.partition(":")[0] for text in done.unread] == ["a/b", "c"]
    with pytest.raises(ToolError, match="could not read") as caught:
        trivy.scan(scanner, image, ("vuln",), current, tolerated={"a/b"}.__contains__)
    assert caught.value.where.startswith("c: ")
    assert "a/b" not in caught.value.where
    assert "unreadable" in caught.value.mend


def test_a_thousand_gaps_are_told_briefly(tmp_path: Path) -> None:
    script = f'{WRITE}; seq -f \'2026\tDEBUG\tWalk error\tfile_path="a%g" err="x"\' 1 1000 >&2'
    with pytest.raises(ToolError, match="and 980 more"):
        scan(tmp_path, script)


def test_an_endless_report_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trivy, "MAX_BYTES", 100)
    with pytest.raises(ToolError, match="more than 100"):
        scan(tmp_path, WRITE)


def test_a_report_of_an_earlier_scan_is_not_taken(tmp_path: Path) -> None:
    scan(tmp_path, WRITE)
    (tmp_path / "trivy").write_text(f"#!/bin/sh\n{ENABLED}\n")
    scanner = trivy.Trivy(tmp_path / "trivy", {"PATH": os.environ["PATH"]}, tmp_path / "private")
    current = Database(tmp_path / "cache" / "db", 2, datetime.now(UTC))
    with pytest.raises(ToolError, match="left no report"):
        trivy.scan(scanner, tmp_path / "image.tar", ("vuln",), current)


def test_a_missing_java_index_is_told_apart(tmp_path: Path) -> None:
    line = "Java DB update failed: '\\''--skip-java-db-update'\\'' cannot be specified on the first run"
    with pytest.raises(trivy.JavaIndexMissing):
        scan(tmp_path, f"printf '2026\\tFATAL\\tFatal error\\t%s\\n' '{line}' >&2; exit 1")


@pytest.mark.parametrize(
    ("scanners", "arguments"),
    [
        (("vuln",), "--scanners vuln"),
        (("vuln", "secret"), "--scanners vuln,secret --image-config-scanners secret"),
        (("misconfig",), "--scanners vuln --image-config-scanners misconfig"),
        (("vuln", "secret", "misconfig", "license"),
         "--scanners vuln,secret,license --image-config-scanners secret,misconfig"),
    ],
)  # fmt: skip
def test_what_is_looked_for(tmp_path: Path, scanners: tuple[str, ...], arguments: str) -> None:
    scanner = fake(tmp_path, f'echo "$@" >{tmp_path}/arguments; {WRITE}')
    trivy.scan(scanner, tmp_path / "image.tar", scanners, database(tmp_path))
    given = (tmp_path / "arguments").read_text()
    assert f" {arguments} --list-all-pkgs" in given
    assert {"--skip-check-update", "--skip-db-update", "--skip-java-db-update", "--debug"} <= set(given.split())


def test_warnings_of_other_things_are_none(tmp_path: Path) -> None:
    assert scan(tmp_path, f"{WRITE}; printf '2026\\tWARN\\tDEBUG ERROR of no weight\\n' >&2").report


def test_a_trivy_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trivy, "_SCAN_SECONDS", -59)
    started = time.monotonic()
    with pytest.raises(ToolError, match="did not finish"):
        scan(tmp_path, f"sleep 300 & echo $! >{tmp_path}/pid; wait")
    assert time.monotonic() - started < 60
    child = int((tmp_path / "pid").read_text())
    for _ in range(1000):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text():
            return
        time.sleep(0.02)
    pytest.fail("what Trivy started is still running")


def test_trivy_sees_no_token_no_setting_and_no_file_of_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("trivy.yaml", ".trivyignore", "trivy-secret.yaml"):
        (tmp_path / name).write_text("x")
    monkeypatch.chdir(tmp_path)
    planted = {
        "GITHUB_TOKEN": "t", "ACTIONS_RUNTIME_TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "t", "TRIVY_SEVERITY": "LOW",
        "TRIVY_IGNOREFILE": "x", "TRIVY_CONFIG": "x", "TRIVY_SERVER": "x", "LD_PRELOAD": "", "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path), "DOCKER_CONFIG": str(tmp_path), "GITHUB_ACTIONS": "true", "CI": "true",
    }  # fmt: skip
    scan(tmp_path, WRITE, **planted)
    seen = dict(line.split("=", 1) for line in (tmp_path / "environ").read_text().splitlines() if "=" in line)
    assert not (planted.keys() - {"HOME"}) & seen.keys()
    assert seen["HOME"].startswith(str(tmp_path / "private"))
    assert (tmp_path / "listing").read_text() == ""
    assert Path((tmp_path / "cwd").read_text().strip()).is_relative_to(tmp_path / "private")
