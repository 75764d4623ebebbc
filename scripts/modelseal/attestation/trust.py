"""Whom a verifier believes: the holder of one key, of a certificate, or a workflow that a certificate names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from modelseal.attestation import bundle, identity, keys, log_entry, predicates, provenance, said_source
from modelseal.attestation.rejection import Rejection, short
from modelseal.attestation.statement import Statement
from modelseal.attestation.verified import Verified

NotHolding = tuple[str, ...]
_VERDICTS = (predicates.VULNS, predicates.TEST_RESULT)


@dataclass(frozen=True)
class Proved:
    """A payload with a valid signature, and who made it.

    Attributes:
        payload: The bytes that were signed; of a file that was signed directly its SHA-256, in hexadecimal.
        signer: For people.
        certified: What the certificate says; nothing for a key.
        logged: Where the transparency log has it, and when it or a timestamp authority saw it.
        verdicts_only: Whether nothing but a verdict counts that this one has signed.
    """

    payload: bytes
    signer: str
    certified: identity.Identity | None = None
    logged: log_entry.LogEntry = log_entry.NONE
    verdicts_only: bool = False


@dataclass(frozen=True)
class KeyTrust:
    """Believes the holder of a key. What the key's holder says about the source is compared, if asked for."""

    public_key: keys.PublicKey
    expected: identity.Expected | None

    def prove(self, signed: bundle.Bundle) -> Proved:
        """Verify a bundle.

        Raises:
            Rejection: It was not signed with the key.
        """
        payload = keys.verify(self.public_key, signed)
        return Proved(payload, keys.name(self.public_key))

    def source_mismatches(self, stated: Statement, _proved: Proved) -> NotHolding:
        """Compare what a provenance says about its source with what is expected; nothing for other statements."""
        return _unproved_mismatches(stated, self.expected)


@dataclass(frozen=True)
class CertificateTrust:
    """Believes a certificate that leads to one of the given roots. What its holder says about the source is compared.

    Attributes:
        roots: The root certificates.
        now: The time at which all certificates must be valid.
        expected: What the provenance must say, if that is asked for.
        subject: Whose certificate it must be, its whole subject or one of its other names; empty for anybody's.
    """

    roots: tuple[x509.Certificate, ...]
    now: datetime
    expected: identity.Expected | None
    subject: str = ""

    def prove(self, signed: bundle.Bundle) -> Proved:
        """Verify a bundle.

        Raises:
            Rejection: It was not signed with a certificate of these roots, or with somebody else's.
        """
        from modelseal.attestation import certificates  # noqa: PLC0415 - few need it

        found = certificates.verify(self.roots, signed, self.now)
        if self.subject and self.subject not in (found.subject, *found.names):
            raise Rejection(f"the certificate is that of {short(found.name)}, not of {self.subject}")
        return Proved(signed.envelope.payload, found.name)

    def source_mismatches(self, stated: Statement, _proved: Proved) -> NotHolding:
        """Compare what a provenance says about its source with what is expected; nothing for other statements."""
        return _unproved_mismatches(stated, self.expected)


@dataclass(frozen=True)
class IdentityTrust:
    """Believes a certificate whose identity is the expected one.

    Attributes:
        verify: Verifies a bundle against a root of trust.
        expected: Who must have signed.
        of_verdicts: Who else may have signed, and nothing but verdicts.
    """

    verify: Callable[[bundle.Bundle | bundle.FileSignature], Verified]
    expected: identity.Expected
    of_verdicts: identity.Expected | None = None

    def prove(self, signed: bundle.Bundle | bundle.FileSignature) -> Proved:
        """Verify a bundle and who signed it.

        Raises:
            Rejection: It does not hold, or somebody else signed it.
        """
        log_entry.require_proofs(signed.document)
        verified = self.verify(signed)
        found = verified.signer
        reasons = identity.mismatches(found, self.expected)
        if reasons and (self.of_verdicts is None or identity.mismatches(found, self.of_verdicts)):
            raise Rejection("; ".join(reasons))
        return Proved(verified.payload, found.subject, found, verified.logged, verdicts_only=bool(reasons))

    def source_mismatches(self, stated: Statement, proved: Proved) -> NotHolding:
        """Compare what a provenance says with what its certificate proves; nothing for other statements."""
        if proved.verdicts_only and stated.predicate_type not in _VERDICTS:
            return (f"{short(proved.signer)} may sign verdicts only",)
        if stated.predicate_type != provenance.PREDICATE_TYPE or proved.certified is None:
            return ()
        return said_source.contradictions(stated.predicate, proved.certified)


def _unproved_mismatches(stated: Statement, expected: identity.Expected | None) -> NotHolding:
    """Compare what a provenance says about its source with what is expected; nothing for other statements."""
    if expected is None or stated.predicate_type != provenance.PREDICATE_TYPE:
        return ()
    return said_source.mismatches(stated.predicate, expected)


Trust = KeyTrust | CertificateTrust | IdentityTrust
