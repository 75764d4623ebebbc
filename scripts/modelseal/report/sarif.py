"""The verdict as SARIF 2.1.0, within all that GitHub's code scanning takes.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support

What was found is in an image, and GitHub shows only what has a place in the repository: so every result is at the first
line of the Dockerfile, and the place in the image is in its message and its logical location. What is in a model is at
the model's own file: see `sarif_models`.
"""

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from urllib.parse import quote

from modelseal import __version__
from modelseal.errors import InputError
from modelseal.gate.finding import Finding, Kind
from modelseal.gate.result import Decision, Judged, ModelEvidence, Novelty, Result
from modelseal.report import sarif_models, sarif_rules
from modelseal.report.sarif_identity import fingerprints
from modelseal.report.sarif_rules import TITLE_LENGTH, WORD_LENGTH, message, sentences, text

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
# Of 25,000 results that GitHub takes it keeps 5,000, and chooses them itself.
MOST_RESULTS = 5000
MOST_BYTES = 10 * 1000 * 1000  # compressed
_SUPPRESSED = frozenset({Decision.WAIVED, Decision.NOT_AFFECTED})  # what people answer for
_WORSE = {"CRITICAL": "warning", "HIGH": "warning"}
_BASELINE = {Novelty.NEW: "new", Novelty.KNOWN: "unchanged"}
_IN_FILES = (Kind.SECRET, Kind.MISCONFIGURATION)


@dataclass(frozen=True)
class Log:
    """A SARIF log.

    Attributes:
        content: The document, JSON in ASCII.
        kept: How many findings are in it.
        left_out: How many are not, because GitHub would not keep them.
        suppressed_left_out: How many are not, because somebody answers for them and they were not asked for.
    """

    content: bytes
    kept: int
    left_out: int
    suppressed_left_out: int


def render(  # noqa: PLR0913 # what GitHub is to show is the caller's to say
    result: Result,
    *,
    category: str,
    location: str = "Dockerfile",
    everything: str = "the verdict",
    suppressed: bool = True,
    most: int = MOST_RESULTS,
) -> Log:
    """Render a result as SARIF: the failing findings first, then the worst.

    Args:
        result: What the gate concluded.
        category: Tells this analysis apart from others of the same commit; see `sarif_identity.category`.
        location: File of the repository at which GitHub shows the findings, relative to the repository's root.
        everything: Where all findings are, in case that some are left out; a plain text.
        suppressed: Whether what is waived or not affected is in it. GitHub does not know suppressions and opens an
            alert for each: for an upload leave them out, and GitHub closes theirs until the waiver ends.
        most: How many findings at most.

    Raises:
        InputError: The location is not a path within a repository.
    """
    if isinstance(result.evidence, ModelEvidence):
        place = result.evidence.root
    else:
        place = quote(within_repository(location), safe="/", errors="surrogateescape")
    marks = fingerprints(result.judgement.findings)
    order = sorted(range(len(marks)), key=lambda index: result.judgement.findings[index].decision is not Decision.FAILS)
    if not suppressed:
        order = [index for index in order if result.judgement.findings[index].decision not in _SUPPRESSED]
    keep = min(len(order), most)
    while True:
        chosen = [(result.judgement.findings[index], marks[index]) for index in order[:keep]]
        log = Log(b"", keep, len(order) - keep, len(marks) - len(order))
        run = _run(result, chosen, category=category, place=place, everything=everything, log=log)
        document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
        content = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")
        size = _compressed_size(content)
        if size <= MOST_BYTES or not keep:
            return Log(content, log.kept, log.left_out, log.suppressed_left_out)
        keep = keep * MOST_BYTES // size * 9 // 10


def compress(content: bytes) -> bytes:
    """Compress as GitHub takes it; the same content gives the same bytes."""
    return gzip.compress(content, compresslevel=6, mtime=0)


def _compressed_size(content: bytes) -> int:
    """Return at least the size that it is uploaded in: measured at the fastest level, and only where it may matter."""
    return len(content) if len(content) <= MOST_BYTES else len(zlib.compress(content, level=1))


def _run(  # noqa: PLR0913 # all of it is the run's
    result: Result, chosen: Sequence[tuple[Judged, str]], *, category: str, place: str, everything: str, log: Log
) -> dict[str, object]:
    evidence = result.evidence
    by_rule: dict[str, list[Finding]] = {}
    for judged, _ in chosen:
        by_rule.setdefault(sarif_rules.rule_id(judged.finding), []).append(judged.finding)
    index_of = {identity: index for index, identity in enumerate(by_rule)}
    image = message(evidence.name, TITLE_LENGTH) or "the image"
    scanner = {"name": text(evidence.scanner.name, WORD_LENGTH) or "scanner"}
    return {
        "tool": {
            "driver": {
                "name": "Modelseal",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": "https://github.com/modelseal/modelseal",
                "rules": [sarif_rules.rule(identity, findings) for identity, findings in by_rule.items()],
            },
            "extensions": [
                scanner
                | ({"version": version} if (version := text(evidence.scanner.version, WORD_LENGTH)) else {})
                | {"properties": {"executable": f"sha256:{text(evidence.scanner.sha256, WORD_LENGTH)}"}}
            ],
        },
        "automationDetails": {"id": f"{text(category, WORD_LENGTH).strip('/')}/"},
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(result, log, everything)],
        "results": [
            _result(judged, fingerprint, image, place, index_of) for judged, fingerprint in chosen
        ],
        "properties": {
            "model" if isinstance(evidence, ModelEvidence) else "image": image,
            "verdict": result.judgement.verdict,
            "findings": len(result.judgement.findings),
            "failing": result.judgement.decided(Decision.FAILS),
            "leftOut": log.left_out,
            "suppressedLeftOut": log.suppressed_left_out,
            "fixed": len(result.judgement.fixed or ()),
            "expiredWaivers": len(result.judgement.expired),
            "unusedWaivers": len(result.judgement.unused),
        },
    }  # fmt: skip


def _invocation(result: Result, log: Log, everything: str) -> dict[str, object]:
    where = message(everything, TITLE_LENGTH)
    notes = [("warning", f"{log.left_out} findings, the least bad ones, were left out: GitHub keeps at most {log.kept} "
              f"of them. All are in {where}.")] * bool(log.left_out)  # fmt: skip
    notes += [("note", f"{log.suppressed_left_out} findings are waived or not affected, and were left out. All are in "
               f"{where}.")] * bool(log.suppressed_left_out)  # fmt: skip
    return {
        "executionSuccessful": True,
        "startTimeUtc": _time(result.evidence.started),
        "endTimeUtc": _time(result.evidence.finished),
        **({"toolExecutionNotifications": [{"level": level, "message": {"text": said}} for level, said in notes]}
           if notes else {}),
    }  # fmt: skip


def _result(judged: Judged, fingerprint: str, image: str, place: str, index_of: dict[str, int]) -> dict[str, object]:
    finding = judged.finding
    identity = sarif_rules.rule_id(finding)
    suppressed = judged.decision in _SUPPRESSED
    reason = message(judged.reason, TITLE_LENGTH)
    model = finding.kind is Kind.MODEL
    known = sarif_models.known(judged, reason) if model else {
        "severity": finding.severity, "decision": judged.decision, "reason": reason, "package": finding.package,
        "version": finding.version, "fixedVersion": finding.fixed_version, "purl": finding.purl, "path": finding.place,
        "platform": finding.platform, "layer": finding.layer,
    }  # fmt: skip
    return {
        "ruleId": identity,
        "ruleIndex": index_of[identity],
        "level": _level(judged),
        "message": {"text": (sarif_models.said if model else _message)(judged, identity, image, reason)},
        "locations": [(sarif_models.location if model else _location)(finding, image, place)],
        # The first is the one that GitHub goes by.
        "partialFingerprints": {"primaryLocationLineHash": fingerprint, "modelsealFinding/v1": fingerprint},
        "suppressions": [{"kind": "external", "status": "accepted", "justification": reason}] if suppressed else [],
        **({"baselineState": _BASELINE[judged.novelty]} if judged.novelty else {}),
        "properties": {name: text(value, WORD_LENGTH) for name, value in known.items() if value},
    }


def _level(judged: Judged) -> str:
    """What fails is an error; what is bad and passes for now a warning; what people answer for or is below, a note."""
    if judged.decision is Decision.FAILS:
        return "error"
    if judged.decision is Decision.WARNS:
        return "warning"
    if judged.decision in _SUPPRESSED or judged.decision in (Decision.BELOW, Decision.ALLOWED):
        return "note"
    return _WORSE.get(judged.finding.severity, "note")


def _message(judged: Judged, identity: str, image: str, reason: str) -> str:
    """Say what is wrong, and in the same sentence what to do: GitHub shows only the first one in lists."""
    finding = judged.finding
    package = f"{message(finding.package, WORD_LENGTH)} {message(finding.version, WORD_LENGTH)}".strip()
    title = message(finding.title, TITLE_LENGTH)
    severity = finding.severity
    if finding.kind is Kind.VULNERABILITY:
        fixed = message(finding.fixed_version, WORD_LENGTH)
        first = f"{package} has {identity} ({severity}): {f'upgrade to {fixed}' if fixed else 'no fixed version yet'}"
    elif finding.kind is Kind.SECRET:
        first = f"{title or identity} in the image ({severity}): revoke it, and take it out of the image"
    elif finding.kind is Kind.LICENSE:
        first = f"{package} has the licence {message(finding.id, WORD_LENGTH)} ({severity})"
    else:
        first = f"{title or identity} ({identity}, {severity})"
    where = message(finding.place, TITLE_LENGTH)
    platform = message(finding.platform, WORD_LENGTH)
    parts = [
        first,
        f"In {image}{f' for {platform}' if platform else ''}{f' at {where}' if where else ''}",
        f"The gate: {judged.decision}{f', {reason}' if reason else ''}",
        title if finding.kind is Kind.VULNERABILITY else message(finding.mend, TITLE_LENGTH),
    ]
    return sentences(parts)


def _location(finding: Finding, image: str, place: str) -> dict[str, object]:
    region = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    return {
        "physicalLocation": {"artifactLocation": {"uri": place, "uriBaseId": "%SRCROOT%"}, "region": region},
        "logicalLocations": [_inside(finding, image)],
    }


def _inside(finding: Finding, image: str) -> dict[str, str]:
    where = text(finding.place if finding.kind in _IN_FILES else finding.purl or finding.package, TITLE_LENGTH)
    name = text(finding.package, WORD_LENGTH) or "unnamed"
    kind = "resource" if finding.kind in _IN_FILES else "module"
    return {"name": name, "fullyQualifiedName": f"{image}/{where or name}", "kind": kind}


def _time(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def within_repository(location: str) -> str:
    """Return a path relative to the repository's root, spelled plainly.

    Raises:
        InputError: It is none.
    """
    path = PurePosixPath(location)
    if not location or path.is_absolute() or ".." in path.parts or not path.parts or "\\" in location:
        raise InputError(
            "Findings cannot be shown at a file outside of the repository.",
            where=text(location, TITLE_LENGTH),
            mend="Give a path relative to the repository's root, such as docker/Dockerfile.",
        )
    return str(path)
