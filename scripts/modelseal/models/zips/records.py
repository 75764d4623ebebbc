"""The records of a zip archive: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (6.3.10)."""

import stat
import struct
from dataclasses import dataclass

from modelseal.models.content import Content

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"
END_64 = b"PK\x06\x06"
LOCATOR_64 = b"PK\x06\x07"
DESCRIPTOR = b"PK\x07\x08"

STORED, DEFLATED, BZIP2, LZMA, ZSTANDARD, XZ = 0, 8, 12, 14, 93, 95

FULL_16 = 0xFFFF
FULL_32 = 0xFFFFFFFF

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_EXTRA = struct.Struct("<2H")
_ZIP_64 = 0x0001
_UNICODE_PATH = 0x7075

_UTF_8 = 1 << 11
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_DESCRIBED_LATER = 1 << 3


@dataclass(frozen=True, slots=True)
class Entry:
    """What a record says of a member: one of the directory's, or the member's own header.

    Attributes:
        raw_name: The name's bytes.
        flags: The general purpose bits.
        method: How it is compressed.
        crc: The CRC-32 of the unpacked bytes.
        packed: Size in the archive, in bytes.
        size: Size when unpacked, in bytes.
        header: Offset of the member's own header.
        attributes: The external attributes; 0 in a member's own header.
        other_name: A second name, in an extra field that some readers prefer (Info-ZIP's Unicode path); else empty.
        record: Offset of this record.
        length: Size of this record, in bytes.
    """

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int
    attributes: int
    other_name: bytes
    record: int
    length: int

    @property
    def name(self) -> str:
        """The name as text, as Python decodes it."""
        return self.raw_name.decode("utf-8" if self.flags & _UTF_8 else "cp437", "backslashreplace")

    @property
    def encrypted(self) -> bool:
        """Whether a flag says so."""
        return bool(self.flags & _ENCRYPTED)

    @property
    def described_later(self) -> bool:
        """Whether checksum and sizes follow the data, and may be missing in the member's own header."""
        return bool(self.flags & _DESCRIBED_LATER)

    @property
    def folder(self) -> bool:
        """Whether its name is that of a folder."""
        return self.raw_name.endswith(b"/")

    @property
    def link(self) -> bool:
        """Whether it is a symbolic link to readers that know Unix modes."""
        return stat.S_ISLNK(self.attributes >> 16)


def central(content: Content, offset: int, end: int, shift: int) -> Entry | None:
    """Read a record of the directory; None where there is none.

    Args:
        content: The archive.
        offset: Where the record begins.
        end: Where the directory ends.
        shift: What lies before the archive: to be added to the offsets that it records.
    """
    if offset + _CENTRAL.size > end:
        return None
    fields = content.unpack(_CENTRAL, offset)
    signature, _, _, flags, method, _, _, crc, packed, size, named, extra, comment, _, _, attributes, header = fields
    length = _CENTRAL.size + named + extra + comment
    if signature != CENTRAL or offset + length > end:
        return None
    name_and_extra = content.read(offset + _CENTRAL.size, named + extra)
    wide, other_name = _extra(name_and_extra[named:], size, packed, header)
    size, packed, header = wide
    name = name_and_extra[:named]
    return Entry(name, flags, method, crc, packed, size, header + shift, attributes, other_name, offset, length)


def local(content: Content, offset: int) -> Entry | None:
    """Read a member's own header; None where there is none."""
    if offset < 0 or offset + _LOCAL.size > len(content):
        return None
    signature, _, flags, method, _, _, crc, packed, size, named, extra = content.unpack(_LOCAL, offset)
    length = _LOCAL.size + named + extra
    if signature != LOCAL or offset + length > len(content):
        return None
    name_and_extra = content.read(offset + _LOCAL.size, named + extra)
    (size, packed, _), other_name = _extra(name_and_extra[named:], size, packed, 0)
    return Entry(name_and_extra[:named], flags, method, crc, packed, size, offset, 0, other_name, offset, length)


def _extra(extra: bytes, size: int, packed: int, header: int) -> tuple[tuple[int, int, int], bytes]:
    """Return what extra fields say instead of the record: the numbers that did not fit, and another name."""
    numbers = [size, packed, header]
    other_name = b""
    position = 0
    while position + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, position)
        value = extra[position + _EXTRA.size : position + _EXTRA.size + length]
        position += _EXTRA.size + length
        if kind == _ZIP_64:
            for index, number in enumerate(numbers):
                if number == FULL_32 and len(value) >= 8:  # noqa: PLR2004 -- a 64-bit number
                    numbers[index] = int.from_bytes(value[:8], "little")
                    value = value[8:]
        elif kind == _UNICODE_PATH:
            other_name = value[5:]  # after a version and the checksum of the name that it replaces
    return (numbers[0], numbers[1], numbers[2]), other_name
