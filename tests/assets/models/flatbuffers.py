"""Write FlatBuffers by hand: https://flatbuffers.dev/internals/. Parents come before what they refer to."""

import struct
from collections.abc import Mapping, Sequence

# A number as (layout, value), a text or bytes, numbers as (layout, values), tables or texts, or a table.
Node = tuple[str, int] | tuple[str, Sequence[int]] | str | bytes | list["Node"] | Mapping[int, "Node"]
_SLOT = 8


def root(table: Mapping[int, Node], identifier: bytes = b"") -> bytes:
    made = bytearray(4) + identifier
    struct.pack_into("<I", made, 0, _write(made, table))
    return bytes(made)


def _write(made: bytearray, node: Node) -> int:
    made += b"\0" * (-len(made) % _SLOT)
    at = len(made)
    match node:
        case str() | bytes():
            raw = node.encode() if isinstance(node, str) else node
            made += struct.pack("<I", len(raw)) + raw + b"\0"
        case (str() as layout, [*numbers]):
            made += struct.pack("<I", len(numbers)) + b"".join(struct.pack(f"<{layout}", each) for each in numbers)
        case list():
            made += struct.pack("<I", len(node)) + bytes(4 * len(node))
            for index, each in enumerate(node):
                _refer(made, at + 4 + 4 * index, each)
        case Mapping():
            return _table(made, at, node)
    return at


def _table(made: bytearray, at: int, fields: Mapping[int, Node]) -> int:
    places = max(fields, default=-1) + 1
    offsets = [_SLOT * (1 + index) if index in fields else 0 for index in range(places)]
    made += struct.pack(f"<HH{places}H", 4 + 2 * places, _SLOT * (places + 1), *offsets)
    made += b"\0" * (-len(made) % _SLOT)
    start = len(made)
    made += struct.pack("<i", start - at) + bytes(_SLOT * (places + 1) - 4)
    for index, node in fields.items():
        slot = start + offsets[index]
        if isinstance(node, tuple) and isinstance(node[1], int):
            struct.pack_into(f"<{node[0]}", made, slot, node[1])
        else:
            _refer(made, slot, node)
    return start


def _refer(made: bytearray, slot: int, node: Node) -> None:
    struct.pack_into("<I", made, slot, _write(made, node) - slot)
