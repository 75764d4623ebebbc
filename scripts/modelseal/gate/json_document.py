"""JSON documents from outside, read strictly: what is not understood is named with its place, never passed over."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from modelseal.errors import InputError
from modelseal.gate import strict_json

LIMIT = 32 * 1024 * 1024
# https://www.rfc-editor.org/rfc/rfc3339#section-5.6, without leap seconds.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE | re.ASCII)
_COMPARED = 100  # characters of a misspelt word

shown = strict_json.short


@dataclass(frozen=True, slots=True)
class Node:
    """An object in a JSON document, with what to call it in a message.

    Attributes:
        value: Its keys and values.
        document: The document's name.
        place: Where in the document it is: `statement 3`; empty for the document itself.
    """

    value: Mapping[str, object]
    document: str
    place: str = ""

    def refused(self, what: str, mend: str) -> InputError:
        """Return an error about this object, to be raised.

        Args:
            what: What is wrong, as the end of a sentence that begins with the place.
            mend: What to do, one sentence.
        """
        subject = f"{self.place[:1].upper()}{self.place[1:]}" if self.place else "It"
        return InputError(f"A document cannot be used: {subject} {what}.", where=self.document, mend=mend)

    def text(self, key: str) -> str:
        """Return a text without the white space around it; empty where the key is not there.

        Raises:
            InputError: It is something else.
        """
        value = self.value.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.refused(f"has a `{key}` that is not a text", f"Write `{key}` as a text.")
        return value.strip()

    def required(self, key: str) -> str:
        """Return a text that must be there, with something in it.

        Raises:
            InputError: It is not.
        """
        text = self.text(key)
        if not text:
            raise self.refused(f"has no `{key}`", f"Add `{key}`.")
        return text

    def word(self, key: str, words: Iterable[str]) -> str:
        """Return a text that is one of some words, or empty where the key is not there.

        Raises:
            InputError: It is another one.
        """
        text = self.text(key)
        known = tuple(words)
        if (key in self.value or text) and text not in known:
            raise self.refused(f"has {shown(text)} as its `{key}`, which is none of its words", _nearest(text, known))
        return text

    def time(self, key: str) -> datetime | None:
        """Return a moment as RFC 3339 writes it, in UTC; None where the key is not there.

        Raises:
            InputError: It is written in another way, or without its time zone.
        """
        text = self.text(key)
        if key not in self.value:
            return None
        try:
            if _TIME.fullmatch(text):
                return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise self.refused(
            f"has {shown(text)} as its `{key}`, which is no moment",
            "Write it like 2026-06-01T12:00:00Z, with its time zone.",
        )

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; none where the key is not there.

        Raises:
            InputError: It is something else.
        """
        values = self._list(key)
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise self.refused(f"has `{key}` that are not all texts", f"Write `{key}` as a list of texts.")
        return tuple(str(value).strip() for value in values)

    def node(self, key: str, place: str = "") -> "Node | None":
        """Return an object in this one; None where the key is not there.

        Raises:
            InputError: It is something else.
        """
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.refused(f"has a `{key}` that is not an object", f"Write `{key}` as an object.")
        return Node(value, self.document, place or self.place)

    def nodes(self, key: str, each: str) -> "tuple[Node, ...]":
        """Return a list of objects; none where the key is not there.

        Args:
            key: What holds the list.
            each: What one of them is called: `statement`.

        Raises:
            InputError: It is something else.
        """
        values = self._list(key)
        within = f" of {self.place}" if self.place else ""
        for number, value in enumerate(values, 1):
            if not isinstance(value, dict):
                raise self.refused(f"has a {each} {number} that is not an object", f"Write each {each} as an object.")
        return tuple(
            Node(value, self.document, f"{each} {number}{within}")
            for number, value in enumerate(values, 1)
            if isinstance(value, dict)
        )

    def only(self, keys: Iterable[str]) -> None:
        """Refuse keys that are not of these: a misspelt one would say less than its author meant.

        Raises:
            InputError: There is another one.
        """
        known = tuple(keys)
        for key in self.value:
            if key not in known:
                raise self.refused(f"has a key that is not known: {shown(key)}", _nearest(key, known))

    def _list(self, key: str) -> list[object]:
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.refused(f"has `{key}` that is not a list", f"Write `{key}` as a list.")
        return value


def read(content: bytes, document: str, *, kind: str) -> Node:
    """Read a document that is one JSON object.

    Args:
        content: Its bytes, at most 32 MiB.
        document: What it is called.
        kind: What it should be, for messages: `VEX document`.

    Raises:
        InputError: It is empty, too large, cut off, nested too deeply, no JSON, could be read in two ways, or is not
            an object.
    """
    mend = f"Give a {kind} in JSON."
    if len(content) > LIMIT:
        raise InputError(f"A {kind} is larger than {LIMIT >> 20} MiB.", where=document, mend="Split it into several.")
    if not content.strip():
        raise InputError(f"A {kind} is empty.", where=document, mend=mend)
    try:
        value = strict_json.parse_object(content)
    except ValueError as error:
        reason = str(error)[:200]
        raise InputError(f"A {kind} cannot be read: {reason}.", where=document, mend=mend) from error
    return Node(value, document)


def _nearest(text: str, known: tuple[str, ...]) -> str:
    import difflib  # noqa: PLC0415 -- only where something is wrong already

    close = difflib.get_close_matches(text[:_COMPARED], known, n=1)
    suggestion = f"Did you mean `{close[0]}`? " if close else ""
    return f"{suggestion}Known are: {', '.join(known)}."
