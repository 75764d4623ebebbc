"""What refers to a manifest in a registry: its signatures and statements.

Registries list them (https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers); where
one does not, those who push keep the list themselves, in an index under a tag that is made of the manifest's digest.
"""

import json
import logging
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from modelseal.registry import connection
from modelseal.registry.client import Client
from modelseal.registry.connection import Question
from modelseal.registry.content import MANIFESTS, Descriptor, Manifest, described
from modelseal.registry.faults import NotFound, RegistryError
from modelseal.registry.reference import Reference

logger = logging.getLogger(__name__)

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
MOST_REFERRERS = 1000
_MOST_PAGES = 100
_PAGE_BYTES = 4 * 1024 * 1024
_OK = 200
# How registries say that they do not know the question; the last one is GitLab's and older ones'.
_UNKNOWN = frozenset({400, 404, 405, 406, 501})
_NEXT = re.compile(r'<([^<>]{1,4096})>\s*;\s*rel="?next"?')


@dataclass(frozen=True)
class Referrer:
    """A manifest that refers to another one, as a list describes it. Nothing of that has been checked.

    Attributes:
        descriptor: Its type, digest and size.
        artifact_type: What it is; empty where the list does not say.
        annotations: What it says of itself.
    """

    descriptor: Descriptor
    artifact_type: str
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def fields(self) -> dict[str, object]:
        """It as an index lists it."""
        listed: dict[str, object] = {
            "mediaType": self.descriptor.media_type,
            "digest": self.descriptor.digest,
            "size": self.descriptor.size,
        }
        if self.artifact_type:
            listed["artifactType"] = self.artifact_type
        return listed | ({"annotations": dict(self.annotations)} if self.annotations else {})


def tag_of(digest: str) -> str:
    """Return the tag of the list that those who push keep themselves."""
    return digest.replace(":", "-")


def listed(client: Client, subject: Reference, artifact_types: Collection[str]) -> tuple[Referrer, ...]:
    """Return what refers to a manifest, of given types: what the registry lists, and what is listed under the tag.

    Both are read, for a registry that has learned to list may not know what was pushed before.

    Args:
        client: With which to ask.
        subject: The manifest, by its digest.
        artifact_types: What is looked for; what has no type in the list is returned too.

    Raises:
        RegistryError: It refuses, or a list is malformed or endless.
    """
    found = of_registry(client, subject, artifact_types) or ()
    tagged = of_tag(client, subject)
    together = {item.descriptor.digest: item for item in (*found, *(referrers(tagged) if tagged else ()))}
    return tuple(
        item
        for item in together.values()
        if item.artifact_type in (*artifact_types, "") and item.descriptor.media_type in MANIFESTS
    )


def of_registry(client: Client, subject: Reference, artifact_types: Collection[str]) -> tuple[Referrer, ...] | None:
    """Return what the registry lists, of other types too if it likes; None if it does not know how to."""
    asked = f"{subject.origin}/v2/{subject.repository}/referrers/{subject.digest}"
    only = "".join(quote(item, safe="") for item in artifact_types) if len(artifact_types) == 1 else ""
    url, found = f"{asked}?artifactType={only}" if only else asked, list[Referrer]()
    for _ in range(_MOST_PAGES):
        page = client.tried(subject, lambda url=url: _page(client, subject, url))  # type: ignore[misc]
        if page is None:
            if found:
                raise RegistryError(f"{subject.host} stops in the middle of its list.", where=str(subject))
            return None
        items, following = page
        found += items
        if len(found) > MOST_REFERRERS:
            break
        if not following:
            return tuple(found)
        url = urljoin(url, following)
        if not connection.same_origin(url, asked) or urlsplit(url).path != urlsplit(asked).path:
            raise RegistryError(f"{subject.host} continues its list somewhere else.", where=str(subject))
    raise RegistryError(f"More than {MOST_REFERRERS} things refer to this, or the list has no end.", where=str(subject))


def of_tag(client: Client, subject: Reference) -> Manifest | None:
    """Return the index under the tag; None if there is none."""
    try:
        index = client.manifest(Reference(subject.host, subject.repository, tag_of(subject.digest)))
    except NotFound:
        return None
    if index.media_type != OCI_INDEX:
        raise RegistryError("Under the tag for referrers is something else than an index.", where=_tagged(subject))
    return index


def referrers(index: Manifest) -> tuple[Referrer, ...]:
    """Return what an index lists.

    Raises:
        RegistryError: It is malformed, or too long.
    """
    return _listed(index.fields(), index.digest)


def _page(client: Client, subject: Reference, url: str) -> tuple[tuple[Referrer, ...], str] | None:
    question = Question("GET", url, {"Accept": OCI_INDEX})
    with client.answer(subject, question, good=_UNKNOWN | {_OK}) as answer:
        media_type = answer.header("Content-Type").partition(";")[0].strip().lower()
        if answer.status != _OK or media_type != OCI_INDEX:
            return None
        content = answer.content(_PAGE_BYTES)
        following = _NEXT.search(answer.header("Link"))
    try:
        read = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RegistryError(
            f"{subject.host} lists what refers to this, but not as JSON.", where=str(subject)
        ) from error
    return _listed(read, str(subject)), following[1] if following else ""


def _listed(index: Any, where: str) -> tuple[Referrer, ...]:
    try:
        return tuple(Referrer(described(item), _artifact_type(item), _annotations(item)) for item in _manifests(index))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RegistryError("The list of what refers to this is malformed.", where=where) from error


def _manifests(index: Any) -> list[Any]:
    if index.get("mediaType", OCI_INDEX) != OCI_INDEX or index["schemaVersion"] != 2:  # noqa: PLR2004
        raise ValueError(index.get("mediaType"))
    manifests = index["manifests"] if index["manifests"] is not None else []  # as some registries say "none"
    if not isinstance(manifests, list) or len(manifests) > MOST_REFERRERS:
        raise TypeError(type(manifests))
    return manifests


def _artifact_type(item: Mapping[str, Any]) -> str:
    value = item.get("artifactType", "")
    if not isinstance(value, str):
        raise TypeError(type(value))
    return value


def _annotations(item: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    annotations = item.get("annotations") or {}
    if not all(isinstance(text, str) for pair in annotations.items() for text in pair):
        raise TypeError(annotations)
    return tuple(sorted(annotations.items()))


def _tagged(subject: Reference) -> str:
    return f"{subject.host}/{subject.repository}:{tag_of(subject.digest)}"
