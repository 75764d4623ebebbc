"""A folder of bundles: read as a whole, replaced as a whole."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelseal.errors import ContentError, InputError, ToolError
from modelseal.files import write_atomically

BUNDLE_SUFFIX = ".sigstore.json"
SIGNATURE_SUFFIX = ".sig"
_FILE_LIMIT = 64 * 1024 * 1024


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[Path]:
    """Make an empty folder beside the given one, before anything is signed; remove it afterwards if it is still there.

    Args:
        folder: Where the bundles will go. What an earlier run wrote there stays until `put` replaces it.

    Raises:
        InputError: Something else than bundles is there.
        ToolError: The folder cannot be made.
    """
    _refuse_foreign(folder)
    staging = folder.with_name(f".{folder.name}-{secrets.token_hex(6)}")
    try:
        staging.mkdir(parents=True)
    except OSError as error:
        raise ToolError(
            f"The folder for the bundles cannot be made: {error.strerror or error}.",
            where=str(folder),
            mend="Give an `output-dir` that you may write to.",
        ) from error
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def put(staging: Path, folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all files, then move them into place together; a reader sees the earlier run's or these, never a mixture.

    Raises:
        ToolError: The disk is full, or the folder cannot be replaced.
    """
    for name, data in files.items():
        write_atomically(staging / name, data)
    old = folder.with_name(f".{folder.name}-{secrets.token_hex(6)}")
    try:
        if folder.exists():
            folder.rename(old)
        staging.rename(folder)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise ToolError(
            f"The bundles cannot be moved into place: {error.strerror or error}.",
            where=str(folder),
            mend="Nothing was attested. Give a fresh `output-dir`.",
        ) from error
    shutil.rmtree(old, ignore_errors=True)


def discard(folder: Path) -> None:
    """Remove what an earlier run wrote.

    Raises:
        InputError: Something else than bundles is there.
    """
    _refuse_foreign(folder)
    if folder.is_dir():
        shutil.rmtree(folder)


def read(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder of bundles: a file nobody knows is no reason to look away.

    Raises:
        InputError: The folder is not there, or holds something that is not a regular file of sane size.
    """
    found: dict[str, bytes] = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.is_symlink() or not path.is_file() or path.stat().st_size > _FILE_LIMIT:
                raise ContentError(
                    "This is not a bundle: it is no regular file, or too large.",
                    where=str(path),
                    mend="Keep nothing but bundles in the folder.",
                )
            found[path.name] = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The folder of bundles cannot be read: {error.strerror or error}.",
            where=str(folder),
            mend="Give the folder that `attest` wrote as `bundles`.",
        ) from error
    return found


def signature(path: Path) -> bytes:
    """Read a model's signature. It may lie among files that others chose: nothing endless is read, nothing waited for.

    Raises:
        InputError: It is no regular file of sane size, or cannot be read.
    """
    try:
        if path.stat().st_size > _FILE_LIMIT or not path.is_file():
            raise InputError(
                "This is not a model's signature: it is no regular file, or too large.",
                where=str(path),
                mend="Check the input `signature`.",
            )
        with path.open("rb") as file:
            return file.read(_FILE_LIMIT)
    except OSError as error:
        raise InputError(
            f"The model's signature cannot be read: {error.strerror or error}.",
            where=str(path),
            mend="Check the input `signature`.",
        ) from error


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    foreign = "not a folder"
    if folder.is_dir() and not folder.is_symlink():
        names = (path.name for path in folder.iterdir())
        foreign = next((name for name in names if not name.endswith((BUNDLE_SUFFIX, SIGNATURE_SUFFIX))), "")
    if foreign:
        raise InputError(
            f"The bundles' folder holds something else ({foreign}), and it would be replaced.",
            where=str(folder),
            mend="Give another `output-dir`, or move it away.",
        )
