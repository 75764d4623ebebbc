"""safetensors files: what the reference writes, and what a hostile writer makes of the header."""

import base64
import io
import json
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

from assets.models.case import Case, one
from assets.models.chat_templates import HOSTILE

PICKLE = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."
_DATA = b"\x80\x04}\x8c\x05scaleK\x01s."


def tensor(begin: int, end: int, dtype: str = "U8", shape: list[int] | None = None) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end]}


def file(header: dict[str, Any] | str | bytes, data: bytes = b"", length: int | None = None) -> bytes:
    text = json.dumps(header, separators=(",", ":")) if isinstance(header, dict) else header
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def padded(header: dict[str, Any], data: bytes = b"") -> bytes:
    """Pad the header with spaces to 8 bytes, as the reference does."""
    text = json.dumps(header, separators=(",", ":"))
    return file(text + " " * (-len(text) % 8), data)


def cases() -> Iterator[Case]:
    yield from _benign()
    for name, content, why, rule in _attacks():
        yield one(f"safetensors/{name}", "malicious", content, why, rule, file="model.safetensors")
    yield from _unread()


def _benign() -> Iterator[Case]:
    kohya = {
        "ss_network_module": "networks.lora",
        "ss_tag_frequency": json.dumps({"10_cat": {"cat": 10, "os.system": 1}}),
        "ss_training_comment": "uses os.system and eval() in its script; see {{braces}}",
        "modelspec.thumbnail": "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff\xe0" * 30).decode(),
        "modelspec.description": "<p>Trigger: <b>cat</b></p>",
        "modelspec.hash_sha256": "0x" + "ab" * 32,
        "sshs_model_hash": "ab" * 32,
        "config": json.dumps({"hidden_size": 8, "architectures": ["LlamaForCausalLM"]}),
        "recipe": "def forward(x):\n    return x + 1",
        "nothing": "",
        "encoded": base64.b64encode(bytes(range(64))).decode(),
    }
    types = {"a": "BOOL", "b": "F8_E4M3", "c": "BF16", "d": "F32", "e": "I64", "f": "C64"}
    sizes = {"BOOL": 1, "F8_E4M3": 1, "BF16": 2, "F32": 4, "I64": 8, "C64": 8}
    mixed, at = {}, 0
    for name, dtype in types.items():
        mixed[name] = tensor(at, at + sizes[dtype] * 6, dtype, [2, 3])
        at += sizes[dtype] * 6
    made = {
        "ordinary": padded({"__metadata__": {"format": "pt"}, "w": tensor(0, 16, "F32", [2, 2])}, b"\0" * 16),
        "every-type": padded(mixed, bytes(at)),
        "empty": padded({}),
        "only-metadata": padded({"__metadata__": {"format": "np"}}),
        "empty-tensors": padded({"a": tensor(0, 0, shape=[0, 4]), "b": tensor(0, 4), "c": tensor(4, 4)}, b"abcd"),
        "scalar": padded({"a": tensor(0, 4, "F32", [])}, b"\0" * 4),
        "order-of-names": padded({"a": tensor(4, 8), "b": tensor(0, 4)}, b"abcdefgh"),
        "half-bytes": padded({"a": tensor(0, 3, "F4", [2, 3])}, b"abc"),
        "rich-metadata": padded({"__metadata__": kohya, "a": tensor(0, 4)}, b"abcd"),
        "data-in-tensor": padded({"bytes": tensor(0, len(_DATA))}, _DATA),
        "names-beyond-ascii": padded({"größe.重み": tensor(0, 4)}, b"abcd"),
        "null-metadata": file('{"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"a"),
        "many-tensors": padded({f"layers.{i}.weight": tensor(i * 4, i * 4 + 4) for i in range(500)}, b"abcd" * 500),
    }
    for name, content in made.items():
        yield one(f"safetensors/{name}", "benign", content, "as the reference writes it", file="model.safetensors")


def _archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), PICKLE)
    return packed.getvalue()


def _attacks() -> Iterator[tuple[str, bytes, str, str]]:
    yield from _regions()
    yield from _sizes()
    yield from _tensors()
    good = json.dumps({"a": tensor(0, 4)})
    yield "huge-header", file(good, b"abcd", 1 << 40), "a header longer than the reference allows", "safetensors-header"
    yield "negative-header", file(good, b"abcd", (1 << 64) - 1), "a length that is -1 if signed", "safetensors-header"
    yield "white-space-first", file(" \n\t" + good, b"abcd"), "white space before the brace", "safetensors-header"
    first, second = json.dumps(tensor(0, 4)), json.dumps(tensor(0, 4, "I8"))
    twice = f'{{"a":{first},"a":{second}}}'
    yield "same-name-twice", file(twice, b"abcd"), "one name, two tensors", "safetensors-duplicate-key"
    field = '{"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}'
    yield "same-field-twice", file(field, b"abcd"), "one tensor, two types", "safetensors-duplicate-key"
    both = f'{{"__metadata__":{{"k":"1","k":"2"}},"a":{first}}}'
    yield "same-metadata-twice", file(both, b"abcd"), "one key of metadata, two values", "safetensors-duplicate-key"
    escaped = f'{{"a":{first},"\\u0061":{second}}}'
    yield "same-name-escaped", file(escaped, b"abcd"), "one name, written in two ways", "safetensors-duplicate-key"
    carried = {
        "metadata-python": "__import__('os').system('id')",
        "metadata-program": "import subprocess\nsubprocess.run(['id'])",
        "metadata-pickle": base64.b64encode(PICKLE).decode(),
        "metadata-script": "#!/bin/sh\nid",
        "metadata-markup": "<script>fetch('//c.example')</script>",
        "metadata-yaml": "loader: !!python/object/apply:os.system ['id']",
        "metadata-in-json": json.dumps({"init": ["exec('1')"]}),
    }
    for name, text in carried.items():
        content = padded({"__metadata__": {"loader": text}, "a": tensor(0, 4)}, b"abcd")
        yield name, content, "metadata that are made to be run", "safetensors-metadata-code"
    template, rule = HOSTILE["lipsum-globals"]
    content = padded({"__metadata__": {"chat_template": template}, "a": tensor(0, 4)}, b"abcd")
    yield "metadata-template", content, "a template that runs a program", rule


def _tensors() -> Iterator[tuple[str, bytes, str, str]]:
    why = "what Transformer Engine and others keep in a tensor, and unpickle"
    yield "pickle-in-tensor", padded({"bytes": tensor(0, len(PICKLE))}, PICKLE), why, "pickle-dangerous-call"
    row = padded({"extra": tensor(0, len(PICKLE), shape=[1, len(PICKLE)])}, PICKLE)
    yield "pickle-in-row", row, why, "pickle-dangerous-call"
    program = b"\x7fELF\x02\x01\x01" + bytes(57)
    yield "program-in-tensor", padded({"bytes": tensor(0, 64, "I8")}, program), "no numbers", "executable-file"


def _regions() -> Iterator[tuple[str, bytes, str, str]]:
    made = {
        "overlap": file({"a": tensor(0, 4), "b": tensor(2, 6)}, b"abcdef"),
        "same-region": file({"a": tensor(0, 4), "b": tensor(0, 4)}, b"abcd"),
        "hole": file({"a": tensor(0, 4), "b": tensor(4 + len(PICKLE), 8 + len(PICKLE))}, b"abcd" + PICKLE + b"efgh"),
        "hole-first": file({"a": tensor(8, 12)}, b"\0" * 12),
        "pickle-behind": file({"a": tensor(0, 4)}, b"abcd" + PICKLE),
        "zip-behind": file({"a": tensor(0, 4)}, b"abcd" + _archive()),
        "zip-behind-nothing": file({}, _archive()),
        "executable-behind": file({"a": tensor(0, 4)}, b"abcd\x7fELF\x02\x01\x01" + b"\0" * 60),
        "one-byte-behind": file({"a": tensor(0, 4)}, b"abcd\n"),
        "past-the-end": file({"a": tensor(0, 1 << 40)}, b"abcdefgh"),
        "backwards": file('{"a":{"dtype":"U8","shape":[4],"data_offsets":[8,4]}}', b"abcdefgh"),
    }
    for name, content in made.items():
        yield name, content, "regions that do not make up the file", "safetensors-regions"


def _sizes() -> Iterator[tuple[str, bytes, str, str]]:
    made = {
        "shape-larger": file({"a": tensor(0, 4, shape=[400])}, b"abcd"),
        "shape-smaller": file({"a": tensor(0, 4, shape=[1])}, b"abcd"),
        "shape-overflows": file({"a": tensor(0, 4, "F32", [1 << 62, 4, 1])}, b"abcd"),
        "shape-overflows-to-nothing": file({"a": tensor(0, 0, "F32", [1 << 62, 4, 0])}),
        "unknown-type": file({"a": tensor(0, 4, "OBJECT")}, b"abcd"),
        "half-a-byte": file({"a": tensor(0, 2, "F4", [3])}, b"ab"),
    }
    for name, content in made.items():
        yield name, content, "a tensor that lies about its size", "safetensors-sizes"


def _unread() -> Iterator[Case]:
    good = json.dumps({"a": tensor(0, 4)})
    made = {
        "cut-in-header": file(good, b"", 100),
        "not-utf-8": file(b'{"\xff":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}', b"abcd"),
        "zeros-after-header": file(good + "\0\0", b"abcd"),
        "shape-negative": file('{"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}', b"abcd"),
        "shape-fraction": file('{"a":{"dtype":"U8","shape":[4.0],"data_offsets":[0,4]}}', b"abcd"),
        "long-number": file('{"a":{"dtype":"U8","shape":[%s],"data_offsets":[0,4]}}' % ("9" * 5000), b"abcd"),
        "deep": file('{"a":' + "[" * 100_000, b""),
        "metadata-numbers": file({"__metadata__": {"a": 1}}),
        "nan": file('{"a":NaN}'),
    }
    for name, content in made.items():
        yield one(f"safetensors/{name}", "unknown", content, "cannot be read", "unread", file="model.safetensors")
