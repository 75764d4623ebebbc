"""Hide known secrets in what is printed: away from a runner nobody else does, and a runner does not see every file."""

import re

HIDDEN = "***"  # as GitHub's runner writes it
_SHORTEST = 4  # characters: hiding a shorter word would hide half the log


class Redaction:
    """The secrets that are known so far."""

    def __init__(self) -> None:
        self._lines: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> tuple[str, ...]:
        """Know one more secret, and return its lines that are long enough to be hidden.

        A program prints a secret of several lines with something of its own before each.
        """
        lines = tuple(line for line in map(str.strip, secret.splitlines()) if len(line) >= _SHORTEST)
        self._lines.update(lines)
        if self._lines:
            longest_first = sorted(self._lines, key=len, reverse=True)  # or a secret within another leaves the rest
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        return lines

    def __call__(self, text: str) -> str:
        """Return the text with `***` where there was a secret."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text
