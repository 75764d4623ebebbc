"""ONNX models: as exporters write them, and with what models should not do."""

import base64
from collections.abc import Iterator, Mapping, Sequence

from assets.models.case import Case, one
from assets.models.protobuf import chunk, number
from assets.models.safetensors import PICKLE

FLOAT, INT64 = 1, 7


def tensor(
    name: str,
    dims: Sequence[int],
    kind: int = FLOAT,
    raw: bytes | None = None,
    external: Mapping[str, str] | None = None,
) -> bytes:
    """Make a tensor, or one whose bytes are elsewhere."""
    made = b"".join(number(1, size) for size in dims) + number(2, kind) + chunk(8, name)
    if external:
        made += chunk(13, *(chunk(1, key) + chunk(2, value) for key, value in external.items())) + number(14, 1)
    return made + (b"" if raw is None else chunk(9, raw))


def node(kind: str, domain: str = "", attributes: bytes = b"") -> bytes:
    return chunk(1, "x") + chunk(2, "y") + chunk(3, f"n_{kind}") + chunk(4, kind) + attributes + chunk(7, domain)


def graph(*nodes: bytes, tensors: Sequence[bytes] = (), rest: bytes = b"") -> bytes:
    return (
        chunk(1, *nodes)
        + chunk(2, "g")
        + chunk(5, *tensors)
        + rest
        + chunk(11, chunk(1, "x"))
        + chunk(12, chunk(1, "y"))
    )


def model(inner: bytes, metadata: Mapping[str, str] | None = None, functions: Sequence[bytes] = ()) -> bytes:
    made = (
        number(1, 8) + chunk(2, "pytorch") + chunk(3, "2.4") + chunk(7, inner) + chunk(8, chunk(1, "") + number(2, 18))
    )
    made += chunk(14, *(chunk(1, key) + chunk(2, value) for key, value in (metadata or {}).items()))
    return made + chunk(25, *functions)


def function(name: str, *nodes: bytes, domain: str = "local") -> bytes:
    return chunk(1, name) + chunk(4, "x") + chunk(5, "y") + chunk(7, *nodes) + chunk(10, domain)


def attribute(name: str, field: int, value: bytes | str) -> bytes:
    return chunk(5, chunk(1, name) + chunk(field, value))


WEIGHTS = tensor("w", [2, 3], raw=bytes(24))

_INTS = number(1, 3) + number(2, INT64) + chunk(7, b"\x01\x02\x03") + chunk(8, "shape")


def cases() -> Iterator[Case]:
    for name, content in _benign().items():
        yield one(f"onnx/{name}", "benign", content, "as exporters write it", file="model.onnx")
    for rule, made in (
        ("onnx-external-data", _external()),
        ("onnx-external-entry", _entries()),
        ("onnx-python-operator", _python()),
        ("onnx-sizes", _sizes()),
        ("onnx-functions", _functions()),
        ("onnx-metadata-code", _metadata()),
    ):
        for name, content in made.items():
            yield one(f"onnx/{name}", "malicious", content, "what a model should not do", rule, file="model.onnx")
    custom = model(graph(node("Fast", "acme.fast")))
    yield one("onnx/custom-domain", "unknown", custom, "needs a library", "onnx-custom-operator", file="model.onnx")
    contrib = model(graph(node("MyOp", "ai.onnx.contrib")))
    yield one("onnx/own-contrib", "unknown", contrib, "no native one", "onnx-custom-operator", file="model.onnx")
    for name, content in {"input": WEIGHTS, "scalar": tensor("c", [], raw=bytes(4)), "ints": _INTS}.items():
        yield one(f"onnx/tensor-of-{name}", "benign", content, "what a model is tested with", file="input_0.pb")
    elsewhere = tensor("w", [2, 3], external={"location": "../../etc/passwd"})
    yield one(
        "onnx/tensor-elsewhere", "malicious", elsewhere, "read from elsewhere", "onnx-external-data", file="input_0.pb"
    )
    whole = model(graph(node("Relu"), tensors=[WEIGHTS]))
    yield one("onnx/cut-off", "unknown", whole[:60], "cut in its graph", "unread", file="model.onnx")


def _benign() -> dict[str, bytes]:
    branch = attribute("then_branch", 6, graph(node("Add"), tensors=[tensor("c", [], raw=bytes(4))]))
    external = {"location": "model.onnx.data", "offset": "0", "length": "24"}
    typed = number(1, 2) + number(1, 2) + number(2, FLOAT) + chunk(4, bytes(16)) + chunk(8, "f")
    texts = number(1, 2) + number(2, 8) + chunk(6, "os.system", "__import__('os')") + chunk(8, "classes")
    halves = number(1, 4) + number(2, 10) + chunk(5, b"\x00" * 4) + chunk(8, "half")
    quantised = [tensor("q", [4], 3, bytes(4)), tensor("u4", [3], 21, bytes(2)), tensor("e", [0, 8], raw=b"")]
    trees = node("TreeEnsembleClassifier", "ai.onnx.ml", attribute("nodes_modes", 9, "BRANCH_LEQ"))
    rich = {
        "author": "someone",
        "stride": "32",
        "names": "{0: 'person', 1: 'car'}",
        "description": "calls eval() rarely",
    }
    decoder = [node("BpeDecoder", "ai.onnx.contrib"), node("DecodeImage", "com.microsoft.extensions")]
    return {
        "exported": model(graph(node("Gemm"), node("Relu"), tensors=[WEIGHTS])),
        "external-data": model(graph(node("Gemm"), tensors=[tensor("w", [2, 3], external=external)])),
        "external-data-in-folder": model(graph(tensors=[tensor("w", [2, 3], external={"location": "weights/w..bin"})])),
        "metadata": model(graph(node("Conv"), tensors=[WEIGHTS]), rich),
        "scikit-learn": model(graph(trees, node("ZipMap", "ai.onnx.ml"), tensors=[texts])),
        "quantised": model(graph(node("DynamicQuantizeMatMul", "com.microsoft"), tensors=quantised)),
        "typed-data": model(graph(node("Add"), tensors=[typed, _INTS, halves])),
        "if-branches": model(graph(node("If", "", branch))),
        "functions": model(graph(node("Gelu", "local")), None, [function("Gelu", node("Erf"), node("Mul"))]),
        "functions-of-functions": model(
            graph(node("A", "local")), None, [function("A", node("B", "local")), function("B", node("Relu"))]
        ),
        "extensions": model(graph(*decoder)),
        "docstring": model(graph(node("Relu"), rest=chunk(10, "File train.py, line 1: os.system"))),
    }


def _external() -> dict[str, bytes]:
    places = {
        "absolute": "/etc/passwd",
        "parent": "../../../../etc/passwd",
        "parent-inside": "data/../../secret",
        "drive": "C:\\Windows\\win.ini",
        "backslashes": "..\\..\\secret",
        "address": "https://c.example/w.bin",
        "file-address": "file:///etc/passwd",
        "home": "~/.ssh/id_rsa",
        "share": "\\\\c.example\\share\\w",
        "memory": "*/_ORT_MEM_ADDR_/*",
        "zero-byte": "w.bin\0../../x",
    }
    made = {
        f"external-{name}": model(graph(tensors=[tensor("w", [2], external={"location": to})]))
        for name, to in places.items()
    }
    outside = tensor("w", [2], external={"location": "/etc/shadow"})
    inner = attribute("value", 5, outside)
    branch = attribute("then_branch", 6, graph(node("Constant", "", inner)))
    made["external-in-branch"] = model(graph(node("If", "", branch)))
    made["external-in-function"] = model(graph(node("F", "local")), None, [function("F", node("Constant", "", inner))])
    made["external-in-training"] = model(graph(node("Relu"))) + chunk(20, chunk(1, graph(tensors=[outside])))
    made["external-in-sparse"] = model(graph(rest=chunk(15, chunk(1, outside))))
    made["external-in-second-graph"] = model(graph(node("Relu"))) + chunk(7, graph(tensors=[outside]))
    made["external-unmarked"] = model(
        graph(tensors=[tensor("w", [2], external={"location": "../w"}).removesuffix(number(14, 1))])
    )
    context = attribute("ep_cache_context", 4, "../../engine.bin")
    made["external-context"] = model(graph(node("EPContext", "com.microsoft", context)))
    return made


def _entries() -> dict[str, bytes]:
    made = {
        "external-attribute": {"location": "w", "__class__": "x"},
        "external-negative": {"location": "w", "offset": "-8"},
        "external-huge": {"location": "w", "length": "9" * 40},
        "external-nowhere": {"offset": "0"},
    }
    return {name: model(graph(tensors=[tensor("w", [2], external=entries)])) for name, entries in made.items()}


def _python() -> dict[str, bytes]:
    made = {
        "pyop": ("PyOp", "ai.onnx.contrib"),
        "python-op": ("PythonOp", "com.microsoft"),
        "py-custom": ("PyCustomOpDef_3", "ai.onnx.contrib"),
        "python-standard": ("PyFunc", ""),
        "remote": ("AzureTextToText", "com.microsoft.extensions"),
        "shell": ("ShellExec", "acme"),
        "system": ("SystemCommand", "custom.ops"),
    }
    return {f"operator-{name}": model(graph(node(kind, domain))) for name, (kind, domain) in made.items()}


def _sizes() -> dict[str, bytes]:
    made = {
        "raw-too-short": tensor("w", [1000], raw=bytes(4)),
        "raw-too-long": tensor("w", [1], raw=bytes(4) + PICKLE),
        "dimensions-overflow": tensor("w", [1 << 40, 1 << 40], raw=bytes(4)),
        "dimension-negative": tensor("w", [-1], raw=bytes(4)),
        "nothing-there": tensor("w", [1 << 30]),
        "many-dimensions": tensor("w", [1] * 500, raw=bytes(4)),
        "typed-too-short": number(1, 1 << 20) + number(2, FLOAT) + chunk(4, bytes(16)) + chunk(8, "f"),
    }
    return {f"tensor-{name}": model(graph(node("Add"), tensors=[each])) for name, each in made.items()}


def _functions() -> dict[str, bytes]:
    doubling = [function(f"F{i}", node(f"F{i + 1}", "local"), node(f"F{i + 1}", "local")) for i in range(40)]
    main = graph(node("F0", "local"))
    return {
        "function-of-itself": model(main, None, [function("F0", node("F0", "local"))]),
        "functions-in-a-circle": model(
            main, None, [function("F0", node("F1", "local")), function("F1", node("F0", "local"))]
        ),
        "functions-that-double": model(main, None, [*doubling, function("F40", node("Relu"))]),
        "function-replaces-operator": model(graph(node("Relu")), None, [function("Relu", node("Neg"), domain="")]),
    }


def _metadata() -> dict[str, bytes]:
    made = {
        "metadata-python": "__import__('os').system('id')",
        "metadata-pickle": base64.b64encode(PICKLE).decode(),
        "metadata-script": "#!/bin/sh\nid",
    }
    return {name: model(graph(node("Relu")), {"loader": text}) for name, text in made.items()}
