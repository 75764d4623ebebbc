import copy
import dataclasses
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_results import HOSTILE_TEXTS
from modelseal.errors import ToolError
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.vulnerabilities import trivy_report
from modelseal.vulnerabilities.trivy_report import Report
from vulnerability_reports import (
    ARTIFACT,
    IMAGE_ID,
    LAYER,
    LICENSE,
    MISCONFIGURATION,
    SECRET,
    VULNERABILITY,
    document,
    hostile,
    large,
    licenses,
    misconfigurations,
    report,
    vulnerability,
)

ALL = ("vuln", "secret", "misconfig", "license")


def parse(content: bytes, **options: Any) -> Report:
    return trivy_report.parse(content, image_id=IMAGE_ID, **options)


def read(document_: dict[str, Any], **options: Any) -> Report:
    return parse(json.dumps(document_).encode(), **options)


def full() -> dict[str, Any]:
    """Return a report with a finding of every kind."""
    whole = document([vulnerability()], [SECRET])
    whole["Results"] += [misconfigurations([MISCONFIGURATION]), licenses([LICENSE])]
    return whole


def one(**fields: Any) -> Finding:
    (finding,) = parse(report([vulnerability(**fields)])).findings
    return finding


def test_reads_every_kind() -> None:
    evidence = read(full(), scanners=ALL, platform="linux/arm64")
    assert (evidence.image_id, evidence.system, evidence.packages) == (IMAGE_ID, "debian 12.15", 2)
    assert [finding.kind for finding in evidence.findings] == [kind for kind in Kind if kind is not Kind.MODEL]
    assert {finding.platform for finding in evidence.findings} == {"linux/arm64"}


def test_reads_all_that_a_vulnerability_has() -> None:
    assert one(
        VendorIDs=["DSA-1-1", "GHSA-x"], PkgPath="usr/lib/x/METADATA", Layer={"DiffID": LAYER, "Digest": "x"},
        SeveritySource="debian", PublishedDate="2023-10-14T02:15:09.123456789Z", CweIDs=["CWE-190"],
        CVSS={"nvd": {"V3Score": 9.8, "V2Score": 7.5}}, Description="d" * 5000, Title="one\ntwo",
    ) == Finding(
        kind=Kind.VULNERABILITY, id="CVE-2023-0001", severity=Severity.HIGH, package="zlib1g", version="1",
        purl="pkg:deb/debian/zlib1g@1?arch=amd64", type="debian", path="usr/lib/x/METADATA", fixed_version="2",
        status="fixed", title="one", description="d" * 1000, url="https://example.org/CVE-2023-0001",
        aliases=("DSA-1-1", "GHSA-x"), published=datetime(2023, 10, 14, 2, 15, 9, 123456, UTC), score=9.8,
        weaknesses=("CWE-190",), layer=LAYER,
    )  # fmt: skip


def test_what_is_missing_is_empty() -> None:
    bare = {name: VULNERABILITY[name] for name in ("VulnerabilityID", "PkgName", "InstalledVersion", "Severity")}
    (finding,) = parse(report([bare])).findings
    assert finding == Finding(
        kind=Kind.VULNERABILITY, id="CVE-2023-0001", severity=Severity.HIGH, package="zlib1g", version="1",
        type="debian", path="debian 12.15",
    )  # fmt: skip


def test_a_secret_itself_is_never_kept() -> None:
    lines = {"Lines": [{"Number": 3, "Content": "key = hunter2", "IsCause": True}]}
    whole = document(None, [SECRET | {"Match": "key = hunter2", "Code": lines, "Offset": 3}])
    (finding,) = read(whole).findings
    assert (finding.id, finding.path, finding.line, finding.place) == (
        "aws-access-key-id",
        "/srv/cred",
        3,
        "/srv/cred:3",
    )
    assert "hunter2" not in repr(finding)


def test_findings_in_the_images_own_configuration_do_not_name_the_archive() -> None:
    whole = document()
    whole["Results"] += [
        {"Target": ARTIFACT, "Class": "secret", "Secrets": [SECRET]},
        misconfigurations([MISCONFIGURATION]),
    ]
    findings = read(whole, scanners=("vuln", "secret", "misconfig")).findings
    assert [finding.path for finding in findings] == ["image configuration"] * 2
    assert findings[1].mend == MISCONFIGURATION["Resolution"]
    assert findings[1].line == 2
    assert ARTIFACT not in repr(findings)


def test_checks_that_passed_are_no_findings() -> None:
    whole = document()
    whole["Results"].append(misconfigurations([MISCONFIGURATION | {"Status": "PASS"}]))
    assert read(whole, scanners=("vuln", "misconfig")).findings == ()


def test_a_licence_gets_its_packages_url_when_there_is_one_such_package() -> None:
    whole = full()
    (finding,) = (item for item in read(whole, scanners=ALL).findings if item.kind is Kind.LICENSE)
    assert (finding.id, finding.package, finding.version, finding.path) == ("GPL-3.0-only", "tar", "1", "debian 12.15")
    whole["Results"][-1]["Licenses"] = [LICENSE | {"PkgName": "zlib1g"}]
    (finding,) = (item for item in read(whole, scanners=ALL).findings if item.kind is Kind.LICENSE)
    assert finding.purl == "pkg:deb/debian/zlib1g@1?arch=amd64"
    whole["Results"][0]["Packages"].append({"Name": "zlib1g", "Version": "1", "Identifier": {"PURL": "pkg:other/x"}})
    (finding,) = (item for item in read(whole, scanners=ALL).findings if item.kind is Kind.LICENSE)
    assert finding.purl == ""


@pytest.mark.parametrize(
    ("source", "ratings", "score"),
    [
        ("debian", {"debian": {"V3Score": 3.1}, "nvd": {"V3Score": 9.8}}, 3.1),
        ("debian", {"nvd": {"V3Score": 9.8}, "redhat": {"V3Score": 5.0}}, 9.8),
        ("ghsa", {"ghsa": {"V40Score": 8.7}, "nvd": {"V3Score": 9.8}}, 8.7),
        ("ghsa", {"ghsa": {"V3Score": 7.5, "V40Score": 8.7}}, 7.5),
        ("nvd", {"nvd": {"V2Score": 7.5}}, None),
        ("nvd", {"nvd": {"V3Vector": "CVSS:3.1/AV:N"}, "redhat": {"V3Score": 5}}, 5.0),
        ("nvd", {"bitnami": {"V3Score": 5}}, None),
        ("", {}, None),
        ("nvd", None, None),
        ("nvd", {"nvd": {"V3Score": 0}}, None),
    ],
)
def test_the_score_is_of_who_rated_it(source: str, ratings: Any, score: float | None) -> None:
    assert one(SeveritySource=source, CVSS=ratings).score == score


@pytest.mark.parametrize("text", ["", None, "0001-01-01T00:00:00Z"])
def test_an_unknown_date(text: Any) -> None:
    assert one(PublishedDate=text).published is None


def test_dates_are_utc() -> None:
    assert one(PublishedDate="2024-01-01T00:30:00+02:00").published == datetime(2023, 12, 31, 22, 30, tzinfo=UTC)


def test_identical_entries_count_once() -> None:
    assert len(parse(report([vulnerability(), vulnerability()])).findings) == 1
    assert len(read(document(None, [SECRET, SECRET | {"Offset": 9}])).findings) == 1


@pytest.mark.parametrize("change", [{"Severity": "LOW"}, {"FixedVersion": "3"}, {"Status": "affected"}])
def test_contradictory_entries_are_an_error(change: dict[str, str]) -> None:
    for entries in ([VULNERABILITY, VULNERABILITY | change], [VULNERABILITY | change, VULNERABILITY]):
        with pytest.raises(ToolError, match="contradicts itself"):
            parse(report(entries))


def test_the_same_id_of_two_packages_is_no_contradiction() -> None:
    other = vulnerability(PkgName="tar", Severity="LOW", PkgIdentifier={"UID": "9"})
    assert len(parse(report([vulnerability(), other])).findings) == 2


Change = Callable[[dict[str, Any]], Any]


def put(*keys: Any, value: Any) -> Change:
    def change(whole: dict[str, Any]) -> None:
        at: Any = whole
        for key in keys[:-1]:
            at = at[key]
        at[keys[-1]] = value

    return change


def drop(*keys: Any) -> Change:
    def change(whole: dict[str, Any]) -> None:
        at: Any = whole
        for key in keys[:-1]:
            at = at[key]
        del at[keys[-1]]

    return change


PACKAGES = ("Results", 0, "Packages")
FOUND = ("Results", 0, "Vulnerabilities", 0)
WRONG_SCORES: tuple[Any, ...] = (-1, 10.1, "9.8", True, 10**400, [])
SYSTEM = ("Metadata", "OS")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (put("Results", value=[]), "no Results"),
        (put("Results", value=None), "no Results"),
        (drop("Results"), "no Results"),
        (put("Results", value={"a": 1}), "no Results"),
        (put("Results", 0, value="x"), "list of objects"),
        (put("SchemaVersion", value=1), "schema"),
        (put("SchemaVersion", value=True), "schema"),
        (put("SchemaVersion", value="2"), "schema"),
        (drop("SchemaVersion"), "schema"),
        (put("ArtifactType", value="filesystem"), "not about an image"),
        (drop("ArtifactType"), "not about an image"),
        (drop("Metadata"), "no Metadata"),
        (put("Metadata", value={}), "no Metadata"),
        (put("Metadata", value=[1]), "no Metadata"),
        (put("Metadata", "ImageID", value=f"sha256:{'2' * 64}"), "another image"),
        (put("Metadata", "ImageID", value=IMAGE_ID.upper()), "another image"),
        (drop("Metadata", "ImageID"), "another image"),
        (put("Metadata", "ImageID", value=[IMAGE_ID]), "another image"),
        (drop(*SYSTEM), "no operating system"),
        (put(*SYSTEM, value=None), "no operating system"),
        (put(*SYSTEM, value={}), "no operating system"),
        (put(*SYSTEM, value="debian"), "not an object"),
        (put(*SYSTEM, value={"Family": "none", "Name": ""}), "no operating system"),
        (put(*SYSTEM, value={"Family": "", "Name": "12"}), "no operating system"),
        (put(*SYSTEM, value={"Family": "debian"}), "which release"),
        (put(*SYSTEM, "Family", value=7), "not a text"),
        (put(*SYSTEM, "EOSL", value=True), "has ended"),
        (put(*SYSTEM, "EOSL", value="no"), "true or false"),
        (drop(*PACKAGES), "no package|does not list"),
        (put(*PACKAGES, value=[]), "no package|does not list"),
        (put(*PACKAGES, value="x"), "not a list of objects"),
        (put(*PACKAGES, value=["x"]), "not a list of objects"),
        (put(*PACKAGES, value=[{"Name": "tar"}]), "does not list"),
        (put(*PACKAGES, value=[{"Name": "zlib1g", "Identifier": {"UID": "2"}}]), "does not list"),
        (put("Results", 0, "Class", value="lang-pkgs"), "no package"),
        (put("Results", 0, "Class", value="custom"), "never seen"),
        (put("Results", 0, "Class", value="os-pkgs2"), "never seen"),
        (put("Results", 0, "Class", value=""), "never seen"),
        (drop("Results", 0, "Class"), "never seen"),
        (put("Results", 0, "Class", value=1), "not a text"),
        (put("Results", 0, "CryptoAssets", value=[{"a": 1}]), "of a sort never seen"),
        (put("Results", 0, "CustomResources", value=[{"a": 1}]), "of a sort never seen"),
        (put("Results", 0, "ExperimentalModifiedFindings", value=[{"a": 1}]), "never seen|ignore"),
        (put("ExperimentalModifiedFindings", value=[{"a": 1}]), "ignore"),
        (put("Results", 0, "Target", value=1), "not a text"),
        (put("Results", 0, "Type", value=[]), "not a text"),
        (put("Results", 0, "Vulnerabilities", value={}), "not a list of objects"),
        (put("Results", 0, "Vulnerabilities", value=[None]), "not a list of objects"),
        *((put(*FOUND, "Severity", value=value), "severity never seen") for value in ("high", "NEGLIGIBLE", "HIGH ")),
        (put(*FOUND, "Severity", value=3), "not a text"),
        *((put(*FOUND, name, value=None), f"no {name}|does not list") for name in
          ("VulnerabilityID", "PkgName", "InstalledVersion", "Severity")),
        *((put(*FOUND, name, value=["x"]), "not a text") for name in
          ("VulnerabilityID", "InstalledVersion", "FixedVersion", "Status", "Title", "Description", "PrimaryURL",
           "PkgPath", "PublishedDate", "SeveritySource")),
        *((put(*FOUND, name, value="x"), "not an object") for name in ("PkgIdentifier", "Layer", "CVSS")),
        *((put(*FOUND, name, value=[1]), "list of texts") for name in ("VendorIDs", "CweIDs")),
        (put(*FOUND, "VendorIDs", value="CVE-1"), "list of texts"),
        *((put(*FOUND, "PublishedDate", value=value), "date") for value in
          ("yesterday", "2024-01-01", "2024-01-01T00:00:00", "2024-13-01T00:00:00Z", "0001-01-01T00:00:00+01:00")),
        *((put(*FOUND, "CVSS", value={"nvd": {"V3Score": value}}), "CVSS score") for value in WRONG_SCORES),
        (put(*FOUND, "CVSS", value={"nvd": 9.8}), "not an object"),
        (put("Results", 1, "Secrets", 0, "StartLine", value="3"), "line number"),
        (put("Results", 1, "Secrets", 0, "StartLine", value=-3), "line number"),
        (put("Results", 1, "Secrets", 0, "StartLine", value=True), "line number"),
        (put("Results", 1, "Secrets", 0, "RuleID", value=""), "no RuleID"),
        (put("Results", 1, "Secrets", 0, "Severity", value="SEVERE"), "severity never seen"),
        (put("Results", 2, "Misconfigurations", 0, "Status", value="EXCEPTION"), "status never seen"),
        (drop("Results", 2, "Misconfigurations", 0, "Status"), "no Status"),
        (put("Results", 2, "Misconfigurations", 0, "ID", value=None), "no ID"),
        (put("Results", 2, "Misconfigurations", 0, "CauseMetadata", value=3), "not an object"),
        (put("Results", 2, "Target", value="srv/Dockerfile"), "configuration was looked at"),
        (drop("Results", 2), "configuration was looked at"),
        (put("Results", 3, "Licenses", 0, "Name", value=""), "no Name"),
        (put("Results", 3, "Licenses", 0, "Severity", value="BAD"), "severity never seen"),
        (drop("Results", 3), "licences were looked for"),
    ],
)  # fmt: skip
def test_what_cannot_be_evidence_is_an_error(change: Change, what: str) -> None:
    whole = full()
    change(whole)
    with pytest.raises(ToolError, match=what):
        read(whole, scanners=ALL)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"null", "not an object"),
        (b"[]", "not an object"),
        (b"{}", "schema"),
        (b"not json", "cannot be read"),
        (report() + b"{}", "cannot be read"),
        (report()[:-1], "cannot be read"),
        (report()[: len(report()) // 2], "cannot be read"),
        (b"\xef\xbb\xbf" + report(), "cannot be read"),
        (report().decode().encode("utf-16"), "cannot be read"),
        (report([vulnerability(Title="x")]).replace(b'"x"', b'"\xff"'), "cannot be read"),
        (report([vulnerability(Title="x")]).replace(b'"x"', b'"\\ud800"'), "cannot be read"),
        (report([vulnerability(Title="x")]).replace(b'"x"', b'"\\uDFFF\\ud800"'), "cannot be read"),
        (report([vulnerability(Title="x")]).replace(b'"x"', b"NaN"), "cannot be read"),
        (report([vulnerability(Title="x")]).replace(b'"x"', b"-Infinity"), "cannot be read"),
        (report([vulnerability(Title="x")]).replace(b'"x"', b"1" * 5000), "cannot be read"),
        (report([vulnerability(Title="x")]).replace(b'"x"', b"1e999"), "not a text"),
        (report([vulnerability(Title="x")]).replace(b'"x"', b'"x","Title":"y"'), "comes twice"),
        (report().replace(b'"SchemaVersion": 2', b'"SchemaVersion": 2, "Results": []'), "comes twice"),
        (b"[" * 100_000, "cannot be read"),
        (b'{"a":' * 100_000, "cannot be read"),
    ],
)
def test_what_is_no_report_is_an_error(content: bytes, what: str) -> None:
    with pytest.raises(ToolError, match=what):
        parse(content)


def test_whole_characters_in_escapes_are_read() -> None:
    assert parse(report([vulnerability(Title="\U0001f600")])).findings[0].title == "\U0001f600"


def test_a_report_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trivy_report, "MAX_BYTES", 100)
    with pytest.raises(ToolError, match="more than 100"):
        parse(report())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(report([VULNERABILITY], [SECRET])) - 1))
def test_a_report_that_is_cut_off_anywhere_is_an_error(length: int) -> None:
    with pytest.raises(ToolError):
        parse(report([VULNERABILITY], [SECRET])[:length])


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([None, 0, -1, True, 1.5, "", "x", [], [1], {}, {"a": 1}]))
def test_whatever_a_field_is_the_report_is_read_or_refused(chance: random.Random, value: Any) -> None:
    whole = copy.deepcopy(full())
    at: Any = whole
    while True:
        key = chance.choice(list(at) if isinstance(at, dict) else range(len(at)))
        if not isinstance(at[key], dict | list) or not at[key] or chance.random() < 0.2:
            at[key] = value
            break
        at = at[key]
    try:
        evidence = read(whole, scanners=ALL)
    except ToolError:
        return
    assert evidence.packages
    assert {finding.kind for finding in evidence.findings} <= set(Kind)


def without_system(packages: int = 1) -> dict[str, Any]:
    whole = document()
    del whole["Metadata"]["OS"]
    whole["Results"] = [{"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg",
                         "Packages": [{"Name": f"x{number}"} for number in range(packages)]}]  # fmt: skip
    return whole


def test_an_image_without_a_system_is_judged_when_the_policy_says_so() -> None:
    evidence = read(without_system(), without_system=True)
    assert (evidence.system, evidence.packages) == ("", 1)
    with pytest.raises(ToolError, match="no operating system"):
        read(without_system())


def test_an_image_without_anything_never_passes() -> None:
    with pytest.raises(ToolError, match="no packages"):
        read(without_system(packages=0), without_system=True)
    nothing = without_system()
    nothing["Results"] = [{"Target": "/srv/cred", "Class": "secret", "Secrets": [SECRET]}]
    with pytest.raises(ToolError, match="no package"):
        read(nothing, without_system=True)
    nothing["Results"] = []
    with pytest.raises(ToolError, match="no Results"):
        read(nothing, without_system=True)


def test_packages_of_a_system_that_nobody_knows_are_not_left_out() -> None:
    whole = document()
    del whole["Metadata"]["OS"]
    with pytest.raises(ToolError, match="but no operating system"):
        read(whole, without_system=True)
    with pytest.raises(ToolError, match="has ended"):
        read(document(Metadata={"ImageID": IMAGE_ID, "OS": {"Family": "debian", "Name": "9", "EOSL": True}}),
             without_system=True)  # fmt: skip


def test_a_hostile_report_loses_nothing() -> None:
    evidence = parse(hostile(), scanners=ALL)
    texts = [text for text in HOSTILE_TEXTS if "\ud800" not in text]
    for kind in (Kind.VULNERABILITY, Kind.MISCONFIGURATION, Kind.LICENSE):
        assert {finding.id for finding in evidence.findings if finding.kind is kind} >= set(texts)
    assert {finding.path for finding in evidence.findings if finding.kind is Kind.SECRET} >= set(texts)
    assert max(len(finding.package) for finding in evidence.findings) == 1024 * 1024
    assert max(len(finding.description) for finding in evidence.findings) == 1000
    assert max(len(finding.title) for finding in evidence.findings) == 300


@pytest.mark.slow
def test_a_large_report_is_read_in_time_and_whole() -> None:
    content = large(20_000)
    started = time.process_time()
    evidence = parse(content)
    assert time.process_time() - started < 2.5
    assert len(evidence.findings) == 20_000
    assert len({dataclasses.astuple(finding)[1] for finding in evidence.findings[:1000]}) == 1000
