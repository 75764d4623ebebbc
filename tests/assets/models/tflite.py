"""TensorFlow Lite models: as the converter writes them, and with indexes and operators that no model has."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from assets.models.case import Case, one
from assets.models.flatbuffers import Node, root
from assets.models.safetensors import PICKLE

_REAL = Path(__file__).parent / "benign" / "tensorflow"


def tensor(shape: list[int], buffer: int) -> Node:
    return {0: ("i", shape), 1: ("b", 0), 2: ("I", buffer), 3: "t"}


def operator(kind: int = 0, inputs: tuple[int, ...] = (0,), outputs: tuple[int, ...] = (1,)) -> Node:
    return {0: ("I", kind), 1: ("i", list(inputs)), 2: ("i", list(outputs))}


ADD: Node = {0: ("b", 0), 3: ("i", 0)}
EMPTY: Node = {}
WEIGHTS: Node = {0: ("B", [0] * 16)}


def custom(name: str) -> Node:
    return {0: ("b", 32), 1: name, 3: ("i", 32)}


def model(kind: Node = ADD, use: Node | None = None, weights: Node | None = None, buffer: Node = WEIGHTS) -> bytes:
    tensors: list[Node] = [tensor([2], 0), tensor([4], 1) if weights is None else weights]
    graph: Node = {0: tensors, 1: ("i", [0]), 2: ("i", [1]), 3: [operator() if use is None else use]}
    return root({0: ("I", 3), 1: [kind], 2: [graph], 3: "made by hand", 4: [EMPTY, buffer]}, b"TFL3")


def cases() -> Iterator[Case]:
    for name in ("dense", "flex"):
        content = (_REAL / f"{name}.tflite").read_bytes()
        yield one(f"tflite/{name}", "benign", content, "written by TensorFlow 2.21", file="model.tflite")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("labels.txt"), "cat\ndog\n")
    made = {
        "by-hand": model(),
        "detection": model(custom("TFLite_Detection_PostProcess")),
        "optional-input": model(use=operator(inputs=(0, -1))),
        "labels-appended": model() + packed.getvalue(),
    }
    for name, content in made.items():
        yield one(f"tflite/{name}", "benign", content, "ordinary", file="model.tflite")
    indexes = {
        "tensor-beyond": model(use=operator(inputs=(7,))),
        "tensor-negative": model(use=operator(outputs=(-2,))),
        "operator-beyond": model(use=operator(kind=9)),
        "buffer-beyond": model(weights=tensor([4], 9)),
        "tensor-larger-than-buffer": model(weights=tensor([1 << 20], 1)),
        "tensor-overflows": model(weights=tensor([1 << 30, 1 << 30, 1 << 30], 1)),
        "extent-negative": model(weights=tensor([-7], 1)),
        "buffer-outside": model(buffer={1: ("Q", 1 << 40), 2: ("Q", 16)}),
    }
    for name, content in indexes.items():
        yield one(f"tflite/{name}", "malicious", content, "leads outside", "tflite-indexes", file="model.tflite")
    for name, rule in {
        "FlexReadFile": "tensorflow-file-read",
        "FlexWriteFile": "tensorflow-file-write",
        "FlexPyFunc": "tensorflow-python-call",
    }.items():
        yield one(f"tflite/{name.lower()}", "malicious", model(custom(name)), "an operator", rule, file="model.tflite")
    hidden = io.BytesIO()
    with zipfile.ZipFile(hidden, "w") as archive:
        archive.writestr(zipfile.ZipInfo("labels.txt"), PICKLE)
    content, why = model() + hidden.getvalue(), "a pickle among its labels"
    yield one("tflite/pickle-appended", "malicious", content, why, "pickle-dangerous-call", file="model.tflite")
    content, why = model() + bytes(16) + PICKLE, "a pickle behind the model"
    yield one("tflite/pickle-behind", "malicious", content, why, "pickle-dangerous-call", file="model.tflite")
    foreign = model(custom("AcmeOp"))
    yield one("tflite/custom", "unknown", foreign, "needs a library", "tflite-custom-operator", file="model.tflite")
    for name, content in {"cut-off": model()[:90], "offset-outside": b"\xff\xff\xff\x7fTFL3" + bytes(40)}.items():
        yield one(f"tflite/{name}", "unknown", content, "cannot be read", "unread", file="model.tflite")
