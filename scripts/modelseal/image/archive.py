"""A saved image: one tar file that every later station reads, and what it says of itself.

Both layouts are known: Docker's own (https://github.com/moby/moby/blob/v28.0.0/image/spec/spec.md) and the OCI image
layout (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md), which newer engines write together.
"""

import hashlib
import json
import logging
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelseal.errors import InputError
from modelseal.files import moved_into_place
from modelseal.image.docker import Docker

logger = logging.getLogger(__name__)

_DOCUMENT_LIMIT = 16 * 1024 * 1024  # manifests and configurations are a few kilobytes


@dataclass(frozen=True)
class SavedImage:
    """An image in an archive.

    Attributes:
        path: The archive.
        image_id: `sha256:` and the digest of the image's configuration, computed here, not taken from its name.
        tags: The names that the archive gives the image.
        layers: How many layers it has.
        platform: `linux/amd64` for instance.
    """

    path: Path
    image_id: str
    tags: tuple[str, ...]
    layers: int
    platform: str


def save(docker: Docker, image: str, file: Path) -> SavedImage:
    """Save an image from the engine, once, and read what was saved.

    Args:
        docker: The client.
        image: The image's name or id.
        file: Where the archive goes; complete or not there.

    Raises:
        ToolError: The engine cannot give the image, or the disk is full.
    """
    logger.info("saving %s", image)
    with moved_into_place(file) as temporary:
        docker.run("save", image, stdout_file=temporary)
        read(temporary)
    return read(file)


def read(path: Path) -> SavedImage:
    """Read which image an archive holds.

    Raises:
        InputError: There is no such file, it is no image archive, or it holds several images.
    """
    with _opened(path) as archive:
        config_name, tags, layers = _single_manifest(archive, path)
        config_bytes = _document(archive, config_name, path)
    config = _parsed(config_bytes, path)
    platform = "/".join(filter(None, (config.get("os"), config.get("architecture"), config.get("variant"))))
    return SavedImage(path, f"sha256:{hashlib.sha256(config_bytes).hexdigest()}", tags, layers, platform)


def _single_manifest(archive: tarfile.TarFile, path: Path) -> tuple[str, tuple[str, ...], int]:
    """Return the configuration's place in the archive, the image's names, and its number of layers."""
    if "manifest.json" in archive.getnames():
        manifests = _parsed(_document(archive, "manifest.json", path), path)
        manifest = _only(manifests, path)
        return (
            _field(manifest, "Config", path),
            tuple(manifest.get("RepoTags") or ()),
            len(_field(manifest, "Layers", path)),
        )
    index = _parsed(_document(archive, "index.json", path), path)
    entry = _only(_field(index, "manifests", path), path)
    manifest = _parsed(_document(archive, _blob(_field(entry, "digest", path)), path), path)
    if "manifests" in manifest:
        raise InputError(
            "The archive holds an image index, for several platforms.",
            where=str(path),
            mend="Save the image of one platform.",
        )
    name = (entry.get("annotations") or {}).get("org.opencontainers.image.ref.name")
    config = _field(manifest, "config", path)
    return _blob(_field(config, "digest", path)), (name,) if name else (), len(_field(manifest, "layers", path))


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as archive:
            yield archive
    except tarfile.TarError as error:
        raise InputError(
            f"The archive cannot be read: {error}.",
            where=str(path),
            mend="Save the image again: docker save -o FILE IMAGE.",
        ) from error
    except OSError as error:
        raise InputError(f"The archive cannot be opened: {error.strerror}.", where=str(path)) from error


def _document(archive: tarfile.TarFile, name: str, path: Path) -> bytes:
    try:
        stream = archive.extractfile(name)
    except KeyError:
        stream = None
    if stream is None:
        raise InputError(
            f"The archive has no {name}: it is not a saved image.",
            where=str(path),
            mend="Save it with docker save -o FILE IMAGE.",
        )
    content = stream.read(_DOCUMENT_LIMIT + 1)
    if len(content) > _DOCUMENT_LIMIT:
        raise InputError(f"{name} in the archive is larger than 16 MiB.", where=str(path))
    return content


def _parsed(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"A document in the archive is not JSON: {error}.", where=str(path)) from error


def _only(manifests: Any, path: Path) -> dict[str, Any]:
    if not isinstance(manifests, list) or len(manifests) != 1 or not isinstance(manifests[0], dict):
        count = len(manifests) if isinstance(manifests, list) else "no list of"
        raise InputError(
            f"The archive holds {count} images, not one.", where=str(path), mend="Save one image an archive."
        )
    return manifests[0]


def _field(document: Any, name: str, path: Path) -> Any:
    if not isinstance(document, dict) or not document.get(name):
        raise InputError(f"The archive's manifest has no {name}.", where=str(path))
    return document[name]


def _blob(digest: str) -> str:
    algorithm, _, value = str(digest).partition(":")
    return f"blobs/{algorithm}/{value}"
