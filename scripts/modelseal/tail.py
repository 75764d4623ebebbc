"""What a program says on standard error: passed on line by line, and its end kept."""

import time
from collections.abc import Callable

_KEPT = 64 * 1024  # bytes
_PIECES = 200  # of a program's log; one that goes on printing is not listened to for each line


class Tail:
    """Takes a stream in pieces, passes each line on, and keeps the end of the whole."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._line = b""
        self._kept = b""
        self._pieces = 0

    @property
    def text(self) -> str:
        """The end of what has come."""
        return self._kept.decode(errors="replace")

    def last_lines(self, characters: int) -> str:
        """Return its end in whole lines: of half a secret nobody would know that it is one."""
        text = self.text.strip()
        _, cut, whole = text[-characters:].partition("\n")
        return whole if cut and len(text) > characters else text[-characters:]

    def feed(self, chunk: bytes) -> None:
        """Take the next piece."""
        self._pieces += 1
        if self._pieces > _PIECES:
            time.sleep(0.003)  # so that the next piece is a longer one
        self._kept = (self._kept + chunk)[-_KEPT:]
        if self._on_line is not None:
            *lines, self._line = (self._line + chunk).split(b"\n")
            if len(self._line) > _KEPT:
                lines.append(self._line)
                self._line = b""
            for line in lines:
                self._on_line(line.decode(errors="replace").rstrip("\r"))

    def end(self) -> None:
        """Pass on a last line without its end."""
        if self._line:
            self.feed(b"\n")
