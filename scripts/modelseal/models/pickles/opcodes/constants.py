"""Opcodes that push a number, a text or bytes."""

import codecs
import re
from typing import Final

from modelseal.models.pickles.machine import Broken, Machine
from modelseal.models.pickles.opcodes.reading import (
    KEPT,
    LITTLE_2,
    LITTLE_4,
    LITTLE_8,
    SIGNED_4,
    array,
    blob,
    byte,
    fetch,
    latin,
    line,
    number,
    short_line,
    text,
)
from modelseal.models.pickles.opcodes.table import opcode
from modelseal.models.pickles.trace import Opaque, Value

_LONGEST_NUMBER: Final = 64  # bytes; what is larger is not of interest
_ESCAPE: Final = re.compile(rb"""\\(?:(\n)|([\\'"abfnrtv])|([0-7]{1,3})|x([0-9a-fA-F]{2})|(x)|)""")
_ESCAPED: Final = dict(zip(b"\\'\"abfnrtv", b"\\'\"\a\b\f\n\r\t\v", strict=True))
_FLOAT: Final = Opaque("a number with a fraction")


@opcode(b"N")
def _none(machine: Machine, position: int) -> int:
    machine.stack.append(None)
    return position


@opcode(b"\x88")
def _true(machine: Machine, position: int) -> int:
    machine.stack.append(True)
    return position


@opcode(b"\x89")
def _false(machine: Machine, position: int) -> int:
    machine.stack.append(False)
    return position


@opcode(b"K")
def _binint1(machine: Machine, position: int) -> int:
    value, following = byte(machine, position)
    machine.stack.append(value)
    return following


@opcode(b"M")
def _binint2(machine: Machine, position: int) -> int:
    value, following = number(machine, position, LITTLE_2)
    machine.stack.append(value)
    return following


@opcode(b"J")
def _binint(machine: Machine, position: int) -> int:
    value, following = number(machine, position, SIGNED_4)
    machine.stack.append(value)
    return following


@opcode(b"G")
def _binfloat(machine: Machine, position: int) -> int:
    start = fetch(machine, position, 8)
    machine.stack.append(_FLOAT)
    return start + 8


@opcode(b"I")
def _int(machine: Machine, position: int) -> int:
    digits, following = short_line(machine, position)
    machine.stack.append(digits == b"01" if digits in {b"00", b"01"} else _whole(digits))
    return following


@opcode(b"L")
def _long(machine: Machine, position: int) -> int:
    digits, following = short_line(machine, position)
    machine.stack.append(_whole(digits.removesuffix(b"L")))
    return following


def _whole(digits: bytes) -> Value:
    """Read a number as Python does; C takes some that Python does not, and goes on behind them."""
    try:
        return int(digits, 0) if len(digits) <= _LONGEST_NUMBER else Opaque(f"an integer of {len(digits)} digits")
    except ValueError:
        return Opaque("a number")


@opcode(b"\x8a")
def _long1(machine: Machine, position: int) -> int:
    size, following = byte(machine, position)
    return _little(machine, following, size)


@opcode(b"\x8b")
def _long4(machine: Machine, position: int) -> int:
    size, following = number(machine, position, SIGNED_4)
    if size < 0:
        raise Broken("it has a number of less than no bytes")
    return _little(machine, following, size)


def _little(machine: Machine, position: int, size: int) -> int:
    start = fetch(machine, position, size)
    if size > _LONGEST_NUMBER:
        machine.stack.append(Opaque(f"an integer of {size} bytes"))
    else:
        machine.stack.append(int.from_bytes(machine.data[start : start + size], "little", signed=True))
    return start + size


@opcode(b"F")
def _float(machine: Machine, position: int) -> int:
    _, _, following = line(machine, position)
    machine.stack.append(_FLOAT)
    return following


@opcode(b"S")
def _string(machine: Machine, position: int) -> int:
    start, last, following = line(machine, position)
    quotes = bytes(machine.data[start : start + 1]), bytes(machine.data[last - 1 : last])
    if last - start < 2 or quotes not in {(b"'", b"'"), (b'"', b'"')}:  # noqa: PLR2004 # both quotes
        raise Broken("it has a text without quotes")
    if last - start > 4 * KEPT:  # each character can be an escape of four
        machine.stack.append(latin(machine, start + 1, last - start - 2)[0])
        return following
    escaped = bytes(machine.data[start + 1 : last - 1])
    machine.stack.append(_ESCAPE.sub(_unescaped, escaped).decode("latin-1"))
    return following


def _unescaped(match: re.Match[bytes]) -> bytes:
    newline, letter, octal, hexadecimal, alone = match.groups()
    if alone or match.end() == match.start() + 1 == len(match.string):
        raise Broken("it has a text with half an escape")
    if newline:
        return b""
    if letter:
        return bytes([_ESCAPED[letter[0]]])
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    return bytes.fromhex(hexadecimal.decode()) if hexadecimal else b"\\"


@opcode(b"V")
def _unicode(machine: Machine, position: int) -> int:
    start, last, following = line(machine, position)
    if last - start > 10 * KEPT:  # each character can be an escape of ten
        machine.stack.append(latin(machine, start, last - start)[0])
        return following
    try:
        machine.stack.append(codecs.raw_unicode_escape_decode(machine.data[start:last])[0])
    except UnicodeDecodeError as fault:
        raise Broken("it has a text with half an escape") from fault
    return following


@opcode(b"U")
def _short_binstring(machine: Machine, position: int) -> int:
    size, following = byte(machine, position)
    return _push(machine, latin(machine, following, size))


@opcode(b"T")
def _binstring(machine: Machine, position: int) -> int:
    size, following = number(machine, position, SIGNED_4)
    if size < 0:
        raise Broken("it has a text of less than no bytes")
    return _push(machine, latin(machine, following, size))


@opcode(b"\x8c")
def _short_binunicode(machine: Machine, position: int) -> int:
    size, following = byte(machine, position)
    return _push(machine, text(machine, following, size))


@opcode(b"X")
def _binunicode(machine: Machine, position: int) -> int:
    size, following = number(machine, position, LITTLE_4)
    return _push(machine, text(machine, following, size))


@opcode(b"\x8d")
def _binunicode8(machine: Machine, position: int) -> int:
    size, following = number(machine, position, LITTLE_8)
    return _push(machine, text(machine, following, size))


@opcode(b"C")
def _short_binbytes(machine: Machine, position: int) -> int:
    size, following = byte(machine, position)
    return _push(machine, blob(machine, following, size))


@opcode(b"B")
def _binbytes(machine: Machine, position: int) -> int:
    size, following = number(machine, position, LITTLE_4)
    return _push(machine, blob(machine, following, size))


@opcode(b"\x8e")
def _binbytes8(machine: Machine, position: int) -> int:
    size, following = number(machine, position, LITTLE_8)
    return _push(machine, blob(machine, following, size))


@opcode(b"\x96")
def _bytearray8(machine: Machine, position: int) -> int:
    size, following = number(machine, position, LITTLE_8)
    return _push(machine, array(machine, following, size))


def _push(machine: Machine, read: tuple[Value, int]) -> int:
    value, following = read
    machine.stack.append(value)
    return following


@opcode(b"\x97")
def _next_buffer(machine: Machine, position: int) -> int:
    machine.stack.append(Opaque("a buffer of the loader's"))
    return position


@opcode(b"\x98")
def _readonly_buffer(machine: Machine, position: int) -> int:
    machine.top()
    return position
