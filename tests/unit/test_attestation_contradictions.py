"""What contradicts itself is not signed by `attest`, and does not pass `verify` where somebody else has signed it."""

import base64
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import certificate_authority
from attestation_material import (
    IMAGE,
    IMAGE_ID,
    attested,
    context,
    key,
    manifest,
    pem,
    project,
    public_pem,
    release,
    signed,
)
from attestation_material import cyclonedx as cyclonedx_document
from attestation_material import spdx as spdx_document
from attestation_material import verdict as verdict_document
from modelseal.attestation import given, predicates, verification
from modelseal.attestation.attested import Attestation
from modelseal.attestation.log_entry import LogEntry
from modelseal.attestation.statement import Statement, Subject
from modelseal.attestation.trust import Proved
from modelseal.commands import attest, verify
from modelseal.errors import InputError
from modelseal.verdict import ExitCode

Change = Callable[[Any], object]
OTHER = f"sha256:{'9' * 64}"
VULNS, SIGNATURE = "image.vulns.sigstore.json", "fraud-model.sig"
FAILING = {"kind": "vulnerability", "id": "CVE-1", "severity": "CRITICAL", "decision": "fails"}
CONTAINER = {"SPDXID": "SPDXRef-image", "name": "other", "versionInfo": OTHER, "primaryPackagePurpose": "CONTAINER"}
DESCRIBES = {
    "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-image",
}  # fmt: skip


def statement(file: Path) -> Any:
    return json.loads(base64.b64decode(json.loads(file.read_bytes())["dsseEnvelope"]["payload"]))


def hours(number: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=number)).isoformat()


# --- what is not signed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        ({"findings": [FAILING]}, "its findings say otherwise"),
        ({"decisions": {"fails": 3}}, "findings are listed that fail it"),
        ({"decisions": {"fails": "none"}}, "findings are listed that fail it"),
        ({"scanned_at": "2099-01-01T00:00:00Z"}, "is in the future"),
        ({"scanned_at": hours(1)}, "is in the future"),
        ({"scanned_at": "yesterday"}, "does not say when the scan ended"),
        ({"scanned_at": "2026-01-01T00:00:00"}, "does not say when the scan ended"),
        ({"scanned_at": "2026-02-30T00:00:00Z"}, "does not say when the scan ended"),
        ({"scanners": ["secret"], "decisions": {"fails": 1}}, "findings are counted that fail it"),
        ({"scanners": ["secret"], "findings": [{**FAILING, "kind": "secret"}]}, "its findings say otherwise"),
    ],
)
def test_verdict_that_no_verifier_would_take_is_not_attested(
    tmp_path: Path, verdict: dict[str, Any], message: str
) -> None:
    inputs = project(tmp_path)
    (tmp_path / "fraud.verdict.json").write_bytes(verdict_document(**verdict))
    with pytest.raises(InputError, match=message):
        attest.run(inputs, context(tmp_path))
    assert not (tmp_path / "out" / "bundles").exists()


def test_verdict_of_another_image_id_is_not_attested(tmp_path: Path) -> None:
    inputs = replace(project(tmp_path), digest=OTHER, image_id=IMAGE_ID)
    file = tmp_path / "fraud.verdict.json"
    file.write_bytes(verdict_document(subject={"name": IMAGE, "image_id": f"sha256:{'8' * 64}", "digest": OTHER}))
    with pytest.raises(InputError, match="about another image"):
        attest.run(inputs, context(tmp_path))
    file.write_bytes(verdict_document(subject={"name": IMAGE, "image_id": IMAGE_ID, "digest": f"sha256:{'8' * 64}"}))
    assert attest.run(inputs, context(tmp_path)).exit_code is ExitCode.PASSED  # pushed twice, it has two digests


@pytest.mark.parametrize(
    "document",
    [
        spdx_document(packages=[CONTAINER], relationships=[DESCRIBES]),
        cyclonedx_document(metadata={"component": {"type": "container", "name": "other", "version": OTHER}}),
    ],
    ids=["spdx", "cyclonedx"],
)
def test_sbom_of_another_image_is_not_attested(tmp_path: Path, document: bytes) -> None:
    inputs = project(tmp_path)
    (tmp_path / "fraud.spdx.json").write_bytes(document)
    inputs = replace(inputs, sbom=(str(tmp_path / "fraud.spdx.json"),))
    with pytest.raises(InputError, match=f"of another image, {OTHER}"):
        attest.run(inputs, context(tmp_path))
    pushed = replace(inputs, digest=f"sha256:{'7' * 64}", image_id=OTHER, verdicts=(), archive=None)
    assert attest.run(pushed, context(tmp_path)).exit_code is ExitCode.PASSED


def test_two_sboms_of_a_kind_that_differ_are_not_attested(tmp_path: Path) -> None:
    inputs = project(tmp_path)
    (tmp_path / "other.spdx.json").write_bytes(spdx_document(comment="another"))
    with pytest.raises(InputError, match="Two SBOMs of the same kind"):
        attest.run(replace(inputs, sbom=(*inputs.sbom, str(tmp_path / "other.spdx.json"))), context(tmp_path))


# --- what does not pass -----------------------------------------------------------------------------------------------


def gate(statement: Any) -> Any:
    return statement["predicate"]["modelseal_verdict"]


def stated(kind: str, predicate: dict[str, Any]) -> Change:
    return lambda statement: statement.update(predicateType=kind, predicate=predicate)


def reduced(*path: str) -> Change:
    """Take one thing out of a predicate."""

    def change(it: Any) -> None:
        for step in path[:-1]:
            it = it[step]
        del it[path[-1]]

    return lambda statement: change(statement["predicate"])


PROVENANCE, OLDER = "https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"
OLD: dict[str, Any] = {
    "builder": {"id": "https://builder.example"},
    "buildType": "https://build.example",
    "invocation": {},
}


@pytest.mark.parametrize(
    ("change", "lacks"),
    [
        (stated(PROVENANCE, {"a": 1}),
         "buildDefinition.buildType, buildDefinition.externalParameters, runDetails.builder.id"),
        (reduced("buildDefinition", "buildType"), "buildDefinition.buildType"),
        (reduced("buildDefinition", "externalParameters"), "buildDefinition.externalParameters"),
        (reduced("runDetails", "builder"), "runDetails.builder.id"),
        (lambda it: it["predicate"]["runDetails"]["builder"].update(id=""), "runDetails.builder.id"),
        (lambda it: it["predicate"]["runDetails"]["builder"].update(id={}), "runDetails.builder.id"),
        (stated(OLDER, {"invocation": {}}), "buildType, builder.id"),
    ],
)  # fmt: skip
def test_provenance_without_what_every_one_has_is_none(tmp_path: Path, change: Change, lacks: str) -> None:
    inputs = replace(release(tmp_path), sbom=(), require=(PROVENANCE, OLDER))
    file = tmp_path / "out" / "bundles" / "image.provenance.sigstore.json"
    other = statement(file)
    change(other)
    for kind, predicate in ((PROVENANCE, statement(file)["predicate"]), (OLDER, OLD)):
        beside = {**statement(file), "predicateType": kind, "predicate": predicate}
        file.with_name(f"{len(kind)}.sigstore.json").write_bytes(signed(beside))
    file.write_bytes(signed(other))
    outcome = verify.run(replace(inputs, paths=()), context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert f"it lacks {lacks}, without which it is no " in outcome.headline


@pytest.mark.parametrize(("kind", "lacks"), [("spdx", "spdxVersion"), ("cyclonedx", "bomFormat, specVersion")])
def test_sbom_without_what_every_one_has_is_none(tmp_path: Path, kind: str, lacks: str) -> None:
    inputs = replace(release(tmp_path), sbom=(), paths=(), require=(kind,))
    file = tmp_path / "out" / "bundles" / f"image.sbom-{kind}.sigstore.json"
    file.write_bytes(signed({**statement(file), "predicate": {"a": 1}}))
    outcome = verify.run(inputs, context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert f"it lacks {lacks}, without which it is no sbom-{kind}" in outcome.headline


@pytest.mark.parametrize("predicate", [{}, {"a": 1}, {"spdxVersion": ""}])
def test_older_sbom_without_what_every_one_has_is_none_either(tmp_path: Path, predicate: dict[str, Any]) -> None:
    older = "https://spdx.dev/Document/v2.2"
    inputs = replace(release(tmp_path), sbom=(), paths=(), require=(older,))
    file = tmp_path / "out" / "bundles" / "image.sbom-spdx.sigstore.json"
    whole = {**statement(file), "predicateType": older}
    file.write_bytes(signed(whole))
    assert verify.run(inputs, context(tmp_path)).exit_code is ExitCode.PASSED
    file.write_bytes(signed({**whole, "predicate": predicate}))
    outcome = verify.run(inputs, context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "it lacks spdxVersion, without which it is no sbom-spdx" in outcome.headline


def summary(**changes: Any) -> Change:
    said = {
        "verifier": {"id": "https://github.com/modelseal/modelseal/verify"}, "timeVerified": hours(-1),
        "resourceUri": f"pkg:oci/fraud@{IMAGE_ID.replace(':', '%3A')}", "slsaVersion": "1.1",
        "policy": {"uri": "file:policy.yml#production", "digest": {"sha256": "1" * 64}},
        "inputAttestations": [{"uri": "x", "digest": {"sha256": "1" * 64}}],
        "verificationResult": "PASSED", "verifiedLevels": ["SLSA_BUILD_LEVEL_2"],
    }  # fmt: skip
    return stated(SUMMARY, {key: value for key, value in (said | changes).items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"verifier": {"id": "https://evil.example"}}, "the verifier is 'https://evil.example'"),
        ({"verifier": None}, "the verifier is None"),
        ({"resourceUri": f"pkg:oci/fraud@{OTHER.replace(':', '%3A')}"}, "which is none of its subjects"),
        ({"resourceUri": f"pkg:generic/fraud?checksum={OTHER}"}, "which is none of its subjects"),
        ({"resourceUri": "registry.example/octo/fraud"}, "which is none of its subjects"),
        ({"policy": {"uri": "file:policy.yml#staging", "digest": {"sha256": "1" * 64}}}, "not one for production"),
        ({"policy": {"uri": "https://example.org", "digest": {"sha256": "1" * 64}}}, "not one for production"),
        ({"verifiedLevels": []}, "its levels are []"),
        ({"inputAttestations": []}, "no attestation was looked at"),
        ({"timeVerified": "yesterday"}, "no time in the past"),
    ],
    ids=str,
)
def test_summary_by_somebody_else_or_of_something_else_does_not_count(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    inputs = replace(release(tmp_path), paths=(), sbom=(), public_key=None, environment="production")
    (tmp_path / "p.yml").write_text(
        f"version: 1\nverify: {{production: {{public-key: {tmp_path / 'key.pub'}, max-age: 2h}}}}\n"
    )
    inputs = replace(inputs, policy=tmp_path / "p.yml", require=("verification-summary",))
    bundles = tmp_path / "out" / "bundles"
    said = statement(bundles / VULNS)
    for file in bundles.iterdir():
        file.unlink()
    summary(**changes)(said)
    (bundles / "summary.sigstore.json").write_bytes(signed(said))
    headline = verify.run(inputs, context(tmp_path)).headline
    if not why:
        assert headline == f"image {IMAGE} is what was signed"
        return
    assert "no attestation states verification-summary" in headline
    assert "does not count: " in headline
    assert why in headline
    summary(timeVerified=hours(-3))(said)  # one that would count is too old, and the other is not taken in its place
    (bundles / "old.sigstore.json").write_bytes(signed(said))
    assert "older than 2h" in verify.run(inputs, context(tmp_path)).headline
    summary()(said)
    (bundles / "old.sigstore.json").write_bytes(signed(said))
    assert verify.run(inputs, context(tmp_path)).exit_code is ExitCode.PASSED


def test_image_that_was_scanned_and_attested_twice_is_no_contradiction(tmp_path: Path) -> None:
    inputs = replace(release(tmp_path), sbom=(), paths=())
    bundles = tmp_path / "out" / "bundles"
    for kind, change in {
        "spdx": {
            "documentNamespace": "https://example.org/2",
            "creationInfo": {"created": hours(0), "creators": ["x"]},
        },
        "cyclonedx": {"serialNumber": "urn:uuid:2", "metadata": {"timestamp": hours(0), "authors": []}},
    }.items():
        said = statement(bundles / f"image.sbom-{kind}.sigstore.json")
        for number, later in enumerate((change, {**change, next(iter(change)): "another"})):
            said["predicate"].update(later)
            (bundles / f"image.sbom-{kind}{number or ''}.sigstore.json").write_bytes(signed(said))
    assert verify.run(inputs, context(tmp_path)).exit_code is ExitCode.PASSED
    said["predicate"]["metadata"]["authors"] = ["somebody"]
    (bundles / "more.sigstore.json").write_bytes(signed(said))
    assert "different SBOMs of the same kind" in verify.run(inputs, context(tmp_path)).headline


SUMMARY, TESTS = "https://slsa.dev/verification_summary/v1", "https://in-toto.io/attestation/test-result/v0.1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: gate(it).update(decisions={"fails": 3}), "findings are listed that fail it"),
        (lambda it: gate(it).update(decisions={"fails": -1}), "findings are listed that fail it"),
        (lambda it: gate(it).update(decisions={"fails": True}), "findings are listed that fail it"),
        (lambda it: gate(it).update(decisions={"fails": False}), "findings are listed that fail it"),
        (lambda it: gate(it).update(decisions=[]), "findings are listed that fail it"),
        (lambda it: it["predicate"]["scanner"]["result"][0].update(annotations={"decision": "fails"}), "that fail it"),
        (lambda it: it["predicate"]["scanner"]["result"][0].update(annotations=[{"decision": "FAILS"}]), "that fail"),
        (lambda it: it["predicate"]["scanner"]["result"][0]["annotations"].append({"decision": "fails"}), "that fail"),
        (lambda it: it["predicate"]["scanner"].pop("result"), "it lists no findings"),
        (lambda it: it["predicate"]["scanner"].update(result={}), "it lists no findings"),
        (lambda it: it["predicate"].pop("scanner"), "it lists no findings"),
        (lambda it: gate(it).update(scanners=[]), "did not look for vulnerabilities"),
        (lambda it: gate(it).update(scanners="vuln"), "did not look for vulnerabilities"),
        (lambda it: gate(it).update(scanners=["secret"]), "did not look for vulnerabilities"),
        (lambda it: gate(it).update(result=["passed"]), "no verdict on them"),
        (lambda it: gate(it).update(result="pаssed"), "its verdict is 'pаssed'"),  # noqa: RUF001 - a Cyrillic a
        (stated(SUMMARY, {"verificationResult": "PASSED", "verifiedLevels": ["FAILED"]}), "of its levels is FAILED"),
        (stated(TESTS, {"result": "PASSED", "failedTests": ["x"]}), "tests are listed that failed"),
        (stated(TESTS, {"result": "PASSED", "modelseal_verdict": ["failed"]}), "its gate's verdict is None"),
        (stated(TESTS, {"result": "PASSED", "modelseal_verdict": "failed"}), "its gate's verdict is None"),
        (stated(TESTS, {"result": "PASSED", "modelseal_verdict": {"result": True}}), "its gate's verdict is True"),
        (stated(TESTS, {"result": "PASSED", "modelseal_verdict": {"result": "passed", "decisions": {"fails": 1}}}),
         "findings are counted that fail it"),
    ],
)  # fmt: skip
def test_verdict_that_contradicts_itself_is_refused(tmp_path: Path, change: Change, message: str) -> None:
    inputs = release(tmp_path)
    said = statement(inputs.bundles / VULNS) if inputs.bundles else None
    change(said)
    (tmp_path / "out" / "bundles" / "one-more.sigstore.json").write_bytes(signed(said))
    outcome = verify.run(inputs, context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert message in outcome.headline


@pytest.mark.parametrize(("minutes", "refused"), [(-60, False), (4, False), (6, True), (60 * 24 * 30, True)])
def test_verdict_of_later_than_its_signature_is_refused(minutes: int, refused: bool) -> None:  # noqa: FBT001
    logged = datetime(2026, 1, 1, tzinfo=UTC)
    finished = (logged + timedelta(minutes=minutes)).isoformat()
    predicate = predicates.of_verdict(predicates.read_verdict(verdict_document(scanned_at=finished)))
    said = Statement((Subject(IMAGE, IMAGE_ID.removeprefix("sha256:")),), predicates.VULNS, predicate)
    signed_then = Attestation("x", said, Proved(b"", "octo", None, LogEntry("1", logged)))
    clock = verification.Clock(logged + timedelta(days=31), timedelta(days=40))
    wanted = verification.Wanted("image", IMAGE_ID.removeprefix("sha256:"), (predicates.VULNS,), clock)
    reasons = verification.judge([signed_then], wanted)
    assert bool(reasons) is refused
    assert not refused or "and it was signed before, at 2026-01-01 00:00" in reasons[0]


@pytest.mark.parametrize("own", [True, False], ids=["own", "another"])
def test_verdict_on_another_model_is_refused(tmp_path: Path, own: bool) -> None:  # noqa: FBT001
    inputs = replace(release(tmp_path), require=("test-result",))
    payload = base64.b64decode(
        json.loads((tmp_path / "out" / "bundles" / SIGNATURE).read_bytes())["dsseEnvelope"]["payload"]
    )
    sha256 = hashlib.sha256(payload).hexdigest()
    subject = {"name": "fraud-model", "digest": f"sha256:{sha256}" if own else OTHER}
    predicate = {
        "result": "PASSED",
        "modelseal_verdict": {"result": "passed", "scanners": ["model"], "subject": subject},
    }
    said = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "fraud-model", "digest": {"sha256": sha256}}],
        "predicateType": TESTS,
        "predicate": predicate,
    }
    (tmp_path / "out" / "bundles" / "fraud-model.test-result.sigstore.json").write_bytes(signed(said))
    outcome = verify.run(replace(inputs, image="", digest="", sbom=()), context(tmp_path))
    assert outcome.exit_code is (ExitCode.PASSED if own else ExitCode.VERIFICATION_FAILED)
    assert own or f"its verdict is about something else, {OTHER}" in outcome.headline


# --- files that are none, or too much ---------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [10_001, 100_000])
def test_file_of_more_lines_than_attestations_is_one_reason(tmp_path: Path, number: int) -> None:
    inputs = release(tmp_path)
    (tmp_path / "out" / "bundles" / "many.jsonl").write_bytes(b"{}\n" * number)
    outcome = verify.run(inputs, context(tmp_path))
    assert outcome.headline == (
        "verification failed: many.jsonl: it has more than 10,000 lines, and nobody has as many attestations"
    )


def test_pipe_or_device_is_not_read_as_a_file(tmp_path: Path) -> None:
    inputs, made = release(tmp_path), project(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="no regular file"):
            verify.run(replace(inputs, sbom=(str(path),)), context(tmp_path))
        with pytest.raises(InputError, match="no regular file"):
            attest.run(replace(made, archive=path), context(tmp_path))


@pytest.mark.parametrize("name", ["manifest", "verdicts", "datasets", "sbom", "summary", "certificate_chain"])
def test_pipe_is_not_waited_for_as_a_document(name: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    given: dict[str, Any] = {name: (str(pipe),) if name in {"verdicts", "datasets", "sbom"} else pipe}
    inputs = replace(project(tmp_path), **given)
    if name == "summary":
        inputs = replace(inputs, sbom=(), verdicts=(), archive=None, image_id="")
    with pytest.raises(InputError, match="no regular file"):
        attest.run(inputs, context(tmp_path))


def test_keys_may_come_through_a_pipe_but_one_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError):
        attest.run(replace(project(tmp_path), private_key=str(pipe)), context(tmp_path))
    read, write = os.pipe()
    os.write(write, pem(key("P-256")).encode())
    os.close(write)
    attest.run(replace(project(tmp_path), private_key=f"/dev/fd/{read}"), context(tmp_path))
    os.close(read)


def test_key_without_an_end_is_not_read_to_it(tmp_path: Path) -> None:
    for path in ("/dev/zero", str(tmp_path / "large")):
        (tmp_path / "large").write_bytes(bytes(1 << 17))
        with pytest.raises(InputError, match="nor the path of a file that can be read"):
            attest.run(replace(project(tmp_path), private_key=path), context(tmp_path))


def test_document_that_is_too_large_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "_DOCUMENT_LIMIT", 1 << 20)
    (tmp_path / "large").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(InputError, match="more than 1,048,576 bytes"):
        attest.run(replace(project(tmp_path), manifest=tmp_path / "large"), context(tmp_path))


@pytest.mark.parametrize("name", ["public_key", "certificate_root", "trust_config"])
def test_key_or_root_without_an_end_is_not_read_to_it(tmp_path: Path, name: str) -> None:
    given: dict[str, Any] = {"public_key": None, "repository": "octo/model", name: Path("/dev/zero")}
    with pytest.raises(InputError, match=r"it has more than|it is no regular file"):
        verify.run(replace(release(tmp_path), **given), context(tmp_path))


# --- several keys in one file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [("P-256", "P-384"), ("P-384", "P-256"), ("P-256", "P-256")])
def test_public_keys_beside_each_other_are_refused(tmp_path: Path, kinds: tuple[str, str]) -> None:
    inputs = release(tmp_path)
    (tmp_path / "key.pub").write_bytes(b"".join(public_pem(key(kind)) for kind in kinds))
    with pytest.raises(InputError, match="more in the file than one public key"):
        verify.run(inputs, context(tmp_path))


def test_private_keys_beside_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="several private keys"):
        attested(tmp_path, private_key=pem(key("P-256")) + pem(key("P-384")))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("OPENSSH", "OpenSSH's format.*ssh-keygen -p -m PKCS8"),
        ("ENCRYPTED SIGSTORE", "cosign's own format"),
        ("ENCRYPTED COSIGN", "cosign's own format"),
    ],
)
def test_private_keys_of_other_tools_are_named(tmp_path: Path, kind: str, message: str) -> None:
    text = f"-----BEGIN {kind} PRIVATE KEY-----\nAAAA\n-----END {kind} PRIVATE KEY-----\n"
    with pytest.raises(InputError, match=message):
        attested(tmp_path, private_key=text)


def test_certificate_in_place_of_a_public_key_is_named(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    (tmp_path / "key.pub").write_bytes(certificate_authority.signer().pem)
    with pytest.raises(InputError, match=r"This is a certificate.*certificate-root"):
        verify.run(inputs, context(tmp_path))


def test_parameters_before_a_private_key_are_passed_over(tmp_path: Path) -> None:
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert attested(tmp_path, private_key=parameters + pem(key("P-256"))).exit_code is ExitCode.PASSED


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (f"registry.example/octo/fraud@{OTHER}", f"names {OTHER}, and `digest` is {IMAGE_ID}"),
        (f"registry.example/octo/fraud@{IMAGE_ID.upper()}", "and `digest` is"),
        ("registry.example/octo/fraud@", "names nothing after its `@`"),
        ("registry.example/octo/fraud\nother", "cannot be shown"),
        ("registry.example/octo/fraud\u202e", "cannot be shown"),
    ],
)
def test_name_that_says_something_else_than_the_digest_is_not_attested(
    tmp_path: Path, image: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        attested(tmp_path, image=image)
    assert attested(tmp_path, image=f"registry.example/octo/fraud@{IMAGE_ID}").exit_code is ExitCode.PASSED


@pytest.mark.parametrize("ignored", ["weights", "weights/", "./weights", "weights/model.onnx", "x/../config.json"])
def test_manifest_that_leaves_out_what_it_lists_is_not_signed(tmp_path: Path, ignored: str) -> None:
    inputs = project(tmp_path)
    (tmp_path / "fraud-model.manifest.json").write_bytes(manifest(ignore_paths=[ignored]))
    with pytest.raises(InputError, match="is listed and left out too"):
        attest.run(inputs, context(tmp_path))
    (tmp_path / "fraud-model.manifest.json").write_bytes(manifest(ignore_paths=["weigh", ".git", "weights/model"]))
    assert attest.run(inputs, context(tmp_path)).exit_code is ExitCode.PASSED
