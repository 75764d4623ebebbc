"""A tag is looked up once; what counts from then on is the digest."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

import oci_registry
from attestation_material import IMAGE_ID, attested, context, key, public_pem
from modelseal import station
from modelseal.attestation import image_digest
from modelseal.commands import verify
from modelseal.errors import InputError, ToolError
from modelseal.verdict import ExitCode

OTHER = f"sha256:{'3' * 64}"


def resolved(image: str, digest: str = "") -> str:
    return image_digest.resolve(image, digest, {}, lambda _: None)


def test_tag_is_resolved_once_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with oci_registry.serving() as registry:
        digest = registry.put(oci_registry.MANIFEST, b"{}", tag="1.0")
        name = f"{registry.address}/octo/fraud:1.0"
        attested(tmp_path, image=name, digest=digest, image_id=IMAGE_ID, manifest=None)
        (tmp_path / "key.pub").write_bytes(public_pem(key("P-256")))
        given = {"image": name, "bundles": tmp_path / "out/bundles", "public_key": tmp_path / "key.pub"}
        inputs = replace(station.read_inputs(verify.Inputs, {}), **given)  # type: ignore[arg-type]
        with caplog.at_level(logging.WARNING):
            outcome = verify.run(inputs, context(tmp_path))
        assert outcome.exit_code is ExitCode.PASSED, outcome.headline
        assert outcome.outputs.digest == digest
        assert f"{name} is {digest} now" in caplog.text
        assert [path for _, path in registry.methods("HEAD", "GET") if "manifests" in path] == [
            "/v2/octo/fraud/manifests/1.0"
        ]
        registry.put(oci_registry.MANIFEST, b'{"moved": true}', tag="1.0")
        outcome = verify.run(inputs, context(tmp_path))
        assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
        assert "no attestation is about it" in outcome.headline


def test_digest_that_is_given_is_not_looked_up() -> None:
    assert resolved("127.0.0.1:1/octo/fraud:1.0", IMAGE_ID) == IMAGE_ID
    assert resolved(f"127.0.0.1:1/octo/fraud@{IMAGE_ID}") == IMAGE_ID
    assert resolved(f"127.0.0.1:1/octo/fraud@{IMAGE_ID}", IMAGE_ID) == IMAGE_ID
    assert resolved("") == ""


@pytest.mark.parametrize(
    ("image", "digest", "words"),
    [
        ("", IMAGE_ID, "belong together"),
        ("octo/fraud", "1.0", "not a digest"),
        ("octo/fraud", IMAGE_ID.upper(), "not a digest"),
        ("octo/fraud@1.0", "", "not a digest"),
        (f"octo/fraud@{IMAGE_ID}", OTHER, "Give one of them"),
        ("not a name", "", "does not name anything"),
    ],
)
def test_what_names_no_image(image: str, digest: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        resolved(image, digest)


def test_tag_that_is_not_there_is_an_error() -> None:
    with oci_registry.serving() as registry, pytest.raises(ToolError):
        resolved(f"{registry.address}/octo/fraud:gone")
