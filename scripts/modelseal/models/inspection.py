"""Look into many files, with every core, each file in a process that may not cost more than its limits."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modelseal import process
from modelseal.errors import ToolError
from modelseal.models import folder, record
from modelseal.models.event import Found
from modelseal.models.reading_rules import LIMIT
from modelseal.models.walking import Placed, Report

# Where the interpreter itself may find its library; this process runs with the same.
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH")
_HEX_DIGITS = 64
_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True, slots=True)
class Item:
    """A file to look into.

    Attributes:
        name: What it is called in reports, relative to the folder that is scanned.
        path: Where it is: absolute, and without symbolic links.
    """

    name: str
    path: bytes


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is known of one file.

    Attributes:
        name: As it was given.
        report: What is in it.
        sha256: Of its bytes, in hexadecimal; empty when it was not asked for, or the file could not be read.
    """

    name: str
    report: Report
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How files are looked into.

    Attributes:
        workers: How many processes may do so at the same time.
        traces: Whether the steps of programs in them are wanted.
        digests: Whether their SHA-256 is.
    """

    workers: int
    traces: bool = False
    digests: bool = False


def inspect_files(
    items: Sequence[Item],
    wanted: Wanted,
    *,
    temp_dir: Path,
    environ: Mapping[str, str],
    on_begin: Callable[[int], object] = lambda _: None,
) -> tuple[FileReport, ...]:
    """Look into files, and return what is in each, in their order.

    A file at which a process was ended by the system, for the time or the memory it takes, gets a finding that says so.

    Args:
        items: The files.
        wanted: How.
        temp_dir: For the files by which the processes share the work, and for what they unpack.
        environ: The environment, for what the workers' interpreter needs of it.
        on_begin: Called with the number of files begun so far; from one thread at a time.

    Raises:
        ToolError: A process could not be started, or gave an answer that cannot be right.
    """
    if not items:
        return ()
    share = _Share(items, wanted, temp_dir, environ, on_begin)
    threads = [threading.Thread(target=share.work, daemon=True) for _ in range(min(wanted.workers, len(items)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return share.reports()


def together(reports: Sequence[FileReport]) -> tuple[FileReport, ...]:
    """Return the reports with what is only known of the files together."""
    known = folder.together({item.name: item.report for item in reports})
    return tuple(replace(item, report=known[item.name]) for item in reports)


class _Share:
    """The work, and what has come of it."""

    def __init__(
        self,
        items: Sequence[Item],
        wanted: Wanted,
        temp_dir: Path,
        environ: Mapping[str, str],
        on_begin: Callable[[int], object],
    ) -> None:
        jobs, counter = temp_dir / "models.jobs", temp_dir / "models.counter"
        jobs.write_bytes(b"".join(item.path + b"\0" + os.fsencode(item.name) + b"\0" for item in items))
        counter.write_bytes(bytes(8))
        options = ["trace"] * wanted.traces + ["digest"] * wanted.digests
        # -X utf8: names are the same texts whatever the locale.
        self._argv = [sys.executable, "-X", "utf8", "-I", str(_WORKER), str(jobs), str(counter), *options]
        libraries = {name: environ[name] for name in _LIBRARY_PATHS if name in environ}
        self._environ = process.scrubbed_environment(environ, TMPDIR=str(temp_dir), **libraries)
        self._digests = wanted.digests
        self._items = items
        self._on_begin = on_begin
        self._lock = threading.Lock()
        self._begun = 0
        self._answers: dict[int, FileReport] = {}
        self._error: ToolError | None = None

    def work(self) -> None:
        """Have a process work until nothing is left; another one, whenever a file has been too much for it."""
        try:
            while self._error is None and not self._run_one():
                pass
        except ToolError as error:
            self._error = error

    def reports(self) -> tuple[FileReport, ...]:
        """Return what is known of each file.

        Raises:
            ToolError: See `inspect_files`.
        """
        if self._error is None and len(self._answers) != len(self._items):
            self._error = ToolError("A process that looks into models ended before its work was done.")
        if self._error is not None:
            raise self._error
        return tuple(self._answers[number] for number in range(len(self._items)))

    def _run_one(self) -> bool:
        """Return whether the process ended because there was no more to do."""
        mine: list[int] = []
        done = process.run(self._argv, env=self._environ, on_line=lambda line: self._begin(line, mine), check=False)
        for line in done.stdout.decode("ascii", "replace").split("\n")[:-1]:
            self._take(line)
        lost = [number for number in mine if number not in self._answers]
        if done.exit_code == 0 and not lost:
            return True
        if done.exit_code >= 0 or len(lost) != 1:
            raise ToolError(
                f"A process that looks into models ended with exit code {done.exit_code}.",
                where=done.stderr.strip()[-2000:],
            )
        item = self._items[lost[0]]
        what = f"reading it was ended by the system ({signal.Signals(-done.exit_code).name})"
        self._answers[lost[0]] = FileReport(item.name, Report(0, (), (Placed(Found(LIMIT, what), (), ""),), (), ()))
        return False

    def _begin(self, line: str, mine: list[int]) -> None:
        if line.isascii() and line.isdigit():
            mine.append(int(line))
            with self._lock:
                self._begun += 1
                self._on_begin(self._begun)

    def _take(self, line: str) -> None:
        try:
            number, digest, report = line.split("\t", 2)
            answer = FileReport(self._items[int(number)].name, record.decode(report), digest)
        except (LookupError, TypeError, ValueError) as error:
            raise ToolError(f"A process that looks into models gave no report: {error}.") from error
        if len(digest) not in (0, _HEX_DIGITS):
            raise ToolError("A process that looks into models gave no digest.")
        self._answers[int(number)] = answer
