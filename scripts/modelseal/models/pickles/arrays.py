"""Arrays that joblib writes between a pickle's opcodes.

Its unpickler reads an array where a wrapper object is given its state, and goes on behind it:
https://github.com/joblib/joblib/blob/1.5.2/joblib/numpy_pickle.py (`NumpyArrayWrapper.read_array`).
"""

import math
import re
from typing import Final

from modelseal.models.pickles.machine import Broken, Loader, Machine
from modelseal.models.pickles.trace import Container, Global, How, Kind, Result, Value

_WRAPPER: Final = "NumpyArrayWrapper"
_MODULES: Final = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
_PADDED: Final = "numpy_array_alignment_bytes"
_TYPE_CODE: Final = re.compile(r"[<>|=]?([?a-zA-Z])(\d{0,9})")
_SIZES: Final = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8} | {
    "e": 2, "f": 4, "d": 8, "g": 16, "F": 8, "D": 16, "G": 32
}  # fmt: skip
_ITEM_SIZE: Final = 5  # its place in the state of a dtype
_DEEPEST: Final = 16


def skipped(machine: Machine, position: int, target: Result) -> int:
    """Return where joblib's unpickler goes on when an object has been given its state.

    An array of objects is a pickle of its own: it is left to be run, and is where the program goes on.

    Args:
        machine: The program's state.
        position: Behind the opcode, in the buffer.
        target: What has been given its state.

    Raises:
        Broken: How long the array is cannot be known.
    """
    if not _wraps(target):
        return position
    state = _entries(target.states[-1])
    if machine.array is None:
        machine.array = position - machine.origin
    dtype = state.get("dtype")
    if _holds_objects(dtype):
        _enter(machine, position)
        return position
    if state.get(_PADDED) is not None:
        if position >= machine.end:
            raise Broken("it ends where an array should follow")
        position += 1 + machine.data[position]
    following = position + _size(state.get("shape"), dtype)
    if following > machine.end:
        raise Broken("it ends within an array")
    return following


def _wraps(target: Result) -> bool:
    call = target.call
    made = call.callee if call.how is not How.REDUCE or not call.arguments else call.arguments[0]
    return any(
        isinstance(item, Global) and item.name == _WRAPPER and item.module in _MODULES for item in (made, call.callee)
    )


def _enter(machine: Machine, position: int) -> None:
    if machine.depth >= _DEEPEST:
        raise Broken("it has arrays of pickles within each other without end")
    start = position - machine.origin
    machine.inner = Machine(machine.content, start, machine.budget, loader=Loader.PLAIN, depth=machine.depth + 1)


def _entries(state: Value) -> dict[str, Value]:
    if not isinstance(state, Container) or state.kind is not Kind.DICT:
        return {}
    pairs = zip(state.items[::2], state.items[1::2], strict=False)
    return {key: value for key, value in pairs if isinstance(key, str)}


def _holds_objects(dtype: Value) -> bool:
    """Tell whether elements are Python objects. Of a structure, a field can be, and its flags tell."""
    return isinstance(dtype, Result) and bool(dtype.call.arguments) and dtype.call.arguments[0] in {"O", "O8", "O4"}


def _size(shape: Value, dtype: Value) -> int:
    if not isinstance(shape, tuple) or not all(isinstance(item, int) and 0 <= item < 1 << 62 for item in shape):
        raise Broken("it has an array of unknown shape")
    counts = [item for item in shape if isinstance(item, int)]
    return 0 if 0 in counts else min(math.prod(counts[:64]), 1 << 62) * _element(dtype)


def _element(dtype: Value) -> int:
    """Return the size of an element in bytes: from the state of its dtype if it has one, else from its type code."""
    if not isinstance(dtype, Result) or not dtype.call.arguments:
        raise Broken("it has an array of unknown type")
    code = dtype.call.arguments[0]
    for state in dtype.states:
        if isinstance(state, tuple) and len(state) > _ITEM_SIZE:
            size = state[_ITEM_SIZE]
            if isinstance(size, int) and 0 < size < 1 << 31:
                return size
    match = _TYPE_CODE.fullmatch(code) if isinstance(code, str) else None
    if not match:
        raise Broken("it has an array of unknown type")
    letter, digits = match.groups()
    return int(digits) * (4 if letter == "U" else 1) if digits else _SIZES.get(letter, 0)
