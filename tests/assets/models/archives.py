"""Archives made byte by byte, honest ones and others. Nothing in them is ever unpacked to a disk."""

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

_ALIKE = (1980, 1, 1, 0, 0, 0)


def zipped(
    members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b"", **fields: Any
) -> bytes:
    """Make a zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _ALIKE)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.writestr(info, content, method)
    return file.getvalue()


def local_record(name: bytes, content: bytes, *, flags: int = 0, method: int = 0, crc: int | None = None) -> bytes:
    """Make the header of a zip archive's member, with the member."""
    checksum = zlib.crc32(content) if crc is None else crc
    sizes = (checksum, len(content), len(content), len(name), 0)
    return struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, flags, method, 0, 33, *sizes) + name + content


def central_record(name: bytes, content: bytes, offset: int, *, flags: int = 0, extra: bytes = b"") -> bytes:
    """Make the record of a member in a zip archive's directory."""
    sizes = (zlib.crc32(content), len(content), len(content), len(name), len(extra), 0, 0, 0, 0, offset)
    return struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, flags, 0, 0, 33, *sizes) + name + extra


def end_record(count: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    """Make the end of a zip archive."""
    return struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, size, offset, len(comment)) + comment


def changed(content: bytes, record: bytes, position: int, value: bytes, *, last: bool = False) -> bytes:
    """Change bytes at a position of the first record of a kind (or the last)."""
    start = (content.rfind(record) if last else content.find(record)) + position
    return content[:start] + value + content[start + len(value) :]


def tarred(members: Mapping[str, bytes], form: int = tarfile.PAX_FORMAT, **fields: Any) -> bytes:
    """Make a tar archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def tar_changed(content: bytes, offset: int, position: int, value: bytes) -> bytes:
    """Change bytes of the header at an offset of a tar archive, and make its checksum right."""
    block = bytearray(content[offset : offset + 512])
    block[position : position + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return content[:offset] + bytes(block) + content[offset + 512 :]


def sevenzipped(members: Mapping[str, bytes], method: str = "lzma2") -> bytes:
    """Make a 7z archive with one folder: https://github.com/ip7z/7zip/blob/24.09/DOC/7zFormat.txt.

    Args:
        members: What is in it; none may be empty.
        method: `lzma2`, `copy`, or `aes` for what only says that it is encrypted.
    """
    whole = b"".join(members.values())
    packed = whole
    if method == "lzma2":
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
        packed = lzma.compress(whole, lzma.FORMAT_RAW, filters=filters)
    coder = {"lzma2": b"\x21\x21\x01\x08", "copy": b"\x01\x00", "aes": b"\x24\x06\xf1\x07\x01\x01\x00"}[method]
    names = "".join(f"{name}\0" for name in members).encode("utf-16-le")
    header = b"".join(
        (
            b"\x01\x04",
            b"\x06\x00\x01\x09" + _number(len(packed)) + b"\x00",
            b"\x07\x0b\x01\x00\x01" + coder + b"\x0c" + _number(len(whole)) + b"\x00",
            b"\x08\x0d" + _number(len(members)) + _split(members) + b"\x00\x00",
            b"\x05" + _number(len(members)) + b"\x11" + _number(len(names) + 1) + b"\x00" + names + b"\x00\x00",
        )
    )
    start = struct.pack("<QQL", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<L", zlib.crc32(start)) + start + packed + header


def _split(members: Mapping[str, bytes]) -> bytes:
    sizes = [len(content) for content in members.values()][:-1]
    return b"\x09" + b"".join(map(_number, sizes)) if sizes else b""


def _number(value: int) -> bytes:
    """Write a number as 7z does: the ones that the first byte begins with count the bytes after it."""
    for extra in range(8):
        if value < 1 << (7 * extra + 7):
            first = (0xFF << (8 - extra)) & 0xFF | value >> (8 * extra)
            return bytes([first]) + (value & ((1 << (8 * extra)) - 1)).to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")
