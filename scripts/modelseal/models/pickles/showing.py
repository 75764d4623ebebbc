"""Print and search symbolic values, which an attacker can make endlessly deep and share endlessly often."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelseal.models.pickles.trace import (
    Call,
    Container,
    How,
    Import,
    Kind,
    Long,
    Result,
    Starred,
    Step,
    Unresolved,
    Value,
)

_DEEPEST = 6
_WIDEST = 100
_PRINTED_BITS = 256  # more than that takes long to print
_BRACKETS = {Kind.LIST: ("[", "]"), Kind.SET: ("{", "}"), Kind.FROZENSET: ("{", "}"), Kind.DICT: ("{", "}")}
_METHODS = {
    How.NEWOBJ: "__new__",
    How.NEWOBJ_EX: "__new__",
    How.BUILD: "__setstate__",
    How.SETITEM: "__setitem__",
    How.APPEND: "append",
    How.EXTEND: "extend",
    How.ADD: "add",
}


def within(value: Value, most: int = 1000) -> Iterator[Value]:
    """Go through a value and all that it is made of, each once, the nearest first.

    Args:
        value: Where to begin.
        most: How many values to give at most.
    """
    waiting: deque[Value] = deque([value])
    seen: dict[int, Value] = {}  # which keeps them, so that no other gets the same id
    while waiting and len(seen) < most:
        current = waiting.popleft()
        if id(current) in seen:
            continue
        seen[id(current)] = current
        yield current
        waiting.extend(_parts(current)[:most])


def shown(value: Value, most: int = 200) -> str:
    """Print a value as Python would write it, cut off where it gets long or deep.

    Args:
        value: What to print.
        most: The length, in characters, at which it is cut off; a little more can come of it.
    """
    return "".join(_pieces(value, most))


def told(step: Step, most: int = 200) -> str:
    """Print a step: `import os.system`, `call os.system('id')`.

    Args:
        step: What to print.
        most: As for `shown`.
    """
    if isinstance(step, Import):
        written = f" (written {step.written})" if step.written else ""
        return f"import {shown(step.target, most)}{written}"
    return f"call {shown(Result(step), most)}"


def _parts(value: Value) -> list[Value]:
    match value:
        case tuple():
            return list(value)
        case Container():
            return value.items
        case Result():
            return [value.call.callee, *value.call.arguments, value.call.keywords, *value.states]
        case Unresolved():
            return [value.module, value.name]
        case Starred():
            return [value.value]
    return []


@dataclass(frozen=True, slots=True)
class _Word:
    """Text that is printed as it is."""

    text: str


def _pieces(value: Value, most: int) -> Iterator[str]:
    """Give the text piece by piece: a stack of what is still to come stands in for recursion."""
    waiting: list[tuple[Value | _Word, int]] = [(value, 0)]
    room = most
    while waiting:
        current, depth = waiting.pop()
        if room <= 0:
            yield "..."
            return
        if isinstance(current, tuple | Container | Result | Unresolved | Starred) and depth < _DEEPEST:
            waiting += reversed([(part, depth + 1) for part in _composed(current)])
            continue
        piece = current.text if isinstance(current, _Word) else _leaf(current, room)
        room -= len(piece)
        yield piece


def _composed(value: Value) -> "Iterator[Value | _Word]":
    """Take a value apart into values, and the words between them."""
    match value:
        case tuple():
            yield _Word("(")
            yield from _listed(value)
            yield _Word(",)" if len(value) == 1 else ")")
        case Container():
            opening, closing = _BRACKETS[value.kind]
            yield _Word(opening)
            yield from _listed(value.items, (": ", ", ") if value.kind is Kind.DICT else (", ", ", "))
            yield _Word(closing)
        case Result():
            yield from _called(value.call)
        case Unresolved():
            yield from (_Word("<global "), value.module, _Word("."), value.name, _Word(">"))
        case Starred():
            yield from (_Word("*"), value.value)


def _called(call: Call) -> "Iterator[Value | _Word]":
    if call.how is How.PERSISTENT:
        yield _Word("persistent_load")
    else:
        yield call.callee
        yield _Word(f".{_METHODS[call.how]}" if call.how in _METHODS else "")
    yield _Word("(")
    yield from _listed(call.arguments)
    if call.keywords is not None:
        yield from (_Word(", **"), call.keywords)
    yield _Word(")")


def _listed(items: Sequence[Value], between: tuple[str, str] = (", ", ", ")) -> "Iterator[Value | _Word]":
    for index, item in enumerate(items[:_WIDEST]):
        if index:
            yield _Word(between[1 - index % 2])
        yield item


def _leaf(value: Value, room: int) -> str:
    if isinstance(value, tuple | Container | Result | Unresolved | Starred):
        return "..."
    if isinstance(value, str | bytes):
        text = repr(value[: room + 1])
        return text if len(value) <= room else f"{text}..."
    if isinstance(value, int) and value.bit_length() > _PRINTED_BITS:
        return f"{hex(value >> (value.bit_length() - 64))}..."
    if isinstance(value, Long):
        return f"<{value.kind} of {value.size} bytes, {value.beginning[:room]!r}...>"
    return str(value)
