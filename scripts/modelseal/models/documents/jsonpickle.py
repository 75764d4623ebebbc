"""Objects that jsonpickle has written: JSON that makes any object, and calls what it names.

https://github.com/jsonpickle/jsonpickle/blob/v4.1.1/jsonpickle/tags.py and `unpickler.py`
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.pickles import dangerous, known
from modelseal.models.rule import Rule

OBJECT = Rule(
    id="jsonpickle-object",
    title="An object of Python in JSON",
    severity=Severity.CRITICAL,
    happens="`jsonpickle.decode` imports what is named, makes it or calls it with what is written beside it, and "
    "evaluates what is marked as an expression.",
    remedy="Do not decode the file. Keep plain values, and read them with `json.load`.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502",),
    references=("CVE-2020-22083",),
)
_NAMED = ("py/object", "py/type", "py/function")
_MADE = re.compile(r"([A-Za-z_][\w.]*)\.([A-Za-z_]\w*)")


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge the tags of an object."""
    expression = node.get("py/repr")
    if isinstance(expression, str):
        yield Found(OBJECT, f"py/repr is {short(expression)}", evidence=expression[:300])
    for key in _NAMED:
        name = node.get(key)
        found = _MADE.fullmatch(name) if isinstance(name, str) else None
        if found and dangerous.technique(found[1], found[2]) is not None:
            yield Found(OBJECT, f"{key} is {short(name)}", subject=found[0][:200])
        elif found and known.use(found[1], found[2]) is None:
            yield Found(OBJECT, f"{key} is {short(name)}", subject=found[0][:200], severity=Severity.UNKNOWN)


JUDGE = Judge(judge, (OBJECT,), frozenset({"py/repr", *_NAMED}))
