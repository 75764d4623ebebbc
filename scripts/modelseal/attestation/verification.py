"""Decide whether signed statements say what must be said about a subject. Nothing here reads a file or a clock.

What is not understood does not count, and what cannot be verified is a reason to refuse, not to look elsewhere: a
folder in which one bundle is broken has been meddled with, or was copied badly.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from modelseal.attestation import (
    bundle,
    predicates,
    provenance,
    required_members,
    sbom_judgement,
    stated_verdict,
    statement,
    summary_predicate,
)
from modelseal.attestation.attested import Attestation
from modelseal.attestation.plan import MODEL_SIGNATURE, Document
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.stated_verdict import CLOCKS_DIFFER
from modelseal.attestation.trust import Trust

# Families of predicates whose other versions would be passed over in silence if they were not named here.
_VERDICTS = (
    "https://slsa.dev/verification_summary/",
    "https://in-toto.io/attestation/vulns",
    "https://in-toto.io/attestation/test-result",
)
_FAMILIES = (*_VERDICTS, "https://slsa.dev/provenance/", "https://cyclonedx.org/bom/", predicates.SPDX_PREFIX)
_UNDERSTOOD = (provenance.PREDICATE_TYPE, predicates.SPDX, *stated_verdict.KINDS)
_NEVER_EMPTY = frozenset({*_UNDERSTOOD, predicates.CYCLONEDX})
_SHORT_NAMES = {
    **predicates.SHORT_NAMES,
    "test-result": predicates.TEST_RESULT,
    "verification-summary": predicates.SUMMARY,
    "model-signature": MODEL_SIGNATURE,
}
_MOST_LINES = 10_000


@dataclass(frozen=True)
class Evidence:
    """All that a folder of bundles holds, and what in it does not hold."""

    attestations: tuple[Attestation, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Clock:
    """How old a verdict may be.

    Attributes:
        now: The time of the verification.
        max_age: The greatest age; None for any.
    """

    now: datetime
    max_age: timedelta | None = None


@dataclass(frozen=True)
class Wanted:
    """A subject, and what must be stated about it.

    Attributes:
        what: The subject, for people.
        sha256: Its digest.
        required: Predicate types, each of which must be stated at least once.
        clock: How old verdicts may be.
        sboms: Files that must be the attested ones, byte for byte.
        environment: For which of a policy's environments it is verified; empty without a policy.
    """

    what: str
    sha256: str
    required: tuple[str, ...]
    clock: Clock
    sboms: tuple[Document, ...] = ()
    environment: str = ""


def collect(files: Mapping[str, bytes], trust: Trust) -> Evidence:
    """Verify every bundle in every file.

    Args:
        files: Contents by name: a bundle each, or several in JSON Lines (`.jsonl`), as GitHub's `gh` writes.
        trust: Whom to believe.
    """
    attestations: list[Attestation] = []
    reasons: list[str] = []
    for name, content in files.items():
        try:
            bundles = _bundles(name, content)
        except Rejection as error:
            reasons.append(f"{name}: {error}")
            continue
        for place, data in bundles:
            try:
                attestations.append(_attestation(place, data, trust))
            except Rejection as error:
                reasons.append(f"{place}: {error}")
    if not files:
        reasons.append("there is not a single attestation")
    return Evidence(tuple(attestations), tuple(reasons))


def judge(attestations: Sequence[Attestation], wanted: Wanted) -> tuple[str, ...]:
    """Say why the attestations do not suffice for a subject.

    Returns:
        One sentence for each reason; nothing if all that is required is stated, and nothing that is stated speaks
        against it.
    """
    matching = [item for item in attestations if item.statement.is_about(wanted.sha256)]
    if not matching:
        return (f"{wanted.what}: no attestation is about it (sha256:{wanted.sha256})",)
    foreign = _foreign_summaries(matching, wanted)
    counting = [item for item in matching if item.file not in foreign]
    stated = {item.statement.predicate_type for item in counting}
    missing = [item for item in wanted.required if item not in stated]
    reasons = [f"no attestation states {predicates.describe(item)}" for item in missing]
    if predicates.SUMMARY in missing:
        reasons += [f"{file}: its verification summary does not count: {why}" for file, why in foreign.items()]
    for item in matching:
        reasons += [f"{item.file}: {reason}" for reason in _against(item, wanted)]
    reasons += _too_old(counting, wanted.clock)
    reasons += sbom_judgement.contradicting(matching)
    reasons += sbom_judgement.of_other_images(matching, wanted.sha256, wanted.required)
    for sbom in wanted.sboms:
        reasons += [f"{sbom.name}: {reason}" for reason in sbom_judgement.against_file(sbom, matching)]
    return tuple(f"{wanted.what}: {reason}" for reason in reasons)


def required_types(names: Sequence[str]) -> tuple[str, ...]:
    """Turn what users write in `require` into predicate types.

    Raises:
        Rejection: A name is neither a short name nor a URI.
    """
    types = []
    for name in names:
        known = _SHORT_NAMES.get(name, name)
        if "://" not in known:
            raise Rejection(f"{name!r} is neither {', '.join(_SHORT_NAMES)} nor a predicate type's URI")
        types.append(known)
    return tuple(dict.fromkeys(types))


def _bundles(name: str, content: bytes) -> list[tuple[str, bytes]]:
    if not name.endswith(".jsonl"):
        return [(name, content)]
    if content.count(b"\n") > _MOST_LINES:
        raise Rejection(f"it has more than {_MOST_LINES:,} lines, and nobody has as many attestations")
    lines = [(f"{name}, line {number}", line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    return lines or [(name, content)]


def _attestation(place: str, data: bytes, trust: Trust) -> Attestation:
    proved = trust.prove(bundle.parse(data))
    stated = statement.parse(proved.payload)
    if reasons := trust.source_mismatches(stated, proved):
        raise Rejection("; ".join(reasons))
    return Attestation(place, stated, proved, hashlib.sha256(data).hexdigest(), data)


def _against(item: Attestation, wanted: Wanted) -> list[str]:
    """Say what an attestation says against its own subject."""
    stated, signed = item.statement, item.proved.logged.time
    kind = stated.predicate_type
    # Whoever requires another version can have it, but for verdicts: one that cannot be read may be a failed one.
    accepted = _UNDERSTOOD if kind.startswith(_VERDICTS) else (*_UNDERSTOOD, *wanted.required)
    if kind.startswith(_FAMILIES) and kind not in accepted:
        return [f"it is of the version {kind}, which is not understood"]
    if kind in _NEVER_EMPTY and not stated.predicate:
        return ["its predicate is empty, so it states nothing"]
    if lacking := required_members.missing(kind, stated.predicate):
        return [f"it lacks {', '.join(lacking)}, without which it is no {predicates.describe(kind)}"]
    verdict = stated_verdict.read(kind, stated.predicate)
    if verdict is None:
        return []
    reasons = [] if verdict.passed else [verdict.said]
    if verdict.names_all and verdict.names and wanted.sha256 not in verdict.names:
        reasons.append(f"its verdict is about something else, sha256:{min(verdict.names)}")
    if verdict.time and verdict.time > wanted.clock.now + CLOCKS_DIFFER:
        reasons.append(f"its verdict is of {verdict.time:%Y-%m-%d %H:%M} UTC, which is in the future")
    elif verdict.time and signed and verdict.time > signed + CLOCKS_DIFFER:  # it was of the future when it was signed
        reasons.append(
            f"its verdict is of {verdict.time:%Y-%m-%d %H:%M} UTC, and it was signed before, at {signed:%Y-%m-%d %H:%M}"
        )
    return reasons


def _foreign_summaries(matching: Sequence[Attestation], wanted: Wanted) -> dict[str, str]:
    """Find summaries that count for nothing here, each with the reason: what one verifier lets pass, another may not.

    That one of them failed speaks against the subject all the same.
    """
    found = {}
    for item in matching:
        if item.statement.predicate_type == predicates.SUMMARY:
            try:
                summary_predicate.check_for(item.statement, wanted.environment, wanted.clock.now)
            except Rejection as error:
                found[item.file] = str(error)
    return found


def _too_old(matching: Sequence[Attestation], clock: Clock) -> list[str]:
    """Find the kinds of verdict of which even the newest is too old; what a newer one repeats may be older."""
    if clock.max_age is None:
        return []
    newest: dict[str, datetime | None] = {}
    for item in matching:
        kind = item.statement.predicate_type
        verdict = stated_verdict.read(kind, item.statement.predicate)
        if verdict is not None:
            times = [time for time in (newest.get(kind), verdict.time or item.proved.logged.time) if time]
            newest[kind] = max(times, default=None)
    reasons = []
    for kind, time in sorted(newest.items()):
        if time is None:
            reasons.append(f"{predicates.describe(kind)} does not say of when it is, and must not be old")
        elif clock.now - time > clock.max_age:
            reasons.append(
                f"the newest verdict in {predicates.describe(kind)} is of {time:%Y-%m-%d %H:%M} UTC, "
                f"older than {stated_verdict.spoken(clock.max_age)}"
            )
    return reasons
