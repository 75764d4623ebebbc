"""Whether what is attested of an image's SBOM agrees: with the image, with other SBOMs, and with a file."""

from collections.abc import Collection, Sequence

from modelseal.attestation import jsontext, predicates, provenance, sbom_subject, stated_verdict
from modelseal.attestation.attested import Attestation
from modelseal.attestation.plan import Document
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.sbom_inventory import inventory


def of_other_images(matching: Sequence[Attestation], sha256: str, required: Collection[str]) -> list[str]:
    """Find SBOMs that name another image. What the gate's signed verdict calls this image are its names too."""
    names = {sha256}
    for item in matching:
        verdict = stated_verdict.read(item.statement.predicate_type, item.statement.predicate)
        names |= verdict.names if verdict and verdict.passed else frozenset()
    reasons = []
    for item in matching:
        kind = item.statement.predicate_type
        if kind in required and predicates.is_sbom(kind):
            named = sbom_subject.digests(kind, item.statement.predicate)
            if named and not named & names:
                other = min(named)
                reasons.append(f"{item.file}: its SBOM is of another image, sha256:{other}")
    return reasons


def contradicting(matching: Sequence[Attestation]) -> list[str]:
    """Find two attestations that give the same subject different inventories: which of them is true?

    What was scanned and attested again, as by a job that ran twice, is no contradiction.
    """
    reasons = []
    kinds = {item.statement.predicate_type for item in matching}
    for kind in sorted(filter(predicates.is_sbom, kinds)):
        stated = [item for item in matching if item.statement.predicate_type == kind]
        first, *others = [inventory(kind, item.statement.predicate) for item in stated]
        reasons += [
            f"{stated[0].file} and {item.file} state different SBOMs of the same kind"
            for item, listed in zip(stated[1:], others, strict=True)
            if listed != first
        ]
    return reasons


def against_file(sbom: Document, matching: Sequence[Attestation]) -> list[str]:
    """Say why a file is not the attested SBOM, byte for byte."""
    try:
        kind, document = predicates.of_sbom(sbom.data)
    except Rejection as error:
        return [f"it is not an SBOM: {error}"]
    reasons = []
    attested = [item.statement.predicate for item in matching if item.statement.predicate_type == kind]
    if not attested:
        reasons.append(f"no attestation states {predicates.describe(kind)}")
    elif jsontext.encode(document) not in map(jsontext.encode, attested):
        reasons.append("its content is not that of the attested SBOM")
    bound = [
        provenance.byproducts_of(item.statement.predicate)
        for item in matching
        if item.statement.predicate_type == provenance.PREDICATE_TYPE
    ]
    if not any(sbom.file.sha256 in digests for digests in bound):
        reasons.append("no provenance names this file by its SHA-256: it is not, byte for byte, what was built")
    return reasons
