"""Ten messages at most, and the worst in them."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_results
from modelseal.gate.finding import Severity
from modelseal.gate.policy import Waiver
from modelseal.report import annotations


def waiver(**fields: object) -> Waiver:
    usual = {"id": "CVE-2020-1", "reason": "never reached", "owner": "Ada", "expires": date(2026, 1, 1), "line": 7}
    return Waiver(**(usual | fields))  # type: ignore[arg-type]


def test_nothing_that_fails_is_nothing_to_say() -> None:
    assert annotations.of(gate_results.result()) == ()
    assert annotations.of(gate_results.result([gate_results.finding(severity=Severity.LOW)])) == ()


def test_one_package_is_one_message_with_what_to_do() -> None:
    findings = [gate_results.finding(id=f"CVE-{number}", fixed_version=str(number)) for number in range(3, 6)]
    (only,) = annotations.of(gate_results.result(findings))
    assert only.level == "error"
    assert only.message.startswith("zlib1g 1:1.2.13.dfsg-1: upgrade to ")
    assert "HIGH: CVE-3, CVE-4, CVE-5" in only.message


@pytest.mark.parametrize("count", [9, 10, 11, 500])
def test_ten_at_most_and_the_last_says_what_is_missing(count: int) -> None:
    findings = [
        gate_results.finding(package=f"p{number:03}", purl=f"pkg:npm/p{number:03}@1") for number in range(count)
    ]
    shown = annotations.of(gate_results.result(findings))
    assert len(shown) == min(count, 10)
    if count > 10:
        assert shown[-1].message.startswith(f"{count - 9} more to mend, with {count - 9} findings")


def test_waivers_always_have_their_place() -> None:
    result = gate_results.result(gate_results.large_findings(2_000), expired=[waiver()] * 30, unused=[waiver(id="X")])
    shown = annotations.of(result)
    assert [item.level for item in shown] == ["error"] * 8 + ["warning"] * 2
    assert shown[-2].message.startswith("30 waivers expired")
    assert "- CVE-2020-1 (line 7 of the policy, by Ada): never reached" in shown[-2].message
    assert "And 20 more." in shown[-2].message
    assert shown[-1].message.startswith("A waiver met no finding")
    assert len(annotations.of(result, most=9)) == 9


@pytest.mark.slow
def test_the_worst_are_in() -> None:
    result = gate_results.large_result(20_000)
    shown = annotations.of(result)
    assert len(shown) == 10
    assert all("CRITICAL: " in item.message for item in shown[:9])
    assert all(len(item.message) <= 4096 for item in shown)


def test_hostile_texts_stay_short_and_on_their_line() -> None:
    shown = annotations.of(gate_results.hostile_result())
    assert len(shown) == 10
    for item in shown:
        assert len(item.message) <= 4096
        assert all(line.isprintable() for line in item.message.split("\n"))
        assert not any(line.startswith(("::", "##[")) for line in item.message.split("\n")[1:])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=8), max_size=25), st.integers(0, 30), st.integers(3, 10))
def test_never_more_than_asked_for(names: list[str], waivers: int, most: int) -> None:
    findings = [gate_results.finding(package=name, purl="") for name in names]
    shown = annotations.of(gate_results.result(findings, unused=[waiver()] * waivers), most=most)
    assert len(shown) <= most
    assert bool(shown) == bool(names or waivers)
