"""How a verdict document writes down the policy that it was judged by, and which of its waivers counted."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.model_policy import ModelRule
from modelseal.gate.policy import Policy, Rule, Threshold, Waiver
from modelseal.gate.result import Judgement


def moment(time: datetime) -> str:
    """Write a time in UTC, to the second."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def of_policy(policy: Policy) -> dict[str, Any]:
    """Return a policy without its waivers; lists of which the order means nothing are sorted."""
    return {
        "source": policy.source,
        "sha256": policy.sha256,
        "thresholds": {kind: _threshold(threshold) for kind, threshold in policy.thresholds},
        "rules": [_rule(rule) for rule in policy.rules],
        "licenses": {"denied": sorted(policy.licenses.denied), "allowed": sorted(policy.licenses.allowed)},
        "fail_on_new_only": policy.fail_on_new_only,
        "unreadable": sorted(policy.unreadable),
        "without_system": policy.without_system,
    }


def of_models(policy: Policy) -> dict[str, Any]:
    """Return what a policy says of models, without its waivers."""
    models = policy.models
    return {
        "source": policy.source,
        "sha256": policy.sha256,
        "fail_on": _worst_first(models.fail_on),
        "unknown_fails": models.unknown_fails,
        "unread_fails": models.unread_fails,
        "allowed_globals": sorted(models.allowed_globals),
        "allowed_formats": sorted(models.allowed_formats),
        "denied_formats": sorted(models.denied_formats),
        "rules": [_model_rule(rule) for rule in models.rules],
    }


def _model_rule(rule: ModelRule) -> dict[str, Any]:
    return {
        "paths": sorted(rule.paths),
        "fail_on": None if rule.fail_on is None else _worst_first(rule.fail_on),
        "unknown_fails": rule.unknown_fails,
        "unread_fails": rule.unread_fails,
        "allowed_formats": sorted(rule.allowed_formats),
        "denied_formats": sorted(rule.denied_formats),
        "line": rule.line,
    }


def _threshold(threshold: Threshold) -> dict[str, Any]:
    return {
        "fail_on": _worst_first(threshold.fail_on),
        "ignore_unfixed": threshold.ignore_unfixed,
        "grace_days": dict(sorted(threshold.grace_days, key=lambda item: item[0].rank)),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "types": sorted(rule.types),
        "paths": sorted(rule.paths),
        "packages": sorted(rule.packages),
        "fail_on": None if rule.fail_on is None else _worst_first(rule.fail_on),
        "ignore_unfixed": rule.ignore_unfixed,
        "grace_days": None if rule.grace_days is None else dict(sorted(rule.grace_days, key=lambda item: item[0].rank)),
        "line": rule.line,
    }


def of_waivers(policy: Policy, judgement: Judgement) -> dict[str, Any]:
    """Return the waivers by what became of them."""
    idle = {*judgement.expired, *judgement.unused}
    used = sorted(
        (waiver for waiver in dict.fromkeys(policy.waivers) if waiver not in idle),
        key=lambda waiver: (-waiver.expires.toordinal(), repr(waiver)),
    )
    return {
        "used": [of_waiver(waiver) for waiver in used],
        "expired": [of_waiver(waiver) for waiver in judgement.expired],
        "unused": [of_waiver(waiver) for waiver in judgement.unused],
    }


def of_waiver(waiver: Waiver) -> dict[str, Any]:
    """Return one waiver."""
    return {
        "id": waiver.id, "package": waiver.package, "path": waiver.path, "image": waiver.image,
        "expires": waiver.expires.isoformat(), "reason": waiver.reason, "owner": waiver.owner,
        "justification": waiver.justification, "line": waiver.line,
    }  # fmt: skip


def _worst_first(severities: Iterable[Severity]) -> list[Severity]:
    return sorted(severities, key=lambda severity: severity.rank)
