"""Be a worker process, which shares a list of files to be digested with others.

Nothing of ours but `reading` is imported here, and of the standard library what that imports anyway.

Jobs come in batches through a file that grows: for each, in decimal, the size from which on two threads share a
file, the files' sizes and their times of modification; then their paths, all joined by NUL and ended by two. A second
file, the counter, says how many batches there are, which one is next, and whether there will be more; whoever uses it
locks it. So a slow core takes fewer batches, and hashing begins while files are still being looked for. For each batch
it has done, a worker prints its number and the files' digests one after the other; on standard error, how many bytes.
"""

import fcntl
import os
import sys
import time

from modelseal.artifacts.reading import REPORTED_EACH, ReadingError, digest_file

# `typing` takes 3 milliseconds to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

# Seconds between two looks at the counter while files are still being looked for.
_PATIENCE = 0.002
_NUMBER_BYTES = 8
_MORE, _COMPLETE, _STOPPED = range(3)


class Counter:
    """The counter file that is shared between processes; as a context manager, the lock on it.

    Args:
        path: The file; it is made if it is not there.
    """

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def claim(self) -> int | None:
        """Return the number of the next batch, waiting for it if need be; None when there is none any more."""
        while True:
            with self:
                following, published, state = self._read()
                if state != _STOPPED and following < published:
                    self._write(following + 1, published, state)
                    return following
            if state != _MORE:
                return None
            time.sleep(_PATIENCE)

    def publish(self, count: int, *, complete: bool = False) -> None:
        """Say how many batches there are, and whether these are all."""
        with self:
            following, _, state = self._read()
            self._write(following, count, max(state, _COMPLETE if complete else _MORE))

    def stop(self) -> None:
        """Say that nothing more is to be done."""
        with self:
            following, published, _ = self._read()
            self._write(following, published, _STOPPED)

    @property
    def backlog(self) -> int:
        """How many batches nobody has claimed yet."""
        following, published, _ = self._read()
        return published - following

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be done."""
        return self._read()[2] == _STOPPED

    def __enter__(self) -> "Self":
        """Keep other processes out."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        """Let them in."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _read(self) -> tuple[int, int, int]:
        data = os.pread(self._descriptor, 3 * _NUMBER_BYTES, 0)
        following, published, state = (
            int.from_bytes(data[at : at + _NUMBER_BYTES], "big") for at in range(0, 3 * _NUMBER_BYTES, _NUMBER_BYTES)
        )
        return following, published, state

    def _write(self, *numbers: int) -> None:
        os.pwrite(self._descriptor, b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers), 0)


def work(jobs_path: str, counter_path: str) -> None:
    """Be a worker, given the paths of both files: claim batch after batch, and print the digests of each."""
    counter = Counter(counter_path)
    progress = _Progress(counter)
    batches: list[bytes] = []
    rest = b""
    with os.fdopen(os.open(jobs_path, os.O_RDONLY | os.O_CLOEXEC), "rb", buffering=0) as jobs:
        while (number := counter.claim()) is not None:
            if len(batches) <= number:
                *more, rest = (rest + (jobs.readall() or b"")).split(b"\0\0")
                batches += more
            sys.stdout.buffer.write(b"%d\t%s\n" % (number, _answer(batches[number], progress, counter)))
    progress.report()


def _answer(batch: bytes, progress: "_Progress", counter: Counter) -> bytes:
    head, *paths = batch.split(b"\0")
    two_threads_from, *numbers = map(int, head.split())
    digests: list[str] = []
    for path, size, modified in zip(paths, numbers[: len(paths)], numbers[len(paths) :], strict=True):
        try:
            digests.append(digest_file(path, size, modified, progress.add, two_threads_from))
        except ReadingError as error:
            counter.stop()
            return b"!%d\t%s" % (len(digests), str(error).encode())
    return "".join(digests).encode()


class _Progress:
    """Says now and then, on standard error, how many bytes were read, and ends the worker when it is not needed."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._unreported = 0

    def add(self, count: int) -> None:
        self._unreported += count
        if self._unreported >= REPORTED_EACH:
            self.report()
            if self._counter.stopped:
                sys.exit()

    def report(self) -> None:
        os.write(2, b"%d\n" % self._unreported)
        self._unreported = 0
