"""What to do about findings: per package, the version to upgrade to."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from modelseal.vulnerabilities.report import Finding, Severity, worst_first

_BEFORE_A_RELEASE = frozenset({"~", "dev", "a", "alpha", "b", "beta", "c", "pre", "preview", "rc"})


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
    by_package = sorted(findings, key=lambda item: (*_package(item), worst_first(item)))
    grouped = (tuple(group) for _, group in groupby(by_package, key=_package))
    return tuple(sorted(map(_remedy, grouped), key=lambda item: (item.worst.rank, -len(item.ids), item.package)))


def _package(finding: Finding) -> tuple[str, str, str]:
    return (finding.type, finding.package, finding.version)


def _remedy(findings: tuple[Finding, ...]) -> Remedy:
    first = findings[0]
    fixes = tuple(fixed for finding in findings if (fixed := _fixes(finding)))
    return Remedy(
        package=first.package,
        version=first.version,
        upgrade_to=_upgrade(first.version, fixes),
        unfixed=len(findings) - len(fixes),
        worst=first.severity,
        ids=tuple(dict.fromkeys(finding.id for finding in findings)),
    )


def _fixes(finding: Finding) -> tuple[str, ...]:
    return tuple(sorted(filter(None, (fix.strip() for fix in finding.fixed_version.split(","))), key=_ordered))


def _upgrade(installed: str, fixes: Sequence[tuple[str, ...]]) -> str:
    """Choose the lowest version that mends all; `fixes` has for each finding its fixed versions, the lowest first.

    An advisory lists a fixed version for each release line: 4.2.9 and 5.0.3 means that 5.0.2 is still bad.
    """
    above = [[fix for fix in listed if _ordered(fix) > _ordered(installed)] or [listed[-1]] for listed in fixes]
    chosen = max((listed[0] for listed in above), key=_ordered, default="")
    for fix in sorted({fix for listed in above for fix in listed}, key=_ordered):
        if _ordered(fix) > _ordered(chosen) and _line(fix) == _line(chosen):
            chosen = fix
    return chosen


def _line(version: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[0-9]+", version)[:2])


def _ordered(version: str) -> tuple[tuple[int, int, str], ...]:
    """Order versions by their numbers, and 1.0rc1 before 1.0: for advice to people only, no verdict rests on it."""
    parts = (_part(part) for part in re.findall(r"[0-9]+|[a-z]+|~", version.lower()))
    return (*parts, (0, 0, ""))


def _part(part: str) -> tuple[int, int, str]:
    if part.isdigit():
        digits = part.lstrip("0")
        return (2, len(digits), digits)  # not as a number: Python refuses to read one of 5,000 digits
    return (-1 if part in _BEFORE_A_RELEASE else 1, 0, part)
