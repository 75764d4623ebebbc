"""What dill writes for values that need no code of their own: arrays, and types that are built in.

https://github.com/uqfoundation/dill/blob/0.4.0/dill/_dill.py: _create_array, _load_type
"""

from typing import Final

from modelseal.models.pickles.trace import Global, Value

LOADERS: Final = frozenset({"dill._dill._load_type", "dill.dill._load_type"})
_RECONSTRUCTORS: Final = frozenset({"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"})
_TYPES: Final = frozenset(
    {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set"}
    | {"slice", "str", "tuple", "type", "NoneType", "NotImplementedType"}
)
_ARRAY: Final = range(3, 5)  # function, arguments, state, and attributes of a subclass


def loaded(given: tuple[Value, ...]) -> Global | None:
    """Return the type that dill takes by its name; None where it is not one of plain data."""
    name = given[0] if len(given) == 1 else None
    return Global("builtins", name) if isinstance(name, str) and name in _TYPES else None


def reconstructed(given: tuple[Value, ...]) -> tuple[Value, ...] | None:
    """Return what dill makes an array with, and then gives a state to; None where it makes something else."""
    if len(given) not in _ARRAY or given[3:] not in {(), (None,)}:
        return None
    function, arguments = given[:2]
    known = isinstance(function, Global) and str(function) in _RECONSTRUCTORS
    return arguments if known and isinstance(arguments, tuple) else None
