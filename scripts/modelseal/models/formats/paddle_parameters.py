"""PaddlePaddle parameters: `.pdiparams`, tensors in a row.

https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/phi/core/framework/dense_tensor_serialize.cc
"""

import struct
from collections.abc import Iterator
from itertools import accumulate
from operator import mul

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.protobuf import BYTES, VARINT, Message
from modelseal.models.rule import Rule

_HEAD = struct.Struct("<IQ")
_TENSOR = struct.Struct("<Ii")
_LEVEL = struct.Struct("<Q")
_BEGINNING = _HEAD.size + _TENSOR.size
_LARGEST_DESCRIPTION = 4096
_LEVELS = 16
# Bytes of an element by VarType.Type.
_BYTES = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2, 23: 8, 24: 16, 32: 1, 33: 1}

TRAILING = Rule(
    id="paddle-parameters-trailing",
    title="Bytes behind the tensors of PaddlePaddle parameters",
    severity=Severity.HIGH,
    happens="PaddlePaddle does not read them; they are there for something else: an archive, a pickle, a program.",
    remedy="Do not use the file. Export the model anew from its source: `paddle.jit.save(layer, 'NEW')`.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-912",),
)


def _recognises(content: Content) -> bool:
    if len(content) <= _BEGINNING or any(content.read(0, _HEAD.size + 4)):
        return False
    _, size = content.unpack(_TENSOR, _HEAD.size)
    return 0 < size <= _LARGEST_DESCRIPTION and content.read(_BEGINNING, 1) == b"\x08"


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    at = 0
    while at < len(content):
        budget.steps(1)
        if at and any(content.read(at, 4)):
            yield Found(TRAILING, f"{len(content) - at:,} bytes follow", at, repr(content.read(at, 48)))
            yield Member("bytes behind the tensors", content.part(at))
            return
        at = _tensor(content, at, budget)


def _tensor(content: Content, at: int, budget: Budget) -> int:
    """Read past a tensor, and return where it ends."""
    start = at
    _, levels = content.unpack(_HEAD, at)
    at += _HEAD.size
    if levels > _LEVELS:
        raise Malformed(f"it has a tensor of {levels:,} levels", start)
    for _ in range(levels):
        (size,) = content.unpack(_LEVEL, at)
        at += _LEVEL.size + size
    _, size = content.unpack(_TENSOR, at)
    at += _TENSOR.size
    if not 0 < size <= _LARGEST_DESCRIPTION:
        raise Malformed(f"it has a description of {size:,} bytes", at)
    at += size + _size(Message(content, at, at + size, budget))
    if at > len(content):
        raise Malformed("it ends within a tensor", start)
    return int(at)


def _size(description: Message) -> int:
    content = description.content
    content.exactly(description.start, description.end - description.start)
    width, dims = 0, [1]
    for field in description.fields():
        if field.number == 1 and field.wire == VARINT:
            width = _BYTES.get(field.value, 0)
        elif field.number == 2 and field.wire in (VARINT, BYTES):  # noqa: PLR2004 -- the fields' numbers are the format
            dims.extend(description.numbers(field))
    if not width or min(dims) < 0:
        raise Malformed("it has a tensor of a type or a shape that cannot be", description.start)
    *_, count = accumulate(dims, mul)
    return int(width * count)


FORMAT = Format(
    name="paddle-parameters",
    title="PaddlePaddle parameters",
    recognises=_recognises,
    inspect=_inspect,
    rules=(TRAILING,),
    extensions=(".pdiparams",),
    data=True,
)
