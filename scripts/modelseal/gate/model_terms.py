"""From the values of a policy file's section `models` to what they mean; `model_grammar` declares it."""

from collections.abc import Mapping
from typing import Any

from modelseal.gate.finding import SERIOUS, Severity
from modelseal.gate.mistakes import Place
from modelseal.gate.model_grammar import FAIL
from modelseal.gate.model_policy import ModelRule, Models, and_worse


def read(values: Mapping[str, Any], places: Mapping[str, Place]) -> Models:
    """Return the terms.

    Args:
        values: The section's values by their keys' names.
        places: Where in the file each key's value is.
    """
    return Models(
        fail_on=_severities(values["fail-on"]) if "fail-on" in values else SERIOUS,
        unknown_fails=values.get("unknown", FAIL) == FAIL,
        unread_fails=values.get("unread", FAIL) == FAIL,
        allowed_globals=values.get("allowed-globals", ()),
        allowed_formats=values.get("allowed-formats", ()),
        denied_formats=values.get("denied-formats", ()),
        rules=tuple(
            _rule(rule, places[f"models.rules[{number}]"].line) for number, rule in enumerate(values.get("rules", ()))
        ),
    )


def _rule(values: Mapping[str, Any], line: int) -> ModelRule:
    return ModelRule(
        paths=values["paths"],
        fail_on=_severities(values["fail-on"]) if "fail-on" in values else None,
        unknown_fails=values["unknown"] == FAIL if "unknown" in values else None,
        unread_fails=values["unread"] == FAIL if "unread" in values else None,
        allowed_formats=values.get("allowed-formats", ()),
        denied_formats=values.get("denied-formats", ()),
        line=line,
    )


def _severities(words: tuple[str, ...]) -> frozenset[Severity]:
    return and_worse(map(Severity, words))
