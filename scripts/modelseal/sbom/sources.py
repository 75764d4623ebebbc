"""What an SBOM can be made of: a saved image, a folder or a file; and how Syft is told which it is."""

import tarfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from modelseal.errors import InputError

_ARCHIVE_MEND = "Give the file that `docker save`, `podman save` or `skopeo copy` wrote, not compressed."


class Scheme(StrEnum):
    """Syft's words for kinds of sources; always given, so that it neither guesses nor asks a registry."""

    DOCKER_ARCHIVE = "docker-archive"
    OCI_ARCHIVE = "oci-archive"
    FOLDER = "dir"
    FILE = "file"


@dataclass(frozen=True)
class Source:
    """Something to make an SBOM of.

    Attributes:
        scheme: What kind of thing it is.
        path: Where it is.
        name: What the documents call it.
        version: Their version of it: an image's digest, or nothing.
    """

    scheme: Scheme
    path: Path
    name: str
    version: str = ""


def of_archive(path: Path, *, name: str, version: str, mixed: bool = False) -> Source:
    """Return a saved image as a source.

    What is in the archive decides, not what the file is called. An archive in both layouts, as newer engines write, is
    read in Docker's, unless that cannot say what its layers are.

    Args:
        path: A tar archive in Docker's layout (https://github.com/moby/moby/blob/v28.0.0/image/spec/spec.md) or OCI's
            (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md).
        name: What to call the image.
        version: The image's id or digest.
        mixed: Whether its layers are compressed in different ways, or some of them not at all.

    Raises:
        InputError: The file is not there, or is no such archive.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            names = frozenset(archive.getnames())
    except OSError as error:
        raise InputError(f"The archive cannot be read: {error.strerror or error}.", where=str(path)) from error
    except tarfile.TarError as error:
        raise InputError(f"The file is not a tar archive: {error}.", where=str(path), mend=_ARCHIVE_MEND) from error
    if "manifest.json" in names and not mixed:
        return Source(Scheme.DOCKER_ARCHIVE, path, name, version)
    if {"index.json", "oci-layout"} <= names:
        return Source(Scheme.OCI_ARCHIVE, path, name, version)
    raise InputError(
        "The archive holds no image: neither a manifest.json nor an index.json with an oci-layout is in it.",
        where=str(path),
        mend=_ARCHIVE_MEND,
    )


def of_path(path: Path) -> Source:
    """Return a folder or a file as a source, called by its own name.

    Raises:
        InputError: It is not there, or is an empty folder.
    """
    try:
        name = path.resolve(strict=True).name or "root"
        empty = path.is_dir() and next(path.iterdir(), None) is None
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"The path cannot be read: {reason}.", where=str(path), mend="Check the input.") from error
    if empty:
        raise InputError("The folder is empty.", where=str(path), mend="Give a folder with something in it.")
    if not path.is_dir() and not path.is_file():
        raise InputError("It is neither a folder nor a file.", where=str(path), mend="Give one of the two.")
    return Source(Scheme.FOLDER if path.is_dir() else Scheme.FILE, path, name)
