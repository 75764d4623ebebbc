"""Objects of Keras in documents: `model.to_json()`, and the configuration in an archive."""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event
from modelseal.models.keras import judging
from modelseal.models.keras.rules import RULES


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge an object, where Keras would take it for one of its own."""
    yield from judging.any_node(node)
    if judging.concerns(node):
        yield from judging.judge(node)


JUDGE = Judge(judge, RULES)
