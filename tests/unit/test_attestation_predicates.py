import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attestation_material import IMAGE, IMAGE_ID, cyclonedx, spdx, verdict
from modelseal.attestation import predicates
from modelseal.attestation.rejection import Rejection
from modelseal.vulnerabilities import document
from modelseal.vulnerabilities.database import Database
from modelseal.vulnerabilities.gate import Policy, judge
from modelseal.vulnerabilities.report import Finding, Report, Severity
from modelseal.vulnerabilities.trivy import Scan


@pytest.mark.parametrize(("fail_on", "result"), [({Severity.CRITICAL}, "passed"), ({Severity.HIGH}, "failed")])
def test_verdict_that_the_gate_writes_is_one_that_can_be_stated(fail_on: set[Severity], result: str) -> None:
    """Hold two rooms, neither of which imports the other, to one document."""
    finding = Finding(
        kind="vulnerability", id="CVE-2024-0001", severity=Severity.HIGH, package="left", version="1",
        purl="pkg:pypi/left@1", type="python-pkg", path="", fixed_version="2", status="fixed", title="", url="",
    )  # fmt: skip
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    policy = Policy(frozenset(fail_on), ignore_unfixed=False)
    data = document.verdict(
        IMAGE,
        Report(image_id=IMAGE_ID, os="debian 12", packages=3, findings=(finding,)),
        judge((finding,), policy),
        policy,
        document.Scanner("trivy", "0.74.0", "2" * 64),
        scan(moment),
    )
    read = predicates.read_verdict(data)
    assert (read.result, read.image, read.image_id) == (result, IMAGE, IMAGE_ID)
    predicate = predicates.of_verdict(read)
    assert predicates.result_of(predicate) == result
    text = json.dumps(predicate)
    assert "CVE-2024-0001" in text
    assert '"lastUpdate": "2026-11-21T00:00:00Z"' in text


def test_secrets_are_no_vulnerabilities() -> None:
    predicate = predicates.of_verdict(predicates.read_verdict(verdict()))
    assert "CVE-2024-0001" in json.dumps(predicate)
    assert "aws-access-key-id" not in json.dumps(predicate)


@pytest.mark.parametrize("scanners", [["secret"], [], None, "vuln"])
def test_a_scan_that_did_not_look_for_vulnerabilities_says_nothing_about_them(scanners: object) -> None:
    with pytest.raises(Rejection):
        predicates.read_verdict(verdict(scanners=scanners))


def test_sboms_are_told_apart() -> None:
    assert predicates.of_sbom(spdx())[0] == "https://spdx.dev/Document/v2.3"
    assert predicates.of_sbom(spdx(spdxVersion="SPDX-2.2"))[0] == "https://spdx.dev/Document/v2.2"
    assert predicates.of_sbom(cyclonedx())[0] == "https://cyclonedx.org/bom"


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"spdxVersion": 2}', b'{"spdxVersion": "SPDX-2.3\\n"}', b'{"spdxVersion": "2.3"}',
     b'{"bomFormat": "cyclonedx", "specVersion": "1.6"}', b"<bom/>", b'{"bomFormat": "CycloneDX"}'],
)  # fmt: skip
def test_what_is_no_sbom(data: bytes) -> None:
    with pytest.raises(Rejection):
        predicates.of_sbom(data)


@pytest.mark.parametrize(
    "predicate",
    [{}, {"modelseal_verdict": None}, {"modelseal_verdict": []}, {"modelseal_verdict": "passed"}, {"result": "passed"},
     {"modelseal_verdict": {"result": True}}, {"modelseal_verdict": {"result": ["passed"]}}],
)  # fmt: skip
def test_verdict_that_is_not_there_is_none(predicate: dict[str, object]) -> None:
    assert predicates.result_of(predicate) == ""


def test_names_are_short() -> None:
    assert [predicates.describe(each) for each in predicates.SHORT_NAMES.values()] == [
        "provenance",
        "sbom-spdx",
        "sbom-cyclonedx",
        "vulns",
    ]
    assert predicates.describe("https://example.org/x") == "https://example.org/x"


def scan(moment: datetime) -> Scan:
    """Return what a scan at that moment leaves behind."""
    return Scan(
        report=b"{}", database=Database(Path("db"), 2, moment), scanners=("vuln",),
        started=moment, finished=moment,
    )  # fmt: skip
