"""Opcodes for the stack, the memo and the pickle's own containers."""

from modelseal.models.pickles.machine import HIGHEST_PROTOCOL, Broken, Loader, Machine, Stopped
from modelseal.models.pickles.opcodes.reading import LITTLE_4, LITTLE_8, byte, fetch, number, short_line
from modelseal.models.pickles.opcodes.table import opcode
from modelseal.models.pickles.trace import Kind


@opcode(b"\x80")
def _proto(machine: Machine, position: int) -> int:
    protocol, following = byte(machine, position)
    if protocol > HIGHEST_PROTOCOL:
        raise Broken("it is of a protocol that does not exist")
    machine.protocol = protocol
    return following


@opcode(b"\x95")
def _frame(machine: Machine, position: int) -> int:
    size, following = number(machine, position, LITTLE_8)
    if following < machine.frame or following + size > machine.end:
        machine.torn = True
    if machine.loader is Loader.FILE_IN_C:
        following = fetch(machine, following, size)
    machine.frame = max(machine.frame, following + size)
    return following


@opcode(b".")
def _stop(machine: Machine, position: int) -> int:
    machine.result = machine.pop()
    if position < machine.frame:
        machine.torn = True
    raise Stopped(position)


@opcode(b"(")
def _mark(machine: Machine, position: int) -> int:
    machine.marks.append(machine.stack)
    machine.stack = []
    return position


@opcode(b"0")
def _pop(machine: Machine, position: int) -> int:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()
    return position


@opcode(b"1")
def _pop_mark(machine: Machine, position: int) -> int:
    machine.pop_mark()
    return position


@opcode(b"2")
def _dup(machine: Machine, position: int) -> int:
    machine.stack.append(machine.top())
    return position


@opcode(b"p")
def _put(machine: Machine, position: int) -> int:
    digits, following = short_line(machine, position)
    index = _index(digits)
    if index < 0:
        raise Broken("it keeps a value under a number below 0")
    machine.remember(index)
    return following


@opcode(b"q")
def _binput(machine: Machine, position: int) -> int:
    index, following = byte(machine, position)
    machine.remember(index)
    return following


@opcode(b"r")
def _long_binput(machine: Machine, position: int) -> int:
    index, following = number(machine, position, LITTLE_4)
    machine.remember(index)
    return following


@opcode(b"\x94")
def _memoize(machine: Machine, position: int) -> int:
    machine.remember(len(machine.memo) + len(machine.far))
    return position


@opcode(b"g")
def _get(machine: Machine, position: int) -> int:
    digits, following = short_line(machine, position)
    machine.recall(_index(digits))
    return following


@opcode(b"h")
def _binget(machine: Machine, position: int) -> int:
    index, following = byte(machine, position)
    if index < len(machine.memo):
        machine.stack.append(machine.memo[index])
    else:
        machine.recall(index)
    return following


@opcode(b"j")
def _long_binget(machine: Machine, position: int) -> int:
    index, following = number(machine, position, LITTLE_4)
    machine.recall(index)
    return following


def _index(digits: bytes) -> int:
    for read in (digits, digits.partition(b"\0")[0]):  # in C, a text ends at a zero
        try:
            return int(read)
        except ValueError:
            continue
    raise Broken("it keeps or takes a value without a number")


@opcode(b")")
def _empty_tuple(machine: Machine, position: int) -> int:
    machine.stack.append(())
    return position


@opcode(b"t")
def _tuple(machine: Machine, position: int) -> int:
    machine.push_tuple(tuple(machine.pop_mark()))
    return position


@opcode(b"\x85")
def _tuple1(machine: Machine, position: int) -> int:
    return _last(machine, position, 1)


@opcode(b"\x86")
def _tuple2(machine: Machine, position: int) -> int:
    return _last(machine, position, 2)


@opcode(b"\x87")
def _tuple3(machine: Machine, position: int) -> int:
    return _last(machine, position, 3)


def _last(machine: Machine, position: int, count: int) -> int:
    stack = machine.stack
    if len(stack) < count:
        raise Broken("it takes a value from an empty stack")
    items = tuple(stack[-count:])
    del stack[-count:]
    machine.push_tuple(items)
    return position


@opcode(b"]")
def _empty_list(machine: Machine, position: int) -> int:
    machine.push_container(Kind.LIST)
    return position


@opcode(b"l")
def _list(machine: Machine, position: int) -> int:
    machine.push_container(Kind.LIST, machine.pop_mark())
    return position


@opcode(b"}")
def _empty_dict(machine: Machine, position: int) -> int:
    machine.push_container(Kind.DICT)
    return position


@opcode(b"d")
def _dict(machine: Machine, position: int) -> int:
    items = machine.pop_mark()
    if len(items) % 2:
        raise Broken("it has a key without a value")
    machine.push_container(Kind.DICT, items)
    return position


@opcode(b"\x8f")
def _empty_set(machine: Machine, position: int) -> int:
    machine.push_container(Kind.SET)
    return position


@opcode(b"\x91")
def _frozenset(machine: Machine, position: int) -> int:
    machine.push_container(Kind.FROZENSET, machine.pop_mark())
    return position
