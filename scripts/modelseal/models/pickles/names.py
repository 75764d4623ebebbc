"""What globals' names in a pickle mean: https://docs.python.org/3/library/pickle.html#pickle.Unpickler.find_class."""

import _compat_pickle
import functools
from typing import Final

from modelseal.models.content import Content
from modelseal.models.pickles.trace import Global, Long, Unresolved, Value

_FIRST_OF_PYTHON_3: Final = 3
_LONGEST: Final = 4096


@functools.lru_cache(maxsize=4096)
def meant(module: str, name: str, protocol: int) -> tuple[Global, str]:
    """Return the global that a name means, and the name as it is written where that differs.

    Below protocol 3, names of Python 2 stand for those of Python 3: `__builtin__.eval` for `builtins.eval`.

    Args:
        module: As it is written.
        name: As it is written.
        protocol: Of the pickle, as it says itself at that point.
    """
    if protocol < _FIRST_OF_PYTHON_3:
        now = _compat_pickle.NAME_MAPPING.get((module, name))
        if now is None and module in _compat_pickle.IMPORT_MAPPING:
            now = _compat_pickle.IMPORT_MAPPING[module], name
        if now is not None:
            return Global(*now), f"{module}.{name}"
    return Global(module, name), ""


def of_values(module: Value, name: Value, protocol: int, content: Content) -> tuple[Global | Unresolved, str]:
    """Return the global that two values name, as far as they are known.

    Args:
        module: The value that names the module.
        name: The value that names what is taken from it.
        protocol: Of the pickle, as it says itself at that point.
        content: What the pickle lies in.
    """
    texts = _text(module, content), _text(name, content)
    if texts[0] is None or texts[1] is None:
        return Unresolved(module, name), ""
    return meant(texts[0], texts[1], protocol)


def _text(value: Value, content: Content) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, Long) and value.kind == "str" and value.size <= _LONGEST:
        return content.read(value.offset, value.size).decode("utf-8", "replace")
    return None
