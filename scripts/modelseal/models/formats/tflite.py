"""TensorFlow Lite models (LiteRT): `.tflite`."""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.flatbuffers import Table
from modelseal.models.format import Format
from modelseal.models.tensorflow import rules as tensorflow_rules
from modelseal.models.tflite import rules
from modelseal.models.tflite.judging import judged
from modelseal.models.zips import archive, inspection
from modelseal.models.zips import rules as zip_rules


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    yield from judged(Table.root(content, budget))
    # Labels and vocabularies are appended as an archive: https://ai.google.dev/edge/litert/models/metadata
    if (packed := archive.of(content)) is not None:
        for entry in inspection.every(packed):
            yield from inspection.member(packed, entry, budget)


FORMAT = Format(
    name="tflite",
    title="TensorFlow Lite",
    recognises=lambda content: content.read(4, 4) == b"TFL3",
    inspect=_inspect,
    rules=(*rules.RULES, *tensorflow_rules.RULES, *zip_rules.RULES),
    extensions=(".tflite",),
    refines=("zip",),
)
