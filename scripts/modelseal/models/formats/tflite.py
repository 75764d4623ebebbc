"""TensorFlow Lite models (LiteRT): `.tflite`."""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Member
from modelseal.models.flatbuffers import Table
from modelseal.models.format import Format
from modelseal.models.pickles import searching
from modelseal.models.tensorflow import rules as tensorflow_rules
from modelseal.models.tflite import rules
from modelseal.models.tflite.judging import judged, reached
from modelseal.models.zips import archive, inspection
from modelseal.models.zips import rules as zip_rules


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    model = Table.root(content, budget)
    yield from judged(model)
    end = reached(model)
    for offset in searching.attacks(content.part(end), 0, budget):
        yield Member("bytes behind the model", content.part(end + offset))
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
