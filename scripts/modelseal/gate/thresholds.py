"""Which bar a finding has to stay below: its kind's, or that of the first rule that matches it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from modelseal.gate import patterns
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Policy, Rule, Threshold

# A package URL of which the name can be told without taking it apart.
_SIMPLE = re.compile(r"pkg:[^?#@]+/([^/@?#%]+)(?:@[^/@?#]*)?(?:[?#].*)?", re.DOTALL)
_NOT_FOLDED = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True)
class Bar:
    """A threshold, and where in the policy it is from: empty, or ` by the rule in line 12 of FILE`."""

    threshold: Threshold
    where: str = ""

    @cached_property
    def fail_on(self) -> frozenset[Severity]:
        """The severities that fail."""
        return self.threshold.fail_on

    @cached_property
    def ignore_unfixed(self) -> bool:
        """Whether what has no fix passes."""
        return self.threshold.ignore_unfixed

    @cached_property
    def grace_days(self) -> Mapping[Severity, int]:
        """Days since its publication for which a vulnerability of a severity does not fail."""
        return dict(self.threshold.grace_days)

    @cached_property
    def _named(self) -> str:
        return ", ".join(severity for severity in Severity if severity in self.fail_on) or "nothing"

    @cached_property
    def below(self) -> Mapping[Severity, str]:
        """Why a finding of a severity that does not fail does not."""
        return {severity: f"{severity} does not fail: fail-on is {self._named}{self.where}" for severity in Severity}

    @cached_property
    def fails(self) -> Mapping[Severity, str]:
        """Why a finding of a severity that fails does."""
        return {severity: f"{severity} fails: fail-on is {self._named}{self.where}" for severity in Severity}

    @cached_property
    def unfixed(self) -> str:
        """Why one without a fix passes."""
        return f"no version fixes it yet, and ignore-unfixed is true{self.where}"


class Bars:
    """All the bars of a policy. What has been matched once is remembered: findings come in thousands."""

    def __init__(self, policy: Policy) -> None:
        self.source = policy.source
        where = f" in {policy.source}" if policy.source else ""
        self._kinds = {kind: Bar(threshold, where) for kind, threshold in policy.thresholds}
        usual = self._kinds[Kind.VULNERABILITY].threshold
        self._rules = tuple(_Matcher(rule, Bar(_changed(usual, rule), _line(rule, policy))) for rule in policy.rules)
        self._found: dict[tuple[str, str, str], Bar | None] = {}
        self._candidates: dict[str, tuple[_Matcher, ...]] = {}

    def of(self, finding: Finding) -> Bar:
        """Return the bar for a finding that is not a licence.

        Raises:
            KeyError: The policy has no threshold for its kind.
        """
        if finding.kind is not Kind.VULNERABILITY or not self._rules:
            return self._kinds[finding.kind]
        asked = (finding.type, finding.path, finding.purl)
        if asked not in self._found:
            rules = self._for_package(finding.purl)
            self._found[asked] = next((rule.bar for rule in rules if rule.matches(*asked)), None)
        return self._found[asked] or self._kinds[finding.kind]

    def _for_package(self, purl: str) -> "tuple[_Matcher, ...]":
        """Return the rules that may match a package, in their order: all of them where its name is not plain to see."""
        simple = _SIMPLE.fullmatch(purl)
        if simple is None:
            return self._rules
        name = _folded(simple[1])
        if name not in self._candidates:
            self._candidates[name] = tuple(rule for rule in self._rules if not rule.names or name in rule.names)
        return self._candidates[name]


class _Matcher:
    """A rule, with what it has been asked already: packages share paths, and findings share packages.

    Attributes:
        names: What the packages are called that it can match; empty for any.
    """

    def __init__(self, rule: Rule, bar: Bar) -> None:
        self.bar = bar
        self._rule = rule
        names = {patterns.compile_purl(pattern).name for pattern in rule.packages}
        self.names = frozenset() if "" in names else frozenset(map(_folded, names))
        self._paths: dict[str, bool] = {}
        self._packages: dict[str, bool] = {}

    def matches(self, type_: str, path: str, purl: str) -> bool:
        rule = self._rule
        if rule.types and type_ not in rule.types:
            return False
        if rule.paths:
            if path not in self._paths:
                self._paths[path] = any(patterns.matches_path(pattern, path) for pattern in rule.paths)
            if not self._paths[path]:
                return False
        if rule.packages:
            if purl not in self._packages:
                self._packages[purl] = any(patterns.matches_purl(pattern, purl) for pattern in rule.packages)
            return self._packages[purl]
        return True


def _folded(name: str) -> str:
    """Leave out all in which names may differ that a package URL makes the same."""
    return _NOT_FOLDED.sub("", name.lower())


def _changed(usual: Threshold, rule: Rule) -> Threshold:
    return Threshold(
        fail_on=usual.fail_on if rule.fail_on is None else rule.fail_on,
        ignore_unfixed=usual.ignore_unfixed if rule.ignore_unfixed is None else rule.ignore_unfixed,
        grace_days=usual.grace_days if rule.grace_days is None else rule.grace_days,
    )


def _line(rule: Rule, policy: Policy) -> str:
    place = f" in line {rule.line}" if rule.line else ""
    return f" by the rule{place} of {policy.source}" if policy.source else f" by the rule{place}"
