"""Python programs beside models."""

from collections.abc import Iterator

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.format import Format
from modelseal.models.texts import kind, programs, python
from modelseal.models.texts.kind import Kind


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge a program.

    Raises:
        LimitReached: It is too long to be parsed.
        Malformed: This Python cannot parse it.
    """
    tree = python.tree(content)
    if tree is None and len(content) > python.MAX_SIZE:
        raise LimitReached(f"it is a Python program of more than {python.MAX_SIZE // MIB} MiB")
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
