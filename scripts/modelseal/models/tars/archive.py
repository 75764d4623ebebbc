"""A tar archive, parsed once for every format that is one at heart."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelseal.models.budget import MEMBERS, MIB
from modelseal.models.content import Content
from modelseal.models.tars.headers import (
    BLOCK,
    LONG_LINK,
    LONG_NAME,
    PAX,
    PAX_GLOBAL,
    SPARSE,
    Header,
    header,
    is_zero,
    pax,
)

_MEMO = "tar"
_EXTENDED = MIB
LONGEST_NAME = 4096
"""In bytes: PATH_MAX of Linux, the longest there is."""
_NO_DATA = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
_WIDE = 1 << 33  # what a size in octal digits cannot reach: only then another header gives it


@dataclass(frozen=True, slots=True)
class Entry:
    """A member.

    Attributes:
        name: Its name as text.
        kind: Its type flag.
        size: How many bytes of data it has.
        data: Where they begin.
        link: What it points to, when it is a link.
        offset: Where its first header begins.
        sparse: Whether its data is not what it unpacks to, but that without its holes.
        doubts: Why programs would read its headers in different ways.
    """

    name: str
    kind: bytes
    size: int
    data: int
    link: str
    offset: int
    sparse: bool = False
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Archive:
    """A tar archive.

    Attributes:
        content: Its bytes.
        entries: Its members.
        end: Where its members end: at zeros, at what is no header, or where the bytes do.
        fault: Why it could not be read further; empty where it ends properly.
    """

    content: Content
    entries: tuple[Entry, ...]
    end: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Extended:
    """What headers before a member's own say of it."""

    name: bytes = b""
    link: bytes = b""
    records: Mapping[str, bytes] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


def of(content: Content) -> Archive | None:
    """Return the archive that bytes are; None where no reader would take them for one. It never raises."""
    if _MEMO not in content.memo:
        content.memo[_MEMO] = _parsed(content) if header(content, 0) is not None else None
    archive: Archive | None = content.memo[_MEMO]
    return archive


def _parsed(content: Content) -> Archive:
    entries: list[Entry] = []
    position = 0
    while len(entries) <= MEMBERS:
        entry, position, fault = _entry(content, position)
        if entry is None:
            return Archive(content, tuple(entries), position, fault)
        entries.append(entry)
        if entry.data + entry.size > len(content):
            return Archive(content, tuple(entries), len(content), "it ends before all bytes of a member were there")
    return Archive(content, tuple(entries), position, f"it has more than {MEMBERS:,} members")


def _entry(content: Content, start: int) -> tuple[Entry | None, int, str]:
    """Read a member with all of its headers, and return where the next begins."""
    position, extended = start, _Extended()
    while (found := header(content, position)) is not None:
        if found.size is None:
            return None, position, "it has a member with a size that is no number"
        if found.kind not in {LONG_NAME, LONG_LINK, PAX_GLOBAL, *PAX}:
            entry = _completed(found, found.size, extended, start)
            return entry, entry.data + _padded(entry.size), ""
        if found.size > _EXTENDED:
            return None, position, "it has an extended header that is too large"
        extended = _with(extended, found, content.read(found.data, found.size))
        position = found.data + _padded(found.size)
    if is_zero(content, position):
        return None, position, ""
    cut = position + BLOCK > len(content)
    return None, min(position, len(content)), "it ends without a mark: it is cut off" if cut else ""


def _with(extended: _Extended, found: Header, value: bytes) -> _Extended:
    doubts = extended.doubts
    if found.kind == LONG_NAME:
        doubts += ("its name is given twice",) if extended.name else ()
        return _Extended(value.partition(b"\0")[0], extended.link, extended.records, doubts)
    if found.kind == LONG_LINK:
        return _Extended(extended.name, value.partition(b"\0")[0], extended.records, doubts)
    records = pax(value)
    if records is None:
        doubts += ("its extended header cannot be read",)
    elif extended.records.keys() & records.keys():
        doubts += ("two extended headers contradict each other",)
    if found.kind == PAX_GLOBAL:
        renaming = {"path", "linkpath", "size"} & (records or {}).keys()
        doubts += ("an extended header names all members after it",) if renaming else ()
        return _Extended(extended.name, extended.link, extended.records, doubts)
    return _Extended(extended.name, extended.link, {**extended.records, **(records or {})}, doubts)


def _completed(found: Header, size: int, extended: _Extended, start: int) -> Entry:
    records, doubts = extended.records, extended.doubts
    name = extended.name or records.get("GNU.sparse.name") or records.get("path") or found.name
    link = extended.link or records.get("linkpath") or found.link
    if extended.name and "path" in records:
        doubts += ("its name is given twice",)
    if b"\0" in name or b"\0" in link:
        doubts += ("there is a zero byte in its name",)
    if max(len(name), len(link)) > LONGEST_NAME:
        doubts += ("its name is too long for any system",)
    stated = records.get("size")
    if stated is not None:
        wide = int(stated) if stated.isdigit() and len(stated) < 20 else None  # noqa: PLR2004 -- digits of 64 bits
        if wide is None or (wide != size and (size or wide < _WIDE)):
            doubts += (f"its headers give two sizes, {size} and {stated[:20].decode('latin-1')}",)
        size = size if wide is None or size else wide
    if found.kind in _NO_DATA and size:
        doubts += ("it has data though it is no file",)
    sparse = found.kind == SPARSE or any(keyword.startswith("GNU.sparse.") for keyword in records)
    return Entry(_text(name), found.kind, size, found.data, _text(link), start, sparse, doubts)


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")
