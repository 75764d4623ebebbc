"""A zip archive, parsed once for every format that is one at heart."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from modelseal.models.content import Content
from modelseal.models.faults import LimitReached
from modelseal.models.zips.directory import Directory, directories
from modelseal.models.zips.records import DESCRIPTOR, END, LOCAL, Entry, local

_MEMO = "zip"
_STREAMED = 10_000
_DESCRIBED = 28  # what follows a member's bytes at most, and the next one's first four bytes


@dataclass(frozen=True)
class Archive:
    """A zip archive.

    Attributes:
        content: Its bytes.
        directories: Every directory that a reader could take for its own, the likeliest first.
        fault: Why a directory could not be read to its end; empty when it could.
    """

    content: Content
    directories: tuple[Directory, ...]
    fault: str = ""

    @functools.cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Its members, as its likeliest directory has them; without one, as their own headers have them."""
        return self.directories[0].entries if self.directories else tuple(self._streamed())

    @functools.cached_property
    def unpacked_size(self) -> int:
        """How many bytes its members have, as its directory says."""
        return sum(entry.size for entry in self.entries)

    @functools.cached_property
    def by_name(self) -> Mapping[str, Entry]:
        """Its members by their names; of several with one name the last, which is Python's choice."""
        return {entry.name: entry for entry in self.entries}

    def own_header(self, entry: Entry) -> Entry | None:
        """Return what a member's own header says; None where there is no such header."""
        if entry.header not in self._headers:
            self._headers[entry.header] = local(self.content, entry.header)
        return self._headers[entry.header]

    @functools.cached_property
    def _headers(self) -> dict[int, Entry | None]:
        return {}

    def _streamed(self) -> list[Entry]:
        """Read the members' own headers one after the other, as readers of streams do."""
        found: list[Entry] = []
        position = 0
        while (entry := local(self.content, position)) is not None and len(found) < _STREAMED:
            start = entry.record + entry.length
            if entry.described_later and not entry.packed:
                size = self._until_described(start)
                entry = replace(entry, packed=size, size=size)
            found.append(entry)
            following = self.content.find(LOCAL, start + entry.packed, start + entry.packed + _DESCRIBED)
            position = following if following >= 0 else len(self.content)
        return found

    def _until_described(self, start: int) -> int:
        """Return how many bytes there are until what describes them, or until the end."""
        end = self.content.find(DESCRIPTOR, start)
        return (end if end >= 0 else len(self.content)) - start


def of(content: Content) -> Archive | None:
    """Return the archive that bytes are; None where no reader would take them for one.

    It never raises, and costs little for what is no archive.
    """
    if _MEMO not in content.memo:
        content.memo[_MEMO] = _parsed(content)
    archive: Archive | None = content.memo[_MEMO]
    return archive


def _parsed(content: Content) -> Archive | None:
    try:
        found, fault = directories(content), ""
    except LimitReached as reached:
        found, fault = (), reached.what
    begins = content.read(0, 4) in {LOCAL, END}
    # An archive within other bytes, at their end, is one to many readers; one in the midst of them is a member of
    # another container, as a rule.
    if begins or fault or (found and found[0].tail[1] == len(content)):
        return Archive(content, found, fault)
    return None
