"""Judge the nodes of a skops archive's schema: which types they name, and what loading them would do.

How they are loaded: https://github.com/skops-dev/skops/tree/v0.16.0/skops/io
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.pickles import dangerous
from modelseal.models.pickles import known as globals_known
from modelseal.models.rule import Rule

_ATLAS = ("AML.T0011.000", "AML.T0010.003")
DANGEROUS = Rule(
    id="skops-dangerous-type",
    title="A type or function that no estimator is made of",
    severity=Severity.CRITICAL,
    happens="Whoever trusts the types of the file, as `trusted=get_untrusted_types(...)` does, has it called.",
    remedy="Do not load the file. Ask for the estimator's parameters, and train it anew.",
    atlas=_ATLAS,
    cwe=("CWE-502", "CWE-470"),
    references=("CVE-2024-37065", "CVE-2025-54412", "CVE-2025-54413"),
)
METHOD = Rule(
    id="skops-method",
    title="A method that is taken from an object, or called on it",
    severity=Severity.HIGH,
    happens="Nodes of this kind have led out of what skops checks: through attributes of attributes, and by calling "
    "what the name of a type did not show.",
    remedy="Do not load the file. Update skops to 0.12.0 or newer, and have the model saved without bound methods.",
    atlas=_ATLAS,
    cwe=("CWE-502", "CWE-351"),
    references=("CVE-2025-54412", "CVE-2025-54413"),
)
OWN = Rule(
    id="skops-own-type",
    title="A type that is of no library that is known",
    severity=Severity.UNKNOWN,
    happens="Its module is imported, and an object of it is made. The file does not say what that does.",
    remedy="If it is your own, allow it in the policy by exactly this name.",
    atlas=_ATLAS,
    cwe=("CWE-502",),
)
NODE = Rule(
    id="skops-unknown-node",
    title="A node of a kind that skops does not write",
    severity=Severity.HIGH,
    happens="What a newer or altered version of skops would do with it is not known.",
    remedy="Save the model anew with a released version of skops.",
    atlas=_ATLAS,
    cwe=("CWE-502",),
)
_KINDS = frozenset(
    {"BytearrayNode", "BytesNode", "CachedNode", "ConstructorFromReduceNode", "DTypeNode", "DatetimeNode", "DictNode"}
    | {"DefaultDictNode", "FunctionNode", "JsonNode", "ListNode", "LossNode", "MaskedArrayNode", "MethodNode"}
    | {"NdArrayNode", "ObjectNode", "OperatorFuncNode", "PartialNode", "QuantileForestNode", "RandomGeneratorNode"}
    | {"RandomStateNode", "ReduceNode", "SGDNode", "SetNode", "SliceNode", "SparseMatrixNode", "TreeNode", "TupleNode"}
    | {"TypeNode", "UnsupportedTypeNode", "_DictWithDeprecatedKeysNode"}
)
_HARMLESS = frozenset({("operator", "attrgetter"), ("operator", "itemgetter"), ("functools", "partial")})


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge one node, without those in it."""
    kind = node.get("__loader__")
    if not isinstance(kind, str) or "__class__" not in node or "__module__" not in node:
        return
    if kind not in _KINDS:
        yield Found(NODE, f"it has a node of the kind {short(kind)}", subject=kind[:200])
    module, name = str(node["__module__"]), str(node["__class__"])
    if kind == "OperatorFuncNode":
        yield from _operator(module, name)
    else:
        yield from _type(module, name)
    if kind == "FunctionNode" and isinstance(content := node.get("content"), dict):  # as skops wrote it before 0.3
        yield from _type(str(content.get("module_path")), str(content.get("function")))
    if kind == "MethodNode":
        content = node.get("content")
        function = content.get("func") if isinstance(content, dict) else None
        yield Found(
            METHOD,
            f"the method {short(function)} of a {module}.{name} is taken",
            subject=f"{module}.{name}.{function}"[:200],
        )


def _type(module: str, name: str) -> Iterator[Event]:
    full = f"{module}.{name}"
    if (module, name) in _HARMLESS:
        return
    technique = dangerous.technique(module, name)
    if globals_known.use(module, name) is not None:
        return
    if technique is not None:
        yield Found(DANGEROUS, f"{short(full)} is named, which {technique.happens}", subject=full[:200])
    elif (acts := globals_known.acts(module, name)) is not None:
        yield Found(DANGEROUS, f"{short(full)} is named, which {acts.happens}", subject=full[:200])
    else:
        yield Found(OWN, f"{short(full)} is of no library that is known", subject=full[:200])


def _operator(module: str, name: str) -> Iterator[Event]:
    """Judge what is made with a function of the module operator, whatever the node says that its module is."""
    if (module, name) not in _HARMLESS:
        worst = None if (module, name) == ("operator", "methodcaller") else Severity.CRITICAL
        yield Found(METHOD, f"operator.{name[:200]} is called", subject=f"operator.{name}"[:200], severity=worst)


JUDGE = Judge(judge, (DANGEROUS, METHOD, OWN, NODE))
