"""What is wrong with a file that a person wrote: where, what, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where something stands, both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Mistake:
    """Something to mend in a file.

    Attributes:
        place: Where it is.
        key: The full key: `waivers[2].expires`; empty for the file as a whole.
        what: What is wrong, a sentence.
        mend: What to do about it, a sentence.
    """

    place: Place
    key: str
    what: str
    mend: str


def below(key: str, name: str) -> str:
    """Return the full key of a name inside another."""
    return f"{key}.{shown(name)}" if key else shown(name)


def shown(text: str) -> str:
    """Return a text from a file as a message may repeat it: short, and everything in it visible."""
    visible = "".join(char if char.isprintable() and char != "`" else f"\\u{ord(char):04x}" for char in text[:60])
    return visible + ("…" if len(text) > 60 else "")  # noqa: PLR2004
