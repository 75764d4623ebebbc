"""Append to the log: one line for each entry, each with the hash of the one before it.

Only the end of the file is read, however long it is. While an entry is written the file is locked; it is on the disk
when `append` returns, and if it cannot be written whole, nothing of it is left.
"""

import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelseal.attestation.rejection import Rejection
from modelseal.audit import entry, grammar, line, locked
from modelseal.audit.entry import Place, Repair, Run
from modelseal.errors import VerificationFailed

logger = logging.getLogger(__name__)

_BLOCK = 64 * 1024


@dataclass(frozen=True)
class _End:
    """How the file ends.

    Attributes:
        place: Where the next entry stands in the chain.
        size: Up to where the file is to be kept, in bytes.
        unfinished: Whether the last entry is whole but for its line break.
        cut_off: What lies beyond `size`.
    """

    place: Place
    size: int
    unfinished: bool = False
    cut_off: bytes = b""


def _now() -> datetime:
    return datetime.now(UTC)


def append(path: Path, run: Run, *, clock: Callable[[], datetime] = _now) -> int:
    """Append an entry, and return its number: 0 for the first.

    If the writing of the last entry had been cut off, because its process was killed, what is there of it is removed,
    and an entry says so. An entry that lacks only its line break is completed.

    Args:
        path: The log; made if it is not there. Its folder is.
        run: What happened.
        clock: Tells the time, with its time zone. Times may go backwards; the order of entries is the chain's.

    Raises:
        InputError: The path is a symbolic link or no file, its folder is not there, or the entry is too large.
        ToolError: The disk is full, the file cannot be written to, or others do not let go of it.
        VerificationFailed: The log's end has been changed; nothing is written.
    """
    with locked.to_append(path) as descriptor:
        end = _end(descriptor, path)
        place, lines = end.place, []
        if end.cut_off:
            logger.warning("audit log: the entry after number %d was cut off; it is removed", place.sequence - 1)
            lines.append(entry.encode(Repair(end.cut_off), place, clock()))
            place = Place(place.sequence + 1, line.read(lines[-1]).hash)
        lines.append(entry.encode(run, place, clock()))
        data = b"".join(each + b"\n" for each in lines)
        _write(descriptor, b"\n" + data if end.unfinished else data, end)
        if end.size == 0:
            _sync_folder(path)
    return place.sequence


def check(path: Path) -> None:
    """Stop if `append` could not succeed, before the work that would be recorded. Writes no entry.

    Raises:
        InputError: As for `append`.
        ToolError: As for `append`.
        VerificationFailed: The log's end has been changed.
    """
    with locked.to_append(path) as descriptor:
        _end(descriptor, path)


def _end(descriptor: int, path: Path) -> _End:
    """Read the last two entries, and hold them to each other.

    Raises:
        VerificationFailed: They do not fit, or are no entries.
    """
    size = os.fstat(descriptor).st_size
    complete, tail = _last_lines(descriptor, size, path)
    try:
        if tail and not grammar.is_cut_off(tail):
            place = _after(tail, *complete)
            return _End(place, size, unfinished=True)
        place = _after(complete[-1], *complete[:-1]) if complete else Place(0, entry.BEFORE_THE_FIRST)
    except Rejection as error:
        raise _changed(path, str(error)) from error
    return _End(place, size - len(tail), cut_off=tail)


def _after(last: bytes, *before: bytes) -> Place:
    """Return the place after the last line, if it follows the line before it."""
    link = line.read(last)
    if not link.holds:
        raise Rejection("the last entry's content does not fit its hash")
    follows = line.read(before[-1]) if before else None
    expected = Place(follows.place.sequence + 1, follows.hash) if follows else Place(0, entry.BEFORE_THE_FIRST)
    if link.place != expected:
        raise Rejection("the last entry does not follow the one before it")
    return Place(link.place.sequence + 1, link.hash)


def _last_lines(descriptor: int, size: int, path: Path) -> tuple[tuple[bytes, ...], bytes]:
    """Return the last two lines, or the only one, and what is after the last line break."""
    data, start = b"", size
    while start and data.count(b"\n") < 3:  # noqa: PLR2004 - one before each of the two lines, and one at the end
        if len(data) > 3 * entry.MAX_BYTES:
            raise _changed(path, "its last lines are longer than any entry")
        length = min(_BLOCK if len(data) < 1 << 20 else 1 << 20, start)
        start -= length
        data = os.pread(descriptor, length, start) + data
    *lines, tail = data.split(b"\n")
    return tuple(lines[-2:]), tail  # whole ones: there is a line break before them, or the file's beginning


def _changed(path: Path, why: str) -> VerificationFailed:
    return VerificationFailed(
        f"The audit log has been changed: {why}. Nothing was added to it.",
        where=str(path),
        mend="Keep the file as evidence, check it with `modelseal audit-log`, and go on with a new one.",
    )


def _write(descriptor: int, data: bytes, end: _End) -> None:
    """Write at the end, down to the disk; what cannot be written whole is taken back."""
    try:
        if end.cut_off:
            os.ftruncate(descriptor, end.size)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, end.size)
            if end.cut_off:  # no entry speaks of it yet
                os.write(descriptor, end.cut_off)
            os.fsync(descriptor)
        raise


def _sync_folder(path: Path) -> None:
    """Make the new name last through a power cut, where the file system knows how to."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
