from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelseal.verdict import Verdict
from modelseal.vulnerabilities import gate
from modelseal.vulnerabilities.gate import Decision, Policy
from modelseal.vulnerabilities.report import Finding, Severity

FINDING = Finding("vulnerability", "CVE-1", Severity.HIGH, "p", "1", "", "debian", "t", "2", "fixed", "", "")
FINDINGS = st.builds(
    Finding,
    kind=st.sampled_from(["vulnerability", "secret"]),
    id=st.sampled_from(["CVE-1", "CVE-2"]),
    severity=st.sampled_from(Severity),
    package=st.sampled_from("pq"),
    version=st.sampled_from(["1", "2"]),
    purl=st.just(""),
    type=st.just("debian"),
    path=st.sampled_from("tu"),
    fixed_version=st.sampled_from(["", "2", "2, 3"]),
    status=st.sampled_from(["fixed", "affected", "will_not_fix"]),
    title=st.just(""),
    url=st.just(""),
)
MANY = st.lists(FINDINGS, max_size=8).map(tuple)
POLICIES = st.builds(Policy, fail_on=st.frozensets(st.sampled_from(Severity), min_size=1), ignore_unfixed=st.booleans())


@pytest.mark.parametrize(
    ("finding", "fail_on", "ignore_unfixed", "decision"),
    [
        (FINDING, "CRITICAL HIGH", False, Decision.FAILS),
        (FINDING, "CRITICAL HIGH", True, Decision.FAILS),
        (FINDING, "HIGH", False, Decision.FAILS),
        (FINDING, "CRITICAL", False, Decision.BELOW),
        (FINDING, "LOW", False, Decision.BELOW),
        (replace(FINDING, fixed_version=""), "HIGH", False, Decision.FAILS),
        (replace(FINDING, fixed_version=""), "HIGH", True, Decision.UNFIXED),
        (replace(FINDING, fixed_version="", status="fixed"), "HIGH", True, Decision.UNFIXED),
        (replace(FINDING, severity=Severity.UNKNOWN), "CRITICAL HIGH MEDIUM LOW", False, Decision.BELOW),
        (replace(FINDING, severity=Severity.UNKNOWN), "UNKNOWN", False, Decision.FAILS),
        (replace(FINDING, kind="secret", fixed_version=""), "HIGH", True, Decision.FAILS),
        (replace(FINDING, kind="secret", fixed_version=""), "CRITICAL", True, Decision.BELOW),
    ],
)
def test_decides(finding: Finding, fail_on: str, decision: Decision, *, ignore_unfixed: bool) -> None:
    judged = gate.judge((finding,), Policy(frozenset(map(Severity, fail_on.split())), ignore_unfixed))
    assert judged.findings[0].decision is decision
    assert judged.verdict is (Verdict.FAILED if decision is Decision.FAILS else Verdict.PASSED)


@given(MANY, FINDINGS, POLICIES)
def test_another_finding_never_turns_failed_into_passed(
    findings: tuple[Finding, ...], more: Finding, policy: Policy
) -> None:
    before, after = gate.judge(findings, policy), gate.judge((*findings, more), policy)
    assert not (before.verdict is Verdict.FAILED and after.verdict is Verdict.PASSED)
    assert len(after.failing) >= len(before.failing)


@given(MANY.flatmap(lambda findings: st.tuples(st.just(findings), st.permutations(findings))), POLICIES)
def test_order_never_matters(both: tuple[tuple[Finding, ...], list[Finding]], policy: Policy) -> None:
    assert gate.judge(both[0], policy) == gate.judge(tuple(both[1]), policy)


@given(MANY, POLICIES)
def test_all_is_reported_the_worst_first_and_only_what_is_bad_fails(
    findings: tuple[Finding, ...], policy: Policy
) -> None:
    judged = gate.judge(findings, policy)
    assert sorted(map(repr, findings)) == sorted(repr(item.finding) for item in judged.findings)
    ranks = [item.finding.severity.rank for item in judged.findings]
    assert ranks == sorted(ranks)
    assert set(judged.failing) <= {finding for finding in findings if finding.severity in policy.fail_on}
    assert (judged.verdict is Verdict.PASSED) == (not judged.failing)
    assert sum(judged.count(severity) for severity in Severity) == len(findings)


@given(MANY, POLICIES)
def test_ignoring_the_unfixed_hides_nothing_fixed_and_no_secret(findings: tuple[Finding, ...], policy: Policy) -> None:
    strict = gate.judge(findings, replace(policy, ignore_unfixed=False)).failing
    lenient = gate.judge(findings, replace(policy, ignore_unfixed=True)).failing
    assert set(lenient) <= set(strict)
    assert all(item.kind == "vulnerability" and not item.fixed_version for item in set(strict) - set(lenient))


@given(MANY, POLICIES, st.sampled_from(Severity))
def test_failing_on_more_severities_never_lets_more_through(
    findings: tuple[Finding, ...], policy: Policy, more: Severity
) -> None:
    wider = gate.judge(findings, replace(policy, fail_on=policy.fail_on | {more}))
    assert set(gate.judge(findings, policy).failing) <= set(wider.failing)
