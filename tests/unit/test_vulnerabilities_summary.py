import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from modelseal.report import markdown
from modelseal.vulnerabilities import document, gate, summary
from modelseal.vulnerabilities.database import Database
from modelseal.vulnerabilities.gate import Judgement, Policy
from modelseal.vulnerabilities.report import Finding, Report, Severity
from modelseal.vulnerabilities.trivy import Scan

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SCAN = Scan(b"{}", ("vuln", "secret"), Database(Path("/db"), 2, NOW), NOW, NOW)
POLICY = Policy(frozenset({Severity.CRITICAL, Severity.HIGH}), ignore_unfixed=False)
FINDING = Finding("vulnerability", "CVE-1", Severity.HIGH, "zlib", "1", "", "debian", "t", "2", "fixed", "", "")
SECRET = replace(FINDING, kind="secret", id="aws", package="/srv/cred", version="", fixed_version="", type="secret")
RENDERER = MarkdownIt("gfm-like", {"linkify": False})  # GitHub's flavour; links have a rule of their own below
HOSTILE = [
    "a|b",
    "a\nb",
    "a\r\n## big",
    "<script>alert(1)</script>",
    "</details>",
    "[x](http://evil)",
    "![x](http://evil)",
    "`code`",
    "::error::x",
    "\x1b[31mred\x1b[0m",
    "\u202egnp.exe",
    "a\tb",
    "x" * 1_000_000,
    "\0",
    "\ud800",
    "**bold**",
    "&lt;b&gt;",
    "%0A::set-output",
    "https://evil.example",
    "@everyone",
    "é中\u0301",
]


def judged(*findings: Finding, policy: Policy = POLICY) -> tuple[Report, Judgement]:
    return Report(f"sha256:{'1' * 64}", "debian 12", 5, findings), gate.judge(findings, policy)


def rendered(*findings: Finding, image: str = "small:1") -> tuple[str, str, str, bytes]:
    evidence, judgement = judged(*findings)
    return (
        summary.summary(image, evidence, judgement, POLICY, SCAN),
        summary.table(judgement.findings),
        summary.headline(image, judgement),
        document.verdict(image, evidence, judgement, POLICY, document.Scanner("trivy", "1", "2"), SCAN),
    )


def test_says_what_to_do() -> None:
    text, table, headline, _ = rendered(FINDING, replace(FINDING, id="CVE-2", fixed_version=""), SECRET)
    assert "❌" in text
    assert "upgrade to 2, which leaves 1 without a fix" in markdown.plain(text)
    assert "take the secret out and revoke it" in text
    assert "upgrade to 2, which leaves 1 without a fix" in headline
    assert "3 findings fail" in headline
    assert table.splitlines()[0].split() == [
        "SEVERITY",
        "ID",
        "PACKAGE",
        "INSTALLED",
        "FIXED",
        "IN",
        "DECISION",
        "WHERE",
    ]
    assert len(table.splitlines()) == 4


def test_a_pass_says_so() -> None:
    text, table, headline, _ = rendered()
    assert "✅" in text
    assert "lets small:1 through" in headline
    assert "What to do" not in text
    assert len(table.splitlines()) == 1


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_texts_inject_nothing(text: str) -> None:
    hostile = [
        replace(FINDING, id=text),
        replace(FINDING, package=text),
        replace(FINDING, version=text),
        replace(FINDING, fixed_version=text),
        replace(FINDING, path=text),
        replace(FINDING, title=text),
        replace(FINDING, url=text),
        replace(SECRET, package=text),
        replace(FINDING, type=text),
        replace(FINDING, purl=text),
        replace(FINDING, status=text),
    ]
    plain, _, _, _ = rendered(*[FINDING] * 10, SECRET, image="image")
    shown, table, headline, verdict = rendered(*hostile, image=text)
    # The same lines and tables as harmless findings make; one row for each finding.
    assert len(table.split("\n")) == len(hostile) + 2
    for line in (*table.split("\n"), *shown.split("\n")):
        assert line.isprintable()
    tags = re.findall(r"<[^>]*>", shown)
    assert set(tags) <= {"<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"}
    assert tags.count("</details>") == 1
    html = RENDERER.render(shown)
    assert html.count("<table") == RENDERER.render(plain).count("<table")
    assert "http:" not in re.sub(r"`[^`]*`", "", shown)  # a code span is no link
    assert not re.search(r"<(?:a|img|script|em|strong>b|h[12])\b", html)
    assert len(shown) < 30_000
    assert len(headline) < 5_000
    assert any(item["id"] == text for item in json.loads(verdict)["findings"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=6, max_size=6), st.sampled_from(Severity))
def test_any_text_can_be_rendered(texts: list[str], severity: Severity) -> None:
    package, version, fixed, path, id_, title = texts
    found = replace(
        FINDING,
        package=package,
        version=version,
        fixed_version=fixed,
        path=path,
        id=id_,
        title=title,
        severity=severity,
    )
    shown, table, _, verdict = rendered(found)
    shown.encode()
    assert table.count("\n") == 2
    assert json.loads(verdict)["findings"][0]["package"]["name"] == package


def test_twenty_thousand_findings_fit_and_the_worst_are_in() -> None:
    many = [
        replace(FINDING, id=f"CVE-{n}", package=f"package-{n % 9000}", severity=Severity.MEDIUM) for n in range(20_000)
    ]
    many.insert(10_000, replace(FINDING, id="CVE-WORST", severity=Severity.CRITICAL))
    many[19_000:] = [replace(FINDING, id=f"CVE-H{n}", package=f"{'é<|' * 200}{n}") for n in range(1000)]
    start = time.process_time()
    shown, table, headline, verdict = rendered(*many)
    took = time.process_time() - start
    assert len(shown.encode()) < 1024 * 1024
    assert "CVE-WORST" in shown
    assert "CVE-WORST" in headline
    assert "more are in the table" in shown
    assert table.count("\n") == len(many) + 1
    assert len(json.loads(verdict)["findings"]) == len(many)
    assert took < 5


def test_one_overlong_field_does_not_widen_the_others() -> None:
    _, table, _, _ = rendered(replace(FINDING, path="x" * 1_000_000, id="y" * 500_000), *[FINDING] * 1000)
    assert len(table) < 2_000_000


def test_the_verdict_holds_all_that_it_rests_on() -> None:
    _, _, _, verdict = rendered(FINDING, SECRET)
    read = json.loads(verdict)
    assert list(read) == [
        "schema", "verdict", "subject", "scanner", "database", "scanners", "started_at", "scanned_at", "fail_on",
        "ignore_unfixed", "counts", "findings",
    ]  # fmt: skip
    assert read["verdict"] == "failed"
    assert read["subject"] == {"name": "small:1", "image_id": f"sha256:{'1' * 64}", "os": "debian 12", "packages": 5}
    assert read["database"] == {"version": 2, "updated_at": "2026-11-22T12:00:00Z"}
    assert read["scanners"] == ["vuln", "secret"]
    assert read["fail_on"] == ["CRITICAL", "HIGH"]
    assert read["counts"] == {"CRITICAL": 0, "HIGH": 2, "MEDIUM": 0, "LOW": 0, "UNKNOWN": 0}
    assert {item["decision"] for item in read["findings"]} == {"fails"}
