"""What a verification concluded, as a statement that `attest` can sign: SLSA's verification summary.

https://slsa.dev/spec/v1.1/verification_summary
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from modelseal.attestation import identity, jsontext, predicates, provenance, statement, verification_report
from modelseal.attestation.attested import Attestation
from modelseal.attestation.examination import Examined, Finding
from modelseal.attestation.percent import quoted
from modelseal.attestation.requirements import Requirements
from modelseal.attestation.statement import Subject
from modelseal.attestation.summary_predicate import FAILED, PASSED, VERIFIER

INPUTS = f"{VERIFIER}#inputs"
_DEMANDS = f"{VERIFIER}/demands"  # an extension: its name must be a URI
_VERSION = "1.1"


def of_release(examined: Examined, demanded: Requirements, now: datetime) -> bytes:
    """Write the summary of what came out for a release.

    Its subjects are the image and the model's manifest, as far as they are known; `resourceUri` names the first.

    Raises:
        Rejection: Neither is known.
    """
    known = [finding for finding in examined.findings if finding.sha256]
    subjects = tuple(Subject(finding.what, finding.sha256) for finding in known)
    used = tuple({item.sha256: item for finding in known for item in finding.stated}.values())
    passed = not examined.reasons
    demands = verification_report.policy(demanded)
    predicate = {
        "verifier": {"id": VERIFIER},
        "timeVerified": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceUri": _resource(known[0]) if known else "",
        "policy": _policy(demanded, demands),
        "inputAttestations": [{"uri": quoted(item.file, "/@:"), "digest": {"sha256": item.sha256}} for item in used],
        "verificationResult": PASSED if passed else FAILED,
        "verifiedLevels": [level(known[0].sha256, used)] if passed else [FAILED],
        "slsaVersion": _VERSION,
        _DEMANDS: demands,
    }
    return statement.build(subjects, predicates.SUMMARY, predicate)


def level(sha256: str, attestations: Sequence[Attestation]) -> str:
    """Return the build level that the evidence shows, never more.

    Level 2 takes a certificate that GitHub vouched for and a runner that GitHub hosts; a key proves no more than that
    its holder says so, which is level 1. Level 3 takes a build that the job could not have influenced, and of that no
    certificate tells: https://slsa.dev/spec/v1.1/levels
    """
    reached = 0
    for item in attestations:
        stated, certified = item.statement, item.proved.certified
        if stated.predicate_type != provenance.PREDICATE_TYPE or not stated.is_about(sha256):
            continue
        hosted = (
            certified is not None
            and certified.issuer == identity.GITHUB_ISSUER
            and certified.runner == "github-hosted"
            and provenance.source_of(stated.predicate).repository != ""
        )
        reached = max(reached, 2 if hosted else 1)
    return f"SLSA_BUILD_LEVEL_{reached}"


def of_image(name: str, sha256: str) -> str:
    """Return an image's package URL: https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md."""
    repository = name.partition("@")[0]
    folder, slash, last = repository.rpartition("/")
    short, _, tag = last.partition(":")
    qualifiers = {"repository_url": f"{folder}{slash}{short}", "tag": tag}
    said = "&".join(f"{key}={quoted(value, '/')}" for key, value in qualifiers.items() if value)
    return f"pkg:oci/{quoted(short.lower())}@sha256%3A{sha256}?{said}"


def of_model(name: str, sha256: str) -> str:
    """Return a model's package URL, by the SHA-256 of its signed manifest."""
    return f"pkg:generic/{quoted(name)}?checksum=sha256:{sha256}"


def _resource(finding: Finding) -> str:
    made = of_image if finding.kind == "image" else of_model
    return made(finding.what, finding.sha256)


def _policy(demanded: Requirements, demands: dict[str, object]) -> dict[str, object]:
    if demanded.source:
        environment = quoted(demanded.environment)
        uri = f"file:{quoted(demanded.source, '/')}#{environment}"
        return {"uri": uri, "digest": {"sha256": demanded.sha256}}
    return {"uri": INPUTS, "digest": {"sha256": hashlib.sha256(jsontext.encode(demands)).hexdigest()}}
