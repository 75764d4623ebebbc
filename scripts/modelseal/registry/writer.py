"""Write to a registry: blobs, manifests, and what refers to a manifest that is there already.

What was written is read back: a registry that says yes and keeps nothing, or something else, is found out at once.
"""

import contextlib
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from modelseal.registry import connection, referrers
from modelseal.registry.client import Client
from modelseal.registry.connection import Question
from modelseal.registry.content import Descriptor, Manifest, is_digest
from modelseal.registry.faults import RegistryError
from modelseal.registry.reference import Reference
from modelseal.registry.referrers import OCI_INDEX, Referrer
from modelseal.registry.session import WRITE

logger = logging.getLogger(__name__)

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_EMPTY = b"{}"
_BYTES = {"Content-Type": "application/octet-stream"}
_OK, _CREATED, _ACCEPTED, _NO_CONTENT = 200, 201, 202, 204
_WRITTEN = frozenset({_OK, _CREATED, _NO_CONTENT})
_KNOWN_OR_NOT = frozenset({_OK, 403, 404, 405})  # storage behind a redirect may not let us look
_CANCELLED = frozenset({_OK, _ACCEPTED, _NO_CONTENT, 404, 405})
_LARGEST_INDEX = 4 * 1024 * 1024
_MERGES = 8
_SETTLED_SECONDS = 1.0


@dataclass(frozen=True)
class Artifact:
    """Something of one layer that refers to a manifest.

    Attributes:
        artifact_type: What it is.
        media_type: Of its layer.
        content: The layer.
        annotations: What it says of itself.
    """

    artifact_type: str
    media_type: str
    content: bytes = field(repr=False)
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class Attached:
    """An artifact in a registry, and whether the registry lists it by itself: if not, it is listed under a tag."""

    referrer: Referrer
    listed_by_registry: bool


@dataclass(frozen=True)
class Writer(Client):
    """Writes to registries, and reads from them."""

    def require_permission(self, reference: Reference) -> None:
        """Find out whether writing is allowed: begin an upload, and give it up.

        Raises:
            RegistryError: It is not, or the registry does not answer.
        """
        where = self.tried(reference, lambda: self._begun(reference))
        with contextlib.suppress(RegistryError):  # an upload that nobody goes on with ends by itself
            question = Question("DELETE", where, {})
            with self.answer(reference, question, actions=WRITE, good=_CANCELLED):
                pass

    def put_blob(self, reference: Reference, content: bytes, media_type: str) -> Descriptor:
        """Write a blob, unless it is there.

        Raises:
            RegistryError: It is refused, or cannot be written.
        """
        blob = Descriptor(media_type, _digest(content), len(content))

        def put() -> None:
            if self._has(reference, blob):
                return
            where = self._begun(reference)  # anew each time: what became of one that broke off, nobody knows
            url = f"{where}{'&' if '?' in where else '?'}digest={blob.digest}"
            question = Question("PUT", url, _BYTES, content=content)
            with self.answer(reference, question, actions=WRITE, good=_WRITTEN, long=True) as answer:
                _same_digest(answer.header("Docker-Content-Digest"), blob.digest, reference)

        self.tried(reference, put)
        return blob

    def put_manifest(self, reference: Reference, content: bytes, media_type: str, *, tag: str = "") -> str:
        """Write a manifest or index, by its digest or under a tag.

        Returns:
            The digest of what it refers to, if the registry says that it has taken note of that; else nothing.

        Raises:
            RegistryError: It is refused, or cannot be written.
        """
        digest = _digest(content)
        url = f"{reference.origin}/v2/{reference.repository}/manifests/{tag or digest}"

        def put() -> str:
            question = Question("PUT", url, {"Content-Type": media_type}, content=content)
            with self.answer(reference, question, actions=WRITE, good=_WRITTEN) as answer:
                _same_digest(answer.header("Docker-Content-Digest"), digest, reference)
                return answer.header("OCI-Subject")

        return self.tried(reference, put)

    def attach(self, reference: Reference, subject: Manifest, artifact: Artifact) -> Attached:
        """Write an artifact that refers to a manifest, see that it is there, and that it is found.

        Args:
            reference: The repository.
            subject: The manifest, which is there already.
            artifact: What to write.

        Raises:
            RegistryError: Something was refused, could not be written, or cannot be found afterwards.
        """
        content = _manifest(
            subject, artifact, self.put_blob(reference, artifact.content, artifact.media_type),
            self.put_blob(reference, _EMPTY, EMPTY_TYPE),
        )  # fmt: skip
        digest = _digest(content)
        noted = self.put_manifest(reference.at(digest), content, OCI_MANIFEST)
        referrer = Referrer(
            Descriptor(OCI_MANIFEST, digest, len(content)), artifact.artifact_type, tuple(artifact.annotations.items())
        )
        (layer,) = self.manifest(reference.at(digest)).layers()
        self.content(reference, layer, len(artifact.content))
        attached = Attached(referrer, noted == subject.digest)
        if not attached.listed_by_registry:
            self.list_under_tag(reference.at(subject.digest), (referrer,))
        return attached

    def settle(self, subject: Reference, attached: Sequence[Attached]) -> None:
        """See, a moment later, that what is listed under a tag still is: somebody may have written it meanwhile.

        Raises:
            RegistryError: It is not, and cannot be listed again.
        """
        tagged = tuple(item.referrer for item in attached if not item.listed_by_registry)
        if tagged:
            self.clock.sleep(_SETTLED_SECONDS * (1 + self.clock.chance()))
            self.list_under_tag(subject, tagged)

    def list_under_tag(self, subject: Reference, wanted: Sequence[Referrer]) -> None:
        """Add to the index under the tag for referrers what is missing there, and see that it stays.

        Registries have no way to write only what nobody else has written meanwhile. So it is read again afterwards,
        and merged again if somebody else's list has taken its place.

        Raises:
            RegistryError: What is there cannot be merged with, or others write without end.
        """
        for attempt in range(_MERGES):
            index = referrers.of_tag(self, subject)
            if index and not _missing(index, wanted):
                return
            if attempt:
                logger.info("%s: somebody else writes the list of referrers too; merging again", subject)
                self.clock.sleep(attempt * self.clock.chance())
                index = referrers.of_tag(self, subject)
            content = _merged(index, wanted)
            self.put_manifest(subject, content, OCI_INDEX, tag=referrers.tag_of(subject.digest))
        raise RegistryError(
            f"The list of what refers to this image is written by others again and again, {_MERGES} times.",
            where=str(subject),
            mend="Store the statements again when nobody else does.",
        )

    def _has(self, reference: Reference, blob: Descriptor) -> bool:
        url = f"{reference.origin}/v2/{reference.repository}/blobs/{blob.digest}"
        with self.answer(reference, Question("HEAD", url, {}), actions=WRITE, good=_KNOWN_OR_NOT) as answer:
            return answer.status == _OK

    def _begun(self, reference: Reference) -> str:
        """Begin an upload, and return where it goes on."""
        url = f"{reference.origin}/v2/{reference.repository}/blobs/uploads/"
        question = Question("POST", url, _BYTES, content=b"")
        with self.answer(reference, question, actions=WRITE, good=frozenset({_ACCEPTED})) as answer:
            location = answer.header("Location")
        try:
            where = urljoin(url, location)
        except ValueError:
            where = ""
        if not location or not where:
            raise RegistryError(f"{reference.host} does not say where an upload goes on.", where=str(reference))
        connection.check_url(where, near=reference.origin)
        return where


def _manifest(subject: Manifest, artifact: Artifact, layer: Descriptor, config: Descriptor) -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact.artifact_type,
        "config": _fields(config),
        "layers": [_fields(layer)],
        "subject": _fields(Descriptor(subject.media_type, subject.digest, len(subject.content))),
        "annotations": dict(artifact.annotations),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _missing(index: Manifest, wanted: Sequence[Referrer]) -> tuple[Referrer, ...]:
    listed = {item.descriptor.digest for item in referrers.referrers(index)}
    return tuple(item for item in wanted if item.descriptor.digest not in listed)


def _merged(index: Manifest | None, wanted: Sequence[Referrer]) -> bytes:
    document: dict[str, Any] = (
        index.fields() if index else {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    )
    missing = _missing(index, wanted) if index else wanted
    document["manifests"] = [*(document["manifests"] or ()), *(item.fields for item in missing)]
    content = json.dumps(document, separators=(",", ":")).encode()
    if len(content) > _LARGEST_INDEX:
        raise RegistryError("The list of what refers to this image is full.", mend="Remove old statements from it.")
    return content


def _fields(descriptor: Descriptor) -> dict[str, object]:
    return {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _same_digest(said: str, digest: str, reference: Reference) -> None:
    if is_digest(said) and said != digest:
        raise RegistryError(f"{reference.host} has kept something else, {said}.", where=f"{reference}, {digest}")
