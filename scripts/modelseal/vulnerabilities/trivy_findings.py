"""What Trivy found, item by item, in the gate's own words.

The formats: https://github.com/aquasecurity/trivy/tree/v0.74.0/pkg/types (vulnerability, misconfiguration, license)
and https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/fanal/types/secret.go
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from modelseal.errors import ToolError
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.vulnerabilities.trivy_fields import Fields

_TITLE_LENGTH = 300
_DESCRIPTION_LENGTH = 1000
_SCORES = ("V3Score", "V40Score")  # as Trivy itself prefers them
_OTHER_SOURCES = ("nvd", "ghsa", "redhat")
_MAX_SCORE = 10
_FAILED = "FAIL"
_STATUSES = {_FAILED, "PASS"}
_NO_DATE = "0001-01-01T00:00:00Z"  # how Go writes that there is none
_SEVERITIES = {severity.value: severity for severity in Severity}

Packages = Mapping[tuple[str, str], tuple[str, str]]
"""For a package's name and file its version and URL."""


@dataclass(frozen=True)
class Source:
    """What findings are called by that are not of a file of their own.

    Attributes:
        system: Operating system and release, `debian 12.15`.
        platform: Of the image.
        artifact: What Trivy calls the image: the archive's path, of which a verdict must not depend.
        configuration: What findings in the image's configuration are called by.
    """

    system: str
    platform: str
    artifact: str
    configuration: str

    def path(self, target: str) -> str:
        """Return where something was found, from what Trivy calls it."""
        return self.configuration if target == self.artifact else target


def read(results: Iterable[Fields], source: Source) -> Iterator[Finding]:
    """Return every finding of every result, passed checks left out.

    Raises:
        ToolError: One of them cannot be read, or has a severity or a status never seen.
    """
    results = tuple(results)
    packages = _packages(results)
    for result in results:
        target, type_ = result.text("Target"), result.text("Type")
        path = source.system if result.text("Class") == "os-pkgs" else source.path(target)
        for item in result.objects("Vulnerabilities"):
            yield _vulnerability(Fields(item), path, type_, source.platform)
        for item in result.objects("Secrets"):
            yield _secret(Fields(item), path, source.platform)
        for item in result.objects("Misconfigurations"):
            fields = Fields(item)
            if _failed(fields):
                yield _misconfiguration(fields, path, type_, source.platform)
        for item in result.objects("Licenses"):
            yield _license(Fields(item), target, source, packages)


def package_key(item: dict[str, Any], name: str, identifier: str) -> tuple[str, str]:
    """Return what a package and a vulnerability of it have in common: the name, and Trivy's own id of the package.

    Raises:
        ToolError: One of them is not a text.
    """
    fields = Fields(item)
    return fields.text(name), fields.object(identifier).text("UID")


def _vulnerability(item: Fields, path: str, type_: str, platform: str) -> Finding:
    return Finding(
        kind=Kind.VULNERABILITY,
        id=item.required("VulnerabilityID"),
        severity=_severity(item),
        package=item.required("PkgName"),
        version=item.required("InstalledVersion"),
        purl=item.object("PkgIdentifier").text("PURL"),
        type=type_,
        path=item.text("PkgPath") or path,
        fixed_version=item.text("FixedVersion"),
        status=item.text("Status"),
        title=_title(item.text("Title") or item.text("Description")),
        description=item.text("Description")[:_DESCRIPTION_LENGTH],
        url=item.text("PrimaryURL"),
        aliases=item.texts("VendorIDs"),
        published=_date(item),
        score=_score(item),
        weaknesses=item.texts("CweIDs"),
        platform=platform,
        layer=item.object("Layer").text("DiffID"),
    )


def _secret(item: Fields, path: str, platform: str) -> Finding:
    return Finding(
        kind=Kind.SECRET,
        id=item.required("RuleID"),
        severity=_severity(item),
        package=path,
        type="secret",
        path=path,
        line=item.number("StartLine"),
        title=_title(item.text("Title")),
        mend="Remove it from every layer, for instance by a build secret, and revoke it: who has the image has it.",
        platform=platform,
        layer=item.object("Layer").text("DiffID"),
    )


def _misconfiguration(item: Fields, path: str, type_: str, platform: str) -> Finding:
    message, description = item.text("Message"), item.text("Description")
    return Finding(
        kind=Kind.MISCONFIGURATION,
        id=item.required("ID"),
        severity=_severity(item),
        package=path,
        type=type_,
        path=path,
        line=item.object("CauseMetadata").number("StartLine"),
        title=_title(item.text("Title") or message),
        description="\n".join(text for text in (message, description) if text)[:_DESCRIPTION_LENGTH],
        mend=item.text("Resolution"),
        url=item.text("PrimaryURL"),
        platform=platform,
        layer=item.object("Layer").text("DiffID"),
    )


def _license(item: Fields, target: str, source: Source, packages: Packages) -> Finding:
    package, file = item.text("PkgName"), item.text("FilePath")
    version, purl = packages.get((package, file), ("", ""))
    system = target == "OS Packages"
    path = file or (source.system if system else target)
    return Finding(
        kind=Kind.LICENSE,
        id=item.required("Name"),
        severity=_severity(item),
        package=package or path,
        version=version,
        purl=purl,
        type=source.system.partition(" ")[0] if system else target,
        path=path,
        title=_title(item.text("Category")),
        url=item.text("Link"),
        platform=source.platform,
    )


def _packages(results: Iterable[Fields]) -> Packages:
    """Licences name their package only; where that is one package of the image, it has a version and a URL."""
    known: dict[tuple[str, str], tuple[str, str]] = {}
    for result in results:
        for package in map(Fields, result.objects("Packages")):
            purl = package.object("Identifier").text("PURL")
            key = package.text("Name"), package.text("FilePath")
            if known.setdefault(key, (package.text("Version"), purl))[1] != purl:
                known[key] = ("", "")
    return known


def _failed(item: Fields) -> bool:
    status = item.required("Status")
    if status not in _STATUSES:
        raise ToolError(
            f"Trivy's report has a check with a status never seen: {status[:80]!r}.",
            where=item.text("ID")[:80],
            mend="Use a Trivy version of the lock.",
        )
    return status == _FAILED


def _severity(item: Fields) -> Severity:
    text = item.required("Severity")
    if text not in _SEVERITIES:
        raise ToolError(
            f"Trivy's report has a severity never seen: {text[:80]!r}.", mend="Use a Trivy version of the lock."
        )
    return _SEVERITIES[text]


def _score(item: Fields) -> float | None:
    """Return the score of who rated it, else of another who did."""
    first, ratings = item.text("SeveritySource"), item.object("CVSS")
    if not ratings.value:
        return None
    for source in dict.fromkeys((first, *_OTHER_SOURCES)):
        rating = ratings.object(source)
        for name in _SCORES:
            score = rating.value.get(name)
            if score is None:
                continue
            if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= _MAX_SCORE:
                raise rating.wrong(name, "a CVSS score")
            if score:
                return float(score)
    return None


def _date(item: Fields) -> datetime | None:
    text = item.text("PublishedDate")
    if not text or text == _NO_DATE:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise item.wrong("PublishedDate", "a date with a time zone")


def _title(text: str) -> str:
    return text.split("\n", maxsplit=1)[0][:_TITLE_LENGTH]
