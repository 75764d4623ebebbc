"""SARIF against the published schema, and against every limit that GitHub names."""

import dataclasses
import itertools
import json
import random
import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import gate_results
from modelseal.errors import InputError
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.result import Decision, Fixed, Judged, Novelty, Result
from modelseal.report import sarif, sarif_identity, sarif_rules

SCHEMA = json.loads((Path(__file__).parents[1] / "assets" / "sarif" / "sarif-schema-2.1.0.json").read_bytes())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
ORDINARY_TAGS = {"p", "strong", "a", "code", "table", "thead", "tbody", "tr", "th", "td"}
CATEGORY = "modelseal/scan-image/fraud"
Json = dict[str, Any]


def run_of(result: Result, **how: Any) -> Json:
    log = sarif.render(result, **({"category": CATEGORY} | how))
    assert log.content.isascii()
    document = json.loads(log.content)
    check_limits(document, log.content)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    # The schema looks at each by itself; of thousands a sample does.
    results, rules = run["results"], run["tool"]["driver"]["rules"]
    run["results"], run["tool"]["driver"]["rules"] = (
        results[:: 1 + len(results) // 150],
        rules[:: 1 + len(rules) // 150],
    )
    VALIDATOR.validate(document)
    run["results"], run["tool"]["driver"]["rules"] = results, rules
    return run


def check_limits(document: Json, content: bytes) -> None:
    """https://docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support."""
    assert len(sarif.compress(content)) <= 10_000_000
    assert len(document["runs"]) <= 20
    assert document["$schema"]
    for run in document["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"]
        assert len(run["tool"]["extensions"]) <= 100
        assert len(driver["rules"]) <= 25_000
        assert len(run["results"]) <= 5_000
        identities = [rule["id"] for rule in driver["rules"]]
        assert len(set(identities)) == len(identities)
        for rule in driver["rules"]:
            check_rule(rule)
        marks = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
        assert len(set(marks)) == len(marks)
        for result in run["results"]:
            check_result(result, identities)


def check_rule(rule: Json) -> None:
    assert 0 < len(rule["id"]) <= 255
    assert 0 < len(rule["shortDescription"]["text"]) <= 1024
    assert 0 < len(rule["fullDescription"]["text"]) <= 1024
    assert rule["help"]["text"]
    assert rule["help"]["markdown"]
    assert len(rule["properties"]["tags"]) <= 10
    assert rule["properties"]["precision"] in ("very-high", "high", "medium", "low")
    assert rule["defaultConfiguration"]["level"] in ("note", "warning", "error")
    assert 0 < float(rule["properties"].get("security-severity", "1")) <= 10


def check_result(result: Json, identities: Sequence[str]) -> None:
    assert identities[result["ruleIndex"]] == result["ruleId"]
    assert result["level"] in ("note", "warning", "error")
    assert 0 < len(result["message"]["text"]) <= 1000
    (location,) = result["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": physical["artifactLocation"]["uri"], "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    assert isinstance(result["suppressions"], list)  # all or none of a run have them: 3.27.23


def github_severity(rule: Json) -> str:
    """What GitHub reads out of `security-severity`."""
    score = float(rule["properties"]["security-severity"])
    return "CRITICAL" if score > 9.0 else "HIGH" if score >= 7.0 else "MEDIUM" if score >= 4.0 else "LOW"


def marks_of(findings: Sequence[Finding]) -> dict[Finding, str]:
    result = gate_results.result(findings)
    marks = sarif_identity.fingerprints(result.judgement.findings)
    return {judged.finding: mark for judged, mark in zip(result.judgement.findings, marks, strict=True)}


@pytest.mark.parametrize("count", [0, 1, 100])
def test_logs_are_valid_and_whole(count: int) -> None:
    run = run_of(gate_results.large_result(count))
    assert len(run["results"]) == count
    assert "toolExecutionNotifications" not in run["invocations"][0]
    assert run["properties"]["leftOut"] == 0


def test_hostile_result_is_valid_and_steers_nothing() -> None:
    result = gate_results.hostile_result()
    log = sarif.render(result, category=CATEGORY)
    run = run_of(result)
    assert len(log.content) < 1_000_000
    assert len(run["results"]) == len(result.judgement.findings)
    texts = re.findall(r'"(?:text|name|id|justification|reason)":"((?:[^"\\]|\\.)*)"', log.content.decode())
    for raw in texts:
        text = json.loads(f'"{raw}"')
        # Only our own help has lines.
        assert all(character.isprintable() or character == "\n" for character in text), text
    for item in run["results"]:
        assert "](" not in item["message"]["text"], "an embedded link of somebody else's"
        assert "\n" not in item["message"]["text"]
    for rule in run["tool"]["driver"]["rules"]:
        shown = rule["help"]["markdown"]
        html = MARKDOWN.render(shown)
        assert set(re.findall(r"<([a-zA-Z]+)", html)) <= ORDINARY_TAGS
        assert all(href.startswith(("https://", "http://")) for href in re.findall(r'href="([^"]*)"', html))
        assert rule.get("helpUri", "https://").startswith("https://")


@pytest.mark.slow
def test_twenty_thousand_findings_keep_the_worst_and_say_what_is_missing() -> None:
    result = gate_results.large_result(20_000)
    started = time.process_time()
    log = sarif.render(result, category=CATEGORY, everything="fraud.verdict.json")
    assert time.process_time() - started < 2.5
    assert (log.kept, log.left_out) == (5_000, 15_000)
    run = run_of(result, everything="fraud.verdict.json")
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "15000" in note["message"]["text"]
    assert "fraud.verdict.json" in note["message"]["text"]
    kept = [item["properties"]["severity"] for item in run["results"]]
    ranks = [Severity(severity).rank for severity in kept]
    assert ranks == sorted(ranks)
    for severity in (Severity.CRITICAL, Severity.HIGH):
        assert kept.count(severity) == result.judgement.count(severity)


def test_a_failing_finding_is_kept_before_a_worse_one_that_passes() -> None:
    worse = [Judged(gate_results.finding(id=f"CVE-1-{number}", severity=Severity.CRITICAL), Decision.WAIVED, "x")
             for number in range(5)]  # fmt: skip
    failing = Judged(gate_results.finding(id="CVE-2", severity=Severity.LOW), Decision.FAILS, "x")
    run = run_of(gate_results.result([*worse, failing]), most=2)
    assert [item["ruleId"] for item in run["results"]] == ["CVE-2", "CVE-1-0"]


def test_a_log_that_does_not_compress_is_cut_to_ten_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    noise = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=900))
             for _ in range(300)]  # fmt: skip
    findings = [gate_results.finding(id=f"CVE-{number}", title=text[:200], description=text)
                for number, text in enumerate(noise)]  # fmt: skip
    monkeypatch.setattr(sarif, "MOST_BYTES", 100_000)
    log = sarif.render(gate_results.result(findings), category=CATEGORY)
    assert len(sarif.compress(log.content)) <= 100_000
    assert 0 < log.kept < 300
    assert log.kept + log.left_out == 300
    monkeypatch.setattr(sarif, "MOST_BYTES", 10)
    assert sarif.render(gate_results.result(findings), category=CATEGORY).kept == 0


def test_the_bytes_depend_on_nothing_else() -> None:
    result = gate_results.large_result(300)
    first = sarif.render(result, category=CATEGORY)
    elsewhere = timezone(timedelta(hours=5, minutes=30))
    moved = dataclasses.replace(
        result.evidence,
        started=result.evidence.started.astimezone(elsewhere),
        finished=result.evidence.finished.astimezone(elsewhere),
    )
    assert sarif.render(dataclasses.replace(result, evidence=moved), category=CATEGORY) == first
    assert sarif.compress(first.content) == sarif.compress(first.content)


def test_people_decide_suppressions_and_the_policy_does_not() -> None:
    items = [Judged(gate_results.finding(id=f"CVE-{decision}"), decision, f"{decision}, until 2026-12-31 by Ada: why")
             for decision in gate_results.OF_IMAGES]  # fmt: skip
    run = run_of(gate_results.result(items))
    found = {item["properties"]["decision"]: item for item in run["results"]}
    for decision in gate_results.OF_IMAGES:
        suppressions = found[decision]["suppressions"]
        if decision in (Decision.WAIVED, Decision.NOT_AFFECTED):
            justification = f"{decision}, until 2026-12-31 by Ada: why"
            assert suppressions == [{"kind": "external", "status": "accepted", "justification": justification}]
        else:
            assert suppressions == []
    levels = {decision: found[decision]["level"] for decision in gate_results.OF_IMAGES}
    assert levels == {
        Decision.FAILS: "error", Decision.WAIVED: "note", Decision.NOT_AFFECTED: "note", Decision.BELOW: "note",
        Decision.KNOWN: "warning", Decision.GRACE: "warning", Decision.UNFIXED: "warning",
    }  # fmt: skip


def test_an_upload_can_leave_out_what_people_answer_for_and_says_so() -> None:
    items = [Judged(gate_results.finding(id=f"CVE-{decision}"), decision, "because")
             for decision in gate_results.OF_IMAGES]  # fmt: skip
    log = sarif.render(gate_results.result(items), category=CATEGORY, suppressed=False)
    run = run_of(gate_results.result(items), suppressed=False)
    assert (log.kept, log.left_out, log.suppressed_left_out) == (5, 0, 2)
    assert not {item["properties"]["decision"] for item in run["results"]} & {"waived", "not-affected"}
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "2 findings are waived" in note["message"]["text"]


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("score", [None, 0.0, 0.1, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0, 9.1, 10.0])
def test_github_reads_the_same_severity_as_the_gate(severity: Severity, score: float | None) -> None:
    run = run_of(gate_results.result([gate_results.finding(severity=severity, score=score)]))
    (rule,) = run["tool"]["driver"]["rules"]
    if severity is Severity.UNKNOWN:
        assert "security-severity" not in rule["properties"]
    else:
        assert github_severity(rule) == severity


def test_a_rule_is_as_bad_as_its_worst_finding_and_names_each_upgrade() -> None:
    findings = [
        gate_results.finding(severity=Severity.LOW, score=2.0),
        gate_results.finding(severity=Severity.CRITICAL, score=9.8, package="zlib-js", purl="pkg:npm/zlib-js@3",
                             version="3", fixed_version="4", weaknesses=("CWE-79", "CWE-79", "nonsense")),
    ]  # fmt: skip
    run = run_of(gate_results.result(findings))
    (rule,) = run["tool"]["driver"]["rules"]
    assert github_severity(rule) == "CRITICAL"
    assert rule["properties"]["tags"] == [
        "security", "vulnerability", "external/cwe/cwe-079", "external/cwe/cwe-190",
    ]  # fmt: skip
    assert "Upgrade zlib-js 3 to 4." in rule["help"]["text"]
    assert "Upgrade zlib1g 1:1.2.13.dfsg-1 to 1:1.2.13.dfsg-2." in rule["help"]["text"]
    assert "| `zlib-js` | `3` | `4` |" in rule["help"]["markdown"]
    assert {item["ruleIndex"] for item in run["results"]} == {0}


def test_the_first_sentence_says_what_is_wrong_and_what_to_do() -> None:
    findings = [gate_results.finding(), gate_results.finding(id="CVE-2", fixed_version=""), gate_results.secret(),
                gate_results.misconfiguration(), gate_results.license_()]  # fmt: skip
    run = run_of(gate_results.result(findings, name="fraud:1"))
    messages = {item["ruleId"]: item["message"]["text"] for item in run["results"]}
    assert messages["CVE-2023-0001"].startswith(
        "zlib1g 1:1.2.13.dfsg-1 has CVE-2023-0001 (HIGH): upgrade to 1:1.2.13.dfsg-2. In fraud:1 at debian 12.15. "
    )
    assert ": no fixed version yet." in messages["CVE-2"]
    assert messages["secret:aws-access-key-id"].startswith("AWS Access Key ID in the image (CRITICAL): revoke it")
    assert "srv/credentials:3" in messages["secret:aws-access-key-id"]
    assert "Add 'USER" in messages["DS-0002"]
    assert messages["license:AGPL-3.0-only"].startswith("ghostscript 1".partition(" 1")[0])


def test_licences_are_no_security_alerts() -> None:
    run = run_of(gate_results.result([gate_results.license_()]))
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["properties"]["tags"] == ["license"]
    assert "security-severity" not in rule["properties"]


def test_the_baseline_is_told_and_what_is_fixed_opens_no_alert() -> None:
    items = [Judged(gate_results.finding(id=novelty), Decision.FAILS, "x", novelty) for novelty in Novelty]
    fixed = [Fixed(Kind.VULNERABILITY, "CVE-GONE", Severity.HIGH, "zlib1g", "1")]
    run = run_of(gate_results.result(items, fixed=fixed))
    assert {item["ruleId"]: item["baselineState"] for item in run["results"]} == {"new": "new", "known": "unchanged"}
    assert run["properties"]["fixed"] == 1


class TestFingerprints:
    @pytest.mark.parametrize(
        "change",
        [
            {"version": "1:1.2.13.dfsg-9", "purl": "pkg:deb/debian/zlib1g@1.2.13.dfsg-9?arch=amd64"},
            {"purl": "pkg:deb/debian/zlib1g@1?arch=amd64&distro=debian-13#x/y"},
            {"layer": "sha256:" + "b" * 64},
            {"path": "elsewhere"},
            {"fixed_version": "99"},
            {"severity": Severity.LOW, "score": None, "title": "another", "description": "", "url": "", "aliases": ()},
            {"published": datetime(2020, 1, 1, tzinfo=UTC)},
        ],
    )
    def test_what_changes_while_the_same_is_wrong_does_not_count(self, change: Json) -> None:
        before, after = gate_results.finding(), gate_results.finding(**change)
        assert marks_of([before])[before] == marks_of([after])[after]

    def test_a_secret_that_moves_down_its_file_is_the_same(self) -> None:
        before, after = gate_results.secret(line=3), gate_results.secret(line=30)
        assert marks_of([before])[before] == marks_of([after])[after]

    @pytest.mark.parametrize(
        "change",
        [
            {"id": "CVE-2"}, {"purl": "pkg:deb/debian/zlib1g-dev@1"}, {"purl": "pkg:deb/ubuntu/zlib1g@1"},
            {"platform": "linux/arm64"}, {"kind": Kind.LICENSE}, {"purl": "", "package": "zlib"},
        ],
    )  # fmt: skip
    def test_what_is_another_thing_counts(self, change: Json) -> None:
        one = gate_results.finding(purl="pkg:deb/debian/zlib1g@1")
        other = gate_results.finding(**({"purl": one.purl} | change))
        assert marks_of([one])[one] != marks_of([other])[other]

    def test_scoped_names_keep_their_scope(self) -> None:
        one = gate_results.finding(purl="pkg:npm/%40babel/core@7")
        other = gate_results.finding(purl="pkg:npm/%40other/core@7")
        newer = gate_results.finding(purl="pkg:npm/%40babel/core@8")
        assert marks_of([one])[one] != marks_of([other])[other]
        assert marks_of([one])[one] == marks_of([newer])[newer]

    def test_one_package_in_two_places_is_counted_and_order_does_not_matter(self) -> None:
        findings = [gate_results.finding(path=f"opt/{name}") for name in "abc"]
        expected = marks_of(findings)
        assert len(set(expected.values())) == 3
        for order in itertools.permutations(findings):
            assert marks_of(list(order)) == expected

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(["CVE-1", "CVE-2"]), st.sampled_from(["", "pkg:npm/a@1", "pkg:npm/b"]),
                              st.text(max_size=3), st.integers(0, 3)), max_size=12))  # fmt: skip
    def test_no_two_are_ever_the_same(self, drawn: list[tuple[str, str, str, int]]) -> None:
        findings = [gate_results.finding(id=id_, purl=purl, path=path, line=line) for id_, purl, path, line in drawn]
        result = gate_results.result(findings)
        marks = sarif_identity.fingerprints(result.judgement.findings)
        assert len(set(marks)) == len(findings)

    def test_they_are_of_the_form_that_github_goes_by(self) -> None:
        finding = gate_results.finding()
        (mark,) = marks_of([finding]).values()
        assert re.fullmatch(r"[0-9a-f]{32}:1", mark)


class TestCategory:
    def test_it_is_the_last_but_one_part_of_the_id(self) -> None:
        assert run_of(gate_results.result())["automationDetails"] == {"id": f"{CATEGORY}/"}
        assert run_of(gate_results.result(), category="a/b/")["automationDetails"] == {"id": "a/b/"}

    @pytest.mark.parametrize(
        ("image", "more", "expected"),
        [
            ("fraud", {}, "modelseal/scan-image/fraud"),
            ("fraud:1.4", {}, "modelseal/scan-image/fraud"),
            ("localhost:5000/team/fraud:1.4", {}, "modelseal/scan-image/localhost:5000/team/fraud"),
            (f"ghcr.io/o/fraud:1@sha256:{'0' * 64}", {}, "modelseal/scan-image/ghcr.io/o/fraud"),
            ("fraud", {"platform": "linux/arm64"}, "modelseal/scan-image/fraud/linux/arm64"),
            ("fraud", {"matrix": "null"}, "modelseal/scan-image/fraud"),
            ("fraud", {"matrix": "{}"}, "modelseal/scan-image/fraud"),
            ("fraud", {"matrix": '{"python": "3.12", "gpu": true}'},
             "modelseal/scan-image/fraud/gpu:True/python:3.12"),
        ],
    )  # fmt: skip
    def test_it_is_the_same_for_every_tag(self, image: str, more: dict[str, str], expected: str) -> None:
        assert sarif_identity.category("scan-image", image, **more) == expected

    def test_no_two_legs_share_one(self) -> None:
        matrices = ['{"a":"x y"}', '{"a":"x-y"}', '{"a":"x/y"}', '{"a":{"b":1}}', '{"a":{"b":2}}', "not json", "[1]",
                    '{"a":"' + "z" * 1000 + '"}', '{"a":"' + "z" * 1001 + '"}', "[" * 100_000]  # fmt: skip
        made = [sarif_identity.category("scan-image", "fraud", matrix=matrix) for matrix in matrices]
        assert len(set(made)) == len(made)
        assert all(len(name) <= 170 for name in made)
        assert all(re.fullmatch(r"[A-Za-z0-9._:=/-]+", name) for name in made)

    def test_stations_and_images_have_their_own(self) -> None:
        names = [sarif_identity.category(station, image) for station in ("scan-image", "scan-model")
                 for image in ("a", "b", "a/b", "\u202ea", "\ud800")]  # fmt: skip
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("location", ["", ".", "/Dockerfile", "../Dockerfile", "a/../../Dockerfile", "a\\b", "a/.."])
def test_a_location_outside_of_the_repository_is_refused(location: str) -> None:
    with pytest.raises(InputError, match="outside of the repository"):
        sarif.render(gate_results.result(), category=CATEGORY, location=location)


def test_a_location_is_an_address() -> None:
    run = run_of(gate_results.result([gate_results.finding()]), location="./docker images/Dockerfile#1")
    physical = run["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "docker%20images/Dockerfile%231"


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "//x.example", "https://x.example/ y", "https://x.example/)", "https://x.example/%zz",
     "https://u:p@x.example/", "ftp://x.example", "https://x.example/\n", "https://" + "x" * 2000],
)  # fmt: skip
def test_addresses_that_are_none_are_left_out(url: str) -> None:
    assert sarif_rules.web_address(url) == ""
    (rule,) = run_of(gate_results.result([gate_results.finding(url=url)]))["tool"]["driver"]["rules"]
    assert "helpUri" not in rule
    assert "Read more" not in rule["help"]["markdown"]


def test_rules_of_different_kinds_never_meet() -> None:
    findings = [gate_results.finding(id="secret:x"), gate_results.secret(id="x"), gate_results.finding(id="x"),
                gate_results.license_(id="x"), gate_results.finding(id=" x"), gate_results.finding(id=""),
                gate_results.finding(id="x\u202e"), gate_results.finding(id="x\\u202e")]  # fmt: skip
    rules = run_of(gate_results.result(findings))["tool"]["driver"]["rules"]
    assert len(rules) == len(findings)


@settings(max_examples=40, deadline=None)
@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.sampled_from(gate_results.KINDS),
    st.floats(0, 10),
)
def test_any_text_gives_a_valid_log(one: str, other: str, kind: Kind, score: float) -> None:
    finding = gate_results.finding(
        kind=kind, id=one, package=other, version=one, title=other, description=one, mend=other, purl=other, path=one,
        url=other, platform=one, weaknesses=(one,), aliases=(other,), score=score,
    )  # fmt: skip
    run_of(gate_results.result([finding], name=one or "image"), everything=other)
