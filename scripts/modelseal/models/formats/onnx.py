"""ONNX models."""

from collections.abc import Iterator

from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.format import Format
from modelseal.models.onnx import graphs, rules
from modelseal.models.protobuf import BYTES, VARINT, Message, begins_as

_IR_VERSION, _DOMAIN, _GRAPH, _METADATA, _TRAINING, _FUNCTIONS = 1, 4, 7, 14, 20, 25
_FIELDS = {
    **dict.fromkeys((_IR_VERSION, 5), VARINT),
    **dict.fromkeys((2, 3, _DOMAIN, 6, _GRAPH, 8, _METADATA, _TRAINING, _FUNCTIONS, 26), BYTES),
}


def _recognises(content: Content) -> bool:
    return content.read(0, 1) in _FIRST and begins_as(content, _FIELDS, {_IR_VERSION, _GRAPH})


# Most contents end here: the first byte is the key of a field.
_FIRST = frozenset(bytes([number << 3 | wire]) for number, wire in _FIELDS.items() if number < 16)  # noqa: PLR2004


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    whole = Message.whole(content, budget)
    model = graphs.Model(frozenset(graphs.function_name(each) for each in whole.messages(_FUNCTIONS)))
    for part in whole.fields():
        if part.wire != BYTES:
            continue
        inner = whole.inner(part)
        match part.number:
            case 7:
                yield from graphs.graph(inner, model)
            case 14:
                texts = {each.number: inner.text(each) for each in inner.fields() if each.wire == BYTES}
                yield from carried.judged(texts.get(1, ""), texts.get(2, ""), rules.METADATA, budget, part.start)
            case 20:
                for graph in (*inner.messages(1), *inner.messages(2)):
                    yield from graphs.graph(graph, model)
            case 25:
                yield from graphs.function(inner, model)
    yield from graphs.expansion(model)
    whole.require(_FIELDS)


FORMAT = Format(
    name="onnx",
    title="ONNX",
    recognises=_recognises,
    inspect=_inspect,
    rules=(*rules.RULES, *carried.TEMPLATE_RULES),
    extensions=(".onnx",),
)
