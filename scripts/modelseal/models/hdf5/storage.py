"""Where a dataset keeps its bytes, and through what they pass when they are read."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from modelseal.models.content import Content
from modelseal.models.faults import Malformed
from modelseal.models.hdf5 import heaps
from modelseal.models.hdf5.cursor import Cursor, Source, padded
from modelseal.models.hdf5.trees import leaves

_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
_NAMED_FILTERS = 256
_MAX_FILTERS = 32
_SINGLE_CHUNK = 1
_FILTERED_CHUNK = 0x02


class Storage(StrEnum):
    """How the bytes lie."""

    COMPACT = "compact"
    CONTIGUOUS = "contiguous"
    CHUNKED = "chunked"
    VIRTUAL = "virtual"


_CLASSES = dict(enumerate(Storage))


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a dataset.

    Attributes:
        storage: How its bytes lie.
        address: Of them, of the index of its chunks, or of the list of a virtual dataset's sources.
        size: Of them in bytes; for chunks, of one chunk.
        dimensions: Of a chunk, the element's size as the last.
        index: The number in the global heap for a virtual dataset; the kind of index for chunks, 0 for a tree of
            version 1.
        data: The bytes of a compact dataset.
    """

    storage: Storage
    address: int = 0
    size: int = 0
    dimensions: tuple[int, ...] = ()
    index: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that bytes pass through: its registered number and its name."""

    number: int
    name: bytes


def layout(source: Source, body: bytes) -> Layout:
    """Read a dataset's layout.

    Raises:
        Malformed: It is cut off, or of a version that is not known.
    """
    cursor = source.over(body)
    version = cursor.number(1)
    if version in {1, 2}:
        return _old(cursor)
    if version not in {3, 4, 5}:
        raise Malformed(f"it has a dataset's layout of version {version}, which is not known")
    kind = _CLASSES.get(cursor.number(1))
    if kind is Storage.COMPACT:
        return Layout(kind, data=cursor.take(cursor.number(2)))
    if kind is Storage.CONTIGUOUS:
        return Layout(kind, cursor.address(), cursor.length())
    if kind is Storage.VIRTUAL:
        return Layout(kind, cursor.address(), index=cursor.number(4))
    if kind is None:
        raise Malformed("it has a dataset that lies in a way that is not known")
    return _chunks(cursor) if version == 3 else _indexed(cursor)  # noqa: PLR2004 -- as the format has it


def filters(source: Source, body: bytes) -> Iterator[Filter]:
    """Read the filters of a dataset, in the order in which they are used for writing.

    Raises:
        Malformed: They are cut off, or of a version that is not known.
    """
    cursor = source.over(body)
    version, count = cursor.number(1), cursor.number(1)
    if version not in {1, 2} or count > _MAX_FILTERS:
        raise Malformed("it has a list of filters that is not known")
    if version == 1:
        cursor.skip(6)
    for _ in range(count):
        number = cursor.number(2)
        named = cursor.number(2) if version == 1 or number >= _NAMED_FILTERS else 0
        values = cursor.skip(2).number(2)
        name = cursor.take(padded(named) if version == 1 else named)
        cursor.skip(4 * (values + (values & 1 if version == 1 else 0)))
        yield Filter(number, name.split(b"\0")[0])


def external_files(source: Source, body: bytes) -> Iterator[bytes]:
    """Return the names of the files in which a dataset keeps its bytes.

    Raises:
        Malformed: They are cut off.
    """
    cursor = source.over(body).skip(6)
    used, names = cursor.number(2), heaps.local(source, cursor.address())
    for _ in range(used):
        yield heaps.name(names, cursor.length())
        cursor.skip(2 * source.lengths)


def virtual_sources(block: Content) -> Iterator[bytes]:
    """Return the names of the files that a virtual dataset is made of, as far as they can be told: the first of them.

    The rest follows selections of many versions; one file is enough to know that there are other files.
    """
    name = block.read(9, block.find(b"\0", 9) - 9) if block.find(b"\0", 9) > 0 else b""
    yield name


def chunks(source: Source, found: Layout, count: int) -> Iterator[tuple[int, Content]]:
    """Return the first chunks of a dataset as they are stored, each with the mask of filters that it did not pass.

    Raises:
        Malformed: The index is broken or of a kind that is not read.
    """
    if source.absent(found.address):
        return
    if found.index == _SINGLE_CHUNK:
        yield 0, source.content.part(found.address, found.size)
        return
    if found.index:
        raise Malformed("it has chunks in an index that is not read", found.address)
    for number, (key, address) in enumerate(leaves(source, found.address, 1, 8 + 8 * len(found.dimensions))):
        if number == count:
            return
        yield int.from_bytes(key[4:8], "little"), source.content.part(address, int.from_bytes(key[:4], "little"))


def unfiltered(piece: Content, mask: int, used: tuple[Filter, ...], element: int, limit: int) -> bytes:
    """Undo the filters of a chunk.

    Raises:
        Malformed: It is broken, or passed a filter that is not known.
    """
    made = piece.read(0, limit)
    for place, item in reversed(tuple(enumerate(used))):
        if mask >> place & 1:
            continue
        if item.number == _CHECKSUM:
            made = made[:-4]
        elif item.number == _DEFLATE:
            try:
                made = zlib.decompressobj().decompress(made, limit)
            except zlib.error as error:
                raise Malformed("it has a chunk that cannot be unpacked") from error
        elif item.number == _SHUFFLE and element == 1:
            continue
        else:
            raise Malformed("it has chunks that passed a filter that is not read")
    return made


def _old(cursor: Cursor) -> Layout:
    rank, kind = cursor.number(1), _CLASSES.get(cursor.number(1))
    cursor.skip(5)
    if kind is None:
        raise Malformed("it has a dataset that lies in a way that is not known")
    address = 0 if kind is Storage.COMPACT else cursor.address()
    dimensions = tuple(cursor.number(4) for _ in range(rank))
    size = cursor.number(4)
    if kind is Storage.COMPACT:
        return Layout(kind, data=cursor.take(size))
    return Layout(kind, address, dimensions=(*dimensions, size) if kind is Storage.CHUNKED else dimensions)


def _chunks(cursor: Cursor) -> Layout:
    rank, address = cursor.number(1), cursor.address()
    return Layout(Storage.CHUNKED, address, dimensions=tuple(cursor.number(4) for _ in range(rank)))


def _indexed(cursor: Cursor) -> Layout:
    flags, rank, width = cursor.number(1), cursor.number(1), cursor.number(1)
    dimensions = tuple(cursor.number(width) for _ in range(rank))
    index, size = cursor.number(1), 0
    if index == _SINGLE_CHUNK:
        size = 1
        for dimension in dimensions:
            size *= dimension
        if flags & _FILTERED_CHUNK:
            size = cursor.length()
            cursor.skip(4)
    else:
        cursor.skip({2: 0, 3: 1, 4: 5, 5: 6}.get(index, 0))
    return Layout(Storage.CHUNKED, cursor.address(), size, dimensions, index)
