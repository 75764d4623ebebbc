"""A rule explained to people at a terminal."""

import difflib
import textwrap

from modelseal.errors import InputError
from modelseal.gate.finding import Severity
from modelseal.models import findings, rules
from modelseal.models.rule import Rule

_WIDTH = 100
_UNSURE = "UNKNOWN: it may be harmless, and nobody can tell"


def of(identity: str) -> str:
    """Return what a rule is about, what would happen, and what to do.

    Raises:
        InputError: There is no such rule.
    """
    known = rules.known()
    if identity not in known:
        near = " or ".join(difflib.get_close_matches(identity[:100].lower(), known, 3))
        raise InputError(
            f"There is no rule {identity[:100]!r}.",
            where="command line",
            mend=f"Did you mean {near}?" if near else "Copy its id from the report; docs/rules.md has all.",
        )
    return _text(known[identity])


def _text(rule: Rule) -> str:
    severity = _UNSURE if rule.severity is Severity.UNKNOWN else rule.severity
    facts = [
        ("Severity", severity),
        ("ATLAS", ", ".join(rule.atlas)),
        ("CWE", ", ".join(rule.cwe)),
        ("See", "\n".join((findings.page(rule), *rule.references))),
    ]
    lines = [f"{rule.id}: {rule.title}", ""]
    for title, text in (("What happens", rule.happens), ("What to do", rule.remedy)):
        lines += [title, *textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  "), ""]
    for name, value in facts:
        first, *others = value.split("\n")
        lines += [f"{name}:".ljust(10) + first, *(" " * 10 + other for other in others)] if value else []
    return "\n".join(lines) + "\n"
