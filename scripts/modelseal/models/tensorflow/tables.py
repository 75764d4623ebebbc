"""Read the sorted tables in which TensorFlow indexes checkpoints, as LevelDB has them.

https://github.com/google/leveldb/blob/main/doc/table_format.md
"""

import struct
from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import Malformed

MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
FOOTER = 48
_TRAILER = 5  # a block's compression, and its checksum
_WORD = struct.Struct("<I")
_BYTES = 10


def entries(content: Content, budget: Budget) -> Iterator[tuple[bytes, Content]]:
    """Yield the keys and values of a table, in their order.

    Raises:
        Malformed: It is no such table, or compressed.
        LimitReached: It has too many entries.
    """
    footer = len(content) - FOOTER
    _, at = _varint(content, footer)
    _, at = _varint(content, at)
    for _, handle in _block(content, *_handle(content, at), budget):
        yield from _block(content, *_handle(handle, 0), budget)


def _handle(content: Content, at: int) -> tuple[int, int]:
    start, at = _varint(content, at)
    size, _ = _varint(content, at)
    return start, size


def _block(content: Content, start: int, size: int, budget: Budget) -> Iterator[tuple[bytes, Content]]:
    trailer = content.exactly(start + size, _TRAILER)
    if trailer[0]:
        raise Malformed("it has a compressed block, which TensorFlow does not write", start)
    (restarts,) = content.unpack(_WORD, start + size - _WORD.size)
    at, end = start, start + size - _WORD.size * (restarts + 1)
    key = b""
    while at < end:
        budget.steps(1)
        shared, at = _varint(content, at)
        unshared, at = _varint(content, at)
        length, at = _varint(content, at)
        if shared > len(key) or at + unshared + length > end:
            raise Malformed("it has an entry that ends after its block", at)
        key = key[:shared] + content.exactly(at, unshared)
        yield key, content.part(at + unshared, length)
        at += unshared + length


def _varint(content: Content, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(content.read(at, _BYTES)):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 -- the bit that says there is more
            return value, at + place + 1
    raise Malformed("it ends within a number", at)
