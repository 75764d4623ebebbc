"""The attributes of an object, and the texts in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.hdf5 import datatypes
from modelseal.models.hdf5.cursor import Cursor, Source, padded
from modelseal.models.hdf5.datatypes import Class, Datatype
from modelseal.models.hdf5.headers import Kind, elsewhere
from modelseal.models.hdf5.heaps import GlobalHeaps

_MAX_VALUES = 1_000_000
_BY_NAME = 8
_BY_CREATION = 9


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its name, its type, how many elements it has, and their bytes."""

    name: bytes
    type: Datatype
    shape: tuple[int, ...] | None
    data: bytes


def read(source: Source, body: bytes) -> Attribute:
    """Read an attribute's message.

    Raises:
        Malformed: It is cut off, or of a version that is not known.
    """
    cursor = source.over(body)
    version, flags = cursor.number(1), cursor.number(1)
    if version not in {1, 2, 3}:
        raise Malformed(f"it has an attribute of version {version}, which is not known")
    sizes = [cursor.number(2) for _ in range(3)]
    if version == 3:  # noqa: PLR2004 -- as the format has it
        cursor.skip(1)
    parts = []
    for size in sizes:
        parts.append(cursor.take(size))
        if version == 1:
            cursor.skip(padded(size) - size)
    shared = flags if version > 1 else 0
    kind = _part(source, parts[1], Kind.DATATYPE, shared=bool(shared & 1))
    space = _part(source, parts[2], Kind.DATASPACE, shared=bool(shared & 2))
    return Attribute(parts[0].split(b"\0")[0], datatypes.read(kind), datatypes.shape(space), cursor.take(cursor.rest()))


def dense_ids(kind: int, record: bytes) -> bytes:
    """Return the heap's id in a record of the index of attributes.

    Raises:
        Malformed: It is an index of something else.
    """
    if kind not in {_BY_NAME, _BY_CREATION}:
        raise Malformed("it has an index of something else than attributes")
    return record[:8]


def values(attribute: Attribute, heaps: GlobalHeaps, source: Source) -> Iterator[bytes]:
    """Return the texts, opaque values and byte lists in an attribute; nothing of numbers.

    Raises:
        Malformed: They are cut off.
        LimitReached: They are too many.
    """
    if attribute.shape is None:
        return
    yield from elements(source.over(attribute.data), attribute.type, prod(attribute.shape), heaps)


def elements(cursor: Cursor, kind: Datatype, count: int, heaps: GlobalHeaps) -> Iterator[bytes]:
    """Read elements that are texts or bytes. Raises as `values`."""
    if count > _MAX_VALUES:
        raise LimitReached(f"it has more than {_MAX_VALUES:,} values in one attribute")
    if kind.kind == Class.INTEGER and kind.size == 1:
        yield cursor.take(count)
    elif kind.kind in {Class.STRING, Class.OPAQUE}:
        for _ in range(count):
            cursor.source.budget.steps(1)
            yield cursor.take(kind.size)
    elif kind.kind == Class.ARRAY and kind.base is not None and kind.base.kind in {Class.STRING, Class.OPAQUE}:
        for _ in range(count * (kind.size // max(kind.base.size, 1))):
            cursor.source.budget.steps(1)
            yield cursor.take(kind.base.size)
    elif kind.kind == Class.VARIABLE and (kind.text or (kind.base is not None and kind.base.bytelike)):
        for _ in range(count):
            cursor.source.budget.steps(1)
            length, address, index = cursor.number(4), cursor.address(), cursor.number(4)
            size = length * (1 if kind.text or kind.base is None else kind.base.size)
            yield heaps.find(address, index).read(0, size) if address and not cursor.source.absent(address) else b""


def _part(source: Source, body: bytes, kind: Kind, *, shared: bool) -> Cursor:
    cursor = source.over(body)
    return source.over(elsewhere(source, cursor, kind)) if shared else cursor
