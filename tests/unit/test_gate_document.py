import json
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_results
from modelseal.attestation import jsontext
from modelseal.gate import document
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Licenses, Policy, Rule, Threshold, Waiver
from modelseal.gate.result import Decision, Evidence, Fixed, Judged, Novelty, Result, Scanned
from modelseal.gate.statement import Statement, Status
from modelseal.verdict import Verdict

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "docs" / "schemas" / "verdict.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
WAIVER = Waiver("CVE-1", "never reached", "Ada", date(2026, 12, 31), package="pkg:pypi/pillow", line=14)
STATEMENT = Statement(
    vulnerability="CVE-2",
    status=Status.NOT_AFFECTED,
    author="Grace",
    document="vendor.json",
    timestamp=gate_results.NOW,
    justification="component_not_present",
)
POLICY = Policy(
    thresholds=(
        (Kind.VULNERABILITY, Threshold(grace_days=((Severity.HIGH, 7), (Severity.CRITICAL, 2)))),
        (Kind.SECRET, Threshold()),
        (Kind.MISCONFIGURATION, Threshold(frozenset())),
    ),
    rules=(
        Rule(types=("jar", "debian"), fail_on=frozenset(Severity), line=3),
        Rule(grace_days=(), ignore_unfixed=True),
    ),
    licenses=Licenses(("GPL-3.0-only", "AGPL-3.0-only"), ("MIT",)),
    waivers=(WAIVER, replace(WAIVER, id="CVE-8"), replace(WAIVER, id="CVE-9", line=99)),
    source=".github/modelseal.yml",
    sha256="5" * 64,
)


def ordinary() -> Result:
    items: list[Finding | Judged] = [
        gate_results.finding(),
        gate_results.secret(),
        Judged(gate_results.finding(id="CVE-1"), Decision.WAIVED, "waived", Novelty.NEW, None, WAIVER),
        Judged(gate_results.finding(id="CVE-2"), Decision.NOT_AFFECTED, "not affected", Novelty.KNOWN, STATEMENT),
        Judged(gate_results.finding(id="CVE-3", published=None, score=None), Decision.BELOW, "below"),
    ]
    return gate_results.result(
        items,
        policy=POLICY,
        fixed=[Fixed(Kind.VULNERABILITY, "CVE-4", Severity.LOW, "tar", "1")],
        expired=[POLICY.waivers[1]],
        unused=[POLICY.waivers[2]],
    )


def valid(content: bytes) -> dict[str, Any]:
    """Read a document as strictly as attestations are, and check it against the published schema."""
    value = jsontext.parse_object(content)
    VALIDATOR.validate(value)
    return value


def changed(content: bytes, **fields: Any) -> bytes:
    return json.dumps(json.loads(content) | fields).encode()


def test_the_schema_is_one_and_describes_every_field() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == document.SCHEMA

    def check(node: Any, place: str) -> None:
        if isinstance(node, list):
            for number, item in enumerate(node):
                check(item, f"{place}/{number}")
        elif isinstance(node, dict):
            for name, field in node.get("properties", {}).items():
                assert isinstance(field, dict)
                assert field.get("description"), f"{place}/{name}"
            if "properties" in node and "required" in node:
                assert node["additionalProperties"] is False, place
                assert set(node["required"]) == set(node["properties"]), place
            for name, item in node.items():
                check(item, f"{place}/{name}")

    check(SCHEMA, "")


def test_an_ordinary_result_is_written_whole() -> None:
    value = valid(document.write(ordinary()))
    assert value["verdict"] == "failed"
    assert value["subject"] == {
        "name": "registry.example/team/fraud:1.4",
        "image_id": gate_results.IMAGE_ID,
        "digest": f"sha256:{'2' * 64}",
        "os": "debian 12.15",
        "packages": 431,
    }
    assert value["scanner"] == {"name": "trivy", "version": "0.74.0", "sha256": "3" * 64}
    assert value["started_at"] == "2026-06-01T11:59:51Z"
    assert value["scanned_at"] == "2026-06-01T12:00:00Z"
    assert value["counts"] == {"CRITICAL": 1, "HIGH": 4, "MEDIUM": 0, "LOW": 0, "UNKNOWN": 0}
    assert value["decisions"] == {
        "fails": 2, "waived": 1, "not-affected": 1, "known": 0, "grace": 0, "unfixed": 0, "below": 1,
    }  # fmt: skip
    assert value["policy"]["thresholds"]["vulnerability"] == {
        "fail_on": ["CRITICAL", "HIGH"], "ignore_unfixed": False, "grace_days": {"CRITICAL": 2, "HIGH": 7},
    }  # fmt: skip
    assert [waiver["id"] for waiver in value["waivers"]["used"]] == ["CVE-1"]
    assert [waiver["id"] for waiver in value["waivers"]["expired"]] == ["CVE-8"]
    assert [waiver["id"] for waiver in value["waivers"]["unused"]] == ["CVE-9"]
    assert value["fixed"] == [
        {"kind": "vulnerability", "id": "CVE-4", "severity": "LOW", "package": "tar", "version": "1"}
    ]
    found = {item["id"]: item for item in value["findings"]}
    assert found["CVE-1"]["waiver"]["owner"] == "Ada"
    assert found["CVE-2"]["vex"]["author"] == "Grace"
    assert found["aws-access-key-id"]["line"] == 3
    assert found["CVE-2023-0001"]["published"] == "2023-10-14T02:15:00Z"


def test_a_result_without_findings_and_policy_is_valid() -> None:
    value = valid(document.write(gate_results.result()))
    assert value["verdict"] == "passed"
    assert value["findings"] == []
    assert value["fixed"] is None


def test_an_index_names_its_platforms() -> None:
    index = f"sha256:{'7' * 64}"
    images = tuple(Scanned(f"linux/{arch}", gate_results.IMAGE_ID, "", "debian 12", 9) for arch in ("amd64", "arm64"))
    for scanned in (images, images[:1]):
        content = document.write(gate_results.result([gate_results.finding()], digest=index, scanned=scanned))
        subject = valid(content)["subject"]
        assert "image_id" not in subject
        assert subject["digest"] == index
        assert [image["platform"] for image in subject["platforms"]] == [image.platform for image in scanned]
        read = document.read(content)
        assert (read.digest, read.scanned) == (index, scanned)


@pytest.mark.slow
def test_hostile_texts_are_valid_json_of_ascii() -> None:
    result = gate_results.hostile_result()
    content = document.write(result)
    assert content.isascii()
    assert not any(byte < 32 and byte != 10 for byte in content)
    value = valid(content)
    assert [item["title"] for item in value["findings"]] == [item.finding.title for item in result.judgement.findings]
    assert document.read(content).findings[0].finding == result.judgement.findings[0].finding


def test_the_same_result_gives_the_same_bytes() -> None:
    one = document.write(ordinary())
    result = ordinary()
    other = replace(
        result,
        policy=replace(
            result.policy,
            waivers=result.policy.waivers[::-1],
            licenses=Licenses(("AGPL-3.0-only", "GPL-3.0-only"), ("MIT",)),
        ),
        evidence=replace(result.evidence, finished=result.evidence.finished.astimezone(timezone(timedelta(hours=-7)))),
    )
    assert document.write(other) == one


def test_one_finding_a_line() -> None:
    content = document.write(ordinary()).decode()
    assert sum(line.startswith('    {"kind"') for line in content.splitlines()) == 5
    assert content.endswith("}\n")


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_no_number_is_none(score: float) -> None:
    assert (
        valid(document.write(gate_results.result([gate_results.finding(score=score)])))["findings"][0]["score"] is None
    )


TEXTS = st.text(max_size=5) | st.sampled_from(gate_results.HOSTILE_TEXTS)
FINDINGS = st.builds(
    Finding,
    kind=st.sampled_from(gate_results.KINDS),
    id=TEXTS,
    severity=st.sampled_from(Severity),
    package=TEXTS,
    version=TEXTS,
    purl=TEXTS,
    path=TEXTS,
    line=st.integers(0, 2**70),
    aliases=st.lists(TEXTS, max_size=2).map(tuple),
    published=st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0)),
    score=st.none() | st.integers(0, 100).map(lambda tenths: tenths / 10),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(FINDINGS, max_size=4), TEXTS.filter(bool))
def test_what_is_written_is_read_back(findings: list[Finding], name: str) -> None:
    result = gate_results.result(findings, name=name)
    content = document.write(result)
    valid(content)
    read = document.read(content)
    assert isinstance(result.evidence, Evidence)
    assert read.findings == result.judgement.findings
    assert (read.verdict, read.name, read.scanned) == (result.judgement.verdict, name, result.evidence.scanned)
    assert (read.scanners, read.finished) == (result.evidence.scanners, result.evidence.finished)


GOOD = document.write(ordinary())
FIRST = json.loads(GOOD)["findings"][0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"null",
        b"[]",
        b"{}",
        GOOD[:-3],
        GOOD[: len(GOOD) // 2],
        b"\xff" + GOOD,
        b"\xef\xbb\xbf" + GOOD,
        GOOD + GOOD,
        b"[" * 100_000,
        GOOD.replace(b'"verdict": "failed"', b'"verdict": "failed", "verdict": "passed"'),
        GOOD.replace(b'"packages": 431', b'"packages": NaN'),
        changed(GOOD, schema="https://github.com/modelseal/modelseal/verdict/v2"),
        changed(GOOD, schema=None),
        changed(GOOD, verdict="passed"),
        changed(GOOD, verdict="error"),
        changed(GOOD, verdict="PASSED"),
        changed(GOOD, findings=None),
        changed(GOOD, findings={}),
        changed(GOOD, findings=[]),
        changed(GOOD, findings=[1]),
        changed(GOOD, counts=None),
        changed(GOOD, findings=[FIRST] * 6),
        changed(GOOD, findings=[FIRST | {"severity": "AWFUL"}]),
        changed(GOOD, findings=[FIRST | {"kind": "virus"}]),
        changed(GOOD, findings=[FIRST | {"decision": "maybe"}]),
        changed(GOOD, findings=[FIRST | {"package": "zlib"}]),
        changed(GOOD, findings=[FIRST | {"novelty": "old"}]),
        changed(GOOD, findings=[FIRST | {"published": "yesterday"}]),
        changed(GOOD, findings=[FIRST | {"published": "2026-01-01"}]),
        changed(GOOD, findings=[FIRST | {"line": -1}]),
        changed(GOOD, findings=[FIRST | {"aliases": "GHSA-1"}]),
        changed(GOOD, subject=None),
        changed(GOOD, subject={"name": "x"}),
        changed(GOOD, subject={"name": "x", "image_id": "sha256:1"}),
        changed(GOOD, subject={"name": "x", "digest": "", "platforms": []}),
        changed(GOOD, scanned_at="now"),
        changed(GOOD, scanned_at="2026-06-01T12:00:00"),
    ],
)
def test_refuses_what_is_not_a_whole_verdict(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(it|its|a|the|NaN) "):
        document.read(content)


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_any_date_is_written(moment: datetime) -> None:
    content = document.write(gate_results.result([gate_results.finding(published=moment)]))
    valid(content)
    assert document.read(content).findings[0].finding.published == moment


@pytest.mark.slow
def test_twenty_thousand_findings_are_written_in_time() -> None:
    result = gate_results.large_result(20_000)
    assert result.judgement.verdict is Verdict.FAILED
    started = time.process_time()
    content = document.write(result)
    assert time.process_time() - started < 1.5
    started = time.process_time()
    assert len(document.read(content).findings) == 20_000
    assert time.process_time() - started < 3
