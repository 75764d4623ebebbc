"""The verdict as a file: everything that it rests on, for people, later stations, baselines and attestations.

Its schema is in docs/schemas/verdict.schema.json. The file is ASCII, with one finding a line, and the same result
always gives the same bytes.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from modelseal.gate import model_document, policy_record, strict_json
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.result import OF_MODELS, Decision, Evidence, Fixed, Judged, ModelEvidence, Novelty, Result, Scanned
from modelseal.gate.statement import Statement
from modelseal.verdict import Verdict

SCHEMA = "https://github.com/modelseal/modelseal/verdict/v1"

_MOST = 10.0  # CVSS ends there
# Of a finding, those that are texts and are called the same here and there.
_TEXTS = ("path", "platform", "layer", "fixed_version", "status", "title", "description", "mend", "url")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Document:
    """What a verdict document tells those who read it.

    Attributes:
        verdict: `passed` or `failed`.
        name: What the image is called.
        digest: Of the index, for an image that is one; else empty.
        scanned: The image ids with their platforms, one or more; `platform` is empty for an image that is no index.
        scanners: What was looked for.
        finished: When the scan ended.
        findings: Every finding with its decision, in the document's order.
    """

    verdict: Verdict
    name: str
    digest: str
    scanned: tuple[Scanned, ...]
    scanners: tuple[str, ...]
    finished: datetime
    findings: tuple[Judged, ...]


def write(result: Result) -> bytes:
    """Write a result down as JSON: an image's as described here, a model's as `model_document` does."""
    judgement, evidence = result.judgement, result.evidence
    counts = {
        "waivers": policy_record.of_waivers(result.policy, judgement),
        "counts": _tally(Severity, (item.finding.severity for item in judgement.findings)),
        "decisions": _tally(Decision, (item.decision for item in judgement.findings)),
    }
    if isinstance(evidence, ModelEvidence):
        head = model_document.head(evidence, result.policy, judgement.verdict) | counts
        return _assembled(head, map(model_document.of_judged, judgement.findings))
    head = {
        "schema": SCHEMA,
        "verdict": judgement.verdict,
        **_evidence(evidence),
        "policy": policy_record.of_policy(result.policy),
        **counts,
        "decisions": {word: number for word, number in counts["decisions"].items() if word not in OF_MODELS},
        "fixed": None if judgement.fixed is None else [_fixed(item) for item in judgement.fixed],
    }
    return _assembled(head, map(_judged, judgement.findings))


def _assembled(head: Mapping[str, Any], items: Iterable[Mapping[str, Any]]) -> bytes:
    # The encoder in C writes no indentation, and the one in Python takes a second for what this takes a tenth of one.
    encode = json.JSONEncoder(allow_nan=False).encode
    findings = ",\n    ".join(map(encode, items))
    listed = f"[\n    {findings}\n  ]" if findings else "[]"
    opened = json.dumps(head, indent=2, allow_nan=False).removesuffix("\n}")
    return (opened + ',\n  "findings": ' + listed + "\n}\n").encode("ascii")


def read(content: bytes) -> Document:
    """Read a verdict document.

    Raises:
        ValueError: It is not one, is of another schema, is cut off, or contradicts itself; the message begins with
            `it` and has no full stop.
    """
    return of_object(strict_json.parse_object(content))


def of_object(value: Mapping[str, Any]) -> Document:
    """Read a verdict document that has been parsed.

    Raises:
        ValueError: As for `read`.
    """
    if value.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {strict_json.short(value.get('schema'))}, not {SCHEMA}")
    verdict = strict_json.word(Verdict, value, "verdict")
    if verdict is Verdict.ERROR:
        raise ValueError("it is an error, not a verdict")
    findings = tuple(_read_judged(item) for item in strict_json.objects(value.get("findings"), "findings"))
    if value.get("counts") != _tally(Severity, (item.finding.severity for item in findings)):
        raise ValueError("it does not have all the findings that it counts")
    if (verdict is Verdict.FAILED) != any(item.decision is Decision.FAILS for item in findings):
        raise ValueError(f"its verdict is {verdict}, but its findings say otherwise")
    subject = strict_json.object_of(value, "subject")
    return Document(
        verdict=verdict,
        name=strict_json.text(subject, "name"),
        digest=_digest(subject, "digest") if "platforms" in subject and subject.get("digest") else "",
        scanned=_read_scanned(subject),
        scanners=strict_json.texts(value, "scanners"),
        finished=_time(strict_json.text(value, "scanned_at")),
        findings=findings,
    )


# --- writing -------------------------------------------------------------------------------------------------------


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "subject": _subject(evidence),
        "scanner": {
            "name": evidence.scanner.name, "version": evidence.scanner.version, "sha256": evidence.scanner.sha256,
        },
        "database": {"digest": evidence.database_digest, "updated_at": policy_record.moment(evidence.database_updated)},
        "scanners": list(evidence.scanners),
        "started_at": policy_record.moment(evidence.started),
        "scanned_at": policy_record.moment(evidence.finished),
        "not_looked_at": {
            "unread": list(evidence.unread), "layers_without_secrets": list(evidence.without_secrets),
            "platforms": list(evidence.left_out), "attestations": evidence.attestations,
        },
    }  # fmt: skip


def _subject(evidence: Evidence) -> dict[str, Any]:
    images = [
        {"image_id": item.image_id, "digest": item.digest, "os": item.system, "packages": item.packages}
        for item in evidence.scanned
    ]
    if not evidence.digest and len(images) == 1:
        return {"name": evidence.name, **images[0]}
    platforms = [{"platform": item.platform, **image} for item, image in zip(evidence.scanned, images, strict=True)]
    return {"name": evidence.name, "digest": evidence.digest, "platforms": platforms}


def _judged(item: Judged) -> dict[str, Any]:
    finding = item.finding
    score = finding.score
    return {
        "kind": finding.kind, "id": finding.id, "severity": finding.severity, "decision": item.decision,
        "reason": item.reason, "novelty": item.novelty,
        "waiver": None if item.waiver is None else policy_record.of_waiver(item.waiver),
        "vex": None if item.statement is None else _statement(item.statement),
        "package": {
            "name": finding.package, "version": finding.version, "purl": finding.purl, "type": finding.type,
        },
        "path": finding.path, "line": finding.line, "platform": finding.platform, "layer": finding.layer,
        "fixed_version": finding.fixed_version, "status": finding.status, "title": finding.title,
        "description": finding.description, "mend": finding.mend, "url": finding.url, "aliases": finding.aliases,
        "published": None if finding.published is None else policy_record.moment(finding.published),
        "score": score if score is not None and math.isfinite(score) else None, "weaknesses": finding.weaknesses,
    }  # fmt: skip


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "status": statement.status, "justification": statement.justification, "impact": statement.impact,
        "author": statement.author, "document": statement.document,
        "timestamp": None if statement.timestamp is None else policy_record.moment(statement.timestamp),
    }  # fmt: skip


def _fixed(item: Fixed) -> dict[str, str]:
    return {
        "kind": item.kind, "id": item.id, "severity": item.severity, "package": item.package, "version": item.version,
    }  # fmt: skip


def _tally(words: type[StrEnum], items: Iterable[StrEnum]) -> dict[str, int]:
    counted = Counter(items)
    return {word.value: counted[word] for word in words}


# --- reading -------------------------------------------------------------------------------------------------------


def _read_scanned(subject: Mapping[str, Any]) -> tuple[Scanned, ...]:
    images = strict_json.objects(subject.get("platforms", [subject]), "platforms")
    if not images:
        raise ValueError("it is about no platform")
    return tuple(
        Scanned(
            platform=strict_json.optional(image, "platform"),
            image_id=_digest(image, "image_id"),
            digest=strict_json.optional(image, "digest"),
            system=strict_json.optional(image, "os"),
            packages=_number(image, "packages"),
        )
        for image in images
    )


def _read_judged(item: Mapping[str, Any]) -> Judged:
    package = strict_json.object_of(item, "package")
    published = strict_json.optional(item, "published")
    score: Any = item.get("score")
    texts: dict[str, Any] = {name: strict_json.optional(item, name) for name in _TEXTS}
    kind, decision = strict_json.word(Kind, item, "kind"), strict_json.word(Decision, item, "decision")
    if kind is Kind.MODEL or decision in OF_MODELS:
        raise ValueError("it has a finding in a model, which no image has")
    finding = Finding(
        kind=kind,
        severity=strict_json.word(Severity, item, "severity"),
        id=strict_json.optional(item, "id"),
        package=strict_json.optional(package, "name"),
        version=strict_json.optional(package, "version"),
        purl=strict_json.optional(package, "purl"),
        type=strict_json.optional(package, "type"),
        line=_number(item, "line"),
        aliases=strict_json.texts(item, "aliases"),
        weaknesses=strict_json.texts(item, "weaknesses"),
        published=_time(published) if published else None,
        score=float(score) if type(score) in (int, float) and 0 <= score <= _MOST else None,
        **texts,
    )
    return Judged(
        finding,
        decision,
        strict_json.optional(item, "reason"),
        None if item.get("novelty") is None else strict_json.word(Novelty, item, "novelty"),
    )


def _digest(value: Mapping[str, Any], name: str) -> str:
    taken = strict_json.text(value, name)
    if not _DIGEST.fullmatch(taken):
        raise ValueError(f"its {name} is {strict_json.short(taken)}, not sha256: and 64 hexadecimal digits")
    return taken


def _number(value: Mapping[str, Any], name: str) -> int:
    taken = value.get(name, 0)
    if type(taken) is not int or taken < 0:
        raise ValueError(f"a {name} in it is {strict_json.short(taken)}, not a number")
    return taken


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"a time in it is {strict_json.short(text)}") from None
    if time.tzinfo is None:
        raise ValueError(f"a time in it has no time zone: {strict_json.short(text)}")
    return time.astimezone(UTC)
