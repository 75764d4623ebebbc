"""Scripts for shells: sh, batch files, PowerShell."""

from collections.abc import Iterator

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import LimitReached
from modelseal.models.format import Format
from modelseal.models.texts import kind, shells
from modelseal.models.texts.kind import Kind

_KINDS = frozenset({Kind.SHELL, Kind.BATCH, Kind.POWERSHELL})


def inspect(content: Content, _: Budget) -> Iterator[Event]:
    """Judge a script.

    Raises:
        LimitReached: It is too long.
    """
    yield from shells.judge(kind.decode(content, MIB) or "", beside=True)
    if len(content) > MIB:
        raise LimitReached("it is a shell script of more than 1 MiB")


FORMAT = Format(
    name="script",
    title="a shell script",
    recognises=lambda content: kind.of(content) in _KINDS,
    inspect=inspect,
    rules=(shells.ATTACKS, shells.BESIDE),
    last=True,
)
