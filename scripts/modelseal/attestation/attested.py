"""A statement that has been verified: what evidence consists of."""

from dataclasses import dataclass, field

from modelseal.attestation.statement import Statement
from modelseal.attestation.trust import Proved


@dataclass(frozen=True)
class Attestation:
    """A statement whose signature holds and whose signer is the expected one.

    Attributes:
        file: Where it was found.
        statement: What it says.
        proved: The signed bytes, and who signed them.
        sha256: Of the bundle.
        bundle: As it was found.
    """

    file: str
    statement: Statement
    proved: Proved = field(repr=False)
    sha256: str = ""
    bundle: bytes = field(default=b"", repr=False)
