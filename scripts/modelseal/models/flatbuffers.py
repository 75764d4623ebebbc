"""FlatBuffers read by their layout, with every offset checked before it is followed: https://flatbuffers.dev/internals/."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import Malformed

_OFFSET = struct.Struct("<I")
_SIGNED_OFFSET = struct.Struct("<i")
_SHORT = struct.Struct("<H")
_VTABLE_HEAD = 4
_LONGEST_TEXT = 1 << 20


@dataclass(frozen=True, slots=True)
class Vector:
    """Elements in a row: `count` of them, the first at `start`."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table: fields by their places in the schema, all of them optional.

    Attributes:
        content: What it is in.
        at: Where it begins.
        budget: What reading may cost: a field is a step.
    """

    content: Content
    at: int
    budget: Budget

    @classmethod
    def root(cls, content: Content, budget: Budget, start: int = 0) -> "Table":
        """Return the root table of a buffer that begins at `start`.

        Raises:
            Malformed: It is outside.
        """
        return cls(content, _follow(content, start), budget)

    def number(self, place: int, layout: str, default: int = 0) -> int:
        """Return a number, of the `struct` layout given."""
        at = self._field(place)
        if not at:
            return default
        (value,) = self.content.unpack(struct.Struct(f"<{layout}"), at)
        return int(value)

    def text(self, place: int) -> str:
        """Return a text; an empty one when there is none."""
        vector = self.vector(place, 1)
        return _decoded(self.content, vector) if vector else ""

    def table(self, place: int) -> "Table | None":
        """Return a table; None when there is none."""
        at = self._field(place)
        return Table(self.content, _follow(self.content, at), self.budget) if at else None

    def vector(self, place: int, width: int) -> Vector | None:
        """Return where a vector of elements of a width is; None when there is none.

        Raises:
            Malformed: It ends after the content.
        """
        at = self._field(place)
        return _vector(self.content, _follow(self.content, at), width) if at else None

    def tables(self, place: int) -> Iterator["Table"]:
        """Yield the tables of a vector."""
        for at in self._places(place):
            yield Table(self.content, _follow(self.content, at), self.budget)

    def texts(self, place: int) -> Iterator[str]:
        """Yield the texts of a vector."""
        for at in self._places(place):
            yield _decoded(self.content, _vector(self.content, _follow(self.content, at), 1))

    def numbers(self, place: int, layout: str) -> Iterator[int]:
        """Yield the numbers of a vector, of the `struct` layout given."""
        element = struct.Struct(f"<{layout}")
        vector = self.vector(place, element.size)
        for index in range(vector.count if vector else 0):
            self.budget.steps(1)
            (value,) = self.content.unpack(element, vector.start + index * element.size if vector else 0)
            yield int(value)

    def _places(self, place: int) -> Iterator[int]:
        vector = self.vector(place, _OFFSET.size)
        for index in range(vector.count if vector else 0):
            self.budget.steps(1)
            yield (vector.start if vector else 0) + index * _OFFSET.size

    def _field(self, place: int) -> int:
        """Return where a field is; 0 when it has its default."""
        self.budget.steps(1)
        (back,) = self.content.unpack(_SIGNED_OFFSET, self.at)
        vtable = self.at - back
        (size,) = self.content.unpack(_SHORT, vtable)
        entry = _VTABLE_HEAD + place * _SHORT.size
        if entry + _SHORT.size > size:
            return 0
        (offset,) = self.content.unpack(_SHORT, vtable + entry)
        return self.at + offset if offset else 0


def _follow(content: Content, at: int) -> int:
    (offset,) = content.unpack(_OFFSET, at)
    if not offset or at + offset >= len(content):
        raise Malformed("it has an offset that leads out of it", at)
    return at + int(offset)


def _vector(content: Content, at: int, width: int) -> Vector:
    (count,) = content.unpack(_OFFSET, at)
    if count * width > len(content) - at - _OFFSET.size:
        raise Malformed(f"it ends within {count:,} elements", at)
    return Vector(at + _OFFSET.size, count)


def _decoded(content: Content, vector: Vector) -> str:
    return content.read(vector.start, min(vector.count, _LONGEST_TEXT)).decode("utf-8", "backslashreplace")
