"""Texts in configurations that their loaders evaluate as Python.

MONAI's bundles: https://docs.monai.io/en/stable/config_syntax.html. Networks of YOLO:
https://github.com/ultralytics/yolov5/blob/v7.0/models/yolo.py, `parse_model`. Names of classes of Paddle's tools:
https://github.com/PaddlePaddle/PaddleDetection/blob/v2.8.1/deploy/python/infer.py, `eval(op_type)`.
OmegaConf has such a resolver where a program has registered one:
https://omegaconf.readthedocs.io/en/latest/custom_resolvers.html
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.faults import LimitReached
from modelseal.models.pickles import dangerous
from modelseal.models.rule import Rule
from modelseal.models.texts import programs, python

EVALUATED = Rule(
    id="config-evaluated-code",
    title="A configuration with code that its loader evaluates, and that attacks",
    severity=Severity.HIGH,
    happens="Loading the model evaluates the text as Python: it runs commands, makes code, or reaches for what no "
    "network is built of.",
    remedy="Remove the expression. A network needs names of layers and their numbers, not programs.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-95", "CWE-94"),
    references=("https://docs.monai.io/en/stable/config_syntax.html",),
)
_REFERENCE = re.compile(r"@[\w:#.]+")
_RESOLVER = re.compile(r"\$\{(?:eval|exec|py|python|expr)\s*:(.*)\}\s*", re.DOTALL)
_NETWORK = ("backbone", "head")
_MODULE, _ARGUMENTS = 2, 3
_LAYER = re.compile(r"[A-Za-z_][\w.]*")
_ACTIVATION = re.compile(r"(?:torch\.)?nn\.\w+(?:\([\w=., -]*\))?")
# What is named by them is a class or a function.
_NAMES = frozenset(
    {"type", "name", "module", "class", "class_name", "cls", "op", "op_type", "func", "function", "act", "loss"}
)
_LONGEST = 256 * 1024  # characters; a tree takes hundreds of times as much memory


def judge(node: Mapping[str, Any], budget: Budget) -> Iterator[Event]:
    """Judge the texts of an object that are marked as expressions, and a network's layers."""
    for value in node.values():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, str) and item.startswith("$"):
                yield from _expression(item, budget)
    for key in _NAMES & node.keys():
        name = node[key]
        if isinstance(name, str) and "(" in name and _attacks(name, budget):
            yield Found(EVALUATED, f"{key} is {short(name)}", evidence=name[:300])
    if all(isinstance(node.get(key), list) for key in _NETWORK):
        yield from _network(node)


def _expression(text: str, budget: Budget) -> Iterator[Event]:
    resolved = _RESOLVER.fullmatch(text)
    code = resolved[1].strip().strip("\"'").replace("\\'", "'") if resolved else text[1:]
    code = _REFERENCE.sub("_", code).strip()
    imported = next(_imported(_tree(code)), "")
    if imported:
        yield Found(EVALUATED, f"{short(text)} imports {imported}", evidence=text[:300])
    if _attacks(code, budget):
        yield Found(EVALUATED, f"{short(text)} is evaluated", evidence=text[:300])


def _attacks(text: str, budget: Budget) -> bool:
    """Tell whether a name is an expression that attacks."""
    tree = _tree(text)
    found = programs.judge(tree, budget) if tree is not None else ()
    return any(isinstance(event, Found) and event.rule is programs.ATTACKS for event in found)


def _tree(text: str) -> ast.Module | None:
    """Parse an expression, up to where it would take too much memory."""
    if len(text) > _LONGEST:
        raise LimitReached("it has an expression that is too long to be looked into")
    return python.parsed(text.strip())  # as `eval` does


def _imported(tree: ast.Module | None) -> Iterator[str]:
    """Yield the dangerous functions that an expression imports: another one calls them by names of their own."""
    for node in tree.body if tree else ():
        if isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{item.name}" for item in node.names)
            yield from (name for name in names if dangerous.listed(name) is not None)


def _network(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge the layers of a network, each `[from, number, module, arguments]`."""
    for key in _NETWORK:
        for layer in node[key]:
            if isinstance(layer, list) and len(layer) > _MODULE and isinstance(layer[_MODULE], str):
                module = layer[_MODULE]
                if not _LAYER.fullmatch(module) or dangerous.listed(module) is not None:
                    yield Found(EVALUATED, f"the layer {short(module)} is evaluated", subject=module[:200])
                yield from _arguments(layer[_ARGUMENTS:])
    activation = node.get("activation")
    if isinstance(activation, str) and not _ACTIVATION.fullmatch(activation):
        yield Found(EVALUATED, f"the activation {short(activation)} is evaluated", subject=activation[:200])


def _arguments(values: list[Any]) -> Iterator[Event]:
    for text in (item for value in values if isinstance(value, list) for item in value):
        tree = _tree(text) if isinstance(text, str) and "(" in text else None
        if tree is not None and any(isinstance(item, ast.Call) for item in ast.walk(tree)):
            yield Found(EVALUATED, f"the argument {short(text)} is evaluated", subject=text[:200])


JUDGE = Judge(judge, (EVALUATED,))
