"""Whether a package's licence can be met: SPDX expressions, and the looser names that packages give.

Expressions: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
Debian's names: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/#license-short-name

`A OR B` can be taken as either, `A AND B` needs both. `-or-later` can be taken as any version from there on. An
exception (`WITH`) only permits more, so it does not save from a denied licence, and an allowed one allows it too. A
name that means nothing here is only reported where licences are denied, and fails where licences are allowed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from modelseal.errors import InputError
from modelseal.gate import license_names
from modelseal.gate.license_names import Name
from modelseal.gate.policy import Licenses
from modelseal.gate.wording import brief

_LONGEST = 2000
_DEEPEST = 50
# `and/or`, a comma and a slash leave open whether both count: then both do.
_OPERATOR = re.compile(r"([()]|(?<![\w-])(?:and/or|and|or)(?![\w-])|\|{1,2}|[&,;/])", re.IGNORECASE)
_EITHER = {"or", "|", "||"}
_WORD = re.compile(r"[A-Za-z][\w.+-]*")


class _Standing(IntEnum):
    """Whether a licence can be met; of several that all count, the lowest is that of all."""

    REFUSED = 0
    UNKNOWN = 1
    MET = 2


@dataclass(frozen=True)
class _Opinion:
    standing: _Standing
    why: str
    denied: bool = False


@dataclass(frozen=True)
class _Joined:
    """Several licences, of which either one can be taken, or all count."""

    parts: "tuple[_Expression, ...]"
    either: bool


_Expression = _Joined | str


@dataclass(frozen=True)
class _Entry:
    """A line of the policy: one licence, or a name that only has to be the same."""

    name: Name | None
    literal: str

    def covers(self, id_: str, exception: str) -> bool:
        if self.name is None or self.name.exception not in ("", exception):
            return False
        return id_ in self.name.versions


class Terms:
    """A policy's licences, ready to judge by.

    Args:
        licenses: What is denied and allowed: SPDX ids, with or without exception, or `LicenseRef-<name>`. Where
            licences are allowed, a name that SPDX does not know may be one as well, as the scanner writes it.
        source: The policy file, for errors.

    Raises:
        InputError: One of them is not a single licence, or is denied and not known: it would deny nothing.
    """

    def __init__(self, licenses: Licenses, *, source: str = "") -> None:
        self._denied = tuple(_entry(text, source, denied=True) for text in sorted(set(licenses.denied)))
        self._allowed = tuple(_entry(text, source, denied=False) for text in sorted(set(licenses.allowed)))
        self._judged: dict[str, tuple[bool, str]] = {}

    def judge(self, license_: str) -> tuple[bool, str]:
        """Return whether a licence is refused, and why or why not, as a sentence without its full stop."""
        if license_ not in self._judged:
            opinion = self._of_text(license_.strip())
            refused = opinion.standing is _Standing.REFUSED or (
                opinion.standing is _Standing.UNKNOWN and bool(self._allowed)
            )
            self._judged[license_] = refused, opinion.why
        return self._judged[license_]

    def _of_text(self, text: str) -> _Opinion:
        if len(text) > _LONGEST:
            return self._of_words(text[:_LONGEST])
        names = license_names.read(text)
        if names or self._is_literal(self._allowed + self._denied, text):
            return self._of_name(text)
        expression = _parsed(text)
        return self._of_words(text) if expression is None else self._of_expression(expression)

    def _of_expression(self, expression: _Expression) -> _Opinion:
        if isinstance(expression, str):
            return self._of_name(expression)
        opinions = [self._of_expression(part) for part in expression.parts]
        worst = min(opinions, key=lambda opinion: opinion.standing)
        if not expression.either:
            all_met = worst.standing is _Standing.MET
            return _Opinion(_Standing.MET, _together(opinions)) if all_met else worst
        best = max(opinions, key=lambda opinion: opinion.standing)
        # A name that nobody knows is no way out of one that is refused.
        return worst if best.standing is _Standing.UNKNOWN and worst.standing is _Standing.REFUSED else best

    def _of_name(self, text: str) -> _Opinion:
        names = license_names.read(text)
        if self._is_literal(self._denied, text):
            return _Opinion(_Standing.REFUSED, f"{brief(text)} is denied", denied=True)
        if self._is_literal(self._allowed, text):
            return _Opinion(_Standing.MET, f"{brief(text)} is allowed")
        if not names:
            return self._of_words(text)
        return min((self._of_one(name, text) for name in names), key=lambda opinion: opinion.standing)

    def _of_one(self, name: Name, text: str) -> _Opinion:
        told = str(name) if license_names.plain(str(name)) == license_names.plain(text) else f"{name} ({brief(text)})"
        kept = [id_ for id_ in name.versions if not any(entry.covers(id_, name.exception) for entry in self._denied)]
        if not kept:
            return _Opinion(_Standing.REFUSED, f"{told} is denied", denied=True)
        met = kept
        if self._allowed:
            met = [id_ for id_ in kept if any(entry.covers(id_, name.exception) for entry in self._allowed)]
        if not met:
            return _Opinion(_Standing.REFUSED, f"{told} is not among the licences that are allowed")
        how = "is allowed" if self._allowed else "is not denied"
        as_another = f" can be taken as {met[0]}, which" if met[0] != name.id else ""
        return _Opinion(_Standing.MET, f"{told}{as_another} {how}")

    def _of_words(self, text: str) -> _Opinion:
        """Judge what is no licence: one that is denied does not become another by words around it."""
        for word in dict.fromkeys(_WORD.findall(text)):
            for name in license_names.read(word):
                opinion = self._of_one(name, word)
                if opinion.denied:
                    return _Opinion(_Standing.REFUSED, f"{brief(text)!r} names {opinion.why}", denied=True)
        unknown = f"{brief(text)!r} is no licence that SPDX knows"
        return _Opinion(_Standing.UNKNOWN, f"{unknown}, and not allowed by that name" if self._allowed else unknown)

    @staticmethod
    def _is_literal(entries: Iterable[_Entry], text: str) -> bool:
        return any(entry.literal and entry.literal == license_names.plain(text) for entry in entries)


def _together(opinions: Iterable[_Opinion]) -> str:
    return brief("; ".join(dict.fromkeys(opinion.why for opinion in opinions)))


def _parsed(text: str) -> _Expression | None:
    """Read names that are joined, whatever the names are; None where the text is not that.

    The parser of the library that knows the names takes some broken texts for sound ones, so it is not used on these.
    """
    if "://" in text:
        return None
    words = [word for part in _OPERATOR.split(license_names.with_plus(text)) if (word := part.strip())]
    if len(words) == 1:
        return None
    try:
        expression, rest = _any_of(words, 0)
    except ValueError:
        return None
    return None if rest else expression


def _any_of(words: list[str], depth: int) -> tuple[_Expression, list[str]]:
    first, rest = _all_of(words, depth)
    parts = [first]
    while rest and rest[0].lower() in _EITHER:
        part, rest = _all_of(rest[1:], depth)
        parts.append(part)
    return _Joined(tuple(parts), either=True), rest


def _all_of(words: list[str], depth: int) -> tuple[_Expression, list[str]]:
    first, rest = _one(words, depth)
    parts = [first]
    while rest and rest[0] not in "()" and rest[0].lower() not in _EITHER:
        if not _OPERATOR.fullmatch(rest[0]):
            raise ValueError(rest[0])
        part, rest = _one(rest[1:], depth)
        parts.append(part)
    return _Joined(tuple(parts), either=False), rest


def _one(words: list[str], depth: int) -> tuple[_Expression, list[str]]:
    if not words or depth > _DEEPEST:
        raise ValueError(depth)
    if words[0] == "(":
        inner, rest = _any_of(words[1:], depth + 1)
        if not rest or rest[0] != ")":
            raise ValueError(words[0])
        return inner, rest[1:]
    if _OPERATOR.fullmatch(words[0]):
        raise ValueError(words[0])
    return words[0], words[1:]


def _entry(text: str, source: str, *, denied: bool) -> _Entry:
    names = license_names.read(text)
    if len(names) == 1:
        return _Entry(names[0], "")
    where = source or "the policy's licences"
    if names:
        raise InputError(
            f"`{brief(text)}` can be several licences.",
            where=where,
            mend=f"Write those that you mean: {', '.join(map(str, names))}.",
        )
    if not license_names.plain(text) or _parsed(text) is not None:
        raise InputError(
            f"`{brief(text)}` is not one licence.", where=where, mend="Write each licence on its own, by its SPDX id."
        )
    if denied and not text.lower().startswith("licenseref-"):
        near = license_names.nearest(text)
        suggestion = f"Did you mean `{near}`? " if near else ""
        raise InputError(
            f"SPDX knows no licence `{brief(text)}`: it would deny nothing.",
            where=where,
            mend=f"{suggestion}Ids are at https://spdx.org/licenses/; write any other as LicenseRef-<name>.",
        )
    return _Entry(None, license_names.plain(text))
