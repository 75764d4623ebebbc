"""What is kept in datasets as mere bytes: pickles of PyTables and pandas, and whole files.

PyTables unpickles every text that ends with a full stop as soon as it is read:
https://github.com/PyTables/PyTables/blob/v3.11.1/tables/attributeset.py
"""

from collections.abc import Iterator
from math import prod

from modelseal.models import format as formats
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Member, Unread
from modelseal.models.expansion import expanded
from modelseal.models.faults import Malformed
from modelseal.models.hdf5 import attributes, storage
from modelseal.models.hdf5.datatypes import Class
from modelseal.models.hdf5.heaps import GlobalHeaps
from modelseal.models.hdf5.storage import Storage
from modelseal.models.hdf5.superblock import Superblock
from modelseal.models.hdf5.tree import Dataset

_PICKLE = "pickle"
_SHORTEST = 3
_MAX_CHUNK = 64 * MIB
_MAX_CHUNKS = 100_000
_SAME_FILE = b"."


def pickled(value: bytes) -> bool:
    """Tell whether a value is what PyTables would unpickle, and a pickle."""
    likely = len(value) >= _SHORTEST and (value[:1] == b"\x80" or value[-1:] == b".")
    return likely and any(item.name == _PICKLE for item in formats.recognised(Content(value)))


def virtual(dataset: Dataset, block: Superblock) -> Iterator[bytes]:
    """Return the other files that a virtual dataset is made of.

    Raises:
        Malformed: It does not say where it is.
    """
    if dataset.layout.storage is Storage.VIRTUAL:
        heap = GlobalHeaps(block.source).find(dataset.layout.address, dataset.layout.index)
        yield from (name for name in storage.virtual_sources(heap) if name != _SAME_FILE)


def of(path: str, dataset: Dataset, heaps: GlobalHeaps, block: Superblock, budget: Budget) -> Iterator[Event]:
    """Hand over what a dataset of bytes or texts holds, where that is more than bytes or texts.

    PyTables and pandas keep pickles in lists of variable length: one that cannot be read is told. Of arrays of bytes or
    texts no loader makes anything else.
    """
    try:
        if dataset.type.kind in {Class.VARIABLE, Class.STRING, Class.OPAQUE}:
            yield from _elements(path, dataset, heaps, block)
        elif dataset.type.bytelike and len(dataset.shape or ()) == 1:
            yield from _whole(path, dataset, block, budget)
    except Malformed as fault:
        if dataset.type.kind == Class.VARIABLE:
            yield Unread(f"it has a dataset {path!r} that {fault.what.removeprefix('it ')}", fault.offset)


def _elements(path: str, dataset: Dataset, heaps: GlobalHeaps, block: Superblock) -> Iterator[Event]:
    left = prod(dataset.shape or ())
    for piece in _pieces(dataset, block):
        count = min(left, len(piece) // max(dataset.type.size, 1))
        left -= count
        cursor = block.source.over(piece.read())
        for number, value in enumerate(attributes.elements(cursor, dataset.type, count, heaps)):
            stripped = value.rstrip(b"\0")
            opaque = dataset.type.kind == Class.OPAQUE and formats.recognised(Content(stripped))
            if pickled(stripped) or any(not item.last for item in opaque or ()):
                yield Member(f"{path}[{number}]", Content(stripped))


def _whole(path: str, dataset: Dataset, block: Superblock, budget: Budget) -> Iterator[Event]:
    pieces = _pieces(dataset, block)
    first = next(pieces, None)
    if first is None or not any(not item.last for item in formats.recognised(first)):
        return
    if dataset.layout.storage is Storage.CHUNKED:
        size = prod(dataset.shape or ()) * dataset.type.size
        packed = len(block.source.content)
        first = expanded((piece.read() for piece in (first, *pieces)), packed, budget).part(0, size)
    yield Member(path, first)


def _pieces(dataset: Dataset, block: Superblock) -> Iterator[Content]:
    layout = dataset.layout
    if layout.storage is Storage.COMPACT:
        yield Content(layout.data)
    elif layout.storage is Storage.CONTIGUOUS and not dataset.external:
        if not block.source.absent(layout.address):
            yield block.source.content.part(layout.address, layout.size)
    elif layout.storage is Storage.CHUNKED:
        for mask, piece in storage.chunks(block.source, layout, _MAX_CHUNKS):
            element = dataset.type.size
            yield Content(storage.unfiltered(piece, mask, dataset.filters, element, _MAX_CHUNK))
