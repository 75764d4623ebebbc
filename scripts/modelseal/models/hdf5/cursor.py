"""Read the fields of a file one after the other."""

from dataclasses import dataclass

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import Malformed


@dataclass(frozen=True, slots=True)
class Source:
    """A file from its superblock on, to which all addresses are relative.

    Attributes:
        content: Its bytes.
        budget: Counts what is read.
        offsets: Size of an address in bytes.
        lengths: Size of a length in bytes.
    """

    content: Content
    budget: Budget
    offsets: int
    lengths: int

    def at(self, address: int, signature: bytes = b"") -> "Cursor":
        """Begin to read at an address.

        Raises:
            Malformed: It does not begin with the signature that should be there.
        """
        self.budget.steps(1)
        cursor = Cursor(self, address)
        if signature and cursor.take(len(signature)) != signature:
            raise Malformed(f"it has no {signature.decode()} where one should be", address)
        return cursor

    def over(self, message: bytes) -> "Cursor":
        """Begin to read bytes that have been copied out of it."""
        return Cursor(Source(Content(message), self.budget, self.offsets, self.lengths), 0)

    def absent(self, address: int) -> bool:
        """Tell whether an address stands for none."""
        return address == (1 << 8 * self.offsets) - 1


class Cursor:
    """A place in a source, which moves on with all that is read."""

    __slots__ = ("at", "source")

    def __init__(self, source: Source, at: int) -> None:
        self.source = source
        self.at = at

    def take(self, size: int) -> bytes:
        """Read bytes.

        Raises:
            Malformed: It ends before. So for all that reads.
        """
        taken = self.source.content.exactly(self.at, size)
        self.at += size
        return taken

    def number(self, size: int) -> int:
        """Read an unsigned number of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def address(self) -> int:
        """Read an address."""
        return self.number(self.source.offsets)

    def length(self) -> int:
        """Read a length."""
        return self.number(self.source.lengths)

    def skip(self, size: int) -> "Cursor":
        """Move on, and return this."""
        self.at += size
        return self

    def text(self) -> bytes:
        """Read bytes to the next zero, which is not among them."""
        end = self.source.content.find(b"\0", self.at)
        if end < 0:
            raise Malformed("it has a name without an end", self.at)
        taken = self.take(end - self.at)
        self.at += 1
        return taken

    def rest(self) -> int:
        """Return how many bytes follow."""
        return len(self.source.content) - self.at


def padded(size: int) -> int:
    """Return a size with what fills it up to a multiple of eight."""
    return -(-size // 8) * 8


def enough_for(limit: int) -> int:
    """Return how many bytes hold every number up to a limit."""
    return max(1, -(-limit.bit_length() // 8))
