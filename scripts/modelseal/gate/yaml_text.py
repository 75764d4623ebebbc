"""YAML read as text with places: nodes that know their line and column, scalars that nobody has interpreted.

PyYAML only finds the structure. Everything by which a document can mean something else than it seems to is refused:
tags, anchors, aliases, merge keys, keys given twice, several documents, characters that nobody sees.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from modelseal.errors import InputError
from modelseal.gate import yaml_syntax
from modelseal.gate.mistakes import Mistake, Place, below, shown
from modelseal.gate.yaml_nodes import Mapping, Node, Refused, Scalar, Sequence

SIZE_LIMIT = 1 << 20
DEPTH_LIMIT = 12

_TABS = re.compile(r"^ *\t", re.MULTILINE)
# Control characters, other line breaks than editors count, what turns the direction of text, a byte order mark inside.
_INVISIBLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Document:
    """A document's root, None where there is nothing but comments, and what is wrong with its structure."""

    root: Node | None
    mistakes: tuple[Mistake, ...]


def read(content: bytes) -> Document:
    """Read the one document of a file.

    Raises:
        InputError: It is too large, not UTF-8, or has characters that nobody can see.
    """
    text = _decoded(content)
    mistakes = [_broken(text, match.start(), *_TAB) for match in _TABS.finditer(text)][:1]
    mistakes += [_broken(text, match.start(), *_CHARACTER) for match in _INVISIBLE.finditer(text)][:1]
    if mistakes:
        return Document(None, tuple(mistakes))
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same parser in C, where PyYAML was built with it
    events = yaml.parse(text, Loader=loader)
    builder = _Builder(events)
    try:
        return builder.document()
    except _TooDeepError as error:
        return Document(None, (*builder.mistakes, Mistake(error.args[0], "", *_DEEP)))
    except yaml.MarkedYAMLError as error:
        return Document(None, (*builder.mistakes, _not_yaml(error)))


_TAB = ("The line is indented with a tab.", "Indent with spaces, two for each level: YAML knows no tabs.")
_CHARACTER = ("There is a character that cannot be seen.", "Delete it; retype the line if you cannot find it.")
_DEEP = (
    f"Lists and keys are nested more than {DEPTH_LIMIT} deep.",
    "No key of a policy needs that; see docs/policy.md.",
)
_TAGGED = ("There is a tag, which begins with `!`.", "Take it out, or put a text that begins with `!` into quotes.")


class _TooDeepError(ValueError):
    """The nesting limit was met, at a place."""


@dataclass(frozen=True)
class _Builder:
    """Makes nodes of PyYAML's events."""

    events: Iterator[Any]
    mistakes: list[Mistake] = field(default_factory=list)

    def document(self) -> Document:
        """Read until the end of the file."""
        next(self.events)
        start = next(self.events)
        if isinstance(start, yaml.StreamEndEvent):
            return Document(None, ())
        if start.version or start.tags:
            self._mistake(_place(start), "", "There is a line that begins with `%`.", "Take it out.")
        root = self._node(next(self.events), "", 0)
        next(self.events)
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            what = "A second document begins here: `---` stands between documents."
            self._mistake(_place(after), "", what, "Take the line out; a policy is one document.")
        return Document(root, tuple(self.mistakes))

    def _node(self, event: Any, key: str, depth: int) -> Node:
        place = _place(event)
        if depth > DEPTH_LIMIT:
            raise _TooDeepError(place)
        if isinstance(event, yaml.AliasEvent):
            self._mistake(
                place, key, f"`*{shown(str(event.anchor))}` is an alias.",
                "Write the value out; put a pattern that begins with `*` into quotes.",
            )  # fmt: skip
            return Refused(place)
        known = len(self.mistakes)
        if event.anchor is not None:
            self._mistake(
                place, key, f"`&{shown(event.anchor or '')}` is an anchor.", "Take it out and write values out."
            )
        if event.tag is not None:
            self._mistake(place, key, *_TAGGED)
        refused = len(self.mistakes) > known
        node: Node
        if isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(place, tuple(self._items(key, depth)))
        elif isinstance(event, yaml.MappingStartEvent):
            node = Mapping(place, tuple(self._entries(key, depth)))
        else:
            node = Scalar(place, event.value, plain=event.style is None or event.style == "")
        return Refused(place) if refused else node

    def _items(self, key: str, depth: int) -> Iterator[Node]:
        number = 0
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self._node(event, f"{key}[{number}]", depth + 1)
            number += 1

    def _entries(self, key: str, depth: int) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name = self._node(event, key, depth + 1)
            full = below(key, name.text) if isinstance(name, Scalar) else key
            value = self._node(next(self.events), full, depth + 1)
            if not isinstance(name, Scalar):
                if not isinstance(name, Refused):
                    self._mistake(name.place, key, "A list or group stands where a key belongs.", "Write `key: value`.")
            elif name.plain and name.text == "<<":
                self._mistake(name.place, full, "`<<` merges other keys in here.", "Write the keys out.")
            elif name.text in seen:
                what = f"The key is there twice, first in line {seen[name.text]}."
                self._mistake(name.place, full, what, "Keep one of them, with everything that belongs to it.")
            else:
                seen[name.text] = name.place.line
                yield name, value

    def _mistake(self, place: Place, key: str, what: str, mend: str) -> None:
        self.mistakes.append(Mistake(place, key, what, mend))


def _decoded(content: bytes) -> str:
    if len(content) > SIZE_LIMIT:
        raise InputError(
            f"The file has {len(content):,} bytes; at most {SIZE_LIMIT:,} are read.", mend="Take out what has expired."
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("The file is UTF-16, not UTF-8.", mend="Save it as UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise InputError(
            f"Line {line}, column {column}: there is a byte that is not UTF-8.", mend="Save the file as UTF-8."
        ) from None


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _broken(text: str, index: int, what: str, mend: str) -> Mistake:
    lines = re.split(r"\r\n|\r|\n", text[: index + 1])
    return Mistake(Place(len(lines), len(lines[-1])), "", what, mend)


def _not_yaml(error: Any) -> Mistake:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    return yaml_syntax.mistake(f"{error.problem or ''} {error.context or ''}", place)
