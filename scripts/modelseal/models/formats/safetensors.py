"""safetensors: a JSON header with the place of every tensor, then the tensors.

The reference reads it so: https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs. It refuses
regions that overlap, leave holes or end elsewhere than the file; not every other reader does.
"""

import json
import operator
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any, NoReturn

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models import carried
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.format import Format
from modelseal.models.rule import Rule

_LENGTH = struct.Struct("<Q")
_LARGEST_HEADER = 100_000_000  # bytes, the reference's limit
_READ_HEADER = 16 * MIB  # 130,000 tensors
_LARGEST = 1 << 64
_DIMENSIONS = 64
_TOLD = 20  # faults of one kind
_BEGINNING = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*["}]')
_PRINTABLE = re.compile(rb"[\t\r\n -~]{8}")
BITS = dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8) | {
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}
_NUMBERS = re.compile(r"(?:BF|TF|[FIUC])\d{1,3}(?:_\w+)?")  # types of numbers, of which new ones come up
_BYTES = ("U8", "I8")
_REFERENCES = ("https://github.com/huggingface/safetensors#format",)
_REMEDY = (
    "Do not use the file. Take it from its publisher again, or write it anew from what you trust: "
    "`python -c \"from safetensors.torch import *; save_file(load_file('OLD'), 'NEW')\"`."
)

HEADER = Rule(
    id="safetensors-header",
    title="A safetensors header that readers read differently or not at all",
    severity=Severity.HIGH,
    happens="The reference reader and others see different tensors in the same bytes, or a reader takes all memory.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0029"),
    cwe=("CWE-436", "CWE-400"),
    references=_REFERENCES,
)
DUPLICATE = Rule(
    id="safetensors-duplicate-key",
    title="A name that comes twice in a safetensors header",
    severity=Severity.HIGH,
    happens="Which of two tensors of one name is loaded depends on the reader: a check sees one, a program the other.",
    remedy=_REMEDY,
    atlas=("AML.T0018", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-694"),
    references=_REFERENCES,
)
REGIONS = Rule(
    id="safetensors-regions",
    title="Regions of a safetensors file that overlap, are missing, or belong to no tensor",
    severity=Severity.HIGH,
    happens="A reader that does not check reads past the end, one tensor changes another, and bytes that no tensor "
    "accounts for carry something else: an archive, a pickle, a program.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0074"),
    cwe=("CWE-125", "CWE-130", "CWE-912"),
    references=_REFERENCES,
)
SIZES = Rule(
    id="safetensors-sizes",
    title="A tensor whose type and shape do not fit its bytes",
    severity=Severity.HIGH,
    happens="A reader that trusts the shape reads or writes beyond the tensor's memory.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000",),
    cwe=("CWE-131", "CWE-190", "CWE-1284"),
    references=_REFERENCES,
)
METADATA = Rule(
    id="safetensors-metadata-code",
    title="Safetensors metadata that are a program or a serialised object",
    severity=Severity.HIGH,
    happens="No reader of the format runs metadata; a loader that evaluates or unpickles them would run this.",
    remedy="Find out which program reads that key. Remove the metadata by writing the file anew without them.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502", "CWE-94"),
)


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def _recognises(content: Content) -> bool:
    start = content.read(0, 64)
    return _BEGINNING.match(start, 8) is not None and not _PRINTABLE.match(start)


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    (length,) = content.unpack(_LENGTH, 0)
    if length > _LARGEST_HEADER:
        yield Found(HEADER, f"its header says it has {length:,} bytes, and 100,000,000 are allowed", 0)
        return
    if length > _READ_HEADER:
        raise LimitReached(f"it has a header of more than {_READ_HEADER // MIB} MiB")
    raw = content.exactly(8, length)
    if not raw.startswith(b"{"):
        yield Found(HEADER, "its header begins with white space, and must begin with a brace", 8, repr(raw[:32]))
    header, twice = _parsed(raw)
    for name in islice(twice, _TOLD):
        yield Found(DUPLICATE, f"{short(name)} comes twice in its header", 8, subject=name)
    budget.steps(len(header))
    yield from _metadata(header.pop("__metadata__", None), budget)
    tensors = [_tensor(name, value) for name, value in header.items()]
    yield from islice(_sizes(tensors), _TOLD)
    data = content.part(8 + length)
    yield from islice(_regions(tensors, data, 8 + length), _TOLD)
    for tensor in tensors:
        if tensor.dtype in _BYTES:
            yield from carried.packed(tensor.name, tensor.shape, data.part(tensor.begin, tensor.end - tensor.begin))


def _parsed(raw: bytes) -> tuple[dict[str, Any], list[str]]:
    """Read the header, and the names that come twice in one object of it.

    Raises:
        Malformed: It is not a JSON object.
    """
    twice: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            twice.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return made

    try:
        header = json.loads(raw.decode(), object_pairs_hook=unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Malformed("it has a header that is not UTF-8", 8 + error.start) from error
    except (ValueError, RecursionError) as error:
        raise Malformed(f"it has a header that is not JSON: {str(error)[:100]}", 8) from error
    if not isinstance(header, dict):
        raise Malformed("it has a header that is no JSON object", 8)
    return header, twice


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _metadata(metadata: object, budget: Budget) -> Iterator[Event]:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Malformed("it has metadata that are not texts by their names", 8)
    for name, text in metadata.items():
        yield from carried.judged(name, text, METADATA, budget, 8)


def _tensor(name: str, value: object) -> _Tensor:
    match value:
        case {"dtype": str() as dtype, "shape": list() as shape, "data_offsets": [begin, end]} if len(
            shape
        ) <= _DIMENSIONS and all(type(number) is int and 0 <= number < _LARGEST for number in (*shape, begin, end)):
            return _Tensor(name, dtype, tuple(shape), begin, end)
    raise Malformed(f"it has no type, shape and offsets for {short(name)}", 8)


def _sizes(tensors: list[_Tensor]) -> Iterator[Found]:
    for tensor in tensors:
        if tensor.dtype not in BITS:
            what = f"{short(tensor.name)} has the type {short(tensor.dtype)}, which the format does not have"
            yield Found(SIZES, what, 8, severity=Severity.UNKNOWN if _NUMBERS.fullmatch(tensor.dtype) else None)
            continue
        bits = list(accumulate(tensor.shape, operator.mul, initial=BITS[tensor.dtype]))
        if max(bits) > _LARGEST or bits[-1] != (tensor.end - tensor.begin) * 8:
            what = f"{short(tensor.name)} has {tensor.end - tensor.begin:,} bytes, which is not what its shape needs"
            yield Found(SIZES, what, 8)


def _regions(tensors: list[_Tensor], data: Content, offset: int) -> Iterator[Event]:
    """Compare the tensors' regions with the bytes there are: each byte belongs to one tensor."""
    reached = 0
    for tensor in sorted(tensors, key=lambda each: (each.begin, each.end)):
        if tensor.end < tensor.begin or tensor.end > len(data):
            what = f"{short(tensor.name)} is at {tensor.begin:,} to {tensor.end:,} of {len(data):,} bytes of data"
            yield Found(REGIONS, what, 8)
            continue
        if tensor.begin < reached:
            yield Found(REGIONS, f"{short(tensor.name)} begins within another tensor", offset + tensor.begin)
        elif tensor.begin > reached:
            yield from _hidden(data, reached, tensor.begin, offset)
        reached = max(reached, tensor.end)
    if reached < len(data):
        yield from _hidden(data, reached, len(data), offset)


def _hidden(data: Content, begin: int, end: int, offset: int) -> Iterator[Event]:
    what = f"{end - begin:,} bytes belong to no tensor"
    yield Found(REGIONS, what, offset + begin, repr(data.read(begin, min(end - begin, 48))))
    if any(data.read(begin, min(end - begin, MIB))):
        yield Member("bytes of no tensor", data.part(begin, end - begin))


FORMAT = Format(
    name="safetensors",
    title="safetensors",
    recognises=_recognises,
    inspect=_inspect,
    rules=(HEADER, DUPLICATE, REGIONS, SIZES, METADATA, *carried.TEMPLATE_RULES),
    extensions=(".safetensors",),
    data=True,
)
