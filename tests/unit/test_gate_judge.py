import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_results
from modelseal.errors import InputError
from modelseal.gate import baseline, judge
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Licenses, Policy, Rule, Threshold, Waiver
from modelseal.gate.result import Decision, Judged, Judgement, Novelty
from modelseal.gate.statement import Statement, Status
from modelseal.verdict import Verdict

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY = NOW.date()
IMAGE = "ghcr.io/team/fraud:1.4"
CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN = Severity
FAILS, WAIVED, NOT_AFFECTED, KNOWN, GRACE, UNFIXED, BELOW = gate_results.OF_IMAGES
PILLOW = Finding(
    kind=Kind.VULNERABILITY,
    id="CVE-1",
    severity=HIGH,
    package="pillow",
    version="10.0.0",
    purl="pkg:pypi/pillow@10.0.0",
    type="python-pkg",
    path="usr/lib/python3/pillow/METADATA",
    fixed_version="10.0.1",
    aliases=("GHSA-1",),
    published=NOW - timedelta(days=100),
)
SECRET = gate_results.secret()
MISCONFIGURATION = gate_results.misconfiguration()
WAIVER = Waiver("CVE-1", "never reached", "Ada", TODAY, line=14)


def policy(**fields: Any) -> Policy:
    """Return a policy; `fail_on`, `ignore_unfixed` and `grace_days` are the vulnerabilities'."""
    own = {name: fields.pop(name) for name in ("fail_on", "ignore_unfixed", "grace_days") if name in fields}
    usual = {kind: Threshold() for kind in Kind if kind not in (Kind.LICENSE, Kind.MODEL)}
    usual |= {Kind.VULNERABILITY: Threshold(**own)} | fields.pop("others", {})
    return Policy(**{"thresholds": tuple(usual.items())} | fields)


def waived(**fields: Any) -> Policy:
    return policy(waivers=(replace(WAIVER, **fields),))


def on(*severities: Severity) -> frozenset[Severity]:
    return frozenset(severities)


def published(**ago: float) -> Finding:
    return replace(PILLOW, published=NOW - timedelta(**ago))


@dataclass(frozen=True)
class Says:
    """VEX documents that say something about these ids."""

    statements: tuple[tuple[str, Statement], ...]

    def about(self, finding: Finding, products: Sequence[str]) -> Statement | None:
        del products
        return dict(self.statements).get(finding.id)


def says(status: Status, id_: str = "CVE-1") -> Says:
    statement = Statement(
        vulnerability=id_, status=status, author="Grace", document="vendor.json", timestamp=NOW,
        justification="vulnerable_code_not_present" if status is Status.NOT_AFFECTED else "",
    )  # fmt: skip
    return Says(((id_, statement),))


def decide(finding: Finding, own: Policy, **about: Any) -> Judged:
    judgement = judge.judge([finding], own, image=IMAGE, today=about.pop("today", NOW), **about)
    assert (judgement.verdict is Verdict.FAILED) == (judgement.findings[0].decision is FAILS)
    return judgement.findings[0]


NEW_ONLY = {"fail_on_new_only": True}
WEEK = {"grace_days": ((HIGH, 7),)}
SAME = baseline.of_findings(IMAGE, [PILLOW])
DEBIAN = replace(PILLOW, type="debian", purl="pkg:deb/debian/linux-libc-dev@6.1?arch=amd64", path="debian 12.15")
LICENSE = gate_results.license_()
CASES: list[tuple[str, Finding, Policy, dict[str, Any], Decision]] = [
    # --- the threshold
    ("HIGH fails without a policy", PILLOW, Policy(), {}, FAILS),
    ("CRITICAL fails without a policy", replace(PILLOW, severity=CRITICAL), Policy(), {}, FAILS),
    ("MEDIUM does not", replace(PILLOW, severity=MEDIUM), Policy(), {}, BELOW),
    ("LOW does not", replace(PILLOW, severity=LOW), Policy(), {}, BELOW),
    ("unrated does not by default", replace(PILLOW, severity=UNKNOWN), Policy(), {}, BELOW),
    ("unrated fails if named", replace(PILLOW, severity=UNKNOWN), policy(fail_on=on(UNKNOWN)), {}, FAILS),
    ("only what is named", replace(PILLOW, severity=CRITICAL), policy(fail_on=on(HIGH)), {}, BELOW),
    ("nothing is named", PILLOW, policy(fail_on=on()), {}, BELOW),
    ("a secret has its own", SECRET, policy(fail_on=on()), {}, FAILS),
    ("a secret below it", SECRET, policy(others={Kind.SECRET: Threshold(on(HIGH))}), {}, BELOW),
    ("a misconfiguration has its own", MISCONFIGURATION, policy(fail_on=on()), {}, FAILS),
    ("one below it", MISCONFIGURATION, policy(others={Kind.MISCONFIGURATION: Threshold(on(CRITICAL))}), {}, BELOW),
    # --- without a fix
    ("unfixed fails by default", replace(PILLOW, fixed_version=""), Policy(), {}, FAILS),
    ("unfixed is let through", replace(PILLOW, fixed_version=""), policy(ignore_unfixed=True), {}, UNFIXED),
    ("fixed is not", PILLOW, policy(ignore_unfixed=True), {}, FAILS),
    ("the status alone is no fix", replace(PILLOW, fixed_version="", status="fixed"), policy(ignore_unfixed=True), {},
     UNFIXED),
    ("a version is one, whatever the status", replace(PILLOW, status="affected"), policy(ignore_unfixed=True), {},
     FAILS),
    ("a secret is never unfixed", SECRET, policy(others={Kind.SECRET: Threshold(ignore_unfixed=True)}), {}, FAILS),
    ("nor is a misconfiguration", MISCONFIGURATION,
     policy(others={Kind.MISCONFIGURATION: Threshold(ignore_unfixed=True)}), {}, FAILS),
    # --- grace
    ("lately published", published(days=6), policy(**WEEK), {}, GRACE),
    ("to the minute", published(days=6, hours=23, minutes=59), policy(**WEEK), {}, GRACE),
    ("and not longer", published(days=7), policy(**WEEK), {}, FAILS),
    ("of another severity", replace(published(days=1), severity=CRITICAL), policy(**WEEK), {}, FAILS),
    ("no grace by default", published(minutes=1), Policy(), {}, FAILS),
    ("no days", published(minutes=1), policy(grace_days=((HIGH, 0),)), {}, FAILS),
    ("date not known", replace(PILLOW, published=None), policy(**WEEK), {}, FAILS),
    ("from the future", published(minutes=-1), policy(**WEEK), {}, FAILS),
    ("in another time zone",
     replace(PILLOW, published=(NOW - timedelta(days=6)).astimezone(timezone(timedelta(hours=9)))),
     policy(**WEEK), {}, GRACE),
    ("a secret has none", replace(SECRET, published=NOW - timedelta(days=1)),
     policy(others={Kind.SECRET: Threshold(grace_days=((CRITICAL, 7),))}), {}, FAILS),
    ("also with an expired waiver", published(days=1), replace(waived(expires=TODAY - timedelta(1)),
     thresholds=policy(**WEEK).thresholds), {}, GRACE),
    # --- waivers
    ("on its last day", PILLOW, waived(), {}, WAIVED),
    ("in its last minute", PILLOW, waived(), {"today": datetime(2026, 6, 1, 23, 59, 59, tzinfo=UTC)}, WAIVED),
    ("after it", PILLOW, waived(), {"today": datetime(2026, 6, 2, tzinfo=UTC)}, FAILS),
    ("UTC counts: still the day", PILLOW, waived(),
     {"today": datetime(2026, 6, 2, 8, tzinfo=timezone(timedelta(hours=9)))}, WAIVED),
    ("UTC counts: over already", PILLOW, waived(),
     {"today": datetime(2026, 6, 1, 20, tzinfo=timezone(timedelta(hours=-5)))}, FAILS),
    ("by an alias", PILLOW, waived(id="GHSA-1"), {}, WAIVED),
    ("another id", PILLOW, waived(id="CVE-2"), {}, FAILS),
    ("an id that only begins so", replace(PILLOW, id="CVE-11"), waived(), {}, FAILS),
    ("in another case", PILLOW, waived(id="cve-1"), {}, FAILS),
    ("the package", PILLOW, waived(package="pkg:pypi/pillow"), {}, WAIVED),
    ("the version", PILLOW, waived(package="pkg:pypi/pillow@10.0.0"), {}, WAIVED),
    ("another version", PILLOW, waived(package="pkg:pypi/pillow@10.0.1"), {}, FAILS),
    ("another package", PILLOW, waived(package="pkg:pypi/pillow-heif"), {}, FAILS),
    ("no prefix", replace(PILLOW, purl="pkg:pypi/pillow-heif@1"), waived(package="pkg:pypi/pillow"), {}, FAILS),
    ("a package without URL", replace(PILLOW, purl=""), waived(package="pkg:pypi/pillow"), {}, FAILS),
    ("the path", PILLOW, waived(path="usr/lib/**"), {}, WAIVED),
    ("another path", PILLOW, waived(path="srv/**"), {}, FAILS),
    ("the image", PILLOW, waived(image="ghcr.io/team/*"), {}, WAIVED),
    ("another image", PILLOW, waived(image="ghcr.io/other/*"), {}, FAILS),
    ("all of it", PILLOW, waived(package="pkg:pypi/pillow", path="usr/**", image="ghcr.io/team/fraud"), {}, WAIVED),
    ("all but one", PILLOW, waived(package="pkg:pypi/pillow", path="usr/**", image="ghcr.io/team/other"), {}, FAILS),
    ("a secret", SECRET, waived(id="aws-access-key-id", path="srv/credentials"), {}, WAIVED),
    ("below the bar too", replace(PILLOW, severity=LOW), waived(), {}, WAIVED),
    # --- VEX
    ("not affected", PILLOW, Policy(), {"vex": says(Status.NOT_AFFECTED)}, NOT_AFFECTED),
    ("fixed", PILLOW, Policy(), {"vex": says(Status.FIXED)}, NOT_AFFECTED),
    ("affected", PILLOW, Policy(), {"vex": says(Status.AFFECTED)}, FAILS),
    ("being looked into", PILLOW, Policy(), {"vex": says(Status.UNDER_INVESTIGATION)}, FAILS),
    ("another id in VEX", PILLOW, Policy(), {"vex": says(Status.NOT_AFFECTED, "CVE-2")}, FAILS),
    ("VEX before waivers", PILLOW, waived(), {"vex": says(Status.NOT_AFFECTED)}, NOT_AFFECTED),
    ("VEX says nothing about secrets", SECRET, Policy(), {"vex": says(Status.FIXED, SECRET.id)}, FAILS),
    ("nor about licences", LICENSE, policy(licenses=Licenses(("AGPL-3.0-only",))),
     {"vex": says(Status.FIXED, LICENSE.id)}, FAILS),
    # --- baseline
    ("known, and only new ones fail", PILLOW, policy(**NEW_ONLY), {"baseline": SAME}, KNOWN),
    ("known, and all fail", PILLOW, Policy(), {"baseline": SAME}, FAILS),
    ("only new ones, but nothing to compare with", PILLOW, policy(**NEW_ONLY), {}, FAILS),
    ("new", replace(PILLOW, id="CVE-2"), policy(**NEW_ONLY), {"baseline": SAME}, FAILS),
    ("upgraded, moved, and as vulnerable",
     replace(PILLOW, purl="pkg:pypi/pillow@10.0.2?x=y", version="10.0.2", path="a"),
     policy(**NEW_ONLY), {"baseline": SAME}, KNOWN),
    ("a secret that was there before", SECRET, policy(**NEW_ONLY),
     {"baseline": baseline.of_findings(IMAGE, [SECRET])}, FAILS),
    # --- rules
    ("a rule by type", DEBIAN, policy(rules=(Rule(types=("debian",), fail_on=on(CRITICAL)),)), {}, BELOW),
    ("another type", PILLOW, policy(rules=(Rule(types=("debian",), fail_on=on(CRITICAL)),)), {}, FAILS),
    ("a rule by path", PILLOW, policy(rules=(Rule(paths=("usr/lib/**",), fail_on=on()),)), {}, BELOW),
    ("another path in a rule", PILLOW, policy(rules=(Rule(paths=("usr/share/**",), fail_on=on()),)), {}, FAILS),
    ("a rule by package", DEBIAN, policy(rules=(Rule(packages=("pkg:deb/debian/linux-libc-dev",), fail_on=on()),)), {},
     BELOW),
    ("by normalised name", replace(PILLOW, purl="pkg:pypi/py-yaml@1"),
     policy(rules=(Rule(packages=("pkg:pypi/Py_YAML",), fail_on=on()),)), {}, BELOW),
    ("by every name", replace(PILLOW, purl="pkg:npm/%40scope/x@1"),
     policy(rules=(Rule(packages=("pkg:npm/%40scope/*",), fail_on=on()),)), {}, BELOW),
    ("not every name", replace(PILLOW, purl="pkg:npm/%40other/x@1"),
     policy(rules=(Rule(packages=("pkg:npm/%40scope/*",), fail_on=on()),)), {}, FAILS),
    ("all its lists", DEBIAN, policy(rules=(Rule(types=("debian",), paths=("srv/**",), fail_on=on()),)), {}, FAILS),
    ("the first rule counts", PILLOW, policy(rules=(Rule(fail_on=on(HIGH)), Rule(fail_on=on()))), {}, FAILS),
    ("and no other", PILLOW, policy(rules=(Rule(fail_on=on()), Rule(fail_on=on(HIGH)))), {}, BELOW),
    ("stricter", replace(PILLOW, severity=LOW), policy(rules=(Rule(fail_on=on(LOW)),)), {}, FAILS),
    ("what it leaves out is as before", PILLOW, policy(rules=(Rule(ignore_unfixed=True),)), {}, FAILS),
    ("its unfixed", replace(PILLOW, fixed_version=""), policy(rules=(Rule(ignore_unfixed=True),)), {}, UNFIXED),
    ("unfixed forbidden again", replace(PILLOW, fixed_version=""),
     policy(ignore_unfixed=True, rules=(Rule(ignore_unfixed=False),)), {}, FAILS),
    ("its grace", published(days=1), policy(rules=(Rule(grace_days=((HIGH, 2),)),)), {}, GRACE),
    ("grace taken away", published(days=1), policy(**WEEK, rules=(Rule(grace_days=()),)), {}, FAILS),
    ("a rule is not for secrets", SECRET, policy(rules=(Rule(fail_on=on()),)), {}, FAILS),
    # --- licences
    ("only reported", LICENSE, Policy(), {}, BELOW),
    ("denied", LICENSE, policy(licenses=Licenses(("AGPL-3.0-only",))), {}, FAILS),
    ("not allowed", LICENSE, policy(licenses=Licenses((), ("MIT",))), {}, FAILS),
    ("allowed", LICENSE, policy(licenses=Licenses((), ("AGPL-3.0-only",))), {}, BELOW),
    ("waived", LICENSE, waived(id="AGPL-3.0-only"), {}, WAIVED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("finding", "own", "about", "decision"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_decides(finding: Finding, own: Policy, about: dict[str, Any], decision: Decision) -> None:
    assert decide(finding, own, **about).decision is decision


def test_a_third_of_the_cases_must_fail() -> None:
    assert len(CASES) >= 60
    assert sum(case[-1] is FAILS for case in CASES) >= len(CASES) / 3


@pytest.mark.parametrize(
    ("finding", "own", "about", "reason"),
    [
        (PILLOW, Policy(), {}, "HIGH fails: fail-on is CRITICAL, HIGH"),
        (PILLOW, policy(source="p.yml"), {}, "HIGH fails: fail-on is CRITICAL, HIGH in p.yml"),
        (PILLOW, policy(source="p.yml", rules=(Rule(fail_on=on(), line=3),)), {},
         "HIGH does not fail: fail-on is nothing by the rule in line 3 of p.yml"),
        (PILLOW, replace(waived(), source="p.yml"), {},
         "waived until 2026-06-01 by Ada (p.yml, line 14): never reached"),
        (PILLOW, waived(expires=date(2026, 5, 1)), {},
         "HIGH fails: fail-on is CRITICAL, HIGH; its waiver by Ada expired on 2026-05-01 (line 14)"),
        (PILLOW, Policy(), {"vex": says(Status.NOT_AFFECTED)},
         "not affected says Grace in vendor.json: vulnerable code not present"),
        (PILLOW, Policy(), {"vex": says(Status.AFFECTED)},
         "HIGH fails: fail-on is CRITICAL, HIGH; affected says Grace in vendor.json"),
        (published(days=1), policy(**WEEK), {},
         "published on 2026-05-31: HIGH has 7 days of grace, until 2026-06-07 12:00 UTC"),
        (replace(PILLOW, fixed_version=""), policy(ignore_unfixed=True), {},
         "no version fixes it yet, and ignore-unfixed is true"),
        (PILLOW, policy(**NEW_ONLY), {"baseline": SAME},
         "in the baseline too, and the policy fails on new vulnerabilities only"),
        (LICENSE, Policy(), {}, "only reported: the policy neither denies nor allows any licence"),
        (LICENSE, policy(licenses=Licenses(("AGPL-3.0-only",))), {}, "AGPL-3.0-only is denied"),
    ],
)  # fmt: skip
def test_says_why(finding: Finding, own: Policy, about: dict[str, Any], reason: str) -> None:
    assert decide(finding, own, **about).reason == reason


def test_reasons_are_one_short_line_whatever_they_repeat() -> None:
    long = "a\nb " * 500_000
    reason = decide(PILLOW, waived(reason=long, owner=long)).reason
    assert "\n" not in reason
    assert len(reason) < 1000


def test_of_several_waivers_the_one_that_ends_last_counts_and_all_are_used() -> None:
    later = replace(WAIVER, expires=TODAY + timedelta(days=30), owner="Bo")
    judgement = judge.judge([PILLOW], policy(waivers=(WAIVER, later)), image=IMAGE, today=NOW)
    assert judgement.findings[0].waiver == later
    assert judgement.unused == judgement.expired == ()


def test_expired_waivers_are_named_whether_or_not_they_match_and_are_not_unused() -> None:
    old = [replace(WAIVER, expires=TODAY - timedelta(days=1), id=id_) for id_ in ("CVE-1", "CVE-9")]
    idle = replace(WAIVER, id="CVE-8")
    judgement = judge.judge([PILLOW], policy(waivers=(*old, idle)), image=IMAGE, today=NOW)
    assert set(judgement.expired) == set(old)
    assert judgement.unused == (idle,)
    assert judgement.verdict is Verdict.FAILED


def test_a_waiver_of_what_vex_says_is_not_affected_is_used() -> None:
    judgement = judge.judge([PILLOW], waived(), image=IMAGE, today=NOW, vex=says(Status.NOT_AFFECTED))
    assert judgement.unused == ()


def test_novelty_and_what_is_fixed() -> None:
    new = replace(PILLOW, id="CVE-2")
    gone = replace(PILLOW, id="CVE-3", severity=CRITICAL)
    before = baseline.of_findings(IMAGE, [PILLOW, gone, SECRET])
    judgement = judge.judge(
        [PILLOW, new], Policy(), image=IMAGE, today=NOW, baseline=before, looked_for={Kind.VULNERABILITY}
    )
    assert {item.finding.id: item.novelty for item in judgement.findings} == {
        "CVE-1": Novelty.KNOWN,
        "CVE-2": Novelty.NEW,
    }
    assert [item.id for item in judgement.fixed or ()] == ["CVE-3"]  # nobody looked for the secret
    both = judge.judge([PILLOW], Policy(), image=IMAGE, today=NOW, baseline=before)
    assert {item.id for item in both.fixed or ()} == {"CVE-3", "aws-access-key-id"}


@pytest.mark.parametrize(
    "others",
    [
        [replace(PILLOW, severity=LOW), replace(PILLOW, severity=CRITICAL, fixed_version="")],
        [replace(PILLOW, severity=CRITICAL, fixed_version=""), replace(PILLOW, severity=LOW, title="x")],
        [replace(published(days=1), severity=CRITICAL), replace(published(days=300), severity=LOW)],
        [replace(published(days=1), severity=CRITICAL), replace(PILLOW, published=None, severity=LOW)],
        [replace(published(days=1), severity=CRITICAL), replace(published(days=-1), severity=LOW)],
    ],
)
def test_what_contradicts_itself_is_judged_by_the_worst_of_it(others: list[Finding]) -> None:
    own = policy(fail_on=on(CRITICAL), ignore_unfixed=True, grace_days=((CRITICAL, 7),))
    assert not any(judge.judge([item], own, image=IMAGE, today=NOW).failing for item in others)
    judgement = judge.judge(others, own, image=IMAGE, today=NOW)
    assert len(judgement.failing) == len(judgement.findings) == 2
    assert all("contradicts itself" in item.reason for item in judgement.findings)


def test_a_worse_severity_beside_it_does_not_save_a_finding() -> None:
    own = policy(fail_on=on(HIGH))
    both = [PILLOW, replace(PILLOW, severity=CRITICAL)]
    assert judge.judge(both, own, image=IMAGE, today=NOW).verdict is Verdict.FAILED


def test_time_zone_must_be_known() -> None:
    with pytest.raises(ValueError, match="2026"):
        judge.judge([], Policy(), image=IMAGE, today=datetime(2026, 6, 1))  # noqa: DTZ001 -- the mistake


def test_denied_license_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(InputError):
        decide(LICENSE, policy(licenses=Licenses(("AGPL-3.0-onyl",))))


def test_no_findings_pass() -> None:
    assert judge.judge([], Policy(), image=IMAGE, today=NOW) == Judgement(Verdict.PASSED, ())


# --- properties --------------------------------------------------------------------------------------------------

PURLS = ("", "pkg:pypi/p@1", "pkg:pypi/p@2", "pkg:pypi/p-q@1", "pkg:deb/debian/p@1?arch=amd64")
FINDINGS = st.builds(
    Finding,
    kind=st.sampled_from([Kind.VULNERABILITY, Kind.VULNERABILITY, Kind.SECRET, Kind.MISCONFIGURATION, Kind.LICENSE]),
    id=st.sampled_from(["MIT", "GPL-3.0-only", "CVE-3"]),
    severity=st.sampled_from(Severity),
    package=st.sampled_from("pq"),
    version=st.sampled_from("12"),
    purl=st.sampled_from(PURLS),
    type=st.sampled_from(["debian", "python-pkg"]),
    path=st.sampled_from(["usr/a", "srv/a"]),
    fixed_version=st.sampled_from(["", "2"]),
    aliases=st.sampled_from([(), ("GHSA-1",)]),
    published=st.sampled_from([None, *(NOW - timedelta(days=days) for days in (-1, 1, 5, 50))]),
)
MANY = st.lists(FINDINGS, max_size=7)
SEVERITIES = st.frozensets(st.sampled_from(Severity))
GRACES = st.sampled_from([(), ((HIGH, 3),), ((CRITICAL, 10), (LOW, 2))])
THRESHOLDS = st.builds(Threshold, fail_on=SEVERITIES, ignore_unfixed=st.booleans(), grace_days=GRACES)
PATTERNS = ("pkg:pypi/p", "pkg:pypi/p@1", "pkg:deb/debian/p")
GLOBS = ("usr/**", "srv/a")
IMAGES = ("ghcr.io/team/*", "ghcr.io/other/*")
RULES = st.builds(
    Rule,
    types=st.lists(st.sampled_from(["debian", "jar"]), max_size=2).map(tuple),
    paths=st.lists(st.sampled_from(GLOBS), max_size=2).map(tuple),
    packages=st.lists(st.sampled_from(PATTERNS), max_size=2).map(tuple),
    fail_on=st.none() | SEVERITIES,
    ignore_unfixed=st.none() | st.booleans(),
    grace_days=st.none() | GRACES,
)
WAIVERS = st.builds(
    Waiver,
    id=st.sampled_from(["MIT", "CVE-3", "GHSA-1", "CVE"]),
    reason=st.just("r"),
    owner=st.sampled_from("ab"),
    expires=st.integers(-2, 2).map(lambda days: TODAY + timedelta(days=days)),
    package=st.none() | st.sampled_from(PATTERNS),
    path=st.none() | st.sampled_from(GLOBS),
    image=st.none() | st.sampled_from(IMAGES),
)
POLICIES = st.builds(
    lambda own, secret, misconfiguration, **rest: Policy(
        ((Kind.VULNERABILITY, own), (Kind.SECRET, secret), (Kind.MISCONFIGURATION, misconfiguration)), **rest
    ),
    THRESHOLDS,
    THRESHOLDS,
    THRESHOLDS,
    rules=st.lists(RULES, max_size=3).map(tuple),
    waivers=st.lists(WAIVERS, max_size=4).map(tuple),
    licenses=st.sampled_from([Licenses(), Licenses(("GPL-3.0-only",)), Licenses((), ("MIT",))]),
    fail_on_new_only=st.booleans(),
)
HIDING = [(id_, says(status, id_).statements[0][1]) for id_ in ("CVE-3", "MIT") for status in list(Status)[2:]]
VEXES = st.none() | st.lists(st.sampled_from(HIDING), max_size=2).map(lambda found: Says(tuple(found)))
BASELINES = st.none() | MANY.map(lambda findings: baseline.of_findings(IMAGE, findings))
few = settings(max_examples=100, deadline=None)


def run(findings: Sequence[Finding], own: Policy, vex: Says | None, before: baseline.Baseline | None) -> Judgement:
    return judge.judge(findings, own, image=IMAGE, today=NOW, vex=vex, baseline=before)


@few
@given(MANY, FINDINGS, POLICIES, VEXES, BASELINES)
def test_another_finding_never_turns_failed_into_passed(
    findings: list[Finding], more: Finding, own: Policy, vex: Says | None, before: baseline.Baseline | None
) -> None:
    first, second = run(findings, own, vex, before), run([*findings, more], own, vex, before)
    assert set(first.failing) <= set(second.failing)
    assert not (first.verdict is Verdict.FAILED and second.verdict is Verdict.PASSED)


@few
@given(MANY, POLICIES, VEXES, BASELINES, st.randoms(use_true_random=False))
@pytest.mark.slow
def test_order_never_matters(
    findings: list[Finding], own: Policy, vex: Says | None, before: baseline.Baseline | None, chance: Any
) -> None:
    def mixed(items: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(chance.sample(items, len(items)))

    rules = tuple(
        replace(rule, types=mixed(rule.types), paths=mixed(rule.paths), packages=mixed(rule.packages))
        for rule in own.rules
    )
    other = replace(own, rules=rules, waivers=mixed(own.waivers), thresholds=mixed(own.thresholds))
    said = None if vex is None else Says(tuple(sorted(dict(vex.statements).items(), reverse=True)))
    assert run(findings, own, vex, before) == run(mixed(findings), other, said, before)


@few
@given(MANY, POLICIES, VEXES, BASELINES)
@pytest.mark.slow
def test_all_is_reported_once_and_the_verdict_is_what_the_findings_say(
    findings: list[Finding], own: Policy, vex: Says | None, before: baseline.Baseline | None
) -> None:
    judgement = run(findings + findings[:2], own, vex, before)
    assert sorted(map(repr, set(findings))) == sorted(repr(item.finding) for item in judgement.findings)
    ranks = [item.finding.severity.rank for item in judgement.findings]
    assert ranks == sorted(ranks)
    assert (judgement.verdict is Verdict.FAILED) == any(item.decision is FAILS for item in judgement.findings)
    assert all(item.reason for item in judgement.findings)
    assert all((item.novelty is None) == (before is None) for item in judgement.findings)
    assert set(judgement.expired) == {waiver for waiver in own.waivers if waiver.expires < TODAY}
    assert not set(judgement.expired) & set(judgement.unused)


def naively_waives(waiver: Waiver, finding: Finding) -> bool:
    """Match as the documentation says, over the few values of these tests, and by other means."""
    if waiver.expires < TODAY or waiver.id not in {finding.id, *finding.aliases}:
        return False
    if waiver.image and not fnmatchcase(IMAGE.partition(":")[0], waiver.image):
        return False
    if waiver.path and not fnmatchcase(finding.path, waiver.path.replace("**", "*")):
        return False
    plain = finding.purl.partition("?")[0]
    return waiver.package is None or waiver.package in {plain, plain.partition("@")[0]}


@few
@given(MANY, POLICIES)
@pytest.mark.slow
def test_a_waiver_never_hides_more_than_it_names(findings: list[Finding], own: Policy) -> None:
    judgement = run(findings, own, None, None)
    for item in judgement.findings:
        naming = [waiver for waiver in own.waivers if naively_waives(waiver, item.finding)]
        assert (item.decision is WAIVED) == bool(naming)
        assert (item.waiver in naming) if naming else item.waiver is None
    used = {waiver for waiver in own.waivers if any(naively_waives(waiver, finding) for finding in findings)}
    assert set(judgement.unused) == {waiver for waiver in own.waivers if waiver.expires >= TODAY} - used
    without = run(findings, replace(own, waivers=()), None, None)
    hidden = set(without.failing) - set(judgement.failing)
    assert hidden <= {item.finding for item in judgement.findings if item.decision is WAIVED}


def widened(own: Policy, more: Severity) -> Policy:
    wider = ((kind, replace(item, fail_on=item.fail_on | {more})) for kind, item in own.thresholds)
    return replace(own, thresholds=tuple(wider))


@few
@given(MANY, POLICIES, VEXES, BASELINES)
@pytest.mark.slow
def test_less_leniency_never_lets_more_through(
    findings: list[Finding], own: Policy, vex: Says | None, before: baseline.Baseline | None
) -> None:
    failing = set(run(findings, own, vex, before).failing)
    for stricter in (
        *(replace(own, waivers=tuple(waiver for waiver in own.waivers if waiver != taken)) for taken in own.waivers),
        replace(own, fail_on_new_only=False),
        replace(own, thresholds=tuple((kind, replace(item, grace_days=())) for kind, item in own.thresholds)),
        replace(own, thresholds=tuple((kind, replace(item, ignore_unfixed=False)) for kind, item in own.thresholds)),
        *(widened(own, more) for more in Severity),
    ):
        assert failing <= set(run(findings, stricter, vex, before).failing)
    assert failing <= set(run(findings, own, None, before).failing)
    assert failing <= set(run(findings, own, vex, None).failing)
    for number in range(len(vex.statements) if vex else 0):
        fewer = Says(vex.statements[:number] + vex.statements[number + 1 :]) if vex else None
        if fewer and len(dict(fewer.statements)) < len(dict(vex.statements if vex else ())):
            assert failing <= set(run(findings, own, fewer, before).failing)


@few
@given(MANY, POLICIES)
@pytest.mark.slow
def test_baseline_of_itself_gives_nothing_new_and_nothing_fixed(findings: list[Finding], own: Policy) -> None:
    judgement = run(findings, own, None, baseline.of_findings(IMAGE, findings))
    assert judgement.fixed == ()
    assert all(item.novelty is Novelty.KNOWN for item in judgement.findings)


# --- size --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_twenty_thousand_findings_are_judged_in_half_a_second() -> None:
    findings = gate_results.large_findings(20_000)
    waivers = tuple(
        replace(WAIVER, id=f"CVE-2020-{number}", package="pkg:pypi/package-1" if number % 2 else None, line=number)
        for number in range(1000, 1500)
    )
    rules = tuple(
        Rule(packages=(f"pkg:pypi/package-{number}", f"pkg:npm/package-{number}"), fail_on=on(CRITICAL), line=number)
        for number in range(50)
    )
    own = policy(rules=rules, waivers=waivers, source="p.yml", **WEEK, **NEW_ONLY)
    before = baseline.of_findings(IMAGE, findings[::2])
    started = time.process_time()
    judgement = judge.judge(findings, own, image=IMAGE, today=NOW, baseline=before, vex=says(Status.FIXED))
    assert time.process_time() - started < 1.5  # a third of it when nothing else runs
    assert len(judgement.findings) == 20_000


def test_thousands_of_contradictions_are_judged_in_time() -> None:
    severities = list(Severity)
    findings = [replace(PILLOW, title=str(number), severity=severities[number % 5]) for number in range(5_000)]
    started = time.process_time()
    judge.judge(findings, Policy(), image=IMAGE, today=NOW)
    assert time.process_time() - started < 1.5


def test_what_is_not_asked_for_is_not_imported() -> None:
    script = (
        "import sys; from datetime import UTC, datetime; from modelseal.gate import document, judge, policy;"
        "judge.judge([], policy.Policy(), image='i', today=datetime.now(UTC));"
        "print(sorted({'yaml', 'packageurl', 'license_expression', 'boolean', 'jsonschema'} & set(sys.modules)))"
    )
    scripts = Path(judge.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=scripts, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
