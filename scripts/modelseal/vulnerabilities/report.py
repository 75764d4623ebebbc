"""Trivy's JSON report, read strictly: what is missing, of another image or not understood is an error.

The format, schema version 2: https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/types/report.go
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from modelseal.errors import ToolError

_SCHEMA = 2
_OS_PACKAGES = "os-pkgs"


class Severity(StrEnum):
    """How bad a finding is, the worst first. `UNKNOWN` is Trivy's word for an advisory that nobody has rated."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    UNKNOWN = "UNKNOWN"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Finding:
    """One vulnerability of one package, or one secret in one file.

    Attributes:
        kind: `vulnerability` or `secret`.
        id: The advisory's id, or the secret rule's.
        severity: As Trivy rates it for this package's ecosystem.
        package: Its name; the file's path for a secret.
        version: Of the package, as installed; empty for a secret.
        purl: The package's URL, where Trivy knows it.
        type: `debian`, `python-pkg`; `secret` for a secret.
        path: Where it was found: the scanned target, or the package's own file.
        fixed_version: The versions that mend it, as the advisory lists them; empty when there is none.
        status: Of the advisory: `fixed`, `affected`, `will_not_fix` and so on.
        title: One line on what is wrong.
        url: Where to read on.
    """

    kind: str
    id: str
    severity: Severity
    package: str
    version: str
    purl: str
    type: str
    path: str
    fixed_version: str
    status: str
    title: str
    url: str


@dataclass(frozen=True)
class Report:
    """Evidence: an image that was looked into, and what was found."""

    image_id: str
    os: str
    packages: int
    findings: tuple[Finding, ...]


def parse(content: bytes, *, image_id: str) -> Report:
    """Read a report about the image with this id.

    Raises:
        ToolError: The report is empty, cut off, of another image or schema, has no package in it, is about an operating
            system that the scanner does not know or whose support has ended, or has a severity never seen.
    """
    document = _load(content)
    if document.get("SchemaVersion") != _SCHEMA:
        raise ToolError(f"Trivy's report has schema {document.get('SchemaVersion')!r}, not {_SCHEMA}.")
    metadata = _typed(document, "Metadata", dict)
    if metadata.get("ImageID") != image_id:
        raise ToolError(
            "Trivy's report is about another image.", where=f"{metadata.get('ImageID')!r} instead of {image_id!r}"
        )
    results = _typed(document, "Results", list)
    packages = sum(len(_optional_list(result, "Packages")) for result in results)
    system = _operating_system(metadata, results)
    if packages == 0:
        raise ToolError(
            "Trivy found no package in the image.",
            mend="An image without packages cannot be judged; is it the right one?",
        )
    findings = tuple(finding for result in results for finding in _findings(result))
    return Report(image_id, system, packages, tuple(sorted(findings, key=_worst_first)))


def _operating_system(metadata: dict[str, Any], results: list[Any]) -> str:
    system = metadata.get("OS")
    if not isinstance(system, dict) or not system.get("Family") or system["Family"] == "none" or not system.get("Name"):
        raise ToolError(
            "The scanner does not know the image's operating system, so it saw none of its packages.",
            mend="Build on a base image that Trivy supports.",
        )
    name = f"{system['Family']} {system['Name']}"
    if system.get("EOSL"):
        raise ToolError(
            f"Support for {name} has ended: nobody publishes its vulnerabilities any more.",
            mend="Build on a supported release.",
        )
    if not any(isinstance(result, dict) and result.get("Class") == _OS_PACKAGES for result in results):
        raise ToolError(
            f"The report has no part about the packages of {name}.", mend="The scan is not whole; run it again."
        )
    return name


def _findings(result: Any) -> list[Finding]:
    if not isinstance(result, dict):
        raise ToolError("A result in Trivy's report is not an object.")
    target = str(result.get("Target", ""))
    kind = str(result.get("Type", ""))
    vulnerabilities = [_vulnerability(item, target, kind) for item in _optional_list(result, "Vulnerabilities")]
    return vulnerabilities + [_secret(item, target) for item in _optional_list(result, "Secrets")]


def _vulnerability(item: Any, target: str, kind: str) -> Finding:
    identifier = item.get("PkgIdentifier") or {}
    return Finding(
        kind="vulnerability",
        id=_required(item, "VulnerabilityID"),
        severity=_severity(item),
        package=_required(item, "PkgName"),
        version=_required(item, "InstalledVersion"),
        purl=str(identifier.get("PURL", "")),
        type=kind,
        path=str(item.get("PkgPath") or target),
        fixed_version=str(item.get("FixedVersion", "")),
        status=str(item.get("Status", "")),
        title=str(item.get("Title") or item.get("Description") or "").split("\n")[0][:300],
        url=str(item.get("PrimaryURL", "")),
    )


def _secret(item: Any, target: str) -> Finding:
    return Finding(
        kind="secret",
        id=_required(item, "RuleID"),
        severity=_severity(item),
        package=target,
        version="",
        purl="",
        type="secret",
        path=f"{target}:{item.get('StartLine', '')}",
        fixed_version="",
        status="",
        title=str(item.get("Title", ""))[:300],
        url="",
    )


def _worst_first(finding: Finding) -> tuple[int, str, str, str, str]:
    return (finding.severity.rank, finding.package, finding.id, finding.version, finding.path)


def _severity(item: Any) -> Severity:
    text = _required(item, "Severity")
    try:
        return Severity(text)
    except ValueError:
        raise ToolError(f"Trivy's report has a severity never seen: {text!r}.") from None


def _load(content: bytes) -> dict[str, Any]:
    if not content.strip():
        raise ToolError("Trivy's report is empty.")
    try:
        document = json.loads(content, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"Trivy's report cannot be read: {error}.") from error
    if not isinstance(document, dict):
        raise ToolError("Trivy's report is not an object.")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("an object has the same key twice")
    return unique


def _typed(document: dict[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    if not isinstance(value, kind) or not value:
        raise ToolError(f"Trivy's report has no {name}.", mend="The scan is not whole; run it again.")
    return value


def _optional_list(result: Any, name: str) -> list[Any]:
    value = result.get(name) if isinstance(result, dict) else None
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ToolError(f"{name} in Trivy's report is not a list of objects.")
    return value


def _required(item: Any, name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise ToolError(f"A finding in Trivy's report has no {name}.", where=str(item.get("VulnerabilityID", "")))
    return value
