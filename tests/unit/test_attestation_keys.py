import json
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from attestation_material import key, pem, public_pem
from modelseal.attestation import bundle, dsse, keys
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError

PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1","a":"\\u00e9\'"}'


def sealed(signature: bytes, public_key: keys.PublicKey, payload: bytes = PAYLOAD) -> bundle.Bundle:
    return bundle.parse(keys.sealed(dsse.Envelope(payload, signature), public_key, ()))


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "Ed25519", "RSA 2048", "RSA 3072"])
def test_each_kind_signs_and_verifies(kind: str) -> None:
    private_key = keys.load_private_key(pem(key(kind), "a password").encode(), "a password")
    public_key = keys.load_public_key(public_pem(key(kind)))
    (made,) = keys.KeySigner(private_key).sign((PAYLOAD,))
    assert keys.verify(public_key, bundle.parse(made)) == PAYLOAD
    document = json.loads(made)
    assert document["verificationMaterial"]["publicKey"]["hint"] == keys.fingerprint(public_key)
    document["dsseEnvelope"]["payload"] = "e30="
    with pytest.raises(Rejection, match="does not fit"):
        keys.verify(public_key, bundle.parse(json.dumps(document).encode()))


@pytest.mark.parametrize("salt", [0, 20, 32, padding.PSS.MAX_LENGTH, padding.PSS.DIGEST_LENGTH])
def test_pss_is_verified_too(salt: object) -> None:
    private_key = key("RSA 2048")
    assert isinstance(private_key, rsa.RSAPrivateKey)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)  # type: ignore[arg-type]
    public_key = private_key.public_key()
    made = sealed(private_key.sign(dsse.pae(PAYLOAD), scheme, hashes.SHA256()), public_key)
    assert keys.verify(public_key, made) == PAYLOAD


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA512()], ids=["SHA-1", "SHA-512"])
def test_other_hashes_with_rsa_are_refused(algorithm: hashes.HashAlgorithm) -> None:
    private_key = key("RSA 2048")
    assert isinstance(private_key, rsa.RSAPrivateKey)
    for scheme in (padding.PKCS1v15(), padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)):
        made = sealed(private_key.sign(dsse.pae(PAYLOAD), scheme, algorithm), private_key.public_key())
        with pytest.raises(Rejection, match="does not fit"):
            keys.verify(private_key.public_key(), made)


@pytest.mark.parametrize(("kind", "wrong"), [("P-256", hashes.SHA512()), ("P-384", hashes.SHA256())])
def test_hash_of_another_curve_is_refused(kind: str, wrong: hashes.HashAlgorithm) -> None:
    private_key = key(kind)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    made = sealed(private_key.sign(dsse.pae(PAYLOAD), ec.ECDSA(wrong)), private_key.public_key())
    with pytest.raises(Rejection, match="does not fit"):
        keys.verify(private_key.public_key(), made)


def test_what_early_releases_signed_is_of_one_payload_only() -> None:
    private_key = key("P-256")
    made = keys.sign(private_key, dsse.earlier_pae(PAYLOAD))
    assert keys.verify(private_key.public_key(), sealed(made, private_key.public_key())) == PAYLOAD
    for other in (PAYLOAD + b" ", repr(PAYLOAD).encode(), PAYLOAD.replace(b"'", b'"'), b"{}"):
        with pytest.raises(Rejection, match="does not fit"):
            keys.verify(private_key.public_key(), sealed(made, private_key.public_key(), other))


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521"])
def test_early_releases_hashed_by_one_algorithm_whatever_the_curve(kind: str) -> None:
    private_key = key(kind)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    for algorithm in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        made = private_key.sign(dsse.earlier_pae(PAYLOAD), ec.ECDSA(algorithm))
        if algorithm.name == "sha256":
            assert keys.verify(private_key.public_key(), sealed(made, private_key.public_key())) == PAYLOAD
        else:
            with pytest.raises(Rejection, match="does not fit"):
                keys.verify(private_key.public_key(), sealed(made, private_key.public_key()))


def test_payload_without_its_type_is_not_what_was_signed() -> None:
    for signed in (PAYLOAD, dsse.pae(PAYLOAD, "text/plain"), dsse.pae(b"")):
        made = keys.sign(key("P-256"), signed)
        with pytest.raises(Rejection, match="does not fit"):
            keys.verify(key("P-256").public_key(), sealed(made, key("P-256").public_key()))


def test_rsa_with_a_small_exponent_is_refused() -> None:
    with pytest.raises(InputError, match="exponent below 65537"):
        keys.load_private_key(pem(rsa.generate_private_key(3, 2048)).encode(), "")


def test_rsa_that_would_take_minutes_is_refused_at_once() -> None:
    numbers = rsa.RSAPublicNumbers(65537, (1 << 65535) + 1)
    try:
        public_key = numbers.public_key()
    except ValueError:
        return  # the library refuses it, too
    started = time.process_time()
    with pytest.raises(InputError, match="too large"):
        keys.refuse_weak(public_key, "")
    assert time.process_time() - started < 1
