"""XGBoost models in JSON: the attributes that a program gave them."""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event
from modelseal.models.xgboost.rules import METADATA

_OTHERS = frozenset({"gradient_booster", "feature_names", "objective", "learner_model_param"})


def judge(node: Mapping[str, Any], budget: Budget) -> Iterator[Event]:
    """Judge the texts that a learner carries."""
    carried_by = node.get("attributes")
    if _OTHERS.isdisjoint(node) or not isinstance(carried_by, dict):
        return
    for name, text in carried_by.items():
        if isinstance(text, str):
            yield from carried.judged(name[:200], text, METADATA, budget)


JUDGE = Judge(judge, (METADATA, *carried.TEMPLATE_RULES))
