"""Whether an ONNX tensor is what it says, and where it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from operator import mul

from modelseal.gate.strict_json import short
from modelseal.models import carried
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.onnx import rules
from modelseal.models.protobuf import BYTES, VARINT, Message

_DIMS, _TYPE, _RAW, _NAME, _EXTERNAL, _LOCATION = 1, 2, 9, 8, 13, 14
_TYPED = {4: 4, 5: 1, 6: 1, 7: 1, 10: 8, 11: 1}  # field: least bytes of an element
# Bits of an element by TensorProto.DataType; texts (8) have no size.
BITS = {
    1: 32,
    2: 8,
    3: 8,
    4: 16,
    5: 16,
    6: 32,
    7: 64,
    9: 8,
    10: 16,
    11: 64,
    12: 32,
    13: 64,
    14: 64,
    15: 128,
    16: 16,
    17: 8,
    18: 8,
    19: 8,
    20: 8,
    21: 4,
    22: 4,
    23: 4,
    24: 8,
    25: 2,
    26: 2,
}
TEXTS = 8
_BYTES = frozenset({2, 3})
_LARGEST = 1 << 63
_DIMENSIONS = 64
_KEYS = re.compile(r"location|offset|length|checksum|basepath|prepacked.*")
_NUMBER = re.compile(r"[0-9]{1,19}")
_OUTSIDE = re.compile(
    r"(?i)^[\\/~]|^[a-z]:|^[a-z][a-z0-9+.-]*://|(^|[\\/])\.\.([\\/]|$)|[\0\r\n]|_ORT_MEM_ADDR_|^\s|\s$|\$\{|%\w+%"
)


@dataclass(frozen=True, slots=True)
class _Tensor:
    """What a tensor says of itself; `present` has the bytes of each field with values, `raw` their place."""

    offset: int
    name: str
    kind: int
    is_external: bool
    dims: list[int]
    entries: list[tuple[str, str]]
    present: dict[int, int]
    raw: tuple[int, int]


def judged(message: Message) -> Iterator[Event]:
    """Judge a tensor: its size against its bytes, and where they are when they are elsewhere."""
    tensor = _read(message)
    if tensor.is_external or tensor.entries:
        yield from _external(tensor)
    yield from _size(tensor)
    if tensor.kind in _BYTES:
        yield from carried.packed(
            tensor.name, tensor.dims, message.content.part(tensor.raw[0], tensor.raw[1] - tensor.raw[0])
        )


def _read(message: Message) -> _Tensor:
    name, words = "", {_TYPE: 0, _LOCATION: 0}
    dims: list[int] = []
    entries: list[tuple[str, str]] = []
    present: dict[int, int] = {}
    raw = (0, 0)
    for part in message.fields():
        if part.number == _DIMS:
            dims.extend(islice(message.numbers(part), _DIMENSIONS))
        elif part.number in words and part.wire == VARINT:
            words[part.number] = part.value
        elif part.number == _NAME and part.wire == BYTES:
            name = message.text(part)
        elif part.number == _EXTERNAL and part.wire == BYTES:
            entries.append(_entry(message.inner(part)))
        elif part.number == _RAW or part.number in _TYPED:
            raw = (part.start, part.end) if part.number == _RAW and part.wire == BYTES else raw
            size = part.end - part.start if part.wire == BYTES else _TYPED.get(part.number, 1)
            present[part.number] = present.get(part.number, 0) + size
    return _Tensor(message.start, short(name), words[_TYPE], words[_LOCATION] == 1, dims, entries, present, raw)


def _entry(entry: Message) -> tuple[str, str]:
    found = {field.number: entry.text(field) for field in entry.fields() if field.wire == BYTES}
    return found.get(1, ""), found.get(2, "")


def _external(tensor: _Tensor) -> Iterator[Event]:
    places = 0
    for key, value in tensor.entries:
        what = ""
        if not _KEYS.fullmatch(key):
            what = f"the key {short(key)}, which loaders set as an attribute"
        elif key in ("offset", "length") and not _NUMBER.fullmatch(value):
            what = f"the {key} {short(value)}"
        elif key in ("location", "basepath") and _OUTSIDE.search(value):
            yield Found(
                rules.EXTERNAL, f"{tensor.name} is read from {short(value)}", tensor.offset, subject=value[:200]
            )
        elif key == "location":
            yield Requires(Fetches.FILE, value, offset=tensor.offset, size=_reaches(tensor.entries))
        places += key == "location"
        if what:
            yield Found(rules.EXTERNAL_ENTRY, f"the external data of {tensor.name} have {what}", tensor.offset)
    if places != 1:
        yield Found(rules.EXTERNAL_ENTRY, f"the external data of {tensor.name} have {places} places", tensor.offset)


def _reaches(entries: list[tuple[str, str]]) -> int:
    """Return how many bytes a file has at least where a tensor is in it."""
    numbers = {key: int(value) for key, value in entries if key in ("offset", "length") and _NUMBER.fullmatch(value)}
    return sum(numbers.values())


def _size(tensor: _Tensor) -> Iterator[Found]:
    bits = BITS.get(tensor.kind, 0)
    *_, count = accumulate(tensor.dims, mul, initial=1)
    largest = max(accumulate((abs(size) for size in tensor.dims), mul, initial=max(bits, 1)))
    if largest >= _LARGEST or any(size < 0 for size in tensor.dims) or len(tensor.dims) >= _DIMENSIONS:
        yield Found(rules.SIZES, f"{tensor.name} has a shape that cannot be: {short(tensor.dims)}", tensor.offset)
    elif tensor.is_external or tensor.entries or not bits:
        return
    elif _RAW in tensor.present:
        if tensor.present[_RAW] != (count * bits + 7) // 8:
            what = f"{tensor.name} needs {(count * bits + 7) // 8:,} bytes and has {tensor.present[_RAW]:,}"
            yield Found(rules.SIZES, what, tensor.offset)
    elif count * min(bits, 8) // 8 > sum(size // _TYPED[number] for number, size in tensor.present.items()):
        yield Found(rules.SIZES, f"{tensor.name} has fewer elements than the {count:,} of its shape", tensor.offset)
