"""What a bundle's entry in a transparency log says: where it is, and since when.

Only of a bundle that has been verified: the log's promise, which the verifier checked, covers both.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection


@dataclass(frozen=True)
class LogEntry:
    """Where a signature is logged.

    Attributes:
        index: The entry's number in its log; empty where there is none.
        time: When the log took it; None where the log does not vouch for a time.
    """

    index: str = ""
    time: datetime | None = None


NONE = LogEntry()


def require_proofs(document: bytes) -> None:
    """Refuse a bundle with a log entry of which nothing proves that it is in the log; older formats allowed that.

    Raises:
        Rejection: It has one.
    """
    entries = jsontext.dig(jsontext.parse(document), "verificationMaterial", "tlogEntries")
    for entry in entries if isinstance(entries, list) else ():
        if not jsontext.dig(entry, "inclusionProof"):
            raise Rejection("its log entry has no inclusion proof, so nothing shows that the log has it")


def of_bundle(document: bytes) -> LogEntry:
    """Return the first log entry of a verified bundle."""
    entries = jsontext.dig(jsontext.parse(document), "verificationMaterial", "tlogEntries")
    entry = entries[0] if isinstance(entries, list) and entries else {}
    index, seconds = str(jsontext.dig(entry, "logIndex") or ""), str(jsontext.dig(entry, "integratedTime") or "")
    promised = jsontext.dig(entry, "inclusionPromise", "signedEntryTimestamp")
    if not promised or not seconds.isascii() or not seconds.isdecimal():
        return LogEntry(index)
    try:
        return LogEntry(index, datetime.fromtimestamp(int(seconds), UTC))
    except (OverflowError, ValueError, OSError):
        return LogEntry(index)
