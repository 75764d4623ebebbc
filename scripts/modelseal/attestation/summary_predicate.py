"""SLSA's verification summary as `verify` writes it: what one has in it, and for whom it counts.

https://slsa.dev/spec/v1.1/verification_summary
"""

import re
from collections.abc import Mapping
from datetime import datetime

from modelseal.attestation import jsontext, stated_verdict
from modelseal.attestation.percent import quoted
from modelseal.attestation.rejection import Rejection, short
from modelseal.attestation.statement import Statement

VERIFIER = "https://github.com/modelseal/modelseal/verify"
PASSED, FAILED = "PASSED", "FAILED"
_DIGEST = re.compile(r"sha256(?::|%3[Aa])([0-9a-f]{64})(?![0-9a-f])")


def check(predicate: Mapping[str, object], now: datetime) -> None:
    """Refuse what `verify` would not write.

    Raises:
        Rejection: It would not write this.
    """
    verifier = jsontext.dig(predicate, "verifier", "id")
    if verifier != VERIFIER:
        raise Rejection(f"the verifier is {short(verifier)}, not {VERIFIER}")
    time = stated_verdict.time_of(predicate.get("timeVerified"))
    if time is None or time > now + stated_verdict.CLOCKS_DIFFER:
        raise Rejection(f"it was verified at {short(predicate.get('timeVerified'))}, which is no time in the past")
    jsontext.as_text(predicate.get("resourceUri"), "resourceUri")
    jsontext.as_text(jsontext.dig(predicate, "policy", "uri"), "the policy's URI")
    jsontext.as_text(jsontext.dig(predicate, "policy", "digest", "sha256"), "the policy's digest")
    result, levels = predicate.get("verificationResult"), predicate.get("verifiedLevels")
    if result not in (PASSED, FAILED):
        raise Rejection(f"its result is {short(result)}")
    failed = result == FAILED
    if not isinstance(levels, list) or not levels or (FAILED in levels) != failed:
        raise Rejection(f"its result is {result}, and its levels are {short(levels)}")
    if not failed and not jsontext.as_list(predicate.get("inputAttestations"), "inputAttestations"):
        raise Rejection("no attestation was looked at")


def check_for(stated: Statement, environment: str, now: datetime) -> None:
    """Refuse a summary that is of another verifier, of another resource, or of a policy for another environment.

    An image may have another name where it was copied to, and a summary of image and model names the first: so it is
    the digest in its `resourceUri` that must be one of its subjects'.

    Args:
        stated: The summary.
        environment: For which of a policy's environments something is verified; empty where there is no policy.
        now: The time.

    Raises:
        Rejection: It is one.
    """
    check(stated.predicate, now)
    resource, policy = str(stated.predicate["resourceUri"]), str(jsontext.dig(stated.predicate, "policy", "uri"))
    named = _DIGEST.findall(resource)
    if not named or not all(map(stated.is_about, named)):
        raise Rejection(f"it was made of {short(resource)}, which is none of its subjects")
    if environment and policy.partition("#")[2] != quoted(environment):
        raise Rejection(f"its policy is {short(policy)}, and not one for {environment}")
