"""What can be stated beside provenance: an SBOM, and a gate's verdict.

SBOM: https://github.com/in-toto/attestation/blob/main/spec/predicates/spdx2.md and cyclonedx.md beside it.
Vulnerabilities: https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md
Other verdicts: https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from modelseal.attestation import jsontext, provenance, slimming
from modelseal.attestation.rejection import Rejection, short

CYCLONEDX = "https://cyclonedx.org/bom"
SPDX_PREFIX = "https://spdx.dev/Document/v"
SPDX = f"{SPDX_PREFIX}2.3"
VULNS = "https://in-toto.io/attestation/vulns/v0.2"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
VERDICT_SCHEMA = "https://github.com/modelseal/modelseal/verdict/v1"
MODEL_VERDICT_SCHEMA = "https://github.com/modelseal/modelseal/verdict/model/v1"
# The standard predicate lists findings; it has no place for what a gate concluded from them. Ours is beside them.
VERDICT_KEY = "modelseal_verdict"

# The policy of a gate that was given none.
DEFAULT_POLICY = "https://github.com/modelseal/modelseal/policies/default/v1"

# What users write in `require`, and what it means.
SHORT_NAMES = {
    "provenance": provenance.PREDICATE_TYPE,
    "spdx": SPDX,
    "cyclonedx": CYCLONEDX,
    "vulns": VULNS,
}
_SCANNERS = {"trivy": "pkg:github/aquasecurity/trivy", "modelseal": "pkg:github/modelseal/modelseal"}
_DATABASES = {"trivy": "pkg:github/aquasecurity/trivy-db"}
_MOST_REQUIRED = 1000  # of a model's runtime closure: a statement is no place for more
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Verdict:
    """A gate's verdict as its file has it.

    Attributes:
        result: `passed` or `failed`.
        image: What the image, or whatever else was judged, was called.
        names: Every digest that names the image as a whole: its ID, its manifest's, or its index's; `sha256:…`. The
            images of an index do not name it.
        document: The whole file.
        data: The same as it is in the file.
    """

    result: str
    image: str
    names: frozenset[str]
    document: Mapping[str, object] = field(repr=False)
    data: bytes = field(default=b"", repr=False)

    @property
    def predicate_type(self) -> str:
        """What states it: a scan for vulnerabilities has a predicate of its own, every other gate is a test."""
        scanners = self.document.get("scanners")
        return VULNS if isinstance(scanners, list) and "vuln" in scanners else TEST_RESULT


def describe(predicate_type: str) -> str:
    """Name a predicate type shortly, as files and tables do: `provenance`, `sbom-spdx`, `sbom-cyclonedx`, `vulns`."""
    if predicate_type.startswith(SPDX_PREFIX):
        return "sbom-spdx"
    names = {
        CYCLONEDX: "sbom-cyclonedx",
        VULNS: "vulns",
        TEST_RESULT: "test-result",
        SUMMARY: "verification-summary",
        provenance.PREDICATE_TYPE: "provenance",
    }
    return names.get(predicate_type, predicate_type)


def is_sbom(predicate_type: str) -> bool:
    """Tell whether a predicate is an image's SBOM."""
    return predicate_type == CYCLONEDX or predicate_type.startswith(SPDX_PREFIX)


def is_about_images(predicate_type: str) -> bool:
    """Tell whether a predicate is one that `attest` makes for images only."""
    return predicate_type == VULNS or is_sbom(predicate_type)


def of_sbom(data: bytes) -> tuple[str, dict[str, object]]:
    """Return the predicate type and the predicate for an SBOM file: its content, as far as that fits.

    Raises:
        Rejection: It is neither SPDX 2 nor CycloneDX in JSON, or too large in any form.
    """
    document = jsontext.parse_object(data)
    if document.get("bomFormat") == "CycloneDX":
        jsontext.as_text(document.get("specVersion"), "specVersion")
        return CYCLONEDX, slimming.cyclonedx(data, document)
    version = document.get("spdxVersion")
    match = re.fullmatch(r"SPDX-(2\.[0-9])", version) if isinstance(version, str) else None
    if match is None:
        raise Rejection("it is neither SPDX 2 nor CycloneDX in JSON")
    return f"{SPDX_PREFIX}{match[1]}", slimming.spdx(data, document)


def read_verdict(data: bytes) -> Verdict:
    """Read the verdict file of a gate, as `scan-image` and `scan-model` write it.

    Raises:
        Rejection: It is not one.
    """
    document = jsontext.parse_object(data)
    of_model = document.get("schema") == MODEL_VERDICT_SCHEMA
    if not of_model and document.get("schema") != VERDICT_SCHEMA:
        raise Rejection(f"its schema is {short(document.get('schema'))}, not {VERDICT_SCHEMA}")
    result = document.get("verdict")
    if result not in ("passed", "failed"):
        raise Rejection(f"its verdict is {short(result)}, neither passed nor failed")
    if not jsontext.as_list(document.get("scanners"), "the list of scanners"):
        raise Rejection("the gate looked for nothing, so it says nothing")
    findings = jsontext.as_list(document.get("findings"), "the list of findings")
    fails = any(jsontext.dig(item, "decision") == "fails" for item in findings)
    if fails and result == "passed":
        raise Rejection("its verdict is passed, but its findings say otherwise")
    if of_model:
        _check_model(document, result, fails=fails)
    return Verdict(
        result=result,
        image=jsontext.as_text(jsontext.dig(document, "subject", "name"), "the image's name"),
        names=_names(jsontext.as_object(document.get("subject"), "the subject")),
        document=document,
        data=data,
    )


def _check_model(document: Mapping[str, object], result: str, *, fails: bool) -> None:
    """Refuse a model's verdict that is about no bytes in particular, or that its own findings contradict."""
    if jsontext.dig(document, "subject", "digest") == "":
        raise Rejection(
            "the model was scanned without its manifest, so the verdict is about no bytes in particular: give "
            "`scan-model` the `manifest` that `hash-artifacts` wrote"
        )
    if document.get("scanners") != ["model"]:
        raise Rejection(f"it looked for {short(document.get('scanners'))}, which is not what a model is scanned for")
    if (result == "failed") != fails:
        raise Rejection(f"its verdict is {result}, but its findings say otherwise")
    if not jsontext.as_list(document.get("files"), "the list of files"):
        raise Rejection("no file was looked into, so it says nothing")


def _names(subject: Mapping[str, object]) -> frozenset[str]:
    """Return the digests that name an image, or an index of several."""
    # A model is known by its manifest's digest, as an index is by its own.
    required = "digest" if "platforms" in subject or "image_id" not in subject else "image_id"
    names = [jsontext.as_text(subject.get(required), f"the image's {required}")]
    if required != "digest" and subject.get("digest"):
        names.append(jsontext.as_text(subject["digest"], "the image's digest"))
    for name in names:
        if not _DIGEST.fullmatch(name):
            raise Rejection(f"the image's ID or digest is {short(name)}, not sha256: and 64 hexadecimal digits")
    return frozenset(names)


def of_verdict(verdict: Verdict) -> dict[str, object]:
    """Return the predicate for a verdict: `vulns` if it is about vulnerabilities, else `test-result`.

    Raises:
        Rejection: The verdict lacks what the predicate requires.
    """
    return _vulns(verdict) if verdict.predicate_type == VULNS else _test_result(verdict)


def _test_result(verdict: Verdict) -> dict[str, object]:
    """Return the `test-result` predicate: what was looked for is a test each, the policy and the tool configure it."""
    document = verdict.document
    tests = [
        jsontext.as_text(item, "what was looked for") for item in jsontext.as_list(document["scanners"], "scanners")
    ]
    passed = verdict.result == "passed"
    failing = {
        jsontext.dig(item, "id") or jsontext.dig(item, "kind")
        for item in jsontext.as_list(document.get("findings"), "the list of findings")
        if jsontext.dig(item, "decision") == "fails"
    }
    return {
        "result": "PASSED" if passed else "FAILED",
        "configuration": _configuration(document),
        "passedTests": sorted(tests) if passed else [],
        "warnedTests": [],
        "failedTests": [] if passed else sorted(map(str, failing)),
        VERDICT_KEY: {**_gate(verdict), "scanned_at": jsontext.as_text(document.get("scanned_at"), "the time")},
    }


def _configuration(document: Mapping[str, object]) -> list[dict[str, object]]:
    """Return the policy and the tool as resource descriptors, each by its digest as far as there is one."""
    policy, sha256 = jsontext.dig(document, "policy", "source"), jsontext.dig(document, "policy", "sha256")
    listed: list[dict[str, object]] = [
        {"name": policy, "digest": {"sha256": sha256}} if policy and sha256 else {"uri": DEFAULT_POLICY}
    ]
    scanner = jsontext.dig(document, "scanner", "name")
    if isinstance(scanner, str) and scanner:
        digest = jsontext.dig(document, "scanner", "sha256")
        version = jsontext.dig(document, "scanner", "version")
        uri = _SCANNERS.get(scanner, scanner)
        listed.append(
            {"uri": f"{uri}@{version}" if version else uri, **({"digest": {"sha256": digest}} if digest else {})}
        )
    return listed


def _gate(verdict: Verdict) -> dict[str, object]:
    """Return what a gate concluded, for which the standards have no place."""
    document = verdict.document
    required = document.get("requires")
    closure = (
        {"requires": required[:_MOST_REQUIRED], "requires_count": len(required)} if isinstance(required, list) else {}
    )
    return {
        "result": verdict.result,
        "subject": document["subject"],
        "scanners": document.get("scanners"),
        "policy": document.get("policy"),
        "waivers": document.get("waivers"),
        "counts": document.get("counts"),
        "decisions": document.get("decisions"),
        "scanner_sha256": jsontext.dig(document, "scanner", "sha256"),
        **closure,
    }


def _vulns(verdict: Verdict) -> dict[str, object]:
    """Return the `vulns` predicate: every vulnerability in the standard's fields, and the verdict beside them."""
    document = verdict.document
    scanner = jsontext.as_text(jsontext.dig(document, "scanner", "name"), "the scanner's name")
    updated = jsontext.as_text(jsontext.dig(document, "database", "updated_at"), "the database's date")
    digest = jsontext.dig(document, "database", "digest")
    scanned = jsontext.as_text(document.get("scanned_at"), "the time of the scan")
    started = jsontext.as_text(document.get("started_at", scanned), "the time when the scan started")
    findings = [
        jsontext.as_object(item, "a finding")
        for item in jsontext.as_list(document.get("findings"), "the list of findings")
    ]
    gate = _gate(verdict)
    predicate: dict[str, object] = {
        "scanner": {
            "uri": _SCANNERS.get(scanner, scanner),
            "version": jsontext.as_text(jsontext.dig(document, "scanner", "version"), "the scanner's version"),
            "db": {
                "uri": _DATABASES.get(scanner, scanner),
                **({"version": digest} if digest else {}),
                "lastUpdate": updated,
            },
            # Secrets and the like were judged as well, but are no vulnerabilities; the counts below have them.
            "result": [_finding(item) for item in findings if item.get("kind", "vulnerability") == "vulnerability"],
        },
        "metadata": {"scanStartedOn": started, "scanFinishedOn": scanned},
        VERDICT_KEY: gate,
    }
    return slimming.vulns(verdict.data, predicate, gate)


def result_of(predicate: Mapping[str, object]) -> str:
    """Return the verdict inside a predicate that was made of one; empty when there is none."""
    result = jsontext.dig(predicate, VERDICT_KEY, "result")
    return result if isinstance(result, str) else ""


def _finding(finding: Mapping[str, object]) -> dict[str, object]:
    package = jsontext.dig(finding, "package", "purl") or jsontext.dig(finding, "package", "name")
    notes = {
        "package": package,
        "installed_version": jsontext.dig(finding, "package", "version"),
        "fixed_version": finding.get("fixed_version"),
        "status": finding.get("status"),
        "decision": finding.get("decision"),
        "reason": finding.get("reason"),
        "platform": finding.get("platform"),
    }
    return {
        "id": jsontext.as_text(finding.get("id"), "a finding's id"),
        "severity": [
            {"method": "modelseal", "score": jsontext.as_text(finding.get("severity"), "a finding's severity")}
        ],
        "annotations": [{key: str(value)} for key, value in notes.items() if value],
    }
