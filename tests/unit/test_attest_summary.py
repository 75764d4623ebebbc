"""A verification summary is signed alone, as it is, and only if it is one that lets something pass."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from attestation_material import IMAGE, IMAGE_ID, context, key, pem, release
from modelseal import station
from modelseal.commands import attest, verify
from modelseal.errors import InputError, ModelsealError, VerificationFailed
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

FILE = "release.verification-summary.sigstore.json"
OTHER = "sha256:" + "3" * 64


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    """Verify a release, and return the summary."""
    outcome = verify.run(release(tmp_path), context(tmp_path))
    assert isinstance(outcome.outputs, verify.Outputs)
    return Path(outcome.outputs.summary)


def sign(folder: Path, **given: Any) -> Outcome:
    (folder / "signed").mkdir()
    inputs = {"sign": "key", "private_key": pem(key("P-256")), **given}
    return attest.run(replace(station.read_inputs(attest.Inputs, {}), **inputs), context(folder / "signed"))


def test_it_is_signed_byte_for_byte_and_nothing_else_is(tmp_path: Path, summary: Path) -> None:
    outcome = sign(tmp_path, summary=summary)
    assert outcome.exit_code is ExitCode.PASSED
    (made,) = (tmp_path / "signed" / "out" / "bundles").iterdir()
    assert made.name == FILE
    payload = base64.b64decode(json.loads(made.read_bytes())["dsseEnvelope"]["payload"])
    assert payload == summary.read_bytes().removesuffix(b"\n")


def test_what_it_must_be_about_can_be_said(tmp_path: Path, summary: Path) -> None:
    given = {"image": IMAGE, "digest": IMAGE_ID, "manifest": tmp_path / "fraud-model.manifest.json"}
    assert sign(tmp_path, summary=summary, **given).exit_code is ExitCode.PASSED


def test_signed_summary_takes_the_place_of_the_evidence(tmp_path: Path, summary: Path) -> None:
    sign(tmp_path, summary=summary)
    given: dict[str, Any] = {
        "image": IMAGE, "digest": IMAGE_ID, "bundles": tmp_path / "signed" / "out" / "bundles",
        "public_key": tmp_path / "key.pub", "require": ("verification-summary",),
    }  # fmt: skip

    def verified(**changes: Any) -> Outcome:
        return verify.run(replace(station.read_inputs(verify.Inputs, {}), **(given | changes)), context(tmp_path))

    assert verified().exit_code is ExitCode.PASSED
    assert verified(max_age=timedelta(hours=1)).exit_code is ExitCode.PASSED
    assert "no attestation is about it" in verified(digest=OTHER).headline
    assert "no attestation states provenance" in verified(require=("verification-summary", "provenance")).headline


# --- refused, before anything is signed -------------------------------------------------------------------------------


def refused(folder: Path, kind: type[ModelsealError], message: str, **given: Any) -> None:
    with pytest.raises(kind, match=message):
        sign(folder, **given)
    assert list((folder / "signed" / "out").iterdir()) == []


Change = Callable[[dict[str, Any]], object]


def predicate(**said: object) -> Change:
    return lambda document: document["predicate"].update(said)


def without(name: str) -> Change:
    return lambda document: document["predicate"].pop(name)


LATER = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda document: document.update(predicateType="https://slsa.dev/provenance/v1"), "it states"),
        (lambda document: document.update(predicateType="https://slsa.dev/verification_summary/v0.2"), "it states"),
        (lambda document: document.update(_type="https://in-toto.io/Statement/v0.1"), "the statement's type is"),
        (lambda document: document.update(subject=[]), "about nothing"),
        (lambda document: document.update(more=1), "unknown member"),
        (lambda document: document["subject"][0]["digest"].update(sha256="1F" * 32), "no SHA-256"),
        (predicate(verifier={"id": "https://example.org/verifier"}), "the verifier is"),
        (without("verifier"), "the verifier is None"),
        (predicate(timeVerified=LATER), "no time in the past"),
        (predicate(timeVerified="yesterday"), "no time in the past"),
        (without("timeVerified"), "no time in the past"),
        (without("resourceUri"), "resourceUri is not a text"),
        (without("policy"), "the policy's URI is not a text"),
        (predicate(policy={"uri": "file:policy.yml"}), "the policy's digest is not a text"),
        (predicate(verificationResult="passed"), "its result is 'passed'"),
        (without("verificationResult"), "its result is None"),
        (predicate(verifiedLevels=["FAILED"]), "its levels are"),
        (predicate(verifiedLevels=[]), "its levels are"),
        (predicate(verificationResult="FAILED"), "its result is FAILED, and its levels are"),
        (predicate(inputAttestations=[]), "no attestation was looked at"),
    ],
)
def test_what_verify_would_not_write_is_not_signed(tmp_path: Path, summary: Path, change: Change, message: str) -> None:
    document = json.loads(summary.read_bytes())
    change(document)
    summary.write_text(json.dumps(document))
    refused(tmp_path, InputError, message, summary=summary)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"_type": 1, "_type": 1}', b"[" * 100_000], ids=lambda data: data[:20]
)
def test_what_is_no_statement_is_not_signed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "summary.json").write_bytes(content)
    refused(tmp_path, InputError, "not a verification summary", summary=tmp_path / "summary.json")


def test_failed_verification_is_not_signed(tmp_path: Path) -> None:
    outcome = verify.run(replace(release(tmp_path), require=("provenance", "test-result")), context(tmp_path))
    assert isinstance(outcome.outputs, verify.Outputs)
    refused(tmp_path, VerificationFailed, "nothing was attested", summary=Path(outcome.outputs.summary))


def test_summary_of_something_else_is_not_signed(tmp_path: Path, summary: Path) -> None:
    refused(tmp_path, InputError, "about something else", summary=summary, image=IMAGE, digest=OTHER)


@pytest.mark.parametrize("given", [{}, {"image": IMAGE, "digest": IMAGE_ID}], ids=["any", "the image"])
def test_summary_with_one_more_image_in_it_is_not_signed(tmp_path: Path, summary: Path, given: dict[str, Any]) -> None:
    said = json.loads(summary.read_bytes())
    said["subject"].append({"name": "registry.example/octo/other", "digest": {"sha256": "3" * 64}})
    summary.write_text(json.dumps(said))
    with pytest.raises(InputError, match="about 3 things, more than are verified together"):
        sign(tmp_path, summary=summary, **given)


def test_summary_of_another_model_is_not_signed(tmp_path: Path, summary: Path) -> None:
    other = tmp_path / "other.manifest.json"
    other.write_bytes(b"another")
    digest = hashlib.sha256(b"another").hexdigest()
    refused(tmp_path, InputError, f"something else than sha256:{digest}", summary=summary, manifest=other)


def test_missing_summary(tmp_path: Path) -> None:
    refused(tmp_path, InputError, "cannot be read", summary=tmp_path / "missing.json")


@pytest.mark.parametrize(
    "given",
    [
        {"verdicts": ("x",)}, {"materials": ("git+https://example.org=gitCommit:" + "a" * 40,)}, {"datasets": ("x",)},
        {"base_models": ("x",)}, {"image": IMAGE, "digest": IMAGE_ID, "sbom": ("x",)},
        {"image": IMAGE, "digest": IMAGE_ID, "archive": Path("x")},
        {"image": IMAGE, "digest": IMAGE_ID, "base_images": ("x@" + OTHER,)},
        {"image": IMAGE, "digest": IMAGE_ID, "image_id": OTHER},
    ],
    ids=str,
)  # fmt: skip
def test_who_verifies_states_nothing_of_the_build(tmp_path: Path, summary: Path, given: dict[str, Any]) -> None:
    refused(tmp_path, InputError, "is about a build, and a `summary` is about a verification", summary=summary, **given)
