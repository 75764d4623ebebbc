"""Tell pickles from other bytes. A pickle has no signature that it must bear: what runs is one.

From protocol 2 on, most begin with one. The unpicklers do not ask for it, and pickles of protocols 0 and 1 have none:
those are recognised by running them, with symbols, until it is clear.
"""

from collections.abc import Iterator
from typing import Final

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached
from modelseal.models.pickles import judgement, program
from modelseal.models.pickles.judgement import Outcome
from modelseal.models.pickles.machine import HIGHEST_PROTOCOL, Machine
from modelseal.models.pickles.opcodes.table import valid
from modelseal.models.pickles.trace import Call, Global, Import, Step

_PROTO: Final = 0x80
# It is also a persistent identifier. An unpickler that knows none ends there; the loader that knows some, of PyTorch,
# asks for this signature first.
_ZIP: Final = b"PK\x03\x04"
_ENOUGH: Final = 20_000  # opcodes: what runs so long is no chance
_OPENING: Final = 4  # opcodes behind a signature, at least, before it breaks
_LONGEST_NAME: Final = 256
_INST: Final = 0x69
_LINES: Final = b"FILPSVcgip"  # opcodes that read a line


def begins(content: Content, start: int = 0) -> bool:
    """Tell whether a pickle, or a part of one, begins here. Bytes of other formats do not look like one by chance.

    Args:
        content: Where to look.
        start: At which offset.
    """
    opening = content.read(start, 3)
    if not opening or not valid(opening[0]) or content.read(start, len(_ZIP)) == _ZIP:
        return False
    if opening[0] == _PROTO:
        return len(opening) > 1 and opening[1] <= HIGHEST_PROTOCOL and _opens(content, start, opening)
    return _runs(content, start)


def _opens(content: Content, start: int, opening: bytes) -> bool:
    """Tell whether a pickle follows a signature that could also be two bytes of anything."""
    if len(opening) < 3 or not valid(opening[2]):  # noqa: PLR2004 # the signature and an opcode
        return False
    machine = Machine(content, start, Budget())
    steps = list(_limited(machine, 64))
    return (
        machine.broken is None or _cut(machine) or machine.opcodes > _OPENING or any(_plausible(step) for step in steps)
    )


def _cut(machine: Machine) -> bool:
    """Tell whether a program broke because its bytes end, and not because of what they are."""
    at = machine.position
    if machine.broken is None or at >= machine.end:
        return machine.broken is not None
    unfinished = machine.data[at] in _LINES and machine.data.find(b"\n", at, machine.end) < 0
    return unfinished or machine.broken.startswith("it ends")


def _runs(content: Content, start: int) -> bool:
    """Tell whether bytes without a signature are pickles to their end, or one that calls before it breaks."""
    while start < len(content):
        machine = Machine(content, start, Budget())
        steps = list(_limited(machine, _ENOUGH))
        if any(_calls(step) for step in steps):
            return True
        if machine.broken is not None:
            return (_cut(machine) or machine.data[machine.position] == _INST) and any(_attacks(step) for step in steps)
        if machine.opcodes >= _ENOUGH or any(_plausible(step) for step in steps):
            return True
        start = machine.position - machine.origin
        if content.read(start, 1) == bytes([_PROTO]):
            return begins(content, start)
    return True


def _limited(machine: Machine, most: int) -> Iterator[Step]:
    try:
        yield from program.run(machine, most)
    except LimitReached:
        return


def _calls(step: Step) -> bool:
    return isinstance(step, Call) and isinstance(step.callee, Global) and named(step.callee)


def _plausible(step: Step) -> bool:
    return _calls(step) or (isinstance(step, Import) and isinstance(step.target, Global) and named(step.target))


def _attacks(step: Step) -> bool:
    return judgement.judge(step).outcome is Outcome.DANGEROUS and _plausible(step)


def named(target: Global) -> bool:
    """Tell whether a global has a name that Python could have for it."""
    return all(
        len(text) < _LONGEST_NAME and all(part.isidentifier() or part == "<lambda>" for part in text.split("."))
        for text in (target.module, target.name)
    )
