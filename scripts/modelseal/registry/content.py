"""Manifests and what they point at: https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md."""

import json
import re
from dataclasses import dataclass
from typing import Any

from modelseal.registry.faults import RegistryError

MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Descriptor:
    """What a manifest says of a blob: its type, its digest, its size in bytes."""

    media_type: str
    digest: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """A manifest or an index, word for word; its digest has been checked, its content has not."""

    content: bytes
    media_type: str
    digest: str

    @property
    def is_index(self) -> bool:
        """Whether it names other manifests, one for each platform, instead of layers."""
        return self.media_type in INDEXES

    def layers(self) -> tuple[Descriptor, ...]:
        """Return its layers.

        Raises:
            RegistryError: It is not a well-formed manifest.
        """
        read = self.fields()
        try:
            return tuple(described(layer) for layer in read["layers"])
        except (KeyError, TypeError, ValueError) as error:
            raise RegistryError("The manifest's layers are malformed.", where=self.digest) from error

    def fields(self) -> dict[str, Any]:
        """Return it as JSON.

        Raises:
            RegistryError: It is not of the type that it was served as.
        """
        try:
            read = json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise RegistryError("The manifest is not JSON.", where=self.digest) from error
        # Two readings of the same bytes were CVE-2021-41190.
        if not isinstance(read, dict) or read.get("mediaType", self.media_type) != self.media_type:
            raise RegistryError(f"The manifest is not what it was served as, {self.media_type}.", where=self.digest)
        if self.is_index != ("manifests" in read) or self.is_index == ("layers" in read):
            raise RegistryError("The manifest is neither a manifest nor an index, or both.", where=self.digest)
        return read


def is_digest(text: str) -> bool:
    """Tell whether a text is a digest as we know them."""
    return _DIGEST.fullmatch(text) is not None


def described(value: Any) -> Descriptor:
    """Read a descriptor.

    Raises:
        KeyError: A part is missing.
        TypeError: It is not an object.
        ValueError: A part is not what it must be.
    """
    media_type, digest, size = value["mediaType"], value["digest"], value["size"]
    if not isinstance(media_type, str) or not isinstance(digest, str) or not is_digest(digest):
        raise ValueError(digest)
    if type(size) is not int or not 0 <= size <= _LARGEST:
        raise ValueError(size)
    return Descriptor(media_type, digest, size)
