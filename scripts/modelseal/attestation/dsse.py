"""DSSE: the envelope around what is signed, and the bytes that the signature really covers.

https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
"""

import base64
import binascii
from dataclasses import dataclass

from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection, short
from modelseal.attestation.statement import PAYLOAD_TYPE

_ENVELOPE_KEYS = frozenset({"payload", "payloadType", "signatures"})
_SIGNATURE_KEYS = frozenset({"sig", "keyid"})


@dataclass(frozen=True)
class Envelope:
    """An in-toto payload and its one signature; nothing is said yet about whether the signature is valid."""

    payload: bytes
    signature: bytes


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return the pre-authentication encoding: type and payload with their lengths, so that neither can slide."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def earlier_pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return what model_signing signed before its release 1.0, by mistake: a text, with Python's notation of it.

    No two payloads have the same notation, so a signature over it is as good as any.
    """
    kind = payload_type.encode()
    return b"DSSEV1 %d %s %d %s" % (len(kind), kind, len(payload), repr(payload).encode())


def to_json(envelope: Envelope) -> dict[str, object]:
    """Return the envelope as JSON data."""
    return {
        "payload": base64.b64encode(envelope.payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": base64.b64encode(envelope.signature).decode(), "keyid": ""}],
    }


def parse(value: object) -> Envelope:
    """Read an envelope.

    Raises:
        Rejection: It carries something else than in-toto JSON, has not exactly one signature, or is malformed.
    """
    document = jsontext.as_object(value, "the DSSE envelope")
    if unknown := sorted(document.keys() - _ENVELOPE_KEYS):
        raise Rejection(f"the DSSE envelope has an unknown member {short(unknown[0])}")
    if document.get("payloadType") != PAYLOAD_TYPE:
        raise Rejection(f"the DSSE payload is {short(document.get('payloadType'))}, not {PAYLOAD_TYPE}")
    signatures = jsontext.as_list(document.get("signatures"), "the list of signatures")
    if len(signatures) != 1:
        raise Rejection(f"the DSSE envelope has {len(signatures)} signatures instead of one")
    signature = jsontext.as_object(signatures[0], "the signature")
    if unknown := sorted(signature.keys() - _SIGNATURE_KEYS):
        raise Rejection(f"the signature has an unknown member {short(unknown[0])}")
    if not isinstance(signature.get("keyid"), str | None):  # model_signing writes null
        raise Rejection("the signature's key ID is not a text")
    return Envelope(
        payload=decode_base64(document.get("payload"), "the DSSE payload"),
        signature=decode_base64(signature.get("sig"), "the signature"),
    )


def decode_base64(value: object, name: str) -> bytes:
    """Decode standard base64 that nobody could have spelt otherwise.

    Raises:
        Rejection: It is not base64, not in its one canonical spelling, or empty.
    """
    text = jsontext.as_text(value, name)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejection(f"{name} is not base64") from error
    if not data or base64.b64encode(data).decode() != text:
        raise Rejection(f"{name} is not base64 in its canonical form")
    return data
