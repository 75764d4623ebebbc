"""What the verdict on a model says, as a file: `document` writes it, and its schema is in docs/schemas.

It is a document of a kind of its own: who reads verdicts on images cannot take it for one.
"""

from typing import Any

from modelseal.gate import policy_record
from modelseal.gate.policy import Policy
from modelseal.gate.result import Judged, ModelEvidence, Required, ScannedFile
from modelseal.verdict import Verdict

SCHEMA = "https://github.com/modelseal/modelseal/verdict/model/v1"


def head(evidence: ModelEvidence, policy: Policy, verdict: Verdict) -> dict[str, Any]:
    """Return all but the findings and what is counted of them."""
    scanner = evidence.scanner
    return {
        "schema": SCHEMA,
        "verdict": verdict,
        "subject": {"name": evidence.name, "digest": evidence.digest},
        "root": evidence.root,
        "scanner": {"name": scanner.name, "version": scanner.version, "sha256": scanner.sha256},
        "scanners": list(evidence.scanners),
        "started_at": policy_record.moment(evidence.started),
        "scanned_at": policy_record.moment(evidence.finished),
        "files": [_file(item) for item in evidence.files],
        "requires": [_required(item) for item in evidence.requires],
        "not_looked_at": list(evidence.left_out),
        "policy": policy_record.of_models(policy),
    }


def of_judged(item: Judged) -> dict[str, Any]:
    """Return one finding with what became of it."""
    finding = item.finding
    return {
        "kind": finding.kind, "id": finding.id, "severity": finding.severity, "decision": item.decision,
        "reason": item.reason, "waiver": None if item.waiver is None else policy_record.of_waiver(item.waiver),
        "file": finding.package, "path": finding.path, "format": finding.type, "offset": finding.offset,
        "status": finding.status, "title": finding.title, "what": finding.description, "happens": finding.happens,
        "mend": finding.mend, "evidence": finding.evidence, "subject": finding.subject,
        "techniques": finding.techniques, "weaknesses": finding.weaknesses, "url": finding.url,
    }  # fmt: skip


def _file(item: ScannedFile) -> dict[str, Any]:
    return {"name": item.name, "size": item.size, "sha256": item.sha256, "formats": list(item.formats)}


def _required(item: Required) -> dict[str, Any]:
    return {
        "kind": item.kind, "reference": item.reference, "revision": item.revision, "pinned": item.pinned,
        "path": item.path,
    }  # fmt: skip
