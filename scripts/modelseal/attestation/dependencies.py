"""What something was made from, for `resolvedDependencies` of its provenance: each thing by its digest.

https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md, package URLs of images:
https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from modelseal.artifacts import manifest
from modelseal.attestation import jsontext
from modelseal.attestation.percent import quoted
from modelseal.attestation.plan import Document
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError

Descriptor = dict[str, object]

_IMAGE = re.compile(r"(?P<name>[^\s@=]+?)(?::(?P<tag>[\w][\w.-]{0,127}))?[@=]sha256:(?P<digest>[0-9a-f]{64})", re.ASCII)
_MATERIAL = re.compile(
    r"(?P<uri>[A-Za-z][A-Za-z0-9+.-]*:[^\s=]\S*)=(?P<kind>sha256|sha512|gitCommit|sha1):(?P<digest>[0-9a-f]{40,128})"
)
_LENGTHS = {"sha256": {64}, "sha512": {128}, "gitCommit": {40, 64}, "sha1": {40}}
_TOOLS = {
    "trivy": "pkg:github/aquasecurity/trivy@v",
    "syft": "pkg:github/anchore/syft@v",
    "modelseal": "pkg:github/modelseal/modelseal@v",
}
_DATABASES = {"trivy": "pkg:github/aquasecurity/trivy-db"}
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_HEX = re.compile(r"[0-9a-f]{64}")


def base_image(text: str) -> Descriptor:
    """Return an image that was built upon.

    Args:
        text: `NAME=sha256:…` or `NAME@sha256:…`, with or without a tag in the name.

    Raises:
        InputError: It is not of this form.
    """
    match = _IMAGE.fullmatch(text)
    if match is None:
        raise InputError(
            f"{text!r} does not name an image by its digest.",
            where="input `base-images`",
            mend="Write NAME@sha256: and 64 hexadecimal digits; `docker buildx imagetools inspect NAME` shows them.",
        )
    name = match["name"] if "/" in match["name"] else f"docker.io/library/{match['name']}"
    last = name.rpartition("/")[2].lower()
    tag = f"&tag={quoted(match['tag'])}" if match["tag"] else ""
    uri = f"pkg:oci/{quoted(last)}@sha256%3A{match['digest']}?repository_url={quoted(name, '/')}{tag}"
    return _described("base-image", uri=uri, digest={"sha256": match["digest"]})


def tree(document: Document, role: str) -> Descriptor:
    """Return a data set or a model that something was made from.

    Args:
        document: Its manifest.
        role: `dataset` or `base-model`.

    Raises:
        InputError: It is not a manifest.
    """
    try:
        read = manifest.parse(document.data)
    except InputError as error:
        raise InputError(error.what, where=document.name, mend=error.mend) from error
    return _described(
        role,
        name=read.name,
        digest={"sha256": document.file.sha256},
        mediaType="application/vnd.in-toto+json",
        files=len(read.digests),
        manifest=document.name,
    )


def material(text: str) -> Descriptor:
    """Return anything else that something was made from.

    Args:
        text: `URI=sha256:…`; `sha512:`, `gitCommit:` and `sha1:` are understood too.

    Raises:
        InputError: It is not of this form.
    """
    match = _MATERIAL.fullmatch(text)
    if match is None or len(match["digest"]) not in _LENGTHS[match["kind"]]:
        raise InputError(
            f"{text!r} is not a URI with a digest.",
            where="input `materials`",
            mend="Write URI=sha256: and 64 hexadecimal digits, or URI=gitCommit: and the full commit.",
        )
    return _described("material", uri=match["uri"], digest={match["kind"]: match["digest"]})


def tools(documents: Iterable[object]) -> list[Descriptor]:
    """Return the tools and databases that verdicts and SBOMs name by digest; each once.

    Args:
        documents: Verdicts and SBOMs as they were read, and anything else, which names none.
    """
    found: list[Descriptor] = []
    for document in documents:
        found += _of_verdict(document)
        components = jsontext.dig(document, "metadata", "tools", "components")  # of CycloneDX; SPDX has no digests
        for component in components if isinstance(components, list) else []:
            found += _of_component(component)
    return unique(found)


def _of_verdict(document: object) -> list[Descriptor]:
    scanner = jsontext.dig(document, "scanner", "name")
    found = _tool(scanner, jsontext.dig(document, "scanner", "version"), jsontext.dig(document, "scanner", "sha256"))
    digest = jsontext.dig(document, "database", "digest")
    match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
    if match and isinstance(scanner, str):
        uri = _DATABASES.get(scanner, f"pkg:generic/{quoted(scanner)}-database")
        found.append(_described("database", uri=uri, digest={"sha256": match[1]}))
    return found


def _of_component(component: object) -> list[Descriptor]:
    hashes = jsontext.dig(component, "hashes")
    name, version = jsontext.dig(component, "name"), jsontext.dig(component, "version")
    return [
        descriptor
        for item in (hashes if isinstance(hashes, list) else [])
        if jsontext.dig(item, "alg") == "SHA-256"
        for descriptor in _tool(name, version, jsontext.dig(item, "content"))
    ]


def unique(descriptors: Sequence[Descriptor]) -> list[Descriptor]:
    """Return each of them once, in order.

    Raises:
        Rejection: Two have the same URI, and other digests. Names may be the same: they are for people.
    """
    seen: dict[str, Descriptor] = {}
    for item in descriptors:
        key = str(item.get("uri") or item["digest"])
        if key in seen and seen[key]["digest"] != item["digest"]:
            raise Rejection(f"{key} is given twice, with different digests")
        seen.setdefault(key, item)
    return list(seen.values())


def _tool(name: object, version: object, sha256: object) -> list[Descriptor]:
    texts = [value for value in (name, version, sha256) if isinstance(value, str) and value]
    if len(texts) < 3 or not _HEX.fullmatch(texts[2]):  # noqa: PLR2004 - all of them
        return []
    prefix = _TOOLS.get(texts[0], f"pkg:generic/{quoted(texts[0])}@")
    return [_described("tool", uri=f"{prefix}{quoted(texts[1].removeprefix('v'), '.+-')}", digest={"sha256": texts[2]})]


def _described(role: str, *, digest: Mapping[str, str], uri: str = "", name: str = "", **more: object) -> Descriptor:
    media_type = more.pop("mediaType", "")
    known = {"uri": uri, "name": name, "mediaType": media_type}
    return {
        **{key: value for key, value in known.items() if value},
        "digest": dict(digest),
        "annotations": {"modelseal_role": role, **more},
    }
