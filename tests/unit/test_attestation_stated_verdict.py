from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attestation_material import IMAGE_ID, verdict
from modelseal.attestation import log_entry, predicates, sbom_subject, stated_verdict
from modelseal.attestation.rejection import Rejection

ONE, TWO = "1" * 64, "2" * 64
LOOKED = {"result": "passed", "scanners": ["vuln"]}


def stated(**changes: Any) -> stated_verdict.StatedVerdict:
    predicate = predicates.of_verdict(predicates.read_verdict(verdict(**changes)))
    found = stated_verdict.read(predicates.VULNS, predicate)
    assert found is not None
    return found


def test_what_attest_states_is_read() -> None:
    found = stated(decisions={"waived": 2, "not-affected": 3, "fails": 0})
    assert found.passed
    assert found.time == datetime(2026, 11, 21, 0, 1, tzinfo=UTC)
    assert (found.waived, found.not_affected) == (2, 3)
    assert found.names == {IMAGE_ID.removeprefix("sha256:")}


@pytest.mark.parametrize("counts", [None, {}, {"waived": -1}, {"waived": "2"}, {"waived": True}, {"waived": 1.5}, []])
def test_counts_that_are_none_count_nothing(counts: Any) -> None:
    assert stated(decisions=counts).waived == 0


def test_statements_without_a_verdict_have_none() -> None:
    assert stated_verdict.read("https://slsa.dev/provenance/v1", {"result": "FAILED"}) is None


@pytest.mark.parametrize(
    ("kind", "predicate", "passed"),
    [
        (predicates.TEST_RESULT, {"result": "PASSED"}, True),
        (predicates.TEST_RESULT, {"result": "WARNED"}, False),
        (predicates.TEST_RESULT, {"result": "FAILED"}, False),
        (predicates.TEST_RESULT, {"result": "passed"}, False),
        (predicates.TEST_RESULT, {}, False),
        (predicates.TEST_RESULT, {"result": "PASSED", "failedTests": ["x"]}, False),
        (predicates.TEST_RESULT, {"result": "PASSED", "modelseal_verdict": {"result": "failed"}}, False),
        (predicates.VULNS, {}, False),
        (predicates.VULNS, {"modelseal_verdict": "passed"}, False),
        (predicates.VULNS, {"scanner": {"result": []}, "modelseal_verdict": LOOKED}, True),
        (predicates.VULNS, {"scanner": {"result": []}, "modelseal_verdict": {**LOOKED, "result": "failed"}}, False),
        (predicates.VULNS, {"scanner": {"result": None}, "modelseal_verdict": LOOKED}, False),
        (predicates.VULNS, {"modelseal_verdict": LOOKED}, False),
        (predicates.VULNS, {"scanner": {"result": []}, "modelseal_verdict": {"result": "passed"}}, False),
        (predicates.SUMMARY, {"verificationResult": "PASSED"}, True),
        (predicates.SUMMARY, {"verificationResult": "FAILED"}, False),
        (predicates.SUMMARY, {}, False),
    ],
)
def test_only_one_word_is_a_pass(kind: str, predicate: dict[str, Any], *, passed: bool) -> None:
    found = stated_verdict.read(kind, predicate)
    assert found is not None
    assert found.passed is passed


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-21T00:00:00Z", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21t00:00:00z", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21T01:00:00+01:00", datetime(2026, 11, 21, tzinfo=UTC)),
        ("2026-11-21T00:00:00.123456789Z", datetime(2026, 11, 21, 0, 0, 0, 123456, tzinfo=UTC)),
    ],
)
def test_times(text: str, time: datetime) -> None:
    assert stated_verdict.time_of(text) == time


@pytest.mark.parametrize(
    "value",
    [None, 0, "", "2026-11-21", "2026-11-21T00:00:00", "2026-13-21T00:00:00Z", "2026-11-21T25:00:00Z", "now",
     "2026-11-21T00:00:00Z\n", "٢٠٢٦-11-21T00:00:00Z", "0001-01-01T00:00:00+14:00"],
)  # fmt: skip
def test_what_is_no_time(value: object) -> None:
    assert stated_verdict.time_of(value) is None


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(days=7), "7d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=24), "1d"),
    ],
)
def test_durations_are_written_as_they_are_given(age: timedelta, text: str) -> None:
    assert stated_verdict.spoken(age) == text


# --- which image an SBOM is of ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "digests"),
    [
        ({"metadata": {"component": {"type": "container", "version": f"sha256:{ONE}"}}}, {ONE}),
        ({"metadata": {"component": {"type": "container", "purl": f"pkg:oci/x@sha256%3A{ONE}?tag=1"}}}, {ONE}),
        ({"metadata": {"component": {"type": "container", "version": "1.0"}}}, set()),
        ({"metadata": {"component": {"type": "container", "version": f"sha256:{ONE}0"}}}, set()),
        ({"metadata": {"component": {"type": "library", "version": f"sha256:{ONE}"}}}, set()),
        ({"components": [{"type": "container", "version": f"sha256:{ONE}"}]}, set()),
        ({"metadata": []}, set()),
    ],
)
def test_images_of_cyclonedx(document: dict[str, object], digests: set[str]) -> None:
    assert sbom_subject.digests(predicates.CYCLONEDX, document) == digests


@pytest.mark.parametrize(
    ("document", "digests"),
    [
        ({"documentDescribes": ["a"], "packages": [{"SPDXID": "a", "versionInfo": f"sha256:{ONE}"}]}, {ONE}),
        ({"relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                             "relatedSpdxElement": "a"}],
          "packages": [{"SPDXID": "a", "primaryPackagePurpose": "CONTAINER", "versionInfo": f"sha256:{ONE}",
                        "externalRefs": [{"referenceLocator": f"pkg:oci/x@sha256:{TWO}"}]}]}, {ONE, TWO}),
        ({"documentDescribes": ["b"], "packages": [{"SPDXID": "a", "versionInfo": f"sha256:{ONE}"}]}, set()),
        ({"documentDescribes": ["a"], "packages": [{"SPDXID": "a", "primaryPackagePurpose": "LIBRARY",
                                                    "versionInfo": f"sha256:{ONE}"}]}, set()),
        ({"documentDescribes": "a", "packages": {}, "relationships": [1]}, set()),
    ],
)  # fmt: skip
def test_images_of_spdx(document: dict[str, object], digests: set[str]) -> None:
    assert sbom_subject.digests(predicates.SPDX, document) == digests


# --- the log ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "entry"),
    [
        (b'{"verificationMaterial": {"tlogEntries": [{"logIndex": "7", "integratedTime": "0", "inclusionPromise": '
         b'{"signedEntryTimestamp": "x"}}]}}', log_entry.LogEntry("7", datetime(1970, 1, 1, tzinfo=UTC))),
        (b'{"verificationMaterial": {"tlogEntries": [{"logIndex": "7", "integratedTime": "1"}]}}',
         log_entry.LogEntry("7")),
        (b'{"verificationMaterial": {"tlogEntries": [{"logIndex": "7", "integratedTime": "99999999999999999999", '
         b'"inclusionPromise": {"signedEntryTimestamp": "x"}}]}}', log_entry.LogEntry("7")),
        (b'{"verificationMaterial": {"tlogEntries": []}}', log_entry.NONE),
        (b"{}", log_entry.NONE),
    ],
)  # fmt: skip
def test_only_a_time_that_the_log_promised_counts(document: bytes, entry: log_entry.LogEntry) -> None:
    assert log_entry.of_bundle(document) == entry


def test_every_entry_needs_its_proof() -> None:
    log_entry.require_proofs(b'{"verificationMaterial": {"tlogEntries": [{"inclusionProof": {"x": 1}}]}}')
    log_entry.require_proofs(b'{"verificationMaterial": {"tlogEntries": []}}')  # that there is one is asked elsewhere
    for entries in ("[{}]", '[{"inclusionProof": {"x": 1}}, {"inclusionProof": null}]', "[1]"):
        with pytest.raises(Rejection, match="no inclusion proof"):
            log_entry.require_proofs(f'{{"verificationMaterial": {{"tlogEntries": {entries}}}}}'.encode())
