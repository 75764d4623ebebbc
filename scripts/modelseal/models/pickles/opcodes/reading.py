"""Read the arguments of opcodes."""

import struct
from typing import Final

from modelseal.models.pickles.machine import Broken, Loader, Machine
from modelseal.models.pickles.trace import Long, Value

LITTLE_4: Final = struct.Struct("<I")
SIGNED_4: Final = struct.Struct("<i")
LITTLE_2: Final = struct.Struct("<H")
LITTLE_8: Final = struct.Struct("<Q")
KEPT: Final = 1024  # longer texts are left where they are
_BEGINNING: Final = 200
_LONGEST_LINE: Final = 4096
_CUT_OFF: Final = "it ends within an opcode"


def fetch(machine: Machine, position: int, size: int) -> int:
    """Return where the next bytes are that an unpickler takes.

    They are the next ones, unless the unpickler in C reads a file and they cross the end of a frame: it takes bytes
    from behind the frame then, and forgets what is left of it.

    Raises:
        Broken: There are not so many.
    """
    if position < machine.frame < position + size:
        machine.torn = True
        if machine.loader is Loader.FILE_IN_C:
            position = machine.frame
    if position + size > machine.end:
        raise Broken(_CUT_OFF)
    return position


def byte(machine: Machine, position: int) -> tuple[int, int]:
    """Read a byte, and return where the next opcode is.

    Raises:
        Broken: It is cut off.
    """
    if position >= machine.end:
        raise Broken(_CUT_OFF)
    return machine.data[position], position + 1


def number(machine: Machine, position: int, layout: struct.Struct) -> tuple[int, int]:
    """Read a whole number, and return where the next byte is.

    Raises:
        Broken: It is cut off.
    """
    start = fetch(machine, position, layout.size)
    return layout.unpack_from(machine.data, start)[0], start + layout.size


def line(machine: Machine, position: int) -> tuple[int, int, int]:
    """Return where a line begins, where its text ends, and where the next byte is.

    The unpicklers take the last byte off a line, whatever it is: where a file ends without a line's end, it is a
    letter. Behind the end of a file, the unpickler in Python reads empty lines.
    """
    found = machine.data.find(b"\n", position, machine.end)
    following = found + 1 if found >= 0 else machine.end
    if position < machine.frame < following:
        machine.torn = True
        if machine.loader is Loader.FILE_IN_C:
            position = machine.frame
    return position, max(following - 1, position), following


def short_line(machine: Machine, position: int) -> tuple[bytes, int]:
    """Read a line that is of no use when it is long, and return where the next byte is."""
    start, last, following = line(machine, position)
    return bytes(machine.data[start : min(last, start + _LONGEST_LINE)]), following


def text(machine: Machine, position: int, size: int) -> tuple[Value, int]:
    """Read a text in UTF-8, or leave it where it is if it is long; and return where the next byte is.

    Raises:
        Broken: It is cut off, or is none.
    """
    start = fetch(machine, position, size)
    if size > KEPT:
        return _left(machine, "str", start, size), start + size
    try:
        return str(machine.data[start : start + size], "utf-8", "surrogatepass"), start + size
    except UnicodeDecodeError as fault:
        raise Broken("it has a text that is not UTF-8") from fault


def latin(machine: Machine, position: int, size: int) -> tuple[Value, int]:
    """Read a text of Python 2, whose encoding is up to the loader, as `text` does.

    Raises:
        Broken: It is cut off.
    """
    start = fetch(machine, position, size)
    if size > KEPT:
        return _left(machine, "str", start, size), start + size
    return str(machine.data[start : start + size], "latin-1"), start + size


def blob(machine: Machine, position: int, size: int) -> tuple[Value, int]:
    """Read bytes, or leave them where they are if they are many; and return where the next byte is.

    Raises:
        Broken: They are cut off.
    """
    start = fetch(machine, position, size)
    if size > KEPT:
        return _left(machine, "bytes", start, size), start + size
    return bytes(machine.data[start : start + size]), start + size


def array(machine: Machine, position: int, size: int) -> tuple[Value, int]:
    """Leave a bytearray where it is, which no unpickler reads from behind a frame's end; return where it ends.

    Raises:
        Broken: It is cut off.
    """
    if position + size > machine.end:
        raise Broken(_CUT_OFF)
    return _left(machine, "bytearray", position, size), position + size


def _left(machine: Machine, kind: str, position: int, size: int) -> Long:
    beginning = bytes(machine.data[position : position + min(size, _BEGINNING)])
    machine.spend(500)
    return Long(
        kind,
        position - machine.origin,
        size,
        beginning.decode("utf-8", "replace") if kind == "str" else repr(beginning),
    )
