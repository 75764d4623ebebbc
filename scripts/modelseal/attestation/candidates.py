"""Several releases of which the newest good one is wanted: what to go back to when the latest cannot be trusted."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelseal.errors import InputError

_IMAGE = re.compile(r"(?P<name>[^@\s]+)@(?P<digest>sha256:[0-9a-f]{64})")
_PARTS = 2  # a release, and its bundles


@dataclass(frozen=True)
class Candidate:
    """A release that may be deployed.

    Attributes:
        text: As it was given.
        image: Its image's name; empty for a model.
        digest: Its image's digest.
        paths: Its model's folder; nothing for an image.
        bundles: The folder of its bundles; None for where the other inputs say.
    """

    text: str
    image: str
    digest: str
    paths: tuple[str, ...]
    bundles: Path | None


def parse(lines: Sequence[str]) -> tuple[Candidate, ...]:
    """Read candidates, the newest first.

    Args:
        lines: One each: `name@sha256:…` or a model's folder, and after a space the folder of its bundles. Quotes keep
            a path with spaces together.

    Raises:
        InputError: A line says something else, or two say the same.
    """
    found = tuple(_candidate(line) for line in lines)
    keys = [(item.digest, item.paths, item.bundles) for item in found]
    if twice := next((item for item, key in zip(found, keys, strict=True) if keys.count(key) > 1), None):
        raise InputError(
            f"The candidate {twice.text!r} is there twice.",
            where="input `candidates`",
            mend="Name each release once, the newest first.",
        )
    return found


def _candidate(line: str) -> Candidate:
    try:
        parts = shlex.split(line)
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= _PARTS:
        raise _unclear(line)
    bundles = Path(parts[1]) if len(parts) == _PARTS else None
    if match := _IMAGE.fullmatch(parts[0]):
        return Candidate(parts[0], match["name"], match["digest"], (), bundles)
    if "@" in parts[0] or (bundles is None and ":" in parts[0]):
        raise _unclear(line)
    return Candidate(parts[0], "", "", (parts[0],), bundles)


def _unclear(line: str) -> InputError:
    return InputError(
        f"{line[:200]!r} is not a candidate.",
        where="input `candidates`",
        mend="Write `name@sha256:<64 digits>` or the model's folder, a space, and the folder of its bundles.",
    )
