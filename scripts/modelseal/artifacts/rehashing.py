"""Hash files as others did when they signed: with BLAKE2 or BLAKE3, in shards, or as a single file without a name.

This is for what others signed, and in one process; what we sign is hashed by `hashing`.
"""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from modelseal.artifacts import manifest
from modelseal.artifacts.manifest import Manifest
from modelseal.artifacts.search import File
from modelseal.artifacts.tree import Tree
from modelseal.errors import InputError
from modelseal.report.markdown import visible

_READ_BYTES = 1 << 20
_MEND = "Make it readable, and see that nothing writes to it while it is hashed."


class _Hash(Protocol):
    """What `hashlib` and the package blake3 have in common."""

    def update(self, data: bytes, /) -> object:
        """Take more data."""

    def hexdigest(self) -> str:
        """Return the digest of all data so far."""


def compared(signed: Manifest, found: Tree) -> tuple[dict[str, str], dict[str, str]]:
    """Return what was signed and what is here, as texts by file name that are equal where nothing has changed.

    Raises:
        InputError: A file cannot be read, or the manifest needs a package that is not there.
    """
    new = _hash_of(signed.hash_type)
    present = {file.name: _digest(file, signed.shard_size, new) for file in found.files}
    expected = _joined(signed) if signed.shard_size else dict(signed.digests)
    if manifest.ITSELF in expected:
        # The only name that was signed is the subject's. Where it stands now is for the caller to choose; but not
        # beside others, of which one with the same last part of its name would take another one's place.
        if len(present) == 1:
            present = {name.rpartition("/")[2]: digest for name, digest in present.items()}
        name = signed.name or (next(iter(present)) if len(present) == 1 else manifest.ITSELF)
        expected = {name: expected[manifest.ITSELF]}
    return expected, present


def _joined(signed: Manifest) -> dict[str, str]:
    """Return one text for each file that names all its shards, in order."""
    shards = sorted((*manifest.shard_of(name), digest) for name, digest in signed.digests)
    return {
        file: _text((start, end, digest) for _, start, end, digest in group)
        for file, group in itertools.groupby(shards, key=lambda shard: shard[0])
    }


def _text(shards: Iterator[tuple[int, int, str]]) -> str:
    return " ".join(f"{start}-{end}:{digest}" for start, end, digest in shards)


def _digest(file: File, shard_size: int, new: Callable[[], _Hash]) -> str:
    try:
        with Path(file.path.decode("utf-8", "surrogateescape")).open("rb") as opened:
            shards = list(_shards(opened, shard_size, new))
    except OSError as error:
        raise InputError(f"{visible(file.name)} cannot be read: {error.strerror or error}.", mend=_MEND) from error
    if shards[-1][1] != file.size:
        raise InputError(f"{visible(file.name)} changed while it was read.", mend=_MEND)
    # An empty file has no shards, and so nothing that a signature could cover.
    return _text(iter(shards)) if shard_size and file.size else shards[-1][2] if not shard_size else "empty"


def _shards(opened: BinaryIO, shard_size: int, new: Callable[[], _Hash]) -> Iterator[tuple[int, int, str]]:
    """Yield each shard's beginning, end and digest; of the whole file where the size is 0."""
    start = end = 0
    digest = new()
    while data := opened.read(min(_READ_BYTES, start + shard_size - end) if shard_size else _READ_BYTES):
        digest.update(data)
        end += len(data)
        if shard_size and end == start + shard_size:
            yield start, end, digest.hexdigest()
            start, digest = end, new()
    if end > start or not end:
        yield start, end, digest.hexdigest()


def _hash_of(hash_type: str) -> Callable[[], _Hash]:
    if hash_type == "blake2b":
        return hashlib.blake2b
    if hash_type == "sha256":
        return hashlib.sha256
    try:
        from blake3 import blake3  # noqa: PLC0415 - few need it
    except ImportError:
        raise InputError(
            "The model was signed with BLAKE3 digests, and the package that computes them is not there.",
            mend="Sign it with SHA-256, or verify it with Modelseal from pip and the package blake3 beside it.",
        ) from None
    made: Callable[[], _Hash] = blake3
    return made
