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
    counted = machine.opcodes
    try:
        while most is None or machine.opcodes < most:
            yield from _some(machine, _AT_ONCE if most is None else min(most - counted, _AT_ONCE))
            machine.budget.steps(machine.opcodes - counted)
            counted = machine.opcodes
            machine.weigh()
    except Stopped as stop:
        machine.position = stop.position
    except Broken as fault:
        machine.broken = fault.what
    yield from machine.pending
    machine.budget.steps(machine.opcodes - counted)


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
                yield from pending
                pending.clear()
                if machine.inner is not None:
                    yield from _between(machine, machine.inner)
                    position = machine.position
    finally:
        machine.position = position
        machine.opcodes += done


def _between(machine: Machine, inner: Machine) -> Iterator[Step]:
    """Run a program that lies between two opcodes, and go on behind it."""
    machine.inner = None
    yield from run(inner)
    machine.position = inner.position
    machine.torn = machine.torn or inner.torn
    if inner.broken:
        raise Broken(inner.broken)
