"""PyTorch files of before version 1.6: five pickles, and the bytes of tensors behind them.

https://github.com/pytorch/pytorch/blob/v2.9.0/torch/serialization.py (`_legacy_save`, `_legacy_load`).
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.faults import Malformed
from modelseal.models.pickles import inspection
from modelseal.models.pickles.storages import Storage, storage_of
from modelseal.models.pickles.stream import Findings, Stream
from modelseal.models.pickles.trace import Container, Value
from modelseal.models.rule import Rule

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_OPENING: Final = re.compile(
    rb"\x80[\x02-\x05](?:\x95.{8})?\x8a\x0a" + re.escape(_MAGIC.to_bytes(10, "little")) + rb"\.|L%dL\n\." % _MAGIC,
    re.DOTALL,
)
_LONGEST_OPENING: Final = 40
_PICKLES: Final = 5  # magic number, protocol, system, object, keys of the storages in their order
_COUNT: Final = struct.Struct("<q")

STORAGES = Rule(
    id="pytorch-legacy-storages",
    title="Tensors that do not fill a PyTorch file as it says",
    severity=Severity.HIGH,
    happens="What is in the file is not what its pickles describe: bytes that belong to no tensor hide something, and "
    "tensors that are missing or of another size are read from elsewhere in the file.",
    remedy="Do not load the file. Ask for its weights in safetensors, or load it where it can do no harm and save it "
    "anew: `torch.save(torch.load('model.pt', weights_only=True), 'new.pt')`.",
    atlas=("AML.T0011.000", "AML.T0074"),
    cwe=("CWE-130", "CWE-506"),
)


def recognises(content: Content) -> bool:
    """Tell whether content begins with the magic number that PyTorch asks for, as a pickle."""
    return _OPENING.match(content.read(0, _LONGEST_OPENING)) is not None


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Look into the pickles, and compare the tensors behind them with what the pickles say.

    Raises:
        Malformed: It is cut off.
        LimitReached: It takes more than a file may.
    """
    findings, start = Findings(), 0
    storages: dict[str, Storage] = {}
    result: Value = None
    for _ in range(_PICKLES):
        stream = Stream(content, start, budget, findings)
        yield from stream.events()
        if not stream.whole:
            yield from inspection.buried(content, stream.end, budget, findings)
            return
        known = (storage_of(identity) for identity in stream.persistent)
        storages |= {storage.key: storage for storage in known if storage}
        start, result = stream.end, stream.result
    yield from _tensors(content, start, budget, findings, _ordered(result, storages))


def _ordered(keys: Value, storages: dict[str, Storage]) -> list[Storage]:
    """Return the storages in the order in which the last pickle names them."""
    if not isinstance(keys, Container) or keys.dropped:
        raise Malformed("it does not name its tensors' storages")
    named = [storages.get(key) if isinstance(key, str) else None for key in keys.items]
    if None in named:
        raise Malformed("it names storages that its object does not refer to")
    return [storage for storage in named if storage]


def _tensors(
    content: Content, start: int, budget: Budget, findings: Findings, storages: list[Storage]
) -> Iterator[Event]:
    """Go through the storages: the number of elements, then the elements."""
    for storage in storages:
        (elements,) = content.unpack(_COUNT, start)
        if elements != storage.elements or storage.size is None:
            yield Found(STORAGES, f"storage {storage.key!r} has {elements} elements, not {storage.elements}", start)
            yield from inspection.buried(content, start, budget, findings)
            return
        start += _COUNT.size + storage.size
    if start > len(content):
        raise Malformed("it ends within its tensors", len(content))
    if start < len(content):
        what = f"{len(content) - start} bytes follow its last tensor"
        yield Found(STORAGES, what, start, repr(content.read(start, 64)))
        yield from inspection.buried(content, start, budget, findings)
