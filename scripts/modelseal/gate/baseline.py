"""An earlier run's findings, to tell new ones from known ones, and to say what has been fixed since.

Read from a verdict document of ours, or from Trivy's own JSON report
(https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/types/report.go).
"""

import functools
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelseal.errors import InputError
from modelseal.gate import document, strict_json
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.result import Fixed

_MEND = "Give the verdict that scan-image wrote for the base branch, or Trivy's report in JSON, whole and unchanged."
_TRIVY_SCHEMA = 2
# As `scan-image` calls what Trivy reports about the image itself, under the name of the archive that it was given.
_IMAGE_CONFIGURATION = "image configuration"
_VERSION = re.compile(r"@[^/@]*$")

Key = tuple[Kind, str, str]


def key(finding: Finding) -> Key:
    """Return what makes a finding the same one in another build of the image.

    The id, and for a vulnerability the package URL without version and qualifiers (type and name where there is no
    URL), for a licence the package's name, for anything else the path. A package that moved to another layer or path,
    or was upgraded and is still vulnerable, is known; so is a secret on another line of its file.
    """
    if finding.kind is Kind.VULNERABILITY:
        where = _unversioned(finding.purl) if finding.purl else f"{finding.type} {finding.package}"
    elif finding.kind is Kind.LICENSE:
        where = finding.package
    else:
        where = finding.path.lstrip("/")
    return finding.kind, finding.id, where


@dataclass(frozen=True)
class Baseline:
    """What an earlier run found.

    Attributes:
        name: What the image was called then. Another name is worth a warning, no more.
        found: Its findings by their keys, of equal ones the worst.
    """

    name: str
    found: Mapping[Key, Fixed] = field(repr=False)

    def has(self, finding: Finding) -> bool:
        """Return whether the earlier run has a finding too."""
        return key(finding) in self.found

    def beyond(self, findings: Iterable[Finding], looked_for: Collection[Kind]) -> tuple[Fixed, ...]:
        """Return what the earlier run found and this one did not, of the kinds that it looked for, the worst first."""
        present = {key(finding) for finding in findings}
        gone = [item for known, item in self.found.items() if known not in present and item.kind in looked_for]
        return tuple(sorted(gone, key=_worst_first))


def of_findings(name: str, findings: Iterable[Finding]) -> Baseline:
    """Make a baseline of findings."""
    found: dict[Key, Fixed] = {}
    for finding in findings:
        item = Fixed(finding.kind, finding.id, finding.severity, finding.package, finding.version)
        known = key(finding)
        if known not in found or _worst_first(item) < _worst_first(found[known]):
            found[known] = item
    return Baseline(name, found)


def read(content: bytes, *, source: str = "") -> Baseline:
    """Read a baseline from a verdict document or from Trivy's JSON report.

    Args:
        content: The file.
        source: What it is called, for errors.

    Raises:
        InputError: It is neither, is cut off, or is of a schema that is not known here.
    """
    try:
        value = strict_json.parse_object(content)
        if "schema" in value:
            written = document.of_object(value)
            return of_findings(written.name, (judged.finding for judged in written.findings))
        if "SchemaVersion" in value:
            return _of_trivy(value)
    except ValueError as error:
        raise InputError(f"The baseline cannot be used: {error}.", where=source, mend=_MEND) from error
    raise InputError("The baseline is neither a verdict nor a report of Trivy.", where=source, mend=_MEND)


@functools.lru_cache(maxsize=32768)
def _unversioned(purl: str) -> str:
    """Leave version and qualifiers out; the subpath is part of what the package is."""
    rest, hash_, subpath = purl.partition("#")
    return _VERSION.sub("", rest.partition("?")[0]) + hash_ + subpath


def _worst_first(item: Fixed) -> tuple[object, ...]:
    return (item.severity.rank, item.package, item.id, item.version, item.kind)


# --- Trivy's report ------------------------------------------------------------------------------------------------


def _of_trivy(report: Mapping[str, Any]) -> Baseline:
    if report["SchemaVersion"] != _TRIVY_SCHEMA:
        raise ValueError(f"it is a report of schema {strict_json.short(report['SchemaVersion'])}, not {_TRIVY_SCHEMA}")
    if report.get("ArtifactType") != "container_image":
        raise ValueError(f"it is about a {strict_json.short(report.get('ArtifactType'))}, not about a container image")
    results = strict_json.objects(report.get("Results"), "Results")
    if not results:
        raise ValueError("it has no Results")
    tags = strict_json.dig(report, "Metadata", "RepoTags")
    name = tags[0] if isinstance(tags, list) and tags else report.get("ArtifactName")
    artifact = strict_json.optional(report, "ArtifactName")
    found = [finding for result in results for finding in _findings(result, artifact)]
    return of_findings(name if isinstance(name, str) else "", found)


def _findings(result: Mapping[str, Any], artifact: str) -> Iterable[Finding]:
    target, type_ = strict_json.optional(result, "Target"), strict_json.optional(result, "Type")
    place = _IMAGE_CONFIGURATION if target == artifact else target

    def each(name: str) -> list[dict[str, Any]]:
        return [] if result.get(name) is None else strict_json.objects(result[name], name)

    for item in each("Vulnerabilities"):
        yield Finding(
            kind=Kind.VULNERABILITY, id=strict_json.text(item, "VulnerabilityID"), severity=_severity(item),
            package=strict_json.text(item, "PkgName"), version=strict_json.optional(item, "InstalledVersion"),
            purl=_purl(item), type=type_,
        )  # fmt: skip
    for item in each("Secrets"):
        yield _in_file(Kind.SECRET, strict_json.text(item, "RuleID"), item, place)
    for item in each("Misconfigurations"):
        if strict_json.text(item, "Status") == "FAIL":
            yield _in_file(Kind.MISCONFIGURATION, strict_json.text(item, "ID"), item, place)
    for item in each("Licenses"):
        yield Finding(
            kind=Kind.LICENSE, id=strict_json.text(item, "Name"), severity=_severity(item),
            package=strict_json.optional(item, "PkgName") or strict_json.optional(item, "FilePath"),
        )  # fmt: skip


def _purl(item: Mapping[str, Any]) -> str:
    return strict_json.optional(strict_json.object_of(item, "PkgIdentifier"), "PURL") if "PkgIdentifier" in item else ""


def _in_file(kind: Kind, id_: str, item: Mapping[str, Any], target: str) -> Finding:
    return Finding(kind=kind, id=id_, severity=_severity(item), package=target, path=target)


def _severity(item: Mapping[str, Any]) -> Severity:
    return strict_json.word(Severity, item, "Severity")
