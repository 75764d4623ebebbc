"""Nodes of TensorFlow's graphs in documents: messages in text, and the graphs of TensorFlow.js.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/node_def.proto
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.tensorflow import graphs, operators, rules

_ATTRIBUTES = "attr"


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge a node by its operator, and an asset by its path."""
    operator = node.get("op")
    if isinstance(operator, str) and isinstance(node.get("name"), str):
        found = operators.judged(operator)
        # Other frameworks name nodes and operators like this, too, and have none that do more than compute.
        if found is not None and (found[0] is not rules.CUSTOM or _ATTRIBUTES in node):
            rule, severity = found
            yield Found(rule, f"it has the operator {short(operator)}", subject=operator[:200], severity=severity)
        yield from _streams(operator, node.get(_ATTRIBUTES))
    assets = node.get("asset_file_def")
    for asset in assets if isinstance(assets, list) else [assets]:
        path = asset.get("filename") if isinstance(asset, dict) else None
        if isinstance(path, str) and graphs.names_outside(path):
            yield Found(rules.PATH, f"it has the asset {short(path)}", subject=path[:200])


def _streams(operator: str, attributes: object) -> Iterator[Event]:
    """Judge where an operator writes, or takes its description of messages from."""
    for item in attributes if isinstance(attributes, list) else [attributes]:
        value = item.get("value") if isinstance(item, dict) else None
        text = value.get("s") if isinstance(value, dict) else None
        if isinstance(item, dict) and isinstance(text, str) and isinstance(item.get("key"), str):
            yield from graphs.stream(operator, item["key"], text)


JUDGE = Judge(judge, rules.RULES, frozenset({"op", "asset_file_def"}))
