"""What an SBOM lists, apart from what differs between two documents that list the same.

A scanner gives each document an identifier and a time of its own: SPDX `documentNamespace` and `creationInfo.created`
(https://spdx.github.io/spdx-spec/v2.3/document-creation-information/), CycloneDX `serialNumber` and
`metadata.timestamp` (https://cyclonedx.org/docs/1.6/json/). One that was made smaller names the digest of the full one.
"""

from collections.abc import Mapping

from modelseal.attestation import jsontext, predicates, slimming

_SPDX = ("documentNamespace", ("creationInfo", "created"))
_CYCLONEDX = ("serialNumber", ("metadata", "timestamp"))


def inventory(predicate_type: str, document: Mapping[str, object]) -> bytes:
    """Return what can be compared of an SBOM: equal for two runs of a scanner on the same image."""
    identifier, (section, time) = _CYCLONEDX if predicate_type == predicates.CYCLONEDX else _SPDX
    kept = {key: value for key, value in document.items() if key != identifier}
    inner = kept.get(section)
    if isinstance(inner, dict):
        kept[section] = {key: value for key, value in inner.items() if key != time}
    return slimming.without_digest(jsontext.encode(kept))
