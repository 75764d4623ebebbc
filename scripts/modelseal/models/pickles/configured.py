"""Configurations that pickles carry: the hyper-parameters of a checkpoint, the template of a tokenizer.

No opcode shows what a loader makes of them: Lightning imports what `_instantiator` names, and calls it, also where only
weights are unpickled. https://github.com/Lightning-AI/pytorch-lightning/blob/2.5.5/src/lightning/pytorch/core/saving.py
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Member
from modelseal.models.pickles.showing import within
from modelseal.models.pickles.trace import Container, Kind, Long, Value

# Loaders follow them wherever they stand.
_KEYS: Final = frozenset(
    {"_instantiator", "_target_", "chat_template", "auto_map", "trust_remote_code", "class_path", "custom_pipelines"}
)
_SOUGHT: Final = tuple(key.encode() for key in sorted(_KEYS))
_SEARCHED: Final = 64 * MIB
_LARGEST: Final = 100_000  # values
_DEEPEST: Final = 20
_LONGEST: Final = MIB  # bytes of a text


def configurations(result: Value, content: Content, start: int, end: int, budget: Budget) -> Iterator[Member]:
    """Hand over the dictionaries with keys that loaders follow, as the document that they might have been kept in.

    Args:
        result: What a pickle returns.
        content: What the pickle lies in, between `start` and `end`: most have none of the keys.
        start: See there.
        end: See there.
        budget: What looking for them may cost.
    """
    last = min(end, start + _SEARCHED)
    if end <= last and all(content.find(key, start, last) < 0 for key in _SOUGHT):
        return
    found: list[Any] = []
    for value in within(result, _LARGEST):
        budget.steps(1)
        if isinstance(value, Container) and value.kind is Kind.DICT and _has_key(value):
            found.append(_Plain(content, budget).of(value))
    if found:
        yield Member("configuration", Content(json.dumps(found).encode()), known="json")


def _has_key(value: Container) -> bool:
    return any(isinstance(key, str) and key in _KEYS for key in value.items[::2])


class _Plain:
    """Makes plain values of symbolic ones, with nothing in the place of what is not plain."""

    def __init__(self, content: Content, budget: Budget) -> None:
        self._content = content
        self._budget = budget
        self._left = _LARGEST

    def of(self, value: Value, depth: int = 0) -> Any:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return None
        if isinstance(value, Container) and value.kind is Kind.DICT:
            pairs = zip(value.items[::2], value.items[1::2], strict=False)
            return {key: self.of(item, depth + 1) for key, item in pairs if isinstance(key, str)}
        if isinstance(value, Container | tuple):
            items = value.items if isinstance(value, Container) else value
            return [self.of(item, depth + 1) for item in items]
        if isinstance(value, Long) and value.kind == "str":
            return self._content.read(value.offset, min(value.size, _LONGEST)).decode("utf-8", "backslashreplace")
        if isinstance(value, str):
            return value.encode("utf-8", "backslashreplace").decode()
        return value if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 1 << 63) else None
