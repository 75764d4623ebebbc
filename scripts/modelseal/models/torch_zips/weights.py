"""Which records of an exported program are numbers and nothing else, by its own lists.

https://github.com/pytorch/pytorch/blob/v2.9.0/torch/_export/serde/schema.py
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.event import Event, Found
from modelseal.models.faults import Malformed
from modelseal.models.rule import Rule
from modelseal.models.torch_zips.records import Records
from modelseal.models.zips.unpacking import unpacked

SIZE = Rule(
    id="pt2-weight-size",
    title="A weight with fewer bytes than its tensor needs",
    severity=Severity.HIGH,
    happens="A loader reads beyond the record's end: other memory becomes the model's, or the process ends.",
    remedy="Do not use the file. Write it anew: `torch.export.save(torch.export.export(model, inputs), FILE)`.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-125",),
)

_LISTS = {
    "data/weights/": "data/weights/model_weights_config.json",
    "data/constants/": "data/constants/model_constants_config.json",
}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 9: 4, 10: 8, 11: 16, 12: 1, 13: 2, 28: 2, 29: 1, 30: 1}
_LONGEST = 32 << 20


def stated(records: Records, budget: Budget) -> Mapping[str, int]:
    """Return the names of the records that are said to be numbers, each with how many bytes its tensor needs."""
    found = {}
    for folder, name in _LISTS.items():
        for path, needed in _listed(records, name, budget):
            found[f"{records.folder}{folder}{path}"] = needed
    return found


def compared(records: Records, raw: Mapping[str, int]) -> Iterator[Event]:
    """Tell which of them have too few bytes."""
    for name, needed in raw.items():
        entry = records.archive.by_name.get(name)
        if entry is not None and entry.size < needed:
            what = f"{name!r} has {entry.size} bytes, and its tensor needs {needed}"
            yield Found(SIZE, what, entry.header, subject=name)


def _listed(records: Records, name: str, budget: Budget) -> Iterator[tuple[str, int]]:
    entry = records.by_name.get(name)
    if entry is None or entry.size > _LONGEST:
        return
    try:
        document = json.loads(unpacked(records.archive, entry, budget).content.read())
    except (ValueError, Malformed, RecursionError):
        return  # nothing is numbers then, and everything is looked into
    config = document.get("config") if isinstance(document, dict) else None
    for item in config.values() if isinstance(config, dict) else ():
        budget.steps(1)
        if isinstance(item, dict) and item.get("use_pickle") is False and isinstance(item.get("path_name"), str):
            yield item["path_name"], _needed(item.get("tensor_meta"))


def _needed(meta: Any) -> int:
    """Return how many bytes a tensor reaches over; 0 where that is not said in plain numbers."""
    if not isinstance(meta, dict):
        return 0
    sizes, strides, offset = _numbers(meta.get("sizes")), _numbers(meta.get("strides")), meta.get("storage_offset")
    first = offset.get("as_int") if isinstance(offset, dict) else 0
    each = _SIZES.get(meta["dtype"]) if type(meta.get("dtype")) is int else None
    if each is None or sizes is None or strides is None or len(sizes) != len(strides) or type(first) is not int:
        return 0
    if 0 in sizes:
        return 0
    return each * (1 + first + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True)))


def _numbers(values: Any) -> list[int] | None:
    if not isinstance(values, list):
        return None
    plain = [item.get("as_int") for item in values if isinstance(item, dict)]
    numbers = [number for number in plain if type(number) is int]
    return numbers if len(numbers) == len(values) else None
