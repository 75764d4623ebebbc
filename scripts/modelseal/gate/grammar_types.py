"""The types of single values in a grammar: each takes a scalar's own text, or says what to write instead."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from modelseal.errors import InputError
from modelseal.gate import key_hints
from modelseal.gate.grammar import INVALID, Reading, found, scalar
from modelseal.gate.mistakes import shown
from modelseal.gate.yaml_nodes import Node

_ONE_OF_MANY = "Write one value here"
_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]?([0-9]{1,2})[-/.]?([0-9]{1,2})(?:[Tt ].*)?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_TRUE = frozenset({"yes", "y", "on", "true", "1"})
_FALSE = frozenset({"no", "n", "off", "false", "0"})


@dataclass(frozen=True)
class Text:
    """A text of a form.

    Attributes:
        noun: What it is called.
        pattern: A regular expression in the words that Python's `re` and ECMA-262 share, anchored; empty for any text.
        mend: What to write where the pattern does not match.
        limit: How many characters it may have.
        check: Raises `InputError` for what the pattern cannot say.
        explain: Returns a better mend for a text that the pattern does not match, or nothing.
    """

    noun: str
    pattern: str = r"\S"
    mend: str = "Write a text."
    limit: int = 1000
    check: Callable[[str], object] | None = None
    explain: Callable[[str], str] = lambda _text: ""

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return the text."""
        value = scalar(node, key, reading, f"a {self.noun}", f"{_ONE_OF_MANY}. {self.mend}")
        if value is None:
            return INVALID
        if value.kind != "text":
            what = f"`{shown(value.text)}` is a {value.kind}, where a {self.noun} belongs."
            return reading.wrong(value.place, key, what, f'Put it into quotes if it is meant: "{shown(value.text)}".')
        if len(value.text) > self.limit:
            what = f"The text has {len(value.text):,} characters; at most {self.limit:,} are taken."
            return reading.wrong(value.place, key, what, "Shorten it.")
        try:
            if self.check is not None:
                self.check(value.text)
        except InputError as error:
            return reading.wrong(value.place, key, error.what, error.mend)
        if not re.search(self.pattern.replace("$", r"\Z"), value.text):
            what = f"{found(value)} is not a {self.noun}." if value.text.strip() else "The text is empty."
            return reading.wrong(value.place, key, what, self.explain(value.text) or self.mend)
        return value.text

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "string", "pattern": self.pattern, "maxLength": self.limit}


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]
    noun: str
    also: tuple[tuple[str, str], ...] = ()  # what a word is called elsewhere, and the word

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return the word."""
        value = scalar(node, key, reading, f"a {self.noun}", f"{_ONE_OF_MANY}: {', '.join(self.words)}.")
        if value is None:
            return INVALID
        if value.text not in self.words:
            return reading.wrong(value.place, key, *key_hints.wrong_word(value.text, self.words, dict(self.also)))
        return value.text

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class Boolean:
    """`true` or `false`, and nothing else: `yes`, `on` and `1` have meant different things to different readers."""

    noun: str = "`true` or `false`"

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return the boolean."""
        value = scalar(node, key, reading, "`true` or `false`", "Write `true` or `false`.")
        if value is None:
            return INVALID
        if value.plain and value.text in ("true", "false"):
            return value.text == "true"
        meant = "true" if value.text.lower() in _TRUE else "false" if value.text.lower() in _FALSE else ""
        mend = (
            f"Write `{meant}`, in lower case and without quotes." if meant else "Write one of the two, without quotes."
        )
        return reading.wrong(value.place, key, f"{found(value)} is neither `true` nor `false`.", mend)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Number:
    """A whole number, both bounds included."""

    low: int
    high: int
    unit: str = ""

    @property
    def noun(self) -> str:
        """What it is called."""
        return (
            f"number of {self.unit}, {self.low} to {self.high}" if self.unit else f"number, {self.low} to {self.high}"
        )

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return the number."""
        mend = f"Write a whole number from {self.low} to {self.high}, in plain digits without quotes or unit."
        value = scalar(node, key, reading, "a whole number", mend)
        if value is None:
            return INVALID
        if not value.plain or not re.fullmatch(r"0|-?[1-9][0-9]*", value.text):
            return reading.wrong(value.place, key, f"{found(value)} is not a whole number as it is written here.", mend)
        if len(value.text) > len(str(self.high)) + 1 or not self.low <= int(value.text) <= self.high:
            what = f"{found(value)} is not between {self.low} and {self.high}."
            return reading.wrong(value.place, key, what, mend)
        return int(value.text)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class Constant:
    """The one number of a format's version."""

    number: int
    of: str

    @property
    def noun(self) -> str:
        """What it is called."""
        return f"`{self.number}`"

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return the number."""
        mend = f"Write {self.number}, without quotes."
        value = scalar(node, key, reading, "a version", mend)
        if value is None:
            return INVALID
        if value.plain and value.text == str(self.number):
            return self.number
        if value.text.isdecimal() and value.text.lstrip("0") not in ("", str(self.number)):
            what = f"{found(value)} is no version of the {self.of} that is known here; {self.number} is."
            return reading.wrong(value.place, key, what, f"Use a newer Modelseal, or write {self.number}.")
        return reading.wrong(value.place, key, f"{found(value)} is not a version as it is written here.", mend)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"const": self.number}


@dataclass(frozen=True)
class Day:
    """A day of the calendar."""

    noun: str = "date, year-month-day"

    def read(self, node: Node, key: str, reading: Reading) -> Any:
        """Return the date."""
        mend = "Write year-month-day: 2026-12-31."
        value = scalar(node, key, reading, "a date", mend)
        if value is None:
            return INVALID
        try:
            if re.search(_DATE.replace("$", r"\Z"), value.text):
                return date.fromisoformat(value.text)
        except ValueError:
            what = f"{found(value)} is not in the calendar."
            return reading.wrong(value.place, key, what, "Write a day that there is.")
        if value.text.strip().lower() in ("never", "none", "no", "forever", "false"):
            return reading.wrong(
                value.place, key, f"{found(value)} is not a date: every waiver ends.", f"{mend} It can be renewed then."
            )
        meant = _meant(value.text)
        what = f"{found(value)} is not a date as it is written here."
        return reading.wrong(value.place, key, what, f"Write {meant.isoformat()}." if meant else mend)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema."""
        return {"type": "string", "format": "date", "pattern": _DATE}


def _meant(text: str) -> date | None:
    """Return the day that a text in another format means, where there is no doubt which number is the month."""
    first, last = _YEAR_FIRST.fullmatch(text[:40]), _DAY_FIRST.fullmatch(text[:40])
    numbers = first.groups() if first else last.groups()[::-1] if last else None
    try:
        return date(*map(int, numbers)) if numbers else None
    except ValueError:
        return None
