"""Tables of data: as PyArrow writes them, and with types and metadata that readers unpickle."""

import base64
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from assets.models.case import Case, one
from assets.models.flatbuffers import Node, root
from assets.models.protobuf import varint
from assets.models.safetensors import PICKLE

_REAL = Path(__file__).parent / "benign" / "tables"
_PICKLED = {"ARROW:extension:name": b"arrow.py_extension_type", "ARROW:extension:metadata": PICKLE}


def described(metadata: Mapping[str, bytes]) -> Node:
    return [{0: key, 1: value} for key, value in metadata.items()]


def column(metadata: Mapping[str, bytes], *inner: Node) -> Node:
    whole: Node = {0: ("i", 64), 1: ("B", 1)}
    return {0: "x", 2: ("B", 13 if inner else 2), 3: {} if inner else whole, 5: list(inner), 6: described(metadata)}


def message(columns: Sequence[Node], metadata: Mapping[str, bytes]) -> bytes:
    """Make the message that a stream begins with."""
    schema: Node = {1: list(columns), 2: described(metadata)}
    flat = root({0: ("h", 4), 1: ("B", 1), 2: schema})
    flat += b"\0" * (-len(flat) % 8)
    return b"\xff" * 4 + struct.pack("<i", len(flat)) + flat


def file(columns: Sequence[Node], metadata: Mapping[str, bytes], first: bytes) -> bytes:
    """Make a file, with a message that may be another than what its footer says."""
    footer = root({0: ("h", 4), 1: {1: list(columns), 2: described(metadata)}})
    end = b"\xff" * 4 + bytes(4)
    return b"ARROW1\0\0" + first + end + footer + struct.pack("<i", len(footer)) + b"ARROW1"


def parquet(metadata: Mapping[str, bytes]) -> bytes:
    def binary(value: bytes) -> bytes:
        return b"\x18" + varint(len(value)) + value  # the next field, of the type 8

    pairs = b"".join(binary(key.encode()) + binary(value) + b"\0" for key, value in metadata.items())
    footer = b"\x15\x04" + b"\x49" + bytes([len(metadata) << 4 | 12]) + pairs + b"\0"
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


def avro(schema: bytes) -> bytes:
    key = b"avro.schema"
    size = len(schema) << 1
    coded = bytes([size & 0x7F | 0x80, size >> 7])
    return b"Obj\x01" + b"\x02" + bytes([len(key) << 1]) + key + coded + schema + b"\0" + bytes(16)


def cases() -> Iterator[Case]:
    for path in sorted(_REAL.iterdir()):
        file_name = f"data{path.suffix}"
        yield one(
            f"tables/{path.name}", "benign", path.read_bytes(), "written by PyArrow 26 or Polars 2.1", file=file_name
        )
    plain = {"pandas": b'{"columns": []}', "note": b"mentions os.system and eval()"}
    java = b'{"type": {"type": "string", "java-class": "java.math.BigDecimal"}}'
    extension = {"ARROW:extension:name": b"arrow.uuid", "ARROW:extension:metadata": b""}
    for name, content, file_name in (
        ("parquet-metadata", parquet(plain), "data.parquet"),
        ("parquet-avro", parquet({"parquet.avro.schema": java}), "data.parquet"),
        ("arrow-extension", message([column(extension)], plain), "data.arrow"),
    ):
        yield one(f"tables/{name}", "benign", content, "ordinary", file=file_name)
    for name, schema, rule in (
        ("java", b'{"type": {"type": "string", "java-class": "javax.swing.JEditorPane"}}', "arrow-java-class"),
        ("python", b"__import__('os').system('id')", "arrow-metadata-code"),
        ("pickle", PICKLE, "arrow-pickled-metadata"),
    ):
        yield one(f"tables/avro-{name}", "malicious", avro(schema), "code in data", rule, file="data.avro")
    rows = avro(b'"int"') + b"\2\2\2" + bytes(16)
    yield one("tables/avro-rows", "benign", rows, "a row", file="data.avro")
    for name, content in (("mark", rows[:-1] + b"x"), ("rows", rows + b"import os"), ("header", avro(b'"int"')[:-3])):
        yield one(f"tables/avro-other-{name}", "unknown", content, "its rows do not end", "unread", file="data.avro")
    cut = avro(b"x")[:14]
    yield one("tables/avro-cut-off", "unknown", cut, "cannot be read", "unread", file="data.avro")
    for name, content, rule in _attacks():
        ending = "parquet" if content.startswith(b"PAR1") else "arrow"
        yield one(f"tables/{name}", "malicious", content, "code in data", rule, file=f"data.{ending}")
    whole = parquet(plain)
    for name, content in {
        "parquet-cut-off": whole[:-9],
        "parquet-encrypted": whole[:-4] + b"PARE",
        "parquet-footer-too-long": whole[:-8] + struct.pack("<I", 1 << 20) + b"PAR1",
        "parquet-broken-footer": b"PAR1" + b"\x4c" * 30 + struct.pack("<I", 30) + b"PAR1",
    }.items():
        yield one(f"tables/{name}", "unknown", content, "cannot be read", "unread", file="data.parquet")
    cut = message([column({})], plain)[:60]
    yield one("tables/arrow-cut-off", "unknown", cut, "cannot be read", "unread", file="data.arrow")


def _attacks() -> Iterator[tuple[str, bytes, str]]:
    pickled = column(_PICKLED)
    harmless = message([column({})], {})
    yield "stream-of-pickled-type", message([pickled], {}), "arrow-pickled-type"
    yield "stream-of-nested-pickled-type", message([column({}, column({}, pickled))], {}), "arrow-pickled-type"
    yield "file-of-pickled-type", file([pickled], {}, harmless), "arrow-pickled-type"
    yield "file-of-pickled-type-in-stream", file([column({})], {}, message([pickled], {})), "arrow-pickled-type"
    ray = {"ARROW:extension:name": b"ray.data.arrow_pickled_object"}
    yield "stream-of-ray", message([column(ray)], {}), "arrow-pickled-type"
    inner = base64.b64encode(message([pickled], {}))
    yield "parquet-of-pickled-type", parquet({"ARROW:schema": inner}), "arrow-pickled-type"
    yield "parquet-of-pickle", parquet({"state": PICKLE}), "arrow-pickled-metadata"
    yield "parquet-of-old-pickle", parquet({"state": b"cos\nsystem\n(S'id'\ntR."}), "arrow-pickled-metadata"
    yield "stream-of-pickle", message([column({})], {"state": PICKLE}), "arrow-pickled-metadata"
    java = b'{"type": {"type": "string", "java-class": "javax.swing.JEditorPane"}}'
    yield "parquet-of-java", parquet({"parquet.avro.schema": java}), "arrow-java-class"
    yield "parquet-of-java-keys", parquet({"avro.schema": java.replace(b"class", b"key-class")}), "arrow-java-class"
    program = {"init": b"__import__('os').system('id')"}
    yield "parquet-of-python", parquet(program), "arrow-metadata-code"
    yield "parquet-of-encoded-pickle", parquet({"x": base64.b64encode(PICKLE)}), "arrow-metadata-code"
