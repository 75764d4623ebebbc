"""The links of a group: to objects of the file, to paths in it, to other files."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from modelseal.models.faults import Malformed
from modelseal.models.hdf5 import heaps
from modelseal.models.hdf5.cursor import Source
from modelseal.models.hdf5.trees import leaves

_SOFT_IN_CACHE = 2
_CREATION_ORDER, _TYPE, _CHARSET = 0x04, 0x08, 0x10
_BY_NAME, _BY_CREATION = 5, 6
_HARD, _SOFT, _EXTERNAL = 0, 1, 64


class Leads(StrEnum):
    """Where a link leads."""

    OBJECT = "object"
    PATH = "path"
    FILE = "file"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Link:
    """A link.

    Attributes:
        name: In its group.
        leads: Where to.
        address: Of the object, where it leads to one of this file.
        target: The path, or the other file's name.
    """

    name: bytes
    leads: Leads
    address: int = 0
    target: bytes = b""


def of_table(source: Source, body: bytes) -> Iterator[Link]:
    """Read the links of an old group.

    Raises:
        Malformed: Its tree, a node of it or its heap is broken.
    """
    cursor = source.over(body)
    tree, heap = cursor.address(), heaps.local(source, cursor.address())
    for _, node in leaves(source, tree, 0, source.lengths):
        cursor = source.at(node, b"SNOD").skip(2)
        for _ in range(cursor.number(2)):
            source.budget.steps(1)
            offset, address, cached = cursor.address(), cursor.address(), cursor.number(4)
            scratch = cursor.skip(4).take(16)
            name = heaps.name(heap, offset)
            if cached == _SOFT_IN_CACHE:
                target = heaps.name(heap, int.from_bytes(scratch[:4], "little"))
                yield Link(name, Leads.PATH, target=target)
            else:
                yield Link(name, Leads.OBJECT, address)


def of_message(source: Source, body: bytes) -> Link:
    """Read one link of a new group.

    Raises:
        Malformed: It is cut off.
    """
    cursor = source.over(body)
    version, flags = cursor.number(1), cursor.number(1)
    if version != 1:
        raise Malformed(f"it has a link of version {version}, which is not known")
    kind = cursor.number(1) if flags & _TYPE else _HARD
    cursor.skip((8 if flags & _CREATION_ORDER else 0) + (1 if flags & _CHARSET else 0))
    name = cursor.take(cursor.number(1 << (flags & 3)))
    if kind == _HARD:
        return Link(name, Leads.OBJECT, cursor.address())
    value = cursor.take(cursor.number(2))
    if kind == _SOFT:
        return Link(name, Leads.PATH, target=value)
    if kind == _EXTERNAL:
        return Link(name, Leads.FILE, target=b" ".join(value[1:].split(b"\0")[:2]))
    return Link(name, Leads.ELSEWHERE, target=str(kind).encode())


def dense_ids(kind: int, record: bytes) -> bytes:
    """Return the heap's id in a record of the index of links.

    Raises:
        Malformed: It is an index of something else.
    """
    if kind == _BY_NAME:
        return record[4:]
    if kind == _BY_CREATION:
        return record[8:]
    raise Malformed("it has an index of something else than links")
