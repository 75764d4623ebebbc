"""Read a line of the log: whether it is an entry, and whether its own hash fits."""

import hashlib
from dataclasses import dataclass

from modelseal.attestation.rejection import Rejection
from modelseal.audit import grammar
from modelseal.audit.entry import Place


@dataclass(frozen=True)
class Link:
    """What ties an entry to those around it.

    Attributes:
        place: Its number, and the hash of the entry before it.
        hash: Its own hash, as it is written there.
        holds: Whether that is the hash of its content.
        time: When it was written, ISO 8601 in UTC; such texts sort as the times do.
    """

    place: Place
    hash: str
    holds: bool
    time: str


def read(line: bytes) -> Link:
    """Read a line, without its line break.

    Raises:
        Rejection: It is no entry of the log in its one form.
    """
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise Rejection("it is not UTF-8 text") from error
    found = grammar.ENTRY.fullmatch(text)
    if found is None:
        raise Rejection("it is not an entry in the form in which entries are written")
    kind = 1 if found["hash1"] else 2
    own = found[f"hash{kind}"]
    # Only ASCII comes before the hash, so that characters are bytes here; with it goes `"hash":"` and `",`.
    start, end = found.span(f"hash{kind}")
    hashed = hashlib.sha256(line[: start - len('"hash":"')] + line[end + len('",') :]).hexdigest()
    place = Place(int(found[f"sequence{kind}"]), found[f"previous{kind}"])
    return Link(place, own, hashed == own, found[f"time{kind}"])
