"""Opcodes that import, that call, or that call for want of a container."""

from collections.abc import Sequence

from modelseal.models.pickles import arrays, names
from modelseal.models.pickles.machine import Broken, Loader, Machine
from modelseal.models.pickles.opcodes.reading import LITTLE_2, SIGNED_4, byte, latin, line, number, text
from modelseal.models.pickles.opcodes.table import opcode
from modelseal.models.pickles.trace import (
    Container,
    Extension,
    Global,
    How,
    Import,
    Kind,
    Opaque,
    Result,
    Starred,
    Unresolved,
    Value,
    Via,
)

_STATES = 8
_OBJECTS = Global, Unresolved, Extension, Result, Opaque


@opcode(b"c")
def _global(machine: Machine, position: int) -> int:
    target, following = _named(machine, position, Via.GLOBAL)
    machine.stack.append(target)
    return following


@opcode(b"i")
def _inst(machine: Machine, position: int) -> int:
    target, following = _named(machine, position, Via.INST)
    arguments = tuple(machine.pop_mark())
    machine.stack.append(machine.call(position, How.INST, target, arguments))
    return following


def _named(machine: Machine, position: int, via: Via) -> tuple[Global | Unresolved, int]:
    start, last, second = line(machine, position)
    module, _ = text(machine, start, last - start)
    start, last, following = line(machine, second)
    name, _ = text(machine, start, last - start)
    named = names.of_values(module, name, machine.protocol, machine.content)
    return machine.import_(position, via, named), following


@opcode(b"\x93")
def _stack_global(machine: Machine, position: int) -> int:
    name, module = machine.pop(), machine.pop()
    named = names.of_values(module, name, machine.protocol, machine.content)
    machine.stack.append(machine.import_(position, Via.STACK_GLOBAL, named))
    return position


@opcode(b"\x82")
def _ext1(machine: Machine, position: int) -> int:
    return _extension(machine, position, byte(machine, position))


@opcode(b"\x83")
def _ext2(machine: Machine, position: int) -> int:
    return _extension(machine, position, number(machine, position, LITTLE_2))


@opcode(b"\x84")
def _ext4(machine: Machine, position: int) -> int:
    return _extension(machine, position, number(machine, position, SIGNED_4))


def _extension(machine: Machine, position: int, read: tuple[int, int]) -> int:
    code, following = read
    if code <= 0:
        raise Broken("it names an extension below 1")
    target = Extension(code)
    machine.pending.append(Import(position - 1 - machine.origin, target, Via.EXTENSION, machine.protocol))
    machine.stack.append(target)
    return following


@opcode(b"R")
def _reduce(machine: Machine, position: int) -> int:
    arguments, callee = machine.pop(), machine.pop()
    given = arguments if isinstance(arguments, tuple) else _spread(arguments)
    machine.stack.append(machine.call(position, How.REDUCE, callee, given))
    return position


@opcode(b"o")
def _obj(machine: Machine, position: int) -> int:
    items = machine.pop_mark()
    if not items:
        raise Broken("it takes a value from an empty stack")
    machine.stack.append(machine.call(position, How.OBJ, items[0], tuple(items[1:])))
    return position


@opcode(b"\x81")
def _newobj(machine: Machine, position: int) -> int:
    arguments, callee = machine.pop(), machine.pop()
    machine.stack.append(machine.call(position, How.NEWOBJ, callee, _spread(arguments)))
    return position


@opcode(b"\x92")
def _newobj_ex(machine: Machine, position: int) -> int:
    keywords, arguments, callee = machine.pop(), machine.pop(), machine.pop()
    machine.stack.append(machine.call(position, How.NEWOBJ_EX, callee, _spread(arguments), keywords))
    return position


def _spread(arguments: Value) -> tuple[Value, ...]:
    """Return what `*arguments` gives: the unpickler in Python takes all that can be iterated, in its order."""
    if isinstance(arguments, tuple):
        return arguments
    if isinstance(arguments, Container) and arguments.kind in {Kind.LIST, Kind.DICT} and not arguments.dropped:
        return tuple(arguments.items[:: 2 if arguments.kind is Kind.DICT else 1])
    return (Starred(arguments),)


@opcode(b"P")
def _persid(machine: Machine, position: int) -> int:
    start, last, following = line(machine, position)
    identity, _ = latin(machine, start, last - start)
    machine.stack.append(machine.call(position, How.PERSISTENT, None, (identity,)))
    return following


@opcode(b"Q")
def _binpersid(machine: Machine, position: int) -> int:
    machine.stack.append(machine.call(position, How.PERSISTENT, None, (machine.pop(),)))
    return position


@opcode(b"b")
def _build(machine: Machine, position: int) -> int:
    state, target = machine.pop(), machine.top()
    if not isinstance(target, _OBJECTS):
        return position
    machine.call(position, How.BUILD, target, (state,))
    if not isinstance(target, Result):
        return position
    machine.spend(64)
    target.states = (*target.states, state)[-_STATES:]
    return arrays.skipped(machine, position, target) if machine.loader is Loader.JOBLIB else position


@opcode(b"a")
def _append(machine: Machine, position: int) -> int:
    value, target = machine.pop(), machine.top()
    if isinstance(target, Container):
        if target.kind is Kind.LIST:
            machine.fill(target, (value,))
    elif isinstance(target, _OBJECTS):
        machine.call(position, How.APPEND, target, (value,))
    return position


@opcode(b"e")
def _appends(machine: Machine, position: int) -> int:
    items, target = machine.pop_mark(), machine.top()
    if isinstance(target, Container):
        if target.kind is Kind.LIST:
            machine.fill(target, items)
    elif isinstance(target, _OBJECTS):
        machine.call(position, How.EXTEND, target, tuple(items))
    return position


@opcode(b"\x90")
def _additems(machine: Machine, position: int) -> int:
    items, target = machine.pop_mark(), machine.top()
    if isinstance(target, Container):
        if target.kind is Kind.SET:
            machine.fill(target, items)
    elif isinstance(target, _OBJECTS):
        machine.call(position, How.ADD, target, tuple(items))
    return position


@opcode(b"s")
def _setitem(machine: Machine, position: int) -> int:
    value, key = machine.pop(), machine.pop()
    return _assign(machine, position, (key, value))


@opcode(b"u")
def _setitems(machine: Machine, position: int) -> int:
    return _assign(machine, position, machine.pop_mark())


def _assign(machine: Machine, position: int, items: Sequence[Value]) -> int:
    """Put keys and values, in turn, into the topmost value. Where the last key has no value, Python sets the others."""
    target = machine.top()
    if isinstance(target, _OBJECTS):
        machine.call(position, How.SETITEM, target, tuple(items))
    elif isinstance(target, Container) and target.kind is Kind.DICT:
        machine.fill(target, items[: len(items) // 2 * 2])
    elif isinstance(target, Container) and target.kind is Kind.LIST:
        for key, value in zip(items[::2], items[1::2], strict=False):
            if isinstance(key, int) and -len(target.items) <= key < len(target.items):
                target.items[key] = value
    return position
