"""Single tensors of ONNX, as the inputs and outputs that models are tested with are kept in."""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.onnx import rules, tensors
from modelseal.models.protobuf import BYTES, VARINT, Message, begins_as

_DIMS, _TYPE, _LOCATION = 1, 2, 14
_FIELDS = {
    _DIMS: VARINT,
    _TYPE: VARINT,
    **dict.fromkeys((3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), BYTES),
    _LOCATION: VARINT,
}
_FIRST = frozenset({bytes([_DIMS << 3 | VARINT]), bytes([_TYPE << 3 | VARINT])})


def _recognises(content: Content) -> bool:
    """Tell whether bytes are a tensor of a type that there is."""
    if content.read(0, 1) not in _FIRST or not begins_as(content, _FIELDS, {_TYPE}):
        return False
    try:
        kinds = [field.value for field in Message.whole(content, Budget()).fields() if field.number == _TYPE]
    except Malformed:
        return False
    return len(kinds) == 1 and (kinds[0] in tensors.BITS or kinds[0] == tensors.TEXTS)


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    whole = Message.whole(content, budget)
    yield from tensors.judged(whole)
    whole.require(_FIELDS)


FORMAT = Format(
    name="onnx-tensor",
    title="a tensor of ONNX",
    recognises=_recognises,
    inspect=_inspect,
    rules=(rules.EXTERNAL, rules.EXTERNAL_ENTRY, rules.SIZES),
)
