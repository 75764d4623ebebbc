"""Check a whole log: find every entry that was changed, removed, inserted or moved."""

import os
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from modelseal.attestation.rejection import Rejection
from modelseal.audit import entry, grammar, line, locked
from modelseal.audit.entry import Place
from modelseal.audit.line import Link
from modelseal.audit.merkle import Tree

_MAX_PROBLEMS = 100


@dataclass(frozen=True)
class Problem:
    """What is wrong with a line.

    Attributes:
        line: Its number, from 1.
        reason: What is wrong, one sentence without its full stop.
    """

    line: int
    reason: str


@dataclass(frozen=True)
class Chain:
    """What a log is found to be.

    Attributes:
        size: How many lines it has.
        head: The last entry's hash; 64 zeros without any.
        root: The root of the Merkle tree over all lines.
        roots: The root over the first lines, for each number of lines that was asked for and is there.
        problems: Why it does not hold, in the order of lines, the first 100; none if it holds.
        problem_count: How many there are.
        remarks: What is no problem and should be known: clocks that went backwards, an entry that was cut off.
        last: The last lines, as many as were asked for.
    """

    size: int
    head: str
    root: bytes
    roots: Mapping[int, bytes]
    problems: tuple[Problem, ...]
    problem_count: int
    remarks: tuple[Problem, ...]
    last: tuple[bytes, ...] = field(repr=False)


def verify_chain(path: Path, *, sizes: Collection[int] = (), last: int = 0) -> Chain:
    """Read a log and hold every entry to its own hash and to the entry before it.

    What this cannot find is a log whose end was removed, or all of whose entries were made anew: that takes a
    checkpoint. Memory does not grow with the log.

    Args:
        path: The log.
        sizes: Numbers of lines for which the Merkle tree's root is wanted.
        last: How many of the last lines to return.

    Raises:
        InputError: There is no such file, or it is a link or no file.
        ToolError: It cannot be read.
    """
    reading, wanted, roots = _Reading(last), frozenset(sizes), {}
    with locked.to_read(path) as descriptor:
        size = os.fstat(descriptor).st_size
        locked.release(descriptor)  # others may append meanwhile: what is there now does not change by that
        if 0 in wanted:
            roots[0] = reading.tree.root()
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            for data, is_end in _lines(file, size):
                reading.take(data, is_end=is_end)
                if reading.tree.size in wanted:
                    roots[reading.tree.size] = reading.tree.root()
    return reading.concluded(roots)


def _lines(file: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield the lines of a file's first bytes, and of each whether the file ends in it, before a line break.

    One that is longer than any entry comes in pieces, none of which is an entry.
    """
    while size and (data := file.readline(min(size, entry.MAX_BYTES + 1))):
        size -= len(data)
        content = data.removesuffix(b"\n")
        yield content, not size and len(content) == len(data)


class _Reading:
    """Holds each line to the one before it."""

    def __init__(self, last: int) -> None:
        self.tree = Tree()
        self._number = 0
        self._last: deque[bytes] = deque(maxlen=last)
        self._expected = Place(0, entry.BEFORE_THE_FIRST)
        self._time = ""
        self._problems: list[Problem] = []
        self._problem_count = 0
        self._remarks: list[Problem] = []

    def take(self, content: bytes, *, is_end: bool) -> None:
        """Take the next line, without its line break; at the file's end there may be none."""
        self._number += 1
        if is_end and grammar.is_cut_off(content):
            self._remark("the writing of an entry was cut off here; the next one that is appended removes what is left")
            return
        self.tree.add(content)
        self._last.append(content)
        try:
            link = line.read(content)
        except Rejection as error:
            self._problem(str(error))
            # What the next one should name as the entry before it is not known; its number is.
            self._expected = Place(self._expected.sequence + 1, "")
            return
        self._judge(link)
        if is_end:
            self._remark("the last entry lacks its line break; the next one that is appended completes it")

    def _judge(self, link: Link) -> None:
        expected, found = self._expected, link.place
        if not link.holds:
            self._problem("its content does not fit its hash: it was edited")
        if found.sequence > expected.sequence:
            missing = found.sequence - expected.sequence
            self._problem(
                f"it is entry {found.sequence}, and {missing} before it are missing, from {expected.sequence}"
            )
        elif found.sequence < expected.sequence:
            self._problem(f"it is entry {found.sequence}, and entry {expected.sequence} belongs here")
        elif expected.previous and found.previous != expected.previous:
            self._problem("it does not name the hash of the entry before it")
        if link.time < self._time:
            self._remark("its time is before that of the entry before it: a clock was set back, or differs")
        self._time = link.time
        self._expected = Place(found.sequence + 1, link.hash)

    def _problem(self, reason: str) -> None:
        self._problem_count += 1
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(Problem(self._number, reason))

    def _remark(self, text: str) -> None:
        if len(self._remarks) < _MAX_PROBLEMS:
            self._remarks.append(Problem(self._number, text))

    def concluded(self, roots: Mapping[int, bytes]) -> Chain:
        """Return what was found."""
        if not self.tree.size:
            self._number = 1
            self._problem("there is no entry")
        return Chain(
            size=self.tree.size,
            head=self._expected.previous,
            root=self.tree.root(),
            roots=roots,
            problems=tuple(self._problems),
            problem_count=self._problem_count,
            remarks=tuple(self._remarks),
            last=tuple(self._last),
        )
