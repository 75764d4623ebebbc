"""The verdict as a file: everything that it rests on, for people, later stations and attestations."""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelseal.vulnerabilities.gate import Judgement, Policy
from modelseal.vulnerabilities.report import Report, Severity
from modelseal.vulnerabilities.trivy import Scan

SCHEMA = "https://github.com/modelseal/modelseal/verdict/v1"


@dataclass(frozen=True)
class Scanner:
    """The program that looked, by the digest of its executable."""

    name: str
    version: str
    sha256: str


def verdict(  # noqa: PLR0913 # each is a part of the document
    image: str, report: Report, judgement: Judgement, policy: Policy, scanner: Scanner, scan: Scan
) -> bytes:
    """Write a verdict down as JSON."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "verdict": judgement.verdict,
        "subject": {"name": image, "image_id": report.image_id, "os": report.os, "packages": report.packages},
        "scanner": dataclasses.asdict(scanner),
        "database": {"version": scan.database.version, "updated_at": _moment(scan.database.updated_at)},
        "scanners": list(scan.scanners),
        "started_at": _moment(scan.started),
        "scanned_at": _moment(scan.finished),
        "fail_on": sorted(policy.fail_on, key=lambda severity: severity.rank),
        "ignore_unfixed": policy.ignore_unfixed,
        "counts": {severity: judgement.count(severity) for severity in Severity},
        "findings": [
            {
                "kind": item.finding.kind,
                "id": item.finding.id,
                "severity": item.finding.severity,
                "decision": item.decision,
                "package": {
                    "name": item.finding.package,
                    "version": item.finding.version,
                    "purl": item.finding.purl,
                    "type": item.finding.type,
                },
                "path": item.finding.path,
                "fixed_version": item.finding.fixed_version,
                "status": item.finding.status,
                "title": item.finding.title,
                "url": item.finding.url,
            }
            for item in judgement.findings
        ],
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def _moment(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
