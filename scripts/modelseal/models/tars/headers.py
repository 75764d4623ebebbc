"""The headers of a tar archive: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06.

GNU's own: https://www.gnu.org/software/tar/manual/html_node/Standard.html.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from modelseal.models.content import Content

BLOCK = 512
FILE, HARD_LINK, SYMBOLIC_LINK = b"0", b"1", b"2"
DEVICES = frozenset({b"3", b"4", b"6"})
FOLDER = b"5"
SPARSE = b"S"
LONG_NAME, LONG_LINK = b"L", b"K"
PAX, PAX_GLOBAL = frozenset({b"x", b"X"}), b"g"

_CHECKSUM = slice(148, 156)
_NUMBER = re.compile(rb"[ \0]*([0-7]*)[ \0]*")
_BASE_256 = 0x80
_USTAR = b"ustar"


@dataclass(frozen=True, slots=True)
class Header:
    """One header.

    Attributes:
        name: The name's bytes, with its prefix.
        kind: The type flag; `0` for a plain file in whatever way that is written.
        size: How many bytes of data follow; None where no number is given.
        link: The bytes of the name that a link points to.
        offset: Where it begins.
    """

    name: bytes
    kind: bytes
    size: int | None
    link: bytes
    offset: int

    @property
    def data(self) -> int:
        """Where its data begin."""
        return self.offset + BLOCK


def header(content: Content, offset: int) -> Header | None:
    """Read a header; None where there is none."""
    block = content.read(offset, BLOCK)
    if len(block) < BLOCK or not _checked(block):
        return None
    name, link = block[:100].partition(b"\0")[0], block[157:257].partition(b"\0")[0]
    if block[257:262] == _USTAR and block[262:264] != b" \0":
        prefix = block[345:500].partition(b"\0")[0]
        name = prefix + b"/" + name if prefix else name
    kind = block[156:157]
    return Header(name, FILE if kind in {b"\0", b"7"} else kind, _number(block[124:136]), link, offset)


def is_zero(content: Content, offset: int) -> bool:
    """Tell whether there is a block of zeros."""
    return content.read(offset, BLOCK) == bytes(BLOCK)


def pax(content: bytes) -> Mapping[str, bytes] | None:
    """Read the records of an extended header; None where they cannot be read."""
    records: dict[str, bytes] = {}
    position = 0
    while position < len(content) and content[position]:
        space = content.find(b" ", position, position + 20)
        digits = content[position:space]
        if space < 0 or not digits.isdigit():
            return None
        end = position + int(digits)
        keyword, equals, value = content[space + 1 : end - 1].partition(b"=")
        if not equals or end > len(content) or content[end - 1 : end] != b"\n" or end <= space:
            return None
        records[keyword.decode("utf-8", "backslashreplace")] = value
        position = end
    return records


def _number(field: bytes) -> int | None:
    if field[0] & _BASE_256:
        negative = field[0] == 0xFF  # noqa: PLR2004 -- what no size begins with
        return None if negative else int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    match = _NUMBER.fullmatch(field)
    return int(match[1] or b"0", 8) if match else None


def _checked(block: bytes) -> bool:
    """Tell whether the checksum holds: of bytes, or of signed bytes as some programs of old had it."""
    stated = _number(block[_CHECKSUM])
    if not stated:
        return False
    total = sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")
    above = sum(1 for byte in (*block[:148], *block[156:]) if byte & _BASE_256)
    return stated in {total, total - 256 * above}
