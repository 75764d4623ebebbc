"""Look into a file of pickles: one, or several one behind the other."""

from collections.abc import Iterator
from typing import Final

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.faults import LimitReached
from modelseal.models.pickles import recognition, searching
from modelseal.models.pickles.rules import BURIED, TRAILING
from modelseal.models.pickles.stream import Findings, Stream
from modelseal.models.pickles.trace import Value

_PADDING: Final = 4096
_BURIED: Final = "buried-pickle"


def inspect(content: Content, budget: Budget, persistent: list[Value] | None = None) -> Iterator[Event]:
    """Look into pickles that lie one behind the other, and into what follows them.

    Args:
        content: What they lie in, from its beginning on.
        budget: Counts what looking into them costs.
        persistent: Is given what they leave to their loader, in order: see `storages`.

    Raises:
        LimitReached: It takes more than a file may.
    """
    findings, start = Findings(), 0
    while start < len(content):
        stream = Stream(content, start, budget, findings)
        yield from stream.events()
        if persistent is not None:
            persistent.extend(stream.persistent)
        start = stream.end
        if not stream.whole:
            break
        if not recognition.begins(content, start):
            yield from trailing(content, start)
            break
    yield from buried(content, start, budget, findings)


def trailing(content: Content, start: int) -> Iterator[Event]:
    """Tell of bytes that follow the last pickle, unless they are a little padding."""
    size = len(content) - start
    if size and (size > _PADDING or content.read(start, size).strip(b"\0\n\r ")):
        what = f"{size} bytes follow the end of the last pickle"
        yield Found(TRAILING, what, start, repr(content.read(start, 64)))


def buried(content: Content, start: int, budget: Budget, findings: Findings) -> Iterator[Event]:
    """Tell of pickles that lie somewhere in bytes that are something else, if they would attack.

    Raises:
        LimitReached: It takes more than a file may.
    """
    for offset in searching.attacks(content, start, budget):
        yield Found(BURIED, "a pickle begins in the midst of other bytes", offset, repr(content.read(offset, 64)))
        yield from Stream(content, offset, budget, findings).events()


def is_buried(content: Content) -> bool:
    """Tell whether a pickle that would attack lies somewhere in content that is nothing known."""
    if _BURIED not in content.memo:
        try:
            content.memo[_BURIED] = next(searching.attacks(content, 0, Budget()), None) is not None
        except LimitReached:
            content.memo[_BURIED] = True
    return bool(content.memo[_BURIED])


def inspect_buried(content: Content, budget: Budget) -> Iterator[Event]:
    """Look into pickles that lie somewhere in content that is nothing known.

    Raises:
        LimitReached: It takes more than a file may.
    """
    yield from buried(content, 0, budget, Findings())
