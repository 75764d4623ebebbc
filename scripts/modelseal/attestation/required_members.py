"""What a predicate of each type has in it by its specification: one without states nothing of what it is called.

https://slsa.dev/spec/v1.0/provenance, https://slsa.dev/spec/v0.2/provenance,
https://spdx.github.io/spdx-spec/v2.3/document-creation-information/, https://cyclonedx.org/docs/1.6/json/
"""

from collections.abc import Mapping

from modelseal.attestation import jsontext, predicates, provenance

_REQUIRED: Mapping[str, Mapping[str, type]] = {
    provenance.PREDICATE_TYPE: {
        "buildDefinition.buildType": str,
        "buildDefinition.externalParameters": dict,
        "runDetails.builder.id": str,
    },
    "https://slsa.dev/provenance/v0.2": {"buildType": str, "builder.id": str},
    predicates.SPDX: {"spdxVersion": str},
    predicates.CYCLONEDX: {"bomFormat": str, "specVersion": str},
}
_SPDX_2 = f"{predicates.SPDX_PREFIX}2."


def missing(predicate_type: str, predicate: Mapping[str, object]) -> tuple[str, ...]:
    """Return what a predicate lacks, `runDetails.builder.id`; nothing for types that nothing is known of."""
    lacking = []
    known = predicates.SPDX if predicate_type.startswith(_SPDX_2) else predicate_type
    for path, kind in _REQUIRED.get(known, {}).items():
        value = jsontext.dig(predicate, *path.split("."))
        if not isinstance(value, kind) or value == "":
            lacking.append(path)
    return tuple(lacking)
