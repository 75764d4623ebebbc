"""Programs that `torch.export.save` writes: https://docs.pytorch.org/docs/stable/export/pt2_archive.html."""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Unread
from modelseal.models.format import Format
from modelseal.models.rule import Rule
from modelseal.models.torch_zips import graphs, records, weights
from modelseal.models.zips import archive as archives
from modelseal.models.zips import inspection

NATIVE = Rule(
    id="pt2-native-code",
    title="An exported program with compiled code",
    severity=Severity.HIGH,
    happens="Loading it loads a shared library, which can do whatever the one who loads it may do.",
    remedy="Export the program anew from its source, with `torch.export.save`, and compile it where it runs.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-829", "CWE-114"),
)

_GRAPH = re.compile(r"models/[^/]+\.json|serialized_exported_program\.json")
_LIBRARY = re.compile(r".*\.(?:so|dll|dylib|o|cubin|hsaco|pyd)", re.IGNORECASE | re.DOTALL)


def _recognises(content: Content) -> bool:
    archive = archives.of(content)
    found = records.of(archive)
    if found is not None and "archive_format" in found.by_name:
        return found.plain(f"{found.folder}archive_format")
    return archive is not None and "serialized_exported_program.json" in archive.by_name


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    found = records.of(archives.of(content))
    if found is None or "archive_format" not in found.by_name:  # as before PyTorch 2.7
        yield from _walked(inspection.inspect(content, budget), "", budget)
        return
    yield from records.about_case(found, ("archive_format",))
    raw = weights.stated(found, budget)

    def known(name: str) -> str | None:
        return None if name in raw or found.plain(name) else ""

    yield from weights.compared(found, raw)
    yield from _walked(inspection.inspect(content, budget, known), found.folder, budget)


def _walked(events: Iterator[Event], folder: str, budget: Budget) -> Iterator[Event]:
    for event in events:
        short = event.name.removeprefix(folder) if isinstance(event, Member) else ""
        if _LIBRARY.fullmatch(short):
            yield Found(NATIVE, f"it has {short!r}", subject=short)
        if isinstance(event, Member) and _GRAPH.fullmatch(short):
            yield from _graph(event, budget)
        else:
            yield event


def _graph(record: Member, budget: Budget) -> Iterator[Event]:
    try:
        yield from graphs.judged(record.content, budget)
    except (ValueError, RecursionError):
        yield Unread(f"it has a graph, {record.name!r}, that is no JSON")


FORMAT = Format(
    name="pt2",
    title="an exported program of PyTorch",
    recognises=_recognises,
    inspect=_inspect,
    rules=(NATIVE, weights.SIZE, *graphs.RULES),
    extensions=(".pt2",),
    refines=("zip", "pytorch-zip"),
)
