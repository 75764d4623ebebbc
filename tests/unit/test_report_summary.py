import re
import time
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gate_results import (
    HOSTILE_TEXTS,
    IMAGE_ID,
    NOW,
    evidence,
    finding,
    hostile_result,
    large_findings,
    large_result,
    misconfiguration,
    result,
    secret,
)
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Licenses, Policy, Threshold, Waiver
from modelseal.gate.result import Decision, Fixed, Judged, Novelty, Result, Scanned
from modelseal.report import markdown, summary, wording
from report_samples import passed_result, realistic_result

# GitHub's flavour; bare addresses are looked for by a rule of their own below.
RENDERER = MarkdownIt("gfm-like", {"linkify": False})
OURS = {"<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"}
LIMIT = 200 * 1024


def text_of(judged: Result) -> str:
    return markdown.plain(summary.render(judged))


def test_the_verdict_comes_first_then_what_to_do_then_the_rest() -> None:
    text = text_of(realistic_result())
    order = [
        "❌ Gate failed: ghcr.io/example/fraud-scoring:1.4.2",
        "11 of 44 findings fail: 8 vulnerabilities, 1 secret, 1 misconfiguration and 1 licence.",
        "4 new, 40 known, 3 fixed",
        "debian 12.15, 431 packages",
        "trivy 0.74.0",
        "5 hours old",
        ".github/modelseal.yml",
        "after a grace of 2 days for CRITICAL",
        "What to do",
        "upgrade to 0.0.308, which mends all 3",
        "there is no fixed version yet",
        "srv/app/.env:7",
        "revoke the secret",
        "Add 'USER <non root user name>'",
        "forbidden (AGPL-3.0-only)",
        "New against the baseline: 4",
        "Fixed since the baseline: 3",
        "Waived: 2",
        "waived until 2026-08-31 by ml-platform@example.com: the notebook server is not started",
        "Not affected: 1",
        "says Platform Security in fraud.openvex.json",
        "In grace: 1",
        "in grace until 2026-06-06",
        "No fix yet: 1",
        "expired on 2026-05-15, waives nothing: CVE-2023-36053 for package pkg:pypi/django (line 31 of the policy",
        "met nothing, can go: CVE-2022-42969",
        "Everything that was found: 44",
    ]
    places = [text.find(words) for words in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


def test_a_pass_says_so_and_asks_for_nothing() -> None:
    text = text_of(passed_result())
    assert "✅ Gate passed" in text
    assert "Nothing was found." in text
    assert "What to do" not in text
    assert "lets ghcr.io/example/fraud-scoring:1.4.2 through: 0 findings" in summary.headline(passed_result())


def test_a_pass_with_findings_shows_them() -> None:
    judged = result([finding(severity=Severity.LOW)])
    assert "1 finding, none of which fails" in text_of(judged)
    assert "CVE-2023-0001" in text_of(judged)
    assert "What to do" not in text_of(judged)


def test_the_counts_are_of_severity_and_decision() -> None:
    html = RENDERER.render(summary.render(realistic_result()))
    rows = [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)[:3]]
    assert rows == [
        ["Severity", "fails", "waived", "not affected", "in grace", "no fix yet", "below the bar", "all"],
        ["🟥 CRITICAL", "<strong>5</strong>", "·", "1", "·", "1", "·", "7"],
        ["🟧 HIGH", "<strong>6</strong>", "·", "·", "1", "·", "·", "7"],
    ]


def test_each_platform_says_what_fails_of_it() -> None:
    scanned = tuple(Scanned(name, IMAGE_ID, "", "debian 12", 5) for name in ("linux/amd64", "linux/arm64"))
    judged = result(
        [finding(platform="linux/arm64"), finding(platform="linux/amd64", severity=Severity.LOW)], scanned=scanned
    )
    text = text_of(judged)
    assert re.search(r"linux/amd64: debian 12, 5 packages, sha256:1{12}, 0 of the failing", text)
    assert re.search(r"linux/arm64: debian 12, 5 packages, sha256:1{12}, 1 of the failing", text)


def test_one_package_on_two_platforms_is_one_thing_to_do() -> None:
    judged = result([finding(platform="linux/arm64"), finding(platform="linux/amd64")])
    rows = [line for line in summary.render(judged).splitlines() if "upgrade to" in line]
    assert len(rows) == 1
    assert "linux/amd64, linux/arm64" in rows[0]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (Policy(), "vulnerabilities fail on CRITICAL, HIGH; secrets fail on CRITICAL, HIGH"),
        (Policy(thresholds=((Kind.VULNERABILITY, Threshold(ignore_unfixed=True)), (Kind.SECRET, Threshold()))),
         "vulnerabilities fail on CRITICAL, HIGH (once there is a fixed version)"),
        (Policy(thresholds=((Kind.VULNERABILITY, Threshold(frozenset())), (Kind.SECRET, Threshold()))),
         "vulnerabilities are reported only"),
        (Policy(fail_on_new_only=True), "(when new against the baseline)"),
    ],
)  # fmt: skip
def test_the_policy_is_said_in_words(policy: Policy, said: str) -> None:
    assert said in text_of(result(policy=policy))


def test_licences_policy_is_said_in_words() -> None:
    policy = Policy(licenses=Licenses(denied=("AGPL-3.0-only",), allowed=("MIT", "Apache-2.0")))
    text = text_of(result(policy=policy, scanners=("license",)))
    assert "licences fail on AGPL-3.0-only; anything but MIT, Apache-2.0" in text


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(minutes=1), "1 minute old"),
        (timedelta(hours=47, minutes=59), "47 hours old"),
        (timedelta(days=3), "3 days old"),
        (timedelta(minutes=-5), "0 minutes old"),
    ],
)
def test_the_age_of_the_advisories(passed: timedelta, said: str) -> None:
    assert wording.age(evidence(database_updated=NOW - passed)) == said


def test_the_headline_is_one_line_with_the_worst_first() -> None:
    line = summary.headline(realistic_result())
    assert line.startswith("the gate stops ghcr.io/example/fraud-scoring:1.4.2: 11 findings fail. langchain 0.0.235 ")
    assert "upgrade to 0.0.308" in line
    assert line.endswith("and 3 more to mend")


@pytest.fixture(scope="module")
def hostile() -> str:
    return summary.render(hostile_result())


def test_hostile_texts_make_no_markup(hostile: str) -> None:
    assert set(re.findall(r"<[^>]*>", hostile)) <= OURS
    html = RENDERER.render(hostile)
    assert set(re.findall(r"</?([a-z0-9]+)", html)) <= {
        "h3", "h4", "p", "strong", "em", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "details",
        "summary",
    }  # fmt: skip
    assert html.count("<h3") == 1
    assert hostile.count("<details>") == hostile.count("</details>") == 2
    assert not re.search(r"(?i)(https?:|ftp:|www\.)", re.sub(r"`[^`]*`", "", hostile))


def test_hostile_texts_make_no_line_and_no_cell(hostile: str) -> None:
    harmless = result(
        [replace(item, finding=finding(id=f"CVE-{number}", kind=item.finding.kind))
         for number, item in enumerate(realistic_result().judgement.findings)]
    )  # fmt: skip
    for shown in (hostile, summary.render(harmless)):
        for line in shown.split("\n"):
            assert line.isprintable()
            assert not line.startswith(("::", "##["))
    for table in re.findall(r"<table>.*?</table>", RENDERER.render(hostile), re.DOTALL):
        columns = table.count("<th>")
        assert all(row.count("<td>") == columns for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)[1:])


def test_hostile_texts_are_shown_as_they_are(hostile: str) -> None:
    shown = RENDERER.render(hostile)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "\\u202egnp.exe" in shown
    assert "(1,048,576 characters)" in shown
    assert len(hostile) < LIMIT


def test_a_hostile_headline_is_short() -> None:
    judged = hostile_result()
    assert len(summary.headline(judged)) < 5000
    for text in HOSTILE_TEXTS:
        assert len(summary.headline(result([finding(id=text, package=text * 1000)]))) < 1000


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=8, max_size=8), st.sampled_from(Severity), st.sampled_from(Decision))
def test_any_text_keeps_its_place(texts: list[str], severity: Severity, decision: Decision) -> None:
    package, version, fixed, path, id_, title, reason, platform = texts
    found = finding(
        package=package, version=version, fixed_version=fixed, path=path, id=id_, title=title, severity=severity,
        platform=platform,
    )  # fmt: skip
    judged = result([Judged(found, decision, reason, Novelty.NEW)], fixed=[])
    shown = summary.render(judged)
    shown.encode()
    assert set(re.findall(r"<[^>]*>", shown)) <= OURS
    assert RENDERER.render(shown).count("<table>") == 3 + (decision in {*wording.LET_THROUGH, Decision.FAILS})


@pytest.mark.slow
def test_the_worst_of_twenty_thousand_is_always_in() -> None:
    worst = [
        finding(id="CVE-2099-1", package="aaa-worst", severity=Severity.CRITICAL),
        secret(id="worst-secret", path="a/worst"),
        misconfiguration(id="DS-WORST", severity=Severity.CRITICAL, path="a"),
    ]
    # Behind them: many whose texts are as long and take as much escaping as they can.
    noise = "<|\u202e`" * 50
    many = [
        finding(id=f"{noise}{n}", package=f"{noise}{n}", path=noise, version=noise, fixed_version=f"{noise}9")
        for n in range(2000)
    ]
    judged = result([*many, *worst, *large_findings(20_000 - len(worst) - len(many))])
    shown = summary.render(judged)
    assert len(shown.encode()) < LIMIT
    for item in worst:
        assert item.id in shown
    assert re.search(r"_[\d,]+ more are in the HTML report, the table and the verdict", shown)
    assert shown.count("<details>") == shown.count("</details>")


@pytest.mark.slow
def test_many_waivers_and_decisions_stay_within_the_limit() -> None:
    noise = "<|\u202e`" * 50
    found = [
        Judged(finding(id=f"{n}{noise}", package=noise), list(Decision)[n % 7], noise, Novelty.NEW) for n in range(700)
    ]
    waivers = [Waiver(noise, noise, noise, date(2026, 1, 1), noise, noise, noise)] * 500
    fixed = Fixed(Kind.SECRET, noise, Severity.LOW, noise, noise)
    shown = summary.render(
        result(found, expired=waivers, unused=waivers, fixed=[fixed] * 500,
               scanned=[Scanned(noise, noise, noise, noise, 1)] * 200, name=noise)
    )  # fmt: skip
    assert len(shown.encode()) < LIMIT


def test_the_same_finding_in_many_places_is_one_row() -> None:
    found = [Judged(finding(path=f"p{n}"), Decision.WAIVED, "waived until 2026-12-31 by Ada: x") for n in range(30)]
    text = summary.render(result(found))
    assert "(in 30 places)" in text
    assert text.count("by Ada: x") == 1


@pytest.mark.parametrize(("number", "seconds"), [(100, 0.3), (20_000, 3)])
@pytest.mark.slow
def test_takes_no_longer(number: int, seconds: float) -> None:
    judged = large_result(number)
    start = time.process_time()
    summary.render(judged)
    summary.headline(judged)
    assert time.process_time() - start < seconds


def test_findings_are_as_they_were() -> None:
    found: tuple[Finding, ...] = large_findings(50)
    assert summary.render(result(found)) == summary.render(result(reversed(found)))
