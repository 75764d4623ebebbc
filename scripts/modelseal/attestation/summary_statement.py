"""What a verification concluded, as a statement that `attest` can sign: SLSA's verification summary.

https://slsa.dev/spec/v1.1/verification_summary
"""

import hashlib
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from modelseal.attestation import identity, jsontext, provenance, stated_verdict, statement
from modelseal.attestation.statement import Subject
from modelseal.attestation.verification import Attestation

VERIFIER = "https://github.com/modelseal/modelseal/verify"
INPUTS = f"{VERIFIER}#inputs"
_DEMANDS = f"{VERIFIER}/demands"  # an extension: its name must be a URI
_VERSION = "1.1"
_FAILED = "FAILED"


@dataclass(frozen=True)
class Policy:
    """What it was verified against.

    Attributes:
        source: The policy file; empty where there are only inputs.
        environment: The environment it was verified for; empty without a file.
        sha256: Of the policy file's bytes; empty without a file.
        demands: Everything that was demanded, by inputs and file together.
    """

    source: str
    environment: str
    sha256: str
    demands: Mapping[str, object]


def make(  # noqa: PLR0913 - as many as the predicate has parts
    subjects: Sequence[Subject],
    resource: str,
    policy: Policy,
    attestations: Sequence[Attestation],
    *,
    passed: bool,
    now: datetime,
) -> bytes:
    """Write a verification summary.

    Args:
        subjects: What was verified; the first is what `resource` names.
        resource: URI of what was verified.
        policy: What it was verified against.
        attestations: Those that it rests on.
        passed: Whether all demands are met.
        now: The time of the verification.

    Raises:
        Rejection: There is no subject.
    """
    predicate = {
        "verifier": {"id": VERIFIER},
        "timeVerified": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceUri": resource,
        "policy": _policy(policy),
        "inputAttestations": [
            {"uri": urllib.parse.quote(item.file, safe="/@:"), "digest": {"sha256": item.sha256}}
            for item in attestations
        ],
        "verificationResult": "PASSED" if passed else _FAILED,
        "verifiedLevels": [level(subjects[0].sha256, attestations)] if passed and subjects else [_FAILED],
        "slsaVersion": _VERSION,
        _DEMANDS: policy.demands,
    }
    return statement.build(subjects, stated_verdict.SUMMARY, predicate)


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
    quote = urllib.parse.quote
    qualifiers = {"repository_url": f"{folder}{slash}{short}", "tag": tag}
    said = "&".join(f"{key}={quote(value, safe='/')}" for key, value in qualifiers.items() if value)
    return f"pkg:oci/{quote(short.lower(), safe='')}@sha256%3A{sha256}?{said}"


def of_model(name: str, sha256: str) -> str:
    """Return a model's package URL, by the SHA-256 of its signed manifest."""
    return f"pkg:generic/{urllib.parse.quote(name, safe='')}?checksum=sha256:{sha256}"


def _policy(policy: Policy) -> dict[str, object]:
    if policy.source:
        uri = f"file:{urllib.parse.quote(policy.source)}#{urllib.parse.quote(policy.environment, safe='')}"
        return {"uri": uri, "digest": {"sha256": policy.sha256}}
    digest = hashlib.sha256(jsontext.encode(policy.demands)).hexdigest()
    return {"uri": INPUTS, "digest": {"sha256": digest}}
