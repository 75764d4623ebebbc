"""Arrays of JAX, which are pickled as arrays of NumPy that a function of JAX puts together.

It calls what it is given first, and gives the outcome a state: it may be nothing but what NumPy itself is pickled as.
https://github.com/jax-ml/jax/blob/jax-v0.8.0/jax/_src/array.py: _reconstruct_array
"""

from typing import Final

from modelseal.models.pickles.meaning import Arguments, full_name
from modelseal.models.pickles.trace import Container, Kind, Result, Value

_MAKES: Final = frozenset({"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"})
_ARGUMENTS: Final = 4
_EMPTY: Final = 3  # class, shape and type of an array that has no state yet
_STATE: Final = 5  # version, shape, type, order, bytes


def accepted(arguments: Arguments) -> bool:
    """Accept an empty array of NumPy, the state of an array of numbers, and whether its type is weak."""
    if len(arguments) != _ARGUMENTS or full_name(arguments[0]) not in _MAKES:
        return False
    empty, state, abstract = arguments[1:]
    if not isinstance(empty, tuple) or len(empty) != _EMPTY or full_name(empty[0]) != "numpy.ndarray":
        return False
    return _plain(empty[1:]) and _numbers(state) and _weak(abstract)


def _plain(values: tuple[Value, ...]) -> bool:
    return all(_plain(value) if isinstance(value, tuple) else isinstance(value, int | bytes | str) for value in values)


def _numbers(state: Value) -> bool:
    if not isinstance(state, tuple) or len(state) != _STATE:
        return False
    version, shape, kind, order, content = state
    made = isinstance(kind, Result) and full_name(kind.call.callee) == "numpy.dtype"
    return made and isinstance(shape, tuple) and _plain((version, shape, order)) and not isinstance(content, Container)


def _weak(abstract: Value) -> bool:
    if not isinstance(abstract, Container) or abstract.kind is not Kind.DICT or abstract.dropped:
        return False
    keys, values = abstract.items[::2], abstract.items[1::2]
    return all(type(key) is str for key in keys) and all(isinstance(value, bool) for value in values)
