"""Read files and digest them, each with one thread or with two that take turns.

Only the standard library is imported here: worker processes should be hashing 10 milliseconds after they were started.
"""

import hashlib
import itertools
import os
import stat

# `typing` and `contextlib` take 3 milliseconds each to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue
    from typing import Protocol

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
REPORTED_EACH = 1 << 25

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
        if done - reported >= REPORTED_EACH:
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
