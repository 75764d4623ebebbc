import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_results
import vulnerability_reports as trivy
from modelseal.errors import InputError
from modelseal.gate import baseline, document, judge
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Policy
from modelseal.gate.result import Fixed, Novelty
from modelseal.vulnerabilities import trivy_report

PILLOW = gate_results.finding(purl="pkg:pypi/pillow@10.0.0", type="python-pkg", package="pillow", version="10.0.0")
ALL = [PILLOW, gate_results.finding(), gate_results.secret(), gate_results.misconfiguration(), gate_results.license_()]
VERDICT = document.write(gate_results.result(ALL))


def report() -> dict[str, Any]:
    """Return a report of Trivy with every kind of finding."""
    made = trivy.document([trivy.vulnerability(), trivy.vulnerability(VulnerabilityID="CVE-2")], [trivy.SECRET])
    made["Results"] += [
        {"Target": trivy.ARTIFACT, "Class": "config", "Type": "dockerfile",
         "Misconfigurations": [trivy.MISCONFIGURATION, trivy.MISCONFIGURATION | {"ID": "DS-1", "Status": "PASS"}]},
        {"Target": "OS Packages", "Class": "license", "Licenses": [trivy.LICENSE]},
        {"Target": "Loose File License(s)", "Class": "license-file",
         "Licenses": [trivy.LICENSE | {"PkgName": "", "FilePath": "srv/LICENSE"}]},
    ]  # fmt: skip
    return made


def compared(findings: list[Finding], before: baseline.Baseline) -> tuple[list[Novelty | None], tuple[Fixed, ...]]:
    judgement = judge.judge(findings, Policy(), image="i", today=gate_results.NOW, baseline=before)
    assert judgement.fixed is not None
    return [item.novelty for item in judgement.findings], judgement.fixed


def test_a_verdict_is_its_own_baseline() -> None:
    before = baseline.read(VERDICT)
    assert before.name == "registry.example/team/fraud:1.4"
    assert compared(ALL, before) == ([Novelty.KNOWN] * 5, ())


def test_a_report_of_trivy_is_its_own_baseline() -> None:
    content = json.dumps(report()).encode()
    findings = list(trivy_report.parse(content, image_id=trivy.IMAGE_ID).findings)
    assert {item.kind for item in findings} == set(gate_results.KINDS)
    assert compared(findings, baseline.read(content)) == ([Novelty.KNOWN] * 6, ())


def test_a_report_of_trivy_and_the_verdict_made_of_it_are_the_same_baseline() -> None:
    content = json.dumps(report()).encode()
    findings = trivy_report.parse(content, image_id=trivy.IMAGE_ID).findings
    written = document.write(gate_results.result(findings))
    assert set(baseline.read(written).found) == set(baseline.read(content).found)


@pytest.mark.parametrize(
    ("metadata", "name"),
    [({"RepoTags": ["team/app:1"]}, "team/app:1"), ({"RepoTags": []}, trivy.ARTIFACT), ({}, trivy.ARTIFACT)],
)
def test_tells_what_the_image_was_called(metadata: dict[str, Any], name: str) -> None:
    assert baseline.read(json.dumps(report() | {"Metadata": metadata}).encode()).name == name


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"version": "10.0.1", "purl": "pkg:pypi/pillow@10.0.1"}, True),
        ({"purl": "pkg:pypi/pillow@10.0.0?os=linux"}, True),
        ({"path": "opt/pillow", "layer": "", "platform": "linux/arm64"}, True),
        ({"severity": Severity.CRITICAL, "fixed_version": "", "title": "other"}, True),
        ({"id": "CVE-2"}, False),
        ({"purl": "pkg:pypi/pillow-heif@10.0.0"}, False),
        ({"purl": "pkg:conda/pillow@10.0.0"}, False),
        ({"purl": "pkg:deb/ubuntu/pillow@10.0.0"}, False),
        ({"purl": "pkg:pypi/pillow@10.0.0#sub"}, False),
        ({"purl": ""}, False),
        ({"kind": Kind.SECRET}, False),
    ],
)
def test_what_makes_a_vulnerability_the_same(changes: dict[str, Any], known: bool) -> None:  # noqa: FBT001 -- a column
    before = baseline.of_findings("i", [PILLOW])
    assert before.has(replace(PILLOW, **changes)) is known


def test_scoped_names_keep_their_scope() -> None:
    one = replace(PILLOW, purl="pkg:npm/%40a/x@1")
    before = baseline.of_findings("i", [one])
    assert before.has(replace(one, purl="pkg:npm/%40a/x@2"))
    assert not before.has(replace(one, purl="pkg:npm/%40b/x@1"))
    assert not baseline.of_findings("i", [replace(one, purl="pkg:npm/@a/x@1")]).has(replace(one, purl="pkg:npm/@b/x@1"))


def test_without_a_package_url_type_and_name_count() -> None:
    bare = replace(PILLOW, purl="")
    before = baseline.of_findings("i", [bare])
    assert before.has(replace(bare, version="2"))
    assert not before.has(replace(bare, type="jar"))
    assert not before.has(replace(bare, package="other"))


@pytest.mark.parametrize("item", [gate_results.secret(), gate_results.misconfiguration()])
def test_in_files_the_path_counts_and_not_the_line(item: Finding) -> None:
    before = baseline.of_findings("i", [item])
    assert before.has(replace(item, line=99, path=f"/{item.path}"))
    assert not before.has(replace(item, path="other"))
    assert not before.has(replace(item, id="other"))


def test_what_is_fixed_is_named_once_with_its_worst_severity() -> None:
    worse = replace(PILLOW, severity=Severity.CRITICAL, path="elsewhere", version="9")
    for order in ([PILLOW, worse], [worse, PILLOW]):
        novelty, fixed = compared([], baseline.of_findings("i", order))
        assert novelty == []
        assert fixed == (Fixed(Kind.VULNERABILITY, PILLOW.id, Severity.CRITICAL, "pillow", "9"),)


def changed(**fields: Any) -> bytes:
    return json.dumps(report() | fields).encode()


def with_item(kind: str, item: Any) -> bytes:
    return changed(Results=[{"Target": "t", "Class": "c", "Type": "debian", kind: item}])


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it is empty"),
        (b"  \n", "it is empty"),
        (VERDICT[:-20], "cut off"),
        (changed()[:-20], "cut off"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"[]", "not an object"),
        (b"{}", "neither a verdict nor a report"),
        (b'{"a": 1, "a": 2}', "comes twice"),
        (b'{"a": NaN}', "no JSON number"),
        (b'{"version": "2.1.0", "runs": []}', "neither a verdict nor a report"),
        (b'{"bomFormat": "CycloneDX", "vulnerabilities": []}', "neither a verdict nor a report"),
        (b'{"matches": [], "descriptor": {"name": "grype"}}', "neither a verdict nor a report"),
        (VERDICT.replace(b"verdict/v1", b"verdict/v2"), "v2"),
        (VERDICT.replace(b'"verdict": "failed"', b'"verdict": "error"'), "not a verdict"),
        (VERDICT.replace(b'"HIGH": 3', b'"HIGH": 4'), "all the findings"),
        (changed(SchemaVersion=3), "schema 3"),
        (changed(SchemaVersion=None), "schema None"),
        (changed(ArtifactType="filesystem"), "filesystem"),
        (changed(ArtifactType=None), "not about a container image"),
        (changed(Results=[]), "no Results"),
        (changed(Results=None), "Results"),
        (changed(Results={}), "Results"),
        (changed(Results=[1]), "Results"),
        (with_item("Vulnerabilities", {}), "Vulnerabilities"),
        (with_item("Vulnerabilities", [1]), "Vulnerabilities"),
        (with_item("Vulnerabilities", [{}]), "VulnerabilityID"),
        (with_item("Vulnerabilities", [trivy.vulnerability(Severity="AWFUL")]), "AWFUL"),
        (with_item("Vulnerabilities", [trivy.vulnerability(Severity=None)]), "Severity"),
        (with_item("Vulnerabilities", [trivy.vulnerability(PkgName=1)]), "PkgName"),
        (with_item("Vulnerabilities", [trivy.vulnerability(PkgIdentifier="x")]), "PkgIdentifier"),
        (with_item("Secrets", [trivy.SECRET | {"RuleID": ""}]), "RuleID"),
        (with_item("Misconfigurations", [{"ID": "x", "Severity": "LOW"}]), "Status"),
        (with_item("Licenses", [{"Name": None, "Severity": "LOW"}]), "Name"),
    ],
)
def test_refuses_what_is_no_whole_baseline(content: bytes, what: str) -> None:
    with pytest.raises(InputError) as caught:
        baseline.read(content, source="base.json")
    assert what in caught.value.what
    assert caught.value.where == "base.json"
    assert caught.value.mend


PURLS = st.sampled_from(
    ["", "pkg:pypi/p@1", "pkg:pypi/p@2?a=b", "pkg:npm/%40s/p@1", "pkg:golang/a.b/c@1#d", "nonsense@"]
)
FINDINGS = st.builds(
    Finding, kind=st.sampled_from(gate_results.KINDS), id=st.sampled_from("ab"), severity=st.sampled_from(Severity),
    package=st.sampled_from("pq"), version=st.sampled_from("12"), purl=PURLS, type=st.sampled_from("tu"),
    path=st.sampled_from(["x", "/x", "y"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(FINDINGS, max_size=6), st.lists(FINDINGS, max_size=3))
def test_a_baseline_of_itself_gives_nothing_new_and_nothing_fixed(findings: list[Finding], more: list[Finding]) -> None:
    before = baseline.read(document.write(gate_results.result(findings)))
    novelty, fixed = compared(findings, before)
    assert set(novelty) <= {Novelty.KNOWN}
    assert fixed == ()
    assert compared([*findings, *more], before)[1] == ()


@pytest.mark.slow
def test_twenty_thousand_findings_are_compared_in_time() -> None:
    findings = gate_results.large_findings(20_000)
    content = document.write(gate_results.result(findings))
    started = time.process_time()
    before = baseline.read(content)
    assert before.beyond(findings, tuple(Kind)) == ()
    assert time.process_time() - started < 3
