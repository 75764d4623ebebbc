"""Every rule there is, by its id."""

import functools
from collections.abc import Mapping

from modelseal.models import format as formats
from modelseal.models import reading_rules
from modelseal.models.rule import Rule


@functools.cache
def known() -> Mapping[str, Rule]:
    """Return the rules about reading, and those that formats declare, by id."""
    declared = [rule for item in formats.known() for rule in item.rules]
    return {rule.id: rule for rule in (*reading_rules.RULES, *declared)}
