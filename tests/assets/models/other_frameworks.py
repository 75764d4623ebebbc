"""Vocabularies, parameters and programs of further frameworks: SentencePiece, Core ML, PaddlePaddle, Flax."""

import base64
import struct
from collections.abc import Iterator

from assets.models.case import Case, one
from assets.models.protobuf import chunk, number, real
from assets.models.safetensors import PICKLE


def cases() -> Iterator[Case]:
    yield from _sentencepiece()
    yield from _coreml()
    yield from _paddle()
    yield from _parameters()
    yield from _msgpack()
    yield one("msgpack/empty", "benign", b"\x80", "what spaCy keeps where it has no vectors", file="key2row")


def _sentencepiece() -> Iterator[Case]:
    pieces = [chunk(1, text) + real(2, -float(place)) for place, text in enumerate(["<unk>", "▁the", "__class__"])]
    special = chunk(1, "<s>") + real(2, 0.0) + number(3, 3)
    whole = chunk(1, *pieces, special) + chunk(2, number(4, 4)) + chunk(3, chunk(1, "nmt_nfkc"))
    yield one("sentencepiece/small", "benign", whole, "as SentencePiece writes it", file="tokenizer.model")
    onnx = chunk(1, pieces[0]) * 70 + chunk(7, chunk(1, chunk(4, "PyOp"))) + chunk(8, number(2, 18))
    why = "an ONNX model behind pieces, which ONNX skips"
    yield one("sentencepiece/onnx-behind", "unknown", onnx, why, "unread", file="tokenizer.model")
    cut = whole + chunk(1, b"\xff\xff\xff")
    yield one("sentencepiece/broken-piece", "unknown", cut, "cannot be read", "unread", file="tokenizer.model")


def _coreml() -> Iterator[Case]:
    def model(kind: int, inner: bytes, **metadata: str) -> bytes:
        described = chunk(1, chunk(1, "input")) + chunk(10, chunk(1, "output"))
        pairs = [chunk(1, key) + chunk(2, value) for key, value in metadata.items()]
        return number(1, 4) + chunk(2, described + chunk(100, chunk(100, *pairs))) + chunk(kind, inner)

    plain = model(500, chunk(1, chunk(1, "dense")), author="someone", note="calls eval()")
    yield one("coreml/neural-network", "benign", plain, "as coremltools writes it", file="model.mlmodel")
    yield one("coreml/pipeline", "benign", model(202, chunk(1, plain)), "a pipeline", file="model.mlmodel")
    rule, encoded = "coreml-metadata-code", base64.b64encode(PICKLE).decode()
    for name, text in {"python": "__import__('os').system('id')", "pickle": encoded}.items():
        content = model(500, b"", loader=text)
        yield one(f"coreml/{name}", "malicious", content, "code in metadata", rule, file="model.mlmodel")
        inside = model(200, chunk(1, chunk(1, content)))
        yield one(f"coreml/{name}-in-pipeline", "malicious", inside, "in a pipeline", rule, file="model.mlmodel")
    custom = model(555, chunk(10, "AcmeModel"))
    yield one("coreml/custom", "unknown", custom, "a class of an app", "coreml-custom-model", file="model.mlmodel")


def _paddle() -> Iterator[Case]:
    def program(*names: str) -> bytes:
        operators = [chunk(1, chunk(1, "X") + chunk(2, "x")) + chunk(3, name) for name in names]
        block = number(1, 0) + number(2, 0) + chunk(3, chunk(1, "x")) + chunk(4, *operators)
        return chunk(1, block) + chunk(4, number(1, 0))

    plain = program("feed", "conv2d", "fetch")
    yield one("paddle/program", "benign", plain, "as PaddlePaddle writes it", file="model.pdmodel")
    for name in ("py_func", "py_layer", "save", "load_combine", "read_file", "listen_and_serv"):
        content = program("feed", name)
        yield one(f"paddle/{name}", "malicious", content, "an operator", "paddle-operator", file="model.pdmodel")


def _parameters() -> Iterator[Case]:
    described = number(1, 5) + number(2, 2) + number(2, 3)
    tensor = struct.pack("<IQIi", 0, 0, 0, len(described)) + described + bytes(24)
    yield one("paddle/parameters", "benign", tensor * 2, "as PaddlePaddle writes them", file="model.pdiparams")
    rule, name = "paddle-parameters-trailing", "model.pdiparams"
    yield one("paddle/pickle-behind", "malicious", tensor + PICKLE, "a pickle behind tensors", rule, file=name)
    for why, content in {
        "cut-off": tensor[:-4],
        "endless": tensor[:20] + b"\x08\x05\x10" + b"\xff" * 9 + b"\x01",
    }.items():
        yield one(f"paddle/parameters-{why}", "unknown", content, "cannot be read", "unread", file=name)


def _msgpack() -> Iterator[Case]:
    def text(value: str) -> bytes:
        return bytes([0xA0 | len(value)]) + value.encode()

    def extension(kind: int, payload: bytes) -> bytes:
        return b"\xc7" + struct.pack("Bb", len(payload), kind) + payload

    array = extension(1, b"\x93\x91\x02" + text("float32") + b"\xc4\x08" + bytes(8))
    plain = b"\x82" + text("params") + b"\x81" + text("kernel") + array + text("step") + b"\x03"
    mapped = (
        b"\x85\xc4\x02nd\xc3\xc4\x04type\xa3<f4\xc4\x04kind\xc4\x00\xc4\x05shape\x91\x01\xc4\x04data\xc4\x04" + bytes(4)
    )
    name = "flax_model.msgpack"
    yield one("msgpack/flax", "benign", plain, "as Flax writes it", file=name)
    yield one("msgpack/numpy", "benign", mapped, "as msgpack-numpy writes it", file=name)
    objects = extension(1, b"\x93\x91\x01" + text("object") + b"\xc4\x08" + bytes(8))
    pickled = mapped.replace(b"kind\xc4\x00", b"kind\xc4\x01O")
    for why, content in {
        "numpy-objects": pickled,
        "numpy-objects-within": b"\x81" + text("params") + pickled,
        "flax-objects": b"\x81" + text("params") + objects,
    }.items():
        yield one(f"msgpack/{why}", "malicious", content, "unpickled when read", "msgpack-pickled-array", file=name)
    yield one("msgpack/pickle-behind", "malicious", plain + PICKLE, "a pickle behind", "msgpack-trailing", file=name)
    foreign = b"\x81" + text("params") + extension(42, b"abc")
    yield one("msgpack/extension", "unknown", foreign, "nobody knows it", "msgpack-extension", file=name)
    deep = b"\x81" + text("a") + b"\x91" * 5000
    yield one("msgpack/deep", "unknown", deep, "nested too deeply", "limit-reached", file=name)
    yield one("msgpack/cut-off", "unknown", plain[:-8], "cannot be read", "unread", file=name)
    huge = b"\x81" + text("a") + b"\xc6\xff\xff\xff\xff"
    yield one("msgpack/huge", "unknown", huge, "cannot be read", "unread", file=name)
