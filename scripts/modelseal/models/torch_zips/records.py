"""The records of an archive, as PyTorch's reader finds them: in the folder of the first one, in whatever case."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from modelseal.gate.finding import Severity
from modelseal.models.event import Event, Found
from modelseal.models.faults import Malformed
from modelseal.models.rule import Rule
from modelseal.models.zips.archive import Archive
from modelseal.models.zips.records import STORED, Entry

CASE = Rule(
    id="pytorch-zip-case",
    title="A record that is only found when case is ignored",
    severity=Severity.HIGH,
    happens="PyTorch looks records up without regard to case, other programs do not: it loads what they never see.",
    remedy="Do not use the file. Write it anew: `torch.save(torch.load(OLD, weights_only=True), NEW)`.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-178", "CWE-436"),
    references=("https://github.com/richgel999/miniz/blob/3.0.2/miniz_zip.c",),
)

_PLAIN = {
    "version": re.compile(rb"\d{1,9}\n?"),
    ".data/version": re.compile(rb"\d{1,9}\n?"),
    ".data/serialization_id": re.compile(rb"\d{1,80}"),
    ".data/python_version": re.compile(rb"[\w.+]{1,40}\n?"),
    ".format_version": re.compile(rb"\d{1,9}\n?"),
    ".storage_alignment": re.compile(rb"\d{1,9}\n?"),
    "byteorder": re.compile(rb"little|big"),
    "archive_format": re.compile(rb"pt2"),
    "archive_version": re.compile(rb"\d{1,9}\n?"),
}
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Records:
    """An archive's records.

    Attributes:
        archive: The archive.
        folder: The folder that they are in, with its slash.
        by_name: Records by their names within the folder, in lower case.
    """

    archive: Archive
    folder: str
    by_name: Mapping[str, Entry]

    def name(self, entry: Entry) -> str:
        """Return a record's name within the folder; that of the whole member where it is in another one."""
        return entry.name.removeprefix(self.folder)

    def plain(self, name: str) -> bool:
        """Tell whether a record is one of those few with a number or a word, and holds nothing else."""
        short = name.removeprefix(self.folder)
        pattern, entry = _PLAIN.get(short), self.archive.by_name.get(name)
        return pattern is not None and entry is not None and pattern.fullmatch(self._small(entry)) is not None

    def _small(self, entry: Entry) -> bytes:
        header = self.archive.own_header(entry)
        if header is None or entry.method != STORED or entry.size > _LONGEST:
            return b""
        try:
            return self.archive.content.exactly(header.record + header.length, entry.size)
        except Malformed:
            return b""


def of(archive: Archive | None) -> Records | None:
    """Return an archive's records; None where PyTorch would not take it for one of its own."""
    if archive is None or not archive.entries:
        return None
    folder, slash, _ = archive.entries[0].name.partition("/")
    if not slash:
        return None
    inside = [entry for entry in archive.entries if entry.name.lower().startswith(f"{folder}/".lower())]
    return Records(archive, f"{folder}/", {entry.name[len(folder) + 1 :].lower(): entry for entry in inside})


def about_case(records: Records, sought: tuple[str, ...]) -> Iterator[Event]:
    """Tell which records are found only when case is ignored, and which names differ in nothing else.

    Args:
        records: The archive's.
        sought: Names that the loader looks up.
    """
    for name in sought:
        entry = records.by_name.get(name.lower())
        if entry is not None and entry.name != f"{records.folder}{name}":
            yield Found(CASE, f"{entry.name!r} is loaded as {name!r}", entry.record, subject=entry.name)
    names = {entry.name for entry in records.archive.entries}
    for alike, count in Counter(name.lower() for name in names).items():
        if count > 1:
            yield Found(CASE, f"{count} names differ from {alike!r} only in their case", subject=alike)
