"""Judge what a model carries along: texts as metadata, and bytes as tensors, that are programs or serialised objects.

Metadata are for people, and no loader should run them; loaders that do exist, and what none would need is told.
"""

import ast
import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence

from modelseal.models import format as formats
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import LimitReached
from modelseal.models.rule import Rule
from modelseal.models.templates import rules as template_rules
from modelseal.models.templates.chat import judge
from modelseal.models.texts import python

_TEXTS = 2_000
_EVIDENCE = 300
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}")
_PICKLE = re.compile(rb"\x80[\x02-\x05].|[c(][\w.]{1,64}\n[\w.]{1,64}\n", re.DOTALL)
_HINT = re.compile(
    r"__import__|\b(eval|exec|compile|system|popen|Popen|run|loads|import_module|check_output|call)\s*\("
)
_PACKED = frozenset({"pickle", "zip", "executable", "sevenzip", "npy"})
_TAG = re.compile(r"!!python/(?:object|name|module)[/:]|tag:yaml\.org,2002:python/(?:object|name|module)[/:]")
_MARKUP = re.compile(r"<script[\s>]|\bjavascript:\s*\w|\bonerror\s*=", re.IGNORECASE)
_RUNS = frozenset(
    {"__import__", "eval", "exec", "compile", "os.system", "os.popen", "os.execv", "os.execvp", "os.spawnl"}
    | {"importlib.import_module", "pickle.loads", "marshal.loads", "builtins.eval", "builtins.exec", "pty.spawn"}
    | {f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen", "getoutput")}
)
TEMPLATE_RULES = (template_rules.ESCAPE, template_rules.BUILT_NAME, template_rules.UNUSUAL, template_rules.LOADS)


def packed(name: str, shape: Sequence[int], content: Content) -> Iterator[Event]:
    """Hand over the bytes of a tensor where they are a program, an archive or a serialised object, and no numbers.

    Args:
        name: Of the tensor, whose elements are bytes.
        shape: Its extents: bytes are a row, whichever way that is written.
        content: Its bytes.
    """
    is_row = sum(extent != 1 for extent in shape) <= 1
    if is_row and any(
        item.name in _PACKED or _PACKED.intersection(item.refines) for item in formats.recognised(content)
    ):
        yield Member(name, content)


def judged(name: str, text: str, rule: Rule, budget: Budget, offset: int | None = None) -> Iterator[Event]:
    """Tell where a text is made to be run. Mentioning a function's name is not.

    Args:
        name: What the metadata call it.
        text: The text.
        rule: Of the format that carries it; reports programs, markup and serialised objects. Templates have rules of
            their own, `TEMPLATE_RULES`.
        budget: What that may cost.
        offset: Where it is, in bytes of the content that holds it.
    """
    for each in _texts(text):
        budget.steps(1)
        if what := _runs(each):
            yield Found(rule, f"{name!r} is {what}", offset, each[:_EVIDENCE], subject=name)
        if (packed := _pickled(each)) is not None:
            yield Found(rule, f"{name!r} is a pickle in base64", offset, each[:_EVIDENCE], subject=name)
            yield Member(name, Content(packed), known="pickle")
        if "{{" in each or "{%" in each:
            yield from (item for item in judge(each, budget, offset) if item.rule in TEMPLATE_RULES)


def _texts(text: str) -> Iterator[str]:
    """Yield a text, and where it is JSON, the texts in it."""
    yield text
    if text[:1] not in "{[":
        return
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    for _ in range(_TEXTS):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _runs(text: str) -> str:
    """Say what a text runs, where it is a program and nothing else."""
    if text.startswith("#!"):
        return "a script"
    if _MARKUP.search(text):
        return "markup with a script in it"
    if _TAG.search(text):
        return "YAML that makes an object"
    if not _HINT.search(text):
        return ""
    called = next((name for name in _called(text) if name in _RUNS), "")
    return f"Python that calls {called}" if called else ""


def _called(text: str) -> Iterator[str]:
    content = Content(text.strip().encode("utf-8", "surrogatepass"))
    program = python.tree(content)
    if program is None and python.begins(content):
        raise LimitReached("it carries a program that is too long to be looked through")
    for node in ast.walk(program) if program else ():
        if isinstance(node, ast.Call):
            yield _dotted(node.func)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Call) and _dotted(node.func) == "__import__" and node.args:
        first = node.args[0]
        parts.append(str(first.value) if isinstance(first, ast.Constant) else "?")
    elif isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _pickled(text: str) -> bytes | None:
    if not _BASE64.fullmatch(text.rstrip()):
        return None
    try:
        packed = base64.b64decode(text)
    except binascii.Error:
        return None
    return packed if _PICKLE.match(packed) else None
