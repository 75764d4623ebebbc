"""Keyless without a transparency log: a timestamp authority says when something was signed.

GitHub's own instance for private repositories is such a one: a log that everyone can read would tell their names.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from sigstore import models
from sigstore._internal.sct import verify_sct
from sigstore._internal.trust import CertificateAuthority, KeyringPurpose
from sigstore.errors import Error as SigstoreError

from modelseal.attestation import bundle, certificates, dsse, fulcio, identity, jsontext, keys, timestamps
from modelseal.attestation.log_entry import LogEntry
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.sigstore_errors import MALFORMED, first_line
from modelseal.attestation.verified import Verified

logger = logging.getLogger(__name__)

_START, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """Where to sign.

    Attributes:
        authority: Address of the certificate authority.
        timestamps: Addresses of the timestamp authorities, all of which are asked.
    """

    authority: str
    timestamps: tuple[str, ...]


def sign(where: Services, token: str, statements: Sequence[bytes]) -> tuple[bytes, ...]:
    """Sign statements with one key that nobody keeps, and return their bundles.

    Args:
        where: The services.
        token: The identity token; never shown.
        statements: What is signed.

    Raises:
        InputError: An address is not one that may be given a token.
        ToolError: A service refused, did not answer, or answered with something else.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = fulcio.certificate(where.authority, token, key).public_bytes(Encoding.DER)
    made = []
    for payload in statements:
        envelope = dsse.Envelope(payload, keys.sign(key, dsse.pae(payload)))
        stamps = [timestamps.request(url, envelope.signature) for url in where.timestamps]
        logger.info("signed; %d timestamps", len(stamps))
        made.append(bundle.with_timestamps(envelope, certificate, stamps))
    return tuple(made)


class Verifier:
    """Verifies bundles against a root of trust that knows no transparency log, without any network.

    Args:
        root: The root of trust.
    """

    def __init__(self, root: models.TrustedRoot) -> None:
        self._root = root
        self._stamping = [_timestamp_authority(item) for item in root.get_timestamp_authorities()]
        self._issuing = [CertificateAuthority(item) for item in root._inner.certificate_authorities]  # noqa: SLF001
        self._certificate_logs = root.ct_keyring(KeyringPurpose.VERIFY) if root._inner.ctlogs else None  # noqa: SLF001

    def verify(self, signed: bundle.Bundle | bundle.FileSignature) -> Verified:
        """Verify timestamp, certificate chain and signature. Who signed is for the caller to judge.

        Raises:
            Rejection: Any of them does not hold.
        """
        if isinstance(signed, bundle.FileSignature):
            raise Rejection("it signs a file directly, which is verified only with a log")
        if jsontext.dig(jsontext.parse(signed.document), "verificationMaterial", "tlogEntries"):
            raise Rejection(
                "it has an entry of a transparency log, and the root of trust knows no log to check it with"
            )
        times = timestamps.of_bundle(signed, self._stamping)
        try:
            leaf = x509.load_der_x509_certificate(signed.certificates[0])
            certificates.check_signer(leaf)
            _check_purpose(leaf)
            for time in times:
                self._check_certificate(leaf, time)
            keys.check_signature(certificates.key_of(leaf), signed.envelope)
            return Verified(signed.envelope.payload, identity.of_certificate(leaf), LogEntry(time=times[0]))
        except SigstoreError as error:
            raise Rejection(f"Sigstore refuses it: {first_line(error) or type(error).__name__}") from error
        except Rejection:
            raise
        except MALFORMED as error:
            raise Rejection(f"it is malformed ({type(error).__name__}: {first_line(error)})") from error

    def _check_certificate(self, leaf: x509.Certificate, time: datetime) -> None:
        """Check the signer's certificate and those above it at the time of signing."""
        begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        if not begin <= time <= end:
            raise Rejection(
                f"the timestamp is of {time:%Y-%m-%d %H:%M:%S} UTC, and the certificate was valid only from "
                f"{begin:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S}"
            )
        trusted = [item for item in self._issuing if _is_trusted(item, time)]
        if not trusted:
            raise Rejection(f"no certificate authority was trusted at {time:%Y-%m-%d %H:%M:%S} UTC, when it was signed")
        roots = [certificate for item in trusted for certificate in item.certificates(allow_expired=True)]
        _, *above = certificates.path_to_root(leaf, (), roots, time)
        if self._certificate_logs is not None:
            verify_sct(leaf, above, self._certificate_logs)


def _is_trusted(authority: CertificateAuthority, time: datetime) -> bool:
    start, end = authority.validity_period_start, authority.validity_period_end
    return (start or _START) <= time < (end or _END)


def _timestamp_authority(found: CertificateAuthority) -> timestamps.Authority:
    chain = tuple(found.certificates(allow_expired=True))
    return timestamps.Authority(chain, found.validity_period_start or _START, found.validity_period_end or _END)


def _check_purpose(leaf: x509.Certificate) -> None:
    purposes = [item.value for item in leaf.extensions if isinstance(item.value, x509.ExtendedKeyUsage)]
    if not purposes or ExtendedKeyUsageOID.CODE_SIGNING not in purposes[0]:
        raise Rejection("its certificate is not for signing code")
    # As the library does where there is a log; an authority of one's own may also sign by itself.
    if any(isinstance(item.value, x509.BasicConstraints) and item.value.ca for item in leaf.extensions):
        raise Rejection("its certificate is that of an authority, which signs nothing but certificates")
