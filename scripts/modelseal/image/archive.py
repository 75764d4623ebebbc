"""A saved image: one tar file that every later station reads, and what it says of itself.

Both layouts are known: Docker's own (https://github.com/moby/moby/blob/v28.0.0/image/spec/spec.md) and the OCI image
layout (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md), which newer engines write together.
Where both are there, Docker's own counts, as it does for Syft and Trivy; one that contradicts the other is refused.
"""

import hashlib
import logging
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelseal.errors import InputError, ToolError
from modelseal.files import moved_into_place
from modelseal.image import streams
from modelseal.image.contents import Contents, opened
from modelseal.image.docker import Docker

logger = logging.getLogger(__name__)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class SavedImage:
    """An image in an archive.

    Attributes:
        path: The archive.
        image_id: `sha256:` and the digest of the image's configuration, computed here, not taken from its name.
        tags: The names that the archive gives the image.
        layers: Where in the archive its layers are, the lowest first.
        diff_ids: `sha256:` and the digest of each layer, uncompressed, as the configuration has them.
        platform: `linux/amd64` for instance.
        manifest: `sha256:` and the digest of the image's OCI manifest; empty where the archive has none.
        mixed: Whether layers are compressed in different ways, or some not at all, as engines with containerd's image
            store save them. Docker's own layout cannot say which: Syft and Trivy take the first one for all.
    """

    path: Path
    image_id: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]
    diff_ids: tuple[str, ...]
    platform: str
    manifest: str
    mixed: bool

    @property
    def engine_ids(self) -> tuple[str, ...]:
        """What an engine may call it: engines with containerd's image store go by the manifest, others by the id."""
        return (self.image_id, self.manifest) if self.manifest else (self.image_id,)


def save(docker: Docker, image: str, file: Path) -> SavedImage:
    """Save an image from the engine, once, and read what was saved.

    Args:
        docker: The client.
        image: The image's name with a tag or digest (the engine takes a bare name for all of its tags), or its id.
        file: Where the archive goes; complete or not there.

    Raises:
        ToolError: The engine cannot give the image, or the disk is full.
    """
    logger.info("saving %s", image)
    with moved_into_place(file) as temporary:
        try:
            docker.run("save", image, stdout_file=temporary)
        except ToolError as error:
            raise ToolError(
                f"The engine does not give the image. {error.what}",
                where=f"{image}: {error.where}",
                mend="Pull or build it first; if the engine has only some of its platforms, name them in `platforms`.",
            ) from error
        try:
            saved = read(temporary)
        except InputError as error:
            raise ToolError(
                f"What the engine saved cannot be used. {error.what}", where=image, mend="Run it again."
            ) from error
    return replace(saved, path=file)


def read(path: Path) -> SavedImage:
    """Read which image an archive holds.

    Raises:
        InputError: There is no such file, it is no image archive, it holds several images, or it contradicts itself.
    """
    with opened(path) as contents:
        contents.check_plain()  # scanners read it for themselves
        oci = _from_oci_layout(contents)
        found = _from_docker_layout(contents) or oci
        if found is None:
            raise InputError(
                "The archive has neither a manifest.json nor an index.json: it is not a saved image.",
                where=str(path),
                mend="Save it with docker save -o FILE IMAGE.",
            )
        return _image(contents, found, oci)


@dataclass(frozen=True)
class _Found:
    """Where an image's parts are in the archive. `config_digest` and `manifest` are empty in Docker's own layout."""

    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]
    config_digest: str = ""
    manifest: str = ""


def _from_docker_layout(contents: Contents) -> _Found | None:
    if "manifest.json" not in contents:
        return None
    entry = contents.only(contents.parsed(contents.document("manifest.json"), list))
    return _Found(
        config=contents.typed(entry.get("Config"), str, "Config"),
        tags=contents.texts(entry.get("RepoTags"), "RepoTags"),
        layers=tuple(map(contents.layer, contents.texts(entry.get("Layers"), "Layers"))),
    )


def _from_oci_layout(contents: Contents) -> _Found | None:
    """Return what the OCI layout says; None where there is none, or where Docker's own has to choose from an index."""
    if "index.json" not in contents:
        return None
    index = contents.fields(contents.parsed(contents.document("index.json"), dict), "index")
    entry = contents.only(contents.typed(index.get("manifests"), list, "manifests"))
    digest, content = _blob(contents, entry)
    manifest = contents.fields(contents.parsed(content, dict), "manifest")
    if "manifests" in manifest:
        if "manifest.json" in contents:
            return None
        raise contents.refused(
            "The archive holds an image index, for several platforms.", mend="Save the image of one platform."
        )
    annotations = contents.typed(entry.get("annotations") or {}, dict, "annotations")
    name = annotations.get("org.opencontainers.image.ref.name")
    config = contents.typed(manifest.get("config"), dict, "config")
    layers = contents.typed(manifest.get("layers"), list, "layers")
    return _Found(
        config=_place(contents, config),
        tags=(contents.typed(name, str, "name"),) if name else (),
        layers=tuple(_place(contents, layer) for layer in layers),
        config_digest=str(config["digest"]),
        manifest=digest,
    )


def _image(contents: Contents, found: _Found, oci: _Found | None) -> SavedImage:
    content = contents.document(found.config)
    digest = hashlib.sha256(content).hexdigest()
    if oci is not None and oci.config_digest != f"sha256:{digest}":
        raise contents.refused(
            "The archive contradicts itself: its two layouts, or its digests, name different images."
        )
    if re.search(r"[0-9a-f]{64}", found.config) and digest not in found.config:
        raise contents.refused("The image's configuration is not the one that its name in the archive says.")
    config = contents.fields(contents.parsed(content, dict), "configuration")
    root = contents.fields(config.get("rootfs"), "rootfs")
    diff_ids = contents.texts(root.get("diff_ids"), "diff_ids")
    if len(diff_ids) != len(found.layers):
        raise contents.refused("The archive has another number of layers than the image.")
    compressions = {streams.compression(contents.opened(name).read(4)) for name in found.layers}
    parts = (config.get(part) or "" for part in ("os", "architecture", "variant"))
    platform = "/".join(filter(None, (contents.typed(part, str, "platform") for part in parts)))
    return SavedImage(
        path=contents.path,
        image_id=f"sha256:{digest}",
        tags=found.tags,
        layers=found.layers,
        diff_ids=diff_ids,
        platform=platform,
        manifest=oci.manifest if oci else "",
        mixed=len(compressions) > 1,
    )


def _blob(contents: Contents, descriptor: Any) -> tuple[str, bytes]:
    place = _place(contents, descriptor)
    content = contents.document(place)
    digest = str(descriptor["digest"])
    if digest != f"sha256:{hashlib.sha256(content).hexdigest()}":
        raise contents.refused(f"The archive's {place} does not have the digest that its name says.")
    return digest, content


def _place(contents: Contents, descriptor: Any) -> str:
    digest = contents.typed(contents.typed(descriptor, dict, "descriptor").get("digest"), str, "digest")
    if not _DIGEST.fullmatch(digest):
        raise contents.refused(f"The archive's digest {digest!r} is not of SHA-256.")
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"
