"""JSON as the scanner reads it: what it, written in Go, would take otherwise than we do is refused."""

import json
from typing import Any

LIMIT = 4 * 1024 * 1024  # bytes: what a registry has to take at least, and few take more

# What is read here of any document.
_NAMES = frozenset({
    "annotations", "architecture", "config", "diff_ids", "digest", "layers", "manifests", "mediaType", "os", "platform",
    "rootfs", "size", "variant",
})  # fmt: skip
_FOLDED = frozenset(name.casefold() for name in _NAMES)


class Unusable(Exception):
    """A document cannot be used; says why, as a sentence. Whoever knows where it came from raises a proper error."""


def parsed(document: bytes) -> Any:
    """Parse JSON in which no name is in an object twice."""
    if len(document) > LIMIT:
        raise Unusable("A document is larger than 4 MiB.")
    try:
        return json.loads(document.decode(), object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"A document is not JSON: {error}.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is in an object twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def fields(value: Any) -> dict[str, Any]:
    """Return an object none of whose names would be taken by Go, which ignores case, for one that is read here."""
    found = table(value, "document")
    for name in found:
        if name not in _NAMES and name.casefold() in _FOLDED:
            raise Unusable(f"A document has the field {name[:50]!r}, which different programs read differently.")
    return found


def table(value: Any, name: str) -> dict[str, Any]:
    """Return what has to be an object, with any names."""
    if not isinstance(value, dict):
        raise Unusable(f"The {name} is missing, or is not an object.")
    return value


def items(value: Any, name: str) -> list[Any]:
    """Return what has to be a list."""
    if not isinstance(value, list):
        raise Unusable(f"The list {name} is missing, or is not one.")
    return value


def text(value: Any, name: str) -> str:
    """Return what has to be a text."""
    if not isinstance(value, str):
        raise Unusable(f"The field {name} is missing, or is not a text.")
    return value
