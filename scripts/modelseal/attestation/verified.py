"""What the verification of a keyless bundle yields."""

from dataclasses import dataclass, field

from modelseal.attestation import identity, log_entry


@dataclass(frozen=True, slots=True)
class Verified:
    """A payload whose signature, certificate and time of signing hold, and who signed it.

    Attributes:
        payload: The bytes that were signed; of a file that was signed directly its SHA-256, in hexadecimal.
        signer: Who signed, as the certificate says.
        logged: Where the transparency log has it, and when it or a timestamp authority saw it.
    """

    payload: bytes = field(repr=False)
    signer: identity.Identity
    logged: log_entry.LogEntry = log_entry.NONE
