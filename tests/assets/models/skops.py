"""Skops archives: estimators that skops wrote, and schemas that name what no estimator needs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.models.case import Case, one
from assets.models.keras_v2 import PICKLE
from assets.models.keras_v3 import archive

BENIGN = Path(__file__).parent / "benign" / "skops"


def node(module: str, name: str, kind: str = "ObjectNode", **more: Any) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": kind, "__id__": 1, **more}


def saved(root: dict[str, Any], **members: bytes) -> bytes:
    schema = json.dumps({**root, "protocol": 2, "_skops_version": "0.11.0"})
    return archive({**members, "schema.json": schema})


def mapping(**values: Any) -> dict[str, Any]:
    names = node("builtins", "list", "ListNode", content=[node("builtins", "str", "TypeNode") for _ in values])
    return node("builtins", "dict", "DictNode", content=values, key_types=names)


def attacks() -> Iterator[tuple[str, dict[str, Any], str]]:
    yield "system", node("posix", "system", "FunctionNode"), "skops-dangerous-type"
    yield "eval-type", node("builtins", "eval", "TypeNode"), "skops-dangerous-type"
    yield "popen-object", node("subprocess", "Popen", content=mapping()), "skops-dangerous-type"
    partial: dict[str, Any] = {"func": node("os", "system", "FunctionNode"), "args": [], "kwds": {}, "namespace": None}
    yield "partial-of-system", node("functools", "partial", "PartialNode", content=partial), "skops-dangerous-type"
    content = {"module_path": "subprocess", "function": "check_output"}
    yield "function-of-old", node("builtins", "function", "FunctionNode", content=content), "skops-dangerous-type"
    bound = {"func": "__globals__", "obj": node("sklearn.linear_model._logistic", "LogisticRegression")}
    yield (
        "method-dunder",
        node("sklearn.linear_model._logistic", "LogisticRegression", "MethodNode", content=bound),
        "skops-method",
    )
    attributes = node("builtins", "tuple", "TupleNode", content=[])
    yield "method-caller", node("operator", "methodcaller", "OperatorFuncNode", attrs=attributes), "skops-method"
    yield "operator-call", node("operator", "call", "OperatorFuncNode", attrs=attributes), "skops-method"
    yield (
        "operator-of-another-module",
        node("builtins", "itemgetter", "OperatorFuncNode", attrs=attributes),
        "skops-method",
    )
    reduced = {"args": node("builtins", "tuple", "TupleNode", content=[])}
    yield "reduce", node("os", "system", "ConstructorFromReduceNode", __reduce__=reduced), "skops-dangerous-type"
    hidden = mapping(steps=node("builtins", "list", "ListNode", content=[node("pty", "spawn", "FunctionNode")]))
    yield "deep-in-a-pipeline", node("sklearn.pipeline", "Pipeline", content=hidden), "skops-dangerous-type"
    yield "unknown-kind", node("builtins", "str", "EvalNode"), "skops-unknown-node"
    yield "joblib-load", node("joblib", "load", "FunctionNode"), "skops-dangerous-type"
    yield "numpy-testing", node("numpy.testing._private.utils", "runstring", "FunctionNode"), "skops-dangerous-type"


def cases() -> Iterator[Case]:
    for name, root, rule in attacks():
        yield one(f"skops/{name}", "malicious", saved(root), "a type that no estimator has", rule, file="model.skops")
    yield one(
        "skops/pickle-by-its-name",
        "malicious",
        PICKLE,
        "a pickle, which a model card loads with joblib",
        "disguised",
        file="model.skops",
    )
    array = node("numpy", "ndarray", "NdArrayNode", type="numpy", file="1.npy")
    header = b"\x93NUMPY\x01\0v\0" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    yield one(
        "skops/object-array",
        "malicious",
        saved(array, **{"1.npy": header + PICKLE}),
        "an array of objects",
        file="model.skops",
    )
    own = node("my_package.estimators", "MyEstimator", content=mapping())
    yield one(
        "skops/own-estimator", "unknown", saved(own), "the user's own estimator", "skops-own-type", file="model.skops"
    )
    for path in sorted(BENIGN.glob("*.skops")):
        yield one(f"skops/{path.name}", "benign", path.read_bytes(), "written by skops 0.16.0", file=path.name)
    getter = node(
        "operator", "itemgetter", "OperatorFuncNode", attrs=node("builtins", "tuple", "TupleNode", content=[])
    )
    yield one("skops/item-getter", "benign", saved(getter), "a function that takes an item", file="model.skops")
