"""What to do about findings: per package, the version to upgrade to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from modelseal.vulnerabilities.report import Finding, Severity


@dataclass(frozen=True)
class Remedy:
    """One package to upgrade, or one file to take a secret out of.

    Attributes:
        package: Its name.
        version: As installed; empty for a secret.
        upgrade_to: The lowest version that mends every finding that can be mended; empty when none can.
        unfixed: How many findings it leaves, because nobody has mended them.
        worst: The worst severity.
        ids: The advisories or rules, the worst first.
    """

    package: str
    version: str
    upgrade_to: str
    unfixed: int
    worst: Severity
    ids: tuple[str, ...]


def remedies(findings: Iterable[Finding]) -> tuple[Remedy, ...]:
    """Group findings by the package to upgrade, the worst package first."""
    by_package = sorted(findings, key=lambda item: (item.package, item.version, item.severity.rank, item.id))
    grouped = (tuple(group) for _, group in groupby(by_package, key=lambda item: (item.package, item.version)))
    return tuple(sorted(map(_remedy, grouped), key=lambda item: (item.worst.rank, -len(item.ids), item.package)))


def _remedy(findings: tuple[Finding, ...]) -> Remedy:
    first = findings[0]
    fixes = [fix for finding in findings if (fix := _lowest_fix(finding))]
    return Remedy(
        package=first.package,
        version=first.version,
        upgrade_to=max(fixes, key=_ordered, default=""),
        unfixed=len(findings) - len(fixes),
        worst=first.severity,
        ids=tuple(dict.fromkeys(finding.id for finding in findings)),
    )


def _lowest_fix(finding: Finding) -> str:
    """An advisory lists one fixed version a release line: take the lowest above what is installed."""
    fixes = sorted(filter(None, (fix.strip() for fix in finding.fixed_version.split(","))), key=_ordered)
    above = [fix for fix in fixes if _ordered(fix) > _ordered(finding.version)]
    return (above or fixes or [""])[0]


def _ordered(version: str) -> tuple[tuple[int, str], ...]:
    """Order versions by their numbers: for advice to people only, no verdict rests on it."""
    return tuple(
        (int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"[0-9]+|[a-z]+", version.lower())
    )
