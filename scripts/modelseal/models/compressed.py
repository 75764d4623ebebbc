"""Files that are one compressed stream, or several in a row, which readers unpack as one."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelseal.gate.finding import Severity
from modelseal.models import expansion
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Unread
from modelseal.models.format import Format
from modelseal.models.rule import Rule
from modelseal.models.streams import Stream

if TYPE_CHECKING:
    from modelseal.models.faults import Malformed

_NOT_ZERO = re.compile(rb"[^\0]")
_TRIED = 4096
_SHOWN = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """One way to compress.

    Attributes:
        name: Of the format.
        title: As people call a file of it.
        begins: Whether a stream begins at an offset; it does not raise.
        pieces: Unpacks a stream.
        extensions: Endings of names that promise it.
        inner: Tells the name of what is packed, where the stream says so.
        remarks: Tells what is odd about a stream, given where it begins and ends.
        rules: Those of the remarks.
        data: Where in the file the first stream begins.
    """

    name: str
    title: str
    begins: Callable[[Content, int], bool]
    pieces: Callable[[Stream], Iterator[bytes]]
    extensions: tuple[str, ...] = ()
    inner: Callable[[Content], str] = field(default=lambda _: "(unpacked)")
    remarks: Callable[[Content, int, int], Iterable[Found]] = field(default=lambda *_: ())
    rules: tuple[Rule, ...] = ()
    data: int = 0


def declared(compression: Compression) -> Format:
    """Make the format of files that are compressed in this way."""
    trailing = Rule(
        id=f"{compression.name}-trailing",
        title=f"Bytes after the end of {compression.title}",
        severity=Severity.HIGH,
        happens="Some programs ignore them, some refuse the file, some load it until there: what one checks is not "
        "what another one loads.",
        remedy="Do not use the file. Write it anew with the framework that made it.",
        atlas=("AML.T0074", "AML.T0011.000"),
        cwe=("CWE-436", "CWE-506"),
    )

    def inspect(content: Content, budget: Budget) -> Iterator[Event]:
        return _inspected(compression, trailing, content, budget)

    return Format(
        name=compression.name,
        title=compression.title,
        recognises=lambda content: compression.begins(content, 0),
        inspect=inspect,
        rules=(trailing, *compression.rules),
        extensions=compression.extensions,
    )


def unpacks(content: Content, start: int, pieces: Callable[[Stream], Iterator[bytes]]) -> bool:
    """Tell whether the first bytes of a stream can be unpacked: for formats that have no signature."""
    stream = Stream(content.part(start, _TRIED))
    return any(pieces(stream)) or stream.fault is None


class _Runs:
    """The streams of a file, one after the other."""

    def __init__(self, compression: Compression, content: Content, budget: Budget) -> None:
        self.end = compression.data
        self.fault: Malformed | None = None
        self.remarks: list[Found] = []
        self._compression = compression
        self._content = content
        self._budget = budget

    def pieces(self) -> Iterator[bytes]:
        """Unpack all of them."""
        first = True
        while self.fault is None and (first or self._compression.begins(self._content, self.end)):
            stream = Stream(self._content, self.end)
            self._budget.steps(1)
            yield from self._compression.pieces(stream)
            self.remarks.extend(self._compression.remarks(self._content, self.end, stream.end))
            self.end, self.fault, first = stream.end, stream.fault, False


def _inspected(compression: Compression, trailing: Rule, content: Content, budget: Budget) -> Iterator[Event]:
    runs = _Runs(compression, content, budget)
    unpacked = expansion.expanded(runs.pieces(), len(content), budget)
    yield from runs.remarks
    yield Member(compression.inner(content), unpacked)
    if runs.fault is not None:
        yield Unread(runs.fault.what, runs.fault.offset)
    elif next(content.matches(_NOT_ZERO, runs.end), None) is not None:
        what = f"{len(content) - runs.end} bytes follow the end of {compression.title}"
        yield Found(trailing, what, runs.end, repr(content.read(runs.end, _SHOWN)))
        yield Member("(after the end)", content.part(runs.end))
