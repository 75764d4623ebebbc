import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate_results import (
    HOSTILE_TEXTS,
    IMAGE_ID,
    finding,
    hostile_result,
    large_result,
    license_,
    misconfiguration,
    result,
    secret,
)
from modelseal.gate.finding import Finding, Severity
from modelseal.gate.result import Decision, Judged, Scanned
from modelseal.report import table
from report_samples import passed_result, realistic_result


def rows(text: str) -> list[str]:
    """The lines that show a finding."""
    return [line for line in text.splitlines() if line.startswith(tuple(Severity))]


def test_every_finding_has_a_line_with_decision_and_reason() -> None:
    judged = realistic_result()
    text = table.render(judged)
    assert len(rows(text)) == len(judged.judgement.findings)
    for item in judged.judgement.findings:
        (line,) = [line for line in rows(text) if item.finding.id in line and item.finding.version in line]
        assert item.reason in line
        assert item.finding.severity in line
    assert re.search(r"MEDIUM +waived +CVE-2022-24758 +notebook +6\.4\.1 +6\.4\.10 +waived until 2026-08-31 by", text)


def test_kinds_are_apart_and_what_fails_comes_first() -> None:
    text = table.render(realistic_result())
    heads = [line for line in text.splitlines() if "of which" in line]
    assert heads == [
        "39 vulnerabilities, 8 of which fail",
        "1 secret, 1 of which fails",
        "2 misconfigurations, 1 of which fails",
        "2 licences, 1 of which fails",
    ]
    decisions = [line.split()[1] for line in rows(text)[:39]]
    assert decisions[:8] == ["fails"] * 8
    assert "fails" not in decisions[8:]


def test_typical_findings_are_read_at_120_columns() -> None:
    """What one needs to act on stands within them, whatever the path behind it."""
    for line in rows(table.render(realistic_result()))[:39]:
        reason = re.search(r"  (?:fails|waived|not affected|in grace|no fix yet|below the bar)  ", line)
        assert reason
        assert len(re.split(r" {2,}", line[:120])) >= 6, line


def test_nothing_found_says_so() -> None:
    assert table.render(passed_result()) == "gate passed: ghcr.io/example/fraud-scoring:1.4.2: Nothing was found\n"


def test_the_platform_is_shown_where_there_are_several() -> None:
    scanned = tuple(Scanned(name, IMAGE_ID, "", "debian 12", 5) for name in ("linux/amd64", "linux/arm64"))
    text = table.render(result([finding(platform="linux/arm64")], scanned=scanned))
    assert "PLATFORM" in text
    assert rows(text)[0].endswith("linux/arm64")


@pytest.mark.parametrize(
    ("text", "columns"),
    [("plain", 5), ("日本語", 6), ("e\u0301", 1), ("한글", 4), ("😀", 2), ("\uff46\uff55", 4), ("", 0), ("naïve", 5)],
)
def test_the_width_of_text(text: str, columns: int) -> None:
    assert table.width(text) == columns


def test_columns_are_aligned_by_what_is_seen() -> None:
    names = ["plain", "日本語パッケージ", "cafe\u0301", "😀😀"]
    text = table.render(result([finding(package=name, id="CVE-1") for name in names]))
    places = {table.width(line[: line.index("1:1.2.13.dfsg-1")]) for line in rows(text)}
    assert len(places) == 1


def test_one_overlong_field_is_cut_visibly_and_widens_no_other_row() -> None:
    huge = finding(id="x" * 1_000_000, path="y" * 1_000_000)
    text = table.render(result([huge, *(finding(id=f"CVE-{n}") for n in range(1000))]))
    assert len(text) < 300_000
    assert "xxx… (1,000,000 characters)" in text


def test_hostile_texts_stay_on_their_line() -> None:
    judged = hostile_result()
    text = table.render(judged)
    text.encode()
    assert len(rows(text)) == len(judged.judgement.findings)
    assert all(line.isprintable() for line in text.split("\n"))
    assert not any(line.startswith(("::", "##[")) for line in text.split("\n"))


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=range(len(HOSTILE_TEXTS)))
@pytest.mark.parametrize("field", ["id", "package", "version", "fixed_version", "path", "title"])
def test_a_hostile_field_makes_no_line(field: str, text: str) -> None:
    for item in (finding(), secret(), misconfiguration(), license_()):
        shown = table.render(result([replace(item, **{field: text})], name=text))  # type: ignore[arg-type]
        assert shown.count("\n") == 5
        assert all(line.isprintable() for line in shown.split("\n"))


@given(st.lists(st.tuples(st.text(), st.text(), st.text(), st.text()), max_size=5), st.sampled_from(Decision))
def test_any_text_is_one_row(texts: list[tuple[str, str, str, str]], decision: Decision) -> None:
    found: list[Finding] = [finding(id=a, package=b, version=c, path=d) for a, b, c, d in texts]
    shown = table.render(result([Judged(item, decision, item.id) for item in found]))
    assert len(rows(shown)) == len(found)


@pytest.mark.parametrize(("number", "seconds"), [(100, 0.3), (20_000, 2)])
@pytest.mark.slow
def test_takes_no_longer(number: int, seconds: float) -> None:
    judged = large_result(number)
    start = time.process_time()
    shown = table.render(judged)
    assert time.process_time() - start < seconds
    assert len(rows(shown)) == number
