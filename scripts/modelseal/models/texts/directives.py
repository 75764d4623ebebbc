"""Texts of one directive a line that say what is loaded: Modelfiles of Ollama, and configurations in Gin.

https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx and https://github.com/google/gin-config
"""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.pickles import dangerous
from modelseal.models.rule import Rule

LOADED = Rule(
    id="directive-loads-elsewhere",
    title="A directive that loads a model from elsewhere, or calls what no model needs",
    severity=Severity.HIGH,
    happens="Who builds or trains with the file loads what is at the address or path, or has the function called.",
    remedy="Keep everything that the model needs in its folder, and name functions of its framework only.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-73", "CWE-470", "CWE-829"),
)
_FROM = re.compile(r"(?m)^[ \t]*(FROM|ADAPTER)[ \t]+(\S+)[ \t]*$", re.IGNORECASE)
_OF_OLLAMA = re.compile(
    r"(?m)^[ \t]*(?:ADAPTER|TEMPLATE|PARAMETER|SYSTEM|MESSAGE|LICENSE|REQUIRES)[ \t]", re.IGNORECASE
)
_OUTSIDE = re.compile(r"[/~]|(?:.*/)?\.\.(?:/|$)|[A-Za-z][\w+.-]*://|[A-Za-z]:\\")
_BINDING = re.compile(r"(?m)^[\w./]+\.\w+[ \t]*=[ \t]*\S")
_REFERENCE = re.compile(r"@(?:\w+/)*([A-Za-z_][\w.]*\.\w+)")


def judge(text: str) -> Iterator[Event]:
    """Judge what a text has loaded or called, where it is of one of these languages."""
    if _OF_OLLAMA.search(text):
        for found in _FROM.finditer(text):
            yield from _loaded(found[1].upper(), found[2])
    if _BINDING.search(text):
        for name in dict.fromkeys(found[1] for found in _REFERENCE.finditer(text)):
            if dangerous.listed(name) is not None:
                yield Found(LOADED, f"{short(name)} is referred to", subject=name[:200])


def _loaded(directive: str, name: str) -> Iterator[Event]:
    if _OUTSIDE.match(name):
        yield Found(LOADED, f"{directive} is {short(name)}", subject=name[:200])
    local = name.startswith("./") or "." in name.rpartition("/")[2].partition(":")[0]
    kind = Fetches.FILE if local else Fetches.MODEL if directive == "FROM" else Fetches.ADAPTER
    yield Requires(kind, name[:500])
