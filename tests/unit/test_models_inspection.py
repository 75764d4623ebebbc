"""Many files are looked into by processes that share them, and no file can end more than its own process."""

import contextlib
import hashlib
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelseal.models import worker
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.inspection import FileReport, Item, Wanted, inspect_files

pytestmark = pytest.mark.slow  # each runs the station or its processes


def items(folder: Path) -> list[Item]:
    return [Item(path.name, os.fsencode(path)) for path in sorted(folder.iterdir())]


def inspect(
    found: list[Item], temp: Path, *, workers: int = 2, digests: bool = False, on_begin: Callable[[int], object] = print
) -> tuple[FileReport, ...]:
    wanted = Wanted(workers=workers, digests=digests)
    return inspect_files(found, wanted, temp_dir=temp, environ=dict(os.environ), on_begin=on_begin)


def rules(report: FileReport) -> list[str]:
    return [placed.found.rule.id for placed in report.report.findings]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_file_has_its_report_in_the_given_order(folder: Path, tmp_path: Path, workers: int) -> None:
    for number in range(20):
        (folder / f"{number:02}.bin").write_bytes(b"\xfe\xed\xfa\x11" * (number + 1))
    begun: list[int] = []
    reports = inspect(items(folder), tmp_path, workers=workers, on_begin=begun.append)
    assert [report.name for report in reports] == [f"{number:02}.bin" for number in range(20)]
    assert [report.report.size for report in reports] == [4 * (number + 1) for number in range(20)]
    assert [rules(report) for report in reports] == [["unrecognised"]] * 20
    assert sorted(begun) == list(range(1, 21))


def test_digests_are_those_of_the_bytes(folder: Path, tmp_path: Path) -> None:
    contents = {"empty": b"", "small": b"\xfe1", "large": os.urandom(3_000_000)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    reports = inspect(items(folder), tmp_path, digests=True)
    assert {report.name: report.sha256 for report in reports} == {
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }


def test_names_may_be_anything(folder: Path, tmp_path: Path) -> None:
    names = [b"new\nline", b"\xff\xfe", b"tab\tquote'\"", b"$(touch x)", "ünï".encode()]
    for name in names:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"\xfe\xed")
    reports = inspect(items(folder), tmp_path)
    assert sorted(os.fsencode(report.name) for report in reports) == sorted(names)


def test_no_file_is_no_report(tmp_path: Path) -> None:
    assert inspect([], tmp_path) == ()


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "link"])
def test_what_cannot_be_read_is_unread_and_not_clean(folder: Path, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "odd"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to("/etc/passwd")
    (folder / "fine").write_bytes(b"")
    reports = inspect([Item("odd", os.fsencode(path)), *items(folder)], tmp_path, digests=True)
    assert [rules(report) for report in reports] == [["unread"], []]
    assert reports[0].sha256 == ""


def test_file_at_which_the_process_ended_is_reported_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    with (folder / "a-large").open("wb") as file:
        file.truncate(4 << 30)  # long enough to be hashed when the signal comes
    for number in range(3):
        (folder / f"b{number}").write_bytes(b"\xfe\xed")

    def kill() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for process in children():
                if b"a-large" in Path(f"/proc/{process}/maps").read_bytes():
                    os.kill(process, signal.SIGKILL)
                    return
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    reports = inspect(items(folder), tmp_path, workers=1, digests=True)
    killer.join()
    assert [rules(report) for report in reports] == [["limit-reached"], *[["unrecognised"]] * 3]
    assert "SIGKILL" in reports[0].report.findings[0].found.what
    assert reports[0].sha256 == ""


def children() -> list[int]:
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    found: list[int] = []
    for task in tasks:
        with contextlib.suppress(OSError):  # a thread that has ended
            found += map(int, task.read_text().split())
    return found


def test_limit_on_time_is_for_looking_and_not_for_hashing() -> None:
    before = resource.getrlimit(resource.RLIMIT_CPU)
    assert worker._within_time(Content(b"{}"), "config.json", Budget()).size == 2
    assert resource.getrlimit(resource.RLIMIT_CPU) == (before[1], before[1])
