"""Read JSON as loaders do, and keep what they would not agree upon: keys that come twice."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modelseal.gate.strict_json import short
from modelseal.models.budget import MIB, Budget
from modelseal.models.faults import LimitReached, Malformed

MAX_SIZE = 64 * MIB
_MAX_DEPTH = 400
_TEXT = r"(\"(?:[^\"\\\n]|\\.)*\")"
_COMMENT = re.compile(rf"{_TEXT}|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)")  # also one that does not end
_LAST_COMMA = re.compile(rf"{_TEXT}|,\s*([\]}}])")
_CONTAINERS = frozenset({dict, list})


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document.

    Attributes:
        value: What Python's reader makes of it: of a key that comes twice, the last value.
        hidden: The values that this has left out, each under its key in an object of its own.
        repeated: The keys that come twice, quoted and short.
    """

    value: Any
    hidden: tuple[Any, ...]
    repeated: tuple[str, ...]


def parse(content: bytes) -> Document:
    """Read a JSON document.

    Raises:
        Malformed: It is none.
        LimitReached: It is too large.
    """
    if len(content) > MAX_SIZE:
        raise LimitReached(f"it is JSON of more than {MAX_SIZE // MIB} MiB")
    hidden: list[Any] = []
    repeated: dict[str, None] = {}

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            hidden.extend({name: value} for name, value in pairs if made[name] is not value)
            names = [name for name, _ in pairs]
            repeated.update(dict.fromkeys(short(name) for name in made if names.count(name) > 1))
        return made

    try:
        value = json.loads(decoded(content), object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise Malformed(f"it is JSON that is cut off or broken: {error.msg}", error.pos) from error
    except ValueError as error:  # a number with more digits than Python reads
        raise Malformed("it is JSON with a number that is too long") from error
    return Document(value, tuple(hidden), tuple(repeated))


def relaxed(text: str) -> str:
    """Leave out what JSON does not have, and readers of settings accept: comments, and a comma behind the last item."""
    without = _COMMENT.sub(lambda match: match[1] or " ", text)
    return _LAST_COMMA.sub(lambda match: match[1] or match[2], without)


def decoded(content: bytes) -> str:
    """Decode a document as Python's reader does.

    Raises:
        Malformed: It is no text.
    """
    try:
        return content.decode(json.detect_encoding(content)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Malformed("it is no text", error.start) from error


def nodes(document: Document, budget: Budget) -> Iterator[dict[str, Any]]:
    """Return every object in a document, also the hidden ones, from the outside inwards.

    Raises:
        LimitReached: There are too many, or they are nested too deeply.
    """
    for value in (document.value, *document.hidden):
        yield from within(value, budget)


def within(value: object, budget: Budget) -> Iterator[dict[str, Any]]:
    """Return every object in a value. Raises as `nodes`."""
    waiting: list[tuple[Any, int]] = [(value, 0)] if type(value) in _CONTAINERS else []
    while waiting:
        item, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise LimitReached(f"it is nested more than {_MAX_DEPTH} times")
        budget.steps(1 + len(item))
        if type(item) is dict:
            yield item
        children = item.values() if type(item) is dict else item
        # Tokenizers have hundreds of thousands of lists of texts, in which there is nothing to look for.
        waiting += [(child, depth + 1) for child in children if type(child) is dict or _has_more(child)]


def _has_more(value: object) -> bool:
    return type(value) is list and not _CONTAINERS.isdisjoint(map(type, value))
