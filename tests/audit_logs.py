"""Logs for the tests of the audit trail."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelseal.audit import entry
from modelseal.audit.entry import LogEntry, Place, Run, Statement, Subject
from modelseal.verdict import ExitCode

START = datetime(2026, 11, 22, 23, 21, 51, 123456, UTC)
WHO = {
    "actor": "octocat",
    "actor-id": "583231",
    "repository": "octo/model",
    "repository-id": "1296269",
    "run-attempt": "1",
    "run-id": "11222333444",
    "sha": "c" * 40,
    "workflow-ref": "octo/model/.github/workflows/release.yml@refs/heads/main",
}
PROVENANCE = "https://slsa.dev/provenance/v1"


def run(number: int = 0, **changes: object) -> Run:
    values: dict[str, object] = {
        "station": "attest",
        "who": WHO,
        "exit_code": ExitCode.PASSED,
        "subjects": (Subject(f"ghcr.io/octo/model:{number}", f"{number:064x}"),),
        "statements": (
            Statement(PROVENANCE, f"{number + 1:064x}", WHO["workflow-ref"], LogEntry("c0d2" * 16, 100_000 + number)),
            Statement("https://spdx.dev/Document", f"{number + 2:064x}"),
        ),
        "policy": "b" * 64,
        "message": f"run {number}",
    }
    return Run(**(values | changes))  # type: ignore[arg-type]


def ticking(start: datetime = START, step: timedelta = timedelta(seconds=1)) -> Callable[[], datetime]:
    """Return a clock that goes on by itself."""
    at = start

    def clock() -> datetime:
        nonlocal at
        at += step
        return at

    return clock


def lines(count: int, first: int = 0) -> list[bytes]:
    """Return the lines of a whole log, each with its line break, without writing it."""
    return chained([run(number) for number in range(first, first + count)])


def chained(runs: Sequence[Run], start: datetime = START) -> list[bytes]:
    made, place = [], Place(0, entry.BEFORE_THE_FIRST)
    for number, each in enumerate(runs):
        line = entry.encode(each, place, start + timedelta(seconds=number))
        place = Place(number + 1, own_hash(line))
        made.append(line + b"\n")
    return made


def own_hash(line: bytes) -> str:
    return line.partition(b'"hash":"')[2][:64].decode()


def written(path: Path, content: Sequence[bytes]) -> Path:
    path.write_bytes(b"".join(content))
    return path
