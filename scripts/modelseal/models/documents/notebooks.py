"""Notebooks of Jupyter: JSON with code in it.

The format: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.texts import programs, python, shells


def judge(node: Mapping[str, Any], budget: Budget) -> Iterator[Event]:
    """Judge a cell of code, line by line where it has commands of IPython and of the shell."""
    if node.get("cell_type") != "code":
        return
    source = node.get("source")
    text = "".join(item for item in source if isinstance(item, str)) if isinstance(source, list) else source
    if not isinstance(text, str):
        return
    plain = []
    for line in text.split("\n"):
        command = line.strip()
        if command.startswith(("!", "%%bash", "%%sh", "%sx")):
            yield from shells.judge(command.lstrip("!"))
        plain.append("" if command.startswith(("!", "%")) else line)
    tree = python.parsed("\n".join(plain))
    if tree is not None:
        yield from (
            item for item in programs.judge(tree, budget) if isinstance(item, Found) and item.rule is programs.ATTACKS
        )


JUDGE = Judge(judge, (programs.ATTACKS, shells.ATTACKS))
