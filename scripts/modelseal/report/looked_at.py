"""What was looked at, with what, and what was not: as Markdown, one line each."""

from collections import Counter
from collections.abc import Iterable, Sequence

from modelseal.gate.result import Evidence, Judgement, ModelEvidence, Result, Scanned
from modelseal.report import limited, markdown, wording
from modelseal.report.wording import count, short

_IMAGES_SHOWN = 16
_FORMATS_SHOWN = 12


def lines(result: Result) -> Iterable[str]:
    """Say what the evidence is."""
    evidence = result.evidence
    if isinstance(evidence, ModelEvidence):
        yield from _model(evidence)
    else:
        yield from _images(evidence.scanned, result.judgement)
        yield _scan(evidence)
        yield from _not_looked_at(evidence)


def _model(evidence: ModelEvidence) -> Iterable[str]:
    files = evidence.files
    tool = markdown.escape(f"{short(evidence.scanner.name)} {short(evidence.scanner.version)}")
    rules = markdown.code(wording.short_digest(f"sha256:{evidence.scanner.sha256}"))
    amount = f"{count(len(files), 'file')}, {wording.size(sum(item.size for item in files))}"
    yield f"Looked into {amount}, with {tool}, whose rules are {rules}"
    yield markdown.escape(f"By their bytes they are: {formats(evidence)}")
    if evidence.digest:
        yield f"Every file is the one that the manifest {markdown.code(wording.short_digest(evidence.digest))} names"
    if evidence.left_out:
        yield markdown.escape(f"Not looked into, because somebody said so: {_some(evidence.left_out)}")


def formats(evidence: ModelEvidence) -> str:
    """Count what files are, by their own formats: `3 safetensors, 1 pickle`."""
    counted = Counter(item.formats[0] if item.formats else "of no known format" for item in evidence.files)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    more = f" and {len(ordered) - _FORMATS_SHOWN:,} others" if len(ordered) > _FORMATS_SHOWN else ""
    return ", ".join(f"{number:,} {name}" for name, number in ordered[:_FORMATS_SHOWN]) + more


def _scan(evidence: Evidence) -> str:
    tool = markdown.escape(f"{short(evidence.scanner.name)} {short(evidence.scanner.version)}")
    database = wording.short_digest(evidence.database_digest)
    named = f" {markdown.code(database)}" if database else ""
    return (
        f"Looked for {markdown.escape(wording.looked_for(evidence))} with {tool}; "
        f"advisories{named} of {evidence.database_updated:%Y-%m-%d %H:%M} UTC, {wording.age(evidence)}"
    )


def _not_looked_at(evidence: Evidence) -> Iterable[str]:
    for what in wording.not_looked_at(evidence):
        yield markdown.escape(short(what, 400))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FORMATS_SHOWN:,} more" if len(names) > _FORMATS_SHOWN else ""
    return ", ".join(short(name) for name in names[:_FORMATS_SHOWN]) + more


def _images(scanned: Sequence[Scanned], judgement: Judgement) -> Iterable[str]:
    """One line for each image or platform, with what fails of it where there are several."""
    failing = Counter(finding.platform for finding in judgement.failing)
    for item in scanned[:_IMAGES_SHOWN]:
        named = f"{markdown.escape(short(item.platform))}: " if item.platform else ""
        system = markdown.escape(short(item.system or "no operating system"))
        digest = markdown.code(wording.short_digest(item.digest or item.image_id))
        of_it = f", {failing[item.platform]:,} of the failing" if len(scanned) > 1 else ""
        yield f"{named}{system}, {count(item.packages, 'package')}, {digest}{of_it}"
    if len(scanned) > _IMAGES_SHOWN:
        yield f"{len(scanned) - _IMAGES_SHOWN:,} more images {limited.ELSEWHERE}"
