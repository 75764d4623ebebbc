"""Read messages in the text format of protocol buffers: https://protobuf.dev/reference/protobuf/textformat-spec/."""

import re
from typing import Any

from modelseal.models.budget import Budget
from modelseal.models.faults import LimitReached, Malformed

_TOKEN = re.compile(
    r"(?:[ \t\r\n\f\v]|#[^\n]*(?:\n|\Z))*"
    r"(?:(?P<text>\"(?:[^\"\\\n]|\\[\s\S])*\"|'(?:[^'\\\n]|\\[\s\S])*')|(?P<mark>[{}<>\[\]:,;])"
    r"|(?P<word>[^\s{}<>\[\]:,;\"'#]+)|(?P<end>\Z))"
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))")
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CLOSING = {"{": "}", "<": ">"}
_NAME = re.compile(r"[A-Za-z_][\w.\-]*")
_DEEPEST = 100
_LARGEST = 0x10FFFF

Fields = dict[str, Any]


def parse(text: str, budget: Budget) -> Fields:
    """Read a message, whatever its fields are called.

    Args:
        text: The message.
        budget: What that may cost: a word is a step.

    Returns:
        Its fields: texts, messages, and lists of these where a field comes several times.

    Raises:
        Malformed: It is none.
        LimitReached: It is nested too deeply, or too long.
    """
    return _Reader(text, budget).whole()


class _Reader:
    def __init__(self, text: str, budget: Budget) -> None:
        self._text = text
        self._budget = budget
        self._at = 0
        self._token = ""
        self._kind = ""
        self._next()

    def whole(self) -> Fields:
        made = self._message("", 0)
        if self._kind != "end":
            raise self._fault()
        return made

    def _message(self, closing: str, depth: int) -> Fields:
        if depth > _DEEPEST:
            raise LimitReached(f"it is nested more than {_DEEPEST} times")
        made: Fields = {}
        while self._kind != "end" and not (closing and self._stands(closing)):
            name = self._name()
            for value in self._value(depth):
                _put(made, name, value)
            if self._stands(",;"):
                self._next()
        return made

    def _name(self) -> str:
        if self._stands("["):  # an extension, or the type of an `Any`
            parts = []
            while not self._stands("]"):
                if self._kind == "end":
                    raise self._fault()
                parts.append(self._token)
                self._next()
            self._next()
            return "".join([*parts, "]"])
        if self._kind != "word" or not _NAME.fullmatch(self._token):
            raise self._fault()
        name = self._token
        self._next()
        return name

    def _value(self, depth: int) -> list[Any]:
        colon = self._stands(":")
        if colon:
            self._next()
        if self._stands("["):
            return self._list(depth)
        if self._stands("{<"):
            return [self._inner(depth)]
        if not colon:
            raise self._fault()
        return [self._scalar()]

    def _inner(self, depth: int) -> Fields:
        closing = _CLOSING[self._token]
        self._next()
        made = self._message(closing, depth + 1)
        if not self._stands(closing):
            raise self._fault()
        self._next()
        return made

    def _list(self, depth: int) -> list[Any]:
        made: list[Any] = []
        self._next()
        while not self._stands("]"):
            made.append(self._inner(depth) if self._stands("{<") else self._scalar())
            if self._stands(","):
                self._next()
        self._next()
        return made

    def _scalar(self) -> str:
        """Read a number, a word, or texts, which count as one where they follow each other."""
        if self._kind == "word":
            word = self._token
            self._next()
            return word
        if self._kind != "text":
            raise self._fault()
        parts = []
        while self._kind == "text":
            parts.append(_ESCAPE.sub(_unescaped, self._token[1:-1]))
            self._next()
        return "".join(parts)

    def _stands(self, marks: str) -> bool:
        """Tell whether one of these marks stands here."""
        return self._kind == "mark" and self._token in marks

    def _next(self) -> None:
        self._budget.steps(1)
        found = _TOKEN.match(self._text, self._at)
        if found is None or found.lastgroup is None:
            raise self._fault()
        self._at, self._kind, self._token = found.end(), found.lastgroup, found[found.lastgroup]

    def _fault(self) -> Malformed:
        return Malformed("it is a message in text that is cut off or broken", self._at)


def _put(made: Fields, name: str, value: Any) -> None:
    if name not in made:
        made[name] = value
    elif isinstance(made[name], list):
        made[name].append(value)
    else:
        made[name] = [made[name], value]


def _unescaped(match: re.Match[str]) -> str:
    octal, hexadecimal, short, long, other = match.groups()
    if other is not None:
        return _LETTERS.get(other, other)
    digits = hexadecimal or short or long
    return chr(min(int(octal, 8) if octal else int(digits, 16), _LARGEST))
