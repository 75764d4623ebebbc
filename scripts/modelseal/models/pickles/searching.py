"""Search for pickles that lie in the midst of other bytes."""

import re
from collections.abc import Iterator
from typing import Final

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached
from modelseal.models.pickles import dangerous, judgement, program
from modelseal.models.pickles.judgement import Outcome
from modelseal.models.pickles.machine import Machine
from modelseal.models.pickles.opcodes.table import HANDLERS, valid
from modelseal.models.pickles.recognition import named
from modelseal.models.pickles.trace import Global, How, Import, Step

_OPCODES: Final = b"".join(re.escape(bytes([code])) for code in range(len(HANDLERS)) if valid(code))
_SIGNED: Final = re.compile(rb"\x80[\x00-\x05][" + _OPCODES + rb"]")
_NAME: Final = rb"[A-Za-z_][A-Za-z0-9_.]{0,63}"
# Each is found even if others overlap it. Names are checked before anything is run: words of a list look like them.
_UNSIGNED: Final = re.compile(
    rb"[ci](?=(" + _NAME + rb")\n(" + _NAME + rb")\n)"  # GLOBAL, INST
    rb"|\x8c[\x01-\x40](?=("
    + _NAME
    + rb")(?:\x94|q.)?\x8c[\x01-\x40]("
    + _NAME
    + rb")(?:\x94|q.)?\x93)"  # STACK_GLOBAL
)
_MARKED_IN: Final = 256  # arguments may come before what is called: `(S'id'\nios\nsystem\n.`
_CALLING: Final = frozenset({How.REDUCE, How.OBJ, How.INST, How.NEWOBJ, How.NEWOBJ_EX})
_UNSIGNED_IN: Final = 16 * MIB  # at either end: looking for them takes long
_TRIED: Final = 10_000
_STEPS: Final = 10_000
_OPCODES_TRIED: Final = 50_000


def attacks(content: Content, start: int, budget: Budget) -> Iterator[int]:
    """Find where pickles begin that would attack, or that call what is not known, in bytes that are something else.

    Args:
        content: Where to look.
        start: From which offset.
        budget: Counts what was run.

    Raises:
        LimitReached: There are too many places where one could begin.
    """
    behind = start
    for tried, offset in enumerate(_candidates(content, start)):
        if tried >= _TRIED:
            raise LimitReached(f"it has more than {_TRIED:,} places where a pickle could begin")
        if offset < behind:
            continue
        end = _attack_ends(content, offset, budget)
        if end is not None:
            yield offset
            behind = end


def _candidates(content: Content, start: int) -> Iterator[int]:
    for offset, _ in content.matches(_SIGNED, start):
        yield offset
    size = len(content)
    ranges = [(start, min(start + _UNSIGNED_IN, size)), (max(start + _UNSIGNED_IN, size - _UNSIGNED_IN), size)]
    for first, last in ranges:
        if first < last:
            for offset, match in content.matches(_UNSIGNED, first, last):
                module, name = (part.decode("ascii") for part in match.groups() if part is not None)
                if dangerous.technique(module, name) is not None:
                    mark = content.read(max(offset - _MARKED_IN, 0), min(offset, _MARKED_IN)).rfind(b"(")
                    if mark >= 0:
                        yield max(offset - _MARKED_IN, 0) + mark
                    yield offset


def _attack_ends(content: Content, offset: int, budget: Budget) -> int | None:
    """Return where the attack that begins here ends; None when there is none."""
    machine = Machine(content, offset, Budget())
    suspected = False
    # Words of a list, one a line, read like an import: without a signature only a call of something dangerous counts.
    signed = content.read(offset, 1) == b"\x80"
    try:
        for count, step in enumerate(program.run(machine, _OPCODES_TRIED)):
            target = step.target if isinstance(step, Import) else step.callee
            if isinstance(target, Global) and named(target):
                outcome = judgement.judge(step).outcome
                if outcome is Outcome.DANGEROUS and (signed or (_calls(step) and _known(target))):
                    return machine.position - machine.origin
                suspected = suspected or (outcome is Outcome.UNKNOWN and not isinstance(step, Import))
            if count >= _STEPS:
                break
    except LimitReached:
        suspected = True
    budget.steps(machine.opcodes)
    return machine.position - machine.origin if suspected and machine.broken is None else None


def _calls(step: Step) -> bool:
    return not isinstance(step, Import) and step.how in _CALLING


def _known(target: Global) -> bool:
    return dangerous.technique(target.module, target.name) is not None
