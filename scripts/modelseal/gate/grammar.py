"""How a file's grammar is declared: keys, their types, defaults and help. One declaration, read three ways.

`Section.read` checks a node by it, `Section.schema` makes a JSON Schema of it (draft 2020-12), and the reference in the
documentation is a table of its keys. Nothing is guessed: what is not of the declared type is a mistake with a mend.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from modelseal.gate import key_hints
from modelseal.gate.mistakes import Mistake, Place, below, shown
from modelseal.gate.yaml_nodes import Mapping as Group
from modelseal.gate.yaml_nodes import Node, Refused, Scalar, Sequence

_NAME = r"^[A-Za-z][A-Za-z0-9._-]{0,62}$"
INVALID: Any = object()  # what a type returns when it has noted a mistake


@dataclass(frozen=True)
class Reading:
    """What came of reading a file: its mistakes, and where each key's value is."""

    hints: key_hints.Hints
    mistakes: list[Mistake] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    def wrong(self, place: Place, key: str, what: str, mend: str) -> Any:
        """Note a mistake; returns `INVALID`."""
        self.mistakes.append(Mistake(place, key, what, mend))
        return INVALID


class Type(Protocol):
    """What a value can be."""

    @property
    def noun(self) -> str:
        """What such a value is called, for the reference."""

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return the value, or note a mistake and return `INVALID`."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of such a value."""


@dataclass(frozen=True)
class Key:
    """A key of a section.

    Attributes:
        name: Kebab-case.
        type: What its value can be.
        help: One or two sentences; Markdown.
        example: A value, as YAML on one line.
        default: What holds without the key, in words or as YAML on one line.
        required: Whether there has to be one.
        also: What it is called elsewhere, for hints.
    """

    name: str
    type: Type
    help: str
    example: str
    default: str = ""
    required: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Demand:
    """Something that several keys of a section have to fulfil together.

    Attributes:
        key: The key that the mistake is about; empty for the section.
        holds: Whether the values fulfil it.
        schema: The same as JSON Schema.
        what: What is wrong otherwise.
        mend: What to do then.
    """

    key: str
    holds: Callable[[Mapping[str, Any]], bool]
    schema: Mapping[str, Any]
    what: str
    mend: str


@dataclass(frozen=True)
class Section:
    """Keys that belong together."""

    keys: tuple[Key, ...]
    demands: tuple[Demand, ...] = ()
    noun: str = "keys"

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return the values by their keys' names; what is not there or wrong is left out."""
        if not isinstance(node, Group):
            names = ", ".join(f"`{item.name}`" for item in self.keys[:3])
            where = "below it, indented by two spaces" if key else "in the first column, each as `key: value`"
            return _other_shape(node, key, reading, "keys", f"Write keys {where}: {names}.")
        before = len(reading.mistakes)
        known = {item.name: item for item in self.keys}
        values = {}
        there = {name.text for name, _ in node.entries}
        for name, value in node.entries:
            full = below(key, name.text)
            reading.places[full] = value.place
            meant = name.text if name.text in known else reading.hints.meant(name.text, tuple(known))
            if name.text not in known:
                reading.wrong(name.place, full, *reading.hints.unknown(name.text, tuple(known)))
            if not meant or (meant != name.text and meant in there):
                continue
            reading.places.setdefault(below(key, meant), value.place)
            there.add(meant)  # by another name: its value is looked at all the same, and it is not called missing
            read = known[meant].type.read(value, full, reading)
            values.update({} if read is INVALID else {meant: read})
        for item in self.keys:
            if item.required and item.name not in there:
                what = "It is required, and not there."
                reading.wrong(node.place, below(key, item.name), what, f"Add `{item.name}: {item.example}`.")
        for demand in self.demands if len(reading.mistakes) == before else ():
            if not demand.holds(values):
                full = below(key, demand.key) if demand.key else key
                reading.wrong(reading.places.get(full, node.place), full, demand.what, demand.mend)
        return values

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        required = [item.name for item in self.keys if item.required]
        made: dict[str, Any] = {"type": "object", "additionalProperties": False}
        made["properties"] = {item.name: _described(item) for item in self.keys}
        if required:
            made["required"] = required
        if self.demands:
            made["allOf"] = [dict(demand.schema) for demand in self.demands]
        return made


@dataclass(frozen=True)
class ListOf:
    """A list of items of one type, each once."""

    item: Type
    least: int = 0
    empty: str = ""  # what to do instead of writing an empty list

    @property
    def noun(self) -> str:
        """What it is called."""
        return f"list, each: {self.item.noun}"

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return a tuple of values."""
        if not isinstance(node, Sequence):
            return _other_shape(node, key, reading, "a list", self._as_list(node))
        if len(node.items) < self.least:
            return reading.wrong(node.place, key, "The list is empty.", self.empty)
        values = []
        seen = set()
        for number, item in enumerate(node.items):
            name = f"{key}[{number}]"
            reading.places[name] = item.place
            before = len(reading.mistakes)
            values.append(self.item.read(item, name, reading))
            if len(reading.mistakes) == before and repr(values[-1]) in seen:
                reading.wrong(item.place, name, "It is in the list twice.", "Take one of them out.")
            seen.add(repr(values[-1]))
        return tuple(values)

    def _as_list(self, node: Node) -> str:
        if isinstance(node, Scalar):
            right = {word.lower(): word for word in getattr(self.item, "words", ())}  # a choice's
            texts = [right.get(text.strip().lower(), text.strip()) for text in node.text.split(",")]
            return f"Write [{', '.join(map(shown, texts))}]."
        return "Begin each item on a line of its own, with `- ` before its first key."

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        made: dict[str, Any] = {"type": "array", "items": self.item.schema(), "uniqueItems": True}
        return made | {"minItems": self.least} if self.least else made


@dataclass(frozen=True)
class MapOf:
    """A value for each of some words."""

    words: tuple[str, ...]
    value: Type
    example: str

    @property
    def noun(self) -> str:
        """What it is called."""
        return f"for each severity a {self.value.noun}"

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return pairs of word and value, in the declared order of words."""
        if not isinstance(node, Group):
            return _other_shape(node, key, reading, "keys", f"Write {self.example}.")
        values = {}
        for name, value in node.entries:
            full = below(key, name.text)
            reading.places[full] = value.place
            read = self.value.read(value, full, reading)
            if name.text in self.words:
                values[name.text] = read
            else:
                values[name.text] = reading.wrong(name.place, full, *key_hints.wrong_word(name.text, self.words))
        if INVALID in values.values():
            return INVALID
        return tuple((word, values[word]) for word in self.words if word in values)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        properties = {word: self.value.schema() for word in self.words}
        return {"type": "object", "additionalProperties": False, "properties": properties}


@dataclass(frozen=True)
class GroupsOf:
    """Groups of keys, each with a name that the file's author chose."""

    item: Section
    of: str  # what they are for
    example: str

    @property
    def noun(self) -> str:
        """What it is called."""
        return f"for each {self.of} {self.item.noun}"

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return pairs of name and values."""
        if not isinstance(node, Group):
            return _other_shape(node, key, reading, "keys", f"Write {self.example}.")
        if not node.entries:
            return reading.wrong(node.place, key, f"It names no {self.of}.", f"Write {self.example}.")
        values = []
        for name, value in node.entries:
            reading.places[full := below(key, name.text)] = value.place
            values.append((name.text, self.item.read(value, full, reading)))
            if not re.fullmatch(_NAME, name.text):
                what = f"`{shown(name.text)}` is not a name for an {self.of}."
                reading.wrong(name.place, full, what, "Begin with a letter; use letters, digits, `.`, `_` and `-`.")
        return INVALID if any(value is INVALID for _, value in values) else tuple(values)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        made = {"type": "object", "additionalProperties": False, "minProperties": 1}
        return made | {"patternProperties": {_NAME: self.item.schema()}}


def _other_shape(node: Node, key: str, reading: Reading, wanted: str, mend: str) -> Any:
    """Note that a value has not the right shape."""
    if isinstance(node, Refused):
        return INVALID
    if isinstance(node, Scalar) and node.kind == "nothing":
        indent = "Give it one, or take the line out. What belongs to it is indented by two spaces below it."
        return reading.wrong(node.place, key, "It has no value.", indent)
    verb = "belong" if wanted == "keys" else "belongs"
    return reading.wrong(node.place, key, f"{found(node)} stands where {wanted} {verb}.", mend)


def found(node: Node) -> str:
    """Return what a node is, for a sentence's start."""
    if isinstance(node, Scalar):
        return f"`{shown(node.text)}`" if node.text else "An empty text"
    return "A list" if isinstance(node, Sequence) else "A group of keys"


def scalar(node: Node, key: str, reading: Reading, wanted: str, mend: str) -> Scalar | None:
    """Return a node as a scalar, or note what it is instead."""
    if isinstance(node, Scalar) and node.kind != "nothing":
        return node
    _other_shape(node, key, reading, wanted, mend)
    return None


def every_key(section: Section, path: str = "") -> Iterator[tuple[str, Key]]:
    """Yield every key of a grammar with the place where it belongs: `waivers[]`, empty at the top."""
    for item in section.keys:
        yield path, item
        inner = item.type
        full = f"{path}.{item.name}" if path else item.name
        if isinstance(inner, ListOf):
            inner, full = inner.item, f"{full}[]"
        elif isinstance(inner, GroupsOf):
            full, inner = f"{full}.<{inner.of}>", inner.item
        if isinstance(inner, Section):
            yield from every_key(inner, full)


def _described(key: Key) -> dict[str, Any]:
    default = f" Default: {key.default}." if key.default else ""
    return {"description": f"{key.help}{default} Example: {key.example}", **key.type.schema()}
