"""Python programs beside models."""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.format import Format
from modelseal.models.texts import kind, programs, python
from modelseal.models.texts.kind import Kind

_HEAD = 1000


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge a program.

    Raises:
        LimitReached: It is too long to be parsed.
        Malformed: This Python cannot parse it.
    """
    strange = kind.strange_encoding(kind.decode(content, _HEAD) or "")
    if strange:
        yield Found(programs.ATTACKS, f"it says that it is in {strange}: Python reads other text than is written")
    tree = python.tree(content)
    if tree is None and len(content) > python.MAX_SIZE:
        raise LimitReached(f"it is a Python program of more than {python.MAX_SIZE:,} bytes")
    if tree is None:
        raise Malformed("it is a Python program that cannot be parsed")
    yield from programs.judge(tree, budget)


FORMAT = Format(
    name="python",
    title="a Python program",
    recognises=lambda content: kind.of(content) is Kind.PYTHON,
    inspect=inspect,
    rules=(programs.ATTACKS, programs.BESIDE),
    last=True,
)
