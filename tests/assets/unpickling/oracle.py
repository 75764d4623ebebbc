"""Compare what is told of a pickle with what CPython's own unpicklers would import and call (`guard.py`)."""

import hashlib
import json
import struct
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.pickles import program
from modelseal.models.pickles.machine import Loader, Machine
from modelseal.models.pickles.names import meant
from modelseal.models.pickles.trace import Call, Container, Extension, Global, How, Import, Kind, Result, Step, Value

Told = tuple[str, str, Any]
_GUARD = Path(__file__).with_name("guard.py")
_EXTENSIONS = {1: "extension.one", 200: "extension.two", 70000: "extension.three"}
_CALLS = {How.REDUCE, How.OBJ, How.INST}


class Guarded:
    """The guarded unpicklers, in a process of their own."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-I", str(_GUARD)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()

    def steps(self, data: bytes) -> tuple[list[Told], list[Told]]:
        """Return what the unpickler in C does with a pickle, and what that in Python does."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(struct.pack("<I", len(data)) + data)
        self._process.stdin.flush()
        in_c, in_python = json.loads(self._process.stdout.readline())
        return [tuple(item) for item in in_c], [tuple(item) for item in in_python]


def traced(data: bytes, loader: Loader = Loader.PLAIN) -> list[Told]:
    """Return what we tell of a pickle, in the guard's words. Our steps name several that a guard may see."""
    machine = Machine(Content(data), 0, Budget(), loader=loader)
    return [word for step in program.run(machine) for word in _words(step)]


def untold(data: bytes, guard: Guarded) -> list[str]:
    """Return, as text, what the guarded unpicklers do with a pickle and we do not tell."""
    in_c, in_python = guard.steps(data)
    plain = traced(data)
    lacking = [("Python", missing(in_python, plain)), ("C", missing(in_c, plain))]
    if lacking[1][1] is not None:
        lacking[1] = "C", missing(in_c, traced(data, Loader.FILE_IN_C))
    return [f"{name}: {step} of {data!r}" for name, step in lacking if step is not None]


def missing(real: list[Told], ours: list[Told]) -> Told | None:
    """Return the first of the steps really taken that is not among ours, in their order; None when all are."""
    remaining = iter(ours)
    for kind, label, arguments in real:
        if kind == "broken":
            continue
        if not any(
            kind == word and label == name and agrees(arguments, canonical) for word, name, canonical in remaining
        ):
            return kind, label, arguments
    return None


def agrees(real: Any, ours: Any) -> bool:
    """Compare values; what one side does not look at is `?`. Where arguments are not known, anything can be."""
    if "*" in (ours if isinstance(ours, list) else ()):
        return True
    if isinstance(real, list) and isinstance(ours, list):
        return len(real) == len(ours) and all(agrees(*pair) for pair in zip(real, ours, strict=True))
    return "?" in (real, ours) or real == ours


def _words(step: Step) -> list[Told]:  # noqa: PLR0911 # one for each kind
    if isinstance(step, Import):
        return [("import", _label(step.target), [])]
    label = _label(step.callee)
    given = [canonical(item) for item in step.arguments[:8]]
    match step.how:
        case How.REDUCE | How.OBJ | How.INST:
            return [(_kind(step), label, given)]
        case How.NEWOBJ | How.NEWOBJ_EX:
            return [("new", label, given)]
        case How.BUILD:
            return [("setstate", label, given)]
        case How.APPEND | How.EXTEND:
            return [("extend", label, given), *(("append", label, [canonical(item)]) for item in step.arguments)]
        case How.ADD:
            return [("add", label, [canonical(item)]) for item in step.arguments]
        case How.SETITEM:
            pairs = zip(step.arguments[::2], step.arguments[1::2], strict=False)
            return [("set", label, [canonical(key), canonical(value)]) for key, value in pairs]
    return [("persistent", "", given)]


def _kind(call: Call) -> str:
    if call.how in {How.NEWOBJ, How.NEWOBJ_EX}:
        return "new"
    if call.how in {How.OBJ, How.INST} and not call.arguments and isinstance(call.callee, Global | Extension):
        return "new"
    return "persistent" if call.how is How.PERSISTENT else "call"


def _label(value: Value) -> str:
    made: list[str] = []
    while isinstance(value, Result):
        made.append(_kind(value.call))
        value = value.call.callee
    label = _EXTENSIONS.get(value.code, "?") if isinstance(value, Extension) else ""
    if isinstance(value, Global):
        label = str(meant(value.module, value.name, 0)[0])
    for kind in reversed(made):
        digest = hashlib.sha256(f"{kind} {label}".encode("utf-8", "surrogatepass")).hexdigest()
        label = f"={digest[:12]}"
    return label


def canonical(value: Value, depth: int = 3) -> Any:
    """Write a value down as the guard does."""
    kind = type(value)
    if value is None or kind is bool:
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 1 << 31 else "?"
    if isinstance(value, str | bytes):
        return repr(value) if len(value) <= 32 else "?"
    if isinstance(value, tuple) or (isinstance(value, Container) and value.kind is Kind.LIST):
        items = value if isinstance(value, tuple) else value.items
        name = "tuple" if isinstance(value, tuple) else "list"
        return [name, *(canonical(item, depth - 1) for item in items)] if depth and len(items) <= 20 else name
    if isinstance(value, Container):
        return value.kind.value
    return _label(value) if isinstance(value, Global | Extension | Result) else _unknown(value)


def _unknown(value: Value) -> str:
    return "*" if type(value).__name__ == "Starred" else "?"
