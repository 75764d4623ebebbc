import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from sigstore import dsse as sigstore_dsse
from sigstore_models.bundle.v1 import Bundle as SigstoreBundle

from attestation_material import key, public_pem
from modelseal.attestation import bundle, dsse, keys
from modelseal.attestation.rejection import Rejection

SIGNATURES = Path(__file__).parents[1] / "assets" / "signatures"
ALL_KINDS = ("P-256", "P-384", "P-521", "Ed25519", "RSA 2048")


def made(kind: str = "P-256", payload: bytes = b'{"a": 1}') -> bytes:
    (signed,) = keys.KeySigner(key(kind)).sign((payload,))
    return signed


@given(st.binary(max_size=100))
@settings(max_examples=100)
def test_encoding_that_is_signed_is_the_one_of_the_specification(payload: bytes) -> None:
    assert dsse.pae(payload) == sigstore_dsse._pae("application/vnd.in-toto+json", payload)


def test_encoding_of_the_specifications_example() -> None:
    # https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
    assert dsse.pae(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_what_a_key_signs_verifies_with_its_public_half(kind: str) -> None:
    public_key = keys.load_public_key(public_pem(key(kind)))
    assert keys.verify(public_key, bundle.parse(made(kind))) == b'{"a": 1}'


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_bundle_is_one_that_sigstores_own_types_accept(kind: str) -> None:
    read = SigstoreBundle.from_json(made(kind))
    assert read.media_type == bundle.MEDIA_TYPE
    assert read.dsse_envelope is not None
    assert read.dsse_envelope.payload == b'{"a": 1}'


@pytest.mark.parametrize("signing", ALL_KINDS)
@pytest.mark.parametrize("verifying", ALL_KINDS)
def test_only_the_right_key_verifies(signing: str, verifying: str) -> None:
    document = json.loads(made(signing))
    del document["verificationMaterial"]["publicKey"]["hint"]  # without the hint the signature alone decides
    read = bundle.parse(json.dumps(document).encode())
    public_key = keys.load_public_key(public_pem(key(verifying)))
    if signing == verifying:
        assert keys.verify(public_key, read)
    else:
        with pytest.raises(Rejection, match="does not fit"):
            keys.verify(public_key, read)


def test_signature_with_the_wrong_hash_for_the_curve_is_refused() -> None:
    private_key = key("P-384")
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    signature = private_key.sign(dsse.pae(b"{}"), ec.ECDSA(hashes.SHA256()))
    public_key = private_key.public_key()
    with pytest.raises(Rejection, match="does not fit"):
        keys.verify(public_key, bundle.parse(bundle.with_public_key(dsse.Envelope(b"{}", signature), "")))


def test_signature_over_the_bare_payload_is_refused() -> None:
    private_key = key("P-256")
    signature = keys.sign(private_key, b"{}")
    with pytest.raises(Rejection, match="does not fit"):
        keys.verify(private_key.public_key(), bundle.parse(bundle.with_public_key(dsse.Envelope(b"{}", signature), "")))


@pytest.mark.parametrize("spelling", ["pem hex", "der hex", "der base64", "none"])
def test_hint_can_be_spelt_as_other_tools_do(spelling: str) -> None:
    public_key = key("P-256").public_key()
    der = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    raw = digest.finalize()
    hints = {
        "pem hex": keys.fingerprint(public_key),
        "der hex": raw.hex(),
        "der base64": base64.b64encode(raw).decode(),
        "none": "",
    }
    signature = keys.sign(key("P-256"), dsse.pae(b"{}"))
    data = bundle.with_public_key(dsse.Envelope(b"{}", signature), hints[spelling])
    assert keys.verify(public_key, bundle.parse(data)) == b"{}"


def test_null_stands_for_a_member_that_is_not_there() -> None:
    document = json.loads(made())
    document["messageSignature"] = None
    document["verificationMaterial"] |= {
        "certificate": None, "x509CertificateChain": None, "timestampVerificationData": None, "tlogEntries": None,
    }  # fmt: skip
    assert keys.verify(key("P-256").public_key(), bundle.parse(json.dumps(document).encode())) == b'{"a": 1}'
    for member in ("verificationMaterial", "dsseEnvelope"):
        with pytest.raises(Rejection, match="not an object"):
            bundle.parse(json.dumps(document | {member: None}).encode())


def test_every_changed_bit_of_a_bundle_is_noticed() -> None:
    public_key = key("P-256").public_key()
    data = made(payload=b'{"_type": "x"}')
    for position in range(len(data)):
        for bit in (1, 2, 32):
            changed = data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :]
            with pytest.raises(Rejection):
                assert keys.verify(public_key, bundle.parse(changed)) is None, (position, bit)


WHOLE = made()  # once: every signature is another one, and not even of the same length


@given(st.data())
@settings(max_examples=150)
def test_every_truncation_and_insertion_is_refused(data: st.DataObject) -> None:
    whole = WHOLE
    position = data.draw(st.integers(0, len(whole) - 1))
    inserted = data.draw(st.binary(max_size=3).filter(lambda text: not text.strip() or text.strip()[:1] not in b" "))
    changed = whole[:position] + inserted + whole[position + 1 :]
    try:
        payload = keys.verify(key("P-256").public_key(), bundle.parse(changed))
    except Rejection:
        return
    assert json.loads(changed) == json.loads(whole)
    assert payload == b'{"a": 1}'


def set_in(document: dict[str, Any], path: tuple[str | int, ...], value: object) -> None:
    inner: Any = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("mediaType",), None, "media type"),
        (("mediaType",), "application/json", "media type"),
        (("mediaType",), "application/vnd.dev.sigstore.bundle.v0.9+json", "media type"),
        (("messageSignature",), {}, "signs a file directly"),
        (("extra",), 1, "unknown member 'extra'"),
        (("verificationMaterial",), [], "not an object"),
        (("verificationMaterial", "extra"), 1, "unknown member"),
        (("verificationMaterial",), {"tlogEntries": []}, "0 ways"),
        (("verificationMaterial", "certificate"), {}, "2 ways"),
        (("verificationMaterial", "publicKey"), "x", "not an object"),
        (("verificationMaterial", "publicKey", "hint"), 1, "hint is not a text"),
        (("verificationMaterial", "publicKey", "trusted"), True, "unknown member"),
        (("dsseEnvelope",), None, "not an object"),
        (("dsseEnvelope", "extra"), 1, "unknown member"),
        (("dsseEnvelope", "payloadType"), "application/vnd.in-toto+json ", "the DSSE payload is"),
        (("dsseEnvelope", "payload"), "", "not a text"),
        (("dsseEnvelope", "payload"), "e30", "not base64"),
        (("dsseEnvelope", "payload"), "e30=\n", "not base64"),
        (("dsseEnvelope", "payload"), " e30=", "not base64"),
        (("dsseEnvelope", "payload"), "e31=", "canonical"),
        (("dsseEnvelope", "payload"), "-_8=", "not base64"),
        (("dsseEnvelope", "payload"), "\u00e4", "not base64"),
        (("dsseEnvelope", "signatures"), [], "0 signatures"),
        (("dsseEnvelope", "signatures"), None, "not a list"),
        (("dsseEnvelope", "signatures"), [1], "not an object"),
        (("dsseEnvelope", "signatures"), [{"sig": ""}], "not a text"),
        (("dsseEnvelope", "signatures"), [{}], "not a text"),
        (("dsseEnvelope", "signatures", 0, "extra"), 1, "unknown member"),
    ],
)
def test_malformed_bundle_is_refused(path: tuple[str | int, ...], value: object, message: str) -> None:
    document = json.loads(made())
    set_in(document, path, value)
    with pytest.raises(Rejection, match=message):
        bundle.parse(json.dumps(document).encode())


@pytest.mark.parametrize("release", ["v0.3.1-elliptic-key", "v1.0.0-elliptic-key", "v1.0.1-elliptic-key"])
def test_signatures_of_past_releases_of_model_signing_verify(release: str) -> None:
    public_key = keys.load_public_key((SIGNATURES / "model-signing" / "signing-key-pub.pem").read_bytes())
    read = bundle.parse((SIGNATURES / "model-signing" / release / "model.sig").read_bytes())
    assert json.loads(keys.verify(public_key, read))["predicateType"] == "https://model_signing/signature/v1.0"


@pytest.mark.parametrize("release", ["v1.0.0-certificate", "v1.0.0-sigstore", "v1.0.1-sigstore"])
def test_certificates_are_not_taken_for_keys(release: str) -> None:
    read = bundle.parse((SIGNATURES / "model-signing" / release / "model.sig").read_bytes())
    with pytest.raises(Rejection, match="certificate"):
        keys.verify(key("P-256").public_key(), read)


def test_signer_shows_no_key() -> None:
    signer = keys.KeySigner(key("P-256"))
    assert "PrivateKey" not in repr(signer)
    assert signer.identity.startswith("EC secp256r1 key ")
