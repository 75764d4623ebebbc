"""States of models of Pydantic, which put a dictionary of attributes into the place of the object's own.

https://github.com/pydantic/pydantic/blob/v2.12.0/pydantic/main.py and pydantic/v1/main.py there: `__setstate__`
"""

from typing import Final

from modelseal.models.pickles import overriding
from modelseal.models.pickles.meaning import Arguments
from modelseal.models.pickles.trace import Container, Global, Kind, Value

_DICTIONARIES: Final = frozenset(
    {"__dict__", "__pydantic_extra__", "__pydantic_private__", "__private_attribute_values__"}
)
_SETS: Final = frozenset({"__fields_set__", "__pydantic_fields_set__"})
_ANY: Final = Global("builtins", "object")  # stands for whatever could be called


def accepted(arguments: Arguments) -> bool:
    """Accept the parts that Pydantic writes, with attributes in them that take the place of no method."""
    state = arguments[0] if arguments else None
    if not isinstance(state, Container) or state.kind is not Kind.DICT or state.dropped:
        return False
    return all(_part(key, value) for key, value in zip(state.items[::2], state.items[1::2], strict=False))


def _part(key: Value, value: Value) -> bool:
    if type(key) is not str:
        return False
    if key in _SETS:
        return isinstance(value, Container) and value.kind is Kind.SET
    return key in _DICTIONARIES and (value is None or _attributes(value))


def _attributes(value: Value) -> bool:
    if not isinstance(value, Container) or value.kind is not Kind.DICT or value.dropped:
        return False
    pairs = zip(value.items[::2], value.items[1::2], strict=False)
    return all(
        type(key) is str
        and not key.startswith("__")
        and not overriding.overrides(key, _ANY)
        and not isinstance(item, Global)
        for key, item in pairs
    )
