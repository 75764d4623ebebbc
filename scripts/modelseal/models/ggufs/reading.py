"""Read the header and the tables of a GGUF file, of versions 1 to 3 and of both byte orders."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached, Malformed

MAGIC = b"GGUF"
STRING, ARRAY = 8, 9
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_LAYOUTS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_HEADER = 8
_DIMENSIONS = 4
_NESTED = 8
_MOST = 100_000  # keys, and tensors
_KEPT = 1 << 20  # characters of a text that are kept
_KEPT_ITEMS = 64
_LONGEST_ITEM = 1 << 20  # bytes; the longest token of a published vocabulary has hundreds
_BEYOND = 1 << 40  # what no file that is only cut off says of itself


class Impossible(Exception):
    """A count or a length cannot be true.

    Args:
        what: Which, in words that begin with `it` and have no full stop.
        offset: Where it stands.
    """

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(what, offset)
        self.what = what
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value.

    Attributes:
        key: The name.
        kind: The type, as a number.
        value: A number, a text, or the first texts of an array; None for other arrays.
        depth: How many arrays are in each other.
        offset: Where the key begins.
    """

    key: str
    kind: int
    value: float | str | tuple[str, ...] | None
    depth: int
    offset: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """The place, type and shape of one tensor; its offset is relative to where the tensors begin."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int
    at: int


class Reader:
    """Reads on from the header: the entries first, all of them, then the tensors.

    Raises:
        Malformed: It has no header that can be read.
    """

    def __init__(self, content: Content, budget: Budget) -> None:
        self._content = content
        self._budget = budget
        (version,) = content.unpack(struct.Struct("<I"), 4)
        self._order = ">" if version & 0xFFFF == 0 else "<"
        (self.version,) = content.unpack(struct.Struct(f"{self._order}I"), 4)
        if self.version not in (1, 2, 3):
            raise Malformed(f"it is of the GGUF version {self.version}, which there is not", 4)
        self._number = struct.Struct(f"{self._order}{'I' if self.version == 1 else 'Q'}")
        self._long = struct.Struct(f"{self._order}Q")
        self._word = struct.Struct(f"{self._order}I")
        self.at = _HEADER
        self.tensor_count = self._take(self._number)
        self.entry_count = self._take(self._number)

    def impossible_counts(self) -> Iterator[tuple[str, int]]:
        """Name the counts in the header that the file is too small for, with where they stand."""
        left = len(self._content) - self.at
        width = self._number.size
        for name, count, least, place in (
            ("tensors", self.tensor_count, width + 4 + 4 + 8, _HEADER),
            ("keys", self.entry_count, width + 4 + 1, _HEADER + width),
        ):
            if count * least > left:
                yield f"its header counts {count:,} {name}, for which it is too small", place

    def entries(self) -> Iterator[Entry]:
        """Read the keys and values.

        Raises:
            Impossible: A length in one cannot be true.
            LimitReached: They are too many.
            Malformed: They cannot be read.
        """
        for read in range(self.entry_count):
            if read == _MOST:
                raise LimitReached(f"it has more than {_MOST:,} keys")
            self._budget.steps(1)
            start = self.at
            key = self._text()
            kind = self._take(self._word)
            value, depth = self._value(kind, 0)
            yield Entry(key, kind, value, depth, start)

    def tensors(self) -> Iterator[Tensor]:
        """Read where the tensors are.

        Raises:
            Impossible: A length or a number of dimensions cannot be true.
            LimitReached: They are too many.
            Malformed: They cannot be read.
        """
        for read in range(self.tensor_count):
            if read == _MOST:
                raise LimitReached(f"it has more than {_MOST:,} tensors")
            self._budget.steps(1)
            start = self.at
            name = self._text()
            dimensions = self._take(self._word)
            if dimensions > _DIMENSIONS:
                raise Impossible(f"it has a tensor of {dimensions:,} dimensions", start)
            shape = tuple(self._take(self._number) for _ in range(dimensions))
            kind = self._take(self._word)
            yield Tensor(name, shape, kind, self._take(self._long), start)

    def _take(self, layout: struct.Struct) -> int:
        (value,) = self._content.unpack(layout, self.at)
        self.at += layout.size
        return int(value)

    def _length(self, least: int, what: str) -> int:
        """Read a count of things that have a least size each."""
        start = self.at
        count = self._take(self._number)
        if count * least > len(self._content) - self.at:
            if count * least >= _BEYOND:
                raise Impossible(f"it has {what} of {count:,}", start)
            raise Malformed(f"it ends within {what} of {count:,}", start)
        return count

    def _text(self) -> str:
        length = self._length(1, "a text")
        text = self._content.read(self.at, min(length, _KEPT))
        self.at += length
        return text.decode("utf-8", "backslashreplace")

    def _value(self, kind: int, depth: int) -> tuple[float | str | tuple[str, ...] | None, int]:
        if kind == STRING:
            return self._text(), depth
        if kind == ARRAY:
            return self._array(depth + 1)
        if kind not in SIZES:
            raise Impossible(f"it has a value of the type {kind:,}, which there is not", self.at)
        (value,) = self._content.unpack(struct.Struct(f"{self._order}{_LAYOUTS[kind]}"), self.at)
        self.at += SIZES[kind]
        return value, depth

    def _array(self, depth: int) -> tuple[tuple[str, ...] | None, int]:
        if depth > _NESTED:
            raise Impossible(f"it has more than {_NESTED} arrays in each other", self.at)
        kind = self._take(self._word)
        if kind in SIZES:
            count = self._length(SIZES[kind], "an array")
            self.at += count * SIZES[kind]
            return None, depth
        if kind == STRING:
            return self._texts(self._length(self._number.size, "an array of texts")), depth
        if kind != ARRAY:
            raise Impossible(f"it has an array of the type {kind:,}, which there is not", self.at)
        deepest = depth
        for _ in range(self._length(4 + self._number.size, "an array of arrays")):
            self._budget.steps(1)
            deepest = max(deepest, self._array(depth + 1)[1])
        return None, deepest

    def _texts(self, count: int) -> tuple[str, ...]:
        """Keep the first of many texts, and skip the rest: a vocabulary has hundreds of thousands."""
        kept = tuple(self._text() for _ in range(min(count, _KEPT_ITEMS)))
        self._budget.steps(count)
        buffer, start, end = self._content.window()
        at, unpack, width = start + self.at, self._number.unpack_from, self._number.size
        for _ in range(count - len(kept)):
            if at + width > end:
                raise Malformed("it ends within an array of texts", at - start)
            (length,) = unpack(buffer, at)
            if length > _LONGEST_ITEM:
                raise Impossible(f"it has a text of {length:,} bytes in an array", at - start)
            at += width + length
        self.at = at - start
        return kept
