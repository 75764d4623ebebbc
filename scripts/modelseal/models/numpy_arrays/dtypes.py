"""How large an array's elements are, and whether they are pickled objects: https://numpy.org/doc/stable/reference/arrays.dtypes.html."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_BASIC = re.compile(r"[<>|=]?([?bBhHiIlLqQefdgFDGSUVOaucmM])(\d{0,9})(?:\[[^\]\n]{0,40}\])?")
_NAMED = re.compile(r"(?:u?int|float|complex|bfloat)(8|16|32|64|128|256)|bool_?|int|float|complex")
_SIZES = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8, "e": 2, "f": 4}
_SIZES |= {"d": 8, "g": 16, "F": 8, "D": 16, "G": 32, "m": 8, "M": 8, "S": 0, "a": 0, "V": 0, "U": 0, "O": 8}
_NAMED_SIZES = {"bool": 1, "bool_": 1, "int": 8, "float": 8, "complex": 16}
_PER_CHARACTER = {"U": 4}
_DEEPEST = 32
_PAIR, _TRIPLE = 2, 3


@dataclass(frozen=True, slots=True)
class Element:
    """An array's element.

    Attributes:
        size: In bytes.
        pickled: Whether objects are in it, so that the whole array is a pickle.
    """

    size: int
    pickled: bool = False


def element(described: object, depth: int = 0) -> Element | None:
    """Tell what an array's elements are.

    Args:
        described: The header's description: a text, a list of fields, or a pair of an element and a shape.
        depth: How deep in another one it is.

    Returns:
        None where the description is none that NumPy writes.
    """
    if depth > _DEEPEST:
        return None
    if isinstance(described, str):
        return _basic(described)
    if isinstance(described, list) and described:
        return _record(described, depth)
    if isinstance(described, tuple) and len(described) == _PAIR:
        return _repeated(element(described[0], depth + 1), described[1])
    return None


def count(shape: object) -> int | None:
    """Return how many elements a shape has; None where it is no shape."""
    if isinstance(shape, int) and not isinstance(shape, bool):
        shape = (shape,)
    if not isinstance(shape, tuple):
        return None
    plain = all(isinstance(length, int) and not isinstance(length, bool) and length >= 0 for length in shape)
    return math.prod(shape) if plain and len(shape) <= 2 * _DEEPEST else None


def _basic(text: str) -> Element | None:
    named = _NAMED.fullmatch(text)
    if named:
        return Element(int(named[1]) // 8 if named[1] else _NAMED_SIZES[text])
    match = _BASIC.fullmatch(text)
    if match is None:
        return None
    kind, digits = match.groups()
    size = int(digits) * _PER_CHARACTER.get(kind, 1) if digits else _SIZES.get(kind)
    return None if size is None else Element(size, pickled=kind == "O")


def _record(fields: Sequence[object], depth: int) -> Element | None:
    size, pickled = 0, False
    for item in fields:
        if not isinstance(item, tuple) or len(item) not in {_PAIR, _TRIPLE}:
            return None
        own = element(item[1], depth + 1)
        own = _repeated(own, item[2]) if len(item) == _TRIPLE else own
        if own is None:
            return None
        size, pickled = size + own.size, pickled or own.pickled
    return Element(size, pickled)


def _repeated(item: Element | None, shape: object) -> Element | None:
    times = count(shape)
    return None if item is None or times is None else Element(item.size * times, item.pickled)
