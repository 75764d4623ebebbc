"""Judge what a pickle imports and calls. What is not known to be safe is not safe: it is dangerous, or unknown.

Safe is what files of known frameworks do, as `known` has it. Dangerous is what is known from attacks, as `dangerous`
has it, and what no file that a framework wrote ever does, whatever it is done to.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from modelseal.models.pickles import arguments, dangerous, known, meaning, overriding, unseen
from modelseal.models.pickles.technique import Technique
from modelseal.models.pickles.trace import (
    Call,
    Container,
    Extension,
    Global,
    How,
    Import,
    Result,
    Step,
    Unresolved,
    Value,
)

# What is looked up on an object itself when it is given state or items, and what makes it another.
_HOOKS: Final = frozenset(
    {
        "__array__",
        "__getstate__",
        "__deepcopy__",
        "__setstate__",
        "append",
        "extend",
        "add",
        "__class__",
        "__setitem__",
        "__reduce_ex__",
    }
)
# Where NumPy finds the address of an array's memory: it believes any object that has one.
_ADDRESSES: Final = frozenset({"__array_interface__", "__array_struct__", "__cuda_array_interface__"})
_FILLING: Final = frozenset({How.SETITEM, How.APPEND, How.EXTEND, How.ADD})
_MAKING: Final = frozenset({How.NEWOBJ, How.NEWOBJ_EX})
_CALLING_OR_MAKING: Final = frozenset({How.OBJ, How.INST})  # these make an object where there are no arguments
_IMPORTED: Final = (Global, Result, Unresolved, Extension)
_PARTIAL: Final = Global("functools", "partial")
_RELAYS: Final = 5
_FURTHEST: Final = 20  # calls of what calls give: no pickler writes so many
_REFERENCE: Final = 4
_NUMBER: Final = re.compile(r"\d{1,20}", re.ASCII)


class Outcome(StrEnum):
    """What is known of a step."""

    SAFE = "safe"
    DANGEROUS = "dangerous"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of a step.

    Attributes:
        outcome: Whether it is safe.
        reason: Why: a clause without a full stop that says what it does. Empty for what is safe.
        technique: What attackers use it for, where it is dangerous.
        subject: The global that it is about, `os.system`, as policies allow it by its name; empty when it has no name.
        nested: Bytes that the step unpickles or loads in turn: it is only as safe as they are. None for none.
    """

    outcome: Outcome
    reason: str = ""
    technique: Technique | None = None
    subject: str = ""
    nested: Value = None


_SAFE: Final = Judged(Outcome.SAFE)


def judge(step: Step, allowed: frozenset[str] = frozenset()) -> Judged:
    """Judge one step of a pickle.

    Args:
        step: What it imports or calls.
        allowed: Globals that are trusted whatever is done with them, by their full names: `mypackage.models.Net`.
    """
    if isinstance(step, Import):
        return _imported(step.target, allowed)
    return _judge_call(step, allowed)


def _judge_call(step: Call, allowed: frozenset[str]) -> Judged:
    if step.how is How.PERSISTENT:
        return _persistent(step.arguments)
    if step.how is How.BUILD:
        return _given_state(step, allowed)
    if step.how in _FILLING:
        return _changed(step, allowed, "items are put into")
    if step.how in _MAKING or (step.how in _CALLING_OR_MAKING and not step.arguments):
        return _made(step.callee, step.arguments, allowed)
    return _called(step.callee, step.arguments, allowed)


def _imported(target: Value, allowed: frozenset[str]) -> Judged:
    if isinstance(target, Unresolved):
        return _dangerous(Technique.IMPORT, "it imports what is named only while it runs")
    if isinstance(target, Extension):
        return _dangerous(Technique.IMPORT, f"it imports what the loader has registered as number {target.code}")
    if not isinstance(target, Global):
        return Judged(Outcome.UNKNOWN, "it uses plain data as if that were imported")
    name = str(target)
    if name in allowed or known.use(target.module, target.name) is not None:
        return _SAFE
    technique = dangerous.technique(target.module, target.name) or known.acts(target.module, target.name)
    if technique is not None:
        return Judged(Outcome.DANGEROUS, f"{name} {technique.happens}", technique, name)
    return Judged(Outcome.UNKNOWN, f"{name} is not known", None, name)


def _called(callee: Value, given: tuple[Value, ...], allowed: frozenset[str], relays: int = 0) -> Judged:
    callee = meaning.named(callee)
    if not isinstance(callee, Global):
        partial = meaning.completed(callee, given)
        return _anonymous(callee, allowed) if partial is None else _relayed(_PARTIAL, partial, allowed, relays)
    imported = _imported(callee, allowed)
    if imported.outcome is not Outcome.SAFE or str(callee) in allowed:
        return imported
    use = known.use(callee.module, callee.name)
    if use is None or not use.call:
        return _refused(callee, "is called, which is not known to be safe")
    return _checked(callee, use, given, allowed, relays)


def _checked(callee: Global, use: known.Use, given: tuple[Value, ...], allowed: frozenset[str], relays: int) -> Judged:
    """Judge the arguments of something that may be called."""
    refused = arguments.refused(use.call, given)
    if refused is not None:
        return _refused(callee, f"is called, and {refused}")
    relayed = arguments.relayed(use.call, given)
    judged = _SAFE if relayed is None else _relayed(callee, relayed, allowed, relays)
    stated = unseen.state(use.call, Call(0, How.REDUCE, callee, given))
    if stated is not None and judged.outcome is Outcome.SAFE:
        judged = _given_state(stated, allowed)
    if relayed is not None or judged.outcome is not Outcome.SAFE:
        return judged
    handed = overriding.guarded(given)
    if handed is not None:
        return _handed_on(handed, callee)
    return Judged(Outcome.SAFE, nested=arguments.nested(use.call, given))


def _handed_on(target: Global, to: Global | str) -> Judged:
    return _dangerous(Technique.CALLS, f"{target} is handed to {to}, to be called unseen", str(target))


def _refused(callee: Global, reason: str) -> Judged:
    """Judge a use that is not safe of a global that may be used otherwise: an attack where attacks use it."""
    technique = dangerous.technique(callee.module, callee.name)
    outcome = Outcome.UNKNOWN if technique is None else Outcome.DANGEROUS
    return Judged(outcome, f"{callee} {reason}", technique, str(callee))


def _relayed(callee: Global, relayed: tuple[Value, Value], allowed: frozenset[str], relays: int) -> Judged:
    target, given = relayed
    if relays >= _RELAYS or not isinstance(given, tuple):
        return _dangerous(Technique.CALLS, f"{callee} is made to call something", str(callee))
    return _called(target, given, allowed, relays + 1)


def _made(kind: Value, given: tuple[Value, ...], allowed: frozenset[str]) -> Judged:
    """Judge that an object of a class is made, without its `__init__`."""
    kind = meaning.named(kind)
    if not isinstance(kind, Global):
        return _anonymous(kind, allowed)
    imported = _imported(kind, allowed)
    if imported.outcome is not Outcome.SAFE or str(kind) in allowed:
        return imported
    use = known.use(kind.module, kind.name)
    if use is None or not use.instance:
        return Judged(Outcome.UNKNOWN, f"an object of {kind} is made, which is not known to be safe", None, str(kind))
    if use.call == "size" and (refused := arguments.refused(use.call, given)) is not None:
        return _refused(kind, f"is made, and {refused}")
    return _SAFE


def _anonymous(callee: Value, allowed: frozenset[str]) -> Judged:
    """Judge the call of something that has no name of its own."""
    if isinstance(callee, Unresolved | Extension):
        return _imported(callee, allowed)
    if not isinstance(callee, Result):
        return Judged(Outcome.UNKNOWN, "it calls what cannot be called")
    origin = _origin(callee)
    judged = _imported(origin, allowed)
    if judged.outcome is Outcome.UNKNOWN:
        return judged
    return _dangerous(Technique.CALLS, f"it calls what a call of {_spelled(origin)} has made", _spelled(origin))


def _spelled(value: Value) -> str:
    """Return a global's name. Nothing else is spelled out: values are as deep as an attacker likes."""
    return str(value) if isinstance(value, Global) else "something without a name"


def _origin(value: Value) -> Value:
    """Return the global that something was made of: its class, where it is an object, or else what was called."""
    for _ in range(_FURTHEST):
        if not isinstance(value, Result):
            return value
        named = meaning.named(value)
        if named is not value:
            return named
        value = meaning.maker(value.call)
    return value


def _given_state(step: Call, allowed: frozenset[str]) -> Judged:
    changed = _changed(step, allowed, "attributes are written to")
    if changed.outcome is not Outcome.SAFE:
        return changed
    origin = _origin(step.callee)
    name = _spelled(origin)
    overwritten = _overwritten(step, name)
    if overwritten is not None:
        return overwritten
    if any(isinstance(state, Container) and state.dropped for state in meaning.parts(step.arguments)):
        return Judged(Outcome.UNKNOWN, f"an object of {name} is given more attributes than are looked at", None, name)
    use = known.use(origin.module, origin.name) if isinstance(origin, Global) else None
    if (
        use is not None
        and use.state
        and name not in allowed
        and arguments.refused(use.state, (*step.arguments, step.callee))
    ):
        return _dangerous(_technique(origin) or Technique.CODE, f"{name} acts on what its state says", name)
    return changed


def _overwritten(step: Call, name: str) -> Judged | None:
    """Judge what a state puts into the place of methods, or hands on for others to call; None where that is nothing."""
    for key, value in meaning.attributes(step.arguments):
        if (key in _HOOKS and isinstance(value, _IMPORTED)) or overriding.overrides(key, value):
            return _dangerous(Technique.ATTRIBUTES, f"methods of an object of {name} are overwritten", name)
        if type(key) is str and key in _ADDRESSES:
            return _dangerous(Technique.NATIVE, f"an object of {name} is told which memory it is an array of", name)
    handed = overriding.guarded(_values(step))
    return None if handed is None else _handed_on(handed, name)


def _values(step: Call) -> tuple[Value, ...]:
    """Return the values of the attributes that a state sets, and the items of tuples in it: arguments of a partial."""
    inner = (item for part in meaning.parts(step.arguments) if isinstance(part, tuple) for item in part)
    return (*meaning.parts(step.arguments), *(value for _, value in meaning.attributes(step.arguments)), *inner)


def _technique(value: Value) -> Technique | None:
    return dangerous.technique(value.module, value.name) if isinstance(value, Global) else None


def _changed(step: Call, allowed: frozenset[str], what: str) -> Judged:
    """Judge that state or items are given to something. Only an object of a known class may be given any.

    It has its items first, and its state once and last: whatever has it otherwise uses what the state has brought.
    """
    target = meaning.named(step.callee)
    if isinstance(target, Global | Unresolved | Extension):
        name = str(target) if isinstance(target, Global) else ""
        return _dangerous(Technique.ATTRIBUTES, f"{what} {name or 'an imported object'} itself", name)
    if not isinstance(target, Result):
        return Judged(Outcome.UNKNOWN, f"{what} plain data")
    origin = _origin(target)
    name = _spelled(origin)
    imported = _imported(origin, allowed)
    if imported.outcome is not Outcome.SAFE or name in allowed:
        return imported
    if len(target.states) > (step.how is How.BUILD):
        return _dangerous(Technique.ATTRIBUTES, f"an object of {name} is changed after it was given its state", name)
    use = known.use(origin.module, origin.name) if isinstance(origin, Global) else None
    if use is None or not (use.instance or (use.call and not use.shared)):
        return Judged(Outcome.UNKNOWN, f"{what} what {name} gives", None, name)
    return _SAFE


def _persistent(given: tuple[Value, ...]) -> Judged:
    """Judge what is left to the loader: PyTorch refers to storages so, and in old files to the source of modules."""
    reference = given[0] if given else None
    if type(reference) is str and _NUMBER.fullmatch(reference):
        return _SAFE  # a tensor in one of PyTorch's first files
    if isinstance(reference, tuple) and len(reference) >= _REFERENCE and type(reference[0]) is str:
        known_kind = reference[0] in {"storage", "module"}
        return _SAFE if known_kind else Judged(Outcome.UNKNOWN, "it refers to something of its loader's own")
    return Judged(Outcome.UNKNOWN, "it leaves to its loader what an identifier of its own stands for")


def _dangerous(technique: Technique, reason: str, subject: str = "") -> Judged:
    return Judged(Outcome.DANGEROUS, reason, technique, subject)
