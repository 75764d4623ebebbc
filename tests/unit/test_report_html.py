import base64
import hashlib
import json
import re
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_results import HOSTILE_TEXTS, HOSTILE_URLS, finding, hostile_result, large_result, result, secret
from modelseal.gate.finding import Severity
from modelseal.gate.result import Decision, Judged, Novelty, Result
from modelseal.report import html
from report_samples import passed_result, realistic_result

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "scripts" / "modelseal" / "report" / "assets"
VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """What a browser would make of it: elements, attributes, texts; and whether every element is closed."""

    def __init__(self, content: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.comments = 0
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def handle_comment(self, data: str) -> None:
        del data
        self.comments += 1

    def named(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.elements if name == tag)

    def data(self) -> Any:
        return json.loads(self.texts["script"][0])


def rows(page: Page) -> list[dict[str, str]]:
    data = page.data()
    return [dict(zip(data["columns"], (data["strings"][place] for place in row), strict=True)) for row in data["rows"]]


def static(content: bytes) -> str:
    """What is read without JavaScript."""
    shown = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", content.decode())
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", shown)))


@pytest.fixture(scope="module")
def hostile() -> bytes:
    return html.render(hostile_result())


def test_the_essentials_are_there_without_javascript() -> None:
    text = static(html.render(realistic_result()))
    for words in (
        "Gate failed", "ghcr.io/example/fraud-scoring:1.4.2", "11 of 44 findings fail", "debian 12.15, 431 packages",
        "5 hours old", ".github/modelseal.yml", "new since the baseline 4", "What to do", "langchain 0.0.235 → 0.0.308",
        "srv/app/.env:7", "Add 'USER <non root user name>'", "Let through", "waived until 2026-08-31 by ml-platform",
        "says Platform Security", "Expired on 2026-05-15", "Met nothing", "Fixed since the baseline", "CVE-2023-36095",
    ):  # fmt: skip
        assert re.sub(r"\s", "", words) in re.sub(r"\s", "", text), words


def test_all_findings_are_in_the_data_with_reason_and_order() -> None:
    judged = realistic_result()
    found = rows(Page(html.render(judged)))
    assert len(found) == len(judged.judgement.findings)
    assert [row["decision"] == "fails" for row in found] == [True] * 11 + [False] * 33
    assert {row["novelty"] for row in found} == {"new", "known"}
    by_id = {(row["id"], row["package"]): row for row in found}
    for item in judged.judgement.findings:
        row = by_id[item.finding.id, item.finding.package]
        assert row["reason"] == item.reason
        assert row["severity"] == item.finding.severity
        assert row["url"] == item.finding.url


def test_a_pass_says_so() -> None:
    text = static(html.render(passed_result()))
    assert "Gate passed" in text
    assert "Nothing was found." in text
    assert "What to do" not in text


@pytest.mark.parametrize("make", [realistic_result, passed_result, hostile_result])
def test_every_element_is_ours_and_closed(make: Any) -> None:
    page = Page(html.render(make()))
    assert page.open == []
    assert page.comments == 0
    assert {tag for tag, _ in page.elements} <= {
        "html", "head", "meta", "title", "link", "style", "body", "a", "header", "p", "svg", "path", "circle", "rect",
        "button", "main", "section", "div", "h1", "h2", "h3", "span", "code", "dl", "dt", "dd", "br", "table",
        "caption", "thead", "tbody", "tr", "th", "td", "ol", "ul", "li", "b", "details", "summary", "form", "label",
        "input", "select", "nav", "footer", "script",
    }  # fmt: skip
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_nothing_of_the_network_is_named() -> None:
    page = Page(html.render(realistic_result()))
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:,"))
    for name in ("report.html", "report.css", "report.js"):
        assert "://" not in (ASSETS / name).read_text(encoding="utf-8")


def test_the_policy_allows_our_script_and_style_and_nothing_else() -> None:
    content = html.render(hostile_result())
    (policy,) = [meta["content"] for meta in Page(content).named("meta") if "http-equiv" in meta]
    text = content.decode()
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script")
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == directives["base-uri"] == directives["form-action"] == "'none'"
    assert "unsafe" not in policy
    style, script = re.findall(r"(?s)<(?:style|script)>(.*?)</(?:style|script)>", text)
    for name, inline in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert directives[name] == f"'sha256-{digest}'"


def test_the_script_makes_no_markup_of_data() -> None:
    script = (ASSETS / "report.js").read_text(encoding="utf-8")
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
        "import(",
    ):
        assert word not in script


def test_data_cannot_leave_its_element(hostile: bytes) -> None:
    data = re.findall(rb'(?s)<script id="data" type="application/json">(.*?)</script>', hostile)
    assert len(data) == 1
    assert data[0].isascii()
    assert not re.search(rb"[<>&\n]", data[0])
    assert hostile.count(b"<script") == hostile.count(b"</script") == 2
    assert len(json.loads(data[0])["rows"]) == len(hostile_result().judgement.findings)


def test_hostile_texts_are_shown_and_short(hostile: bytes) -> None:
    page = Page(hostile)
    for row in rows(page):
        for name, text in row.items():
            assert all(line.isprintable() for line in text.split("\n"))
            assert len(text) <= (1100 if name == "text" else 3100), name
    assert any(row["id"] == "<script>alert(1)</script><img src=x onerror=alert(1)>" for row in rows(page))
    assert "(1,048,576 characters)" in static(hostile)
    assert len(hostile) < 2_000_000


@pytest.mark.parametrize(
    "url",
    [
        *HOSTILE_URLS[:-1], HOSTILE_URLS[-1], "ftp://a.example/", "https://", "https:///x", "http://[::1",
        " https://a.example",
        "https://a.example/\u202e", "HTTPS:\\\\a.example", "vbscript:x", "https://a.example/'x", "",
        f"https://a.example/{'x' * 3000}",
    ],
)  # fmt: skip
def test_other_addresses_are_no_links(url: str) -> None:
    assert html.web_address(url) == ""
    assert rows(Page(html.render(result([finding(url=url)]))))[0]["url"] == ""


@pytest.mark.parametrize(
    "url", ["https://avd.aquasec.com/nvd/cve-2023-1?x=1#y", "http://a.example:8080/", "HTTPS://A.example"]
)
def test_web_addresses_are_links(url: str) -> None:
    assert html.web_address(url) == url


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=6, max_size=6), st.sampled_from(Severity), st.sampled_from(Decision))
def test_any_text_leaves_the_page_whole(texts: list[str], severity: Severity, decision: Decision) -> None:
    package, version, path, id_, title, reason = texts
    found = finding(package=package, version=version, path=path, id=id_, title=title, severity=severity, url=title)
    page = Page(html.render(result([Judged(found, decision, reason, Novelty.NEW)], name=package)))
    assert page.open == []
    assert len(rows(page)) == 1
    assert page.comments == 0


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=range(len(HOSTILE_TEXTS)))
def test_hostile_names_add_no_element(text: str) -> None:
    def elements(name: str) -> list[str]:
        found = [finding(id=name, package=name, version=name), secret(path=name)]
        return [tag for tag, _ in Page(html.render(result(found, name=name))).elements]

    assert elements(text) == elements("harmless")


@pytest.mark.slow
def test_the_same_result_makes_the_same_bytes() -> None:
    assert html.render(realistic_result()) == html.render(realistic_result())


def test_the_worst_are_static_whatever_the_number() -> None:
    judged = large_result(3000)
    worst = secret(id="the-worst", path="a")
    more = Result(
        judged.evidence,
        judged.policy,
        replace(judged.judgement, findings=(*judged.judgement.findings, Judged(worst, Decision.FAILS, "x"))),
    )
    text = static(html.render(more))
    failing = len(more.judgement.failing)
    assert text.count(" fails ") >= min(failing, 100)
    assert "The worst 100 of 3,001 findings" in text


@pytest.mark.parametrize(("number", "seconds", "size"), [(100, 0.3, 250_000), (20_000, 3, 8_000_000)])
@pytest.mark.slow
def test_takes_no_longer_and_no_more(number: int, seconds: float, size: int) -> None:
    judged = large_result(number)
    start = time.process_time()
    content = html.render(judged)
    assert time.process_time() - start < seconds
    assert len(content) < size


@pytest.mark.slow
def test_takes_little_memory() -> None:
    judged = large_result(4000)
    tracemalloc.start()
    try:
        html.render(judged)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30 * 1024 * 1024  # a fifth of what 20,000 may take


def test_the_assets_are_in_the_wheel(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        for file in sorted(ASSETS.iterdir()):
            assert packed.read(f"modelseal/report/assets/{file.name}") == file.read_bytes()
