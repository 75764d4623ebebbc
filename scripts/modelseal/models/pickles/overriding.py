"""Methods that objects call on themselves while they are unpickled, put into sets, compared or gone through.

A state that sets an attribute of such a name to something that can be called has it called, with arguments of the
attacker's choice: the object asks itself before it asks its class. `methods.txt` has the names, found in the syntax
trees of the special methods (`__setstate__`, `__iter__`, `__eq__`, `__del__`...) of all classes in the tables.
"""

import functools
from importlib import resources
from typing import Final

from modelseal.models.pickles import known, meaning
from modelseal.models.pickles.trace import Global, Result, Value

# What such calls make of something that is not safe with all arguments.
_PICKING: Final = meaning.PARTIALS | {
    "builtins.getattr",
    "operator.attrgetter",
    "operator.itemgetter",
    "_operator.attrgetter",
    "_operator.itemgetter",
}
_GUARDED: Final = frozenset({"jax", "member", "reconstructor", "relay", "nested", "sequence", "ufunc", "union"})


def overrides(name: Value, value: Value) -> bool:
    """Tell whether an attribute takes the place of a method that is called while the pickle is loaded.

    Args:
        name: Of the attribute.
        value: What it is set to.
    """
    if type(name) is not str or name not in _methods():
        return False
    return isinstance(value, Global) or (isinstance(value, Result) and meaning.full_name(value.call.callee) in _PICKING)


def guarded(values: tuple[Value, ...]) -> Global | None:
    """Return what may be called only with arguments that are looked at, where it is handed on for others to call."""
    for value in values:
        if isinstance(value, Global):
            use = known.use(value.module, value.name)
            if use is not None and use.call in _GUARDED:
                return value
    return None


@functools.cache
def _methods() -> frozenset[str]:
    return frozenset((resources.files(__package__) / "methods.txt").read_text(encoding="utf-8").split())
