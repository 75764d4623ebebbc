"""Private and public keys in PEM, and what they sign: without Sigstore, without a network.

Signature schemes are those that Sigstore's bundle format has a name for
(https://github.com/sigstore/architecture-docs/blob/main/algorithm-registry.md), with the hash that belongs to the key.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from modelseal.attestation import bundle, dsse
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_BEGIN_AND_END = 2
_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 16384  # beyond it, verifying takes so long that it is an attack
_MIN_RSA_EXPONENT = 65537
_CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
_USE = "Use an EC key (P-256, P-384 or P-521), an Ed25519 key, or an RSA key of 2048 bits or more, in PEM."

_OTHER_FORMATS = (
    (b"BEGIN OPENSSH PRIVATE KEY", "OpenSSH's format", "Convert a copy of it: `ssh-keygen -p -m PKCS8 -f COPY`."),
    (b"SIGSTORE PRIVATE KEY", "cosign's own format, which nothing else reads", "Make one with `openssl genpkey`."),
    (b"COSIGN PRIVATE KEY", "cosign's own format, which nothing else reads", "Make one with `openssl genpkey`."),
)


@dataclass(frozen=True)
class KeySigner:
    """Signs statements with a private key.

    Attributes:
        private_key: The key.
        chain: A certificate for the key and those that lead from it to a root, as DER. Without it, the bundles are
            verified with the public key.
    """

    private_key: PrivateKey = field(repr=False)
    chain: tuple[bytes, ...] = ()

    @property
    def identity(self) -> str:
        """Who signs, for people."""
        return name(self.private_key.public_key())

    def sign(self, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Sign each statement and return its bundle."""
        public_key = self.private_key.public_key()
        return tuple(
            sealed(dsse.Envelope(payload, sign(self.private_key, dsse.pae(payload))), public_key, self.chain)
            for payload in statements
        )


def sealed(envelope: dsse.Envelope, public_key: PublicKey, chain: Sequence[bytes]) -> bytes:
    """Return an envelope as a bundle: with certificates if there are any, else with the key's fingerprint."""
    if chain:
        return bundle.with_certificates(envelope, chain)
    return bundle.with_public_key(envelope, fingerprint(public_key))


def load_private_key(pem: bytes, password: str) -> PrivateKey:
    """Read a private key, decrypting it if it is encrypted.

    Args:
        pem: PEM text, PKCS #8 or the older forms of OpenSSL.
        password: Empty if the key is not encrypted.

    Raises:
        InputError: It is not a private key, the password is wrong, or the key is too weak. Says nothing of the key.
    """
    if pem.count(b"PRIVATE KEY-----") > _BEGIN_AND_END:
        raise InputError(
            "There are several private keys.", where="input `private-key`", mend="Give the one to sign with."
        )
    for words, what, mend in _OTHER_FORMATS:
        if words in pem:
            raise InputError(f"The private key is in {what}.", where="input `private-key`", mend=mend)
    try:
        key = serialization.load_pem_private_key(pem, password.encode() or None)
    except TypeError:
        raise _encryption_mismatch(password) from None
    except (ValueError, UnsupportedAlgorithm):
        # The library's own words may quote the input; and a wrong password looks like a broken key.
        encrypted = b"ENCRYPTED" in pem
        raise InputError(
            "The private key cannot be decrypted." if encrypted else "The private key cannot be read.",
            where="input `private-key`",
            mend="Check `private-key-password`." if encrypted else _USE,
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise InputError("This kind of private key cannot sign.", where="input `private-key`", mend=_USE)
    refuse_weak(key.public_key(), "input `private-key`")
    return key


def load_public_key(pem: bytes) -> PublicKey:
    """Read a public key.

    Raises:
        InputError: It is not one, or too weak.
    """
    where = "input `public-key`"
    if b"PRIVATE KEY" in pem:
        raise InputError(
            "This is a private key; verifying needs only the public one.",
            where=where,
            mend="Make it with `openssl pkey -in KEY -pubout`, and keep the private key with the signer alone.",
        )
    if b"BEGIN CERTIFICATE" in pem:
        raise InputError(
            "This is a certificate, not a public key.",
            where=where,
            mend="Give the root it leads to as `certificate-root`, or its key: `openssl x509 -in CERT -pubkey -noout`.",
        )
    if pem.count(b"-----BEGIN ") > 1:  # only the first would be believed, and nobody would be told
        raise InputError(
            "There is more in the file than one public key.",
            where=where,
            mend="Keep each key in a file of its own, and give the one that must have signed.",
        )
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError("The public key cannot be read.", where=where, mend=_USE) from None
    if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey):
        raise InputError("This kind of public key cannot verify a signature.", where=where, mend=_USE)
    refuse_weak(key, where)
    return key


def can_sign_models(key: PrivateKey | PublicKey) -> bool:
    """Tell whether `model_signing verify key` can check this key's signatures: it knows these three curves only."""
    return isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) and key.curve.name in _CURVE_HASHES


def name(key: PublicKey) -> str:
    """Name a key for people: its kind, and the beginning of its fingerprint."""
    return f"{describe(key)} key {fingerprint(key)[:16]}"


def describe(key: PublicKey) -> str:
    """Name a key's kind: `EC secp256r1`, `Ed25519`, `RSA 3072`."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return "Ed25519"


def fingerprint(key: PublicKey) -> str:
    """Return the SHA-256 of the key's PEM text in hexadecimal: the hint that model_signing writes and expects."""
    return hashlib.sha256(public_pem(key)).hexdigest()


def sign(key: PrivateKey, data: bytes) -> bytes:
    """Sign bytes with the scheme that belongs to the key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(_CURVE_HASHES[key.curve.name]))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data)


def verify(key: PublicKey, signed: bundle.Bundle) -> bytes:
    """Return the payload that a bundle's signature covers.

    Raises:
        Rejection: The bundle was not signed with this key, or what was signed has changed.
    """
    if signed.proof is not bundle.Proof.PUBLIC_KEY:
        raise Rejection("it was signed with a certificate, not with a key")
    if signed.key_hint and signed.key_hint not in _hints(key):
        raise Rejection(f"it says it was signed with another key ({signed.key_hint[:16]}, not {fingerprint(key)[:16]})")
    check_signature(key, signed.envelope)
    return signed.envelope.payload


def check_signature(key: PublicKey, envelope: dsse.Envelope) -> None:
    """Check that an envelope was signed with a key.

    Raises:
        Rejection: It was not, or what was signed has changed.
    """
    if not (_fits(key, envelope.signature, dsse.pae(envelope.payload)) or _fits_early(key, envelope)):
        raise Rejection("its signature does not fit the public key and the content")


def _fits_early(key: PublicKey, envelope: dsse.Envelope) -> bool:
    """Tell whether a signature is one of model_signing's before its release 1.0, with SHA-256 whatever the curve."""
    early = ec.ECDSA(hashes.SHA256())
    return isinstance(key, ec.EllipticCurvePublicKey) and _holds(
        key.verify, envelope.signature, dsse.earlier_pae(envelope.payload), early
    )


def _fits(key: PublicKey, signature: bytes, data: bytes) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        # A bundle does not say which of the two it is, and some key services allow only the second.
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO)
        return any(_holds(key.verify, signature, data, scheme, hashes.SHA256()) for scheme in (padding.PKCS1v15(), pss))
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _holds(key.verify, signature, data, ec.ECDSA(_CURVE_HASHES[key.curve.name]))
    return _holds(key.verify, signature, data)


def _holds(verify_: Callable[..., None], *arguments: object) -> bool:
    try:
        verify_(*arguments)
    except InvalidSignature:
        return False
    return True


def _hints(key: PublicKey) -> frozenset[str]:
    """Return the spellings of a key's fingerprint in use: model_signing's, and those over the DER form."""
    der = hashlib.sha256(
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    ).digest()
    return frozenset({fingerprint(key), der.hex(), base64.b64encode(der).decode()})


def public_pem(key: PublicKey) -> bytes:
    """Return a public key as PEM text."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def refuse_weak(key: PublicKey, where: str) -> None:
    """Refuse a key that is too weak, or of a kind that nobody verifies.

    Args:
        key: The public key, or the public half of a private one.
        where: Where it came from, for the error.

    Raises:
        InputError: It is one.
    """
    if isinstance(key, rsa.RSAPublicKey):
        if not _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS:
            how = "weak" if key.key_size < _MIN_RSA_BITS else "large"
            raise InputError(f"An RSA key of {key.key_size} bits is too {how}.", where=where, mend=_USE)
        if key.public_numbers().e < _MIN_RSA_EXPONENT:
            raise InputError("An RSA key with an exponent below 65537 is too weak.", where=where, mend=_USE)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVE_HASHES:
        raise InputError(f"Keys on the curve {key.curve.name} are not supported.", where=where, mend=_USE)


def _encryption_mismatch(password: str) -> InputError:
    if password:
        return InputError(
            "The private key is not encrypted, but a password was given.",
            where="input `private-key-password`",
            mend="Leave the password out, or give the encrypted key.",
        )
    return InputError(
        "The private key is encrypted, and no password was given, or an empty one.",
        where="input `private-key`",
        mend="Give `private-key-password`; if it is empty, encrypt anew: `openssl pkey -in KEY -aes256 -out NEW`.",
    )
