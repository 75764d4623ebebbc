"""A report as a line of JSON, to hand it from one process to another. Nothing in it is taken for more than text."""

import json
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.models import rules
from modelseal.models.event import Fetches, Found, Requires, Traced
from modelseal.models.walking import Placed, Report


def encode(report: Report) -> str:
    """Write a report down as one line of ASCII."""
    return json.dumps(
        [
            report.size,
            report.formats,
            [[_found(item.found), item.members, item.format] for item in report.findings],
            [[_requires(item), members] for item, members in report.requires],
            [[[item.offset, item.what, item.judged], members] for item, members in report.traced],
        ]
    )


def decode(line: str) -> Report:
    """Read a report.

    Raises:
        ValueError: It is not one; `LookupError` and `TypeError` as well.
    """
    size, formats, findings, requires, traced = json.loads(line)
    return Report(
        size=int(size),
        formats=tuple(formats),
        findings=tuple(Placed(_read_found(found), tuple(members), kind) for found, members, kind in findings),
        requires=tuple((_read_requires(item), tuple(members)) for item, members in requires),
        traced=tuple((Traced(*item), tuple(members)) for item, members in traced),
    )


def _found(found: Found) -> list[Any]:
    return [found.rule.id, found.what, found.offset, found.evidence, found.subject, found.severity]


def _read_found(value: list[Any]) -> Found:
    rule, what, offset, evidence, subject, severity = value
    return Found(rules.known()[rule], what, offset, evidence, subject, Severity(severity) if severity else None)


def _requires(item: Requires) -> list[Any]:
    return [item.kind, item.reference, item.revision, item.pinned, item.offset, item.size]


def _read_requires(value: list[Any]) -> Requires:
    kind, reference, revision, pinned, offset, size = value
    return Requires(Fetches(kind), reference, revision, bool(pinned), offset, int(size))
