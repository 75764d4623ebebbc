"""Read files and digest them: in this process, or as a worker process that shares a list of jobs with others.

Only the standard library is imported here, and nothing of ours: the file is also the program of an interpreter that
should be hashing 10 milliseconds after it was started.

Jobs come in batches through a file that grows: for each, in decimal, the size from which on two threads share a
file, the files' sizes and their times of modification; then their paths, all joined by NUL and ended by two. A second
file, the counter, says how many batches there are, which one is next, and whether there will be more; whoever uses it
locks it. So a slow core takes fewer batches, and hashing begins while files are still being looked for. For each batch
it has done, a worker prints its number and the files' digests one after the other; on standard error, how many bytes.
"""

import fcntl
import hashlib
import itertools
import os
import stat
import sys
import time

# `typing` and `contextlib` take 3 milliseconds each to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue
    from typing import Protocol, Self

    class _Digester(Protocol):
        def update(self, data: memoryview, /) -> None: ...

    _Turns = tuple[SimpleQueue[int | None], SimpleQueue[int | None]]
    _Way = Callable[[int, _Digester, Callable[[int], object]], int]


# O_NOFOLLOW: the path was resolved before; a link that is here now was put here since. O_NONBLOCK: a named pipe that
# was put here since would otherwise wait for a writer for ever.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
AT_ONCE = 1 << 20
# A buffer that stays in the core's second-level cache between being filled and being hashed. So copying costs less than
# mapping the file's pages: a quarter of all time less, in a virtual machine; and a file that shrinks ends no process.
_BUFFER = 1 << 19
# From here on a second thread pays, if there is a core for it: while one piece is hashed, the next is read.
TWO_THREADS = 1 << 24
_PIECE = 3 << 20  # enough that waking the other thread does not count; not so much that the caches lose it again
_REPORTED_EACH = 1 << 25
# Seconds between two looks at the counter while files are still being looked for.
_PATIENCE = 0.002
_NUMBER_BYTES = 8
_MORE, _COMPLETE, _STOPPED = range(3)

CHANGED = "changed after it was found"
NOT_REGULAR = "is not a regular file any more"


class ReadingError(Exception):
    """A file cannot be digested; the text says why and goes after the file's name."""


def digest_file(
    path: bytes,
    size: int,
    modified: int,
    on_bytes: "Callable[[int], object]",
    two_threads_from: int = TWO_THREADS,
) -> str:
    """Return the SHA-256 of a regular file, in hexadecimal.

    Args:
        path: The file; not a symbolic link.
        size: Its size in bytes when it was found.
        modified: When it had last been written to by then; nanoseconds since 1970.
        on_bytes: Called with the number of bytes read since it was last called.
        two_threads_from: Size in bytes from which on two threads share the work.

    Raises:
        ReadingError: It cannot be opened or read, is not a regular file, or changed since it was found.
    """
    try:
        descriptor = os.open(path, _OPEN)
        try:
            if size <= AT_ONCE:  # here, and looked at once: there may be very many small files
                data = os.read(descriptor, size + 1)
                digest, done = hashlib.sha256(data).hexdigest(), len(data)
                on_bytes(done)
            else:
                _require(os.fstat(descriptor), size, modified)
                way = _in_turns if size >= two_threads_from else _loop
                digester = hashlib.sha256()
                done = way(descriptor, digester, on_bytes)
                digest = digester.hexdigest()
            _require(os.fstat(descriptor), size, modified)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ReadingError(f"cannot be read: {error.strerror}") from error
    if done != size:
        raise ReadingError(CHANGED)
    return digest


def _require(found: os.stat_result, size: int, modified: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ReadingError(NOT_REGULAR)
    if found.st_size != size or found.st_mtime_ns != modified:
        raise ReadingError(CHANGED)


def _loop(descriptor: int, digester: "_Digester", on_bytes: "Callable[[int], object]") -> int:
    buffer = memoryview(bytearray(_BUFFER))
    done = reported = 0
    while count := os.readv(descriptor, [buffer]):
        digester.update(buffer[:count])
        done += count
        if done - reported >= _REPORTED_EACH:
            on_bytes(done - reported)
            reported = done
    on_bytes(done - reported)
    return done


def _in_turns(descriptor: int, digester: "_Digester", on_bytes: "Callable[[int], object]") -> int:
    """Let this thread and another one take pieces by turns: each reads its next while the other one hashes.

    A piece is hashed by the thread, and so mostly by the core, that has read it. Passed on to another core it would
    have to be fetched from there, which takes as long as the hashing itself.
    """
    # Not imported where all files are small.
    import queue  # noqa: PLC0415
    import threading  # noqa: PLC0415

    # Whose turn it is gets the number of bytes that are done; None when there is nothing more to do.
    turns: _Turns = (queue.SimpleQueue(), queue.SimpleQueue())
    ends: list[int | OSError] = []
    reported = 0

    def tell(done: int) -> None:
        nonlocal reported
        on_bytes(done - reported)
        reported = done

    turns[0].put(0)
    other = threading.Thread(target=_take_turns, args=(1, turns, descriptor, digester, ends), daemon=True)
    other.start()
    try:
        _take_turns(0, turns, descriptor, digester, ends, tell)
    finally:
        other.join()
    for end in ends:
        if isinstance(end, OSError):
            raise end
        tell(end)
    return reported


def _take_turns(  # noqa: PLR0913 # what both threads share
    number: int,
    turns: "_Turns",
    descriptor: int,
    digester: "_Digester",
    ends: "list[int | OSError]",
    tell: "Callable[[int], object]" = lambda _: None,
) -> None:
    """Read every second piece, and hash it when it is its turn; whatever happens, the other thread is told to end."""
    own, others = turns[number], turns[1 - number]
    try:
        buffer = memoryview(bytearray(_PIECE))
        for offset in itertools.count(number * _PIECE, 2 * _PIECE):
            count = _fill(descriptor, buffer, offset)
            if (done := own.get()) is None:
                return
            digester.update(buffer[:count])
            if count < _PIECE:
                ends.append(done + count)
                return
            others.put(done + count)
            tell(done + count)
    except OSError as error:
        ends.append(error)
    finally:
        others.put(None)


def _fill(descriptor: int, buffer: memoryview, offset: int) -> int:
    """Read from one place of a file until the buffer is full or the file is at its end."""
    filled = 0
    while count := os.preadv(descriptor, [buffer[filled:]], offset + filled):
        filled += count
    return filled


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
        if self._unreported >= _REPORTED_EACH:
            self.report()
            if self._counter.stopped:
                sys.exit()

    def report(self) -> None:
        os.write(2, b"%d\n" % self._unreported)
        self._unreported = 0
