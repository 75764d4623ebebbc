"""Python's own parser, asked within limits."""

import ast
import warnings

from modelseal.models.budget import MIB
from modelseal.models.content import Content
from modelseal.models.texts import kind

_MEMO = "python"
MAX_SIZE = MIB
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
        text = kind.decode(content) if len(content) <= MAX_SIZE else None
        content.memo[_MEMO] = None if text is None else parsed(text)
    found: ast.Module | None = content.memo[_MEMO]
    return found


def parsed(text: str) -> ast.Module | None:
    """Parse a text; None where that is not possible."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def parses(content: Content) -> bool:
    """Tell whether a text is a program, and more than names and values."""
    found = tree(content)
    return found is not None and any(isinstance(node, _PROGRAM) for node in ast.walk(found))
