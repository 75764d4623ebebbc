"""The headers of objects: what is said of a group, a dataset or a named type, message by message."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from modelseal.models.faults import Malformed
from modelseal.models.hdf5.cursor import Cursor, Source, padded

_CONTINUATION = 0x10
_SHARED = 0x02
_CREATION_ORDER = 0x04
_ATTRIBUTE_PHASE = 0x10
_TIMES = 0x20
_BLOCKS = 10_000
_IN_ANOTHER_HEADER = frozenset({0, 2})


class Kind(IntEnum):
    """The messages that matter here."""

    DATASPACE = 0x01
    LINK_INFO = 0x02
    DATATYPE = 0x03
    LINK = 0x06
    EXTERNAL_FILES = 0x07
    LAYOUT = 0x08
    FILTERS = 0x0B
    ATTRIBUTE = 0x0C
    SYMBOL_TABLE = 0x11
    ATTRIBUTE_INFO = 0x15


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a header: its kind's number, its bytes, and whether those only say where it is."""

    kind: int
    body: bytes
    shared: bool


def messages(source: Source, address: int) -> Iterator[Message]:
    """Read the header at an address.

    Raises:
        Malformed: There is none, it is cut off, or it continues in itself.
    """
    cursor = source.at(address)
    modern = source.content.read(address, 4) == b"OHDR"
    start, size, order = _modern(cursor) if modern else _old(cursor)
    blocks, seen = [(start, size)], {address}
    while blocks:
        start, size = blocks.pop(0)
        for message in _block(Cursor(source, start), size, modern=modern, order=order):
            if message.kind != _CONTINUATION:
                yield message
                continue
            follows = source.over(message.body)
            place, length = follows.address(), follows.length()
            if place in seen or len(seen) > _BLOCKS:
                raise Malformed("it has an object header that continues in itself", place)
            seen.add(place)
            blocks.append(_continued(source, place, length) if modern else (place, length))


def resolved(source: Source, message: Message) -> bytes:
    """Return the bytes of a message, also where they are in the header of another object: a type that has a name.

    Raises:
        Malformed: They are in the table of messages that a file can share, which is not read.
    """
    if not message.shared:
        return message.body
    return elsewhere(source, source.over(message.body), message.kind)


def elsewhere(source: Source, cursor: Cursor, kind: int) -> bytes:
    """Follow a reference to a message in another object's header. Raises as `resolved`."""
    version, place = cursor.number(1), cursor.number(1)
    if version == 1:
        cursor.skip(6)
    if place not in _IN_ANOTHER_HEADER:
        raise Malformed("it shares messages between objects in a table that is not read")
    for found in messages(source, cursor.address()):
        if found.kind == kind and not found.shared:
            return found.body
    raise Malformed("it refers to a message in an object that has none")


def _old(cursor: Cursor) -> tuple[int, int, bool]:
    if cursor.number(1) != 1:
        raise Malformed("it has no object header where one should be", cursor.at - 1)
    size = cursor.skip(7).number(4)
    return cursor.at + 4, size, False


def _modern(cursor: Cursor) -> tuple[int, int, bool]:
    version, flags = cursor.skip(4).number(1), cursor.number(1)
    if version != 2:  # noqa: PLR2004 -- the only one with this signature
        raise Malformed(f"it has an object header of version {version}, which is not known", cursor.at)
    cursor.skip((16 if flags & _TIMES else 0) + (4 if flags & _ATTRIBUTE_PHASE else 0))
    size = cursor.number(1 << (flags & 3))
    return cursor.at, size, bool(flags & _CREATION_ORDER)


def _continued(source: Source, address: int, length: int) -> tuple[int, int]:
    return source.at(address, b"OCHK").at, length - 8


def _block(cursor: Cursor, size: int, *, modern: bool, order: bool) -> Iterator[Message]:
    end = cursor.at + size
    prefix = (6 if order else 4) if modern else 8
    while cursor.at + prefix <= end:
        cursor.source.budget.steps(1)
        kind, length, flags = cursor.number(1 if modern else 2), cursor.number(2), cursor.number(1)
        cursor.skip(prefix - (4 if modern else 5))
        if cursor.at + length > end:
            raise Malformed("it has a message that is longer than its header", cursor.at)
        body = cursor.take(length)
        if not modern:
            cursor.skip(padded(length) - length)
        yield Message(kind, body, bool(flags & _SHARED))
