"""Open the log's file so that nobody else changes it meanwhile, and nothing but a file is ever opened."""

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from modelseal.errors import InputError, ModelsealError, ToolError

_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.01
_APPEND = os.O_RDWR | os.O_APPEND
# Neither a link is followed nor a named pipe waited for.
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def to_append(path: Path) -> Iterator[int]:
    """Yield a descriptor of the log for writing at its end, alone; the file is made if it is not there.

    Raises:
        InputError: The path is a symbolic link or no file, or its folder is not there.
        ToolError: The file cannot be written to, or others do not let go of it within a minute.
    """
    with _opened(path, _APPEND | os.O_CREAT, fcntl.LOCK_EX) as descriptor:
        yield descriptor


@contextlib.contextmanager
def to_read(path: Path) -> Iterator[int]:
    """Yield a descriptor of the log for reading, while nobody writes.

    Raises:
        InputError: The path is a symbolic link or no file, or there is none.
        ToolError: It cannot be read, or a writer does not let go of it within a minute.
    """
    with _opened(path, os.O_RDONLY, fcntl.LOCK_SH) as descriptor:
        yield descriptor


@contextlib.contextmanager
def _opened(path: Path, flags: int, lock: int) -> Iterator[int]:
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        descriptor = _open(path, flags)
        try:
            _wait(descriptor, lock, path, deadline)
            if _is_still(path, descriptor):  # or somebody has moved it away since it was opened
                with explained(path):
                    yield descriptor
                return
        finally:
            os.close(descriptor)  # and with it the lock


def release(descriptor: int) -> None:
    """Let others write again."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _open(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | _SAFELY, 0o666)
    except OSError as error:
        raise _refused(path, error) from error
    except ValueError as error:
        raise InputError("The audit log's path cannot be one.", mend="Remove the NUL character.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_file(path)
    return descriptor


def _refused(path: Path, error: OSError) -> ModelsealError:
    if error.errno in (errno.ELOOP, errno.EMLINK):  # the second on FreeBSD
        return InputError(
            "The audit log is a symbolic link.", where=str(path), mend="Give the path of the file itself."
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return InputError(
            f"The audit log cannot be opened: {error.strerror}.",
            where=str(path),
            mend="Check the path; make its folder.",
        )
    if error.errno in (errno.EISDIR, errno.ENXIO, errno.ENODEV):
        return _no_file(path)
    return _failed(path, error)


def _no_file(path: Path) -> InputError:
    return InputError("The audit log is not a regular file.", where=str(path), mend="Give the path of a file.")


def _wait(descriptor: int, lock: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, lock | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ToolError(
                    f"The audit log has been in use by another process for {_WAIT_SECONDS:g} seconds.",
                    where=str(path),
                    mend="See which process holds it (`fuser` names it), and run again.",
                ) from None
            time.sleep(_POLL_SECONDS)
        except OSError as error:  # a file system without locks: two writers could spoil it
            raise ToolError(
                f"The audit log cannot be locked: {error.strerror}.",
                where=str(path),
                mend="Keep it on a file system that has file locks.",
            ) from error
        else:
            return


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the machine refuses into an error that says what to do.

    Raises:
        ToolError: Reading or writing failed.
    """
    try:
        yield
    except OSError as error:
        raise _failed(path, error) from error


def _failed(path: Path, error: OSError) -> ToolError:
    if error.errno in _FULL:
        return ToolError(
            "There is no room for another entry of the audit log; none was written.",
            where=str(path),
            mend="Free some space on the disk and run again.",
        )
    return ToolError(
        f"The audit log cannot be used: {error.strerror or error}.",
        where=str(path),
        mend="Check that this user may write to the file and its folder.",
    )
