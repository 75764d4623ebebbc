"""What a hostile reader of `attest` and `verify` tried: each got through, or ended as a bug, before it was here."""

import base64
import hashlib
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import refusals
from attestation_material import IMAGE_ID, context, key, release, signed
from modelseal import registry, station
from modelseal.attestation import bundle, registry_store
from modelseal.attestation.rejection import Rejection
from modelseal.audit import log
from modelseal.commands import verify
from modelseal.errors import InputError, ToolError
from modelseal.registry import referrers
from modelseal.registry.content import Descriptor
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

MODELS_PROVENANCE = "fraud-model.provenance.sigstore.json"


def verified(folder: Path, inputs: verify.Inputs, **changes: Any) -> Outcome:
    return verify.run(replace(inputs, **changes), context(folder))


def bundles(folder: Path) -> Path:
    return folder / "out" / "bundles"


@pytest.mark.parametrize("kind", [[], {}, [bundle.MEDIA_TYPE], 3, None])
def test_a_media_type_that_is_no_text_is_refused(tmp_path: Path, kind: object) -> None:
    inputs = release(tmp_path)
    file = bundles(tmp_path) / MODELS_PROVENANCE
    read = json.loads(file.read_bytes()) | {"mediaType": kind}
    with pytest.raises(Rejection, match="not a known Sigstore bundle"):
        bundle.parse(json.dumps(read).encode())
    file.write_text(json.dumps(read))
    assert verified(tmp_path, inputs).exit_code is ExitCode.VERIFICATION_FAILED


def state_test_result(folder: Path, predicate: object) -> None:
    """State a test's result about the model, with the right key."""
    envelope = json.loads((bundles(folder) / "fraud-model.sig").read_bytes())["dsseEnvelope"]
    sha256 = hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "fraud-model", "digest": {"sha256": sha256}}],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": predicate,
    }
    (bundles(folder) / "fraud-model.test-result.sigstore.json").write_bytes(signed(statement))


@pytest.mark.parametrize("alone", [True, False], ids=["model", "model and image"])
def test_a_failed_verdict_counts_where_only_the_signature_is_required(tmp_path: Path, alone: bool) -> None:  # noqa: FBT001
    inputs = replace(release(tmp_path), require=("model-signature",))
    if alone:
        inputs = replace(inputs, image="", digest="", sbom=())
    state_test_result(tmp_path, {"result": "PASSED"})
    assert verified(tmp_path, inputs).exit_code is ExitCode.PASSED
    state_test_result(tmp_path, {"result": "FAILED"})
    outcome = verified(tmp_path, inputs)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "its result is 'FAILED'" in outcome.headline


def test_a_verdict_is_too_old_where_only_the_signature_is_required(tmp_path: Path) -> None:
    inputs = replace(release(tmp_path), require=("model-signature",), image="", digest="", sbom=())
    state_test_result(tmp_path, {"result": "PASSED"})
    outcome = verified(tmp_path, inputs, max_age=timedelta(days=1))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "does not say of when it is" in outcome.headline


def certificate(*, authority: bool = False) -> x509.Certificate:
    """Make a certificate that nobody vouches for."""
    name, now, holder = x509.Name([]), datetime.now(UTC), key("P-256")
    made = x509.CertificateBuilder(name, name, holder.public_key(), 5, now - timedelta(1), now + timedelta(1))
    return made.add_extension(x509.BasicConstraints(authority, None), critical=True).sign(holder, hashes.SHA256())


@pytest.mark.parametrize("base", ["key", "keyless"])
def test_a_certificate_of_a_version_that_there_is_not_is_refused(tmp_path: Path, base: str) -> None:
    case = refusals.Case("hostile", "", base, "")
    refusals.lay_out(case, tmp_path / "release")
    file = tmp_path / "release" / "bundles" / "image.vulns.sigstore.json"
    read = json.loads(file.read_bytes())
    der = certificate().public_bytes(serialization.Encoding.DER)
    hostile = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"), 1)
    read["verificationMaterial"].pop("publicKey", None)
    read["verificationMaterial"]["certificate"] = {"rawBytes": base64.b64encode(hostile).decode()}
    file.write_text(json.dumps(read))
    texts = refusals.texts(case, tmp_path / "release")
    if texts.pop("public-key", None):
        root = tmp_path / "root.pem"
        root.write_bytes(certificate(authority=True).public_bytes(serialization.Encoding.PEM))
        texts["certificate-root"] = str(root)
    outcome = verify.run(station.read_inputs(verify.Inputs, texts), context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "image.vulns.sigstore.json: it" in outcome.headline


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 400 + ".0"])
def test_an_sbom_with_an_infinite_number_is_refused(tmp_path: Path, number: str) -> None:
    inputs = release(tmp_path)
    file = tmp_path / "fraud.cdx.json"
    file.write_text(f'{{"x":{number},{file.read_text().lstrip().removeprefix("{")}')
    outcome = verified(tmp_path, inputs)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "too large a number" in outcome.headline


def test_two_attested_sboms_with_infinite_numbers_are_refused(tmp_path: Path) -> None:
    inputs = replace(release(tmp_path), sbom=())
    file = bundles(tmp_path) / "image.sbom-cyclonedx.sigstore.json"
    payload = base64.b64decode(json.loads(file.read_bytes())["dsseEnvelope"]["payload"])
    for name in ("1.sigstore.json", "2.sigstore.json"):
        hostile = payload.replace(b'"predicate":{', b'"predicate":{"x":1e999,', 1)
        (bundles(tmp_path) / name).write_bytes(signed(hostile))
    assert verified(tmp_path, inputs).exit_code is ExitCode.VERIFICATION_FAILED


@pytest.mark.parametrize("text", [",", ", ,", ",\n,"])
@pytest.mark.parametrize("name", ["require", "trigger"])
def test_a_list_of_demands_with_nothing_in_it_is_no_input(name: str, text: str) -> None:
    with pytest.raises(InputError, match="The list is empty") as caught:
        station.read_inputs(verify.Inputs, {name: text})
    assert caught.value.where == f"input `{name}`"


def test_nothing_required_is_no_demand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Nothing is required"):
        verified(tmp_path, replace(release(tmp_path), require=()))


def test_a_run_that_cannot_be_recorded_leaves_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = release(tmp_path)
    assert verified(tmp_path, inputs).exit_code is ExitCode.PASSED
    assert list((tmp_path / "out").glob("verification*"))
    with pytest.raises(InputError, match="cannot be opened"):  # tried before anything else
        verified(tmp_path, inputs, audit_log=tmp_path / "nowhere" / "audit.log")
    assert not list((tmp_path / "out").glob("verification*"))

    def full(*_: object) -> None:
        raise ToolError("The disk is full.")

    monkeypatch.setattr(log, "append", full)  # found out only in the end
    with pytest.raises(ToolError, match="disk is full"):
        verified(tmp_path, inputs, audit_log=tmp_path / "audit.log")
    assert not list((tmp_path / "out").glob("verification*"))


@pytest.mark.parametrize("algorithm", [[], {}, ["sha256"], 1, None])
def test_a_signed_manifest_whose_algorithm_is_no_text_is_refused(tmp_path: Path, algorithm: object) -> None:
    inputs = release(tmp_path)
    file = bundles(tmp_path) / "fraud-model.sig"
    statement = json.loads(base64.b64decode(json.loads(file.read_bytes())["dsseEnvelope"]["payload"]))
    statement["predicate"]["resources"][0]["algorithm"] = algorithm
    file.write_bytes(signed(statement))
    outcome = verified(tmp_path, inputs)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "the algorithm of" in outcome.headline


def test_the_name_of_a_bundle_makes_no_second_line_of_a_reason(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    (bundles(tmp_path) / "a\n::error::forged\x1b[31m.json").write_bytes(b"{}")
    outcome = verified(tmp_path, inputs)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert isinstance(outcome.outputs, verify.Outputs)
    (line,) = outcome.outputs.refused.split("\n")
    assert line.startswith("a\\n::error::forged\\x1b[31m.json: ")


@pytest.mark.parametrize("kind", ["endless", "pipe", "folder", "missing"])
def test_a_signature_that_is_no_regular_file_is_not_read(tmp_path: Path, kind: str) -> None:
    inputs = release(tmp_path)
    hostile = tmp_path / "model" / "model.sig"
    if kind == "endless":
        hostile.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(hostile)
    elif kind == "folder":
        hostile.mkdir()
    with pytest.raises(InputError, match="signature"):
        verified(tmp_path, inputs, signature=hostile)


@pytest.mark.parametrize(
    "kind",
    [
        "https://in-toto.io/attestation/vulns/v0.1",
        "https://in-toto.io/attestation/test-result/v0.2",
        "https://slsa.dev/verification_summary/v0.2",
    ],
)
def test_a_verdict_that_cannot_be_read_is_refused_though_it_is_required(tmp_path: Path, kind: str) -> None:
    inputs = release(tmp_path)
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "fraud", "digest": {"sha256": IMAGE_ID.removeprefix("sha256:")}}],
        "predicateType": kind,
        "predicate": {"result": "FAILED", "verification_result": "FAILED"},
    }
    (bundles(tmp_path) / "verdict.sigstore.json").write_bytes(signed(statement))
    outcome = verified(tmp_path, inputs, paths=(), require=(*inputs.require, kind))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "which is not understood" in outcome.headline


def test_every_bundle_in_one_manifest_of_a_registry_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = [f"sha256:{digit * 64}" for digit in "12"]
    layers = [{"mediaType": bundle.MEDIA_TYPE, "digest": each, "size": 1} for each in digests]
    kind = "application/vnd.oci.image.manifest.v1+json"
    digest = f"sha256:{'3' * 64}"
    manifest = registry.Manifest(json.dumps({"layers": layers}).encode(), kind, digest)
    listed = referrers.Referrer(Descriptor(kind, digest, 1), bundle.MEDIA_TYPE)
    monkeypatch.setattr(referrers, "listed", lambda *_: (listed,))
    monkeypatch.setattr(registry.Client, "manifest", lambda *_: manifest)
    monkeypatch.setattr(registry.Client, "content", lambda _self, _image, layer, _most: layer.digest.encode())
    found = registry_store.read("registry.example/octo/fraud", f"sha256:{'4' * 64}", {}, lambda _: None)
    assert sorted(found.values()) == [each.encode() for each in digests]
