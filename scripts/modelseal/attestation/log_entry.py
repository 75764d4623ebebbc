"""What a bundle's entry in a transparency log says: where it is, and since when.

Only of a bundle that has been verified: the log's promise, which the verifier checked, covers both.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from modelseal.attestation import dsse, jsontext
from modelseal.attestation.rejection import Rejection, short


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

# One line for each who signed a checkpoint: https://c2sp.org/signed-note.
_SIGNATURE = re.compile(r"\u2014 (\S+) (\S+)\n")


def require_proofs(document: bytes) -> None:
    """Refuse a bundle with a log entry of which nothing proves that it is in the log; older formats allowed that.

    A proof may be written in one way only: verifiers pass over the spare bits of base64, over the name beside a
    checkpoint's signature and over lines that are none, so that these could be changed with nobody noticing.

    Raises:
        Rejection: It has one, or one whose proof is written in another way.
    """
    entries = jsontext.dig(jsontext.parse(document), "verificationMaterial", "tlogEntries")
    for entry in entries if isinstance(entries, list) else ():
        proof = jsontext.dig(entry, "inclusionProof")
        if not proof:
            raise Rejection("its log entry has no inclusion proof, so nothing shows that the log has it")
        hashes = jsontext.dig(proof, "hashes")
        for value in (jsontext.dig(proof, "rootHash"), *(hashes if isinstance(hashes, list) else ())):
            if value is not None:  # what must be there the verifier knows
                dsse.decode_base64(value, "a hash in the log's proof")
        checkpoint = jsontext.dig(proof, "checkpoint", "envelope")
        if isinstance(checkpoint, str):
            _require_signed_by_its_log(checkpoint)


def _require_signed_by_its_log(checkpoint: str) -> None:
    """Refuse a checkpoint with anything but signatures below it, or without one that has the name of its log."""
    note, _, below = checkpoint.partition("\n\n")
    signatures = _SIGNATURE.findall(below)
    if "".join(f"\u2014 {name} {signature}\n" for name, signature in signatures) != below:
        raise Rejection("the log's checkpoint has lines below it that are no signatures")
    for _, signature in signatures:
        dsse.decode_base64(signature, "a signature of the log's checkpoint")
    log = note.partition("\n")[0].partition(" - ")[0]  # Rekor's first version adds the number of its tree
    if log not in [name for name, _ in signatures]:
        raise Rejection(f"the log's checkpoint has no signature by {short(log)}, which it is of")


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
