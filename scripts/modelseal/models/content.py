"""The bytes of a file or of something packed in it, looked into without copying them."""

import mmap
import re
import struct
from collections.abc import Iterator
from typing import Any

from modelseal.models.faults import Malformed


class Content:
    """A run of bytes within a buffer. All offsets are relative to its beginning.

    Args:
        buffer: What it lies in: bytes, or a mapped file of any size.
        start: Where in the buffer it begins.
        end: Where in the buffer it ends; without it, with the buffer.
    """

    __slots__ = ("_buffer", "_end", "_memo", "_start")

    def __init__(self, buffer: bytes | mmap.mmap, start: int = 0, end: int | None = None) -> None:
        size = len(buffer)
        self._buffer = buffer
        self._start = min(max(start, 0), size)
        self._end = size if end is None else min(max(end, self._start), size)
        self._memo: dict[str, Any] = {}

    def __len__(self) -> int:
        """Its size in bytes."""
        return self._end - self._start

    @property
    def memo(self) -> dict[str, Any]:
        """What has been made of these bytes, for those who need it again: a container's table, for instance."""
        return self._memo

    def read(self, start: int = 0, size: int | None = None) -> bytes:
        """Copy bytes; fewer than asked for where it ends before."""
        # Dozens of formats ask this of every content: comparisons, as calls of min and max take twice the time.
        first, last = self._start + start if start > 0 else self._start, self._end
        if size is not None and first + size < last:
            last = first + size
        return self._buffer[first:last] if first < last else b""

    def exactly(self, start: int, size: int) -> bytes:
        """Copy bytes.

        Raises:
            Malformed: It has not so many there.
        """
        if start < 0 or size < 0 or start + size > len(self):
            raise Malformed(f"it ends where {size} bytes should follow", start)
        return bytes(self._buffer[self._start + start : self._start + start + size])

    def unpack(self, layout: struct.Struct, start: int) -> tuple[Any, ...]:
        """Read numbers.

        Raises:
            Malformed: It ends before.
        """
        if start < 0 or start + layout.size > len(self):
            raise Malformed(f"it ends where {layout.size} bytes should follow", start)
        return layout.unpack_from(self._buffer, self._start + start)

    def part(self, start: int, size: int | None = None) -> "Content":
        """Return a part of it, without copying; shorter than asked for where it ends before."""
        first = self._absolute(start)
        return Content(self._buffer, first, self._end if size is None else min(first + max(size, 0), self._end))

    def find(self, sought: bytes, start: int = 0, end: int | None = None) -> int:
        """Return where the next of these bytes are; -1 when there are none."""
        found = self._buffer.find(sought, self._absolute(start), self._until(end))
        return found - self._start if found >= 0 else -1

    def rfind(self, sought: bytes, start: int = 0, end: int | None = None) -> int:
        """Return where the last of these bytes are; -1 when there are none."""
        found = self._buffer.rfind(sought, self._absolute(start), self._until(end))
        return found - self._start if found >= 0 else -1

    def matches(
        self, pattern: re.Pattern[bytes], start: int = 0, end: int | None = None
    ) -> Iterator[tuple[int, re.Match[bytes]]]:
        """Find all that a pattern matches, each with its offset (the match's own offsets are the buffer's)."""
        for match in pattern.finditer(self._buffer, self._absolute(start), self._until(end)):
            yield match.start() - self._start, match

    def window(self) -> tuple[bytes | mmap.mmap, int, int]:
        """Return the buffer, and where in it this begins and ends: for a reader that cannot afford a call a byte."""
        return self._buffer, self._start, self._end

    def _absolute(self, start: int) -> int:
        return min(self._start + max(start, 0), self._end)

    def _until(self, end: int | None) -> int:
        return self._end if end is None else self._absolute(end)
