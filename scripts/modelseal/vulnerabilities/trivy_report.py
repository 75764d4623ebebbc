"""Trivy's JSON report, read strictly: what is missing, of another image or not understood is an error.

The format, schema version 2: https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/types/report.go
"""

import contextlib
import gc
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from modelseal.errors import ToolError
from modelseal.gate import strict_json
from modelseal.gate.finding import Finding
from modelseal.vulnerabilities import trivy_findings
from modelseal.vulnerabilities.trivy_fields import Fields

MAX_BYTES = 512 * 1024 * 1024
"""How long a report may be. Those of the largest images have about 100 MB; reading takes some six times as much."""

IMAGE_CONFIGURATION = "image configuration"
"""What findings in the image's own configuration have as their path: its environment, its history, its user."""

_SCHEMA = 2
_SYSTEM_PACKAGES = "os-pkgs"
_PACKAGES = {_SYSTEM_PACKAGES, "lang-pkgs"}
_CLASSES = _PACKAGES | {"config", "secret", "license", "license-file"}
# What a result can say. A list that is none of these would hold findings that nobody has judged.
_LISTS = {"Packages", "Vulnerabilities", "Misconfigurations", "Secrets", "Licenses"}
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Report:
    """Evidence: an image that was looked into, and what was found.

    Attributes:
        image_id: Digest of its configuration, `sha256:…`.
        platform: As it was given to `parse`.
        system: Operating system and release, `debian 12.15`; empty for an image without one.
        packages: How many packages were looked at.
        findings: In the report's order, each once.
    """

    image_id: str
    platform: str
    system: str
    packages: int
    findings: tuple[Finding, ...]


def parse(
    content: bytes,
    *,
    image_id: str,
    platform: str = "",
    without_system: bool = False,
    scanners: Collection[str] = ("vuln", "secret"),
) -> Report:
    """Read a report about the image with this id, made with `--list-all-pkgs`.

    Args:
        content: The report.
        image_id: Digest of the image's configuration.
        platform: What each finding gets as its platform.
        without_system: Whether an image without an operating system may be judged by its other packages.
        scanners: What was to be looked for: `vuln`, `secret`, `misconfig`, `license`.

    Raises:
        ToolError: The report is empty, cut off, too long, of another image or schema, has no package in it, is about
            an operating system that the scanner does not know or whose support has ended, has a severity or a sort
            of result never seen, hides findings or contradicts itself.
    """
    with _without_collection():
        return _parse(content, image_id, platform, frozenset(scanners), without_system=without_system)


def _parse(content: bytes, image_id: str, platform: str, scanners: Collection[str], *, without_system: bool) -> Report:
    document = _load(content)
    if document.get("SchemaVersion") != _SCHEMA:
        raise ToolError(f"Trivy's report has schema {document.get('SchemaVersion')!r}, not {_SCHEMA}.")
    if document.get("ArtifactType") != "container_image":
        raise ToolError(f"Trivy's report is not about an image but a {document.get('ArtifactType')!r}.")
    fields = Fields(document)
    metadata = Fields(fields.filled("Metadata", dict))
    if metadata.value.get("ImageID") != image_id:
        raise ToolError(
            "Trivy's report is about another image.", where=f"{metadata.value.get('ImageID')!r} instead of {image_id!r}"
        )
    system = _system(metadata, without_system=without_system)
    results = tuple(_results(fields))
    _check_scanners(results, fields.text("ArtifactName"), scanners)
    packages = _packages(results, system)
    source = trivy_findings.Source(system, platform, fields.text("ArtifactName"), IMAGE_CONFIGURATION)
    found = trivy_findings.read(results, source)
    findings = tuple(dict.fromkeys(found))  # an entry that is there twice counts once
    _refuse_contradictions(findings)
    return Report(image_id, platform, system, packages, findings)


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Nothing that is read here is garbage; looking for some among a million new objects takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _system(metadata: Fields, *, without_system: bool) -> str:
    value = metadata.value.get("OS")
    system = Fields({} if value is None else metadata.of("OS", dict))
    family, name = system.text("Family"), system.text("Name")
    if not family or family == "none":
        if without_system and not name:
            return ""
        raise ToolError(
            "The image has no operating system that the scanner knows, so it saw none of its packages.",
            mend="Build on a base image that Trivy supports. FROM scratch leaves nothing to judge but packages of "
            "languages: to judge by those alone, say `scan: {without-operating-system: true}` in the policy.",
        )
    if not name:
        raise ToolError(f"Trivy's report does not say which release of {family} the image has.")
    if system.boolean("EOSL"):
        raise ToolError(
            f"Support for {family} {name} has ended: nobody publishes its vulnerabilities any more.",
            mend="Build on a supported release.",
        )
    return f"{family} {name}"


def _results(report: Fields) -> Iterator[Fields]:
    if report.value.get("ExperimentalModifiedFindings"):
        raise ToolError("Trivy's report leaves findings out that something told it to ignore.")
    for result in map(Fields, _objects(report.filled("Results", list), "Results")):
        class_ = result.text("Class")
        if class_ not in _CLASSES:
            raise ToolError(
                f"Trivy's report has a sort of result never seen: {class_[:80]!r}.",
                where=result.text("Target")[:200],
                mend="Use a Trivy version of the lock.",
            )
        for name, value in result.value.items():
            if name not in _LISTS and isinstance(value, list) and value:
                raise ToolError(
                    f"Trivy's report has findings of a sort never seen: {name[:80]!r}.",
                    mend="Use a Trivy version of the lock.",
                )
            if name == "ExperimentalModifiedFindings" and value:
                raise ToolError("Trivy's report leaves findings out that something told it to ignore.")
        yield result


def _check_scanners(results: Iterable[Fields], artifact: str, scanners: Collection[str]) -> None:
    """Of the scanners some leave a trace even where they find nothing; without it they did not run."""
    targets = {(result.text("Class"), result.text("Target")) for result in results}
    if "misconfig" in scanners and ("config", artifact) not in targets:
        raise ToolError("Trivy's report does not show that the image's configuration was looked at.")
    if "license" in scanners and not any(class_ == "license" for class_, _ in targets):
        raise ToolError("Trivy's report does not show that licences were looked for.")


def _packages(results: Iterable[Fields], system: str) -> int:
    counts = dict.fromkeys(_PACKAGES, 0)
    for result in results:
        class_ = result.text("Class")
        if class_ in _PACKAGES:
            count = len(result.objects("Packages"))
            if not count and class_ != _SYSTEM_PACKAGES:
                raise ToolError("A result in Trivy's report has no packages.", where=result.text("Target")[:200])
            counts[class_] += count
        _check_packages_of_findings(result)
    if system and not counts[_SYSTEM_PACKAGES]:
        raise ToolError(
            f"Trivy found no package of {system} in the image.",
            mend="Keep the package manager's records (/var/lib/dpkg and the like): without them nothing can be judged.",
        )
    if not system and counts[_SYSTEM_PACKAGES]:
        raise ToolError("Trivy's report has packages of an operating system, but no operating system.")
    if not any(counts.values()):
        raise ToolError(
            "Trivy found no package in the image, of an operating system or otherwise.",
            mend="There is nothing to judge: an image without any known package never passes.",
        )
    return sum(counts.values())


def _check_packages_of_findings(result: Fields) -> None:
    """A vulnerability of a package that is not there means that the list of packages is not whole."""
    vulnerabilities = result.objects("Vulnerabilities")
    if not vulnerabilities:
        return
    known = {trivy_findings.package_key(package, "Name", "Identifier") for package in result.objects("Packages")}
    for item in vulnerabilities:
        if trivy_findings.package_key(item, "PkgName", "PkgIdentifier") not in known:
            raise ToolError(
                "Trivy's report has a vulnerability of a package that it does not list.",
                where=f"{item.get('VulnerabilityID')} of {item.get('PkgName')}"[:200],
                mend="The scan is not whole; run it again.",
            )


def _refuse_contradictions(findings: Iterable[Finding]) -> None:
    said: dict[object, tuple[str, ...]] = {}
    for item in findings:
        key = (item.kind, item.id, item.package, item.version, item.purl, item.type, item.path, item.line)
        claim = (item.severity, item.fixed_version, item.status)
        if said.setdefault(key, claim) != claim:
            raise ToolError(
                "Trivy's report contradicts itself about a finding.",
                where=f"{item.id} of {item.package}: {said[key]} and {claim}"[:500],
                mend="Fetch the vulnerability database again, and scan again.",
            )


def _load(content: bytes) -> dict[str, Any]:
    if not content.strip():
        raise ToolError("Trivy's report is empty.")
    if len(content) > MAX_BYTES:
        raise ToolError(f"Trivy's report has {len(content)} bytes; more than {MAX_BYTES} are not read.")
    try:
        document = strict_json.parse_object(content)
        if _SURROGATE.search(content):
            json.dumps(document, ensure_ascii=False).encode()  # half a character, which no file could hold
    except ValueError as error:
        raise ToolError(f"Trivy's report cannot be read: {str(error)[:500]}.", mend="Scan again.") from error
    return document


def _objects(values: list[Any], name: str) -> list[dict[str, Any]]:
    if not all(isinstance(item, dict) for item in values):
        raise ToolError(f"{name} in Trivy's report is not a list of objects.")
    return values
