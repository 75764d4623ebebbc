"""Trivy's JSON report, read strictly: what is missing, of another image or not understood is an error.

The format, schema version 2: https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/types/report.go
"""

import json
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Any

from modelseal.errors import ToolError

_SCHEMA = 2
_OS_PACKAGES = "os-pkgs"
_TITLE_LENGTH = 300


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
    system = _operating_system(metadata)
    results = _typed(document, "Results", list)
    if not all(isinstance(result, dict) for result in results):
        raise ToolError("A result in Trivy's report is not an object.")
    packages = sum(len(_optional_list(result, "Packages")) for result in results)
    if not any(_optional_list(result, "Packages") for result in results if result.get("Class") == _OS_PACKAGES):
        raise ToolError(
            f"Trivy found no package of {system} in the image.",
            mend="Keep the package manager's records (/var/lib/dpkg and the like): without them nothing can be judged.",
        )
    findings = tuple(finding for result in results for finding in _findings(result, system))
    return Report(image_id, system, packages, findings)


def worst_first(finding: Finding) -> tuple[object, ...]:
    """Return a key that sorts findings, the worst first; no two different findings have the same."""
    return (finding.severity.rank, finding.package, finding.id, finding.version, finding.path, astuple(finding))


def _operating_system(metadata: dict[str, Any]) -> str:
    system = metadata.get("OS") or {}
    family, name = (_text(system, key) for key in ("Family", "Name")) if isinstance(system, dict) else ("", "")
    if not family or family == "none" or not name:
        raise ToolError(
            "The image has no operating system that the scanner knows, so it saw none of its packages.",
            mend="Build on a base image that Trivy supports; FROM scratch leaves nothing to judge.",
        )
    if system.get("EOSL"):
        raise ToolError(
            f"Support for {family} {name} has ended: nobody publishes its vulnerabilities any more.",
            mend="Build on a supported release.",
        )
    return f"{family} {name}"


def _findings(result: dict[str, Any], system: str) -> list[Finding]:
    # Trivy calls the system's packages by the archive's path, of which a verdict must not depend.
    target = system if result.get("Class") == _OS_PACKAGES else _text(result, "Target")
    kind = _text(result, "Type")
    vulnerabilities = [_vulnerability(item, target, kind) for item in _optional_list(result, "Vulnerabilities")]
    return vulnerabilities + [_secret(item, target) for item in _optional_list(result, "Secrets")]


def _vulnerability(item: dict[str, Any], target: str, kind: str) -> Finding:
    identifier = item.get("PkgIdentifier") or {}
    if not isinstance(identifier, dict):
        raise ToolError("A PkgIdentifier in Trivy's report is not an object.")
    return Finding(
        kind="vulnerability",
        id=_required(item, "VulnerabilityID"),
        severity=_severity(item),
        package=_required(item, "PkgName"),
        version=_required(item, "InstalledVersion"),
        purl=_text(identifier, "PURL"),
        type=kind,
        path=_text(item, "PkgPath") or target,
        fixed_version=_text(item, "FixedVersion"),
        status=_text(item, "Status"),
        title=_title(_text(item, "Title") or _text(item, "Description")),
        url=_text(item, "PrimaryURL"),
    )


def _secret(item: dict[str, Any], target: str) -> Finding:
    line = item.get("StartLine")
    return Finding(
        kind="secret",
        id=_required(item, "RuleID"),
        severity=_severity(item),
        package=target,
        version="",
        purl="",
        type="secret",
        path=f"{target}:{line}" if type(line) is int else target,
        fixed_version="",
        status="",
        title=_title(_text(item, "Title")),
        url="",
    )


def _title(text: str) -> str:
    return text.split("\n", maxsplit=1)[0][:_TITLE_LENGTH]


def _severity(item: dict[str, Any]) -> Severity:
    text = _required(item, "Severity")
    try:
        return Severity(text)
    except ValueError:
        raise ToolError(
            f"Trivy's report has a severity never seen: {text[:80]!r}.", mend="Use a Trivy version of the lock."
        ) from None


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


def _optional_list(result: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = result.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ToolError(f"{name} in Trivy's report is not a list of objects.")
    return value


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ToolError(f"{name} in Trivy's report is not a text.")
    return value


def _required(item: dict[str, Any], name: str) -> str:
    value = _text(item, name)
    if not value:
        known = item.get("VulnerabilityID") or item.get("RuleID") or ""
        raise ToolError(f"A finding in Trivy's report has no {name}.", where=str(known)[:80])
    return value
