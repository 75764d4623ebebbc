"""Which bytes of a zip archive belong to what, and which to nothing."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from modelseal.models.budget import MIB
from modelseal.models.content import Content
from modelseal.models.zips.archive import Archive
from modelseal.models.zips.records import DESCRIPTOR, Entry

_DESCRIPTORS = (struct.Struct("<3L"), struct.Struct("<L2Q"))
_NOT_ZERO = re.compile(rb"[^\0]")
_PADDING = MIB


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """A run of bytes that belongs to something.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        owner: What it belongs to: a member's name, or empty for a record of the archive itself.
    """

    start: int
    end: int
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """What an archive's bytes are.

    Attributes:
        gaps: Runs that belong to nothing. Zeros are none: they are padding.
        overlaps: Pairs of runs that share bytes.
    """

    gaps: tuple[Run, ...]
    overlaps: tuple[tuple[Run, Run], ...]


def of(archive: Archive) -> Layout:
    """Lay out an archive: members with their own headers, directories, end records."""
    gaps, overlaps = [], []
    last = Run(0, 0)
    for run in sorted(dict.fromkeys(_runs(archive))):
        if run.start > last.end and not _zeros(archive.content, last.end, run.start):
            gaps.append(Run(last.end, run.start))
        if run.start < last.end and run.end > run.start:
            overlaps.append((last, run))
        last = max(last, run, key=lambda item: item.end)
    size = len(archive.content)
    if archive.directories and last.end < size and not _zeros(archive.content, last.end, size):
        gaps.append(Run(last.end, size))
    return Layout(tuple(gaps), tuple(overlaps))


def _runs(archive: Archive) -> Iterator[Run]:
    for directory in archive.directories:
        yield Run(directory.start, directory.start + directory.size)
        yield Run(*directory.tail)
    entries = [entry for directory in archive.directories for entry in directory.entries] or archive.entries
    for entry in entries:
        header = archive.own_header(entry)
        if header is not None:
            end = header.record + header.length + entry.packed
            yield Run(header.record, end + _descriptor(archive.content, end, entry, header), entry.name)


def _descriptor(content: Content, end: int, entry: Entry, header: Entry) -> int:
    """Return the size of what follows a member's data to describe it; 0 where nothing does."""
    if not (entry.described_later or header.described_later):
        return 0
    following = content.read(end, len(DESCRIPTOR) + _DESCRIPTORS[1].size)
    for signature in (DESCRIPTOR, b""):
        for layout in reversed(_DESCRIPTORS):
            numbers = following[len(signature) : len(signature) + layout.size]
            if following.startswith(signature) and len(numbers) == layout.size:
                crc, packed, size = layout.unpack(numbers)
                if (crc, packed, size) == (entry.crc, entry.packed, entry.size):
                    return len(signature) + layout.size
    return 0


def _zeros(content: Content, start: int, end: int) -> bool:
    return end - start <= _PADDING and next(content.matches(_NOT_ZERO, start, end), None) is None
