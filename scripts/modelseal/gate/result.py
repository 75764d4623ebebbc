"""What a gate concluded, with everything that it rests on. Every rendering is made from one `Result`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Policy, Waiver
from modelseal.gate.statement import Statement
from modelseal.verdict import Verdict

MODEL_SCANNER = "model"


class Decision(StrEnum):
    """What became of a finding."""

    FAILS = "fails"
    WAIVED = "waived"  # somebody answers for it
    NOT_AFFECTED = "not-affected"  # a VEX document says so
    KNOWN = "known"  # in the baseline too, and only new ones fail
    GRACE = "grace"  # published too lately
    UNFIXED = "unfixed"  # no fixed version, and the policy lets those through
    BELOW = "below"  # of a severity that does not fail
    ALLOWED = "allowed"  # in a model: the policy names it
    WARNS = "warns"  # in a model: nobody can tell what it does, and the policy lets that pass


OF_MODELS = frozenset({Decision.ALLOWED, Decision.WARNS})
"""Decisions that only findings in models have."""


class Novelty(StrEnum):
    """How a finding compares with the baseline."""

    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding and what the gate made of it.

    Attributes:
        finding: What was found.
        decision: What became of it.
        reason: Why, as a plain sentence without its full stop: `waived until 2026-12-31 by Ada: never reached`.
            It can repeat texts from outside, so it is escaped like them.
        novelty: None when there is no baseline.
        statement: What a VEX document says of it, whether or not that hides it (`Vex.about`); None when none does.
            `openvex.write` passes it on.
        waiver: The waiver that lets it through; None for every decision but `waived`. `openvex.write` passes it on.
    """

    finding: Finding
    decision: Decision
    reason: str
    novelty: Novelty | None = None
    statement: Statement | None = None
    waiver: Waiver | None = None


@dataclass(frozen=True)
class Fixed:
    """Something that the baseline has and this scan has not."""

    kind: Kind
    id: str
    severity: Severity
    package: str
    version: str


@dataclass(frozen=True)
class Judgement:
    """A verdict and the reasons for it.

    Attributes:
        verdict: `passed` or `failed`.
        findings: Every finding, the worst first.
        fixed: What the baseline had beyond these; None when there is no baseline.
        expired: Waivers whose day has passed; they waived nothing.
        unused: Waivers that met no finding of this image, the expired ones left out.
    """

    verdict: Verdict
    findings: tuple[Judged, ...]
    fixed: tuple[Fixed, ...] | None = None
    expired: tuple[Waiver, ...] = ()
    unused: tuple[Waiver, ...] = ()

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings that fail the gate."""
        return tuple(judged.finding for judged in self.findings if judged.decision is Decision.FAILS)

    def count(self, severity: Severity) -> int:
        """Return how many findings of a severity there are, failing or not."""
        return sum(judged.finding.severity is severity for judged in self.findings)

    def decided(self, decision: Decision) -> int:
        """Return how many findings have a decision."""
        return sum(judged.decision is decision for judged in self.findings)


@dataclass(frozen=True)
class Scanner:
    """The program that looked, by the digest of its executable; of our own scanner that of its rules and readers."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Scanned:
    """One image that was looked into: the image itself, or one platform of an index.

    Attributes:
        platform: `linux/arm64`, for an image that is an index of several; else empty.
        image_id: Digest of its configuration, `sha256:…`.
        digest: Of its manifest, where it has one.
        system: Operating system and release, `debian 12.15`.
        packages: How many packages were looked at.
    """

    platform: str
    image_id: str
    digest: str
    system: str
    packages: int


@dataclass(frozen=True)
class Evidence:
    """What was looked at, with what, and when.

    Attributes:
        name: What the image is called.
        digest: Of the index, for an image that is one; else empty.
        scanned: Each image that was looked into, one or more.
        scanner: What looked.
        scanners: What it looked for: `vuln`, `secret`, `misconfig`, `license`.
        database_updated: When the advisories were collected.
        database_digest: What identifies the database, `sha256:…`; empty when that is not known.
        started: When the scan began.
        finished: When it ended.
        unread: What the scanner could not read, and was allowed not to by the policy.
        without_secrets: Diff ids of layers that the scanner takes for the base image's, and did not search for secrets.
        left_out: Platforms of the index that were not looked into, because nobody asked for them or they are not there.
        attestations: How many entries of the index are statements about images, and no images.
    """

    name: str
    digest: str
    scanned: tuple[Scanned, ...]
    scanner: Scanner
    scanners: tuple[str, ...]
    database_updated: datetime
    database_digest: str
    started: datetime
    finished: datetime
    unread: tuple[str, ...] = ()
    without_secrets: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    attestations: int = 0


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A model's file that was looked into.

    Attributes:
        name: Relative to the model's folder.
        size: In bytes.
        formats: What it is, its own format first, then those of all that is packed in it.
        sha256: Of its bytes, in hexadecimal; empty where nobody asked for it.
    """

    name: str
    size: int
    formats: tuple[str, ...]
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Required:
    """Something that loading a model would run or fetch: one entry of its runtime closure.

    Attributes:
        kind: What sort of thing: `code`, `model`, `adapter`, `tokenizer`, `data`, `package`, `file`.
        reference: Its name as the model gives it.
        revision: The commit, tag or version that the model names; empty when it names none.
        pinned: Whether that cannot come to mean something else.
        path: The file that says so, with its members.
    """

    kind: str
    reference: str
    revision: str
    pinned: bool
    path: str


@dataclass(frozen=True)
class ModelEvidence:
    """What was looked at of a model, with what, and when.

    Attributes:
        name: What the model is called.
        digest: Of its manifest, `sha256:…`, where every file was compared with it; else empty.
        root: The folder that names are relative to, as a path from the current directory; empty for that itself.
        files: Each file that was looked into, one or more.
        requires: What loading the model would run or fetch.
        left_out: Names of files and folders that were not looked into, because somebody said so.
        scanner: What looked.
        started: When the scan began.
        finished: When it ended.
    """

    name: str
    digest: str
    root: str
    files: tuple[ScannedFile, ...]
    requires: tuple[Required, ...]
    left_out: tuple[str, ...]
    scanner: Scanner
    started: datetime
    finished: datetime

    @property
    def scanners(self) -> tuple[str, ...]:
        """What it looked for."""
        return (MODEL_SCANNER,)


@dataclass(frozen=True)
class Result:
    """The whole of it."""

    evidence: Evidence | ModelEvidence
    policy: Policy
    judgement: Judgement
