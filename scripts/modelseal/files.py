"""Write files so that nobody ever sees half of one, and read no more of one than it may have."""

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from modelseal.errors import ToolError

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def open_regular(path: Path, *, pipe: bool = False) -> BufferedReader:
    """Open a file to read it, without waiting for whoever may write to a pipe one day.

    Args:
        path: The file.
        pipe: Whether it may also be a pipe: a key that is in no file comes through one.

    Raises:
        OSError: It cannot be opened, or is neither a file nor a pipe that it may be.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode) and not (pipe and stat.S_ISFIFO(mode)):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


def read_bounded(path: Path, largest: int, *, pipe: bool = False) -> bytes:
    """Read a whole file, or none of it.

    Args:
        path: The file.
        largest: How many bytes it may have.
        pipe: As for `open_regular`.

    Raises:
        OSError: It cannot be read, or has more, or is neither a file nor a pipe that it may be.
    """
    with open_regular(path, pipe=pipe) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(min(size, largest) + 1 if size else largest + 1)  # no more memory than it needs
    if len(data) > largest:
        raise OSError(errno.EFBIG, f"it has more than {largest:,} bytes", str(path))
    return data


def write_atomically(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Write a file under a temporary name beside its own, and move it into place when it is on the disk.

    A reader sees the earlier file or the whole new one; after a failure the earlier one is still there.

    Args:
        path: Where the file goes; its folder exists. A symbolic link there is replaced, not followed.
        data: The whole content.
        mode: Permission bits before the umask; 0o600 for what only its owner may read.

    Raises:
        ToolError: The disk is full, or the folder cannot be written to.
    """
    temporary = path.with_name(f".{os.urandom(8).hex()}.tmp")
    with _explained(path):
        try:
            _write(temporary, data, mode)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(path.parent)


@contextlib.contextmanager
def fresh(*paths: Path) -> Iterator[None]:
    """Remove files before a block that writes them, and again if the block fails: what it concluded does not hold.

    Raises:
        ToolError: They cannot be removed.
    """

    def remove() -> None:
        for path in paths:
            with _explained(path):
                path.unlink(missing_ok=True)

    remove()
    try:
        yield
    except BaseException:
        remove()
        raise


@contextlib.contextmanager
def moved_into_place(path: Path) -> Iterator[Path]:
    """Yield a temporary file for another program to write to; move it to `path` when the block ends well.

    What runs that were killed have left of such a file is removed: nobody else would, and it may be large.

    Raises:
        ToolError: The disk is full, the folder cannot be written to, or nothing was written.
    """
    mark = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}"
    with _explained(path):
        for left in path.parent.glob(f"{mark}.*.tmp"):
            _remove_abandoned(left)
        with _in_use(path.with_name(f"{mark}.{os.urandom(8).hex()}.tmp")) as temporary:
            yield temporary
            if not temporary.stat().st_size:
                raise OSError(errno.ENODATA, "nothing was written to it")
            temporary.replace(path)


@contextlib.contextmanager
def _in_use(temporary: Path) -> Iterator[Path]:
    """Make a file and keep it locked, so that others can tell it from one that was left; remove it in the end."""
    descriptor = os.open(temporary, _NEW_FILE, 0o666)
    try:
        with contextlib.suppress(OSError):  # a file system without locks: then nobody takes it for abandoned either
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
        os.close(descriptor)


def _remove_abandoned(temporary: Path) -> None:
    with contextlib.suppress(OSError), open_regular(temporary) as file:  # in use by another run, for one
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been made this very moment, and not be locked yet; nothing is in it then.
        if os.fstat(file.fileno()).st_size:
            temporary.unlink()


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, _NEW_FILE, mode)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the file system knows how to."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot sync a folder: the file itself is safe
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ToolError(
                "The disk is full; the file was not written.",
                where=str(path),
                mend="Free some space, or give an `output-dir` on another disk.",
            ) from error
        raise ToolError(
            f"The file cannot be written: {error.strerror or error}.",
            where=str(path),
            mend="Give an `output-dir` that you may write to.",
        ) from error
