"""What `torch.distributed.checkpoint` writes: PyTorch files one behind the other, which `.metadata` beside them lists.

https://github.com/pytorch/pytorch/blob/v2.9.0/torch/distributed/checkpoint/filesystem.py: each tensor of a `.distcp` is
saved by itself, and loaded from where the metadata says that it lies.
"""

import struct
from collections.abc import Iterator

from modelseal.models.budget import MEMBERS, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Member
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.zips.records import END, END_64, LOCAL, LOCATOR_64

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_NAMED, _FIRST = 30, b"archive/data.pkl"  # what PyTorch writes first
_MEMO = "distributed-checkpoint"


def _recognises(content: Content) -> bool:
    return len(_parts(content)) > 1


def _parts(content: Content) -> list[tuple[int, int]]:
    """Return where archives begin and end that lie one behind the other without a gap; nothing where there is one."""
    if _MEMO not in content.memo:
        content.memo[_MEMO] = _split(content)
    parts: list[tuple[int, int]] = content.memo[_MEMO]
    return parts


def _split(content: Content) -> list[tuple[int, int]]:
    parts: list[tuple[int, int]] = []
    end = len(content)
    while end and len(parts) < MEMBERS:
        start = _start(content, end)
        if start is None or content.read(start, 4) != LOCAL or content.read(start + _NAMED, len(_FIRST)) != _FIRST:
            return []
        parts.append((start, end))
        end = start
    return [] if end else parts[::-1]


def _start(content: Content, end: int) -> int | None:
    """Return where the archive begins that ends here; None where none does."""
    record = end - _END.size
    if record < 0 or content.read(record, len(END)) != END:
        return None
    *_, size, offset, comment = content.unpack(_END, record)
    locator = record - _LOCATOR.size
    wide = locator - _END_64.size
    if wide >= 0 and content.read(locator, 4) == LOCATOR_64 and content.read(wide, 4) == END_64:
        record = wide
        *_, size, offset = content.unpack(_END_64, wide)
    start = record - size - offset
    return start if not comment and 0 <= start < record else None


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    parts = _parts(content)
    if not parts:
        raise Malformed("it is no row of archives")
    for index, (start, end) in enumerate(parts):
        budget.steps(1)
        yield Member(f"(archive {index})", content.part(start, end - start), "pytorch-zip")


FORMAT = Format(
    name="distributed-checkpoint",
    title="a distributed checkpoint of PyTorch",
    recognises=_recognises,
    inspect=_inspect,
    refines=("zip", "pytorch-zip", "torchscript", "torch-package", "pt2", "keras", "npz", "skops", "mar"),
)
