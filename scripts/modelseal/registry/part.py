"""A blob on its way into a file: how much is there, and the digest of it so far."""

import errno
import hashlib
from pathlib import Path
from typing import Self

from modelseal.errors import ToolError

_CHUNK = 1024 * 1024


class Part:
    """The file, held open. What is in it already counts as the blob's beginning, if it is not longer than the blob.

    Raises:
        ToolError: The file cannot be read or written.
    """

    def __init__(self, file: Path, limit: int) -> None:
        self._path = file
        self._hash = hashlib.sha256()
        self.size = 0
        try:
            self._file = file.open("a+b", buffering=0)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._begin(limit)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def digest(self) -> str:
        """The digest of what is there."""
        return f"sha256:{self._hash.hexdigest()}"

    def append(self, chunk: bytes) -> None:
        """Write what came next."""
        rest = memoryview(chunk)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            raise self._unwritable(error) from error
        self._hash.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Throw away what is there."""
        try:
            self._file.truncate(0)
        except OSError as error:
            raise self._unwritable(error) from error
        self._hash = hashlib.sha256()
        self.size = 0

    def _begin(self, limit: int) -> None:
        try:
            self._file.seek(0)
            while self.size <= limit and (chunk := self._file.read(_CHUNK)):
                self._hash.update(chunk)
                self.size += len(chunk)
        except OSError as error:
            raise self._unwritable(error) from error
        if self.size > limit:
            self.restart()

    def _unwritable(self, error: OSError) -> ToolError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return ToolError(
            "The disk is full." if full else f"The file cannot be written: {error.strerror or error}.",
            where=str(self._path),
            mend="Free some space." if full else "Check who may write to its folder.",
        )
