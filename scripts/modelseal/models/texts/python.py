"""Python's own parser, asked within limits."""

import ast
import re
import warnings

from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Found
from modelseal.models.texts import programs

_MEMO = "python"
MAX_SIZE = MIB // 4  # its tree takes hundreds of times as much memory
_LONGEST = 16 * MIB  # what is looked through for lines that say nothing
# Lines that Python skips.
_IDLE = re.compile(rb"(?m)^[ \t\f]*(?:#[^\r\n]*|(?=\r?\n))")
_BEGINNING = MIB // 16
_OPEN = 8
# What a program that does anything cannot do without.
_ACTS = re.compile(
    rb"(?m)(?:^|[\r;:])[ \t\f]*(?:(?:import|from)[ \t\\]|(?:\w[\w.]* *= *)?[\w.]*\w\()"
    rb"|\b(?:exec|eval|compile|getattr|__\w+__)\b"
)
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
    """Return the program that a text is; None where Python cannot parse it, or it is too long even without comments."""
    if _MEMO not in content.memo:
        # Bytes, so that Python decodes them by the encoding that is written in them.
        text = _shortened(content)
        content.memo[_MEMO] = None if text is None else parsed(text)
    found: ast.Module | None = content.memo[_MEMO]
    return found


def begins(content: Content) -> bool:
    """Tell whether what is too long to be parsed can be a program: its beginning is that of one, and something acts.

    A text of another kind, however long, has an error of syntax in its first lines.
    """
    if len(content) <= MAX_SIZE or next(content.matches(_ACTS), None) is None:
        return False
    beginning = content.read(0, _BEGINNING)
    if b"\n" not in beginning:
        beginning = content.read(0, MAX_SIZE)
    beginning = beginning[: beginning.rfind(b"\n") + 1]
    for _ in range(_OPEN):
        line, is_open = wrong(beginning)
        lines = beginning.split(b"\n")
        if not 0 < line < len(lines) - 1:
            return True
        if not is_open:
            return False
        # What the cut has left open, a bracket or a text, is an error where it opens: what stands before counts.
        beginning = b"\n".join([*lines[: line - 1], b""])
    return True


def wrong(text: bytes) -> tuple[int, bool]:
    """Return the line, from 1, that Python cannot parse, and whether it lacks an end; 0 where it can parse them all."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 1, error.msg.endswith("was never closed") or "triple-quoted" in error.msg
    except (ValueError, LookupError, MemoryError, RecursionError):
        pass  # too deep, or in no encoding: nothing speaks against it
    return 0, False


def _shortened(content: Content) -> bytes | None:
    """Return a text that is short enough to be parsed, its lines where they were; None where it is too long."""
    if len(content) <= MAX_SIZE:
        return content.read()
    if len(content) > _LONGEST:
        return None
    text = content.read()
    # The first two lines can name an encoding.
    below = text.find(b"\n", text.find(b"\n") + 1) + 1
    text = text[:below] + _IDLE.sub(b"", text[below:])
    return text if len(text) - text.count(b"\n") <= MAX_SIZE else None


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
