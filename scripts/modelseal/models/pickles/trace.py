"""The words for what a pickle does: symbolic values, and the steps in which it imports and calls.

Values are never hashed and never compared with each other: they are as deep and as shared as an attacker likes. Look at
a value's type first, go down with `showing.within`, which is bounded, and print with `showing.shown`, which is, too.
Where a value is of Python's own immutable types, it is exactly that; a `str` or `bytes` that is long is `Long`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class Via(StrEnum):
    """The opcode by which a global is imported."""

    GLOBAL = "GLOBAL"
    INST = "INST"
    STACK_GLOBAL = "STACK_GLOBAL"
    EXTENSION = "EXT"


class How(StrEnum):
    """What sort of call it is.

    - `REDUCE`, `OBJ`, `INST`: `callee(*arguments)`; the last two are `callee.__new__(callee)` without arguments.
    - `NEWOBJ`, `NEWOBJ_EX`: `callee.__new__(callee, *arguments, **keywords)`.
    - `BUILD`: `callee.__setstate__(state)`; without that method, `callee.__dict__` is written to from the state, which
      is a dictionary, and its attributes are set from a second dictionary, where the state is a pair. The state is the
      one argument.
    - `SETITEM`: `callee[key] = value`; the arguments are keys and values in turn.
    - `APPEND`, `EXTEND`: `callee.extend(arguments)` or `callee.append(argument)` for each: the unpicklers differ.
    - `ADD`: `callee.add(argument)` for each argument.
    - `PERSISTENT`: the loader's own `persistent_load(argument)`. There is no callee.

    In those from `BUILD` to `ADD` the callee is an object, and never one of the pickle's own containers.
    """

    REDUCE = "reduce"
    OBJ = "obj"
    INST = "inst"
    NEWOBJ = "newobj"
    NEWOBJ_EX = "newobj_ex"
    BUILD = "build"
    SETITEM = "setitem"
    APPEND = "append"
    EXTEND = "extend"
    ADD = "add"
    PERSISTENT = "persistent"


class Kind(StrEnum):
    """What sort of container it is."""

    LIST = "list"
    DICT = "dict"
    SET = "set"
    FROZENSET = "frozenset"


@dataclass(frozen=True, slots=True)
class Global:
    """What an import gives, by the name under which Python 3 looks it up: `builtins.eval` for `__builtin__.eval`.

    Attributes:
        module: What is imported: `os.path`.
        name: What is taken from it. Dots in it lead through attributes: `path.os.system`.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Unresolved:
    """A global whose name is not known before the pickle runs: made by a call, or of what is no name at all."""

    module: "Value"
    name: "Value"


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """What a code in the loader's extension registry (`copyreg`) stands for: nothing, or any global."""

    code: int

    def __str__(self) -> str:
        return f"<extension {self.code}>"


class Result:
    """What a call returns. More is told of it while the program runs.

    Attributes:
        call: The call.
        states: What has been given to it with `BUILD` so far, in order, the last of it.
    """

    __slots__ = ("call", "states")

    def __init__(self, call: "Call", states: "tuple[Value, ...]" = ()) -> None:
        self.call = call
        self.states = states


class Container:
    """A list, dictionary or set. It is filled while the program runs, so look at it when it is used.

    Attributes:
        kind: Which of these.
        items: What is in it, the first ten thousand; keys and values in turn for a dictionary.
        dropped: How many more there are.
    """

    __slots__ = ("dropped", "items", "kind")

    def __init__(self, kind: Kind, items: "list[Value]") -> None:
        self.kind = kind
        self.items = items
        self.dropped = 0


@dataclass(frozen=True, slots=True, eq=False)
class Long:
    """A long text or run of bytes, left where it is.

    Attributes:
        kind: `str`, `bytes` or `bytearray`.
        offset: Where it begins, in bytes from the beginning of the content.
        size: How long it is there, in bytes.
        beginning: Its first characters, or the `repr` of its first bytes.
    """

    kind: str
    offset: int
    size: int
    beginning: str


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """A value that is not known, and of which it does not matter what it is.

    Attributes:
        what: `an integer of 4000 bytes`, `a buffer`.
    """

    what: str

    def __str__(self) -> str:
        return f"<{self.what}>"


@dataclass(frozen=True, slots=True, eq=False)
class Starred:
    """Arguments that are not known, because what holds them is made by a call: `*value`."""

    value: "Value"


Value: TypeAlias = (
    "bool | int | float | str | bytes | tuple[Value, ...] | Container | Long | Global | Unresolved | Extension"
    " | Result | Opaque | Starred | None"
)


class Import(NamedTuple):
    """A global is imported; the module's code runs when it is.

    There are millions in some pickles, and nothing is made faster than a named tuple.

    Attributes:
        offset: Of the opcode, in bytes from the beginning of the content.
        target: What is imported.
        via: By which opcode.
        protocol: Of the pickle, as it says itself at this point. From 4 on, dots in the name lead through attributes.
        written: The name as it is written there, where Python 3 takes another one for it; else empty.
    """

    offset: int
    target: Global | Unresolved | Extension
    via: Via
    protocol: int
    written: str = ""


class Call(NamedTuple):
    """Something is called.

    Attributes:
        offset: Of the opcode, in bytes from the beginning of the content.
        how: What sort of call it is.
        callee: What is called, or whose method is.
        arguments: As `how` says. What is not known is `Starred`.
        keywords: Of `NEWOBJ_EX`: a dictionary, as a rule.
    """

    offset: int
    how: How
    callee: "Value"
    arguments: "tuple[Value, ...]"
    keywords: "Value" = None


Step = Import | Call
