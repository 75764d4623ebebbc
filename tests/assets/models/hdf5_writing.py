"""Write small HDF5 files: what h5py would not write, and what can be made without it.

The format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html (superblock 0, object headers 1).
"""

import struct
from collections.abc import Iterable, Mapping

_NOWHERE = b"\xff" * 8


def padded(body: bytes) -> bytes:
    return body + bytes(-len(body) % 8)


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("<HHB3x", kind, len(padded(body)), 0) + padded(body)


def header(messages: Iterable[bytes]) -> bytes:
    made = list(messages)
    return struct.pack("<BxHIIxxxx", 1, len(made), 1, sum(map(len, made))) + b"".join(made)


def space(shape: tuple[int, ...] = ()) -> bytes:
    return struct.pack("<BBB5x", 1, len(shape), 0) + b"".join(struct.pack("<Q", size) for size in shape)


def text_type(size: int) -> bytes:
    return struct.pack("<BBBBI", 0x13, 1, 0, 0, size)


def bytes_type() -> bytes:
    return struct.pack("<BBBBIHH", 0x10, 0, 0, 0, 1, 0, 8)


def opaque_type(size: int) -> bytes:
    return struct.pack("<BBBBI8x", 0x15, 8, 0, 0, size)


def float_type() -> bytes:
    return struct.pack("<BBBBIHHBBBBI", 0x11, 0x20, 0x1F, 0, 4, 0, 32, 23, 8, 0, 23, 127)


def attribute(name: str, value: bytes) -> bytes:
    named = name.encode() + b"\0"
    kind, extent = text_type(max(len(value), 1)), space()
    sizes = struct.pack("<BxHHH", 1, len(named), len(kind), len(extent))
    return message(0x0C, sizes + padded(named) + padded(kind) + padded(extent) + (value or b"\0"))


def hard_link(name: str, address: int) -> bytes:
    return message(0x06, struct.pack("<BBB", 1, 0, len(name.encode())) + name.encode() + struct.pack("<Q", address))


def other_link(name: str, kind: int, value: bytes) -> bytes:
    body = struct.pack("<BBBB", 1, 0x08, kind, len(name.encode())) + name.encode()
    return message(0x06, body + struct.pack("<H", len(value)) + value)


def external_link(name: str, file: str, path: str = "/secret") -> bytes:
    return other_link(name, 64, b"\0" + file.encode() + b"\0" + path.encode() + b"\0")


class File:
    """A file that is written from the beginning, its root at the end."""

    def __init__(self) -> None:
        self.body = bytearray(96)

    def put(self, piece: bytes) -> int:
        address = len(self.body)
        self.body += padded(piece)
        return address

    def dataset(self, kind: bytes, shape: tuple[int, ...], data: bytes, *more: bytes) -> int:
        place = (
            struct.pack("<BBQQ", 3, 1, self.put(data), len(data))
            if data
            else struct.pack("<BB", 3, 1) + _NOWHERE + bytes(8)
        )
        fill = message(0x05, struct.pack("<BBBB", 2, 2, 2, 0))
        return self.put(header((message(0x01, space(shape)), message(0x03, kind), fill, message(0x08, place), *more)))

    def outside(self, file: str, size: int = 64) -> int:
        """A dataset whose bytes are in another file."""
        names = b"\0" * 8 + padded(file.encode() + b"\0")
        segment = self.put(names)
        heap = self.put(b"HEAP" + bytes(4) + struct.pack("<QQQ", len(names), 1, segment))
        slots = struct.pack("<B3xHHQQQQ", 1, 1, 1, heap, 8, 0, size)
        return self.dataset(float_type(), (size // 4,), b"", message(0x07, slots))

    def filtered(self, number: int) -> int:
        """A dataset without chunks yet, which a filter must read."""
        place = struct.pack("<BBB", 3, 2, 2) + _NOWHERE + struct.pack("<II", 4, 4)
        pipeline = message(0x0B, struct.pack("<BB6xHHHH", 1, 1, number, 8, 0, 0) + b"evil\0\0\0\0")
        fill = message(0x05, struct.pack("<BBBB", 2, 3, 2, 0))
        parts = (message(0x01, space((4,))), message(0x03, float_type()), fill, message(0x08, place), pipeline)
        return self.put(header(parts))

    def done(self, messages: Iterable[bytes]) -> bytes:
        links = message(0x02, struct.pack("<BB", 0, 0) + _NOWHERE * 2)
        root = self.put(header((links, message(0x0A, bytes(2)), *messages)))
        start = b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBBBBBBHHI", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0)
        addresses = struct.pack("<Q", 0) + _NOWHERE + struct.pack("<Q", len(self.body)) + _NOWHERE
        self.body[:96] = start + addresses + struct.pack("<QQIIQQ", 0, root, 0, 0, 0, 0)
        return bytes(self.body)


def with_attributes(values: Mapping[str, str | bytes]) -> bytes:
    """A file whose root has attributes and nothing else."""
    encoded = {name: value.encode() if isinstance(value, str) else value for name, value in values.items()}
    return File().done(attribute(name, value) for name, value in encoded.items())
