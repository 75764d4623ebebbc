"""The gate: findings and a policy in, a verdict out, each finding in it with the reason for its part."""

from dataclasses import dataclass
from enum import StrEnum

from modelseal.verdict import Verdict
from modelseal.vulnerabilities.report import Finding, Severity, worst_first


class Decision(StrEnum):
    """Why a finding fails the gate, or why it does not."""

    FAILS = "fails"
    UNFIXED = "unfixed"
    BELOW = "below"


@dataclass(frozen=True)
class Policy:
    """What fails.

    Attributes:
        fail_on: The severities that fail; everything is reported all the same.
        ignore_unfixed: Whether a vulnerability for which there is no fixed version passes.
    """

    fail_on: frozenset[Severity]
    ignore_unfixed: bool


@dataclass(frozen=True)
class Judged:
    """A finding and what the gate made of it."""

    finding: Finding
    decision: Decision


@dataclass(frozen=True)
class Judgement:
    """A verdict with all that it rests on, the worst finding first."""

    verdict: Verdict
    findings: tuple[Judged, ...]

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings that fail the gate."""
        return tuple(judged.finding for judged in self.findings if judged.decision is Decision.FAILS)

    def count(self, severity: Severity) -> int:
        """Return how many findings of a severity there are, failing or not."""
        return sum(judged.finding.severity is severity for judged in self.findings)


def judge(findings: tuple[Finding, ...], policy: Policy) -> Judgement:
    """Judge findings by a policy. The order of findings does not matter; a secret is never unfixed."""
    judged = tuple(Judged(finding, _decide(finding, policy)) for finding in sorted(findings, key=worst_first))
    failed = any(item.decision is Decision.FAILS for item in judged)
    return Judgement(Verdict.FAILED if failed else Verdict.PASSED, judged)


def _decide(finding: Finding, policy: Policy) -> Decision:
    if finding.severity not in policy.fail_on:
        return Decision.BELOW
    if policy.ignore_unfixed and finding.kind == "vulnerability" and not finding.fixed_version:
        return Decision.UNFIXED
    return Decision.FAILS
