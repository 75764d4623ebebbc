"""Notebooks of Jupyter: JSON with code in it, which can have commands of IPython and of the shell between its lines.

The format: https://nbformat.readthedocs.io/en/latest/format_description.html. The commands:
https://ipython.readthedocs.io/en/stable/interactive/reference.html
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.texts import programs, python, shells

_COMMAND = re.compile(r"([ \t]*)(?:[\w., \t*]+=[ \t]*)?(!{1,2}|%{1,2}(?=[A-Za-z]))(.*)", re.DOTALL)
_HELP = re.compile(r"[ \t]*(?:\?{1,2}[ \t]*[\w.*]+|%*[\w.*]+\?{1,2})[ \t]*")
_SHELLS = re.compile(r"(?:(?:bash|sh|cmd|sx|system|script(?:[ \t]+\S+)?)\b|!)")
_RUN = re.compile(r"run[ \t]+(?:-\w+[ \t]+)*[\"']?([^\s\"']+)")
_OUTSIDE = re.compile(r"[/\\~]|[A-Za-z][\w+.-]*:|(?:.*[/\\])?\.\.(?:[/\\]|$)")
_RUNS = re.compile(
    r"\bos\.(?:system|popen|exec\w+|spawn\w+)\s*\(|\bsubprocess\.\w+\s*\(|\bpty\.spawn\s*\(|\b__import__\s*\("
    r"|(?:^|[;:=])[ \t]*(?:exec|eval)\s*\(",
    re.MULTILINE,
)
_RETRIED = 20


def judge(node: Mapping[str, Any], budget: Budget) -> Iterator[Event]:
    """Judge a cell of code: its commands, and what is left as a program."""
    if node.get("cell_type") != "code":
        return
    source = node.get("source")
    text = "".join(item for item in source if isinstance(item, str)) if isinstance(source, list) else source
    if not isinstance(text, str):
        return
    first = text.lstrip()
    if first.startswith("%%") and _SHELLS.match(first, 2):
        yield from shells.judge(first.partition("\n")[2])
    plain = []
    for line in _joined(text):
        found = _COMMAND.fullmatch(line)
        if found:
            yield from _command(found[2], found[3])
        skipped = found or _HELP.fullmatch(line)
        # A block must not be left empty.
        plain.append(f"{found[1] if found else ''}pass" if skipped else line)
    yield from _program("\n".join(plain), budget)


def _joined(text: str) -> Iterator[str]:
    """Yield the lines of a cell, a command with those that continue it."""
    begun = ""
    for line in text.split("\n"):
        if (begun or _COMMAND.fullmatch(line)) and line.endswith("\\"):
            begun += line[:-1]
        else:
            yield begun + line
            begun = ""
    yield begun


def _command(mark: str, text: str) -> Iterator[Event]:
    """Judge what the shell or a magic function is given."""
    if "!" in mark or _SHELLS.match(text):
        yield from shells.judge(text)
    elif run := _RUN.match(text):
        if _OUTSIDE.match(run[1]):
            yield Found(programs.ATTACKS, f"it runs {short(run[1])}", evidence=text[:300])
        else:
            yield Requires(Fetches.CODE, run[1][:500])


def _program(text: str, budget: Budget) -> Iterator[Event]:
    """Judge the program of a cell; where Python cannot parse a line of it, what can be read of it, and what it says."""
    tree = python.parsed(text)
    if tree is None:
        if found := _RUNS.search(text):
            yield Found(programs.ATTACKS, f"it says {found[0].strip()!r}, and cannot be parsed", evidence=found[0])
        tree = _remaining(text)
    yield from (
        item for item in programs.judge(tree, budget) if isinstance(item, Found) and item.rule is programs.ATTACKS
    )


def _remaining(text: str) -> ast.Module:
    """Parse a program without the lines that Python cannot parse, as far as these are few."""
    lines = text.split("\n")
    for _ in range(_RETRIED):
        wrong = python.wrong("\n".join(lines).encode("utf-8", "replace"))[0]
        if not 0 < wrong <= len(lines):
            break
        lines[wrong - 1] = re.sub(r"\S.*", "pass", lines[wrong - 1]) if lines[wrong - 1].strip() != "pass" else ""
    return python.parsed("\n".join(lines)) or ast.Module([], [])


JUDGE = Judge(judge, (programs.ATTACKS, shells.ATTACKS))
