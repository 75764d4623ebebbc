"""Tell what functions call of what they are given: factories of defaults, methods of tensors, states of objects.

No opcode shows these calls. A default dictionary calls its factory whenever a key is missing, which some `__setstate__`
ask for; PyTorch's functions believe that whatever they are given is a tensor.
"""

from typing import Final

from modelseal.models.pickles import known, meaning
from modelseal.models.pickles.meaning import PARTIALS, Arguments, full_name
from modelseal.models.pickles.trace import Call, Container, Global, How, Kind, Result

_DEFAULTS: Final = "collections.defaultdict"
_DEEPEST: Final = 5  # no file has defaults of defaults of defaults
_STATE: Final = 3  # its place among the arguments


def factory(arguments: Arguments) -> bool:
    """Accept factories that make plain data or objects of known classes, and methods without arguments."""
    made = arguments[0] if arguments else None
    for _ in range(_DEEPEST):
        if not isinstance(made, Result) or full_name(made.call.callee) not in PARTIALS:
            return made is None or isinstance(made, Global | Result)
        made, given = meaning.completed(made, ()) or (0, ())
        if not isinstance(made, Global) or not _callable(made):
            return False
        if str(made) == _DEFAULTS:
            made = given[0] if isinstance(given, tuple) and given else None
    return False


def _callable(target: Global) -> bool:
    use = known.use(target.module, target.name)
    return use is not None and (use.call in {"any", "size"} or use.instance or str(target) == _DEFAULTS)


def tensor(arguments: Arguments) -> bool:
    """Accept what PyTorch itself makes for the tensor that comes first: its methods are called, whatever it is."""
    made = arguments[0] if arguments else None
    for _ in range(_DEEPEST):
        if not isinstance(made, Result):
            return isinstance(made, Global) and made.module.partition(".")[0] == "torch"
        if made.call.how is How.PERSISTENT:
            return True
        made = meaning.maker(made.call)
    return False


def mapping(arguments: Arguments) -> bool:
    """Accept dictionaries: their keys are asked for."""
    return all(isinstance(item, Container) and item.kind is Kind.DICT for item in arguments)


def nowhere(arguments: Arguments) -> bool:
    """Accept the state of a cache of joblib that is switched off: it names no folder of pickles."""
    return all(
        value is None
        for key, value in meaning.attributes(arguments)
        if key in {"location", "cachedir", "store_backend", "_store_backend"}
    )


def dictionary(arguments: Arguments) -> bool:
    """Accept a dictionary, and beside it nothing that could be called for what is not in it."""
    return mapping(arguments[:1]) and all(value is None or isinstance(value, bool) for value in arguments[1:])


def sequence(arguments: Arguments) -> bool:
    """Accept one list, tuple or text, and nothing else that would be gone through; with two, the first is called."""
    if len(arguments) != 1:
        return False
    given = arguments[0]
    if isinstance(given, Container):
        return given.kind in {Kind.LIST, Kind.DICT, Kind.SET}
    return isinstance(given, str | bytes | tuple)


def state(check: str, call: Call) -> Call | None:
    """Return the state that a call gives to what it makes, as `BUILD` would; None when it gives none.

    https://github.com/pytorch/pytorch/blob/v2.9.0/torch/_tensor.py: _rebuild_from_type_v2
    """
    given = call.arguments
    if check not in {"relay", "tensor"} or len(given) <= _STATE:
        return None
    made = meaning.rebuilt(call) if check == "relay" else given[0]
    if not isinstance(made, Result):
        return None
    return Call(call.offset, How.BUILD, Result(made.call), (given[_STATE],))
