"""The gate itself: findings, policy, VEX and a baseline in, a verdict out, each finding in it with its reason.

What becomes of a finding is decided in this order: a VEX document says that the image is not affected, or that it is
fixed; a waiver answers for it; it is below the bar; there is no fix for it; it is too new; the baseline has it too.
What none of these excuses, fails.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from modelseal.gate import model_bars, thresholds, waivers
from modelseal.gate.finding import Finding, Kind, Severity, worst_first
from modelseal.gate.policy import Policy, Waiver
from modelseal.gate.result import Decision, Fixed, Judged, Judgement, Novelty
from modelseal.gate.statement import Statement
from modelseal.gate.wording import brief
from modelseal.verdict import Verdict

if TYPE_CHECKING:
    from modelseal.gate.baseline import Baseline
    from modelseal.gate.licenses import Terms

_CONTRADICTED = "the scanner contradicts itself about this, and the worst of what it says counts"

# Two findings with the same of these are the same thing, said twice.
_identity = attrgetter("kind", "id", "package", "version", "path", "line", "platform", "offset", "subject", "evidence")
_usual_order = attrgetter("severity.rank", "package", "id", "version", "path", "platform")
_Decided = tuple[Decision, str]


class Vex(Protocol):
    """What several VEX documents say."""

    def about(self, finding: Finding, products: Sequence[str]) -> Statement | None:
        """Return the statement that counts for a finding in an image with these package URLs."""


@dataclass(frozen=True)
class _Worst:
    """The worst in several reports of the same thing: no date where one has none, as that gives no grace."""

    severities: tuple[Severity, ...]
    fixed_version: str
    published: datetime | None


@dataclass(frozen=True)
class _Bench:
    """All that a finding is judged by."""

    bars: thresholds.Bars
    models: model_bars.ModelBars
    waivers: waivers.Index
    vex: Vex | None
    products: tuple[str, ...]
    terms: "Terms | None"
    baseline: "Baseline | None"
    new_only: bool
    now: datetime


def judge(  # noqa: PLR0913 # each is another source of the verdict
    findings: Iterable[Finding],
    policy: Policy,
    *,
    image: str,
    today: datetime,
    vex: Vex | None = None,
    products: Sequence[str] = (),
    baseline: "Baseline | None" = None,
    looked_for: Collection[Kind] = tuple(Kind),
) -> Judgement:
    """Judge findings. The order of findings, waivers and statements does not matter; equal findings count once.

    Where the scanner contradicts itself about a finding, each of its severities is tried, with a fix if it names one
    and with the earliest publication: it fails when any of them does. So another finding never helps a verdict.

    Args:
        findings: Everything that the scanner found.
        policy: What fails, and what is waived.
        image: What the image is called, for waivers that name one; empty for a model.
        today: The current time, with its time zone. A waiver counts until its last day in UTC has ended.
        vex: What VEX documents say; about vulnerabilities only.
        products: The image's own package URLs, by which VEX documents name it.
        baseline: An earlier run's findings.
        looked_for: The kinds that the scanner looked for: others in the baseline are not taken for fixed.

    Raises:
        InputError: The policy's licences cannot be understood.
    """
    if today.tzinfo is None:
        raise ValueError(today)
    now = today.astimezone(UTC)
    ordered = _ordered(findings)
    bench = _Bench(
        thresholds.Bars(policy), model_bars.ModelBars(policy),
        waivers.Index(policy.waivers, image=image, day=now.date()), vex, tuple(products), _terms(policy), baseline,
        policy.fail_on_new_only, now,
    )  # fmt: skip
    contradictions = _contradictions(ordered, now)
    used: set[Waiver] = set()
    judged = tuple(_judge(finding, contradictions.get(_identity(finding)), bench, used) for finding in ordered)
    failed = any(item.decision is Decision.FAILS for item in judged)
    return Judgement(
        verdict=Verdict.FAILED if failed else Verdict.PASSED,
        findings=judged,
        fixed=_fixed(ordered, baseline, looked_for),
        expired=bench.waivers.expired,
        unused=tuple(waiver for waiver in bench.waivers.valid if waiver not in used),
    )


def _ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Sort, each once. Few findings need the whole of `worst_first` to be told apart, and it is slow."""
    roughly = sorted(dict.fromkeys(findings), key=_usual_order)
    groups = (list(group) for _, group in groupby(roughly, key=_usual_order))
    return [finding for group in groups for finding in (sorted(group, key=worst_first) if group[1:] else group)]


def _contradictions(findings: list[Finding], now: datetime) -> dict[object, _Worst]:
    """Return what is worst in all that the scanner says about a thing, for those that it reports several times."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_identity(finding), []).append(finding)
    return {identity: _worst(group, now) for identity, group in groups.items() if len(group) > 1}


def _worst(alike: Sequence[Finding], now: datetime) -> _Worst:
    dates = [finding.published for finding in alike if finding.published is not None and finding.published <= now]
    return _Worst(
        severities=tuple(dict.fromkeys(finding.severity for finding in alike)),
        fixed_version=next((finding.fixed_version for finding in alike if finding.fixed_version), ""),
        published=min(dates) if len(dates) == len(alike) else None,
    )


def _judge(finding: Finding, worst: _Worst | None, bench: _Bench, used: set[Waiver]) -> Judged:
    novelty = None
    if bench.baseline is not None:
        novelty = Novelty.KNOWN if bench.baseline.has(finding) else Novelty.NEW
    matching = bench.waivers.matching(finding)
    used.update(matching.valid)
    statement = None
    if bench.vex is not None and finding.kind is Kind.VULNERABILITY:
        statement = bench.vex.about(finding, bench.products)
    decision, reason = (
        _by_vex(statement)
        or waivers.decide(matching, bench.bars.source)
        or _by_the_worst(finding, worst, bench, novelty)
        or _by_policy(finding, bench, novelty)
    )
    if decision is Decision.FAILS:
        reason += waivers.lapsed(matching, bench.bars.source) + _objection(statement)
    waiver = matching.valid[0] if decision is Decision.WAIVED else None
    return Judged(finding, decision, reason, novelty, statement, waiver)


def _by_vex(statement: Statement | None) -> _Decided | None:
    if statement is None or not statement.status.hides:
        return None
    return Decision.NOT_AFFECTED, brief(statement.reason)


def _objection(statement: Statement | None) -> str:
    return "" if statement is None else f"; {brief(statement.reason)}"


def _by_the_worst(finding: Finding, worst: _Worst | None, bench: _Bench, novelty: Novelty | None) -> _Decided | None:
    """Return that a finding fails, when it does with the worst that the scanner says of it elsewhere."""
    if worst is None:
        return None
    for severity in worst.severities:
        tried = replace(finding, severity=severity, fixed_version=worst.fixed_version, published=worst.published)
        decision, reason = _by_policy(tried, bench, novelty)
        if decision is Decision.FAILS:
            own = _by_policy(finding, bench, novelty)
            return own if own[0] is Decision.FAILS else (decision, f"{reason}; {_CONTRADICTED}")
    return None


def _by_policy(finding: Finding, bench: _Bench, novelty: Novelty | None) -> _Decided:
    if finding.kind in (Kind.LICENSE, Kind.MODEL):
        return _by_license(finding, bench) if finding.kind is Kind.LICENSE else bench.models.decide(finding)
    bar = bench.bars.of(finding)
    if finding.severity not in bar.fail_on:
        return Decision.BELOW, bar.below[finding.severity]
    if finding.kind is Kind.VULNERABILITY:
        if bar.ignore_unfixed and not finding.fixed_version:
            return Decision.UNFIXED, bar.unfixed
        if days := _grace(finding, bar, bench.now):
            return Decision.GRACE, days
        if bench.new_only and novelty is Novelty.KNOWN:
            return Decision.KNOWN, "in the baseline too, and the policy fails on new vulnerabilities only"
    return Decision.FAILS, bar.fails[finding.severity]


def _grace(finding: Finding, bar: thresholds.Bar, now: datetime) -> str:
    days = bar.grace_days.get(finding.severity, 0)
    published = finding.published
    # One from the future is a mistake or a trick: it could be put off for ever.
    if not days or published is None or not published <= now < published + timedelta(days=days):
        return ""
    end = published.astimezone(UTC) + timedelta(days=days)
    return (
        f"published on {published.astimezone(UTC):%Y-%m-%d}: {finding.severity} has {days} days of grace{bar.where}, "
        f"until {end:%Y-%m-%d %H:%M} UTC"
    )


def _by_license(finding: Finding, bench: _Bench) -> _Decided:
    if bench.terms is None:
        return Decision.BELOW, "only reported: the policy neither denies nor allows any licence"
    refused, reason = bench.terms.judge(finding.id)
    return (Decision.FAILS if refused else Decision.BELOW), reason


def _terms(policy: Policy) -> "Terms | None":
    if not policy.licenses.denied and not policy.licenses.allowed:
        return None
    from modelseal.gate import licenses  # noqa: PLC0415 # it loads every licence that SPDX knows

    return licenses.Terms(policy.licenses, source=policy.source)


def _fixed(
    findings: list[Finding], baseline: "Baseline | None", looked_for: Collection[Kind]
) -> tuple[Fixed, ...] | None:
    return None if baseline is None else baseline.beyond(findings, looked_for)
