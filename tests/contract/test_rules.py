"""The rules about model files: declared once, each explained, and what documents say of them is so."""

import re
from collections import defaultdict

import pytest

import declarations
import policy_reference
import rules_reference
from modelseal.gate import policy_file
from modelseal.models import explanation, reading_rules, rules
from modelseal.models import format as formats
from modelseal.models.rule import Rule

RULES = tuple(rules.known().values())
# MITRE ATLAS, https://github.com/mitre-atlas/atlas-data: no rule names a technique but these, read there.
TECHNIQUES = {
    "AML.T0010.001": "AI Supply Chain Compromise: AI Software",
    "AML.T0010.002": "AI Supply Chain Compromise: Data",
    "AML.T0010.003": "AI Supply Chain Compromise: Model",
    "AML.T0011": "User Execution",
    "AML.T0011.000": "User Execution: Unsafe AI Artifacts",
    "AML.T0011.001": "User Execution: Malicious Package",
    "AML.T0018": "Manipulate AI Model",
    "AML.T0029": "Denial of AI Service",
    "AML.T0037": "Data from Local System",
    "AML.T0051.001": "LLM Prompt Injection: Indirect",
    "AML.T0074": "Masquerading",
    "AML.T0077": "LLM Response Rendering",
}
PAGE = rules_reference.PAGE.read_text(encoding="utf-8") if rules_reference.PAGE.exists() else ""


def test_the_page_of_rules_is_what_the_modules_declare() -> None:
    assert rules_reference.page() == PAGE, "run `make format`"


def test_an_id_is_one_rule_s() -> None:
    declared: dict[str, set[Rule]] = defaultdict(set)
    for rule in (*reading_rules.RULES, *(rule for item in formats.known() for rule in item.rules)):
        declared[rule.id].add(rule)
    assert {identity for identity, found in declared.items() if len(found) > 1} == set()


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_a_rule_says_what_it_is_about_what_happens_and_what_to_do(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    assert rule.title[0].isupper() or not rule.title[0].isalpha()
    assert not rule.title.endswith(".")
    assert rule.happens.endswith((".", "`"))
    assert rule.remedy.endswith((".", "`"))
    assert rule.atlas
    assert rule.cwe
    assert set(rule.atlas) <= set(TECHNIQUES)
    assert all(re.fullmatch(r"CWE-[1-9]\d{0,3}", name) for name in rule.cwe), rule.cwe
    assert all(re.fullmatch(r"CVE-\d{4}-\d{4,}|https://\S+", name) for name in rule.references), rule.references
    for named in (rule.atlas, rule.cwe, rule.references):
        assert len(set(named)) == len(named)
    assert f"\n### {rule.id}\n" in PAGE
    assert explanation.of(rule.id).startswith(f"{rule.id}: ")


def test_formats_and_rules_that_the_policy_s_page_names_are_there() -> None:
    page = policy_reference.PAGE.read_text(encoding="utf-8")
    example = policy_reference.examples(page)["models"]
    policy = policy_file.parse(example.encode(), "docs/policy.md", today=policy_reference.TODAY)
    assert {name for name, _ in policy.models.named_formats} <= {item.name for item in formats.known()}
    assert {waiver.id for waiver in policy.waivers} <= set(rules.known())


def test_rules_that_documents_name_are_there() -> None:
    for path in declarations.ROOT.glob("docs/*.md"):
        for name in re.findall(r"--explain ([a-z][a-z-]+)", path.read_text(encoding="utf-8")):
            assert name in rules.known(), path
