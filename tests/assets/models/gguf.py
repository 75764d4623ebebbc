"""GGUF files of every version and byte order, and what a hostile writer makes of counts, places and templates."""

import base64
import struct
from collections.abc import Iterator, Sequence
from typing import Any

from assets.models.case import Case, one
from assets.models.chat_templates import HOSTILE, ORDINARY, UNKNOWN
from assets.models.safetensors import PICKLE

U32, F32, BOOL, STRING, ARRAY, U64 = 4, 6, 7, 8, 9, 10
Pair = tuple[str, int, Any]


class Writer:
    """Writes a file, whatever is said to it.

    Args:
        version: 1 to 3.
        order: `<` or `>`.
    """

    def __init__(self, version: int = 3, order: str = "<") -> None:
        self.version = version
        self.order = order

    def number(self, value: int) -> bytes:
        return struct.pack(f"{self.order}{'I' if self.version == 1 else 'Q'}", value)

    def text(self, value: str) -> bytes:
        return self.number(len(value.encode())) + value.encode()

    def value(self, kind: int, value: Any) -> bytes:
        if kind == STRING:
            return self.text(value)
        if kind == ARRAY:
            inner, items = value
            return (
                struct.pack(f"{self.order}I", inner)
                + self.number(len(items))
                + b"".join(self.value(inner, item) for item in items)
            )
        return struct.pack(f"{self.order}{ {U32: 'I', F32: 'f', BOOL: '?', U64: 'Q'}[kind] }", value)

    def file(
        self,
        pairs: Sequence[Pair] = (),
        tensors: Sequence[tuple[str, Sequence[int], int, int]] = (),
        data: bytes = b"",
        counts: tuple[int, int] | None = None,
        alignment: int = 32,
    ) -> bytes:
        """Put a file together; `counts` in place of the true ones."""
        made = b"GGUF" + struct.pack(f"{self.order}I", self.version)
        for count in counts or (len(tensors), len(pairs)):
            made += self.number(count)
        for key, kind, value in pairs:
            made += self.text(key) + struct.pack(f"{self.order}I", kind) + self.value(kind, value)
        for name, shape, kind, offset in tensors:
            made += self.text(name) + struct.pack(f"{self.order}I", len(shape))
            made += b"".join(self.number(size) for size in shape) + struct.pack(f"{self.order}IQ", kind, offset)
        return made + b"\0" * (-len(made) % alignment) + data if tensors else made


def model(template: str, name: str = "tokenizer.chat_template") -> bytes:
    """Make a small model with a chat template."""
    return Writer().file([*LLAMA, (name, STRING, template)], [("token_embd.weight", [32, 2], 8, 0)], bytes(96))


LLAMA: Sequence[Pair] = (
    ("general.architecture", STRING, "llama"),
    ("general.name", STRING, "Tiny: says eval() and os.system, and means nothing by it"),
    ("general.quantization_version", U32, 2),
    ("general.license", STRING, "apache-2.0"),
    ("general.tags", ARRAY, (STRING, ["text-generation", "chat"])),
    ("general.base_model.0.repo_url", STRING, "https://models.example/tiny"),
    ("llama.context_length", U32, 2048),
    ("llama.rope.freq_base", F32, 10000.0),
    ("tokenizer.ggml.model", STRING, "gpt2"),
    (
        "tokenizer.ggml.tokens",
        ARRAY,
        (STRING, ["<s>", "</s>", "__class__", "{{", "%}"] + ["t"] * 300),
    ),
    ("tokenizer.ggml.token_type", ARRAY, (U32, [1] * 305)),
    ("tokenizer.ggml.add_bos_token", BOOL, True),
)


def cases() -> Iterator[Case]:
    for name, text in ORDINARY.items():
        yield one(f"gguf/template-{name}", "benign", model(text), "an ordinary chat template", file="model.gguf")
    yield from _benign()
    for name, (text, rule) in HOSTILE.items():
        yield one(f"gguf/template-{name}", "malicious", model(text), "a hostile template", rule, file="model.gguf")
    for name, (text, rule) in UNKNOWN.items():
        yield one(f"gguf/template-{name}", "unknown", model(text), "nobody vetted it", rule, file="model.gguf")
    for name, content, rule in (*_counts(), *_tensors(), *_metadata()):
        yield one(f"gguf/{name}", "malicious", content, "breaks the format's rules", rule, file="model.gguf")
    for name, content in _cut().items():
        yield one(f"gguf/{name}", "unknown", content, "cannot be read", "unread", file="model.gguf")


def _benign() -> Iterator[Case]:
    two = [("a.weight", [32, 2], 8, 0), ("b.bias", [3], 0, 96), ("c.scale", [1], 1, 128)]
    data = bytes(68) + b"\0" * 28 + bytes(12) + b"\0" * 20 + bytes(2)
    several = [*LLAMA, ("tokenizer.chat_templates", ARRAY, (STRING, ["tool_use", "rag"]))]
    several += [("tokenizer.chat_template", STRING, ORDINARY["chatml"])]
    several += [("tokenizer.chat_template.tool_use", STRING, ORDINARY["hermes-tools"])]
    aligned = [*LLAMA, ("general.alignment", U32, 64)]
    made = {
        "three-tensors": Writer().file(LLAMA, two, data),
        "version-2": Writer(2).file(LLAMA, two, data),
        "version-1": Writer(1).file(LLAMA, two, data),
        "big-endian": Writer(3, ">").file(LLAMA, two, data),
        "vocabulary-only": Writer().file(LLAMA),
        "padded-at-the-end": Writer().file(LLAMA, two, data + bytes(30)),
        "several-templates": Writer().file(several, two, data),
        "aligned-to-64": Writer().file(aligned, [("a", [4], 0, 0), ("b", [4], 0, 64)], bytes(80), alignment=64),
        "super-blocks": Writer().file(LLAMA, [("q", [256, 2], 12, 0), ("r", [256], 14, 288)], bytes(288 + 210 + 14)),
        "nothing": Writer().file(),
        "listed-in-another-order": Writer().file(LLAMA, [("b", [8], 0, 32), ("a", [8], 0, 0)], bytes(64)),
        "scalar": Writer().file(LLAMA, [("s", [], 0, 0)], bytes(4)),
    }
    for name, content in made.items():
        yield one(f"gguf/{name}", "benign", content, "as gguf-py writes it", file="model.gguf")


def _counts() -> Iterator[tuple[str, bytes, str]]:
    write = Writer()
    for name, counts in {
        "tensor-count-overflows": ((1 << 64) - 1, len(LLAMA)),
        "key-count-overflows": (0, (1 << 64) - 1),
        "tensor-count-too-large": (1 << 32, len(LLAMA)),
        "key-count-negative": (0, 1 << 63),
    }.items():
        yield name, write.file(LLAMA, counts=counts), "gguf-counts"
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
    key = write.text("a.b")
    made = {
        "key-length-overflows": head + write.number((1 << 64) - 1) + b"general.architecture",
        "text-length-overflows": head + key + struct.pack("<IQ", STRING, (1 << 64) - 1) + b"x" * 40,
        "array-length-overflows": head + key + struct.pack("<IIQ", ARRAY, U64, 1 << 61) + b"x" * 40,
        "array-of-texts-overflows": head + key + struct.pack("<IIQ", ARRAY, STRING, 1 << 62) + b"x" * 40,
        "value-of-no-type": head + key + struct.pack("<II", 99, 0) + bytes(32),
        "array-of-no-type": head + key + struct.pack("<IIQ", ARRAY, 77, 1) + bytes(32),
        "deep-arrays": head + key + struct.pack("<I", ARRAY) + struct.pack("<IQ", ARRAY, 1) * 200,
        "five-dimensions": write.file(LLAMA, [("a", [1, 1, 1, 1, 1], 0, 0)], bytes(4)),
        "many-dimensions": write.file(LLAMA)[:8] + struct.pack("<QQ", 1, 0) + write.text("a") + b"\xff" * 4 + bytes(64),
    }
    long_token = [("tokenizer.ggml.tokens", ARRAY, (STRING, ["t"] * 70))]
    cut = write.file(long_token)[:-9] + write.number(1 << 31) + b"t" * 8
    for name, content in {**made, "long-token": cut}.items():
        yield name, content, "gguf-counts"


def _tensors() -> Iterator[tuple[str, bytes, str]]:
    write = Writer()

    def placed(*tensors: tuple[str, Sequence[int], int, int], data: bytes = bytes(64)) -> bytes:
        return write.file(LLAMA, tensors, data)

    yield "tensor-twice", placed(("a", [8], 0, 0), ("a", [8], 0, 32)), "gguf-duplicate-key"
    for name, content in {
        "elements-overflow": placed(("a", [1 << 40, 1 << 40], 0, 0)),
        "elements-overflow-to-nothing": placed(("a", [1 << 63, 2], 0, 0)),
        "no-such-type": placed(("a", [8], 0xFFFFFFFF, 0)),
        "half-a-block": placed(("a", [33], 8, 0)),
        "not-aligned": placed(("a", [8], 0, 1), data=bytes(33)),
        "long-name": placed(("a" * 4096, [8], 0, 0), data=bytes(32)),
        "alignment-zero": write.file([*LLAMA, ("general.alignment", U32, 0)], [("a", [8], 0, 0)], bytes(32)),
        "alignment-odd": write.file([*LLAMA, ("general.alignment", U32, 33)], [("a", [8], 0, 0)], bytes(32)),
        "alignment-of-text": write.file([*LLAMA, ("general.alignment", STRING, "32")], [("a", [8], 0, 0)], bytes(32)),
    }.items():
        yield name, content, "gguf-tensors"
    for name, content in {
        "past-the-end": placed(("a", [8], 0, 1 << 40)),
        "larger-than-the-file": placed(("a", [1 << 20], 0, 0)),
        "overlap": placed(("a", [16], 0, 0), ("b", [8], 0, 32)),
        "hole": placed(("a", [8], 0, 0), ("b", [8], 0, 96), data=bytes(32) + PICKLE.ljust(64) + bytes(32)),
        "pickle-behind": placed(("a", [8], 0, 0), data=bytes(32) + PICKLE.ljust(40, b"\0")),
        "pickle-behind-no-tensors": write.file(LLAMA) + b"\0" * 64 + PICKLE,
    }.items():
        yield name, content, "gguf-regions"
    program = b"\x7fELF\x02\x01\x01" + bytes(57)
    yield "program-in-tensor", placed(("a", [64], 24, 0), data=program), "executable-file"


def _metadata() -> Iterator[tuple[str, bytes, str]]:
    write = Writer()
    yield "key-twice", write.file([*LLAMA, LLAMA[0]]), "gguf-duplicate-key"
    twice = [*LLAMA, ("tokenizer.chat_template", STRING, ORDINARY["chatml"])]
    twice += [("tokenizer.chat_template", STRING, HOSTILE["subclasses"][0])]
    yield "template-twice", write.file(twice), "gguf-duplicate-key"
    yield "nested-arrays", write.file([*LLAMA, ("a.b", ARRAY, (ARRAY, [(U32, [1]), (U32, [2])]))]), "gguf-nested-array"
    text, rule = HOSTILE["lipsum-globals"]
    yield "template-for-tools", model(text, "tokenizer.chat_template.tool_use"), rule
    yield "template-in-another-key", model(text, "general.description"), rule
    big = Writer(3, ">").file([*LLAMA, ("tokenizer.chat_template", STRING, text)])
    yield "template-big-endian", big, rule
    yield "template-version-1", Writer(1).file([("tokenizer.chat_template", STRING, text)]), rule
    listed = write.file([*LLAMA, ("tokenizer.chat_template", ARRAY, (STRING, [text]))])
    yield "template-in-an-array", listed, rule
    several = write.file([*LLAMA, ("tokenizer.chat_templates", ARRAY, (STRING, ["{{ x }}", text]))])
    yield "templates-in-an-array", several, rule
    for name, value in {
        "metadata-python": "__import__('os').system('id')",
        "metadata-pickle": base64.b64encode(PICKLE).decode(),
        "metadata-script": "#!/bin/sh\nid\n",
    }.items():
        yield name, write.file([*LLAMA, ("general.description", STRING, value)]), "gguf-metadata-code"


def _cut() -> dict[str, bytes]:
    whole = model(ORDINARY["chatml"])
    return {
        "cut-in-header": whole[:12],
        "cut-in-keys": whole[:600],
        "cut-in-text": Writer().file([("a", STRING, "b" * 80)])[:60],
        "no-such-version": b"GGUF" + struct.pack("<IQQ", 9, 0, 0),
    }
