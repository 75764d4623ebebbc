"""What Keras 2 keeps beside a SavedModel: keras_metadata.pb, the configurations of its layers as JSON.

https://github.com/keras-team/tf-keras/blob/master/tf_keras/protobuf/saved_metadata.proto
"""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Member
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.protobuf import BYTES, VARINT, Message, begins_as

_NODES = 1
_PATH, _IDENTIFIER, _METADATA = 3, 4, 5
_NODE_FIELDS = {2: VARINT, _PATH: BYTES, _IDENTIFIER: BYTES, _METADATA: BYTES, 1: BYTES, 6: BYTES}


def _recognises(content: Content) -> bool:
    if content.read(0, 1) != b"\x0a" or not begins_as(content, {_NODES: BYTES}, {_NODES}):
        return False
    try:
        for node in Message.whole(content, Budget()).messages(_NODES):
            fields = list(node.fields())
            named = [node.raw(field, 16) for field in fields if field.number == _IDENTIFIER and field.wire == BYTES]
            plain = all(_NODE_FIELDS.get(field.number) == field.wire for field in fields)
            return plain and any(name.startswith(b"_tf_keras") for name in named)
    except Malformed:
        return False
    return False


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    whole = Message.whole(content, budget)
    for node in whole.messages(_NODES):
        path = next(iter(node.texts(_PATH)), "")
        for field in node.fields():
            if field.number == _METADATA and field.wire == BYTES:
                yield Member(f"{path} metadata", content.part(field.start, field.end - field.start), known="json")
        node.require(_NODE_FIELDS)
    whole.require({_NODES: BYTES})


FORMAT = Format(
    name="keras-metadata",
    title="Keras 2 metadata",
    recognises=_recognises,
    inspect=_inspect,
)
