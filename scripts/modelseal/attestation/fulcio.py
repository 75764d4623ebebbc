"""Fulcio: a certificate for ten minutes, for a key that was made for them, in exchange for an identity token.

https://github.com/sigstore/fulcio/blob/main/fulcio.proto
"""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from modelseal.attestation import jsontext, sigstore_http
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.sigstore_errors import MALFORMED, first_line
from modelseal.errors import ToolError

_PATH = "/api/v2/signingCert"
# The second is that of an authority without a certificate log.
_KINDS = ("signedCertificateEmbeddedSct", "signedCertificateDetachedSct")


def certificate(authority: str, token: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Return a certificate for a key. Nothing is verified here but that it is for this key.

    Args:
        authority: The authority's address.
        token: The identity token; never shown.
        key: A key made for this.

    Raises:
        InputError: The address is not one that may be given a token.
        ToolError: The authority refused, did not answer, or answered with something else.
    """
    # The authority takes the name from the token, and none from the request.
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    body = {
        "credentials": {"oidcIdentityToken": token},
        "certificateSigningRequest": base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode(),
    }
    url = authority.rstrip("/") + _PATH
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = sigstore_http.post(url, jsontext.encode(body), headers)
    try:
        issued = x509.load_pem_x509_certificate(_first(answer).encode())
        fits = issued.public_key() == key.public_key()
    except (Rejection, *MALFORMED) as error:
        raise _unusable(url, first_line(error)) from None
    if not fits:
        raise _unusable(url, "it is for another key")
    return issued


def _first(answer: bytes) -> str:
    document = jsontext.parse_object(answer)
    for kind in _KINDS:
        chain = jsontext.dig(document, kind, "chain", "certificates")
        if isinstance(chain, list) and chain:
            return jsontext.as_text(chain[0], "the certificate")
    raise Rejection("there is none in the answer")


def _unusable(url: str, why: str) -> ToolError:
    return ToolError(f"The authority's certificate cannot be used: {why}.", where=url, mend="Nothing was attested.")
