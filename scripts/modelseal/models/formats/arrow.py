"""Arrow files and streams, and Feather of version 2, which is the same: https://arrow.apache.org/docs/format/Columnar.html."""

import struct
from collections.abc import Iterator

from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import Malformed
from modelseal.models.flatbuffers import Table
from modelseal.models.format import Format
from modelseal.models.tables import metadata, rules

_MAGIC = b"ARROW1"
_BEGINNING = 8
_FOOTER = struct.Struct("<i6s")
_STREAM = b"\xff\xff\xff\xff"
_LARGEST_HEAD = 1 << 28
_SMALLEST = 8  # no message has fewer bytes: a table, what is in it, and where that is


def _recognises(content: Content) -> bool:
    head = content.read(0, 12)
    if head.startswith(_MAGIC):
        return True
    # A stream begins with the length of a FlatBuffer, whose first offset is a small multiple of 4.
    size, offset = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little")
    return head.startswith(_STREAM) and 0 < size < _LARGEST_HEAD and size % 8 == 0 and 0 < offset < size


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    if content.read(0, len(_MAGIC)) != _MAGIC:
        yield from metadata.message(content, 0, budget)
        return
    size, magic = content.unpack(_FOOTER, len(content) - _FOOTER.size)
    start = len(content) - _FOOTER.size - size
    if magic != _MAGIC or size <= 0 or start < _BEGINNING:
        raise Malformed("it has no footer", len(content))
    footer = Table.root(content.part(start, size), budget)
    described = footer.table(1)
    if described is None:
        raise Malformed("it has no schema in its footer", start)
    yield from metadata.schema(described)
    # Readers of streams take the schema that the file begins with. Polars writes none that they could read.
    head = content.exactly(_BEGINNING, 4)
    if head == _STREAM or int.from_bytes(head, "little") > _SMALLEST:
        yield from metadata.message(content, _BEGINNING, budget)


FORMAT = Format(
    name="arrow",
    title="Arrow",
    recognises=_recognises,
    inspect=_inspect,
    rules=(*rules.RULES, *carried.TEMPLATE_RULES),
    extensions=(".arrow",),
)
