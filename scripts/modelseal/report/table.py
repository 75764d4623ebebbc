"""Every finding as plain text in columns, for logs and for `grep`."""

import unicodedata
from collections.abc import Sequence

from modelseal.gate.finding import Kind
from modelseal.gate.result import Decision, Judged, Result
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
}


def render(result: Result) -> str:
    """Lay out every finding, by kind, what fails first, then the worst. Each is on a line of its own."""
    evidence, judgement = result.evidence, result.judgement
    systems = frozenset(item.system for item in evidence.scanned)
    platforms = len(evidence.scanned) > 1
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


def _cell(item: Judged, column: str, systems: frozenset[str]) -> str:
    finding = item.finding
    match column:
        case "SEVERITY":
            return finding.severity
        case "DECISION":
            return wording.DECISIONS[item.decision]
        case "ID":
            text = finding.id
        case "PACKAGE":
            text = finding.package
        case "INSTALLED":
            text = finding.version
        case "FIXED IN":
            text = finding.fixed_version
        case "REASON":
            text = item.reason
        case "WHAT":
            text = finding.title
        case "PLATFORM":
            text = finding.platform
        case _:
            text = "" if finding.path in systems else finding.place
    return markdown.visible(short(text, _LENGTH)) or "-"


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
