"""Heaps: where names, texts of any length and small things lie."""

from collections.abc import Iterator
from dataclasses import dataclass

from modelseal.models.content import Content
from modelseal.models.faults import Malformed
from modelseal.models.hdf5.cursor import Cursor, Source, enough_for, padded
from modelseal.models.hdf5.trees import records

_HUGE_BY_NUMBER = 1
_MAX_BITS = 64
_TINY = 16


def local(source: Source, address: int) -> Content:
    """Return the bytes of the heap that holds a group's names.

    Raises:
        Malformed: There is none.
    """
    cursor = source.at(address, b"HEAP").skip(4)
    size, _, start = cursor.length(), cursor.length(), cursor.address()
    return source.content.part(start, size)


def name(heap: Content, offset: int) -> bytes:
    """Read a name in such a heap.

    Raises:
        Malformed: It does not end in it.
    """
    end = heap.find(b"\0", offset)
    if end < 0 or offset >= len(heap):
        raise Malformed("it has a name outside of the heap of its group")
    return heap.read(offset, end - offset)


class GlobalHeaps:
    """The collections of texts and lists that are of no fixed length. Each is read once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._collections: dict[int, dict[int, Content]] = {}

    def find(self, address: int, index: int) -> Content:
        """Return what lies in a collection under a number.

        Raises:
            Malformed: There is nothing.
        """
        if address not in self._collections:
            self._collections[address] = dict(self._objects(address))
        found = self._collections[address].get(index)
        if found is None:
            raise Malformed("it refers to something that is not in a global heap", address)
        return found

    def _objects(self, address: int) -> Iterator[tuple[int, Content]]:
        cursor = self._source.at(address, b"GCOL").skip(4)
        end = address + cursor.length()
        prefix = 8 + self._source.lengths
        while cursor.at + prefix <= end:
            self._source.budget.steps(1)
            index = cursor.number(2)
            size = cursor.skip(6).length()
            if not index:
                break
            if cursor.at + size > len(self._source.content):
                raise Malformed("it has a global heap that is cut off", cursor.at)
            yield index, self._source.content.part(cursor.at, size)
            cursor.skip(padded(size))


@dataclass(frozen=True, slots=True)
class FractalHeap:
    """The heap of a group with many links, or of an object with many attributes.

    Attributes:
        source: The file.
        id_size: Size of what refers to something in it.
        huge: Address of the tree of what is too large for its blocks.
        largest: Size of the largest thing in its blocks.
        width: Blocks in a row of its table.
        first: Size of a block in the first row.
        last: Size of the largest direct block.
        bits: Of an offset in it.
        root: Address of its root block.
        rows: Of the root's table; 0 when the root is a direct block.
    """

    source: Source
    id_size: int
    huge: int
    largest: int
    width: int
    first: int
    last: int
    bits: int
    root: int
    rows: int

    def find(self, reference: bytes) -> bytes:
        """Return what an id refers to.

        Raises:
            Malformed: There is nothing there.
        """
        self.source.budget.steps(1)
        kind = reference[0] >> 4 & 3
        if kind == 0:
            offsets = -(-self.bits // 8)
            offset = int.from_bytes(reference[1 : 1 + offsets], "little")
            sizes = min(-(-(self.last.bit_length() - 1) // 8), enough_for(self.largest))
            size = int.from_bytes(reference[1 + offsets : 1 + offsets + sizes], "little")
            return self.source.content.exactly(self._place(offset), size)
        if kind == 1:
            return self._huge(reference)
        if self.id_size - 1 <= _TINY:
            size, start = (reference[0] & 15) + 1, 1
        else:
            size, start = ((reference[0] & 15) << 8 | reference[1]) + 1, 2
        return reference[start : start + size]

    def _place(self, offset: int) -> int:
        """Return the address of what is at an offset of the heap."""
        block, rows = self.root, self.rows
        if rows == 0:
            return block + offset
        direct_rows = self.last.bit_length() - self.first.bit_length() + 2
        for _ in range(_MAX_BITS):
            row, column, offset = self._entry(offset)
            if row >= rows:
                break
            size = self.first << max(row - 1, 0)
            cursor = self.source.at(block, b"FHIB").skip(1 + self.source.offsets + -(-self.bits // 8))
            block = cursor.skip((row * self.width + column) * self.source.offsets).address()
            if row < direct_rows:
                return block + offset
            rows = (size // (self.first * self.width)).bit_length()
        raise Malformed("it refers to something that is not in a fractal heap", self.root)

    def _entry(self, offset: int) -> tuple[int, int, int]:
        """Return the row and column in which an offset of a table is, and what is left of it there."""
        across = self.first * self.width
        row = (offset // across).bit_length()
        size = self.first << max(row - 1, 0)
        within = offset - (across << (row - 1) if row else 0)
        return row, within // size, within % size

    def _huge(self, reference: bytes) -> bytes:
        if self.source.absent(self.huge):
            raise Malformed("it refers to something large that is nowhere")
        number = int.from_bytes(reference[1 : 1 + min(self.source.lengths, self.id_size - 1)], "little")
        for kind, record in records(self.source, self.huge):
            if kind != _HUGE_BY_NUMBER:
                raise Malformed("it has large attributes in a way that is not read", self.huge)
            cursor = self.source.over(record)
            address, size, own = cursor.address(), cursor.length(), cursor.length()
            if own == number:
                return self.source.content.exactly(address, size)
        raise Malformed("it refers to something large that is nowhere")


def fractal(source: Source, address: int) -> FractalHeap:
    """Read the header of a fractal heap.

    Raises:
        Malformed: There is none, or its blocks are compressed.
    """
    cursor = source.at(address, b"FRHP").skip(1)
    id_size, filters = cursor.number(2), cursor.number(2)
    if filters:
        raise Malformed("it has compressed names or attributes, which are not read", address)
    largest = cursor.skip(1).number(4)
    huge = cursor.skip(source.lengths).address()
    cursor.skip(source.lengths + source.offsets + 8 * source.lengths)
    width, first, last, bits = _table(cursor)
    root = cursor.skip(2).address()
    return FractalHeap(source, id_size, huge, largest, width, first, last, bits, root, cursor.number(2))


def _table(cursor: Cursor) -> tuple[int, int, int, int]:
    width, first, last, bits = cursor.number(2), cursor.length(), cursor.length(), cursor.number(2)
    powers = all(number and number & (number - 1) == 0 for number in (width, first, last))
    if not powers or bits > _MAX_BITS or first > last:
        raise Malformed("it has a fractal heap with an impossible table", cursor.at)
    return width, first, last, bits
