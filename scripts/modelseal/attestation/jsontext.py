"""JSON as evidence needs it: read without a second meaning, written in one way only.

Two readers of one document must not see different things. So keys that come twice, NaN, byte order marks and text that
is not UTF-8 are refused (https://www.rfc-editor.org/rfc/rfc8259 leaves them to each reader).
"""

import json
import math
from typing import NoReturn

from modelseal.attestation.rejection import Rejection, short

_NESTING = frozenset({dict, list})
_DEEPEST = 500  # lists and objects within each other; what others read at most is of the same order


def parse(data: bytes) -> object:
    """Read one JSON document.

    Raises:
        Rejection: It is not JSON, is nested too deeply, or could be read in two ways.
    """
    try:
        text = data.decode("utf-8")
        value: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except Rejection:
        raise
    except UnicodeDecodeError as error:
        raise Rejection("it is not UTF-8 text") from error
    except RecursionError as error:
        raise Rejection("it is nested too deeply") from error
    except ValueError as error:
        raise Rejection(f"it is not JSON: {error}") from error
    _refuse_deep(value)
    return value


def parse_object(data: bytes) -> dict[str, object]:
    """Read a JSON document that is one object.

    Raises:
        Rejection: As for `parse`, or it is something else.
    """
    return as_object(parse(data), "the document")


def encode(value: object) -> bytes:
    """Write a value: sorted keys, no spaces, ASCII only. Equal values give equal bytes, and 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def as_object(value: object, name: str) -> dict[str, object]:
    """Take a value that must be an object.

    Raises:
        Rejection: It is not.
    """
    if not isinstance(value, dict):
        raise Rejection(f"{name} is not an object")
    return value


def as_list(value: object, name: str) -> list[object]:
    """Take a value that must be a list.

    Raises:
        Rejection: It is not.
    """
    if not isinstance(value, list):
        raise Rejection(f"{name} is not a list")
    return value


def as_text(value: object, name: str) -> str:
    """Take a value that must be a text with something in it.

    Raises:
        Rejection: It is not.
    """
    if not isinstance(value, str) or not value:
        raise Rejection(f"{name} is not a text")
    return value


def dig(value: object, *path: str) -> object:
    """Follow keys into nested objects; None where one is missing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _refuse_deep(value: object) -> None:
    """Refuse what only just can be read: it could not be written again, and with another Python not be read."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if type(inner) in _NESTING
        ]
        if not level:
            return
    raise Rejection("it is nested too deeply")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Rejection(f"the key {short(twice)} comes twice in one object")
    return made


def _finite(text: str) -> float:
    """Refuse a number beyond what a double holds: readers make infinity of it, which JSON cannot say."""
    value = float(text)
    if math.isinf(value):
        raise Rejection(f"{short(text)} is too large a number")
    return value


def _no_constant(text: str) -> NoReturn:
    raise Rejection(f"{text} is not a JSON number")
