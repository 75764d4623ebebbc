"""What a pickle says of the types of arrays: NumPy takes it at its word, and reads memory accordingly.

An array of objects is an array of addresses. Where a type holds objects, but its flags deny it, the bytes of an array
are taken for addresses, and what lies there for objects. The same comes of fields that lie behind an item's end.
https://github.com/numpy/numpy/blob/v2.4.0/numpy/_core/src/multiarray/descriptor.c: arraydescr_setstate
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelseal.models.pickles.trace import Container, Global, Kind, Long, Result, Value

_CODE: Final = re.compile(r"([A-Za-z?])(\d{0,9})", re.ASCII)
_DEEPEST: Final = 32
_UNSTATED: Final = 1 << 20  # elements
_SUBARRAY, _FIELDS, _SIZE, _FLAGS = 2, 4, 5, 7
# NPY_ITEM_REFCOUNT, NPY_LIST_PICKLE, NPY_NEEDS_INIT, NPY_NEEDS_PYAPI
_HOLDS_OBJECTS: Final = 1 | 2 | 8 | 16


@dataclass(frozen=True, slots=True)
class _Type:
    """How many bytes an item has, and whether there are objects in it."""

    size: int
    objects: bool


def consistent(made: Value, state: Value) -> bool:
    """Tell whether NumPy writes such a state for a type.

    Args:
        made: The call that made the type.
        state: What is given to it.
    """
    return _read(made, state, 0) is not None


def _read(made: Value, state: Value, depth: int) -> _Type | None:
    own = _own(made)
    if own is None or depth > _DEEPEST:
        return None
    if state is None:
        return own
    if not isinstance(state, tuple) or len(state) <= _FLAGS:
        return None
    size, flags = state[_SIZE], state[_FLAGS]
    if not isinstance(size, int) or not isinstance(flags, int):
        return None
    whole, objects = max(size, own.size), own.objects
    for offset, part in _parts(state, depth):
        if part is None or not 0 <= offset <= whole - part.size:
            return None
        objects |= part.objects
    return _Type(whole, objects) if not objects or flags & _HOLDS_OBJECTS == _HOLDS_OBJECTS else None


def _own(made: Value) -> _Type | None:
    """Read what a type is made of: `O8`, or a class, of types that others have brought to NumPy."""
    code = made.call.arguments[0] if isinstance(made, Result) and made.call.arguments else None
    if isinstance(code, bytes):
        code = code.decode("latin-1")
    if isinstance(code, Global):
        return None if "object" in code.name else _Type(0, objects=False)
    match = _CODE.fullmatch(code) if isinstance(code, str) else None
    return _Type(int(match[2] or 0), match[1] == "O") if match else None


def _parts(state: tuple[Value, ...], depth: int) -> Iterator[tuple[int, _Type | None]]:
    """Go through the fields of a type, or the item that it repeats, with where they begin."""
    subarray, fields = state[_SUBARRAY], state[_FIELDS]
    if isinstance(subarray, tuple):
        item = _inner(subarray[0], depth) if subarray else None
        number = _number(subarray[1]) if len(subarray) > 1 else None
        yield 0, None if item is None or number is None else _Type(item.size * number, item.objects)
    elif subarray is not None:
        yield 0, None
    if isinstance(fields, Container) and fields.kind is Kind.DICT and not fields.dropped:
        for field in fields.items[1::2]:
            begin = field[1] if isinstance(field, tuple) and len(field) > 1 else None
            inner = _inner(field[0], depth) if isinstance(field, tuple) and field else None
            yield (begin, inner) if isinstance(begin, int) else (0, None)
    elif fields is not None:
        yield 0, None


def _inner(made: Value, depth: int) -> _Type | None:
    states = made.states if isinstance(made, Result) else ()
    return _read(made, states[-1] if states else None, depth + 1)


def _number(shape: Value) -> int | None:
    """Return how many items an array of a shape has."""
    lengths = shape if isinstance(shape, tuple) else (shape,)
    known = [length for length in lengths if isinstance(length, int) and 0 <= length < 1 << 48]
    return math.prod(known) if len(known) == len(lengths) <= _DEEPEST * 2 else None


def few(arguments: tuple[Value, ...]) -> bool:
    """Tell whether the arguments of a call make an array of next to no elements: NumPy states its own afterwards."""
    shapes = [
        item if isinstance(item, tuple) else (item,) for item in arguments if isinstance(item, tuple | int | Long)
    ]
    return bool(arguments) and all(_count(shape) <= _UNSTATED for shape in shapes)


def _count(shape: tuple[Value, ...]) -> int:
    """Return how many elements an array of a shape has; as many as can be where that cannot be known."""
    extents = [extent for extent in shape if isinstance(extent, int)]
    return math.prod(extents) if len(extents) == len(shape) else _UNSTATED + 1
