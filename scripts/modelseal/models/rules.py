"""Every rule there is, by its id."""

import functools
import re
from collections.abc import Mapping
from dataclasses import replace

from modelseal.gate.policy import Policy, Waiver
from modelseal.models import folder, reading_rules
from modelseal.models import format as formats
from modelseal.models.rule import Rule

_ADVISORY = re.compile(r"(CVE|GHSA)-")


@functools.cache
def known() -> Mapping[str, Rule]:
    """Return the rules about reading, and those that formats and checks of folders declare, by id."""
    declared = [rule for item in formats.known() for rule in item.rules]
    together = [rule for item in folder.known() for rule in item.rules]
    return {rule.id: rule for rule in (*reading_rules.RULES, *declared, *together)}


def for_images(policy: Policy) -> Policy:
    """Return a policy without the waivers that name a rule about models: no image has use for them."""
    return replace(policy, waivers=tuple(waiver for waiver in policy.waivers if not _is_about_models(waiver)))


def for_models(policy: Policy) -> Policy:
    """Return a policy with no waivers but those that name a rule about models."""
    return replace(policy, waivers=tuple(waiver for waiver in policy.waivers if _is_about_models(waiver)))


def _is_about_models(waiver: Waiver) -> bool:
    if _ADVISORY.match(waiver.id) or waiver.package or waiver.image or waiver.justification:
        return False  # and the formats need not be imported
    return waiver.id in known()
