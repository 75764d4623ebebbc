"""Judge the graph of an exported program by the operators that its nodes name.

How they are resolved: https://github.com/pytorch/pytorch/blob/v2.9.0/torch/_export/serde/serialize.py
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.rule import Rule
from modelseal.models.torch_zips import scripts

TARGET = Rule(
    id="pt2-target",
    title="A node of a graph that is no operator",
    severity=Severity.HIGH,
    happens="PyTorch looks the name up by attributes, from `torch` on, which lead to any function that it imports.",
    remedy="Do not use the file. Write it anew: `torch.export.save(torch.export.export(model, inputs), FILE)`.",
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-470", "CWE-502"),
)
FILES = Rule(
    id="pt2-file-access",
    title="An exported program that reads or writes files, or calls other machines",
    severity=Severity.HIGH,
    happens="When the program runs, it reads files of whoever runs it, overwrites them, or makes calls elsewhere.",
    remedy="Do not run the program.",
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-73", "CWE-506"),
)
UNKNOWN_OPERATOR = Rule(
    id="pt2-unknown-operator",
    title="An operator of a library that is not known",
    severity=Severity.UNKNOWN,
    happens="The program only runs where that library was loaded before; what its operator does is not known.",
    remedy="Find out which library it is. If you trust it, allow its name in the policy, or waive this finding.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-829",),
)
RULES = (TARGET, FILES, UNKNOWN_OPERATOR)

_OPERATOR = re.compile(r"torch\.ops\.(\w+)\.(\w+)(?:\.\w+)?")
_PLAIN = re.compile(r"_operator\.\w+|math\.\w+|torch\.sym_\w+|torch\._sym_sqrt|torch\.(?:ops\.)?higher_order\.\w+")
_INDIRECT = frozenset({"_operator.attrgetter", "_operator.methodcaller", "_operator.call", "_operator.itemgetter"})


def judged(content: Content, budget: Budget) -> Iterator[Event]:
    """Tell which nodes of a graph do more than compute.

    Raises:
        ValueError: It is no JSON.
        RecursionError: It is nested too deeply.
    """
    for target in dict.fromkeys(_targets(json.loads(content.read()), budget)):
        shown = target[:200]
        match = _OPERATOR.fullmatch(target)
        if match is None and (not _PLAIN.fullmatch(target) or target in _INDIRECT):
            yield Found(TARGET, f"a node calls {shown!r}", subject=shown)
        found = scripts.operator((match[1], match[2])) if match else None
        if found:
            rule = UNKNOWN_OPERATOR if found[0] is scripts.UNKNOWN_OPERATOR else FILES
            yield Found(rule, f"a node calls {found[1]}", subject=found[1])


def _targets(document: Any, budget: Budget) -> Iterator[str]:
    """Find every list of nodes, however deep, and what its nodes name."""
    waiting = [document]
    while waiting:
        value = waiting.pop()
        budget.steps(1)
        if isinstance(value, dict):
            nodes = value.get("nodes")
            for node in nodes if isinstance(nodes, list) else ():
                if isinstance(node, dict) and isinstance(node.get("target"), str):
                    yield node["target"]
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
