"""Where readers of a zip archive would disagree about it, told without unpacking anything."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.zips import layout, rules
from modelseal.models.zips.archive import Archive
from modelseal.models.zips.layout import Run
from modelseal.models.zips.records import DEFLATED, LOCAL, STORED, Entry, local

_OUTSIDE = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:")
_COMMENT = re.compile(rb"[\t\n\r -~\x80-\xf4]*")
_SHOWN = 64


def contradictions(archive: Archive) -> Iterator[Event]:
    """Tell where readers would disagree, with the bytes that some of them would read as members."""
    yield from _about_directories(archive)
    yield from _about_names(archive.entries)
    for directory in archive.directories:
        for entry in directory.entries:
            yield from _about_entry(archive, entry)
    if archive.directories:
        yield from _about_layout(archive)


def variants(archive: Archive, entry: Entry) -> Iterator[Entry]:
    """Return how else a member could be read: packed as its own header says, where that is something else."""
    header = archive.own_header(entry)
    if header is None or (header.described_later and not header.packed):
        return
    if (header.method, header.packed) != (entry.method, entry.packed):
        yield replace(entry, method=header.method, packed=header.packed, size=header.size, crc=header.crc)


def _about_directories(archive: Archive) -> Iterator[Event]:
    views = {tuple((entry.raw_name, entry.header) for entry in item.entries) for item in archive.directories}
    if len(views) > 1:
        what = " and ".join(f"{len(item.entries)} members at {item.start}" for item in archive.directories)
        yield Found(rules.TWO_DIRECTORIES, f"directories list {what}", archive.directories[1].start)
    for item in archive.directories:
        if not item.whole:
            what = f"the end record counts {item.counted} members in {item.size} bytes and there are"
            yield Found(rules.TWO_DIRECTORIES, f"{what} {len(item.entries)}", item.start)
        if not _COMMENT.fullmatch(item.comment) or any(sign in item.comment for sign in (b"PK\x03\x04", b"PK\x01\x02")):
            at = item.tail[1] - len(item.comment)
            yield Found(rules.UNACCOUNTED, "the comment is not text", at, _shown(archive.content, at, item.tail[1]))
            yield Member("(comment)", Content(item.comment))


def _about_names(entries: Iterable[Entry]) -> Iterator[Event]:
    for name, count in Counter(entry.name.partition("\0")[0] for entry in entries).items():
        if count > 1:
            yield Found(rules.DUPLICATE, f"{count} members are called {name!r}", subject=name)
    for entry in entries:
        if _OUTSIDE.search(entry.name):
            yield Found(rules.PATH, f"a member is called {entry.name!r}", entry.record, subject=entry.name)
        if b"\0" in entry.raw_name or (entry.other_name and entry.other_name != entry.raw_name):
            other = f" and also {entry.other_name!r}" if entry.other_name else ""
            yield Found(rules.NAME, f"a member is called {entry.raw_name!r}{other}", entry.record, subject=entry.name)


def _about_entry(archive: Archive, entry: Entry) -> Iterator[Event]:
    header = archive.own_header(entry)
    if entry.encrypted or (header is not None and header.encrypted):
        yield Found(rules.ENCRYPTED, f"{entry.name!r} has the flag of encrypted members", entry.record)
    if entry.method == STORED and entry.packed != entry.size:
        what = f"{entry.name!r} is stored in {entry.packed} bytes and said to have {entry.size}"
        yield Found(rules.SIZES, what, entry.record)
    if header is None:
        yield Found(rules.LOCAL_HEADER, f"{entry.name!r} has no header at {entry.header}", entry.record)
        return
    differences = list(_differences(entry, header))
    if differences:
        yield Found(rules.LOCAL_HEADER, f"of {entry.name!r} the {', the '.join(differences)}", header.record)


def _differences(entry: Entry, header: Entry) -> Iterator[str]:
    if header.raw_name != entry.raw_name:
        yield f"header says the name is {header.raw_name!r}"
    if header.method != entry.method:
        yield f"header says the method is {header.method}, not {entry.method}"
    for what in ("packed", "size", "crc"):
        own, listed = getattr(header, what), getattr(entry, what)
        if own != listed and (own or not header.described_later):
            yield f"header says {what} is {own}, not {listed}"


def _about_layout(archive: Archive) -> Iterator[Event]:
    laid = layout.of(archive)
    for first, second in laid.overlaps:
        names = " and ".join(repr(run.owner) if run.owner else "a record of the archive" for run in (first, second))
        yield Found(rules.OVERLAP, f"{names} share bytes", second.start)
    for gap in laid.gaps:
        yield from _about_gap(archive.content, gap)


def _about_gap(content: Content, gap: Run) -> Iterator[Event]:
    """Tell what lies between members: members that the directory does not list, or anything else."""
    position = content.find(LOCAL, gap.start, gap.end)
    hidden = local(content, position) if position >= 0 else None
    if hidden is not None and hidden.method in {STORED, DEFLATED}:
        yield Found(rules.HIDDEN, f"the directory does not list {hidden.name!r}", position, subject=hidden.name)
        yield Member("(not in the directory)", content.part(position, gap.end - position))
    if hidden is None or position > gap.start:
        end = gap.end if hidden is None else position
        what = f"{end - gap.start} bytes belong to no member"
        yield Found(rules.UNACCOUNTED, what, gap.start, _shown(content, gap.start, end))
        yield Member(f"(bytes {gap.start} to {end})", content.part(gap.start, end - gap.start))


def _shown(content: Content, start: int, end: int) -> str:
    return repr(content.read(start, min(end - start, _SHOWN)))
