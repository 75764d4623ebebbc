"""TensorFlow SavedModels: saved_model.pb.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
"""

from collections.abc import Iterator

from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Fetches, Found, Member, Requires
from modelseal.models.format import Format
from modelseal.models.protobuf import BYTES, VARINT, Message, begins_as
from modelseal.models.tensorflow import graphs, rules

_META_GRAPHS = 2
_FIELDS = {1: VARINT, _META_GRAPHS: BYTES}
_GRAPH, _ASSETS, _OBJECTS = 2, 6, 7
_USER_OBJECT, _METADATA = 4, 3


def _recognises(content: Content) -> bool:
    head = content.read(0, 3)
    plain = head[:1] == b"\x08" and head[2:] == b"\x12"  # schema version, then the first graph
    return (plain or head[:1] == b"\x12") and begins_as(content, _FIELDS, {_META_GRAPHS})


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    whole = Message.whole(content, budget)
    for meta in whole.messages(_META_GRAPHS):
        assets = frozenset(_assigned(meta))
        for part in meta.fields():
            if part.wire != BYTES:
                continue
            inner = meta.inner(part)
            if part.number == _GRAPH:
                yield from graphs.graph(inner, assets)
            elif part.number == _ASSETS:
                yield from _asset(inner)
            elif part.number == _OBJECTS:
                yield from _objects(inner)
    whole.require(_FIELDS)


def _assigned(meta: Message) -> Iterator[str]:
    """Yield the names of the nodes that take the paths of assets when the model is loaded."""
    for asset in meta.messages(_ASSETS):
        for tensor in asset.messages(1):
            yield from (name.split(":")[0] for name in tensor.texts(1))


def _asset(message: Message) -> Iterator[Event]:
    for path in message.texts(2):
        if graphs.names_outside(path):
            yield Found(rules.PATH, f"it has the asset {short(path)}", message.start, subject=path[:200])
        else:
            yield Requires(Fetches.FILE, f"assets/{path}", offset=message.start)


def _objects(message: Message) -> Iterator[Event]:
    """Hand on the configurations that Keras 2 kept with the objects of a model, before it had a file for them."""
    for saved in message.messages(1):
        for user_object in saved.messages(_USER_OBJECT):
            for part in user_object.fields():
                if part.number == _METADATA and part.wire == BYTES and user_object.raw(part, 1) == b"{":
                    place = part.start
                    yield Member("metadata of an object", message.content.part(place, part.end - place), known="json")


FORMAT = Format(
    name="saved-model",
    title="a TensorFlow SavedModel",
    recognises=_recognises,
    inspect=_inspect,
    rules=rules.RULES,
)
