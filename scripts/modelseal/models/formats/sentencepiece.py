"""SentencePiece vocabularies: `tokenizer.model`.

https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.protobuf import BYTES, FIXED32, VARINT, Message, begins_as

_PIECES = 1
_FIELDS = dict.fromkeys(range(1, 6), BYTES)
_PIECE = {1: BYTES, 2: FIXED32, 3: VARINT}
_NEEDED = {1, 2}


def _recognises(content: Content) -> bool:
    """A piece has a text and a score."""
    if content.read(0, 1) != b"\x0a" or not begins_as(content, _FIELDS, {_PIECES}):
        return False
    try:
        for piece in Message.whole(content, Budget()).messages(_PIECES):
            fields = list(piece.fields())
            plain = all(_PIECE.get(field.number) == field.wire for field in fields)
            return plain and {field.number for field in fields} >= _NEEDED
    except Malformed:
        return False
    return False


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    whole = Message.whole(content, budget)
    for piece in whole.messages(_PIECES):
        piece.require(_PIECE)
    whole.require(_FIELDS)
    yield from ()


FORMAT = Format(
    name="sentencepiece",
    title="a SentencePiece vocabulary",
    recognises=_recognises,
    inspect=_inspect,
    data=True,
)
