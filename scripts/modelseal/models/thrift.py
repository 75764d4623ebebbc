"""Thrift's compact protocol read by its wire format.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. Structures come as dictionaries by
the numbers of their fields, with what is nested deeper than is asked for left out.
"""

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached, Malformed

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_INTEGERS = frozenset({4, 5, 6})
_DEPTH = 64
_VARINT_BYTES = 10
_LONG_LIST = 15

Value = int | bytes | list["Value"] | dict[int, "Value"] | None


class Reader:
    """Reads one structure; `at` is where it has got to."""

    def __init__(self, content: Content, budget: Budget) -> None:
        self._content = content
        self._budget = budget
        self.at = 0

    def struct(self, depth: int = 0) -> dict[int, Value]:
        """Read a structure.

        Raises:
            Malformed: It is none.
            LimitReached: It is too deep or too large.
        """
        if depth > _DEPTH:
            raise LimitReached(f"it has structures that are nested more than {_DEPTH} deep")
        made: dict[int, Value] = {}
        number = 0
        while head := self._byte():
            delta, kind = head >> 4, head & 15
            number = number + delta if delta else self._zigzag()
            made[number] = int(kind == _TRUE) if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return made

    def _value(self, kind: int, depth: int) -> Value:
        self._budget.steps(1)
        if kind in _INTEGERS:
            return self._zigzag()
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind in (_BINARY, _DOUBLE):
            return self._bytes(8 if kind == _DOUBLE else self._varint())
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET, _MAP):
            return self._list(depth) if kind != _MAP else self._map(depth)
        raise Malformed(f"it has a value of the type {kind}", self.at)

    def _list(self, depth: int) -> list[Value]:
        head = self._byte()
        count, kind = head >> 4, head & 15
        count = self._varint() if count == _LONG_LIST else count
        if count > len(self._content) - self.at:
            raise Malformed(f"it ends within a list of {count:,}", self.at)
        return [self._value(kind, depth) for _ in range(count)]

    def _map(self, depth: int) -> list[Value]:
        """Read past a map, which no structure of a Parquet footer has."""
        count = self._varint()
        kinds = self._byte() if count else 0
        if count > len(self._content) - self.at:
            raise Malformed(f"it ends within a map of {count:,}", self.at)
        for _ in range(count):
            self._value(kinds >> 4, depth)
            self._value(kinds & 15, depth)
        return []

    def _bytes(self, size: int) -> bytes:
        value = self._content.exactly(self.at, size)
        self.at += size
        return value

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _VARINT_BYTES, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 -- the bit that says there is more
                return value
        raise Malformed("it has a number of more than 10 bytes", self.at)
