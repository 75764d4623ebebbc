"""Statements beside the image in its registry: stored there, and found again by the image's digest.

They are kept as cosign and GitHub's own actions keep theirs:
https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from modelseal import registry
from modelseal.attestation import bundle, jsontext
from modelseal.attestation.storing import OCI, Declined, Item, Kept
from modelseal.errors import InputError
from modelseal.registry import Attached, Credentials, Limits, Manifest, Reference, Writer, docker_config, referrers

logger = logging.getLogger(__name__)

_BUNDLE_BYTES = 64 * 1024 * 1024
_ALL_BYTES = 512 * 1024 * 1024
_LIMITS = Limits(seconds=600.0)
_CREATED = "org.opencontainers.image.created"
_CONTENT = "dev.sigstore.bundle.content"
_PREDICATE_TYPE = "dev.sigstore.bundle.predicateType"


@dataclass(frozen=True)
class RegistryStore:
    """An image in a registry, as a destination.

    Attributes:
        writer: A way to the registry.
        image: The image by its digest.
        now: The time that the statements are stored at.
        image_id: The image's ID, which what is stated may know it by; empty where that is not known.
    """

    writer: Writer
    image: Reference
    now: datetime
    image_id: str = ""
    _attached: list[Attached] = field(default_factory=list, repr=False, compare=False)

    @property
    def kind(self) -> str:
        """Which kind of store this is."""
        return OCI

    @property
    def name(self) -> str:
        """The store for people."""
        return str(self.image)

    def ready(self) -> Declined | None:
        """See that the image is there, and that something may be written beside it.

        Raises:
            InputError: The image is not there, or it has another ID.
            ToolError: The registry does not answer, or does not let us read or write.
        """
        self._require_id(self._subject())
        self.writer.require_permission(self.image)
        return None

    def takes(self, subjects: Sequence[str]) -> bool:
        """Take what is about the image."""
        return self.image.digest.removeprefix("sha256:") in subjects

    def keep(self, item: Item) -> Kept:
        """Attach a bundle to the image, unless it is attached already.

        Raises:
            ToolError: It could not be attached.
        """
        attached = self._present(item)
        if attached is None:
            annotations = {
                _CREATED: self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                _CONTENT: "dsse-envelope",
                _PREDICATE_TYPE: item.predicate_type,
            }
            artifact = registry.Artifact(item.media_type, item.media_type, item.data, annotations)
            made = self.writer.attach(self.image, self._subject(), artifact)
            self._attached.append(made)
            attached = made.referrer.descriptor.digest
        return Kept(OCI, item.file, self.name, f"{self.image.host}/{self.image.repository}@{attached}")

    def finish(self) -> None:
        """See that all of it is still listed.

        Raises:
            ToolError: It is not, and cannot be listed again.
        """
        self.writer.settle(self.image, self._attached)

    def _require_id(self, manifest: Manifest) -> None:
        """See that the registry's image is the one with the ID, for what is stated may be known to be of that only."""
        if self.image_id in ("", manifest.digest):
            return
        found = "" if manifest.is_index else jsontext.dig(manifest.fields(), "config", "digest")
        if found != self.image_id:
            raise InputError(
                f"The image in the registry is not the one with the ID {self.image_id}: "
                + (f"its ID is {found}." if found else "it is an index, of images for several platforms."),
                where=self.name,
                mend="Give the digest that the registry gave when this very image was pushed, and its ID.",
            )

    def _subject(self) -> Manifest:
        try:
            return self.writer.manifest(self.image)
        except registry.NotFound as error:
            raise InputError(
                "The image is not in this registry.",
                where=self.name,
                mend="Push it before it is attested, and give the digest that the registry gives: not the image's ID.",
            ) from error

    def _present(self, item: Item) -> str | None:
        """Return the digest of what holds this very bundle already."""
        wanted = f"sha256:{hashlib.sha256(item.data).hexdigest()}"
        for entry in referrers.listed(self.writer, self.image, (item.media_type,)):
            if dict(entry.annotations).get(_PREDICATE_TYPE, item.predicate_type) == item.predicate_type:
                manifest = _listed_manifest(self.writer, self.image, entry.descriptor.digest)
                if manifest and [layer.digest for layer in manifest.layers()] == [wanted]:
                    return entry.descriptor.digest
        return None


def destinations(
    names: Sequence[str], digest: str, environ: Mapping[str, str], mask: Callable[[str], None], image_id: str = ""
) -> tuple[RegistryStore, ...]:
    """Return the images in registries that statements are to be attached to.

    Args:
        names: Of the images, each with its own digest if it is not `digest`.
        digest: `sha256:…`, or empty.
        environ: For the user's logins and the proxies.
        mask: Called with every secret that is found.
        image_id: The image's ID, `sha256:…`, where it is known.

    Raises:
        InputError: A name is none, or has no digest.
        ToolError: A credential helper fails.
    """
    images = tuple(dict.fromkeys(_image(name, digest) for name in names))
    writer = Writer(environ, _logins(images, environ, mask), _LIMITS)
    return tuple(RegistryStore(writer, image, datetime.now(UTC), image_id) for image in images)


def read(name: str, digest: str, environ: Mapping[str, str], mask: Callable[[str], None]) -> dict[str, bytes]:
    """Return all bundles that are attached to an image, by names that say where they were found.

    Raises:
        InputError: The name is none.
        ToolError: The registry does not give them.
    """
    image = _image(name, digest)
    client = registry.Client(environ, _logins((image,), environ, mask), _LIMITS)
    found: dict[str, bytes] = {}
    room = _ALL_BYTES
    for entry in referrers.listed(client, image, bundle.MEDIA_TYPES):
        manifest = _listed_manifest(client, image, entry.descriptor.digest)
        for number, layer in enumerate(manifest.layers() if manifest else ()):
            if layer.media_type in bundle.MEDIA_TYPES:
                place = f"{image.host}/{image.repository}@{entry.descriptor.digest}"
                place += f", layer {number}" if number else ""
                found[place] = client.content(image, layer, min(_BUNDLE_BYTES, room))
                room -= layer.size
    return found


def _listed_manifest(client: registry.Client, image: Reference, digest: str) -> Manifest | None:
    """Return a manifest that a list names; None if it is gone, as after a clean-up that did not look at the list."""
    try:
        return client.manifest(image.at(digest))
    except registry.NotFound:
        logger.warning("%s lists %s, which is not there any more", image, digest)
        return None


def _image(name: str, digest: str) -> Reference:
    image = registry.parse(name, default_tag="")
    image = Reference(image.host, image.repository, digest=image.digest or digest)
    if not image.digest:
        raise InputError(
            f"{name[:200]!r} has no digest: statements are attached to a digest, never to a tag.",
            mend="Write it as registry.example/team/name@sha256:<64 digits>, or give `digest`.",
        )
    return image


def _logins(
    images: Sequence[Reference], environ: Mapping[str, str], mask: Callable[[str], None]
) -> dict[str, Credentials]:
    hosts = dict.fromkeys(image.host for image in images)
    found = ((host, docker_config.credentials(host, environ, mask)) for host in hosts)
    return {host: credentials for host, credentials in found if credentials is not None}
