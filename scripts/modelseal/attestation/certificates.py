"""Certificates of an organisation's own authority: a chain from the signer's certificate to a root.

Chains are built and checked by the library's implementation of the Web PKI's rules for authorities
(https://cryptography.io/en/latest/x509/verification/); what a signer's certificate must say is ours. Nothing shows when
something was signed, so every certificate must be valid now: an expired one could have signed yesterday or ten years
ago.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from modelseal.attestation import bundle, keys
from modelseal.attestation.rejection import Rejection, short
from modelseal.errors import InputError

_MALFORMED = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)  # fmt: skip
_UNDERSTOOD = frozenset({
    x509.BasicConstraints.oid, x509.KeyUsage.oid, x509.ExtendedKeyUsage.oid, x509.SubjectAlternativeName.oid,
    x509.AuthorityKeyIdentifier.oid, x509.SubjectKeyIdentifier.oid, x509.CertificatePolicies.oid,
})  # fmt: skip
_DEPTH = 8
_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
_MEND = "Give certificates in PEM: the signer's first, then the one that issued it, and so on."


@dataclass(frozen=True)
class Certified:
    """Who signed, as a certificate says.

    Attributes:
        subject: The certificate's subject, `CN=release,O=Example`.
        names: Its other names: mail addresses, URIs and DNS names.
        public_key: The key it is for.
    """

    subject: str
    names: tuple[str, ...]
    public_key: keys.PublicKey

    @property
    def name(self) -> str:
        """The signer, for people."""
        return self.subject or ", ".join(self.names) or keys.name(self.public_key)


def load_chain(pem: bytes, public_key: keys.PublicKey, now: datetime) -> tuple[bytes, ...]:
    """Read the certificates that a private key signs with.

    Args:
        pem: One or more certificates, the signer's first.
        public_key: The public half of the private key.
        now: The time.

    Returns:
        The certificates without the root, as DER: that one a verifier must have already.

    Raises:
        InputError: They are not certificates, do not belong together or to the key, may not sign, or are not valid now.
    """
    where = "input `certificate-chain`"
    chain = _load(pem, where)
    try:
        _check_chain(chain, public_key, now)
    except (Rejection, *_MALFORMED) as error:
        raise InputError(f"The certificates cannot be used: {error}.", where=where, mend=_MEND) from error
    last = chain[-1]
    kept = chain[:-1] if _is_self_signed(last) else chain
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in kept)


def load_roots(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read the root certificates that a verifier trusts.

    Raises:
        InputError: They are not certificates, or not those of authorities.
    """
    where = "input `certificate-root`"
    roots = _load(pem, where)
    for root in roots:
        try:
            constraints = root.extensions.get_extension_for_class(x509.BasicConstraints).value
        except (x509.ExtensionNotFound, *_MALFORMED):
            constraints = None
        if constraints is None or not constraints.ca:
            raise InputError(
                f"The certificate of {short(_subject(root))} is not that of an authority: nothing can lead to it.",
                where=where,
                mend="Give the root certificate of the authority that issued the signer's certificate.",
            )
    return roots


def verify(roots: Sequence[x509.Certificate], signed: bundle.Bundle, now: datetime) -> Certified:
    """Verify that a bundle was signed with a certificate that leads to a trusted root.

    Args:
        roots: What is trusted.
        signed: The bundle.
        now: The time at which every certificate must be valid.

    Raises:
        Rejection: It was not, the certificate may not sign, or what was signed has changed.
    """
    if signed.proof is not bundle.Proof.CERTIFICATE:
        raise Rejection("it was signed with a key, not with a certificate")
    try:
        leaf, *others = [x509.load_der_x509_certificate(data) for data in signed.certificates]
        _check_time(leaf, now)
        check_signer(leaf)
        path_to_root(leaf, others, roots, now)
        public_key = key_of(leaf)
        found = Certified(_subject(leaf), _names(leaf), public_key)
    except Rejection:
        raise
    except _MALFORMED as error:
        raise Rejection(f"its certificates are malformed: {_first_line(error)}") from error
    keys.check_signature(public_key, signed.envelope)
    return found


def path_to_root(
    leaf: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], time: datetime
) -> list[x509.Certificate]:
    """Return the certificates that lead from a signer's certificate to a trusted one, both included.

    Args:
        leaf: The signer's, of which `check_signer` has been asked.
        others: What may be in between, in any order.
        roots: What is trusted.
        time: When every one of them must be valid.

    Raises:
        Rejection: Nothing leads there.
        ValueError: A certificate is malformed.
    """
    for_signing = verification.ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, verification.Criticality.AGNOSTIC, _may_issue
    )
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(list(roots)))
        .time(time)
        .max_chain_depth(_DEPTH)
        .extension_policies(ca_policy=for_signing, ee_policy=verification.ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    try:
        return list(verifier.verify(leaf, list(others)).chain)
    except verification.VerificationError as error:
        raise Rejection(f"its certificate does not lead to the trusted root: {_first_line(error)}") from error


def _may_issue(
    _policy: verification.Policy, _authority: x509.Certificate, purposes: x509.ExtendedKeyUsage | None
) -> None:
    """Refuse an authority that is limited to other purposes than signing code."""
    if purposes is not None and not {_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(purposes):
        raise ValueError("an authority between is not for signing code")


def _load(pem: bytes, where: str) -> tuple[x509.Certificate, ...]:
    if b"PRIVATE KEY" in pem:
        raise InputError(
            "There is a private key among the certificates.",
            where=where,
            mend="Keep it apart; certificates are public.",
        )
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except _MALFORMED as error:
        raise InputError("These are not certificates in PEM.", where=where, mend=_MEND) from error


def _check_chain(chain: Sequence[x509.Certificate], public_key: keys.PublicKey, now: datetime) -> None:
    if key_of(chain[0]) != public_key:
        raise Rejection("the first certificate is for another key than the private one")
    if len(chain) == 1 and _is_self_signed(chain[0]):
        raise Rejection("the certificate is signed by itself, so it proves no more than the key without it")
    check_signer(chain[0])
    for certificate in chain:
        _check_time(certificate, now)
    for certificate, issuer in itertools.pairwise(chain):
        _check_issuer(certificate, issuer)
    # As every verifier will, but for the root itself, which need not be here: the last one is what is led to.
    if len(chain) > 1:
        path_to_root(chain[0], chain[1:-1], chain[-1:], now)


def key_of(certificate: x509.Certificate) -> keys.PublicKey:
    """Return the key that a certificate is for.

    Raises:
        Rejection: It cannot sign, or is too weak.
    """
    try:
        key = certificate.public_key()
    except _MALFORMED as error:
        raise Rejection("the certificate's key cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey):
        raise Rejection("the certificate's key is of a kind that cannot sign")
    try:
        keys.refuse_weak(key, "")
    except InputError as error:
        raise Rejection(f"the certificate cannot be used: {error.what.rstrip('.')}") from error
    return key


def check_signer(certificate: x509.Certificate) -> None:
    """Refuse a certificate that may not sign code, or that demands something nobody here understands.

    Raises:
        Rejection: It is one.
    """
    try:
        extensions = certificate.extensions
    except _MALFORMED as error:
        raise Rejection("the certificate's extensions cannot be read") from error
    unknown = [item.oid.dotted_string for item in extensions if item.critical and item.oid not in _UNDERSTOOD]
    if unknown:
        raise Rejection(f"the certificate has a critical extension that is not understood, {unknown[0]}")
    usage = [item.value for item in extensions if isinstance(item.value, x509.KeyUsage)]
    purposes = [item.value for item in extensions if isinstance(item.value, x509.ExtendedKeyUsage)]
    if usage and not usage[0].digital_signature:
        raise Rejection("the certificate is not for signatures (its key usage lacks digitalSignature)")
    if purposes and _SIGNING not in purposes[0]:
        raise Rejection("the certificate is not for signing code (its extended key usage lacks codeSigning)")
    if not usage and not purposes:
        raise Rejection("the certificate does not say that it is for signing (no key usage)")


def _check_time(certificate: x509.Certificate, now: datetime) -> None:
    name, until = short(_subject(certificate)), certificate.not_valid_after_utc
    if now > until:
        raise Rejection(
            f"the certificate of {name} expired at {until:%Y-%m-%d %H:%M} UTC, and nothing shows it was used before"
        )
    if now < certificate.not_valid_before_utc:
        raise Rejection(
            f"the certificate of {name} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        )


def _check_issuer(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_MALFORMED) as error:
        names = f"{short(_subject(issuer))} did not issue the certificate of {short(_subject(certificate))}"
        raise Rejection(f"{names} before it") from error


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, *_MALFORMED):
        return False
    return True


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    kinds = (x509.RFC822Name, x509.UniformResourceIdentifier, x509.DNSName)
    return tuple(name for kind in kinds for name in found.get_values_for_type(kind))


def fingerprint(certificate: x509.Certificate) -> str:
    """Return a certificate's SHA-256 in hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
