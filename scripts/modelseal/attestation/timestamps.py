"""Timestamps of RFC 3161: the word of an authority that a signature was there at a time.

https://www.rfc-editor.org/rfc/rfc3161
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from rfc3161_client import TimestampRequestBuilder, TimeStampResponse, VerifierBuilder, decode_timestamp_response
from rfc3161_client import VerificationError as NotVerified
from rfc3161_client.base import HashAlgorithm

from modelseal.attestation import bundle, dsse, jsontext, sigstore_http
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.sigstore_errors import MALFORMED, first_line
from modelseal.errors import ToolError

_MOST = 32  # as many as other verifiers look at
# By the digest: the name of its use with ECDSA, DER (https://www.rfc-editor.org/rfc/rfc5758#section-3.2).
_ECDSA = {
    "2.16.840.1.101.3.4.2.1": bytes.fromhex("300a06082a8648ce3d040302"),
    "2.16.840.1.101.3.4.2.2": bytes.fromhex("300a06082a8648ce3d040303"),
    "2.16.840.1.101.3.4.2.3": bytes.fromhex("300a06082a8648ce3d040304"),
}
# Of signed data that is more than bytes, and of a signer who is named by issuer and serial number.
# https://www.rfc-editor.org/rfc/rfc5652#section-5.1 and #section-5.3
_CMS_VERSIONS = (3, 1)
_OCTET_STRING, _HEADER = 0x04, 2  # the signature, up to 127 bytes


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that is trusted with times.

    Attributes:
        chain: Its own certificate, then each one's issuer, up to the root.
        start: When it began to be trusted.
        end: When it ceased to; None if it has not.
    """

    chain: tuple[x509.Certificate, ...]
    start: datetime
    end: datetime | None

    def vouches(self, response: TimeStampResponse, signature: bytes) -> datetime | None:
        """Return the time at which the authority saw a signature; None if it is not its word."""
        if len(self.chain) < 2:  # noqa: PLR2004 - a certificate and the one that it leads to
            return None
        builder = VerifierBuilder().tsa_certificate(self.chain[0]).add_root_certificate(self.chain[-1])
        for certificate in self.chain[1:-1]:
            builder = builder.add_intermediate_certificate(certificate)
        try:
            builder.build().verify_message(response, signature)
        except NotVerified:
            return None
        _refuse_alterations(response, self.chain[0])
        time = response.tst_info.gen_time
        return time if self.start <= time and (self.end is None or time < self.end) else None


def _refuse_alterations(response: TimeStampResponse, signer: x509.Certificate) -> None:
    """Refuse a token in which something was altered that its signature does not cover: who signed it, and how.

    Raises:
        ValueError: Something was.
    """
    (said,) = response.signed_data.signer_infos
    if (response.signed_data.version, said.version) != _CMS_VERSIONS:
        raise ValueError("it is of another version than its contents are")
    if said.issuer.public_bytes() != signer.issuer.public_bytes() or said.serial_number != signer.serial_number:
        raise ValueError("it names another signer")
    if isinstance(signer.public_key(), ec.EllipticCurvePublicKey):
        (digest,) = response.signed_data.digest_algorithms
        _, found, rest = response.as_bytes().rpartition(_ECDSA[digest.dotted_string])
        if not found or len(rest) < _HEADER or rest[0] != _OCTET_STRING or rest[1] != len(rest) - _HEADER:
            raise ValueError("it names another algorithm, or has something after its signature")


def of_bundle(signed: bundle.Bundle, authorities: Sequence[Authority]) -> tuple[datetime, ...]:
    """Return the times at which trusted authorities saw a bundle's signature, the earliest first.

    Raises:
        Rejection: None did, or a timestamp is malformed.
    """
    found = jsontext.dig(
        jsontext.parse(signed.document), "verificationMaterial", "timestampVerificationData", "rfc3161Timestamps"
    )
    if not isinstance(found, list) or not found:
        raise Rejection(
            "it has neither an entry of a transparency log nor a timestamp, so nothing shows when it was signed"
        )
    encoded = [dsse.decode_base64(jsontext.dig(item, "signedTimestamp"), "a timestamp") for item in found]
    if len(encoded) > _MOST or len(set(encoded)) != len(encoded):
        raise Rejection(f"it has {len(encoded)} timestamps, more than {_MOST} or one of them twice")
    try:
        responses = [decode_timestamp_response(data) for data in encoded]
        times = [authority.vouches(item, signed.envelope.signature) for item in responses for authority in authorities]
    except MALFORMED as error:
        raise Rejection(f"a timestamp is malformed ({first_line(error) or type(error).__name__})") from error
    if not (trusted := sorted(filter(None, times))):
        raise Rejection("no timestamp of it is from a trusted authority and of this signature")
    return tuple(trusted)


def request(url: str, signature: bytes) -> bytes:
    """Ask an authority for a timestamp; whether it can be trusted is not looked at here.

    Args:
        url: The authority's address.
        signature: What it shall have seen.

    Returns:
        The response as it came, DER.

    Raises:
        InputError: The address is none.
        ToolError: The authority refused, did not answer, or answered something else.
    """
    asked = TimestampRequestBuilder().hash_algorithm(HashAlgorithm.SHA256).data(signature).nonce(nonce=True).build()
    answer = sigstore_http.post(url, asked.as_bytes(), {"Content-Type": "application/timestamp-query"})
    try:
        same = decode_timestamp_response(answer).tst_info.nonce == asked.nonce
    except MALFORMED as error:
        raise _unusable(url, first_line(error)) from None
    if not same:
        raise _unusable(url, "it answers another question")
    return answer


def _unusable(url: str, why: str) -> ToolError:
    return ToolError(f"The authority's timestamp cannot be used: {why}.", where=url, mend="Nothing was attested.")
