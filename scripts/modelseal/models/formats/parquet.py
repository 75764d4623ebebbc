"""Parquet files: https://parquet.apache.org/docs/file-format/. What is said about the columns is in their footer."""

from collections.abc import Iterator

from modelseal.models import carried
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.format import Format
from modelseal.models.tables import metadata, rules
from modelseal.models.thrift import Reader

_MAGIC = b"PAR1"
_ENCRYPTED = b"PARE"
_KEY_VALUES = 5
_LARGEST_FOOTER = 16 * MIB


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    end = content.read(len(content) - 4)
    if end == _ENCRYPTED:
        raise Malformed("it is encrypted", 0)
    if end != _MAGIC:
        raise Malformed("it has no footer", len(content))
    size = int.from_bytes(content.exactly(len(content) - 8, 4), "little")
    if size > _LARGEST_FOOTER:
        raise LimitReached(f"it has a footer of more than {_LARGEST_FOOTER // MIB} MiB")
    start = len(content) - 8 - size
    if start < len(_MAGIC):
        raise Malformed(f"it has no {size:,} bytes of footer", len(content) - 8)
    footer = Reader(content.part(start, size), budget).struct()
    pairs = footer.get(_KEY_VALUES)
    for each in pairs if isinstance(pairs, list) else ():
        if isinstance(each, dict):
            key, value = each.get(1), each.get(2)
            name = key.decode("utf-8", "backslashreplace") if isinstance(key, bytes) else ""
            yield from metadata.pair(name, value if isinstance(value, bytes) else b"", budget, start)


FORMAT = Format(
    name="parquet",
    title="Parquet",
    recognises=lambda content: content.read(0, 4) in {_MAGIC, _ENCRYPTED},
    inspect=_inspect,
    rules=(*rules.RULES, *carried.TEMPLATE_RULES),
    extensions=(".parquet",),
)
