"""What to do about findings: per package the version to upgrade to, per file what to take out of it or change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.report import versions

_ECOSYSTEMS = {"debian": "deb", "ubuntu": "deb", "alpine": "apk", "wolfi": "apk", "chainguard": "apk", "redhat": "rpm"}
_TRIED = 50  # versions; what an advisory lists has an order, and what has none is nobody's advice
_Fixes = tuple[str, ...]


@dataclass(frozen=True)
class Remedy:
    """One package to upgrade, or one file to mend.

    Attributes:
        kind: Of its findings.
        type: Of the package or file, as the scanner names it.
        package: Its name; the path for a secret or a misconfiguration.
        versions: As installed, one or more, for which the advice is the same; none for what has no version.
        upgrade_to: The lowest version that mends every finding that can be mended; empty when none can.
        nearby: The version of the same major release that mends the most, where `upgrade_to` is of another one.
        nearby_left: The ids that `nearby` leaves.
        findings: What it is about, the worst first.
        left: The ids of findings that `upgrade_to` leaves, because nobody has mended them, the worst first.
    """

    kind: Kind
    type: str
    package: str
    versions: tuple[str, ...]
    upgrade_to: str
    nearby: str
    nearby_left: tuple[str, ...]
    findings: tuple[Finding, ...]
    left: tuple[str, ...]

    @property
    def version(self) -> str:
        """The installed versions, between commas."""
        return ", ".join(self.versions)

    @property
    def worst(self) -> Severity:
        """The worst severity."""
        return self.findings[0].severity

    @property
    def ids(self) -> tuple[str, ...]:
        """The advisories or rules, the worst first, each once."""
        return _each_once(finding.id for finding in self.findings)

    @property
    def mended(self) -> int:
        """How many advisories `upgrade_to` mends."""
        return len(self.ids) - len(self.left)

    @property
    def unfixed(self) -> int:
        """How many advisories it leaves."""
        return len(self.left)

    @property
    def places(self) -> tuple[str, ...]:
        """Where it was found, in order."""
        return tuple(sorted({finding.place for finding in self.findings} - {""}))

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms that have it, in order; none for an image of a single one."""
        return tuple(sorted({finding.platform for finding in self.findings} - {""}))


def remedies(findings: Iterable[Finding]) -> tuple[Remedy, ...]:
    """Group findings by the package to upgrade or the file to mend, the worst first.

    Places and platforms of one package are together, and so are its versions where the advice is the same.
    """
    by_package = sorted(findings, key=lambda item: (*_package(item), *_worst_first(item)))
    each = (_remedy(tuple(group)) for _, group in groupby(by_package, key=_package))
    same = (_together(tuple(group)) for _, group in groupby(sorted(each, key=_advised), key=_advised))
    return tuple(sorted(same, key=lambda item: (item.worst.rank, -len(item.ids), item.package, _advised(item))))


def advice(remedy: Remedy) -> str:
    """Say what to do, as a clause: `upgrade to 2.0, which mends 3 of 4`. It repeats texts from outside as they are."""
    if remedy.kind is Kind.SECRET:
        return "revoke the secret, and take it out of the image and of the layers below"
    if remedy.kind is Kind.LICENSE:
        return "replace the package, or allow the licence in the policy"
    if remedy.kind is Kind.MISCONFIGURATION:
        return remedy.findings[0].mend or "change the file as the rule says"
    if remedy.kind is Kind.MODEL:
        return remedy.findings[0].mend.rstrip(".") or "write the model anew with the framework that made it"
    if not remedy.upgrade_to:
        return "there is no fixed version yet"
    return f"upgrade to {remedy.upgrade_to}{effect(remedy)}"


def effect(remedy: Remedy) -> str:
    """Say what the upgrade mends and what remains, as a clause that follows it; nothing for a single finding."""
    if remedy.left:
        remains = "1 has" if len(remedy.left) == 1 else f"{len(remedy.left):,} have"
        return f", which mends {remedy.mended:,} of {len(remedy.ids):,}; {remains} no fixed version yet"
    return f", which mends all {len(remedy.ids):,}" if len(remedy.ids) > 1 else ""


def fixed_versions(finding: Finding) -> tuple[str, ...]:
    """Return the versions that mend a finding, the lowest first."""
    ecosystem = _ecosystem(finding)
    listed = {fix.strip() for fix in finding.fixed_version.split(",")} - {""}
    return tuple(sorted(listed, key=lambda fix: (versions.key(fix, ecosystem), fix)))


def _package(finding: Finding) -> tuple[str, str, str, str]:
    return (finding.kind, finding.type, finding.package, finding.version)


def _worst_first(finding: Finding) -> tuple[int, str, str, str, str]:
    return (finding.severity.rank, finding.id, finding.version, finding.place, finding.platform)


def _advised(remedy: Remedy) -> tuple[str, ...]:
    return (remedy.kind, remedy.type, remedy.package, remedy.upgrade_to, remedy.nearby)


def _each_once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _together(same: Sequence[Remedy]) -> Remedy:
    return replace(
        same[0],
        versions=_each_once(version for remedy in same for version in remedy.versions),
        nearby_left=_each_once(id_ for remedy in same for id_ in remedy.nearby_left),
        findings=tuple(sorted((item for remedy in same for item in remedy.findings), key=_worst_first)),
        left=_each_once(id_ for remedy in same for id_ in remedy.left),
    )


def _remedy(findings: tuple[Finding, ...]) -> Remedy:
    first = findings[0]
    ecosystem = _ecosystem(first)
    above = [_above(finding, ecosystem) for finding in findings]
    upgrade_to = _lowest_that_mends_all(set(filter(None, above)), ecosystem)
    nearby = _nearby(first.version, upgrade_to, set(above), ecosystem)
    return Remedy(
        kind=first.kind,
        type=first.type,
        package=first.package,
        versions=(first.version,) if first.version else (),
        upgrade_to=upgrade_to,
        nearby=nearby,
        nearby_left=_left(findings, above, nearby, ecosystem) if nearby else (),
        findings=findings,
        left=_left(findings, above, upgrade_to, ecosystem),
    )


def _ecosystem(finding: Finding) -> str:
    if finding.purl.startswith("pkg:"):
        return finding.purl[4:].partition("/")[0]
    return _ECOSYSTEMS.get(finding.type, "")


def _above(finding: Finding, ecosystem: str) -> _Fixes:
    """Return the versions above the installed one that mend a finding, the lowest first, else the highest below.

    An advisory lists one for each release line: 4.2.9 and 5.0.3 means that 5.0.2 is still bad.
    """
    fixes = fixed_versions(finding)
    installed = versions.key(finding.version, ecosystem)
    return tuple(fix for fix in fixes if versions.key(fix, ecosystem) > installed) or fixes[-1:]


def _mends(version: str, fixes: _Fixes, ecosystem: str) -> bool:
    """Tell whether a version surely mends: it is not below the last fix, or not below one in its own release line."""
    order = versions.key(version, ecosystem)
    if not fixes or version in fixes:
        return bool(fixes)
    if order >= versions.key(fixes[-1], ecosystem):
        return True
    numbers = versions.numbers(version)
    return any(
        order >= versions.key(fix, ecosystem) and numbers[: len(line)] == line
        for fix, line in ((fix, versions.line(fix)) for fix in fixes)
    )


def _lowest_that_mends_all(above: set[_Fixes], ecosystem: str) -> str:
    """Choose among the fixes themselves, releases before previews of them. The highest of all always mends all."""
    if not above:
        return ""
    bound = max(versions.key(fixes[0], ecosystem) for fixes in above)
    candidates = _candidates(above, ecosystem)
    high = [fix for fix in candidates if versions.key(fix, ecosystem) >= bound]
    releases = [fix for fix in high if versions.is_release(fix, ecosystem)]
    for fix in (*releases[:_TRIED], *high[:_TRIED]):
        if all(_mends(fix, fixes, ecosystem) for fixes in above):
            return fix
    return candidates[-1]


def _nearby(installed: str, upgrade_to: str, above: set[_Fixes], ecosystem: str) -> str:
    major = versions.numbers(installed)[:1]
    if not major or versions.numbers(upgrade_to)[:1] in ((), major):
        return ""
    order = versions.key(installed, ecosystem)
    return next(
        (
            fix
            for fix in reversed(_candidates(above, ecosystem))
            if versions.numbers(fix)[:1] == major
            and versions.is_release(fix, ecosystem)
            and versions.key(fix, ecosystem) > order
        ),
        "",
    )


def _candidates(above: set[_Fixes], ecosystem: str) -> list[str]:
    return sorted({fix for fixes in above for fix in fixes}, key=lambda fix: (versions.key(fix, ecosystem), fix))


def _left(findings: Sequence[Finding], above: Sequence[_Fixes], version: str, ecosystem: str) -> tuple[str, ...]:
    known = {fixes: bool(version) and _mends(version, fixes, ecosystem) for fixes in set(above)}
    return _each_once(finding.id for finding, fixes in zip(findings, above, strict=True) if not known[fixes])
