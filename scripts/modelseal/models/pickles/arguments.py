"""What calls that are only safe with certain arguments may be given. The tables name these checks: `getattr=member`.

Arguments that are imported or made by calls have been judged where they were; a check is needed only for what calls its
arguments, makes objects of them, or reads a name or path in them.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from modelseal.models.pickles import (
    array_types,
    dangerous,
    dilled,
    formulas,
    jax_arrays,
    known,
    pydantic_states,
    unseen,
)
from modelseal.models.pickles.meaning import Arguments, full_name, maker, named
from modelseal.models.pickles.trace import Container, Global, How, Kind, Long, Opaque, Result, Value

# Methods that do something to files, or for others: no object needs to keep one, and what keeps it calls it.
_ACTING: Final = re.compile(
    r"_*(?:save|load|dump|write|read|open|export|push|download|upload|fetch|unlink|remove|delete|rename|replace|touch"
    r"|mkdir|rmdir|rmtree|symlink|hardlink|link|chmod|lchmod|copy|move|iterdir|glob|rglob|exec|run|spawn|connect|send)"
    r"(?:_(?!state_dict|from_state_dict)\w+)?"
)
# Methods of frames that evaluate text, call what they are given, or write files.
_EVALUATING: Final = re.compile(r"eval|query|agg|aggregate|apply|applymap|map|pipe|transform|to_(?!numpy|dict|list)\w+")
_GENERIC: Final = frozenset({"builtins", "collections", "collections.abc", "typing"})
_LARGEST: Final = 1 << 32  # elements or bytes
_CODECS: Final = frozenset({"latin1", "latin-1", "iso-8859-1", "iso8859-1", "utf-8", "utf8", "ascii"})
_BASES: Final = frozenset(
    {"object", "dict", "list", "tuple", "set", "frozenset", "str", "bytes", "bytearray", "int", "float", "complex"}
)
# https://github.com/scipy/scipy/blob/v1.17.0/scipy/stats/_distn_infrastructure.py: parse_arg_template
_TEMPLATE: Final = re.compile(
    r"\s*def _parse_args\(self,[\w ,=]*\):\n    return \([\w ,]*\),[\w ,]*\n"
    r"\s*def _parse_args_rvs\(self,[\w ,=]*\):\n    return self\._argcheck_rvs\([\w ,=]*\)\n"
    r"\s*def _parse_args_stats\(self,[\w ,=']*\):\n    return \([\w ,]*\),[\w ,]*\s*",
    re.ASCII,
)
_ARRAYS: Final = frozenset(
    {"numpy.ndarray", "numpy.matrix", "numpy.recarray", "numpy.chararray", "numpy.memmap", "numpy.rec.recarray"}
    | {"numpy.matrixlib.defmatrix.matrix", "numpy.ma.core.MaskedArray", "numpy.ma.MaskedArray"}
    | {"numpy.core.memmap.memmap", "numpy._core.memmap.memmap", "numpy.core.records.recarray"}
    | {"numpy._core.records.recarray", "numpy.core.defchararray.chararray", "numpy.char.chararray"}
)


def refused(check: str, arguments: Arguments) -> str | None:
    """Tell why a call must not be given its arguments; None when it may.

    Args:
        check: Name of the check, as tables have it.
        arguments: Of the call, in order.
    """
    return None if _CHECKS[check](arguments) else f"it is given other arguments than any file needs ({check})"


def nested(check: str, arguments: Arguments) -> Value:
    """Return what a call unpickles or loads in turn, which must be looked into by itself; None when nothing."""
    if check != "nested" or not arguments:
        return None
    value = arguments[0]
    if isinstance(value, Result) and full_name(value.call.callee) == "_io.BytesIO":
        state = value.states[0] if value.states else value.call.arguments
        value = state[0] if isinstance(state, tuple) and state else None
    return value if isinstance(value, bytes | Long | Result) else None


def relayed(check: str, arguments: Arguments) -> tuple[Value, Value] | None:
    """Return what a call calls in turn and the tuple that it gives to it; None when it calls nothing."""
    return (arguments[0], arguments[2]) if check == "relay" and len(arguments) >= 3 else None  # noqa: PLR2004


def _class(value: Value) -> bool:
    """Tell whether it is a class of which objects may be made."""
    value = named(value)
    entry = known.use(value.module, value.name) if isinstance(value, Global) else None
    return entry is not None and entry.instance


def _none(arguments: Arguments) -> bool:
    return not arguments


def _first_class(arguments: Arguments) -> bool:
    return bool(arguments) and _class(arguments[0])


def _reconstructor(arguments: Arguments) -> bool:
    if len(arguments) != 3 or not _class(arguments[0]):  # noqa: PLR2004 # class, base, state
        return False
    base = arguments[1]
    return isinstance(base, Global) and base.module == "builtins" and base.name in _BASES


def _array(arguments: Arguments) -> bool:
    return array_types.few(arguments) and (full_name(arguments[0]) in _ARRAYS or _class(arguments[0]))


def _dilled(arguments: Arguments) -> bool:
    made = dilled.reconstructed(arguments)
    return made is not None and _array(made)


def _loaded(arguments: Arguments) -> bool:
    return dilled.loaded(arguments) is not None


def _plain(value: Value) -> bool:
    """Tell whether it is data that nobody can call: no global, and nothing that was made by a call."""
    return value is None or isinstance(value, bool | int | float | str | bytes | Long | Opaque)


def _data(arguments: Arguments) -> bool:
    return all(_plain(value) or _plain_inside(value) for value in arguments)


def _plain_inside(value: Value) -> bool:
    items = value.items if isinstance(value, Container) else value
    return isinstance(items, list | tuple) and all(_plain(item) for item in items)


def _text(arguments: Arguments) -> bool:
    return all(value is None or isinstance(value, str | int) for value in arguments)


def _getter(arguments: Arguments) -> bool:
    """Accept names of attributes that data has."""
    return bool(arguments) and all(isinstance(name, str) and dangerous.reached(name) is None for name in arguments)


def _dtype(arguments: Arguments) -> bool:
    state, made = arguments if len(arguments) == 2 else (None, None)  # noqa: PLR2004
    return array_types.consistent(made, state)


def _encode(arguments: Arguments) -> bool:
    if len(arguments) > 2 or not arguments or not isinstance(arguments[0], str | Long):  # noqa: PLR2004
        return False
    return len(arguments) == 1 or (isinstance(arguments[1], str) and arguments[1].lower() in _CODECS)


def _member(arguments: Arguments) -> bool:
    """Accept a member of a known enumeration, what a table has of a class, or a bound method: `getattr(tree, 'query')`.

    A bound method is only passed on: `judgement` lets nothing be called that a call has made.
    """
    if len(arguments) != 2 or not isinstance(arguments[1], str) or arguments[1].startswith("__"):  # noqa: PLR2004
        return False
    owner = arguments[0]
    if isinstance(owner, Result):
        return _bound(owner, arguments[1])
    if not isinstance(owner, Global):
        return False
    entry = known.use(owner.module, owner.name)
    return (entry is not None and entry.members) or known.use(owner.module, f"{owner.name}.{arguments[1]}") is not None


def _bound(owner: Result, name: str) -> bool:
    """Accept an attribute of an object, unless it acts, or a table knows that asking for it does something."""
    made = owner.call
    if _ACTING.fullmatch(name) and "hook" not in name:
        return False
    kind = maker(made)
    if not isinstance(kind, Global) or (made.how is How.REDUCE and kind is made.callee):
        return False
    if kind.module.startswith("pandas.") and _EVALUATING.fullmatch(name):
        return False
    return known.acts(kind.module, f"{kind.name}.{name}") is None


def _kind(arguments: Arguments) -> bool:
    return len(arguments) == 1 and (_plain(arguments[0]) or isinstance(arguments[0], Global))


def _generator(arguments: Arguments) -> bool:
    """Accept names and classes of NumPy's bit generators: these are called without arguments."""
    return all(isinstance(item, str) or _is_random(item) for item in arguments)


def _is_random(item: Value) -> bool:
    if isinstance(item, Result):
        item = item.call.callee
    return isinstance(item, Global) and item.module.startswith("numpy.random.")


def _alias(arguments: Arguments) -> bool:
    """Accept what `Optional[int]` is pickled as: the items of a class of the standard library."""
    owner = arguments[0] if len(arguments) == 2 else None  # noqa: PLR2004
    return isinstance(owner, Global) and owner.module in _GENERIC and known.use(owner.module, owner.name) is not None


def _unnamed(arguments: Arguments) -> bool:
    return bool(arguments) and arguments[0] is None


def _relay(arguments: Arguments) -> bool:
    return len(arguments) >= 3 and isinstance(arguments[0], Global) and isinstance(arguments[2], tuple)  # noqa: PLR2004


def _nested(arguments: Arguments) -> bool:
    return nested("nested", arguments) is not None


def _union(arguments: Arguments) -> bool:
    """Accept what `int | str` is pickled as: `functools.reduce(operator.or_, (int, str))`."""
    if len(arguments) != 2 or full_name(arguments[0]) not in {"operator.or_", "_operator.or_"}:  # noqa: PLR2004
        return False
    kinds = arguments[1]
    return isinstance(kinds, tuple) and all(item is None or isinstance(item, Global) for item in kinds)


def _ufunc(arguments: Arguments) -> bool:
    """Accept a module and a name, both of them text, that together are a function which is only passed on."""
    module, name = arguments if len(arguments) == 2 else (None, None)  # noqa: PLR2004
    if not isinstance(module, str) or not isinstance(name, str):
        return False
    found = known.use(module, name)
    return found is not None and not found.call


def _template(arguments: Arguments) -> bool:
    """Accept no other code in a distribution of SciPy than what SciPy writes there: it is evaluated.

    Before SciPy 1.6 the state was the arguments to make it with, and a random state.
    """
    state = arguments[0] if arguments else None
    if isinstance(state, tuple):
        given, random = state if len(state) == 2 else (None, ())  # noqa: PLR2004
        return _written(given) and (random is None or _is_random(random)) and "_parse_arg_template" not in _keys(given)
    return _written(state)


def _written(state: Value) -> bool:
    """Tell whether a state is a dictionary in which the code is SciPy's own, if there is any."""
    if not isinstance(state, Container) or state.kind is not Kind.DICT or state.dropped:
        return False
    return all(
        isinstance(value, str) and _TEMPLATE.fullmatch(value) is not None
        for key, value in zip(state.items[::2], state.items[1::2], strict=False)
        if type(key) is not str or key == "_parse_arg_template"
    )


def _size(arguments: Arguments) -> bool:
    """Accept what does not take the memory of a machine: `bytes(10**12)`, `list(range(10**12))`."""
    numbers = [given for item in arguments for given in (item.call.arguments if isinstance(item, Result) else (item,))]
    return all(abs(item) <= _LARGEST for item in numbers if isinstance(item, int))


def _keys(state: Value) -> list[str]:
    return [key for key in state.items[::2] if type(key) is str] if isinstance(state, Container) else []


_CHECKS: Final[Mapping[str, Callable[[Arguments], bool]]] = MappingProxyType(
    {
        "alias": _alias,
        "any": lambda _: True,
        "array": _array,
        "class": _first_class,
        "data": _data,
        "dictionary": unseen.dictionary,
        "dilled": _dilled,
        "dtype": _dtype,
        "encode": _encode,
        "factory": unseen.factory,
        "formula": formulas.accepted,
        "generator": _generator,
        "getter": _getter,
        "jax": jax_arrays.accepted,
        "loaded": _loaded,
        "mapping": unseen.mapping,
        "member": _member,
        "nested": _nested,
        "none": _none,
        "nowhere": unseen.nowhere,
        "pydantic": pydantic_states.accepted,
        "reconstructor": _reconstructor,
        "relay": _relay,
        "sequence": unseen.sequence,
        "size": _size,
        "template": _template,
        "tensor": unseen.tensor,
        "text": _text,
        "type": _kind,
        "ufunc": _ufunc,
        "union": _union,
        "unnamed": _unnamed,
    }
)
