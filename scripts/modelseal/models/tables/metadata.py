"""Judge what is said about a table and its columns."""

import base64
import binascii
import re
from collections.abc import Iterator

from modelseal.gate.strict_json import short
from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.flatbuffers import Table, Vector
from modelseal.models.tables import rules

_NAME, _METADATA, _SCHEMA = "ARROW:extension:name", "ARROW:extension:metadata", "ARROW:schema"
_UNPICKLED = frozenset({"arrow.py_extension_type", "ray.data.arrow_pickled_object"})
_PICKLE = re.compile(rb"\x80[\x02-\x05].|[c(][\w.]{1,64}\n[\w.]{1,64}\n", re.DOTALL)
_JAVA = re.compile(r'"java-(?:key-|element-)?class"\s*:\s*"(?!java\.(?:lang|math|util)\.)([^"]{1,200})"')
_CONTINUES = b"\xff\xff\xff\xff"
_SCHEMA_MESSAGE = 1
_DEPTH = 64
_LONGEST = 16 << 20


def pair(key: str, value: bytes, budget: Budget, offset: int | None = None) -> Iterator[Event]:
    """Judge a key and its value, of a file or of a column."""
    if key == _NAME and value.decode("utf-8", "backslashreplace") in _UNPICKLED:
        yield Found(rules.PICKLED_TYPE, f"a column is of the type {value.decode()}", offset, subject=value.decode())
    if _PICKLE.match(value):
        yield Found(rules.PICKLED_METADATA, f"the value of {short(key)} is a pickle", offset, repr(value[:64]))
        yield Member(key, Content(value), known="pickle")
        return
    if key == _SCHEMA:
        yield from _encoded(value, budget)
        return
    text = value.decode("utf-8", "backslashreplace")
    if "avro" in key.lower() and (found := _JAVA.search(text)):
        yield Found(rules.JAVA_CLASS, f"its Avro schema names {found[1]}", offset, found[0], subject=found[1])
    yield from carried.judged(key[:200], text, rules.METADATA, budget, offset)


def message(content: Content, start: int, budget: Budget) -> Iterator[Event]:
    """Judge the schema in an encapsulated message: https://arrow.apache.org/docs/format/Columnar.html.

    Raises:
        Malformed: It is none.
        LimitReached: Its columns are nested too deeply.
    """
    start += 4 if content.read(start, 4) == _CONTINUES else 0
    size = int.from_bytes(content.exactly(start, 4), "little")
    flat = content.part(start + 4, size)
    if len(flat) < size:
        raise Malformed("it ends within its schema", start)
    head = Table.root(flat, budget)
    described = head.table(2)
    if head.number(1, "B") != _SCHEMA_MESSAGE or described is None:
        raise Malformed("it does not begin with a schema", start)
    yield from schema(described)


def schema(described: Table, depth: int = 0) -> Iterator[Event]:
    """Judge a schema, or a column with those in it.

    Raises:
        Malformed: It is none.
        LimitReached: Its columns are nested too deeply.
    """
    if depth > _DEPTH:
        raise LimitReached(f"it has columns that are nested more than {_DEPTH} deep")
    columns, metadata = (1, 2) if depth == 0 else (5, 6)
    for entry in described.tables(metadata):
        yield from pair(entry.text(0), _value(entry, entry.vector(1, 1)), described.budget, entry.at)
    for column in described.tables(columns):
        yield from schema(column, depth + 1)


def _value(entry: Table, vector: Vector | None) -> bytes:
    return entry.content.read(vector.start, min(vector.count, _LONGEST)) if vector else b""


def _encoded(value: bytes, budget: Budget) -> Iterator[Event]:
    """Judge the schema that Arrow keeps in a Parquet file, in base64."""
    try:
        decoded = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise Malformed("it has a schema that is no base64") from error
    yield from message(Content(decoded), 0, budget)
