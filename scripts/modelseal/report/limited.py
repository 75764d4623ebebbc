"""Markdown that stays within a size, however much there is to tell: it says how much more there is, and where."""

from collections.abc import Iterable, Sequence
from itertools import islice

from modelseal.gate.finding import Severity
from modelseal.report import markdown

ELSEWHERE = "are in the HTML report, the table and the verdict, in the output folder."
MARKS = {
    Severity.CRITICAL: "🟥 CRITICAL",
    Severity.HIGH: "🟧 HIGH",
    Severity.MEDIUM: "🟨 MEDIUM",
    Severity.LOW: "🟦 LOW",
    Severity.UNKNOWN: "⬜ UNKNOWN",
}
_BETWEEN_CELLS = 3
Limits = tuple[int, int]  # rows, bytes


def table(header: Sequence[str], cells: Iterable[Sequence[str]], total: int, limits: Limits) -> str:
    """Lay out as many rows as the limits allow, and at least the first.

    Args:
        header: The columns' titles, as Markdown.
        cells: The rows, as Markdown; no more of them are made than are needed.
        total: How many rows there are.
        limits: How many rows and bytes at most.
    """
    kept = rows(cells, limits)
    return markdown.table(header, kept) + remark(total - len(kept))


def rows(cells: Iterable[Sequence[str]], limits: Limits) -> list[Sequence[str]]:
    """Take as many rows as the limits allow, and at least the first."""
    kept: list[Sequence[str]] = []
    size = 0
    for row in islice(cells, limits[0]):
        size += sum(len(cell.encode()) + _BETWEEN_CELLS for cell in row)
        if kept and size > limits[1]:
            break
        kept.append(row)
    return kept


def remark(more: int) -> str:
    """Say how many more there are, if any."""
    return f"\n_{more:,} more {ELSEWHERE}_\n" if more > 0 else ""


def folded(title: str, content: str) -> str:
    """Put Markdown behind a title that opens it; both must have been escaped."""
    return f"<details><summary>{title}</summary>\n\n{content}\n</details>\n"
