"""Certificates for the tests: a root, an authority below it, and those that it issues."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from attestation_material import key
from modelseal.attestation.keys import PrivateKey

NOW = datetime.now(UTC)
SIGNING = {"digital_signature": True}
ISSUING = {"key_cert_sign": True, "crl_sign": True}
_BITS = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True)
class Holder:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate as PEM text."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def issue(  # noqa: PLR0913 - one for each way to do it wrong
    name: str,
    private_key: PrivateKey,
    issuer: Holder | None,
    *,
    ca: bool | None = None,
    usage: dict[str, bool] | None = None,
    purposes: tuple[Any, ...] = (),
    days: tuple[float, float] = (-1, 365),
    path_length: int | None = None,
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = (),
) -> Holder:
    """Issue a certificate; without an issuer it is signed by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public_key = private_key.public_key()
    signer = issuer.key if issuer else private_key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length), critical=True)
    if usage is not None:
        builder = builder.add_extension(x509.KeyUsage(**dict.fromkeys(_BITS, False) | usage), critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Holder(builder.sign(signer, algorithm), private_key)


@cache
def root() -> Holder:
    """Return the root authority."""
    return issue("Example Root", key("P-384"), None, ca=True, usage=ISSUING)


@cache
def authority() -> Holder:
    """Return the authority that issues."""
    return issue("Example Issuing", key("RSA 3072"), root(), ca=True, usage=ISSUING)


@cache
def signer(kind: str = "P-256", **changes: Any) -> Holder:
    """Return a certificate that may sign code."""
    names = (x509.RFC822Name("release@example.org"), x509.UniformResourceIdentifier("https://example.org/release"))
    given: dict[str, Any] = {
        "ca": False, "usage": SIGNING, "purposes": (ExtendedKeyUsageOID.CODE_SIGNING,),
        "extra": ((x509.SubjectAlternativeName(names), False),),
    }  # fmt: skip
    return issue("Example Release", key(kind), authority(), **(given | changes))


def like(name: x509.Name, private_key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Return an authority's own certificate, under any name."""
    builder = x509.CertificateBuilder(name, name, private_key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=2)).not_valid_after(NOW + timedelta(days=3650))
    usage = x509.KeyUsage(**dict.fromkeys(_BITS, False) | ISSUING)
    identifier = x509.SubjectKeyIdentifier.from_public_key(private_key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return (
        builder.add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(private_key, hashes.SHA256())
    )


def again(
    certificate: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    hours: tuple[float, float],
    purposes: Sequence[x509.ObjectIdentifier],
    *,
    authority: bool = False,
) -> Holder:
    """Issue a certificate that says the same as another one, for other hours and purposes."""
    private_key = ec.generate_private_key(ec.SECP256R1())
    begin, end = (NOW + timedelta(hours=hour) for hour in hours)
    serial = x509.random_serial_number()
    builder = x509.CertificateBuilder(certificate.issuer, certificate.subject, private_key.public_key(), serial)
    builder = builder.not_valid_before(begin).not_valid_after(end)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    other: dict[type, x509.ExtensionType] = {x509.AuthorityKeyIdentifier: issuer}
    if purposes:
        other[x509.ExtendedKeyUsage] = x509.ExtendedKeyUsage(purposes)
    left_out: tuple[type, ...] = (x509.SubjectKeyIdentifier, *(() if purposes else (x509.ExtendedKeyUsage,)))
    if authority:
        left_out += (x509.BasicConstraints,)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    for extension in certificate.extensions:
        if not isinstance(extension.value, left_out):
            builder = builder.add_extension(other.get(type(extension.value), extension.value), extension.critical)
    return Holder(builder.sign(authority_key, hashes.SHA256()), private_key)


def base64_of(certificate: x509.Certificate) -> str:
    """Return a certificate as JSON carries it."""
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
