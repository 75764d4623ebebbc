"""Sigstore bundles: an envelope with what is needed to verify it, in one JSON file.

https://docs.sigstore.dev/about/bundle/ and
https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from modelseal.attestation import dsse, jsontext
from modelseal.attestation.rejection import Rejection, short

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MEDIA_TYPES = frozenset(
    {MEDIA_TYPE} | {f"application/vnd.dev.sigstore.bundle+json;version={version}" for version in ("0.1", "0.2", "0.3")}
)
_BUNDLE_KEYS = frozenset({"mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"})
_MATERIAL_KEYS = frozenset(
    {"publicKey", "certificate", "x509CertificateChain", "tlogEntries", "timestampVerificationData"}
)
_PUBLIC_KEY_KEYS = frozenset({"hint", "rawBytes", "keyDetails"})  # the last two: model_signing before 1.0.1
_MESSAGE_KEYS = frozenset({"messageDigest", "signature"})
_DIGEST_KEYS = frozenset({"algorithm", "digest"})
_CHAIN_KEYS = frozenset({"certificates"})
_CERTIFICATE_KEYS = frozenset({"rawBytes"})
_MOST_CERTIFICATES = 10


class Proof(Enum):
    """Who can say that a bundle's signature is good."""

    PUBLIC_KEY = "a public key"
    CERTIFICATE = "a certificate"


@dataclass(frozen=True)
class Bundle:
    """A bundle as it was read; its signature has not been verified.

    Attributes:
        envelope: What was signed, and the signature.
        proof: What the bundle says it can be verified with.
        key_hint: Which public key, for people and for better messages; never a reason to trust.
        document: The bundle's JSON text.
        certificates: The signer's certificate and those that lead from it to a root, as DER; none for a public key.
    """

    envelope: dsse.Envelope
    proof: Proof
    key_hint: str
    document: bytes
    certificates: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class FileSignature:
    """A bundle that signs a file directly and states nothing about it, as it was read; it has not been verified.

    Attributes:
        sha256: Of the file, in hexadecimal.
        proof: What the bundle says it can be verified with.
        document: The bundle's JSON text.
        certificates: As of a bundle.
    """

    sha256: str
    proof: Proof
    document: bytes
    certificates: tuple[bytes, ...] = ()


def with_public_key(envelope: dsse.Envelope, key_hint: str) -> bytes:
    """Write a bundle that is verified with a public key its reader already has."""
    return _written(envelope, {"publicKey": {"hint": key_hint}})


def with_certificates(envelope: dsse.Envelope, certificates: Sequence[bytes]) -> bytes:
    """Write a bundle that is verified with a root certificate its reader already has.

    Args:
        envelope: What was signed.
        certificates: The signer's first, then each one's issuer, as DER; without the root.
    """
    chain = [{"rawBytes": base64.b64encode(certificate).decode()} for certificate in certificates]
    return _written(envelope, {"x509CertificateChain": {"certificates": chain}})


def with_timestamps(envelope: dsse.Envelope, certificate: bytes, timestamps: Sequence[bytes]) -> bytes:
    """Write a bundle whose certificate was valid at the time that timestamp authorities saw its signature.

    Args:
        envelope: What was signed.
        certificate: The signer's, DER.
        timestamps: Responses of RFC 3161, DER.
    """
    stamps = [{"signedTimestamp": base64.b64encode(timestamp).decode()} for timestamp in timestamps]
    material = {
        "certificate": {"rawBytes": base64.b64encode(certificate).decode()},
        "timestampVerificationData": {"rfc3161Timestamps": stamps},
    }
    return _written(envelope, material)


def _written(envelope: dsse.Envelope, proof: Mapping[str, object]) -> bytes:
    return jsontext.encode(
        {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {**proof, "tlogEntries": []},
            "dsseEnvelope": dsse.to_json(envelope),
        }
    )


def media_type(read: Bundle) -> str:
    """Return the type of a bundle that was read, which says its version."""
    return jsontext.as_text(jsontext.parse_object(read.document).get("mediaType"), "the media type")


def parse(data: bytes) -> Bundle:
    """Read a bundle that holds a DSSE envelope.

    Raises:
        Rejection: It is not such a bundle, of another version, or has members nobody knows.
    """
    document = _members(data)
    if "messageSignature" in document:
        raise Rejection("it signs a file directly and states nothing about it; an attestation is needed")
    proof, hint, certificates = _proof(document)
    return Bundle(dsse.parse(document.get("dsseEnvelope")), proof, hint, data, certificates)


def parse_any(data: bytes) -> Bundle | FileSignature:
    """Read a bundle of either kind.

    Raises:
        Rejection: As for `parse`; or it signs a file by something else than its SHA-256.
    """
    document = _members(data)
    if "messageSignature" not in document:
        return parse(data)
    if "dsseEnvelope" in document:
        raise Rejection("it signs a file directly, and has an envelope too")
    proof, _, certificates = _proof(document)
    return FileSignature(_file_digest(document["messageSignature"]), proof, data, certificates)


def _members(data: bytes) -> dict[str, object]:
    document = jsontext.parse_object(data)
    kind = document.get("mediaType")
    if not isinstance(kind, str) or kind not in MEDIA_TYPES:
        raise Rejection(f"its media type is {short(kind)}, which is not a known Sigstore bundle")
    return _present(document, _BUNDLE_KEYS, "the bundle")


def _file_digest(value: object) -> str:
    message = _present(jsontext.as_object(value, "the file's signature"), _MESSAGE_KEYS, "the file's signature")
    digest = jsontext.as_object(message.get("messageDigest"), "the file's digest")
    digest = _present(digest, _DIGEST_KEYS, "the file's digest")
    if digest.get("algorithm") != "SHA2_256":
        raise Rejection(f"the file's digest is of the algorithm {short(digest.get('algorithm'))}, not SHA2_256")
    sha256 = dsse.decode_base64(digest.get("digest"), "the file's digest")
    if len(sha256) != hashlib.sha256().digest_size:
        raise Rejection("the file's digest is not one of SHA-256")
    dsse.decode_base64(message.get("signature"), "the signature")
    return sha256.hex()


def _proof(document: Mapping[str, object]) -> tuple[Proof, str, tuple[bytes, ...]]:
    material = jsontext.as_object(document.get("verificationMaterial"), "the verification material")
    material = _present(material, _MATERIAL_KEYS, "the verification material")
    jsontext.as_list(material.get("tlogEntries", []), "the list of log entries")
    jsontext.as_object(material.get("timestampVerificationData", {}), "what holds the timestamps")
    kinds = [kind for kind in ("publicKey", "certificate", "x509CertificateChain") if kind in material]
    if len(kinds) != 1:
        raise Rejection(f"it names {len(kinds)} ways to verify it instead of one")
    if kinds == ["publicKey"]:
        return Proof.PUBLIC_KEY, _key_hint(material["publicKey"]), ()
    given = [material["certificate"]] if kinds == ["certificate"] else _chain(material["x509CertificateChain"])
    return Proof.CERTIFICATE, "", tuple(map(_certificate, given))


def _chain(value: object) -> list[object]:
    entry = _present(jsontext.as_object(value, "the certificate chain"), _CHAIN_KEYS, "the certificate chain")
    certificates = jsontext.as_list(entry.get("certificates"), "the certificate chain")
    if not 0 < len(certificates) <= _MOST_CERTIFICATES:
        raise Rejection(f"its chain has {len(certificates)} certificates, not 1 to {_MOST_CERTIFICATES}")
    return certificates


def _certificate(value: object) -> bytes:
    entry = _present(jsontext.as_object(value, "a certificate"), _CERTIFICATE_KEYS, "a certificate")
    return dsse.decode_base64(entry.get("rawBytes"), "a certificate")


def _key_hint(value: object) -> str:
    entry = _present(jsontext.as_object(value, "the public key's entry"), _PUBLIC_KEY_KEYS, "the public key's entry")
    hint = entry.get("hint", "")
    if not isinstance(hint, str):
        raise Rejection("the public key's hint is not a text")
    return hint


def _present(document: dict[str, object], known: frozenset[str], name: str) -> dict[str, object]:
    """Return the members that are there: null stands for one that is not, and npm's and GitHub's bundles have some.

    https://protobuf.dev/programming-guides/json/#null-json
    """
    if unknown := sorted(document.keys() - known):
        raise Rejection(f"{name} has an unknown member {short(unknown[0])}")
    return {member: value for member, value in document.items() if value is not None}
