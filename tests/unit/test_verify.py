import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from attestation_material import (
    GITHUB,
    IMAGE,
    IMAGE_ID,
    context,
    key,
    manifest,
    payloads,
    pem,
    project,
    public_pem,
    release,
    signed,
    spdx,
    verdict,
)
from modelseal.commands import attest, verify
from modelseal.errors import InputError
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

OTHER = "sha256:" + "3" * 64


def verified(folder: Path, inputs: verify.Inputs, **changes: Any) -> Outcome:
    return verify.run(replace(inputs, **changes), context(folder))


def reasons(folder: Path, inputs: verify.Inputs, **changes: Any) -> list[str]:
    """Verify what must be refused, check that it is told everywhere, and return the reasons."""
    outcome = verified(folder, inputs, **changes)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert isinstance(outcome.outputs, verify.Outputs)
    document = json.loads(Path(outcome.outputs.verdict).read_bytes())
    assert document["verdict"] == "failed"
    told: list[str] = document["reasons"]
    assert told
    assert outcome.headline.startswith("verification failed: ")
    assert "### Refused" in outcome.summary
    return told


def bundle_of(folder: Path, name: str) -> Path:
    return folder / "out" / "bundles" / name


def restate(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a statement and sign it again with the right key: only what it says is wrong."""
    statement = payloads(folder / "out" / "bundles")[name]
    change(statement)
    bundle_of(folder, name).write_bytes(signed(statement))


def test_everything_that_was_attested_is_accepted(tmp_path: Path) -> None:
    outcome = verified(tmp_path, release(tmp_path))
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    assert isinstance(outcome.outputs, verify.Outputs)
    assert outcome.outputs.digest == IMAGE_ID
    document = json.loads(Path(outcome.outputs.verdict).read_bytes())
    assert document["verdict"] == "passed"
    assert document["reasons"] == []
    assert [each["kind"] for each in document["subjects"]] == ["image", "model"]
    assert len(document["attestations"]) == 6


def test_more_reasons_than_anybody_reads_are_in_the_verdict_alone(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    for number in range(300):
        (tmp_path / "model" / f"{'x' * 200}{number}").touch()
    outcome = verified(tmp_path, inputs)
    assert isinstance(outcome.outputs, verify.Outputs)
    told = outcome.outputs.refused.splitlines()
    assert len(told) == 101
    assert told[-1].endswith("more, all of them in the verdict")
    assert len(outcome.headline) < 100_000
    assert len(json.loads(Path(outcome.outputs.verdict).read_bytes())["reasons"]) >= 300


@pytest.mark.parametrize("name", ["verification.json", "verification-summary.json"])
def test_audit_log_in_the_place_of_what_is_written_is_refused_and_kept(tmp_path: Path, name: str) -> None:
    inputs = release(tmp_path)
    log = tmp_path / "out" / name
    log.write_text("evidence")
    with pytest.raises(InputError, match="writes that file anew"):
        verified(tmp_path, inputs, audit_log=log)
    assert log.read_text() == "evidence"


@pytest.mark.parametrize("kind", ["P-384", "P-521"])
def test_other_curves_are_accepted(tmp_path: Path, kind: str) -> None:
    inputs = release(tmp_path, private_key=pem(key(kind)))
    (tmp_path / "key.pub").write_bytes(public_pem(key(kind)))
    assert verified(tmp_path, inputs).exit_code is ExitCode.PASSED


@pytest.mark.parametrize("kind", ["Ed25519", "RSA 2048"])
def test_other_keys_are_accepted_for_images(tmp_path: Path, kind: str) -> None:
    inputs = release(tmp_path, private_key=pem(key(kind)), manifest=None)
    (tmp_path / "key.pub").write_bytes(public_pem(key(kind)))
    assert verified(tmp_path, inputs, paths=()).exit_code is ExitCode.PASSED


def test_image_alone_is_accepted_beside_a_models_bundles(tmp_path: Path) -> None:
    assert verified(tmp_path, release(tmp_path), paths=()).exit_code is ExitCode.PASSED


def test_model_alone_is_accepted_beside_an_images_bundles(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    outcome = verified(tmp_path, inputs, image="", digest="", sbom=(), require=("provenance",))
    assert outcome.exit_code is ExitCode.PASSED


def test_model_signature_alone_suffices_where_nothing_else_is_required(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    signature = bundle_of(tmp_path, "fraud-model.sig").rename(tmp_path / "alone.sig")
    changes = {"image": "", "digest": "", "sbom": (), "bundles": None, "signature": signature}
    log = tmp_path / "audit.jsonl"
    outcome = verified(tmp_path, inputs, **changes, require=("model-signature",), audit_log=log)
    assert outcome.exit_code is ExitCode.PASSED
    assert isinstance(outcome.outputs, verify.Outputs)
    sha256 = hashlib.sha256(signature.read_bytes()).hexdigest()
    (said,) = json.loads(Path(outcome.outputs.verdict).read_bytes())["attestations"]
    assert (said["file"], said["sha256"]) == ("alone.sig", sha256)
    predicate = json.loads(Path(outcome.outputs.summary).read_bytes())["predicate"]
    assert predicate["inputAttestations"] == [{"uri": "alone.sig", "digest": {"sha256": sha256}}]
    (recorded,) = json.loads(log.read_text())["statements"]
    assert recorded["signer"] == said["signer"] != ""
    assert sha256 in str(recorded)
    assert reasons(tmp_path, inputs, **changes, require=("provenance",))


def test_provenance_of_a_key_is_compared_with_the_expected_source(tmp_path: Path) -> None:
    inputs = release(tmp_path, GITHUB)
    right = {
        "repository": "Octo/Model",
        "signer_workflow": "octo/model/.github/workflows/release.yml@refs/heads/main",
        "source_ref": "refs/heads/main",
        "source_digest": "a" * 40,
    }
    assert verified(tmp_path, inputs, **right).exit_code is ExitCode.PASSED
    for name, value in {
        "repository": "octo/mode",
        "signer_workflow": "octo/model/.github/workflows/other.yml",
        "source_ref": "refs/heads/mai",
        "source_digest": "b" * 40,
    }.items():
        assert any(
            "the provenance" in text or " is " in text for text in reasons(tmp_path, inputs, **{**right, name: value})
        )


@pytest.mark.parametrize("demand", [{"repository": "octo/model"}, {"repository": "octo/model", "repository_id": "1"}])
def test_source_of_what_a_key_signed_is_asked_for_even_where_provenance_is_not(
    tmp_path: Path, demand: dict[str, str]
) -> None:
    inputs = release(tmp_path, GITHUB)
    assert verified(tmp_path, inputs, paths=(), require=("vulns",), **demand).exit_code is ExitCode.PASSED
    bundle_of(tmp_path, "image.provenance.sigstore.json").unlink()
    told = reasons(tmp_path, inputs, paths=(), sbom=(), require=("vulns",), **demand)
    assert any("no attestation states provenance" in reason for reason in told)
    assert verified(tmp_path, inputs, paths=(), sbom=(), require=("vulns",)).exit_code is ExitCode.PASSED


def test_age_is_not_young_enough_where_no_verdict_is(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    assert verified(tmp_path, inputs, max_age=timedelta(days=9999)).exit_code is ExitCode.PASSED
    bundle_of(tmp_path, "image.vulns.sigstore.json").unlink()
    told = reasons(tmp_path, inputs, require=("provenance",), max_age=timedelta(days=9999))
    assert told == ["no verdict is stated, so none is younger than 9999d"]


def test_local_provenance_does_not_pass_for_a_repositorys(tmp_path: Path) -> None:
    assert "not stated" in str(reasons(tmp_path, release(tmp_path), repository="octo/model"))


def test_what_the_signature_leaves_out_is_refused_unless_the_verifier_leaves_it_out_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = release(tmp_path)
    statement = manifest(ignore_paths=[".cache", "[notes].txt"])
    (tmp_path / "fraud-model.manifest.json").write_bytes(statement)
    attest.run(replace(project_as_is(tmp_path), manifest=tmp_path / "fraud-model.manifest.json"), context(tmp_path))
    (tmp_path / "model" / ".cache").mkdir()
    (tmp_path / "model" / ".cache" / "x").write_text("x")
    (tmp_path / "model" / "[notes].txt").write_text("x")
    assert "added: .cache/x (the signature says that it does not cover this" in str(reasons(tmp_path, inputs))
    inputs = replace(inputs, ignore=(".cache", "[notes].txt"))
    outcome = verified(tmp_path, inputs)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    assert ".cache" in outcome.summary
    assert "left out because `ignore` says so: .cache" in caplog.text
    assert isinstance(outcome.outputs, verify.Outputs)
    said = json.loads(Path(outcome.outputs.verdict).read_bytes())
    assert said["subjects"][1]["unsigned"] == said["policy"]["ignore"] == [".cache", "[notes].txt"]
    assert "as `ignore` allows: `.cache`" in outcome.summary
    assert '"ignore":[".cache","[notes].txt"]' in Path(outcome.outputs.summary).read_text()
    (tmp_path / "model" / "n.txt").write_text("x")  # what the second name would match if it were a pattern
    assert "added: n.txt" in str(reasons(tmp_path, inputs))


def project_as_is(folder: Path) -> attest.Inputs:
    """Return the project's inputs without writing its files anew."""
    content = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    inputs = project(folder)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    return inputs


# --- refused: files that are not what was signed ----------------------------------------------------------------------


def change_byte(model: Path) -> None:
    data = bytearray((model / "weights/model.onnx").read_bytes())
    data[100] ^= 1
    (model / "weights/model.onnx").write_bytes(data)


def swap(model: Path) -> None:
    first, second = (model / name for name in ("config.json", "weights/model.onnx"))
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)


def link(model: Path) -> None:
    (model / "weights" / "real").write_bytes((model / "weights/model.onnx").read_bytes())
    (model / "weights/model.onnx").unlink()
    (model / "weights/model.onnx").symlink_to("real")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (change_byte, ["changed: weights/model.onnx"]),
        (lambda model: (model / "config.json").write_bytes(b""), ["changed: config.json"]),
        (lambda model: (model / "config.json").write_bytes(b"{}\n"), ["changed: config.json"]),
        (lambda model: (model / "config.json").unlink(), ["missing: config.json"]),
        (lambda model: (model / "extra.py").write_text("import os"), ["added: extra.py"]),
        (lambda model: (model / "empty.py").touch(), ["added: empty.py"]),
        (lambda model: (model / ".hidden").write_text("x"), ["added: .hidden"]),
        (lambda model: (model / ".gitattributes").write_text("x"), ["added: .gitattributes"]),
        (lambda model: (model / "config.json").rename(model / "Config.json"), ["renamed: config.json → Config.json"]),
        (lambda model: (model / "config.json").rename(model / "c\u043enfig.json"), ["renamed: config.json"]),
        (lambda model: (model / "config.json").rename(model / "weights/config.json"), ["renamed: config.json"]),
        (swap, ["changed: config.json", "changed: weights/model.onnx"]),
        (link, ["added: weights/real", "a symbolic link"]),
        (lambda model: (model / "weights").rename(model / "w"), ["renamed: weights/model.onnx → w/model.onnx"]),
    ],
)  # fmt: skip
def test_model_that_is_not_what_was_signed(
    tmp_path: Path, change: Callable[[Path], object], expected: list[str]
) -> None:
    inputs = release(tmp_path)
    change(tmp_path / "model")
    told = reasons(tmp_path, inputs)
    for text in expected:
        assert any(text in reason for reason in told), told
    assert all(reason.startswith("model fraud-model: ") for reason in told)


def test_parent_folder_is_not_the_model(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    (tmp_path / "parent").mkdir()
    (tmp_path / "model").rename(tmp_path / "parent" / "model")
    assert "renamed" in str(reasons(tmp_path, inputs, paths=(str(tmp_path / "parent"),)))


def test_every_difference_is_named(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    change_byte(tmp_path / "model")
    (tmp_path / "model" / "config.json").unlink()
    (tmp_path / "model" / "extra.py").write_text("x")
    told = reasons(tmp_path, inputs, digest=OTHER, sbom=())
    assert len(told) == 4
    assert "no attestation is about it" in told[0]


# --- refused: bundles that do not hold --------------------------------------------------------------------------------


def flip(data: bytes, inside: bytes, offset: int = 20) -> bytes:
    """Flip one letter of a base64 text in a bundle."""
    position = data.index(inside) + len(inside) + offset
    other = b"A" if data[position : position + 1] != b"A" else b"B"
    return data[:position] + other + data[position + 1 :]


ALL_BUNDLES = (
    "fraud-model.sig",
    "fraud-model.provenance.sigstore.json",
    "image.provenance.sigstore.json",
    "image.sbom-spdx.sigstore.json",
    "image.sbom-cyclonedx.sigstore.json",
    "image.vulns.sigstore.json",
)


@pytest.mark.parametrize("name", ALL_BUNDLES)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda data: flip(data, b'"payload":"'), ""),
        (lambda data: flip(data, b'"sig":"'), ""),
        (lambda data: flip(data, b'"hint":"'), "another key"),
        (lambda data: data[:-1], "not JSON"),
        (lambda data: data[: len(data) // 2], "not JSON"),
        (lambda _: b"", "not JSON"),
        (lambda _: b"\xff\xfe", "not UTF-8"),
        (lambda _: b"null", "not an object"),
        (lambda _: b"[" * 100_000, ""),
        (lambda data: data + data, "not JSON"),
        (lambda data: data.replace(b'"mediaType"', b'"mediaType":"","mediaType"'), "twice"),
        (lambda data: data.replace(b'"payload"', b'"payload":"e30=","payload"'), "twice"),
        (lambda data: data.replace(b"bundle.v0.3+json", b"bundle.v0.4+json"), "media type"),
        (lambda data: data.replace(b"vnd.in-toto+json", b"vnd.in-toto+yaml"), "not application/vnd.in-toto+json"),
        (lambda data: data.replace(b'"dsseEnvelope"', b'"dsseenvelope"'), "unknown member"),
        (lambda data: data.replace(b'"tlogEntries":[]', b'"tlogEntries":[],"certificate":{}'), "2 ways"),
        (lambda data: data.replace(b'"publicKey"', b'"certificate"'), "certificate"),
        (lambda data: data.replace(b'"signatures":[', b'"signatures":[{"sig":"YQ==","keyid":""},'), "2 signatures"),
    ],
    ids=lambda value: value if isinstance(value, str) else "changed",
)
def test_bundle_that_does_not_hold(tmp_path: Path, name: str, change: Callable[[bytes], bytes], expected: str) -> None:
    inputs = release(tmp_path)
    path = bundle_of(tmp_path, name)
    before = path.read_bytes()
    path.write_bytes(change(before))
    assert path.read_bytes() != before
    told = reasons(tmp_path, inputs)
    assert any(reason.startswith(f"{name}: ") and expected in reason for reason in told), told


@pytest.mark.parametrize("name", ALL_BUNDLES)
def test_missing_bundle(tmp_path: Path, name: str) -> None:
    inputs = release(tmp_path)
    bundle_of(tmp_path, name).unlink()
    assert reasons(tmp_path, inputs)


@pytest.mark.parametrize("name", ALL_BUNDLES)
def test_bundle_of_another_key(tmp_path: Path, name: str) -> None:
    inputs = release(tmp_path)
    payload = payloads(tmp_path / "out/bundles")[name]
    bundle_of(tmp_path, name).write_bytes(signed(payload, key("P-384")))
    assert f"{name}: it says it was signed with another key" in str(reasons(tmp_path, inputs))


def test_another_public_key(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    (tmp_path / "key.pub").write_bytes(public_pem(key("P-384")))
    assert len(reasons(tmp_path, inputs)) >= 6


@pytest.mark.parametrize("content", [b"", b"hello", b"{}"])
def test_file_that_is_no_bundle_is_not_passed_over(tmp_path: Path, content: bytes) -> None:
    inputs = release(tmp_path)
    bundle_of(tmp_path, "README.md").write_bytes(content)
    assert "README.md: " in str(reasons(tmp_path, inputs))


def test_empty_folder(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    (tmp_path / "empty").mkdir()
    told = reasons(tmp_path, inputs, bundles=tmp_path / "empty")
    assert "there is not a single attestation" in told


def test_bundles_of_another_release(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    inputs = release(tmp_path / "one")
    other = release(tmp_path / "two", image="other", digest=OTHER, verdicts=(), manifest=None, archive=None)
    told = reasons(tmp_path, inputs, bundles=other.bundles)
    assert any("no attestation is about it" in reason for reason in told)
    assert any("no model signature" in reason for reason in told)


def test_two_model_signatures_are_not_chosen_from(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    bundle_of(tmp_path, "other.sig").write_bytes(bundle_of(tmp_path, "fraud-model.sig").read_bytes())
    assert "several model signatures" in str(reasons(tmp_path, inputs))


def test_signature_of_another_models_manifest(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    bundle_of(tmp_path, "fraud-model.sig").write_bytes(signed(manifest({"config.json": b"{}"})))
    told = str(reasons(tmp_path, inputs))
    assert "no attestation is about it" in told
    assert "added: weights/model.onnx" in told


def test_provenance_as_a_model_signature(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    provenance = bundle_of(tmp_path, "fraud-model.provenance.sigstore.json").read_bytes()
    bundle_of(tmp_path, "fraud-model.sig").write_bytes(provenance)
    assert "not a manifest" in str(reasons(tmp_path, inputs))


# --- refused: statements that say something else ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("image.provenance.sigstore.json", lambda s: s["subject"].clear(), "about nothing"),
        ("image.provenance.sigstore.json", lambda s: s["subject"][0].pop("digest"), "digest is not an object"),
        ("image.provenance.sigstore.json", lambda s: s["subject"][0]["digest"].update(sha256="1F" * 32), "no SHA-256"),
        ("image.provenance.sigstore.json", lambda s: s["subject"][0].update(digest={"sha512": "1"}),
         "no attestation states provenance"),
        ("image.provenance.sigstore.json", lambda s: s["subject"][0]["digest"].update(sha256="3" * 64),
         "no attestation states provenance"),
        ("image.provenance.sigstore.json", lambda s: s.update(_type="https://in-toto.io/Statement/v2"), "type is"),
        ("image.provenance.sigstore.json", lambda s: s.update(predicateType="https://slsa.dev/provenance/v0.2"),
         "not understood"),
        ("image.provenance.sigstore.json", lambda s: s.pop("predicate"), "its predicate is empty"),
        ("image.provenance.sigstore.json", lambda s: s.update(predicate=None), "its predicate is empty"),
        ("image.sbom-spdx.sigstore.json", lambda s: s.update(predicate={}), "its predicate is empty"),
        ("image.sbom-cyclonedx.sigstore.json", lambda s: s.update(predicate={}), "its predicate is empty"),
        ("image.vulns.sigstore.json", lambda s: s.update(predicate=None), "its predicate is empty"),
        ("image.provenance.sigstore.json", lambda s: s.update(predicate2={}), "unknown member"),
        ("image.provenance.sigstore.json", lambda s: s["predicate"]["runDetails"].pop("byproducts"), "byte for byte"),
        ("image.vulns.sigstore.json", lambda s: s["predicate"]["modelseal_verdict"].update(result="failed"),
         "its verdict is failed"),
        ("image.vulns.sigstore.json", lambda s: s["predicate"]["modelseal_verdict"].update(result=True), "no verdict"),
        ("image.vulns.sigstore.json", lambda s: s["predicate"].pop("modelseal_verdict"), "no verdict"),
        ("image.vulns.sigstore.json", lambda s: s.update(predicateType="https://in-toto.io/attestation/vulns/v0.1"),
         "not understood"),
        ("image.vulns.sigstore.json", lambda s: s.update(predicateType="https://example.org/vulns"),
         "no attestation states vulns"),
        ("image.sbom-spdx.sigstore.json", lambda s: s["predicate"].update(name="other"), "not that of the attested"),
        ("image.sbom-spdx.sigstore.json", lambda s: s.update(predicateType="https://spdx.dev/Document/v2.2"),
         "not understood"),
        ("image.sbom-cyclonedx.sigstore.json", lambda s: s["predicate"].update(version=1), "not that of the attested"),
        ("fraud-model.provenance.sigstore.json", lambda s: s["subject"][0]["digest"].update(sha256="3" * 64),
         "no attestation is about it"),
    ],
)  # fmt: skip
def test_statement_that_says_something_else(
    tmp_path: Path, name: str, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    inputs = release(tmp_path)
    restate(tmp_path, name, change)
    told = reasons(tmp_path, inputs)
    assert any(expected in reason for reason in told), told


def test_second_verdict_that_failed_is_not_outvoted(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    statement = payloads(tmp_path / "out/bundles")["image.vulns.sigstore.json"]
    statement["predicate"]["modelseal_verdict"]["result"] = "failed"
    bundle_of(tmp_path, "image.vulns-2.sigstore.json").write_bytes(signed(statement))
    assert any("image.vulns-2" in reason and "failed" in reason for reason in reasons(tmp_path, inputs))
    # also where no verdict was asked for: it speaks against the image
    assert reasons(tmp_path, inputs, require=("provenance",))


def test_second_sbom_that_differs_is_not_chosen_from(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    statement = payloads(tmp_path / "out/bundles")["image.sbom-spdx.sigstore.json"]
    statement["predicate"]["name"] = "other"
    bundle_of(tmp_path, "image.sbom-spdx-2.sigstore.json").write_bytes(signed(statement))
    assert "different SBOMs" in str(reasons(tmp_path, inputs))


def test_statement_with_a_key_twice(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    statement = json.dumps(payloads(tmp_path / "out/bundles")["image.vulns.sigstore.json"])
    twice = statement.replace('"predicate":', '"predicate": {"modelseal_verdict": {"result": "failed"}}, "predicate":')
    bundle_of(tmp_path, "image.vulns.sigstore.json").write_bytes(signed(twice.encode()))
    assert "'predicate' comes twice" in str(reasons(tmp_path, inputs))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (spdx() + b"\n", "byte for byte"),
        (spdx().replace(b'"name"', b' "name"'), "byte for byte"),
        (spdx(name="other"), "not that of the attested"),
        (spdx(version=1), "not that of the attested"),
        (b"{}", "not an SBOM"),
        (b"", "not an SBOM"),
        (b'{"spdxVersion": "SPDX-2.2"}', "no attestation states"),
    ],
)
def test_sbom_that_is_not_the_attested_one(tmp_path: Path, content: bytes, expected: str) -> None:
    inputs = release(tmp_path)
    (tmp_path / "fraud.spdx.json").write_bytes(content)
    told = reasons(tmp_path, inputs)
    assert any("fraud.spdx.json: " in reason and expected in reason for reason in told), told


@pytest.mark.parametrize("predicate", ["provenance", "spdx", "cyclonedx", "vulns", "https://example.org/other/v1"])
def test_predicate_that_is_required_and_missing(tmp_path: Path, predicate: str) -> None:
    inputs = release(tmp_path)
    names = {"spdx": "sbom-spdx", "cyclonedx": "sbom-cyclonedx"}
    bundle_of(tmp_path, f"image.{names.get(predicate, predicate)[:20]}.sigstore.json").unlink(missing_ok=True)
    assert reasons(tmp_path, inputs, require=(predicate,), sbom=())


def test_sboms_and_verdicts_are_not_taken_from_the_image_for_a_model_alone(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    told = reasons(tmp_path, inputs, image="", digest="", sbom=(), require=("provenance", "vulns"))
    assert told == ["model fraud-model: no attestation states vulns"]


# --- refused: inputs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"paths": (), "image": "", "digest": "", "sbom": ()}, "nothing to verify"),
        ({"image": "", "sbom": ()}, "belong together"),
        ({"digest": "1.0"}, "not a digest"),
        ({"image": f"{IMAGE}@sha256:12", "digest": ""}, "not a digest"),
        ({"image": f"{IMAGE}@{OTHER}"}, "Give one of them"),
        ({"candidates": (f"{IMAGE}@{OTHER}",)}, "a single release too"),
        ({"repository": "octo/model", "repository_id": "x"}, "not a number"),
        ({"repository": "octo/model", "owner_id": "01"}, "not a number"),
        ({"repository_id": "1"}, "`repository` is required"),
        ({"environment": "production"}, "cannot be read"),
        ({"policy": Path("missing")}, "cannot be read"),
        ({"digest": "sha256:" + "1f" * 31}, "not a digest"),
        ({"image": "", "digest": ""}, "no image was given"),
        ({"bundles": None}, "no attestations to verify with"),
        ({"bundles": Path("missing")}, "cannot be read"),
        ({"paths": ("missing",)}, "missing"),
        ({"sbom": ("missing",)}, "cannot be read"),
        ({"signature": Path("missing")}, "cannot be read"),
        ({"public_key": Path("missing")}, "cannot be read"),
        ({"public_key": None}, "anybody can sign"),
        ({"issuer": "https://example.org"}, "for keyless signatures"),
        ({"trust_config": Path("missing")}, "for keyless signatures"),
        ({"require": ("sbom",)}, "neither provenance"),
        ({"require": ("Provenance",)}, "neither provenance"),
        ({"repository": "model"}, "not a repository"),
        ({"repository": "octo/model/extra"}, "not a repository"),
        ({"repository": "octo/.."}, "not a repository"),
        ({"repository": "http://github.com/octo/model"}, "not a repository"),
        ({"repository": "octo/m\u043edel"}, "not a repository"),
        ({"repository": "octo/*"}, "not a repository"),
        ({"repository": "octo/model", "source_ref": "main"}, "not a full git ref"),
        ({"repository": "octo/model", "source_digest": "abc"}, "not a commit"),
        ({"repository": "octo/model", "signer_workflow": "release.yml"}, "not a workflow"),
        ({"source_ref": "refs/heads/main"}, "`repository` is required"),
    ],
)  # fmt: skip
def test_wrong_inputs_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    inputs = release(tmp_path)
    with pytest.raises(InputError) as caught:
        verified(tmp_path, inputs, **changes)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", pem(key("P-256")).encode(), public_pem(key("RSA 1024")), public_pem(key("K-256"))]
)
def test_public_key_that_cannot_be_used(tmp_path: Path, content: bytes) -> None:
    inputs = release(tmp_path)
    (tmp_path / "key.pub").write_bytes(content)
    with pytest.raises(InputError) as caught:
        verified(tmp_path, inputs)
    assert "PRIVATE" not in str(caught.value)


def test_link_among_the_bundles_is_refused(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    bundle_of(tmp_path, "more.sigstore.json").symlink_to("image.vulns.sigstore.json")
    with pytest.raises(InputError, match="no regular file"):
        verified(tmp_path, inputs)


def test_named_pipe_among_the_bundles_does_not_hang(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    os.mkfifo(bundle_of(tmp_path, "pipe.sigstore.json"))
    with pytest.raises(InputError, match="no regular file"):
        verified(tmp_path, inputs)


def test_names_from_outside_stay_text(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    name = "<img src=x>|\n::error::[x](y).json"
    (tmp_path / "model" / name).write_text("x")
    outcome = verified(tmp_path, inputs)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "<img" not in outcome.summary
    assert "\n::error" not in outcome.summary + outcome.headline


def test_bundles_in_json_lines_are_each_verified(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    folder = tmp_path / "lines"
    folder.mkdir()
    names = [name for name in ALL_BUNDLES if name.startswith("image.")]
    lines = [bundle_of(tmp_path, name).read_bytes() for name in names]
    (folder / "sha256.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    assert verified(tmp_path, inputs, paths=(), bundles=folder).exit_code is ExitCode.PASSED
    (folder / "sha256.jsonl").write_bytes(b"\n".join([*lines, b"{}"]))
    assert "sha256.jsonl, line 5" in str(reasons(tmp_path, inputs, paths=(), bundles=folder))
    (folder / "sha256.jsonl").write_bytes(b"\n")
    assert reasons(tmp_path, inputs, paths=(), bundles=folder)


def test_verdict_used_by_attest_is_the_one_that_is_verified(tmp_path: Path) -> None:
    inputs = release(tmp_path)
    assert json.loads(verdict())["subject"]["name"] == IMAGE
    assert "image " + IMAGE in str(reasons(tmp_path, inputs, digest=OTHER))
