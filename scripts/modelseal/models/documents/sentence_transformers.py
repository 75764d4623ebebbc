"""Functions and classes that sentence-transformers imports by the names in its configurations.

https://github.com/UKPLab/sentence-transformers/blob/v5.1.0/sentence_transformers/models/Dense.py, `load`, and
`models/Router.py`; https://github.com/UKPLab/sentence-transformers/blob/v5.1.0/sentence_transformers/util.py,
`import_from_string`
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.hugging_face import CLASS
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.keras.names import known

_KEYS = ("activation_function", "activation_fn", "default_activation_function", "sbert_ce_default_activation_function")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_LIBRARIES = frozenset({"torch", "sentence_transformers", "transformers"})


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge the activation of a layer or cross-encoder, and the modules that a router has."""
    named = [node.get(key) for key in _KEYS]
    types = node.get("types")
    if isinstance(types, dict) and "structure" in node:
        named += types.values()
    for name in named:
        if isinstance(name, str) and _DOTTED.fullmatch(name) and name.partition(".")[0] not in _LIBRARIES:
            worst = Severity.CRITICAL if known().foreign_to(name) else None
            yield Found(CLASS, f"{short(name)} is imported and called", subject=name[:200], severity=worst)
            yield Requires(Fetches.CODE, name[:500])


JUDGE = Judge(judge, (CLASS,), frozenset({"types", *_KEYS}))
