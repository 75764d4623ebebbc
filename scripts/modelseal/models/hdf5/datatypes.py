"""What the elements of datasets and attributes are."""

from dataclasses import dataclass
from enum import IntEnum

from modelseal.models.faults import Malformed
from modelseal.models.hdf5.cursor import Cursor

_MAX_DEPTH = 32
_MAX_DIMENSIONS = 32
_TEXT = 1


class Class(IntEnum):
    """The classes of types that matter here."""

    INTEGER = 0
    STRING = 3
    OPAQUE = 5
    COMPOUND = 6
    REFERENCE = 7
    ENUMERATION = 8
    VARIABLE = 9
    ARRAY = 10


@dataclass(frozen=True, slots=True)
class Datatype:
    """A type, as far as it matters.

    Attributes:
        kind: The number of its class.
        size: Of an element, in bytes.
        text: Whether a list of variable length is a text.
        base: Of what a list of variable length or an array is made.
    """

    kind: int
    size: int
    text: bool = False
    base: "Datatype | None" = None

    @property
    def bytelike(self) -> bool:
        """Whether elements are text or single bytes: what a payload can be kept in."""
        return self.kind in {Class.STRING, Class.OPAQUE} or (self.kind == Class.INTEGER and self.size == 1)


def read(cursor: Cursor, depth: int = 0) -> Datatype:
    """Read a type.

    Raises:
        Malformed: It is cut off, or nested too deeply.
    """
    if depth > _MAX_DEPTH:
        raise Malformed("it has a type that is nested too deeply")
    head, bits, size = cursor.number(1), cursor.number(3), cursor.number(4)
    kind, version = head & 15, head >> 4
    base = None
    if kind == Class.VARIABLE:
        base = read(cursor, depth + 1)
    elif kind == Class.ARRAY:
        dimensions = cursor.number(1)
        if dimensions > _MAX_DIMENSIONS:
            raise Malformed("it has an array of too many dimensions")
        cursor.skip(dimensions * 4 if version > 2 else 3 + dimensions * 8)  # noqa: PLR2004 -- as the format has it
        base = read(cursor, depth + 1)
    return Datatype(kind, size, kind == Class.VARIABLE and bits & 15 == _TEXT, base)


def shape(cursor: Cursor) -> tuple[int, ...] | None:
    """Read how many elements there are in each dimension; None where there are none at all.

    Raises:
        Malformed: It is of a version that is not known.
    """
    version, rank, _, null = cursor.number(1), cursor.number(1), cursor.number(1), cursor.number(1)
    if version not in {1, 2} or rank > _MAX_DIMENSIONS:
        raise Malformed("it has a dataspace that is not known")
    if version == 1:
        cursor.skip(4)
    elif null == 2:  # noqa: PLR2004 -- as the format has it
        return None
    return tuple(cursor.length() for _ in range(rank))
