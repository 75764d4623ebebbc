"""Read Universal Binary JSON without making more of it than is asked for: https://ubjson.org/.

Texts are kept with the keys that lead to them; numbers, and arrays of one type, are skipped.
"""

import struct
from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached, Malformed

_WIDTHS = {b"Z": 0, b"N": 0, b"T": 0, b"F": 0, b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8, b"d": 4, b"D": 8, b"C": 1}
_INTEGERS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q"}
_DEPTH = 64
_KEPT = 8 << 20

Path = tuple[str, ...]


class Reader:
    """Reads one value; `at` is where it has got to."""

    def __init__(self, content: Content, budget: Budget) -> None:
        self._content = content
        self._budget = budget
        self.at = 0

    def texts(self) -> Iterator[tuple[Path, str]]:
        """Read a value, and yield the texts in it with the keys that lead to them.

        Raises:
            Malformed: It is none.
            LimitReached: It is too deep or too large.
        """
        yield from self._value(self._marker(), ())

    def _value(self, marker: bytes, path: Path) -> Iterator[tuple[Path, str]]:
        self._budget.steps(1)
        if marker in _WIDTHS:
            self._skip(_WIDTHS[marker])
        elif marker in (b"S", b"H"):
            yield path, self._text()
        elif marker in (b"[", b"{"):
            if len(path) >= _DEPTH:
                raise LimitReached(f"it is nested more than {_DEPTH} deep")
            yield from self._container(path, is_object=marker == b"{")
        else:
            raise Malformed(f"it has a value of the type {marker!r}", self.at)

    def _container(self, path: Path, *, is_object: bool) -> Iterator[tuple[Path, str]]:
        kind, count = self._declared()
        if kind in _WIDTHS and not is_object:
            self._skip(_WIDTHS[kind] * (count or 0))
            return
        ending = b"}" if is_object else b"]"
        read = 0
        while read != count:
            if count is None and self._peek() == ending:
                self.at += 1
                return
            key = self._text() if is_object else str(read)
            yield from self._value(kind or self._marker(), (*path, key))
            read += 1

    def _declared(self) -> tuple[bytes, int | None]:
        """Read the type and the count that a container may declare."""
        kind, count = b"", None
        if self._peek() == b"$":
            self.at += 1
            kind = self._marker()
        if self._peek() == b"#":
            self.at += 1
            count = self._length()
        elif kind:
            raise Malformed("it has a container of one type without a count", self.at)
        return kind, count

    def _length(self) -> int:
        layout = _INTEGERS.get(self._marker())
        if layout is None:
            raise Malformed("it has a length that is no number", self.at)
        number = struct.Struct(layout)
        (length,) = self._content.unpack(number, self.at)
        self.at += number.size
        if length < 0:
            raise Malformed("it has a negative length", self.at)
        return int(length)

    def _text(self) -> str:
        length = self._length()
        start = self.at
        self._skip(length)
        return self._content.read(start, min(length, _KEPT)).decode("utf-8", "backslashreplace")

    def _skip(self, size: int) -> None:
        if size > len(self._content) - self.at:
            raise Malformed(f"it ends within {size:,} bytes", self.at)
        self.at += size

    def _marker(self) -> bytes:
        marker = self._content.exactly(self.at, 1)
        self.at += 1
        return marker

    def _peek(self) -> bytes:
        return self._content.read(self.at, 1)
