"""A process that looks into files, one after the other, and may not cost more than its limits.

It shares a list of files with others. Two files tell of it: the jobs, for each the path and the name, all ended by NUL;
and the counter, the number of the next job, which whoever takes one locks and adds to. On standard error it prints the
number of a job that it begins, on standard output the number with the report. So when it is ended by the system because
a file costs too much, the one who started it knows which file that was.

Usage: worker.py JOBS COUNTER [trace] [digest]
"""

import contextlib
import fcntl
import hashlib
import mmap
import os
import resource
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

# `-I` puts neither this folder nor that of the package on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from modelseal.models import record, walking  # see above
from modelseal.models.budget import EXPANDED, MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Found
from modelseal.models.faults import OutOfTime
from modelseal.models.reading_rules import LIMIT, UNREAD
from modelseal.models.walking import Placed, Report

# Seconds of processor time for one file: after these the walk ends with what it has, after those the process does.
_SECONDS = 5.0
_AGAIN = 0.5
_SECONDS_AT_MOST = 10
# Of its own memory; mapped files do not count.
_MEMORY = 300 * MIB
# O_NOFOLLOW, O_NONBLOCK: a link or a named pipe that is here now was put here since the path was looked at.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 1 << 20
_NUMBER = 8


def main(jobs_path: str, counter_path: str, *options: str) -> None:
    """Take jobs until there are none."""
    _confine()
    jobs = Path(jobs_path).read_bytes().split(b"\0")[:-1]
    counter = os.open(counter_path, os.O_RDWR | os.O_CLOEXEC)
    while (number := _claim(counter)) < len(jobs) // 2:
        _say(sys.stderr.fileno(), f"{number}\n")
        path, name = jobs[2 * number : 2 * number + 2]
        report, digest = _look(path, os.fsdecode(name), options)
        _say(sys.stdout.fileno(), f"{number}\t{digest}\t{record.encode(report)}\n")


def _confine() -> None:
    """Take limits upon this process that it cannot take off again."""
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, _MEMORY),
        (resource.RLIMIT_FSIZE, EXPANDED + MIB),
    ):
        # macOS refuses to limit a process's data.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))
    signal.signal(signal.SIGPROF, _out_of_time)


def _out_of_time(_number: int, _frame: object) -> None:
    raise OutOfTime


def _claim(counter: int) -> int:
    fcntl.lockf(counter, fcntl.LOCK_EX)
    try:
        number = int.from_bytes(os.pread(counter, _NUMBER, 0), "big")
        os.pwrite(counter, (number + 1).to_bytes(_NUMBER, "big"), 0)
    finally:
        fcntl.lockf(counter, fcntl.LOCK_UN)
    return number


def _say(descriptor: int, line: str) -> None:
    data = memoryview(line.encode("ascii"))
    while data:
        data = data[os.write(descriptor, data) :]


def _look(path: bytes, name: str, options: tuple[str, ...]) -> tuple[Report, str]:
    """Return what is in a file, and its SHA-256 if that is wanted; an empty one if it could not be read."""
    try:
        descriptor = os.open(path, _OPEN)
    except OSError as error:
        return _without(0, Found(UNREAD, f"it cannot be opened: {error.strerror}")), ""
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return _without(0, Found(UNREAD, "it is not a regular file any more")), ""
        with _mapped(descriptor, before.st_size) as buffer:
            report = _within_time(Content(buffer), name, Budget(traces="trace" in options))
            digest = _digest(buffer) if "digest" in options else ""
        after = os.fstat(descriptor)
    except OSError as error:
        return _without(0, Found(UNREAD, f"it cannot be read: {error.strerror}")), ""
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return _without(after.st_size, Found(UNREAD, "it changed while it was read")), ""
    return report, digest


@contextlib.contextmanager
def _mapped(descriptor: int, size: int) -> Iterator[bytes | mmap.mmap]:
    if not size:  # which cannot be mapped
        yield b""
        return
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as mapped:
        yield mapped


def _within_time(content: Content, name: str, budget: Budget) -> Report:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + _SECONDS_AT_MOST, hard))
    try:
        # Again and again: what is raised in a destructor is lost.
        signal.setitimer(signal.ITIMER_PROF, _SECONDS, _AGAIN)
        report = walking.inspect(content, name, budget)
        signal.setitimer(signal.ITIMER_PROF, 0)
    except OutOfTime:
        signal.setitimer(signal.ITIMER_PROF, 0)
        return _without(len(content), Found(LIMIT, "it takes more time to read than one file may"))
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))  # hashing takes as long as the file is large
    return report


def _without(size: int, found: Found) -> Report:
    return Report(size, (), (Placed(found, (), ""),), (), ())


def _digest(buffer: bytes | mmap.mmap) -> str:
    digest = hashlib.sha256()
    with memoryview(buffer) as view:
        for start in range(0, len(view), _CHUNK):
            digest.update(view[start : start + _CHUNK])
    return digest.hexdigest()


if __name__ == "__main__":
    main(*sys.argv[1:])
