"""Find every directory that a reader could take for a zip archive's own.

The end record is searched backwards from the end, and what it says can be read in several ways: Python's reader takes
the directory that ends where the end record begins (https://github.com/python/cpython/blob/v3.13.0/Lib/zipfile), miniz,
which is PyTorch's, the one at the recorded offset (https://github.com/richgel999/miniz/blob/3.0.2/miniz_zip.c), Go's
heeds the 64-bit end record only where the other one says so, libzip takes the most consistent one of several.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from modelseal.models.budget import MEMBERS
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached
from modelseal.models.zips.records import CENTRAL, END, END_64, FULL_16, FULL_32, LOCATOR_64, Entry, central

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_SEARCHED = _END.size + FULL_16
_END_RECORDS = 16


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of an archive.

    Attributes:
        start: Where it begins.
        size: Its size in bytes, as its end record says.
        counted: How many members its end record says there are.
        shift: How many bytes lie before the archive: what its recorded offsets lack.
        tail: Where the records after it begin and end, comment included.
        comment: The archive's comment.
        entries: Its records.
    """

    start: int
    size: int
    counted: int
    shift: int
    tail: tuple[int, int]
    comment: bytes
    entries: tuple[Entry, ...]

    @property
    def whole(self) -> bool:
        """Whether its records are all that it should have, to the last byte."""
        end = self.entries[-1].record + self.entries[-1].length if self.entries else self.start
        return self.counted == len(self.entries) and end == self.start + self.size


@dataclass(frozen=True, slots=True)
class _Claim:
    """What an end record says."""

    offset: int
    size: int
    counted: int
    ends: int
    tail_end: int
    comment: bytes


def directories(content: Content) -> tuple[Directory, ...]:
    """Return every directory that a reader could find, the likeliest first.

    Raises:
        LimitReached: There are more records in one than a scan may take.
    """
    found: dict[tuple[int, int], Directory] = {}
    reach = 0
    for position in end_records(content):
        for claim in _claims(content, position):
            if claim.tail_end < reach:
                continue  # that of an archive which is stored in this one: nobody looks for it here
            for start in dict.fromkeys((claim.offset, claim.ends - claim.size)):
                if (start, claim.size) not in found and _begins(content, start, claim):
                    found[start, claim.size] = _read(content, start, claim)
                    reach = max(reach, position + _END.size if claim.tail_end == len(content) else 0)
    return tuple(found.values())


def end_records(content: Content) -> Iterator[int]:
    """Find the end records in the reach of readers, the last first."""
    before: int | None = None
    lowest = len(content) - _SEARCHED
    for _ in range(_END_RECORDS):
        position = content.rfind(END, max(lowest, 0), before)
        if position < 0:
            return
        if position + _END.size <= len(content):
            yield position
        before = position + len(END) - 1


def _claims(content: Content, position: int) -> Iterator[_Claim]:
    """Tell what an end record can be taken to say."""
    *_, counted, size, offset, length = content.unpack(_END, position)
    start = position + _END.size
    comment = content.read(start, length)
    end = start + len(comment)
    wide = list(_wide_claims(content, position, end, comment))
    yield from wide
    if not wide or not (counted == FULL_16 or FULL_32 in {size, offset}):
        yield _Claim(offset, size, counted, wide[0].ends if wide else position, end, comment)


def _wide_claims(content: Content, position: int, end: int, comment: bytes) -> Iterator[_Claim]:
    """Read the 64-bit end record: where its locator says, and where Python looks (CVE-2025-8291)."""
    locator = position - _LOCATOR.size
    if locator < 0 or content.read(locator, 4) != LOCATOR_64:
        return
    recorded = content.unpack(_LOCATOR, locator)[2]
    for place in dict.fromkeys((recorded, locator - _END_64.size)):
        if 0 <= place <= locator - _END_64.size and content.read(place, 4) == END_64:
            *_, counted, size, offset = content.unpack(_END_64, place)
            yield _Claim(offset, size, counted, place, end, comment)


def _begins(content: Content, start: int, claim: _Claim) -> bool:
    """Tell whether a directory begins there; an empty one is only an archive's that is nothing else."""
    if start < 0 or start + claim.size > claim.ends:
        return False
    return content.read(start, 4) == CENTRAL or (claim.size == 0 and claim.counted == 0 and claim.ends == 0)


def _read(content: Content, start: int, claim: _Claim) -> Directory:
    shift = start - claim.offset
    entries: list[Entry] = []
    position, end = start, start + claim.size
    while (entry := central(content, position, end, shift)) is not None:
        entries.append(entry)
        position += entry.length
        if len(entries) > MEMBERS:
            raise LimitReached(f"it has more than {MEMBERS:,} members")
    return Directory(
        start, claim.size, claim.counted, shift, (claim.ends, claim.tail_end), claim.comment, tuple(entries)
    )
