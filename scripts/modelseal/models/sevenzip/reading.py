"""A reader of the numbers and bits that 7z headers are made of, which cannot be led beyond them."""

from modelseal.models.content import Content
from modelseal.models.faults import Malformed

_MOST = 200_000


class Reader:
    """Reads a header from its beginning to its end.

    Args:
        content: The header.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._position = 0

    def bytes(self, count: int) -> bytes:
        """Read bytes.

        Raises:
            Malformed: There are not so many.
        """
        taken = self._content.exactly(self._position, count)
        self._position += count
        return taken

    def byte(self) -> int:
        """Read one byte."""
        return self.bytes(1)[0]

    def number(self) -> int:
        """Read a number of a length that its first byte tells."""
        first = self.byte()
        extra = next((count for count in range(8) if not first & (0x80 >> count)), 8)
        low = int.from_bytes(self.bytes(extra), "little")
        return low if extra == 8 else low + ((first & ((0x80 >> extra) - 1)) << (8 * extra))  # noqa: PLR2004

    def count(self) -> int:
        """Read a number of things.

        Raises:
            Malformed: There cannot be so many.
        """
        number = self.number()
        if number > min(_MOST, 8 * len(self._content)):
            raise Malformed(f"it says that it has {number:,} parts, more than a scan takes", self._position)
        return number

    def bits(self, count: int) -> list[bool]:
        """Read bits, the first in the highest place."""
        packed = self.bytes(-(-count // 8))
        return [bool(packed[index // 8] & (0x80 >> index % 8)) for index in range(count)]

    def optional_bits(self, count: int) -> list[bool]:
        """Read bits that need not be there where all are set."""
        return [True] * count if self.byte() else self.bits(count)

    def expect(self, kind: int) -> None:
        """Read what must come.

        Raises:
            Malformed: Something else comes.
        """
        if self.byte() != kind:
            raise Malformed("it has a header that is not in order", self._position)
