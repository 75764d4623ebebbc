"""Pickles: programs that make Python objects, which is what scikit-learn, joblib and old PyTorch files are."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.format import Format
from modelseal.models.pickles import PERSISTENT, inspection, recognition, rules

if TYPE_CHECKING:
    from modelseal.models.pickles.trace import Value


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    left: list[Value] = []
    yield from inspection.inspect(content, budget, left)
    content.memo[PERSISTENT] = left


FORMAT = Format(
    name="pickle",
    title="a pickle",
    recognises=recognition.begins,
    inspect=_inspect,
    rules=rules.RULES,
)
