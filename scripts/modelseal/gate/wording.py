"""How texts from outside are put into a reason: on one line of modest length, still to be escaped by who shows it."""

_LENGTH = 300


def brief(text: str) -> str:
    """Put a text on one line, and cut what is longer than a sentence needs."""
    line = " ".join(text[: 4 * _LENGTH].split())
    return line if len(line) <= _LENGTH else f"{line[:_LENGTH]}..."
