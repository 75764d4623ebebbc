"""Read files and digest them: in this process, or as a worker process that shares a list of jobs with others.

Only the standard library is imported here, and nothing of ours: the file is also run as a script, by an interpreter
that should be hashing 10 milliseconds after it was started.

A worker's standard input is the list of all jobs, the same for every worker: paths joined by NUL, batches of them
joined by two. Which batch comes next is a number in a file that the workers lock in turn, so that a slow core takes
fewer. For each batch it has done, a worker prints its number and the files' digests and sizes; on standard error, how
many bytes it has read since it last said so.
"""

import fcntl
import hashlib
import os
import stat
import sys

TYPE_CHECKING = False  # typing's own takes 3 milliseconds to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue
    from typing import Protocol

    class _Digester(Protocol):
        def update(self, data: memoryview, /) -> None: ...


# O_NOFOLLOW: the path was resolved before; a link that is here now was put here since. O_NONBLOCK: a named pipe that
# was put here since would otherwise wait for a writer for ever.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AT_ONCE = 1 << 20
# A buffer that stays in the core's second-level cache between being filled and being hashed.
_BUFFER = 1 << 17
# From here on a second thread pays, if there is a core for it: while one buffer is hashed, the next is filled.
PIPELINED = 1 << 24
_PIPELINE_BUFFER = 1 << 20
_PIPELINE_BUFFERS = 4
_REPORTED_EACH = 1 << 25
_COUNTER_BYTES = 8

CHANGED = "changed while it was read"
NOT_REGULAR = "is not a regular file any more"


class ReadingError(Exception):
    """A file cannot be digested; the text says why and goes after the file's name."""


def digest_file(path: bytes, on_bytes: "Callable[[int], object]", pipeline_from: int = PIPELINED) -> tuple[str, int]:
    """Return the SHA-256 of a regular file, in hexadecimal, and its size in bytes.

    Args:
        path: The file; not a symbolic link.
        on_bytes: Called with the number of bytes read since it was last called.
        pipeline_from: Size in bytes from which on a second thread reads ahead.

    Raises:
        ReadingError: It cannot be opened or read, is not a regular file, or changed in the meantime.
    """
    try:
        descriptor = os.open(path, _OPEN)
    except OSError as error:
        raise ReadingError(f"cannot be read: {error.strerror}") from error
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise ReadingError(NOT_REGULAR)
        digest, size = _digest(descriptor, before.st_size, on_bytes, pipeline_from)
        after = os.fstat(descriptor)
    except OSError as error:
        raise ReadingError(f"cannot be read: {error.strerror}") from error
    finally:
        os.close(descriptor)
    if not (size == before.st_size == after.st_size and before.st_mtime_ns == after.st_mtime_ns):
        raise ReadingError(CHANGED)
    return digest, size


def _digest(descriptor: int, size: int, on_bytes: "Callable[[int], object]", pipeline_from: int) -> tuple[str, int]:
    if size <= _AT_ONCE:
        data = os.read(descriptor, size + 1)
        on_bytes(len(data))
        return hashlib.sha256(data).hexdigest(), len(data)
    digester = hashlib.sha256()
    done = (_pipe if size >= pipeline_from else _loop)(descriptor, digester, on_bytes)
    return digester.hexdigest(), done


def _loop(descriptor: int, digester: "_Digester", on_bytes: "Callable[[int], object]") -> int:
    buffer = memoryview(bytearray(_BUFFER))
    done = 0
    while count := os.readv(descriptor, [buffer]):
        digester.update(buffer[:count])
        done += count
    on_bytes(done)
    return done


def _pipe(descriptor: int, digester: "_Digester", on_bytes: "Callable[[int], object]") -> int:
    """Fill buffers in one thread and hash them in this one; both leave the interpreter to the other meanwhile."""
    # Not imported where all files are small.
    import queue  # noqa: PLC0415
    import threading  # noqa: PLC0415

    empty: SimpleQueue[memoryview | None] = queue.SimpleQueue()
    filled: SimpleQueue[tuple[memoryview, int] | OSError] = queue.SimpleQueue()
    for _ in range(_PIPELINE_BUFFERS):
        empty.put(memoryview(bytearray(_PIPELINE_BUFFER)))
    reader = threading.Thread(target=_fill, args=(descriptor, empty, filled), daemon=True)
    reader.start()
    done = reported = 0
    try:
        while True:
            item = filled.get()
            if isinstance(item, OSError):
                raise item
            buffer, count = item
            if not count:
                return done
            digester.update(buffer[:count])
            empty.put(buffer)
            done += count
            if done - reported >= _REPORTED_EACH:
                on_bytes(done - reported)
                reported = done
    finally:
        on_bytes(done - reported)
        empty.put(None)
        reader.join()


def _fill(
    descriptor: int,
    empty: "SimpleQueue[memoryview | None]",
    filled: "SimpleQueue[tuple[memoryview, int] | OSError]",
) -> None:
    while (buffer := empty.get()) is not None:
        try:
            count = os.readv(descriptor, [buffer])
        except OSError as error:
            filled.put(error)
            return
        filled.put((buffer, count))
        if not count:
            return


def claim(counter: int) -> int:
    """Return the next number from a counter file that is open under this descriptor, and count up."""
    fcntl.flock(counter, fcntl.LOCK_EX)
    try:
        number = int.from_bytes(os.pread(counter, _COUNTER_BYTES, 0), "big")
        os.pwrite(counter, (number + 1).to_bytes(_COUNTER_BYTES, "big"), 0)
    finally:
        fcntl.flock(counter, fcntl.LOCK_UN)
    return number


def stop(counter: int) -> None:
    """Set a counter file to a number that no list of jobs reaches: every worker ends after what it is doing now."""
    fcntl.flock(counter, fcntl.LOCK_EX)
    os.pwrite(counter, (1 << 62).to_bytes(_COUNTER_BYTES, "big"), 0)
    fcntl.flock(counter, fcntl.LOCK_UN)


def _work(counter_path: str, pipeline_from: int) -> None:
    batches = sys.stdin.buffer.read().split(b"\0\0")
    counter = os.open(counter_path, os.O_RDWR | os.O_CLOEXEC)
    progress = _Progress()
    while (number := claim(counter)) < len(batches):
        found = [b"%d" % number]
        for index, path in enumerate(batches[number].split(b"\0")):
            try:
                digest, size = digest_file(path, progress.add, pipeline_from)
            except ReadingError as error:
                sys.stdout.buffer.write(b"%d\t!%d\t%s\n" % (number, index, str(error).encode()))
                stop(counter)
                return
            found.append(b"%s %d" % (digest.encode(), size))
        sys.stdout.buffer.write(b"\t".join(found) + b"\n")
        sys.stdout.buffer.flush()
        progress.report()


class _Progress:
    """Says now and then, on standard error, how many bytes were read."""

    def __init__(self) -> None:
        self._unreported = 0

    def add(self, count: int) -> None:
        self._unreported += count
        if self._unreported >= _REPORTED_EACH:
            self.report()

    def report(self) -> None:
        os.write(2, b"%d\n" % self._unreported)
        self._unreported = 0


if __name__ == "__main__":
    _work(sys.argv[1], int(sys.argv[2]))
