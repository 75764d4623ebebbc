"""Look into a tar archive: where its readers would disagree, where it would be unpacked, and what its members are."""

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import Malformed
from modelseal.models.tars import archive as archives
from modelseal.models.tars import rules
from modelseal.models.tars.archive import LONGEST_NAME, Archive, Entry
from modelseal.models.tars.headers import DEVICES, FOLDER, HARD_LINK, SYMBOLIC_LINK

Known = Callable[[str], str | None]
"""What a member with this name must be: the name of a format; "" to go by its bytes; None when it need not be seen."""

_NOT_ZERO = re.compile(rb"[^\0]")
_OUTSIDE = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:[/\\]")
_SHOWN = 64


def by_bytes(_: str) -> str:
    """Leave it to a member's bytes what it is."""
    return ""


def inspect(content: Content, budget: Budget, known: Known = by_bytes) -> Iterator[Event]:
    """Look into an archive and hand over all of its members. A format that is a tar at heart begins with this.

    Raises:
        Malformed: It is no archive, or cut off.
        LimitReached: It is too large.
    """
    archive = archives.of(content)
    if archive is None:
        raise Malformed("it is no tar archive")
    yield from _duplicates(archive)
    yield from _through_links(archive, budget)
    for entry in archive.entries:
        budget.steps(1)
        yield from _about(entry)
        kind = known(entry.name)
        if kind is not None and entry.size:
            yield Member(entry.name, content.part(entry.data, entry.size), kind)
    if archive.fault:
        raise Malformed(archive.fault, archive.end)
    yield from _after(archive)


def _duplicates(archive: Archive) -> Iterator[Event]:
    files = (posixpath.normpath(entry.name) for entry in archive.entries if entry.kind != FOLDER)
    for name, count in Counter(files).items():
        if count > 1:
            yield Found(rules.DUPLICATE, f"{count} members are called {name!r}", subject=name)


def _through_links(archive: Archive, budget: Budget) -> Iterator[Event]:
    """Tell which members are unpacked through a link: where that ends depends on other links."""
    links = {posixpath.normpath(entry.name) for entry in archive.entries if entry.kind == SYMBOLIC_LINK}
    for entry in archive.entries if links else ():
        folder = posixpath.dirname(posixpath.normpath(entry.name[:LONGEST_NAME]))
        budget.steps(folder.count("/"))
        while folder.strip("/") and folder not in links:
            folder = posixpath.dirname(folder)
        if folder in links:
            yield Found(rules.LINK, f"{entry.name!r} is unpacked through the link {folder!r}", entry.offset)


def _about(entry: Entry) -> Iterator[Event]:
    if entry.doubts:
        yield Found(rules.HEADER, f"of {entry.name!r}: {', '.join(entry.doubts)}", entry.offset, subject=entry.name)
    if _OUTSIDE.search(entry.name):
        yield Found(rules.PATH, f"a member is called {entry.name!r}", entry.offset, subject=entry.name)
    if entry.kind in DEVICES:
        yield Found(rules.DEVICE, f"{entry.name!r} is one", entry.offset, subject=entry.name)
    if entry.kind in {HARD_LINK, SYMBOLIC_LINK} and _leaves(entry):
        yield Found(rules.LINK, f"{entry.name!r} is a link to {entry.link!r}", entry.offset, subject=entry.name)
    if entry.sparse:
        yield Found(rules.SPARSE, f"{entry.name!r} has holes", entry.offset, subject=entry.name)


def _leaves(entry: Entry) -> bool:
    """Tell whether a link points out of the folder: a symbolic one from where it lies, a hard one from the top."""
    base = posixpath.dirname(entry.name) if entry.kind == SYMBOLIC_LINK else ""
    target = posixpath.normpath(posixpath.join(base, entry.link))
    return target.startswith(("/", "../")) or target == ".." or "\\" in entry.link


def _after(archive: Archive) -> Iterator[Event]:
    """Tell what follows the first block that is no header: only zeros should."""
    match = next(archive.content.matches(_NOT_ZERO, archive.end), None)
    if match is not None:
        start = match[0]
        what = f"{len(archive.content) - start} bytes follow the end of the archive"
        yield Found(rules.TRAILING, what, start, repr(archive.content.read(start, _SHOWN)))
        yield Member("(after the end)", archive.content.part(start))
