"""What becomes of what was found in a model file, by its own terms in the policy."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from modelseal.gate import patterns
from modelseal.gate.finding import Finding, Severity
from modelseal.gate.model_policy import DENIED, UNREAD, Models
from modelseal.gate.policy import Policy
from modelseal.gate.result import Decision


@dataclass(frozen=True)
class Terms:
    """What holds for a file, and where in the policy that is from: ` in FILE`, ` by the rule in line 12 of FILE`."""

    models: Models
    where: str

    def refused_format(self, own: Collection[str], packed: Iterable[str] = ()) -> str:
        """Say why a file may not be what it is, as a clause; nothing where it may.

        Args:
            own: The file's own format, several where it is ambiguous, none where nobody knows it.
            packed: The formats of what is packed in it.
        """
        denied = [name for name in (*own, *packed) if name in self.models.denied_formats]
        if denied:
            return f"{denied[0]} is denied{self.where}"
        allowed = self.models.allowed_formats
        if allowed and (not own or not set(own) <= set(allowed)):
            return f"only {', '.join(sorted(allowed))} may be here{self.where}"
        return ""


class ModelBars:
    """The terms of a policy for model files. What has been matched once is remembered."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._allowed = frozenset(policy.models.allowed_globals)
        self._usual = Terms(policy.models, f" in {policy.source}" if policy.source else "")
        self._found: dict[tuple[str, ...], Terms] = {}

    def of(self, paths: tuple[str, ...]) -> Terms:
        """Return the terms for a file, by its paths: that of the report and that of the repository."""
        if paths not in self._found:
            self._found[paths] = self._by_rule(paths)
        return self._found[paths]

    def decide(self, finding: Finding) -> tuple[Decision, str]:
        """Return what becomes of a finding, and why."""
        terms = self.of(finding.file_paths)
        models, where = terms.models, terms.where
        if finding.status == DENIED:
            return Decision.FAILS, finding.description
        if finding.severity is not Severity.UNKNOWN:
            named = ", ".join(severity for severity in Severity if severity in models.fail_on)
            if finding.severity in models.fail_on:
                return Decision.FAILS, f"{finding.severity} fails: models.fail-on is {named}{where}"
            return Decision.BELOW, f"{finding.severity} does not fail: models.fail-on is {named}{where}"
        if finding.status != UNREAD and finding.subject in self._allowed:
            return Decision.ALLOWED, f"models.allowed-globals names it in {self._policy.source}"
        unread = finding.status == UNREAD
        what, key = ("what could not be read", "unread") if unread else ("what nobody has vetted", "unknown")
        if models.unread_fails if unread else models.unknown_fails:
            return Decision.FAILS, f"{what} fails: models.{key} is fail{where}"
        return Decision.WARNS, f"{what} does not fail: models.{key} is warn{where}"

    def _by_rule(self, paths: tuple[str, ...]) -> Terms:
        for rule in self._policy.models.rules:
            if any(patterns.matches_path(pattern, path) for pattern in rule.paths for path in paths):
                given = {
                    "fail_on": rule.fail_on, "unknown_fails": rule.unknown_fails, "unread_fails": rule.unread_fails,
                    "allowed_formats": rule.allowed_formats or None, "denied_formats": rule.denied_formats or None,
                }  # fmt: skip
                changed = {name: value for name, value in given.items() if value is not None}
                place = f" in line {rule.line} of {self._policy.source}" if rule.line else ""
                return Terms(replace(self._policy.models, **changed), f" by the rule{place}")  # type: ignore[arg-type]
        return self._usual
