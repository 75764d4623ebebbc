"""File names for images: no two images share one, wherever and beside whatever they are scanned."""

import hashlib
import re
from collections.abc import Sequence

from modelseal.errors import InputError

_PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_OTHERS = re.compile(r"[^a-z0-9._]+")
# What a plain name must not end in: it could then be the name that is made for another image.
_MARK_LENGTH = 12
_MARKED = re.compile(rf".*-[0-9a-f]{{{_MARK_LENGTH}}}")
_LONGEST = 80  # characters; file systems take 255, and endings are added
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(?:\..*)?")


def stem(name: str) -> str:
    """Return the beginning of the names of all files about an image; other names never give the same.

    It depends on the name alone, so that jobs of a matrix that put their files together do not meet. A short lower-case
    name without a registry or tag is its own; any other is followed by the beginning of its SHA-256.

    Args:
        name: As the user gave it: an image's name or an archive's path.
    """
    if _PLAIN.fullmatch(name) and len(name) <= _LONGEST and not _MARKED.fullmatch(name) and not _is_device(name):
        return name
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_LENGTH]
    readable = _OTHERS.sub("-", name.lower())[-_LONGEST:].strip("-._") or "image"
    return f"{'image-' if _is_device(readable) else ''}{readable}-{mark}"


def stems(names: Sequence[str]) -> tuple[str, ...]:
    """Return the beginnings of file names for several images, each its own.

    Raises:
        InputError: A name is given twice.
    """
    made: dict[str, str] = {}
    for name in names:
        own = stem(name)
        if own in made:
            same = made[own] == name
            raise InputError(
                f"{name!r} is given twice." if same else f"{made[own]!r} and {name!r} have the same file names.",
                mend="Name each image once." if same else "Scan them into different folders.",
            )
        made[own] = name
    return tuple(made)


def _is_device(name: str) -> bool:
    return _DEVICES.fullmatch(name) is not None
