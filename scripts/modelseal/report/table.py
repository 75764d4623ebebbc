"""Every finding as plain text in columns, for logs and for `grep`."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from modelseal.gate.finding import Kind
from modelseal.gate.result import Decision, Evidence, Judged, ModelEvidence, Result, ScannedFile
from modelseal.report import markdown, wording
from modelseal.report.wording import count, short

_LENGTH = 200  # of one text
_COLUMN_WIDTH = 32  # a longer text pushes its own row only
_INVISIBLE = ("Mn", "Me")
_EVERY = "SEVERITY", "DECISION", "ID"
_COLUMNS = {
    Kind.VULNERABILITY: (*_EVERY, "PACKAGE", "INSTALLED", "FIXED IN", "REASON", "WHERE"),
    Kind.SECRET: (*_EVERY, "WHERE", "WHAT", "REASON"),
    Kind.MISCONFIGURATION: (*_EVERY, "WHERE", "WHAT", "REASON"),
    Kind.LICENSE: (*_EVERY, "PACKAGE", "INSTALLED", "REASON", "WHERE"),
    Kind.MODEL: (*_EVERY, "WHERE", "FOUND", "REASON"),
}


def render(result: Result) -> str:
    """Lay out every finding, by kind, what fails first, then the worst. Each is on a line of its own."""
    evidence, judgement = result.evidence, result.judgement
    scanned = evidence.scanned if isinstance(evidence, Evidence) else ()
    systems = frozenset(item.system for item in scanned)
    platforms = len(scanned) > 1
    name = markdown.visible(short(evidence.name))
    parts = [f"gate {judgement.verdict}: {name}: {wording.conclusion(result)}\n"]
    for kind in Kind:
        items = [item for item in judgement.findings if item.finding.kind is kind]
        if items:
            items.sort(key=lambda item: item.decision is not Decision.FAILS)
            failing = sum(item.decision is Decision.FAILS for item in items)
            title = count(len(items), *wording.KINDS[kind])
            parts += [f"\n{title}, {failing:,} of which {'fails' if failing == 1 else 'fail'}\n"]
            columns = (*_COLUMNS[kind], "PLATFORM") if platforms else _COLUMNS[kind]
            parts.append(_aligned([columns, *([_cell(item, column, systems) for column in columns] for item in items)]))
    if isinstance(evidence, ModelEvidence):
        parts.append(f"\n{count(len(evidence.files), 'file')} looked into\n")
        parts.append(_aligned([("SIZE", "FORMATS", "FILE"), *map(_file, evidence.files)]))
    return "".join(parts)


def width(text: str) -> int:
    """Return how many columns of a terminal a printable text takes: two for CJK and emoji, none for what combines."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(character) in _INVISIBLE
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


_TEXTS: Mapping[str, Callable[[Judged], str]] = {
    "SEVERITY": lambda item: item.finding.severity,
    "DECISION": lambda item: wording.DECISIONS[item.decision],
    "ID": lambda item: item.finding.id,
    "PACKAGE": lambda item: item.finding.package,
    "INSTALLED": lambda item: item.finding.version,
    "FIXED IN": lambda item: item.finding.fixed_version,
    "REASON": lambda item: item.reason,
    "WHAT": lambda item: item.finding.title,
    "FOUND": lambda item: item.finding.description,
    "WHERE": lambda item: item.finding.place,
    "PLATFORM": lambda item: item.finding.platform,
}


def _cell(item: Judged, column: str, systems: frozenset[str]) -> str:
    text = "" if column == "WHERE" and item.finding.path in systems else _TEXTS[column](item)
    return markdown.visible(short(text, _LENGTH)) or "-"


def _file(item: ScannedFile) -> tuple[str, str, str]:
    return (
        wording.size(item.size),
        markdown.visible(short(", ".join(item.formats))) or "-",
        markdown.visible(short(item.name, _LENGTH)),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [[width(cell) for cell in row] for row in rows]
    # One overlong text would make every row as long as itself.
    columns = [
        max((wide for wide in column if wide <= _COLUMN_WIDTH), default=0) for column in zip(*widths, strict=True)
    ]
    return "".join(
        "  ".join(
            cell + " " * (column - wide) for cell, wide, column in zip(row, wides, columns, strict=True)
        ).rstrip() + "\n"
        for row, wides in zip(rows, widths, strict=True)
    )  # fmt: skip
