"""The pull request's comment: short, new things first, and nobody is mentioned."""

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import gate_results
from modelseal.gate.finding import Severity
from modelseal.gate.policy import Waiver
from modelseal.gate.result import Decision, Judged, Novelty, Result
from modelseal.report import comment

RENDERER = MarkdownIt("commonmark", {"html": True}).enable("table")
RUN = "https://github.com/octo/model/actions/runs/1"
ORDINARY = {"h3", "h4", "p", "strong", "a", "code", "table", "thead", "tbody", "tr", "th", "td", "sub"}
# GitHub looks for these in what is not code: https://docs.github.com/get-started/writing-on-github
NOTIFIES = re.compile(r"@[A-Za-z0-9]|#\d|\bGH-\d|https?://|www\.|\b[0-9a-f]{7,40}\b")


def html_of(result: Result, **how: str) -> str:
    text = comment.render(result, **how)
    assert len(text.encode("utf-8", "backslashreplace")) <= 65_536
    html: str = RENDERER.render(text)
    return html


def test_what_is_new_comes_first() -> None:
    items = [
        Judged(
            gate_results.finding(package="known", purl="", severity=Severity.CRITICAL),
            Decision.FAILS,
            "x",
            Novelty.KNOWN,
        ),
        Judged(gate_results.finding(package="new", purl=""), Decision.FAILS, "x", Novelty.NEW),
    ]
    text = comment.render(gate_results.result(items, fixed=[]))
    assert text.index("#### New") < text.index("`new`") < text.index("in the baseline too") < text.index("`known`")
    assert "Against the baseline **1 new**, 1 known, 0 fixed." in text


def test_without_a_baseline_nothing_is_called_new() -> None:
    text = comment.render(gate_results.result([gate_results.finding()]), key="a/b", run_url=RUN)
    assert "new" not in text.lower()
    assert "upgrade to `1:1.2.13.dfsg-2`" in text
    assert f"[Everything that was found]({RUN})" in text
    assert "`a/b`" in text


def test_what_is_let_through_is_said() -> None:
    items = [Judged(gate_results.finding(id=decision), decision, "x") for decision in gate_results.OF_IMAGES]
    waiver = Waiver(id="CVE-OLD", reason="r", owner="Ada", expires=date(2026, 1, 1))
    text = comment.render(gate_results.result(items, expired=[waiver] * 8, unused=[waiver]))
    assert "Let through: 1 waived, 1 not affected, 1 in grace, 1 known and 1 no fix yet." in text
    assert "Expired waivers, which waive nothing: `CVE-OLD` (by `Ada`)" in text
    assert "and 3 more." in text


@pytest.mark.parametrize("count", [0, 1, 100, 20_000])
@pytest.mark.slow
def test_it_stays_short(count: int) -> None:
    text = comment.render(gate_results.large_result(count), run_url=RUN)
    assert len(text) < 5_000
    if count == 20_000:
        assert "CRITICAL" in text
        assert "more are in the job summary" in text


def test_a_hostile_result_mentions_and_links_nobody() -> None:
    html = html_of(gate_results.hostile_result(), run_url=RUN, key="@octocat #1")
    assert set(re.findall(r"<([a-zA-Z0-9]+)", html)) <= ORDINARY
    assert re.findall(r'href="([^"]*)"', html) == [RUN]
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert not NOTIFIES.search(re.sub(r"<[^>]*>", "", outside))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://x.example/a b", "https://x.example/)](", "http://x.example/"]
)
def test_an_address_that_is_none_is_left_out(url: str) -> None:
    assert "](" not in comment.render(gate_results.result(), run_url=url)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_stays_code(one: str, other: str) -> None:
    finding = gate_results.finding(id=one, package=other, version=one, fixed_version=other, purl="")
    html = html_of(gate_results.result([finding], name=other), key=one)
    assert set(re.findall(r"<([a-zA-Z0-9]+)", html)) <= ORDINARY
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert "@" not in outside
    assert "href" not in outside
