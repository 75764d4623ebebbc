"""Whether the tensors of a GGUF file have the sizes and places that they can have."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from operator import mul

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models import carried
from modelseal.models.budget import MIB
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.ggufs.reading import Tensor
from modelseal.models.ggufs.rules import DUPLICATE, REGIONS, TENSORS

# Of each type, by its number: how many elements are in a block, and the block's size in bytes.
# https://github.com/ggml-org/llama.cpp/blob/master/gguf-py/gguf/constants.py, and what ggml has removed since.
BLOCKS = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    6: (32, 22),
    7: (32, 24),
    8: (32, 34),
    9: (32, 36),
    10: (256, 84),
    11: (256, 110),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    15: (256, 292),
    16: (256, 66),
    17: (256, 74),
    18: (256, 98),
    19: (256, 50),
    20: (32, 18),
    21: (256, 110),
    22: (256, 82),
    23: (256, 136),
    24: (1, 1),
    25: (1, 2),
    26: (1, 4),
    27: (1, 8),
    28: (1, 8),
    29: (256, 56),
    30: (1, 2),
    31: (32, 18),
    32: (32, 18),
    33: (32, 18),
    34: (256, 54),
    35: (256, 66),
    36: (32, 18),
    37: (32, 18),
    38: (32, 18),
    39: (32, 17),
    40: (64, 36),
    41: (128, 18),
}
_LARGEST = (1 << 63) - 1
_BYTES = 24  # GGML_TYPE_I8
_LONGEST_NAME = 127
_FOREIGN_TYPES = 1024  # below are types of ggml to come, and of its forks


def judged(tensors: Sequence[Tensor], data: Content, start: int, alignment: int) -> Iterator[Event]:
    """Compare what a file says of its tensors with the bytes there are.

    Args:
        tensors: All of them.
        data: The bytes from where tensors begin.
        start: Where that is.
        alignment: What their offsets are multiples of.
    """
    seen: set[str] = set()
    for tensor in tensors:
        if tensor.name in seen:
            yield Found(DUPLICATE, f"the tensor {short(tensor.name)} comes twice", tensor.at, subject=tensor.name)
        seen.add(tensor.name)
        yield from _shape(tensor, alignment)
    placed = [(tensor.offset, _size(tensor), tensor) for tensor in tensors]
    yield from _regions(sorted(placed, key=lambda each: each[:2]), data, start, alignment)


def _shape(tensor: Tensor, alignment: int) -> Iterator[Found]:
    name = short(tensor.name)
    if len(tensor.name.encode()) > _LONGEST_NAME:
        yield Found(TENSORS, f"a tensor's name has {len(tensor.name):,} characters", tensor.at)
    if max(accumulate(tensor.shape, mul, initial=8)) > _LARGEST:
        yield Found(TENSORS, f"{name} has so many elements that counting them overflows", tensor.at)
    if tensor.kind not in BLOCKS:
        severity = Severity.UNKNOWN if tensor.kind < _FOREIGN_TYPES else None
        what = f"{name} is of the type {tensor.kind:,}, which ggml does not have"
        yield Found(TENSORS, what, tensor.at, subject=str(tensor.kind), severity=severity)
    elif tensor.shape and tensor.shape[0] % BLOCKS[tensor.kind][0]:
        yield Found(TENSORS, f"{name} has rows that are no whole number of its type's blocks", tensor.at)
    if tensor.offset % alignment:
        yield Found(TENSORS, f"{name} begins at {tensor.offset:,}, which is no multiple of {alignment}", tensor.at)


def _size(tensor: Tensor) -> int | None:
    """Return its size in bytes; None when its type is not known."""
    if tensor.kind not in BLOCKS:
        return None
    elements, size = BLOCKS[tensor.kind]
    *_, count = accumulate(tensor.shape, mul, initial=1)
    return count // elements * size


def _regions(
    placed: Sequence[tuple[int, int | None, Tensor]], data: Content, start: int, alignment: int
) -> Iterator[Event]:
    reached, known = 0, True
    for begin, size, tensor in placed:
        if begin + (size or 0) > len(data):
            yield Found(REGIONS, f"{short(tensor.name)} ends after the file does", tensor.at)
            continue
        if begin < reached:
            yield Found(REGIONS, f"{short(tensor.name)} begins within another tensor", start + begin)
        elif known and begin - reached >= alignment:
            yield from _hidden(data, reached, begin, start)
        if tensor.kind == _BYTES and size:
            yield from carried.packed(tensor.name, tensor.shape, data.part(begin, size))
        reached, known = max(reached, begin + (size or 0)), size is not None
    if known and len(data) - reached >= alignment:
        yield from _hidden(data, reached, len(data), start)


def _hidden(data: Content, begin: int, end: int, start: int) -> Iterator[Event]:
    what = f"{end - begin:,} bytes belong to no tensor"
    yield Found(REGIONS, what, start + begin, repr(data.read(begin, min(end - begin, 48))))
    if any(data.read(begin, min(end - begin, MIB))):
        yield Member("bytes of no tensor", data.part(begin, end - begin))
