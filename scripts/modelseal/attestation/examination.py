"""Hold one release to what is demanded: its image, its model, or both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from modelseal.artifacts.manifest import Manifest
from modelseal.attestation import model_signature, plan, predicates, provenance, stated_verdict, trusting, verification
from modelseal.attestation.attested import Attestation
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.requirements import Requirements
from modelseal.attestation.sources import Wanted as Place
from modelseal.attestation.trust import IdentityTrust, Trust
from modelseal.attestation.verification import Clock, Evidence
from modelseal.errors import ContentError, InputError

# Compares files with a manifest; where files are read is not this module's concern. Returns what speaks against them,
# and the names that are there without being looked at.
Compare = Callable[[Sequence[str], Manifest], tuple[tuple[str, ...], tuple[str, ...]]]
# What is looked for at the model where there is one: `scan-model`'s verdict is a test, `scan-image`'s has its own kind.
_OF_MODELS = frozenset({plan.MODEL_SIGNATURE, predicates.TEST_RESULT})


@dataclass(frozen=True)
class Release:
    """What is verified.

    Attributes:
        label: What it is called among several; empty if there is one.
        paths: The model's folder or files; nothing without a model.
        sboms: Files that must be the attested SBOMs of the image.
        place: Image, digest, the model's signature, and where its statements are.
    """

    label: str
    paths: tuple[str, ...]
    sboms: tuple[plan.Document, ...]
    place: Place


@dataclass(frozen=True)
class Terms:
    """What it is held to.

    Attributes:
        trusted: Whom to believe.
        required: Predicate types, each of which must be stated.
        clock: How old verdicts may be.
        environment: For which of a policy's environments; empty without a policy.
    """

    trusted: Trust
    required: tuple[str, ...]
    clock: Clock
    environment: str = ""


@dataclass(frozen=True)
class Finding:
    """What came out for one subject.

    Attributes:
        kind: `image` or `model`.
        what: Its name, for people.
        sha256: Its digest, of a model that of its signed manifest; empty if there is none to tell.
        reasons: Why it is refused; nothing if it is not.
        ignored: Names that the model's signature leaves out.
        unsigned: Names that are among the model's files without being signed, because the verifier lets them.
        stated: The attestations about it, the model's signature among them.
        verdicts: What gates concluded of it, each with the predicate type that says so.
    """

    kind: str
    what: str
    sha256: str
    reasons: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    unsigned: tuple[str, ...] = ()
    stated: tuple[Attestation, ...] = ()
    verdicts: tuple[tuple[str, stated_verdict.StatedVerdict], ...] = ()


@dataclass(frozen=True)
class Examined:
    """What came out for a release.

    Attributes:
        release: The release.
        findings: One for each subject.
        evidence: What was found to judge by.
        reasons: All that speaks against it; nothing if it may be deployed.
    """

    release: Release
    findings: tuple[Finding, ...]
    evidence: Evidence = field(repr=False)
    reasons: tuple[str, ...]

    @property
    def subjects(self) -> tuple[tuple[str, str], ...]:
        """Name and SHA-256 of what was looked at; no SHA-256 where there is none to tell."""
        return tuple((finding.what, finding.sha256) for finding in self.findings)

    @property
    def attestations(self) -> tuple[Attestation, ...]:
        """All that holds: what was found, and the model's signature where that was given apart."""
        found = {item.sha256 for item in self.evidence.attestations}
        stated = (item for finding in self.findings for item in finding.stated)
        return (*self.evidence.attestations, *(item for item in stated if item.sha256 not in found))

    @property
    def accepted(self) -> tuple[tuple[bytes, str, str], ...]:
        """Each bundle about it that holds, with what it states and who signed it."""
        stated = (item for finding in self.findings for item in finding.stated)
        return tuple((item.bundle, item.statement.predicate_type, item.proved.signer) for item in stated)


def terms_of(demanded: Requirements, now: datetime) -> Terms:
    """Return what a release is held to.

    Raises:
        InputError: A demand cannot be understood, or a key or trust root cannot be read.
    """
    try:
        required = verification.required_types(demanded.require)
    except Rejection as error:
        raise InputError(f"{error}.", where="input `require`", mend="Name predicate types, one a line.") from error
    if not required:
        raise InputError(
            "Nothing is required to be attested, so anything that is signed would do.",
            where="input `require`",
            mend="Name predicate types, one a line, or leave the input out: that requires provenance.",
        )
    trusted = trusting.trust_of(demanded, now)
    if not isinstance(trusted, IdentityTrust) and trusted.expected is not None:
        # Without a workflow's certificate only provenance says where something is from: without it, nobody would ask.
        required = tuple(dict.fromkeys((*required, provenance.PREDICATE_TYPE)))
    return Terms(trusted, required, Clock(now, demanded.max_age), demanded.environment)


def examine(
    release: Release,
    terms: Terms,
    files: Mapping[str, bytes],
    counted: Callable[[Evidence], tuple[str, ...]],
    compare: Compare,
) -> Examined:
    """Judge a release.

    Args:
        release: The release.
        terms: What it is held to.
        files: The bundles found for it, by their places.
        counted: Which of the reasons against single bundles are reasons to refuse.
        compare: Compares the model's files with its signed manifest.

    Raises:
        InputError: The model's signature or its files cannot be read.
    """
    evidence = verification.collect(files, terms.trusted)
    findings = []
    if release.place.image:
        findings.append(_image(release, terms, evidence))
    if release.paths:
        findings.append(_model(release, terms, files, evidence, compare))
    reasons = counted(evidence) + tuple(reason for finding in findings for reason in finding.reasons)
    if terms.clock.max_age is not None and not any(finding.verdicts for finding in findings):
        reasons += (f"no verdict is stated, so none is younger than {stated_verdict.spoken(terms.clock.max_age)}",)
    return Examined(release, tuple(findings), evidence, reasons)


def until_fit(releases: Sequence[Release], look: Callable[[Release], Examined]) -> list[Examined]:
    """Examine releases up to the first that nothing speaks against.

    Raises:
        InputError: One cannot be looked at. Of several, one that has in it what none may have is refused instead.
    """
    examined: list[Examined] = []
    for release in releases:
        examined.append(_looked_at(release, look))
        if not examined[-1].reasons:
            break
    return examined


def _looked_at(release: Release, look: Callable[[Release], Examined]) -> Examined:
    try:
        return look(release)
    except ContentError as error:
        if not release.label:
            raise
        why = f"{error.where}: {error.what}" if error.where else error.what
    kind, what = ("image", release.place.image) if release.place.image else ("model", ", ".join(release.paths))
    finding = Finding(kind, what, release.place.digest.removeprefix("sha256:"), (f"{kind} {what}: {why}",))
    return Examined(release, (finding,), Evidence((), ()), finding.reasons)


def _image(release: Release, terms: Terms, evidence: Evidence) -> Finding:
    name, sha256 = release.place.image, release.place.digest.removeprefix("sha256:")
    required = tuple(item for item in terms.required if item not in _OF_MODELS or not release.paths)
    wanted = verification.Wanted(f"image {name}", sha256, required, terms.clock, release.sboms, terms.environment)
    return _finding("image", name, sha256, verification.judge(evidence.attestations, wanted), evidence)


def _model(release: Release, terms: Terms, files: Mapping[str, bytes], evidence: Evidence, compare: Compare) -> Finding:
    what = ", ".join(release.paths)
    try:
        found = model_signature.read(release.place.signature, files, terms.trusted)
    except Rejection as error:
        return Finding("model", what, "", (f"model {what}: {error}",))
    signed, sha256, name = found.manifest, found.sha256, found.manifest.name or Path(release.paths[0]).name
    required = tuple(
        item
        for item in terms.required
        if item != plan.MODEL_SIGNATURE and not (release.place.image and predicates.is_about_images(item))
    )
    reasons: tuple[str, ...] = ()
    # Where nothing beside the signature is required, what is stated all the same may still speak against the model.
    if required or any(item.statement.is_about(sha256) for item in evidence.attestations):
        wanted = verification.Wanted(f"model {name}", sha256, required, terms.clock, environment=terms.environment)
        reasons = verification.judge(evidence.attestations, wanted)
    differences, unsigned = compare(release.paths, signed)
    reasons += tuple(f"model {name}: {reason}" for reason in differences)
    finding = _finding("model", name, sha256, reasons, evidence)
    stated = (found.evidence, *finding.stated)
    return replace(finding, stated=stated, ignored=signed.ignored, unsigned=unsigned)


def _finding(kind: str, what: str, sha256: str, reasons: tuple[str, ...], evidence: Evidence) -> Finding:
    stated = tuple(item for item in evidence.attestations if item.statement.is_about(sha256))
    read = [(item.statement.predicate_type, item.statement.predicate) for item in stated]
    verdicts = [(kind_, stated_verdict.read(kind_, predicate)) for kind_, predicate in read]
    known = tuple((kind_, verdict) for kind_, verdict in verdicts if verdict is not None)
    return Finding(kind, what, sha256, reasons, stated=stated, verdicts=known)
