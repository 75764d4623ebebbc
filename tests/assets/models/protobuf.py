"""Write protocol buffers by hand, as their wire format has them: https://protobuf.dev/programming-guides/encoding/."""

import struct


def varint(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    made = b""
    while value > 0x7F:
        made += bytes([value & 0x7F | 0x80])
        value >>= 7
    return made + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def real(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + struct.pack("<f", value)


def chunk(field: int, *values: str | bytes) -> bytes:
    """Write each value as a field of its own: texts, bytes, and messages that are bytes already."""
    raw = [value.encode() if isinstance(value, str) else value for value in values]
    return b"".join(varint(field << 3 | 2) + varint(len(each)) + each for each in raw)
