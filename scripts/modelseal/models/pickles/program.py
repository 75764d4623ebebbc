"""Run a pickle's opcodes with symbols in place of objects, as the unpicklers of CPython would.

There are two of them, one in C and one in Python, and other loaders are made of these. Where they differ, what any of
them would do is done here, so that the trace has every import and every call of each: it goes on where one of them
breaks and another does not, and lengths of frames are not believed. The reference is CPython itself:
https://github.com/python/cpython/blob/v3.13.0/Lib/pickle.py and Modules/_pickle.c beside it.
"""

from collections.abc import Iterator

from modelseal.models.pickles.machine import Broken, Machine, Stopped
from modelseal.models.pickles.opcodes import calls, constants, structure
from modelseal.models.pickles.opcodes.table import HANDLERS
from modelseal.models.pickles.trace import Step

__all__ = ["run"]
_AT_ONCE = 4096
_MODULES = calls, constants, structure  # importing them fills the table


def run(machine: Machine, most: int | None = None) -> Iterator[Step]:
    """Run a program to its end, or to where it breaks (`machine.broken`), and tell its steps in their order.

    Args:
        machine: Its state, which tells afterwards where and how it ended.
        most: How many opcodes to run at most; without it, all.

    Raises:
        LimitReached: It takes more than a file may.
    """
    try:
        while most is None or machine.opcodes < most:
            before = machine.opcodes
            yield from _some(machine, _AT_ONCE if most is None else min(most - before, _AT_ONCE))
            machine.budget.steps(machine.opcodes - before)
            machine.weigh()
    except Stopped as stop:
        machine.position = stop.position
    except Broken as fault:
        machine.broken = fault.what
    yield from _tell(machine)


def _some(machine: Machine, most: int) -> Iterator[Step]:
    """Run some opcodes. Every step of the loop is paid for millions of times, which is why it looks like this."""
    data, end, pending, handlers = machine.data, machine.end, machine.pending, HANDLERS
    position = machine.position
    done = 0
    try:
        for done in range(1, most + 1):  # noqa: B007 # used when it is left
            if position >= end:
                raise Broken("it ends before its STOP")
            position = handlers[data[position]](machine, position + 1)
            if pending:
                machine.position = position
                yield from _tell(machine)
                position = machine.position
    finally:
        machine.position = position
        machine.opcodes += done


def _tell(machine: Machine) -> Iterator[Step]:
    """Give the steps that are pending, and run the programs that lie between the opcodes."""
    pending, machine.pending[:] = list(machine.pending), []
    for item in pending:
        if not isinstance(item, Machine):
            yield item
            continue
        yield from run(item)
        machine.position = item.position
        machine.torn = machine.torn or item.torn
        if item.broken:
            raise Broken(item.broken)
