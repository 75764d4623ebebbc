"""Chains, prompts and agents of LangChain, and templates of Haystack.

What it makes of them: https://python.langchain.com/docs/how_to/serialization/, and of prompts in Jinja:
https://github.com/langchain-ai/langchain/blob/langchain-core%3D%3D1.0.0/libs/core/langchain_core/prompts/string.py
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.rule import Rule
from modelseal.models.templates.chat import judge as judge_template

RUNS = Rule(
    id="langchain-runs-code",
    title="A chain or agent that runs code or commands",
    severity=Severity.HIGH,
    happens="Loading the file makes an object that runs what a language model answers, or that has its safeguards off.",
    remedy="Remove the entry. Make such tools in the program that needs them, within a sandbox.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502", "CWE-94", "CWE-1188"),
    references=("CVE-2023-29374", "CVE-2023-36258", "CVE-2025-68664"),
)
_RUNNING = re.compile(r"(?i).*(?:shell|bash|terminal|subprocess|python_?a?_?repl|pythonexec|codeexec).*")
_CHAINS = frozenset({"llm_bash_chain", "pal_chain", "llm_math_chain"})
_ALLOWS = re.compile(r"allow_dangerous_(?:deserialization|requests|code|tools)|dangerously_\w+|allow_unsafe_\w+")


def judge(node: Mapping[str, Any], budget: Budget) -> Iterator[Event]:
    """Judge an object: what it makes, what it allows, and prompts that are templates."""
    place = node.get("id")
    if node.get("lc") == 1 and node.get("type") == "constructor" and isinstance(place, list):
        name = ".".join(str(item) for item in place[:20])[:300]
        if _RUNNING.fullmatch(name) or str(next(iter(place), "")).partition("_")[0].lower() != "langchain":
            yield Found(RUNS, f"{short(name)} is made of it", subject=name[:200])
    if isinstance(kind := node.get("_type"), str) and kind in _CHAINS:
        yield Found(RUNS, f"it is a {kind}, which evaluates what a language model answers", subject=kind)
    for key, value in node.items():
        if value is True and _ALLOWS.fullmatch(str(key)):
            yield Found(RUNS, f"{short(key)} is true in it", subject=str(key)[:200])
    unsafe = node.get("unsafe") is True and isinstance(node.get("template"), str)
    if unsafe:
        yield Found(RUNS, "its template is rendered without a sandbox", subject="unsafe")
    if unsafe or node.get("template_format") == "jinja2":
        for text in node.values():
            if isinstance(text, str) and ("{{" in text or "{%" in text):
                yield from judge_template(text, budget)


JUDGE = Judge(judge, (RUNS,))
