"""Write pickles opcode by opcode: what attacks do is what no pickler writes."""

import struct

SHELL = "echo harmless"


def text(value: str) -> bytes:
    """Write BINUNICODE."""
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def short(value: str) -> bytes:
    """Write SHORT_BINUNICODE."""
    encoded = value.encode()
    return b"\x8c" + bytes([len(encoded)]) + encoded


def raw(value: bytes) -> bytes:
    """Write BINBYTES."""
    return b"B" + struct.pack("<I", len(value)) + value


def line(module: str, name: str) -> bytes:
    """Write GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def stacked(module: str, name: str) -> bytes:
    """Write STACK_GLOBAL."""
    return short(module) + short(name) + b"\x93"


def several(*values: bytes) -> bytes:
    """Write a tuple."""
    return b"(" + b"".join(values) + b"t"


def called(callee: bytes, *arguments: bytes) -> bytes:
    """Write REDUCE."""
    return callee + several(*arguments) + b"R"


def whole(body: bytes, protocol: int = 4) -> bytes:
    """Write a pickle with its signature and STOP."""
    return bytes([0x80, protocol]) + body + b"."


def framed(body: bytes, size: int | None = None) -> bytes:
    """Write a pickle of protocol 4 in a frame, of a length that is told or true."""
    return b"\x80\x04\x95" + struct.pack("<Q", len(body) if size is None else size) + body


SYSTEM = stacked("os", "system")
ATTACK = called(SYSTEM, short(SHELL))
