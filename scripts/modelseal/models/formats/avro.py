"""Tables in Avro: https://avro.apache.org/docs/1.12.0/specification/#object-container-files."""

from collections.abc import Generator, Iterator

from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.tables import metadata, rules

_MAGIC = b"Obj\x01"
_LONGEST_NUMBER = 5  # bytes
_MOST_PAIRS = 10_000
_MARK = 16


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge what the header says of the table, its schema and what else writers add; and find the rows to the end.

    Raises:
        Malformed: It ends within its header or its rows, or has too much in it.
    """
    at = yield from _header(content, budget)
    mark = content.exactly(at, _MARK)  # the writer's own, behind each block of rows
    at += _MARK
    while at < len(content):
        budget.steps(1)
        _, at = _number(content, at)
        size, at = _number(content, at)
        if size < 0 or content.exactly(at + size, _MARK) != mark:
            raise Malformed("its rows do not end where they should", at)
        at += size + _MARK


def _header(content: Content, budget: Budget) -> Generator[Event, None, int]:
    """Judge the pairs of the header, and return where they end."""
    at, pairs = len(_MAGIC), 0
    while True:
        count, at = _number(content, at)
        if count < 0:  # the size of the block in bytes follows
            count, (_, at) = -count, _number(content, at)
        pairs += count
        if not count:
            return at
        if pairs > _MOST_PAIRS:
            raise Malformed(f"it has more than {_MOST_PAIRS:,} pairs in its header", at)
        for _ in range(count):
            key, at = _bytes(content, at)
            value, at = _bytes(content, at)
            yield from metadata.pair(key.decode("utf-8", "backslashreplace"), value, budget, at - len(value))


def _bytes(content: Content, at: int) -> tuple[bytes, int]:
    size, at = _number(content, at)
    if size < 0:
        raise Malformed("it has a text of a negative length", at)
    return content.exactly(at, size), at + size


def _number(content: Content, at: int) -> tuple[int, int]:
    """Read a number in zigzag coding, and return it with where it ends."""
    value = 0
    for place in range(_LONGEST_NUMBER):
        (byte,) = content.exactly(at + place, 1)
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004 -- the highest bit says that more follows
            return value >> 1 ^ -(value & 1), at + place + 1
    raise Malformed("it has a number that is too long", at)


FORMAT = Format(
    name="avro",
    title="an Avro file",
    recognises=lambda content: content.read(0, len(_MAGIC)) == _MAGIC,
    inspect=inspect,
    rules=(rules.JAVA_CLASS, rules.METADATA, rules.PICKLED_METADATA, *carried.TEMPLATE_RULES),
    extensions=(".avro",),
    data=True,
)
