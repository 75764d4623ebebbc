"""Which image an SBOM says it is of.

SPDX: the package that the document describes, https://spdx.github.io/spdx-spec/v2.3/package-information/. CycloneDX:
`metadata.component`, https://cyclonedx.org/docs/1.6/json/#metadata_component. Syft and Trivy write the image's ID or
digest there as version, in the package URL, or both.
"""

import re
from collections.abc import Iterator, Mapping

from modelseal.attestation import jsontext, predicates

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})(?![0-9a-f])")
_ESCAPED_COLON = re.compile("%3[Aa]")


def digests(predicate_type: str, document: Mapping[str, object]) -> frozenset[str]:
    """Return every SHA-256 by which an SBOM names its image, 64 hexadecimal digits each; none if it names no image."""
    find = _cyclonedx if predicate_type == predicates.CYCLONEDX else _spdx
    texts = (_ESCAPED_COLON.sub(":", text) for text in find(document) if isinstance(text, str))
    return frozenset(found for text in texts for found in _DIGEST.findall(text))


def _cyclonedx(document: Mapping[str, object]) -> Iterator[object]:
    component = jsontext.dig(document, "metadata", "component")
    if jsontext.dig(component, "type") == "container":
        yield from (jsontext.dig(component, key) for key in ("version", "purl", "bom-ref"))
        for item in _list(jsontext.dig(component, "properties")):
            yield jsontext.dig(item, "value")


def _spdx(document: Mapping[str, object]) -> Iterator[object]:
    described = set(map(str, _list(document.get("documentDescribes"))))
    for item in _list(document.get("relationships")):
        if (jsontext.dig(item, "relationshipType"), jsontext.dig(item, "spdxElementId")) == (
            "DESCRIBES",
            "SPDXRef-DOCUMENT",
        ):
            described.add(str(jsontext.dig(item, "relatedSpdxElement")))
    for package in _list(document.get("packages")):
        if str(jsontext.dig(package, "SPDXID")) in described and jsontext.dig(package, "primaryPackagePurpose") in (
            "CONTAINER",
            None,
        ):
            yield jsontext.dig(package, "versionInfo")
            for item in _list(jsontext.dig(package, "externalRefs")):
                yield jsontext.dig(item, "referenceLocator")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
