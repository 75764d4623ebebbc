"""Glob patterns over names with slashes: `*`, `?` and `[…]` within one part of a name, `**` for any number of parts.

Unlike a shell's, they match names that begin with a dot: what is not looked at is not protected.
"""

import fnmatch
import re
from dataclasses import dataclass

_MAGIC = re.compile(r"[*?\[]")

# How far into a pattern the parts seen so far can have led: indexes into its segments.
State = frozenset[int]


def has_magic(text: str) -> bool:
    """Whether a text is a pattern and not just a name."""
    return _MAGIC.search(text) is not None


@dataclass(frozen=True)
class Pattern:
    """One pattern, cut at its slashes; None stands for `**`."""

    segments: tuple[re.Pattern[str] | None, ...]

    @property
    def start(self) -> State:
        """The state before any part of a name has been seen."""
        return self._skipping({0})

    def step(self, state: State, part: str) -> State:
        """Return the state after one more part of the name; an empty state can match nothing any more."""
        reached = set()
        for index in state:
            if index == len(self.segments):
                continue
            segment = self.segments[index]
            if segment is None:
                reached.add(index)
            elif segment.match(part):
                reached.add(index + 1)
        return self._skipping(reached)

    def accepts(self, state: State) -> bool:
        """Whether the parts seen so far match the whole pattern."""
        return len(self.segments) in state

    def matches(self, name: str) -> bool:
        """Whether a whole name matches."""
        state = self.start
        for part in name.split("/"):
            state = self.step(state, part)
        return self.accepts(state)

    def _skipping(self, state: set[int]) -> State:
        """Add what is reached when `**` stands for no part at all."""
        for index in range(len(self.segments)):
            if index in state and self.segments[index] is None:
                state.add(index + 1)
        return frozenset(state)


def parse(text: str) -> Pattern:
    """Read a pattern; slashes at its end, and parts that are empty or a dot, mean nothing.

    A `[` that nothing closes stands for itself, as in a shell.
    """
    return Pattern(
        tuple(
            None if segment == "**" else re.compile(fnmatch.translate(segment))
            for segment in text.split("/")
            if segment not in ("", ".")
        )
    )
