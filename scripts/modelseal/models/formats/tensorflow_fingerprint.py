"""What TensorFlow keeps beside a SavedModel to tell models apart: fingerprint.pb.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/fingerprint.proto
"""

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.protobuf import BYTES, VARINT, Message

_FIELDS = {**dict.fromkeys(range(1, 6), VARINT), 6: BYTES, 7: BYTES}
_NEEDED = {1, 2}
_LARGEST = 1024


def _recognises(content: Content) -> bool:
    if content.read(0, 1) != b"\x08" or len(content) > _LARGEST:
        return False
    try:
        fields = list(Message.whole(content, Budget()).fields())
    except Malformed:
        return False
    numbers = [field.number for field in fields]
    plain = all(_FIELDS.get(field.number) == field.wire for field in fields)
    return plain and len(set(numbers)) == len(numbers) and set(numbers) >= _NEEDED


FORMAT = Format(
    name="tensorflow-fingerprint",
    title="a TensorFlow fingerprint",
    recognises=_recognises,
    inspect=lambda content, budget: (),  # noqa: ARG005 -- recognising it has read it all
    data=True,
)
