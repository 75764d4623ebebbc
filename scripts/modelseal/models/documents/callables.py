"""Names of dangerous functions where a document has a value. Only what looks names up has a use for them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.pickles import dangerous
from modelseal.models.pickles.technique import Technique
from modelseal.models.rule import Rule

NAMED = Rule(
    id="document-names-callable",
    title="The name of a dangerous function as a value",
    severity=Severity.HIGH,
    happens="A loader that looks up the classes and functions that a configuration names would find and call it.",
    remedy="Find out which program reads the value. Remove it, or name what the program's documentation has for it.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-470", "CWE-502"),
)
_DOTTED = re.compile(r"[A-Za-z_]\w{0,60}(?:[.:][A-Za-z_]\w{0,60})+")
_LONGEST = 12  # parts of a name that does something
# Of Python's own modules only: words of other packages come up in many places.
_MODULES = frozenset(
    {
        "os",
        "posix",
        "nt",
        "subprocess",
        "builtins",
        "__builtin__",
        "importlib",
        "runpy",
        "ctypes",
        "pty",
        "code",
        "marshal",
    }
    | {
        "pickle",
        "_pickle",
        "cPickle",
        "commands",
        "popen2",
        "pip",
        "webbrowser",
        "platform",
        "shutil",
        "timeit",
        "cProfile",
    }
    | {"pdb", "bdb", "asyncio", "multiprocessing", "imp", "pydoc", "types", "operator", "functools"}
)
# Through other packages, only what has a name of its own counts.
_PASSED = frozenset({"os", "posix", "nt", "subprocess", "builtins", "importlib", "runpy", "ctypes", "pty", "marshal"})
_GRAVE = frozenset({Technique.PROGRAM, Technique.CODE, Technique.IMPORT, Technique.NATIVE, Technique.INSTALL})


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Look at the values that are nothing but a dotted name, and at lists of them."""
    for value in node.values():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, str) and _DOTTED.fullmatch(item):
                technique = _technique(item.replace(":", "."))
                if technique is not None:
                    yield Found(NAMED, f"{short(item)} is named, which {technique.happens}", subject=item[:200])


def _technique(name: str) -> Technique | None:
    """Return what a name is used for, of a module of Python, or through another one: `torch.os.system`."""
    if name.partition(".")[0] in _MODULES and (found := dangerous.listed(name)) in _GRAVE:
        return found
    parts = name.split(".")
    for place in range(max(1, len(parts) - _LONGEST), len(parts)):
        if parts[place] in _PASSED and (found := dangerous.listed(".".join(parts[place:]))) in _GRAVE:
            return found
    return None


JUDGE = Judge(judge, (NAMED,))
