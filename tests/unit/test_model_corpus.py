"""Every model file of the corpus: what attacks is found, what does not attack is left alone."""

from collections import Counter

import pytest

from assets.models import case
from assets.models.case import Case
from modelseal.gate.finding import Severity
from modelseal.models import folder, walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content

CASES = tuple(case.every())


def severities(case: Case) -> tuple[set[Severity], set[str]]:
    """Scan the files of a case, each on its own, then together; return how bad what was found is, and the rules."""
    reports = {name: walking.inspect(Content(content), name, Budget()) for name, content in case.files.items()}
    found = [placed.found for report in folder.together(reports).values() for placed in report.findings]
    return {item.severity or item.rule.severity for item in found}, {item.rule.id for item in found}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case_is_judged_as_expected(case: Case) -> None:
    found, rules = severities(case)
    judged = "benign"
    if found & {Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM}:
        judged = "malicious"
    elif Severity.UNKNOWN in found:
        judged = "unknown"
    assert judged == case.expected, (case.why, sorted(rules))
    assert case.rules <= rules, case.why


def test_every_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
