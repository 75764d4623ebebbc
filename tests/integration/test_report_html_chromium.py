"""The HTML report in a real browser: what it does, and that hostile data do nothing in it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import chromium
from gate_results import HOSTILE_TEXTS, finding, hostile_result, large_result, result
from modelseal.gate.result import Result
from modelseal.report import html
from report_samples import passed_result, realistic_result

MAKERS: dict[str, Callable[[], Result]] = {
    "realistic": realistic_result,
    "passed": passed_result,
    "hostile": hostile_result,
    "large": lambda: large_result(20_000),
}
# Contrast as WCAG 2.2 counts it, of every text that is seen, against the first background behind it.
CONTRAST = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return canvas.getImageData(0, 0, 1, 1).data; };
  const light = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = at => { for (; at; at = at.parentElement) { const c = colour(getComputedStyle(at).backgroundColor); if (c[3] > 0) return c; } return [255, 255, 255]; };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.parentElement;
    if (!node.data.trim() || ["SCRIPT", "STYLE", "OPTION"].includes(at.tagName) || !at.checkVisibility()) continue;
    const [one, other] = [light(colour(getComputedStyle(at).color)), light(behind(at))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${at.className} ${node.data.slice(0, 30)}`);
  }
  return found;
})()
"""  # noqa: E501 -- JavaScript


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium.Browser]:
    with chromium.browser() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {name: chromium.page(tmp_path_factory.mktemp(name), html.render(make())) for name, make in MAKERS.items()}


@pytest.fixture
def opened(browser: chromium.Browser, pages: dict[str, str]) -> chromium.Browser:
    browser.size(1280, 900)
    browser.media(scheme="light")
    browser.open(pages["realistic"])
    return browser


def shown(browser: chromium.Browser) -> list[str]:
    """The ids of the findings on the page."""
    ids: list[str] = browser.run("[...document.querySelectorAll('#rows .row .open')].map(item => item.textContent)")
    return ids


def status(browser: chromium.Browser) -> str:
    return str(browser.run("document.getElementById('shown').textContent"))


def press(browser: chromium.Browser, words: str) -> None:
    """Click the button that begins with these words."""
    found = browser.run(
        f"(() => {{ const b = [...document.querySelectorAll('button')].find(b => b.textContent.startsWith({words!r}));"
        " b?.click(); return Boolean(b); })()"
    )
    assert found, words


def search(browser: chromium.Browser, words: str) -> None:
    browser.run("document.getElementById('query').value = ''; document.getElementById('query').focus()")
    browser.type(words)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_requested_and_nothing_complains(
    browser: chromium.Browser, pages: dict[str, str], name: str, scheme: str
) -> None:
    browser.size(1280, 900)
    browser.media(scheme=scheme)
    browser.open(pages[name])
    for _ in range(3):
        browser.run("new Promise(done => setTimeout(done, 50))")
    assert browser.requests() == []
    assert browser.complaints() == []


def test_complaints_and_requests_would_be_noticed(browser: chromium.Browser, tmp_path: Path) -> None:
    content = html.render(realistic_result())
    bad = (
        b'<script>alert(1)</script><img src="https://evil.example/x.png"><p style="color:red" onclick="alert(1)">x</p>'
    )
    browser.open(chromium.page(tmp_path, content.replace(b"<main>", b"<main>" + bad)))
    said = str(browser.complaints())
    assert "script-src" in said
    assert "img-src" in said
    assert "style-src" in said


@pytest.mark.parametrize("name", ["realistic", "hostile", "large"])
def test_a_phone_scrolls_in_one_direction_only(browser: chromium.Browser, pages: dict[str, str], name: str) -> None:
    browser.size(360, 740, phone=True)
    browser.media(scheme="light")
    browser.open(pages[name])
    browser.run("document.querySelectorAll('details').forEach(item => item.open = true)")
    browser.run("document.querySelector('.open').click()")
    assert browser.run("document.documentElement.scrollWidth") == 360
    outside = "[...document.querySelectorAll('main *')].filter(item => item.getBoundingClientRect().right > 361).length"
    assert browser.run(outside) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(browser: chromium.Browser, pages: dict[str, str], scheme: str) -> None:
    browser.size(1280, 900)
    browser.media(scheme=scheme)
    browser.open(pages["realistic"])
    browser.run("document.querySelectorAll('.open')[1].click()")
    press(browser, "HIGH")
    assert browser.run(CONTRAST) == []


def test_search_finds_in_every_text(opened: chromium.Browser) -> None:
    search(opened, "aiohttp 23334")
    assert shown(opened) == ["CVE-2024-23334"]
    search(opened, "NOTEBOOK SERVER is not started")
    assert shown(opened) == ["CVE-2022-24758", "CVE-2022-29238"]
    search(opened, "no such thing")
    assert shown(opened) == []
    assert "No finding matches" in status(opened)
    assert opened.complaints() == []


def test_filters_restrict_and_combine(opened: chromium.Browser) -> None:
    press(opened, "fails")
    assert len(shown(opened)) == 11
    assert "11 of 44 findings" in status(opened)
    press(opened, "HIGH")
    assert len(shown(opened)) == 6
    press(opened, "secret")
    assert shown(opened) == []
    press(opened, "HIGH")
    assert shown(opened) == ["aws-access-key-id"]
    press(opened, "secret")
    press(opened, "fails")
    press(opened, "new")
    assert len(shown(opened)) == 4
    pressed = opened.run("[...document.querySelectorAll('[aria-pressed=true]')].map(item => item.firstChild.data)")
    assert pressed == ["new"]


def test_columns_sort_both_ways(opened: chromium.Browser) -> None:
    press(opened, "Package")
    names = opened.run("[...document.querySelectorAll('#rows .row td:nth-child(4)')].map(item => item.textContent)")
    assert names == sorted(names, key=str.lower)
    press(opened, "Package")
    backwards = opened.run("[...document.querySelectorAll('#rows .row td:nth-child(4)')].map(item => item.textContent)")
    assert [name.lower() for name in backwards] == sorted((name.lower() for name in names), reverse=True)
    assert opened.run("document.querySelector('#table th:nth-child(4)').getAttribute('aria-sort')") == "descending"
    press(opened, "Severity")
    severities = opened.run("[...document.querySelectorAll('#rows .row td:first-child')].map(item => item.textContent)")
    assert severities == sorted(severities, key=["CRITICAL", "HIGH", "MEDIUM", "LOW"].index)


def test_findings_are_grouped_by_package(opened: chromium.Browser) -> None:
    opened.run("document.getElementById('grouped').click()")
    assert "44 of 44 findings in 22 packages and files" in status(opened)
    assert shown(opened) == []
    press(opened, "langchain")
    assert len(shown(opened)) == 9
    assert opened.run("document.activeElement.getAttribute('aria-expanded')") == "true"


def test_details_open_by_keyboard_and_links_are_safe(opened: chromium.Browser) -> None:
    opened.run("document.querySelectorAll('#rows .open')[1].focus()")
    opened.press("Enter", 13)
    text = opened.run("document.querySelector('.more').textContent")
    assert "PALChain" in text
    assert "PYSEC-2023-138" in text
    links = opened.run("[...document.querySelectorAll('.more a')].map(item => [item.href, item.rel, item.target])")
    assert links == [["https://avd.aquasec.com/nvd/cve-2023-36095", "noreferrer noopener", "_blank"]]
    opened.press("Enter", 13)
    assert opened.run("document.querySelector('.more')") is None


def test_slash_goes_to_the_search_and_what_to_do_leads_to_its_findings(opened: chromium.Browser) -> None:
    opened.run("document.body.focus()")
    opened.type("/")
    assert opened.run("document.activeElement.id") == "query"
    assert opened.run("document.activeElement.value") == ""
    opened.run("document.querySelector('[data-search=mlflow]').click()")
    assert len(shown(opened)) == 6


def reopens_with(browser: chromium.Browser, page: str, background: str) -> bool:
    """Tell whether a page has a background; what the last page stored, Chromium passes on when it gets to it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        browser.open(page)
        if browser.run("getComputedStyle(document.body).backgroundColor") == background:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_until_it_is_chosen(
    browser: chromium.Browser, pages: dict[str, str], scheme: str
) -> None:
    backgrounds = {"light": "rgb(245, 246, 248)", "dark": "rgb(15, 19, 25)"}
    other = "light" if scheme == "dark" else "dark"
    browser.size(1280, 900)
    browser.media(scheme=scheme)
    browser.open(pages["passed"])
    browser.run("localStorage.clear()")
    assert reopens_with(browser, pages["passed"], backgrounds[scheme])
    press(browser, other.capitalize())
    assert browser.run("getComputedStyle(document.body).backgroundColor") == backgrounds[other]
    assert reopens_with(browser, pages["passed"], backgrounds[other])
    browser.run("localStorage.clear()")
    assert browser.complaints() == []


def test_works_without_storage(browser: chromium.Browser, pages: dict[str, str], tmp_path: Path) -> None:
    frame = tmp_path / "frame.html"
    frame.write_text(f'<iframe sandbox="allow-scripts" src="{pages["realistic"]}"></iframe>', encoding="utf-8")
    browser.open(frame.as_uri())
    assert [item for item in browser.complaints() if item["method"] == "Runtime.exceptionThrown"] == []


def test_without_javascript_the_worst_are_there(browser: chromium.Browser, pages: dict[str, str]) -> None:
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.send("Page.navigate", url=pages["large"])
        deadline = time.monotonic() + 60
        rows: dict[str, Any] = {"nodeIds": []}
        while time.monotonic() < deadline and len(rows["nodeIds"]) < 100:
            root = browser.send("DOM.getDocument")["root"]["nodeId"]
            rows = browser.send("DOM.querySelectorAll", nodeId=root, selector="#rows tr")
        assert len(rows["nodeIds"]) == 100
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)


def test_twenty_thousand_findings_stay_fluid(browser: chromium.Browser, pages: dict[str, str]) -> None:
    browser.size(1280, 900)
    browser.media(scheme="light")
    assert min(browser.open(pages["large"]) for _ in range(3)) < 3
    assert browser.run("document.querySelectorAll('*').length") < 5000
    browser.run("document.getElementById('query').focus()")
    timed = """(() => { const start = performance.now(); const query = document.getElementById('query');
      query.value = %r; query.dispatchEvent(new Event('input')); document.body.offsetHeight;
      return performance.now() - start; })()"""
    for words in ("o", "overflow", "overflow package-4", "zzz", ""):
        assert min(browser.run(timed % words) for _ in range(3)) < 300, words
    for pressed in ("#grouped", "#table th:nth-child(3) button"):
        action = f"document.querySelector('{pressed}').click()"
        click = f"(() => {{ const start = performance.now(); {action}; return performance.now() - start }})()"
        assert min(browser.run(click) for _ in range(3)) < 1500, action
    assert browser.complaints() == []


def test_pages_are_turned(browser: chromium.Browser, pages: dict[str, str]) -> None:
    browser.open(pages["large"])
    assert "20,000 of 20,000 findings, rows 1 to 50 of 20,000" in status(browser)
    first = shown(browser)
    press(browser, "Next")
    assert "rows 51 to 100" in status(browser)
    assert not {name for name in shown(browser) if name.startswith("CVE-")} & set(first)
    assert browser.run("document.activeElement.textContent") == "Next"
    press(browser, "Previous")
    assert shown(browser) == first
    assert browser.run("document.querySelectorAll('#pager button')[0].disabled") is True


def _with_hostile_names() -> Result:
    found = [finding(id=f"{text} {n}", package=text, version=text) for n, text in enumerate(HOSTILE_TEXTS)]
    return result(found, name=HOSTILE_TEXTS[1])


def _with_harmless_names() -> Result:
    found = [finding(id=f"CVE-{n}", package=f"p{n}", version="1") for n in range(len(HOSTILE_TEXTS))]
    return result(found, name="harmless")


def test_hostile_data_make_no_element(browser: chromium.Browser, tmp_path: Path) -> None:
    """The same elements as harmless findings make, when each is open."""
    counts = """(() => { const open = new Set();
      for (let left = 100; left--;) { const next = document.querySelector('#rows [aria-expanded=false]'); if (!next) break; next.click(); }
      const counted = {};
      for (const item of document.querySelectorAll('*')) counted[item.tagName] = (counted[item.tagName] ?? 0) + 1;
      return counted; })()"""  # noqa: E501 -- JavaScript
    browser.open(chromium.page(tmp_path, html.render(_with_harmless_names())))
    expected = browser.run(counts)
    browser.open(chromium.page(tmp_path, html.render(_with_hostile_names())))
    assert browser.run(counts) == expected
    assert browser.complaints() == []
    assert browser.requests() == []


def test_hostile_addresses_are_no_links(browser: chromium.Browser, pages: dict[str, str]) -> None:
    browser.open(pages["hostile"])
    browser.run("for (let i = 0; i < 50; i++) document.querySelectorAll('#rows .open')[i].click()")
    links = browser.run("[...document.querySelectorAll('a')].map(item => item.getAttribute('href'))")
    assert all(link.startswith(("#", "https://evil.example/")) for link in links)
    assert browser.run("document.querySelectorAll('.more').length") == 50
    assert browser.complaints() == []


def test_printing_leaves_out_what_cannot_be_pressed(opened: chromium.Browser) -> None:
    opened.media(scheme="dark", medium="print")
    hidden = opened.run("['#tools', '#pager', '#theme'].every(name => !document.querySelector(name).checkVisibility())")
    assert hidden is True
    assert opened.run("getComputedStyle(document.querySelector('section')).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.send("Page.printToPDF")["data"]
    opened.media(scheme="light")


def test_a_single_finding_needs_no_filter(browser: chromium.Browser, tmp_path: Path) -> None:
    single = result([replace(finding(), url="")])
    browser.open(chromium.page(tmp_path, html.render(single)))
    assert browser.run("document.getElementById('filters').hidden") is True
    assert browser.complaints() == []
