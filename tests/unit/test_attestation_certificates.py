import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from attestation_material import key, pem, public_pem
from certificate_authority import ISSUING, NOW, SIGNING, Holder, authority, issue, root, signer
from modelseal.attestation import bundle, certificates, keys
from modelseal.attestation.keys import KeySigner
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.trust import CertificateTrust
from modelseal.errors import InputError

PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'
PAST = Path(__file__).parents[1] / "assets" / "signatures" / "model-signing"


def signed(*chain: Holder) -> bundle.Bundle:
    """Sign with the first of the certificates, and put all of them into the bundle."""
    ders = tuple(holder.certificate.public_bytes(Encoding.DER) for holder in chain)
    (made,) = KeySigner(chain[0].key, ders).sign((PAYLOAD,))
    return bundle.parse(made)


def verify(made: bundle.Bundle, *roots: Holder, days: float = 0) -> certificates.Certified:
    trusted = tuple(holder.certificate for holder in roots or (root(),))
    return certificates.verify(trusted, made, NOW + timedelta(days=days))


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA 2048"])
def test_chain_is_verified_to_its_root(kind: str) -> None:
    found = verify(signed(signer(kind), authority()))
    assert found.subject == "CN=Example Release"
    assert found.names == ("release@example.org", "https://example.org/release")
    assert keys.fingerprint(found.public_key) == keys.fingerprint(key(kind).public_key())


def test_root_in_the_bundle_or_several_roots_change_nothing() -> None:
    other = issue("Other Root", key("P-521"), None, ca=True, usage=ISSUING)
    assert verify(signed(signer(), authority(), root()))
    assert verify(signed(signer(), authority()), other, root())
    assert verify(signed(signer()), authority())  # an authority below the root can be what is trusted


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"usage": {"key_agreement": True}}, "lacks digitalSignature"),
        ({"usage": ISSUING}, "lacks digitalSignature"),
        ({"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "lacks codeSigning"),
        ({"purposes": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)}, "lacks codeSigning"),
        ({"usage": None, "purposes": ()}, "no key usage"),
        ({"days": (-30, -1)}, "expired at"),
        ({"days": (1, 30)}, "is not valid before"),
        ({"extra": ((x509.PolicyConstraints(0, None), True),)}, "critical extension that is not understood"),
    ],
    ids=str,
)
def test_certificate_that_may_not_sign(changes: dict[str, Any], message: str) -> None:
    holder = signer.__wrapped__(**changes)
    with pytest.raises(Rejection, match=message):
        verify(signed(holder, authority()))
    with pytest.raises(InputError, match=message):
        certificates.load_chain(holder.pem + authority().pem, holder.key.public_key(), NOW)


def test_expired_authority_and_expired_root() -> None:
    for days in (-2, 400):
        with pytest.raises(Rejection):
            verify(signed(signer(), authority()), days=days)
    old = issue("Old", key("P-521"), root(), ca=True, usage=ISSUING, days=(-30, -1))
    young = issue("Leaf", key("P-256"), old, ca=False, usage=SIGNING)
    with pytest.raises(Rejection, match="does not lead to the trusted root"):
        verify(signed(young, old))
    gone = issue("Gone", key("P-521"), None, ca=True, usage=ISSUING, days=(-30, -1))
    with pytest.raises(Rejection, match="does not lead to the trusted root"):
        verify(signed(issue("Leaf", key("P-256"), gone, ca=False, usage=SIGNING)), gone)


def test_other_root_of_the_same_name() -> None:
    other = issue("Example Root", key("P-521"), None, ca=True, usage=ISSUING)
    with pytest.raises(Rejection, match="does not lead to the trusted root"):
        verify(signed(signer(), authority()), other)


def test_chain_that_is_not_one() -> None:
    alone = issue("Alone", key("P-256"), None, ca=False, usage=SIGNING)
    cases = [
        (signer(),),
        (authority(), signer()),
        (alone,),
        (signer(), root()),
        (issue("Leaf", key("P-256"), issue("No CA", key("P-521"), root(), ca=False, usage=SIGNING), usage=SIGNING),),
    ]
    for chain in cases:
        with pytest.raises(Rejection):
            verify(signed(*chain))


def test_authority_that_is_none_cannot_issue() -> None:
    for wrong in (
        issue("Not", key("P-521"), root(), ca=False, usage=ISSUING),
        issue("Not", key("P-521"), root(), ca=True, usage=SIGNING),
        issue("Not", key("P-521"), root(), usage=SIGNING, purposes=(ExtendedKeyUsageOID.CODE_SIGNING,)),
    ):
        leaf = issue("Leaf", key("P-256"), wrong, ca=False, usage=SIGNING)
        with pytest.raises(Rejection, match="does not lead to the trusted root"):
            verify(signed(leaf, wrong))


@pytest.mark.parametrize(
    ("purposes", "passes"),
    [
        ((ExtendedKeyUsageOID.CODE_SIGNING,), True),
        ((ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CODE_SIGNING), True),
        ((ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), True),
        ((ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH), False),
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
    ],
    ids=str,
)
def test_authority_that_is_limited_to_purposes_issues_for_them_only(
    purposes: tuple[Any, ...],
    passes: bool,  # noqa: FBT001 # a case's part
) -> None:
    limited = issue("Limited", key("P-384"), root(), ca=True, usage=ISSUING, purposes=purposes)
    usual: dict[str, Any] = {"ca": False, "usage": SIGNING, "purposes": (ExtendedKeyUsageOID.CODE_SIGNING,)}
    made = signed(issue("Somebody", key("P-256"), limited, **usual), limited)
    if passes:
        assert verify(made).subject == "CN=Somebody"
        return
    with pytest.raises(Rejection, match="does not lead to the trusted root"):
        verify(made)


def test_path_length_is_kept() -> None:
    short = issue("Short", key("P-521"), root(), ca=True, usage=ISSUING, path_length=0)
    below = issue("Below", key("P-384"), short, ca=True, usage=ISSUING)
    assert verify(signed(issue("Leaf", key("P-256"), short, ca=False, usage=SIGNING), short))
    with pytest.raises(Rejection, match="does not lead to the trusted root"):
        verify(signed(issue("Leaf", key("P-256"), below, ca=False, usage=SIGNING), below, short))


def test_signature_of_another_key_than_the_certificates() -> None:
    ders = tuple(holder.certificate.public_bytes(Encoding.DER) for holder in (signer(), authority()))
    (made,) = KeySigner(key("P-521"), ders).sign((PAYLOAD,))
    with pytest.raises(Rejection, match="does not fit"):
        verify(bundle.parse(made))


def test_key_is_no_certificate_and_a_certificate_no_key() -> None:
    (made,) = KeySigner(key("P-256")).sign((PAYLOAD,))
    with pytest.raises(Rejection, match="with a key, not with a certificate"):
        verify(bundle.parse(made))
    with pytest.raises(Rejection, match="with a certificate, not with a key"):
        keys.verify(key("P-256").public_key(), signed(signer(), authority()))


@pytest.mark.parametrize("subject", ["CN=Example Release", "release@example.org", "https://example.org/release"])
def test_whose_certificate_it_must_be(subject: str) -> None:
    made = signed(signer(), authority())
    roots = (root().certificate,)
    assert CertificateTrust(roots, NOW, None, subject).prove(made).signer == "CN=Example Release"
    for other in (subject[:-1], subject.upper(), f"{subject}x", "CN=Example Issuing"):
        with pytest.raises(Rejection, match="the certificate is that of"):
            CertificateTrust(roots, NOW, None, other).prove(made)


def test_every_changed_letter_of_a_bundle_is_noticed() -> None:
    data = signed(signer(), authority()).document
    for position in range(0, len(data), 11):
        for flip in (1, 32):
            changed = data[:position] + bytes([data[position] ^ flip]) + data[position + 1 :]
            with pytest.raises(Rejection):
                verify(bundle.parse(changed))


@pytest.mark.parametrize(
    "material",
    [
        {}, {"certificates": []}, {"certificates": {}}, {"certificates": [{}]}, {"certificates": [{"rawBytes": ""}]},
        {"certificates": [{"rawBytes": "AAAA"}]}, {"certificates": [{"rawBytes": 1}]}, {"certificates": [1]},
        {"certificates": [{"rawBytes": "AAAA", "x": 1}]}, {"certificates": [{"rawBytes": "AAAA"}], "x": 1},
        {"certificates": [{"rawBytes": "AAAA"}] * 11}, {"certificates": [{"rawBytes": "AAAA"}] * 9},
    ],
    ids=str,
)  # fmt: skip
def test_chains_that_cannot_be_read(material: dict[str, Any]) -> None:
    document = json.loads(signed(signer()).document)
    document["verificationMaterial"]["x509CertificateChain"] = material
    with pytest.raises(Rejection):
        verify(bundle.parse(json.dumps(document).encode()))


# --- what is given to sign with ---------------------------------------------------------------------------------------


def test_root_stays_with_the_verifier() -> None:
    whole = certificates.load_chain(signer().pem + authority().pem + root().pem, signer().key.public_key(), NOW)
    assert whole == certificates.load_chain(signer().pem + authority().pem, signer().key.public_key(), NOW)
    assert len(whole) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (b"", "not certificates in PEM"),
        (b"canary", "not certificates in PEM"),
        (public_pem(key("P-256")), "not certificates in PEM"),
        (pem(key("P-256")).encode(), "private key among the certificates"),
        (signer("P-384").pem, "another key than the private one"),
        (authority().pem + signer().pem, "another key than the private one"),
        (signer().pem + root().pem, "did not issue"),
        (signer().pem + signer("P-384").pem, "did not issue"),
        (issue("Alone", key("P-256"), None, ca=False, usage=SIGNING).pem, "signed by itself"),
        (signer().pem[:200], "not certificates in PEM"),
    ],
)
def test_chains_that_cannot_sign(given: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        certificates.load_chain(given, key("P-256").public_key(), NOW)
    assert "canary" not in str(caught.value)


ELSEWHERE = x509.NameConstraints([x509.RFC822Name("other.example")], None)


@pytest.mark.parametrize("whole", [True, False], ids=["with its root", "without"])
@pytest.mark.parametrize("below", [True, False], ids=["two authorities", "one"])
@pytest.mark.parametrize(
    "changes",
    [
        {"ca": False},
        {"usage": SIGNING},
        {"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)},
        {"extra": ((ELSEWHERE, True),)},
    ],
    ids=str,
)
def test_chain_that_no_verifier_accepts_is_not_signed_with(
    changes: dict[str, Any], *, below: bool, whole: bool
) -> None:
    given: dict[str, Any] = {"ca": True, "usage": ISSUING, **changes}
    odd = issue("Odd Issuing", key("P-384"), root(), **given)
    last = issue("Last Issuing", key("P-521"), odd, ca=True, usage=ISSUING) if below else odd
    names = x509.SubjectAlternativeName([x509.RFC822Name("release@example.org")])
    leaf = issue("Release", key("P-256"), last, ca=False, usage=SIGNING, extra=((names, False),))
    chain = [leaf, last, odd] if below else [leaf, odd]
    with pytest.raises(Rejection):
        verify(signed(*chain))
    pems = b"".join(holder.pem for holder in (*chain, root()) if whole or holder is not root())
    with pytest.raises(InputError, match="cannot be used"):
        certificates.load_chain(pems, key("P-256").public_key(), NOW)


@pytest.mark.parametrize("given", [b"", signer().pem, pem(key("P-256")).encode(), public_pem(key("P-256"))])
def test_what_is_no_root(given: bytes) -> None:
    with pytest.raises(InputError):
        certificates.load_roots(given)


def test_certificate_signature_of_a_past_release() -> None:
    made = bundle.parse((PAST / "v1.0.0-certificate" / "model.sig").read_bytes())
    roots = certificates.load_roots((PAST / "ca-cert.pem").read_bytes())
    assert certificates.verify(roots, made, NOW).subject == "CN=intermediate-ca"
    with pytest.raises(Rejection, match="expired"):
        certificates.verify(roots, made, NOW + timedelta(days=3653))
