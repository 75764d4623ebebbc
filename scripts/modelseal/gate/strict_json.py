"""JSON read without a second meaning, with errors that are one sentence: they begin with `it` and have no full stop.

Keys that come twice, NaN and text that is not UTF-8 are refused: https://www.rfc-editor.org/rfc/rfc8259 leaves them to
each reader, and two readers of one document must not see different things.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

Word = TypeVar("Word", bound=StrEnum)

_SHORT_LENGTH = 100


def parse_object(content: bytes) -> dict[str, Any]:
    """Read a JSON document that is one object.

    Raises:
        ValueError: It is not, or could be read in two ways.
    """
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        cut = "it is empty" if not content.strip() else f"it is cut off or is not JSON: {error}"
        raise ValueError(cut) from error
    if not isinstance(value, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 -- the document is wrong, not the caller
    return value


def objects(value: object, name: str) -> list[dict[str, Any]]:
    """Take a value that must be a list of objects.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"its {name} is not a list of objects")
    return value


def object_of(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Take an object out of another.

    Raises:
        ValueError: It is not there, or is something else.
    """
    taken = value.get(name)
    if not isinstance(taken, dict):
        raise ValueError(f"its {name} is not an object")  # noqa: TRY004 -- the document is wrong, not the caller
    return taken


def text(value: Mapping[str, Any], name: str) -> str:
    """Take a text that must be there and not empty.

    Raises:
        ValueError: It is not.
    """
    taken = optional(value, name)
    if not taken:
        raise ValueError(f"a {name} is missing in it")
    return taken


def optional(value: Mapping[str, Any], name: str) -> str:
    """Take a text; an empty one when it is not there or null.

    Raises:
        ValueError: It is something else.
    """
    taken = value.get(name)
    if taken is None:
        return ""
    if not isinstance(taken, str):
        raise ValueError(f"a {name} in it is not a text but {short(taken)}")  # noqa: TRY004 -- the document is wrong, not the caller
    return taken


def texts(value: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Take a list of texts; an empty one when it is not there or null.

    Raises:
        ValueError: It is something else.
    """
    taken = value.get(name)
    if taken is None:
        return ()
    if not isinstance(taken, list) or not all(isinstance(item, str) for item in taken):
        raise ValueError(f"a {name} in it is not a list of texts")
    return tuple(taken)


def word(words: type[Word], value: Mapping[str, Any], name: str) -> Word:
    """Take a text that must be one of the words of an enumeration.

    Raises:
        ValueError: It is not.
    """
    taken = text(value, name)
    try:
        return words(taken)
    except ValueError:
        raise ValueError(f"a {name} in it is {short(taken)}, which is none of {', '.join(words)}") from None


def dig(value: object, *path: str) -> object:
    """Follow keys into nested objects; None where one is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def short(value: object) -> str:
    """Show a value from outside in a sentence: quoted, and not longer than a line."""
    shown = repr(value)
    return shown if len(shown) <= _SHORT_LENGTH else f"{shown[:_SHORT_LENGTH]}..."


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the key {short(name)} comes twice in one object of it")
            seen.add(name)
    return made


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} in it is no JSON number")
