"""Look into a zip archive: where its readers would disagree, and what its members are."""

from collections.abc import Callable, Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Unread
from modelseal.models.faults import Malformed
from modelseal.models.zips import archive as archives
from modelseal.models.zips import rules
from modelseal.models.zips.archive import Archive
from modelseal.models.zips.contradictions import contradictions, variants
from modelseal.models.zips.records import Entry
from modelseal.models.zips.unpacking import Unpacked, intact, unpacked

Known = Callable[[str], str | None]
"""What a member with this name must be: the name of a format; "" to go by its bytes; None when it need not be seen."""

_LINK_LENGTH = 4096


def by_bytes(_: str) -> str:
    """Leave it to a member's bytes what it is."""
    return ""


def inspect(content: Content, budget: Budget, known: Known = by_bytes) -> Iterator[Event]:
    """Look into an archive and hand over all of its members. A format that is a zip at heart begins with this.

    Raises:
        Malformed: It has no directory.
        LimitReached: It is too large.
    """
    archive = archives.of(content)
    if archive is None:
        raise Malformed("it is no zip archive")
    yield from contradictions(archive)
    for entry in every(archive):
        budget.steps(1)
        kind = known(entry.name)
        if kind is not None and not (entry.folder and not entry.packed):
            yield from member(archive, entry, budget, kind)
    if archive.fault:
        raise Malformed(archive.fault)
    if not archive.directories:
        raise Malformed("it has no directory at its end: it is cut off")


def every(archive: Archive) -> Iterator[Entry]:
    """Return the members that one reader or another would find, each once."""
    seen = set()
    for entry in (*archive.entries, *(entry for item in archive.directories[1:] for entry in item.entries)):
        if (entry.raw_name, entry.header, entry.packed, entry.method) not in seen:
            seen.add((entry.raw_name, entry.header, entry.packed, entry.method))
            yield entry


def member(archive: Archive, entry: Entry, budget: Budget, known: str = "") -> Iterator[Event]:
    """Unpack a member and hand it over, in each way in which it can be unpacked.

    Raises:
        LimitReached: It is too large.
    """
    for index, variant in enumerate((entry, *variants(archive, entry))):
        name = f"{entry.name} (as its own header says)" if index else entry.name
        try:
            found = unpacked(archive, variant, budget)
        except Malformed as fault:
            yield Unread(fault.what, fault.offset)
            continue
        if archive.directories:
            yield from about(archive, entry.name, variant, found)
        if found.fault is not None:
            yield Unread(f"it has a member, {entry.name!r}, with an unread part: {found.fault.what}", entry.header)
        yield Member(name, found.content, known)


def about(archive: Archive, name: str, entry: Entry, found: Unpacked) -> Iterator[Event]:
    """Tell where what a member holds is not what the archive says of it."""
    if found.fault is None and found.unused:
        yield Found(rules.UNACCOUNTED, f"{found.unused} bytes of {name!r} are no part of what it unpacks to")
    if found.fault is None and len(found.content) != entry.size:
        yield Found(rules.SIZES, f"{name!r} has {len(found.content)} bytes and is said to have {entry.size}")
    elif found.fault is None and not intact(archive, found.content, entry):
        yield Found(rules.CHECKSUM, f"the checksum of {name!r} does not hold", entry.header)
    if entry.link:
        target = found.content.read(0, _LINK_LENGTH).decode("utf-8", "backslashreplace")
        if target.startswith("/") or ".." in target.split("/"):
            yield Found(rules.LINK, f"{name!r} is a link to {target!r}", entry.header, subject=name)
