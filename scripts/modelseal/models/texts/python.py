"""Python's own parser, asked within limits."""

import ast
import warnings

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Found
from modelseal.models.texts import programs

_MEMO = "python"
MAX_SIZE = MIB // 4  # its tree takes hundreds of times as much memory
_PROGRAM = (
    ast.Import,
    ast.ImportFrom,
    ast.Call,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.With,
    ast.For,
)


def tree(content: Content) -> ast.Module | None:
    """Return the program that a text is; None where Python cannot parse it, or it is too long."""
    if _MEMO not in content.memo:
        # Bytes, so that Python decodes them by the encoding that is written in them.
        content.memo[_MEMO] = parsed(content.read()) if len(content) <= MAX_SIZE else None
    found: ast.Module | None = content.memo[_MEMO]
    return found


def parsed(text: str | bytes) -> ast.Module | None:
    """Parse a program; None where that is not possible."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, LookupError, MemoryError, RecursionError):
        return None


def parses(content: Content) -> bool:
    """Tell whether a text is a program, and more than names and values.

    Lines of YAML can be read as annotations of names. Python evaluates those, too: they count where they attack.
    """
    found = tree(content)
    if found is None:
        return False
    statements = [item for item in found.body if not (isinstance(item, ast.AnnAssign) and item.value is None)]
    if any(isinstance(node, _PROGRAM) for item in statements for node in ast.walk(item)):
        return True
    annotated = any(isinstance(node, ast.Call) for node in ast.walk(found))
    return annotated and any(
        isinstance(event, Found) and event.rule is programs.ATTACKS for event in programs.judge(found, Budget())
    )
