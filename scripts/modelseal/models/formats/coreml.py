"""Core ML models: `.mlmodel`, and the specification in an `.mlpackage`.

https://github.com/apple/coremltools/blob/main/mlmodel/format/Model.proto
"""

from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.faults import LimitReached
from modelseal.models.format import Format
from modelseal.models.protobuf import BYTES, VARINT, Message, begins_as
from modelseal.models.rule import Rule

_VERSION, _DESCRIPTION, _UPDATABLE = 1, 2, 10
_KINDS = (*range(200, 203), *range(300, 305), *range(400, 408), *range(500, 600), *range(600, 700), 900)
_KINDS = (*_KINDS, *range(2000, 2010), 3000, 3001)
_FIELDS = {_VERSION: VARINT, _DESCRIPTION: BYTES, _UPDATABLE: VARINT, **dict.fromkeys((11, *_KINDS), BYTES)}
_PIPELINES, _CUSTOM, _LINKED = range(200, 203), 555, 556
_CLASS_NAME = 10
_USER_DEFINED = 100
_DEPTH = 8

CUSTOM = Rule(
    id="coreml-custom-model",
    title="A Core ML model that an app must implement itself",
    severity=Severity.UNKNOWN,
    happens="Core ML makes an object of the class that the model names, out of the program that loads it.",
    remedy="Find out which class that is; then allow it by its name.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-470",),
)
METADATA = Rule(
    id="coreml-metadata-code",
    title="Core ML metadata that are a program or a serialised object",
    severity=Severity.HIGH,
    happens="Core ML runs no metadata; a program that evaluates or unpickles them would run this.",
    remedy="Find out which program reads that key. Save the model without it: `del model.user_defined_metadata[KEY]`.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502", "CWE-94"),
)


def _recognises(content: Content) -> bool:
    if content.read(0, 1) != b"\x08" or not begins_as(content, _FIELDS, {_VERSION, _DESCRIPTION}):
        return False
    return any(begins_as(content, _FIELDS, {kind}) for kind in _KINDS)


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    whole = Message.whole(content, budget)
    yield from _model(whole, 0)
    whole.require(_FIELDS)


def _model(model: Message, depth: int) -> Iterator[Event]:
    if depth > _DEPTH:
        raise LimitReached(f"it has pipelines that are nested more than {_DEPTH} deep")
    for field in model.fields():
        if field.wire != BYTES:
            continue
        inner = model.inner(field)
        if field.number == _DESCRIPTION:
            yield from _metadata(inner)
        elif field.number in _PIPELINES:
            for each in _models(inner, field.number):
                yield from _model(each, depth + 1)
        elif field.number == _CUSTOM:
            name = next(inner.texts(_CLASS_NAME), "")
            yield Found(CUSTOM, f"it is the class {short(name)}", field.start, subject=name[:200])
        elif field.number == _LINKED:
            yield from _linked(inner)


def _models(pipeline: Message, kind: int) -> Iterator[Message]:
    """Yield the models of a pipeline; a classifier and a regressor have a pipeline in them."""
    for each in (pipeline,) if kind == _PIPELINES[-1] else pipeline.messages(1):
        yield from each.messages(1)


def _linked(model: Message) -> Iterator[Event]:
    for file in model.messages(1):
        for parameter in file.messages(1):
            for name in parameter.texts(1):
                yield Requires(Fetches.MODEL, name, offset=model.start)


def _metadata(description: Message) -> Iterator[Event]:
    for metadata in description.messages(_USER_DEFINED):
        for entry in metadata.messages(_USER_DEFINED):
            key, value = next(entry.texts(1), ""), next(entry.texts(2), "")
            yield from carried.judged(key[:200], value, METADATA, description.budget, entry.start)


FORMAT = Format(
    name="coreml",
    title="Core ML",
    recognises=_recognises,
    inspect=_inspect,
    rules=(CUSTOM, METADATA, *carried.TEMPLATE_RULES),
    extensions=(".mlmodel",),
)
