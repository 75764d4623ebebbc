import json

import jsonschema
import pytest

import gate_results
from attestation_material import cyclonedx, spdx, verdict
from modelseal.attestation import predicates
from modelseal.attestation.rejection import Rejection
from modelseal.gate import document
from modelseal.gate.result import Decision, Judged


@pytest.mark.parametrize(("decision", "result"), [(Decision.BELOW, "passed"), (Decision.FAILS, "failed")])
def test_verdict_that_the_gate_writes_is_one_that_can_be_stated(decision: Decision, result: str) -> None:
    """Hold two rooms, neither of which imports the other, to one document."""
    written = gate_results.result([Judged(gate_results.finding(), decision, "as told")])
    read = predicates.read_verdict(document.write(written))
    assert (read.result, read.image) == (result, written.evidence.name)
    assert read.names == frozenset({gate_results.IMAGE_ID, gate_results.evidence().scanned[0].digest})
    predicate = predicates.of_verdict(read)
    assert predicates.result_of(predicate) == result
    text = json.dumps(predicate)
    assert written.judgement.findings[0].finding.id in text
    assert written.evidence.scanner.sha256 in text


def test_secrets_are_no_vulnerabilities() -> None:
    predicate = predicates.of_verdict(predicates.read_verdict(verdict()))
    assert "CVE-2024-0001" in json.dumps(predicate)
    assert "aws-access-key-id" not in json.dumps(predicate)


@pytest.mark.parametrize("scanners", [[], None, "vuln"])
def test_a_gate_that_looked_for_nothing_says_nothing(scanners: object) -> None:
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


# The fields of the specification, which has no schema of its own and whose protobuf names two of them differently:
# https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md
_TEXT: dict[str, object] = {"type": "string", "minLength": 1}
_TIME: dict[str, object] = {"type": "string", "format": "date-time"}
_SEVERITY = {"type": "object", "required": ["method", "score"], "properties": {"method": _TEXT, "score": _TEXT}}
_VULNS = {
    "type": "object",
    "required": ["scanner", "metadata"],
    "properties": {
        "scanner": {
            "type": "object",
            "required": ["uri", "db", "result"],
            "properties": {
                "uri": _TEXT,
                "version": _TEXT,
                "db": {
                    "type": "object",
                    "required": ["lastUpdate"],
                    "properties": {"uri": _TEXT, "version": _TEXT, "lastUpdate": _TIME},
                },
                "result": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["id", "severity"],
                        "properties": {
                            "id": _TEXT,
                            "severity": {"type": "array", "minItems": 1, "items": _SEVERITY},
                            "annotations": {"type": "array", "items": {"type": "object"}},
                        },
                    },
                },
            },
        },
        "metadata": {
            "type": "object",
            "required": ["scanStartedOn", "scanFinishedOn"],
            "properties": {"scanStartedOn": _TIME, "scanFinishedOn": _TIME},
        },
    },
}


@pytest.mark.parametrize("findings", [0, 1, 300])
def test_the_predicate_has_the_fields_of_its_specification(findings: int) -> None:
    written = gate_results.large_result(findings) if findings else gate_results.result()
    predicate = predicates.of_verdict(predicates.read_verdict(document.write(written)))
    checker = jsonschema.Draft202012Validator(_VULNS, format_checker=jsonschema.FormatChecker())
    assert list(checker.iter_errors(predicate)) == []
