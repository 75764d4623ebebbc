"""The documents that tell what an image is made of: image indexes and image manifests, of OCI and of Docker.

They are read as warily as the archives that hold them, and so that the scanner, which is written in Go, reads the same:
https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md, manifest.md, and Docker's own before them,
https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/manifest-v2-2.md
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from modelseal.image import documents, platform
from modelseal.image.documents import Unusable
from modelseal.image.platform import Platform

INDEX_TYPES = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
MANIFEST_TYPES = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)
CONFIG_TYPES = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
LAYER_TYPES = frozenset({
    "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
})  # fmt: skip

# https://github.com/moby/buildkit/blob/v0.17.0/docs/attestations/attestation-storage.md
_ATTESTATION = ("vnd.docker.reference.type", "attestation-manifest")
_STATEMENT_TYPE = "application/vnd.in-toto+json"
_DEPTH_LIMIT = 4
_ENTRIES_LIMIT = 1000
_LAYERS_LIMIT = 500
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_SIZE_LIMIT = 1 << 50
_PLATFORM_LENGTH = 100


@dataclass(frozen=True)
class Descriptor:
    """What a document says of another blob: https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md.

    Attributes:
        media_type: Of the blob.
        digest: `sha256:` and its digest.
        size: Its length in bytes.
        platform: What it runs on; None where that is not said.
        tag: The name that an image layout gives it; empty where it gives none.
        attestation: Whether it claims to hold statements about an image, not an image.
    """

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    tag: str = ""
    attestation: bool = False


@dataclass(frozen=True)
class Manifest:
    """An image manifest: where its configuration and its layers are, the lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


@dataclass(frozen=True)
class Config:
    """What of an image's configuration counts here."""

    platform: Platform
    diff_ids: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """Everything that an index names, those below it included; each once.

    Attributes:
        root: Digest of the one index that it names; empty when it names images itself.
        tags: The names that it gives to what it names itself.
        images: What claims to be an image.
        attestations: What claims to hold statements about images.
        absent: How many indexes are not there, where that is allowed.
    """

    root: str
    tags: tuple[str, ...]
    images: tuple[Descriptor, ...]
    attestations: tuple[Descriptor, ...]
    absent: int = 0


def listing(document: bytes, read: Callable[[Descriptor], bytes | None], media_type: str = "") -> Listing:
    """Return what an index names.

    Args:
        document: The index.
        read: Returns the index that a descriptor names, its digest and size verified; None where it is not there and
            need not be.
        media_type: The index's own, where it is known from outside.

    Raises:
        Unusable: It is malformed, too deep or too long, or names what is neither an image nor a statement about one.
    """
    found: dict[tuple[str, Platform | None], Descriptor] = {}
    indexes: set[str] = set()
    absent = count = 0
    top = level = _descriptors(document, media_type)
    for _ in range(_DEPTH_LIMIT):
        below: list[Descriptor] = []
        count += len(level)
        if count > _ENTRIES_LIMIT:
            raise Unusable(f"The image index names more than {_ENTRIES_LIMIT:,} images.")
        for entry in level:
            if entry.media_type in MANIFEST_TYPES:
                found.setdefault((entry.digest, entry.platform), entry)
            elif entry.digest not in indexes:
                indexes.add(entry.digest)
                content = read(entry)
                absent += content is None
                below += () if content is None else _descriptors(content, entry.media_type)
        if not below:
            entries = tuple(found.values())
            return Listing(
                root=top[0].digest if len(top) == 1 and top[0].media_type in INDEX_TYPES else "",
                tags=tuple(dict.fromkeys(entry.tag for entry in top if entry.tag)),
                images=tuple(entry for entry in entries if not entry.attestation),
                attestations=tuple(entry for entry in entries if entry.attestation),
                absent=absent,
            )
        level = tuple(below)
    raise Unusable(f"The image index is more than {_DEPTH_LIMIT} indexes deep.")


def manifest(document: bytes, media_type: str) -> Manifest:
    """Read an image manifest.

    Raises:
        Unusable: It is malformed, or is not of an image: a signature, a chart, a model.
    """
    fields = _fields(document, media_type)
    config = _descriptor(fields.get("config"))
    layers = tuple(map(_descriptor, documents.items(fields.get("layers"), "layers")))
    if config.media_type not in CONFIG_TYPES:
        raise Unusable(f"It is not an image: its configuration is of the type {config.media_type[:200]!r}.")
    if len(layers) > _LAYERS_LIMIT:
        raise Unusable(f"The image has more than {_LAYERS_LIMIT} layers.")
    for layer in layers:
        if layer.media_type not in LAYER_TYPES:
            raise Unusable(f"A layer is of a type that cannot be looked into: {layer.media_type[:200]!r}.")
    return Manifest(config, layers)


def check_attestation(document: bytes, media_type: str) -> None:
    """Check that what claims to hold statements about an image holds nothing else: an image is not hidden that way.

    Raises:
        Unusable: It does.
    """
    for layer in documents.items(_fields(document, media_type).get("layers"), "layers"):
        type_ = documents.text(documents.fields(layer).get("mediaType"), "mediaType")
        if type_ != _STATEMENT_TYPE:
            raise Unusable(f"It is called an attestation, but holds a layer of the type {type_[:200]!r}.")


def config(document: bytes, *, layers: int) -> Config:
    """Read an image's configuration.

    Raises:
        Unusable: It is not there or malformed, does not say what it is for, or has another number of layers.
    """
    if not document:
        raise Unusable("Its configuration is not there.")
    fields = documents.fields(documents.parsed(document))
    diff_ids = tuple(
        documents.text(item, "diff_ids")
        for item in documents.items(documents.fields(fields.get("rootfs")).get("diff_ids"), "diff_ids")
    )
    if not all(map(_SHA256.fullmatch, diff_ids)):
        raise Unusable("The image's configuration has a layer whose digest is not of SHA-256.")
    if len(diff_ids) != layers:
        raise Unusable("The image has another number of layers than its configuration.")
    found = _platform(fields)
    if not found.os or not found.architecture:
        raise Unusable("The image's configuration does not say its operating system and architecture.")
    return Config(found, diff_ids)


def is_index(document: bytes) -> bool:
    """Tell whether a document that has no descriptor is an index; otherwise it has to be a manifest.

    Raises:
        Unusable: It is neither, or both.
    """
    fields = documents.fields(documents.parsed(document))
    is_one = "manifests" in fields
    if is_one == ("layers" in fields or "config" in fields):  # https://nvd.nist.gov/vuln/detail/CVE-2021-41190
        raise Unusable("It is neither an image manifest nor an image index.")
    return is_one


def media_type(document: bytes) -> str:
    """Return the type that a document gives itself; empty where it does not say.

    Raises:
        Unusable: It is malformed.
    """
    return documents.text(documents.fields(documents.parsed(document)).get("mediaType", ""), "mediaType")


def _descriptors(document: bytes, media_type: str) -> tuple[Descriptor, ...]:
    entries = documents.items(_fields(document, media_type).get("manifests"), "manifests")
    if len(entries) > _ENTRIES_LIMIT:
        raise Unusable(f"The image index names more than {_ENTRIES_LIMIT:,} images.")
    return tuple(map(_entry, entries))


def _entry(value: Any) -> Descriptor:
    fields = documents.fields(value)
    found = _descriptor(value)
    annotations = documents.table(fields.get("annotations") or {}, "annotations")
    runs_on = fields.get("platform")
    described = None if runs_on is None else _platform(documents.fields(runs_on))
    key, claim = _ATTESTATION
    attestation = annotations.get(key) == claim
    if found.media_type not in INDEX_TYPES | MANIFEST_TYPES:
        raise Unusable(f"The image index names something of the type {found.media_type[:200]!r}.")
    if attestation != (described is not None and described.is_unknown):
        what = "is called an attestation, but is for a platform" if attestation else "is for no known platform"
        raise Unusable(f"The image index's entry {found.digest} {what}: it is neither an image nor an attestation.")
    if attestation and found.media_type in INDEX_TYPES:
        raise Unusable(f"The image index's entry {found.digest} is called an attestation, but is an index.")
    tag = annotations.get("org.opencontainers.image.ref.name", "")
    return Descriptor(found.media_type, found.digest, found.size, described, documents.text(tag, "name"), attestation)


def _descriptor(value: Any) -> Descriptor:
    fields = documents.fields(value)
    digest = documents.text(fields.get("digest"), "digest")
    if not _SHA256.fullmatch(digest):
        raise Unusable(f"The digest {digest[:200]!r} is not of SHA-256, the only sort that the scanner reads.")
    size = fields.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _SIZE_LIMIT:
        raise Unusable("A size is missing, or is not one.")
    return Descriptor(documents.text(fields.get("mediaType"), "mediaType"), digest, size)


def _platform(fields: dict[str, Any]) -> Platform:
    os, architecture, variant = (
        documents.text(fields.get(name) or "", name) for name in ("os", "architecture", "variant")
    )
    if not all(character.isprintable() for character in os + architecture + variant):
        raise Unusable("A platform's name has a control character in it.")
    if len(os + architecture + variant) > _PLATFORM_LENGTH:
        raise Unusable("A platform's name is too long.")
    return platform.normal(os, architecture, variant)


def _fields(document: bytes, media_type: str) -> dict[str, Any]:
    """Return a document's fields, if it is what it was said to be."""
    fields = documents.fields(documents.parsed(document))
    own = documents.text(fields.get("mediaType", ""), "mediaType")
    if own and media_type and own != media_type:
        raise Unusable(f"A document is said to be of the type {media_type[:200]!r}, but calls itself {own[:200]!r}.")
    if "manifests" in fields and ("layers" in fields or "config" in fields):
        raise Unusable("A document is both an image index and an image manifest.")
    return fields


def agreed(said: Platform, own: Platform) -> Platform:
    """Return the platform of an image, from its index's word and its configuration's.

    Raises:
        Unusable: They contradict each other.
    """
    if own.contradicts(said):
        raise Unusable(f"The index says that it is for {said}, its configuration that it is for {own}.")
    return own.joined(said)
