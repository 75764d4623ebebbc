"""Tell what symbolic values stand for: the global that `getattr` gives, what a `partial` calls, what a state sets."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from modelseal.models.pickles import dilled, known
from modelseal.models.pickles.trace import Call, Container, Global, How, Kind, Result, Starred, Value

Arguments: TypeAlias = tuple[Value, ...]

PARTIALS: Final = frozenset({"functools.partial", "_functools.partial"})
# Checks of functions that make an object of the class that is their first argument: `copyreg.__newobj__`.
_MAKING: Final = frozenset({"class", "reconstructor"})
_RELAYED: Final = 3  # PyTorch rebuilds a tensor of a subclass with a function, the class, and the function's arguments
# An object of it is called with two classes, and makes an object of both: a batch of graphs.
_BATCH: Final = "torch_geometric.data.batch.DynamicInheritanceGetter"


def full_name(value: Value) -> str:
    """Return the name of a global; nothing for all else."""
    return str(value) if isinstance(value, Global) else ""


def attributes(arguments: Arguments) -> Iterator[tuple[Value, Value]]:
    """Go through what a state sets: names and values of a dictionary, of pairs, or of two of these together."""
    for part in parts(arguments):
        yield from _pairs(part)


def parts(arguments: Arguments) -> Iterator[Value]:
    """Go through a state, and the two that it may be made of."""
    state = arguments[0] if arguments else None
    yield state
    yield from state if isinstance(state, tuple) else ()


def _pairs(value: Value) -> Iterator[tuple[Value, Value]]:
    if isinstance(value, Container) and value.kind is Kind.DICT:
        yield from zip(value.items[::2], value.items[1::2], strict=False)
        return
    for item in _items(value):
        pair = _items(item)
        if len(pair) == 2:  # noqa: PLR2004 # `dict.update` takes what has two items
            yield pair[0], pair[1]


def _items(value: Value) -> Sequence[Value]:
    """Return what iterating over plain data gives."""
    if isinstance(value, Container):
        return value.items[::2] if value.kind is Kind.DICT else value.items
    return value if isinstance(value, tuple) else ()


def named(value: Value) -> Value:
    """Return the global that something is which a call gives, and everything else as it is.

    Protocols before 4 take a class out of another one with `getattr`; old files of PyTorch leave it to their loader to
    compare the source of a class with the one that they bring, and to return the class.
    """
    if not isinstance(value, Result):
        return value
    given = value.call.arguments
    if value.call.how is How.PERSISTENT:
        reference = given[0] if given else None
        if isinstance(reference, tuple) and len(reference) > 1 and type(reference[0]) is str:
            return reference[1] if reference[0] == "module" else value
        return value
    if full_name(value.call.callee) in dilled.LOADERS:
        return dilled.loaded(given) or value
    if full_name(value.call.callee) == "builtins.getattr" and len(given) == 2:  # noqa: PLR2004
        owner, name = given
        if isinstance(owner, Global) and isinstance(name, str):
            return Global(owner.module, f"{owner.name}.{name}")
    return value


def maker(call: Call) -> Value:
    """Return what a call makes an object of: its class, what it has another function make, or what is called."""
    callee, given = call.callee, call.arguments
    use = known.use(callee.module, callee.name) if isinstance(callee, Global) else None
    if use is None:
        return callee
    if use.call in _MAKING and given:
        return given[0]
    return rebuilt(call) if use.call == "relay" and len(given) >= _RELAYED else callee


def rebuilt(call: Call) -> Result:
    """Return what the function gives that a call is told to call."""
    inner = call.arguments[2]
    given = inner if isinstance(inner, tuple) else (Starred(inner),)
    return Result(call._replace(callee=call.arguments[0], arguments=given))


def completed(callee: Value, given: Arguments) -> tuple[Value, Value] | None:
    """Return what calling a `functools.partial` calls, and the tuple that it gives to it; None for all else."""
    if isinstance(callee, Result) and full_name(callee.call.callee) == _BATCH and not callee.states:
        return Global("copyreg", "__newobj__"), given
    if not isinstance(callee, Result) or full_name(callee.call.callee) not in PARTIALS:
        return None
    if not callee.states:
        return (callee.call.arguments[0], (*callee.call.arguments[1:], *given)) if callee.call.arguments else None
    state = callee.states[-1]
    if not isinstance(state, tuple) or len(state) < 3 or not isinstance(state[1], tuple):  # noqa: PLR2004
        return None
    keywords = state[2]
    if isinstance(keywords, Container) and keywords.items and not _unchecked(state[0]):
        return None
    return state[0], (*state[1], *given)


def _unchecked(value: Value) -> bool:
    """Tell whether it may be called with any arguments: checks look at those in order alone."""
    entry = known.use(value.module, value.name) if isinstance(value, Global) else None
    return entry is not None and entry.call == "any"
