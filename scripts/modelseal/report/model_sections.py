"""The parts of a job summary that only a model has: its files, what fails in them, and what loading it takes along."""

from collections import Counter
from collections.abc import Iterable, Sequence

from modelseal.gate.finding import Finding, Severity
from modelseal.gate.result import Judged, Judgement, ModelEvidence, Required, ScannedFile
from modelseal.report import limited, markdown, wording
from modelseal.report.limited import MARKS
from modelseal.report.wording import short

HEADER = ["Severity", "Decision", "Rule", "Where", "What"]
_KIB = 1024
_FILES, _FAILING, _REMEDIES, _CLOSURE = (40, 10 * _KIB), (60, 40 * _KIB), (25, 16 * _KIB), (40, 12 * _KIB)
_PATH = 72  # characters of a place: a line of a terminal holds it with what was found
_WHAT = 160
_REMEDY = 600


def files(evidence: ModelEvidence, judgement: Judgement) -> Iterable[str]:
    """Return the files with what was found in each, the worst first."""
    found: dict[str, Counter[Severity]] = {}
    for item in judgement.findings:
        found.setdefault(item.finding.package, Counter())[item.finding.severity] += 1

    def worst(item: ScannedFile) -> tuple[int, str]:
        return (min((severity.rank for severity in found.get(item.name, ())), default=len(Severity)), item.name)

    rows = (_file(item, found.get(item.name, Counter())) for item in sorted(evidence.files, key=worst))
    yield limited.table(["File", "Size", "Format", "Findings"], rows, len(evidence.files), _FILES)


def what_to_do(failing: Sequence[Finding]) -> Iterable[str]:
    """Return what fails, each in its place, and then what to do, rule by rule."""
    rows = (
        [MARKS[item.severity], _place(item), markdown.escape(short(item.description, _WHAT)), markdown.escape(item.id)]
        for item in failing
    )
    yield limited.table(["Severity", "Where", "What", "Rule"], rows, len(failing), _FAILING)
    rules = {item.id: item for item in reversed(failing)}
    said = [
        f"{markdown.code(short(identity))}: {markdown.escape(short(item.happens, _REMEDY))} "
        f"**{markdown.escape(short(item.mend, _REMEDY))}**"
        for identity, item in reversed(rules.items())
    ]
    kept = limited.rows(([line] for line in said), _REMEDIES)
    yield "".join(f"- {line}\n" for (line,) in kept)
    yield limited.remark(len(said) - len(kept))


def closure(evidence: ModelEvidence) -> Iterable[str]:
    """Return what loading the model would run or fetch."""
    if not evidence.requires:
        return
    yield f"#### Loading it would run or fetch: {len(evidence.requires):,}\n"
    header = ["What", "Name", "Revision", "Pinned", "Says"]
    yield limited.table(header, map(_required, evidence.requires), len(evidence.requires), _CLOSURE)


def row(item: Judged) -> list[str]:
    """Return a finding as a row below `HEADER`."""
    finding = item.finding
    return [
        MARKS[finding.severity],
        wording.DECISIONS[item.decision],
        markdown.escape(short(finding.id)),
        _place(finding),
        markdown.escape(short(finding.description, _WHAT)),
    ]


def _file(item: ScannedFile, found: Counter[Severity]) -> list[str]:
    counted = ", ".join(f"{found[severity]:,} {severity}" for severity in Severity if found[severity])
    return [
        markdown.code(wording.short_path(item.name, _PATH)),
        wording.size(item.size),
        markdown.escape(short(", ".join(item.formats[:4]) + ", …" * (len(item.formats) > 4), 60)) or "unknown",  # noqa: PLR2004
        counted or "none",
    ]


def _place(finding: Finding) -> str:
    where = markdown.code(wording.short_path(finding.path, _PATH))
    return f"{where} at byte {finding.offset:,}" if finding.offset is not None else where


def _required(item: Required) -> list[str]:
    return [
        markdown.escape(short(item.kind)),
        markdown.code(short(item.reference)) if item.reference else "",
        markdown.escape(short(item.revision)) or "none",
        "yes" if item.pinned else "**no**",
        markdown.code(wording.short_path(item.path, _PATH)),
    ]
