"""The index of a TensorFlow checkpoint: which tensor is where in the files of data beside it.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
"""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Fetches, Requires
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.protobuf import VARINT, Message
from modelseal.models.tensorflow import tables

_MOST_SHARDS = 100_000


def _recognises(content: Content) -> bool:
    return len(content) >= tables.FOOTER and content.read(len(content) - len(tables.MAGIC)) == tables.MAGIC


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    shards = 0
    for key, value in tables.entries(content, budget):
        fields = {field.number: field.value for field in Message.whole(value, budget).fields() if field.wire == VARINT}
        if not key:
            shards = fields.get(1, 0)
        elif fields.get(3, 0) >= shards:
            raise Malformed(f"it places a tensor in file {fields[3]:,} of {shards:,}")
    if shards > _MOST_SHARDS:
        raise Malformed(f"it counts {shards:,} files")
    for shard in range(shards):
        yield Requires(Fetches.FILE, f".data-{shard:05d}-of-{shards:05d}")


FORMAT = Format(
    name="tensorflow-checkpoint",
    title="a TensorFlow checkpoint index",
    recognises=_recognises,
    inspect=_inspect,
    data=True,
)
