"""Search for pickles that run us and CPython's unpicklers apart, guided by what has been reached so far.

A pickle that reaches something new (an opcode after another one, on values of some types) is kept and changed further.
Run by hand for as long as you like: `.venv/bin/python tests/assets/unpickling/fuzzing.py 3600`.
"""

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[3] / "scripts"), str(Path(__file__).parents[2])]

from assets.unpickling.oracle import Guarded, untold
from assets.unpickling.streams import made
from modelseal.models.pickles.machine import Machine
from modelseal.models.pickles.opcodes.table import HANDLERS, Handler

Feature = tuple[int, int, str, str, int]


@dataclass
class Reached:
    """What programs have reached."""

    features: set[Feature] = field(default_factory=set)
    new: bool = False
    _before: int = -1

    def note(self, code: int, machine: Machine) -> None:
        """Note an opcode, the one before, and the types of what it finds on the stack."""
        top, second = ([None, None, *machine.stack[-2:]][index] for index in (-1, -2))
        feature = (self._before, code, type(top).__name__, type(second).__name__, min(len(machine.marks), 2))
        self._before = code
        if feature not in self.features:
            self.features.add(feature)
            self.new = True

    def watched(self, code: int) -> Handler:
        """Return what an opcode does, noting it."""
        handler = HANDLERS[code]

        def watch(machine: Machine, position: int) -> int:
            self.note(code, machine)
            return handler(machine, position)

        return watch


@contextmanager
def watching() -> Iterator[Reached]:
    """Note what programs reach."""
    reached = Reached()
    unwatched, HANDLERS[:] = list(HANDLERS), [reached.watched(code) for code in range(256)]
    try:
        yield reached
    finally:
        HANDLERS[:] = unwatched


def changed(choose: random.Random, corpus: list[bytes]) -> bytes:
    """Change a pickle a little, or join parts of two."""
    data = bytearray(choose.choice(corpus))
    for _ in range(choose.randrange(1, 4)):
        at, other = choose.randrange(len(data) + 1), choose.choice(corpus)
        start = choose.randrange(len(other))
        match choose.randrange(6):
            case 0:
                data[at:at] = other[start : start + choose.randrange(1, 20)]
            case 1:
                del data[at : at + choose.randrange(1, 8)]
            case 2:
                data[at : at + 1] = bytes([choose.randrange(256)])
            case 3:
                data[at:at] = choose.choice((b"R", b"\x81", b"o", b"b", b"\x93", b"a", b"e", b"s", b"u", b"\x90", b"."))
            case 4:
                data[at:] = other[start:]
            case _:
                data[at:at] = bytes(data[at : at + choose.randrange(1, 20)])
    return bytes(data[:2000]) or b"."


def search(pickles: int, seed: int) -> tuple[int, list[str]]:
    """Search for pickles that do what we do not tell.

    Args:
        pickles: How many are compared: as many on a slow machine as on a fast one.
        seed: Of the changes.

    Returns:
        How many pickles reached something new, and what we did not tell.
    """
    choose = random.Random(seed)
    corpus = [made(choose.randrange) for _ in range(100)]
    found = list[str]()
    with watching() as reached, Guarded() as guard:
        for _ in range(pickles):
            data = changed(choose, corpus) if choose.randrange(8) else made(choose.randrange)
            reached.new = False
            found += untold(data, guard)
            if reached.new:
                corpus.append(data)
    return len(corpus), found


if __name__ == "__main__":
    print(*search(int(sys.argv[1]), random.randrange(1 << 32)), sep="\n")  # noqa: T201 # for people
