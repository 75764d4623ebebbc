"""From what was found in a model's files to what a gate judges, and to what its verdict rests on."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from modelseal import __version__
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.model_bars import ModelBars
from modelseal.gate.model_policy import DENIED, UNREAD
from modelseal.gate.result import Required, ScannedFile, Scanner
from modelseal.models import reading_rules
from modelseal.models.event import Found
from modelseal.models.inspection import FileReport
from modelseal.models.reading_rules import AMBIGUOUS, FORMAT_DENIED
from modelseal.models.rule import Rule

_WHAT, _EVIDENCE = 1000, 500  # characters
_UNREAD = frozenset({reading_rules.UNREAD.id, reading_rules.LIMIT.id, reading_rules.UNRECOGNISED.id})
_PAGE = "https://github.com/modelseal/modelseal/blob/main/docs/rules.md"


def of_reports(reports: Iterable[FileReport], bars: ModelBars, root: str = "") -> Iterator[Finding]:
    """Return what was found in files, and which of them are of a format that the policy does not allow.

    Args:
        reports: What is known of the files.
        bars: The policy's terms.
        root: The folder that the files' names are relative to, as the repository has it; empty for its own.
    """
    for file in reports:
        own = (_finding(file.name, placed.members, placed.format, placed.found) for placed in file.report.findings)
        for finding in (*own, *_denied(file, bars, root)):
            yield replace(finding, root=root)


def _denied(file: FileReport, bars: ModelBars, root: str) -> Iterator[Finding]:
    formats = file.report.formats
    if not formats and not file.report.findings:
        return  # it is empty, or the data of another file, which has said so
    ambiguous = any(item.found.rule.id == AMBIGUOUS.id and not item.members for item in file.report.findings)
    own = formats if ambiguous else formats[:1]
    terms = bars.of((file.name, f"{root}/{file.name}") if root else (file.name,))
    if refused := terms.refused_format(own, formats[len(own) :]):
        what = " and ".join(own) or "of no known format"
        yield _finding(file.name, (), formats[0] if formats else "", Found(FORMAT_DENIED, f"it is {what}: {refused}"))


def scanned(reports: Iterable[FileReport]) -> tuple[ScannedFile, ...]:
    """Return what files are."""
    return tuple(ScannedFile(file.name, file.report.size, file.report.formats, file.sha256) for file in reports)


def required(reports: Iterable[FileReport]) -> tuple[Required, ...]:
    """Return what loading the files would run or fetch, each once, in the order of kinds and names."""
    found = {
        Required(item.kind.value, item.reference, item.revision, item.pinned, _path(file.name, members)): None
        for file in reports
        for item, members in file.report.requires
    }
    return tuple(sorted(found, key=lambda item: (item.kind, item.reference, item.revision, item.path)))


def traced(reports: Iterable[FileReport]) -> Iterator[str]:
    """Return the steps of programs in files, one a line, in their order; they repeat what an attacker wrote."""
    for file in reports:
        for step, members in file.report.traced:
            yield f"{_path(file.name, members)} at byte {step.offset}: {step.what} ({step.judged})"


def scanner() -> Scanner:
    """Return what looked: this version, by the SHA-256 of all that is in this room: readers, rules and tables."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return Scanner("modelseal", __version__, digest.hexdigest())


def page(rule: Rule) -> str:
    """Return the address at which a rule is explained."""
    return f"{_PAGE}#{rule.id}"


def _finding(file: str, members: tuple[str, ...], kind: str, found: Found) -> Finding:
    rule = found.rule
    return Finding(
        kind=Kind.MODEL,
        id=rule.id,
        severity=found.severity or rule.severity,
        package=file,
        path=_path(file, members),
        type=kind,
        status=_status(found),
        title=rule.title,
        description=found.what[:_WHAT],
        happens=rule.happens,
        mend=rule.remedy,
        url=page(rule),
        weaknesses=rule.cwe,
        techniques=rule.atlas,
        offset=found.offset,
        evidence=found.evidence[:_EVIDENCE],
        subject=found.subject,
    )


def _status(found: Found) -> str:
    if found.rule.id == FORMAT_DENIED.id:
        return DENIED
    severity = found.severity or found.rule.severity
    return UNREAD if found.rule.id in _UNREAD and severity is Severity.UNKNOWN else ""


def _path(file: str, members: tuple[str, ...]) -> str:
    return "!".join((file, *members))
