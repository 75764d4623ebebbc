"""YAML as nodes that know their line and column, and scalars that nobody has interpreted.

What a scalar means is decided as YAML 1.2's core schema and editors decide it
(https://yaml.org/spec/1.2.2/#103-core-schema), not as YAML 1.1 does: `no`, `on`, `1_000`, `12:30` and dates are texts.
"""

import re
from dataclasses import dataclass

from modelseal.gate.mistakes import Place

_NUMBER = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})


@dataclass(frozen=True)
class Scalar:
    """A text, as written.

    Attributes:
        plain: Whether it stands there without quotes, so that it can be a number, a boolean or nothing.
    """

    place: Place
    text: str
    plain: bool

    @property
    def kind(self) -> str:
        """`nothing`, `boolean`, `number` or `text`."""
        if not self.plain:
            return "text"
        if self.text in _NOTHING:
            return "nothing"
        if self.text in _BOOLEANS:
            return "boolean"
        return "number" if _NUMBER.fullmatch(self.text) else "text"


@dataclass(frozen=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple["Node", ...]


@dataclass(frozen=True)
class Mapping:
    """Keys with their values, in order; each key once."""

    place: Place
    entries: tuple[tuple[Scalar, "Node"], ...]


@dataclass(frozen=True)
class Refused:
    """What cannot be used; there is a mistake about it already."""

    place: Place


Node = Scalar | Sequence | Mapping | Refused
