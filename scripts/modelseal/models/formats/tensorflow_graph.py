"""Graphs of TensorFlow by themselves: frozen models, `.pb`."""

import re
from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.protobuf import BYTES, VARINT, Message, begins_as
from modelseal.models.tensorflow import graphs, rules

_NODE = 1
_OPERATOR = re.compile(rb"[A-Z_][\w>./]*")
_FIELDS = {_NODE: BYTES, 2: BYTES, 3: VARINT, 4: BYTES, 5: BYTES}
_NODE_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7})


def _recognises(content: Content) -> bool:
    """A node has a name and an operator; what else begins with a message of field 1 has not."""
    if content.read(0, 1) not in (b"\x0a", b"\x22", b"\x12") or not begins_as(content, _FIELDS, {_NODE}):
        return False
    try:
        for node in Message.whole(content, Budget()).messages(_NODE):
            found = {field.number: node.raw(field, 64) for field in node.fields() if field.wire == BYTES}
            return found.keys() <= _NODE_FIELDS and {1, 2} <= found.keys() and _OPERATOR.fullmatch(found[2]) is not None
    except Malformed:
        return False
    return False


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    whole = Message.whole(content, budget)
    yield from graphs.graph(whole)
    whole.require(_FIELDS)


FORMAT = Format(
    name="tensorflow-graph",
    title="a TensorFlow graph",
    recognises=_recognises,
    inspect=_inspect,
    rules=rules.RULES,
)
