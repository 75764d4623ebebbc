"""Folders of several files, which only together show what they are."""

import json
import struct
from collections.abc import Iterator, Mapping

from assets.models.case import Case, Expected
from assets.models.hugging_face import LLAMA
from assets.models.onnx import graph, model, node, tensor
from assets.models.scripts import MODELING

OWN = json.dumps({**LLAMA, "auto_map": {"AutoModel": "modeling_x.XModel"}}).encode()
SAFETENSORS = (8).to_bytes(8, "little") + b"{}      "
HARMLESS = b"import math\n\n\ndef area(r):\n    return math.pi * r**2\n"


def folder(name: str, expected: Expected, files: Mapping[str, bytes], why: str, *rules: str) -> Case:
    return Case(name=f"folders/{name}", expected=expected, files=files, why=why, rules=frozenset(rules))


def attacks() -> Iterator[Case]:
    files = {"config.json": OWN, "modeling_x.py": MODELING, "model.safetensors": SAFETENSORS}
    yield folder(
        "code-that-is-named",
        "malicious",
        files,
        "code that loading runs",
        "hugging-face-remote-code",
        "folder-code-is-run",
    )
    inner = {"sub/config.json": OWN, "sub/modeling_x.py": MODELING}
    yield folder("code-in-a-sub-folder", "malicious", inner, "code that loading runs", "folder-code-is-run")
    flavour = b"flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n    model_code_path: model.py\n"
    logged = {"MLmodel": flavour, "model.py": HARMLESS}
    yield folder("mlflow-code", "malicious", logged, "a model from code", "mlflow-own-code", "folder-code-is-run")
    for file in (
        "sitecustomize.py",
        "handler.py",
        "hubconf.py",
        "code/inference.py",
        "custom_generate/generate.py",
        "1/model.py",
    ):
        started = {file: HARMLESS, "model.safetensors": SAFETENSORS}
        yield folder(
            f"started-{file.replace('/', '-')}", "malicious", started, "run for its name", "folder-started-by-name"
        )
    yield folder(
        "started-lines",
        "malicious",
        {"evil.pth": b"import evil; evil.run()\n"},
        "lines that Python runs",
        "folder-started-by-name",
    )
    unpacked = {"MAR-INF/MANIFEST.json": b'{"model": {"modelName": "m", "handler": "own.py:run"}}', "own.py": HARMLESS}
    yield folder("unpacked-archive", "malicious", unpacked, "a handler of TorchServe", "folder-code-is-run")
    node_of_flow = b"nodes:\n- name: x\n  type: python\n  source: {type: code, path: own.py}\n"
    flow = {"flow.dag.yaml": node_of_flow, "own.py": HARMLESS}
    yield folder("prompt-flow", "malicious", flow, "a node of Prompt flow", "folder-code-is-run")
    entered = {".envrc": b"export A=1\n", "model.safetensors": SAFETENSORS}
    yield folder("started-by-direnv", "malicious", entered, "run when a shell enters", "folder-started-by-name")
    hook = {".git/hooks/post-checkout": b"#!/usr/bin/env python3\nprint(1)\n"}
    yield folder("started-hook", "malicious", hook, "a hook of Git", "folder-started-by-name")
    for file in ("torch.py", "numpy/__init__.py", "json.py"):
        shadow = {file: HARMLESS, "model.safetensors": SAFETENSORS}
        yield folder(
            f"shadows-{file.replace('/', '-')}", "malicious", shadow, "a module of that name", "folder-shadows-module"
        )
    below = {"bert/torch.py": HARMLESS, "bert/model.safetensors": SAFETENSORS}
    yield folder("shadows-below", "malicious", below, "in one of several models' folders", "folder-shadows-module")

    payload = struct.pack("<6f", *range(-3, 3))
    beyond = tensor("w", [2, 3], external={"location": "model.onnx.data", "offset": "4096", "length": "24"})
    short = {"model.onnx": model(graph(node("Gemm"), tensors=[beyond])), "model.onnx.data": payload}
    yield folder("data-that-ends-early", "unknown", short, "a tensor behind the end of its file", "folder-short-file")
    alone = {"model.safetensors": SAFETENSORS, "model.data": payload}
    yield folder("data-that-nothing-names", "unknown", alone, "bytes without a format", "unrecognised")


def benign() -> Iterator[Case]:
    names = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    index = json.dumps({"metadata": {}, "weight_map": {"a": names[0], "b": names[1]}}).encode()
    shards = {"model.safetensors.index.json": index, **dict.fromkeys(names, SAFETENSORS)}
    yield folder("shards", "benign", shards, "an index and its shards")
    yield folder("missing-shard", "benign", {"model.safetensors.index.json": index}, "a note", "folder-missing-file")
    scripts = {"train.py": HARMLESS, "model.safetensors": SAFETENSORS, "README.md": b"# A model\n"}
    yield folder("script-beside-weights", "benign", scripts, "a script that nothing names")
    weights = tensor("w", [2, 3], external={"location": "model.onnx.data", "offset": "0", "length": "24"})
    data = {
        "model.onnx": model(graph(node("Gemm"), tensors=[weights])),
        "model.onnx.data": struct.pack("<6f", *range(-3, 3)),
    }
    yield folder("external-data", "benign", data, "tensors in a file without a format")
    weights = tensor("w", [2, 3], external={"location": "onnx__MatMul_3301"})
    data = {
        "model.onnx": model(graph(node("Gemm"), tensors=[weights])),
        "onnx__MatMul_3301": struct.pack("<6f", *range(-3, 3)),
    }
    yield folder("external-data-without-ending", "benign", data, "a tensor in a file of its own")
    sample = {".git/hooks/post-checkout.sample": b"# an example\n", "config.json": json.dumps(LLAMA).encode()}
    yield folder("sample-hook", "benign", sample, "a hook that Git does not run")
    yield folder("modules-below", "benign", {"src/json.py": HARMLESS, "src/a.json": b"{}"}, "a module of a package")


def cases() -> Iterator[Case]:
    yield from attacks()
    yield from benign()
