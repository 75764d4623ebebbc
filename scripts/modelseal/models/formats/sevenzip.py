"""7z archives, in which attacks were hidden from scanners.

https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face
"""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Unread
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.rule import Rule
from modelseal.models.sevenzip import archive as archives
from modelseal.models.sevenzip.archive import Archive, Locked

_REMEDY = "Do not use the file. Write it anew with the framework that made it: no loader of models reads 7z."

LOCKED = Rule(
    id="7z-encrypted",
    title="An encrypted 7z archive",
    severity=Severity.HIGH,
    happens="Nobody but who has the password can tell what is in it. No framework encrypts its models so.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-506",),
)
HEADER = Rule(
    id="7z-header",
    title="A 7z archive whose headers have wrong checksums",
    severity=Severity.HIGH,
    happens="Programs that check refuse it, scanners among them; others unpack it all the same.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-354",),
)
PATH = Rule(
    id="7z-path",
    title="A file that unpacks outside of the archive's folder",
    severity=Severity.HIGH,
    happens="Unpacking the archive writes over files elsewhere: start-up files, keys, other models.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000",),
    cwe=("CWE-22",),
)
TRAILING = Rule(
    id="7z-trailing",
    title="Bytes after the end of a 7z archive",
    severity=Severity.HIGH,
    happens="7z ignores them; a loader that searches the file for something else finds it.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-506",),
)

_OUTSIDE = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:[/\\]")
_NOT_ZERO = re.compile(rb"[^\0]")
_SHOWN = 64


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    try:
        archive = archives.opened(content, budget)
    except Locked as fault:
        yield Found(LOCKED, "the names of its files are encrypted, and so are they")
        raise Malformed(fault.what) from fault
    if not archive.checked:
        yield Found(HEADER, "the checksum of a header does not hold")
    for file in archive.files:
        if _OUTSIDE.search(file.name):
            yield Found(PATH, f"a file is called {file.name!r}", subject=file.name)
    yield from _members(archive, budget)
    if next(content.matches(_NOT_ZERO, archive.end), None) is not None:
        what = f"{len(content) - archive.end} bytes follow the end of the archive"
        yield Found(TRAILING, what, archive.end, repr(content.read(archive.end, _SHOWN)))
        yield Member("(after the end)", content.part(archive.end))


def _members(archive: Archive, budget: Budget) -> Iterator[Event]:
    """Hand over each file; what a folder holds beyond its files, too."""
    names = iter([file.name for file in archive.files if not file.empty])
    for folder, packed in archive.packed():
        try:
            content, fault = archives.unpacked(folder, packed, budget)
        except Malformed as refused:
            if isinstance(refused, Locked):
                yield Found(LOCKED, "its files are encrypted")
            yield Unread(refused.what)
            for _ in folder.files:
                next(names, None)
            continue
        position = 0
        for size in folder.files:
            yield Member(next(names, "(without a name)"), content.part(position, size))
            position += size
        if position < len(content):
            yield Member("(in no file)", content.part(position))
        if fault is not None:
            yield Unread(fault.what)


FORMAT = Format(
    name="7z",
    title="a 7z archive",
    recognises=lambda content: content.read(0, len(archives.SIGNATURE)) == archives.SIGNATURE,
    inspect=_inspect,
    rules=(LOCKED, HEADER, PATH, TRAILING),
    extensions=(".7z",),
)
