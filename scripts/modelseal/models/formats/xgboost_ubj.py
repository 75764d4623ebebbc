"""XGBoost models as Universal Binary JSON: `.ubj`, the default of today."""

import re
from collections.abc import Iterator

from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.format import Format
from modelseal.models.ubjson import Reader
from modelseal.models.xgboost import rules

# An object whose first key is one of the two that a model has, or of those that a pickled one has around it.
_BEGINNING = re.compile(
    rb"\{(\$.)?(#([iU].|I..|l....|L.{8}))?([iU]|I\x00|l\x00{3}|L\x00{7})"
    rb"(\x07(learner|version)|\x06Config|\x05Model)",
    re.DOTALL,
)


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    reader = Reader(content, budget)
    for path, text in reader.texts():
        part = path[1:] if path[:1] == ("Model",) else path
        if len(part) > 1 and part[1] in {"attributes", "feature_names"}:
            yield from carried.judged("/".join(path)[:200], text, rules.METADATA, budget)
    if reader.at < len(content):
        what = f"{len(content) - reader.at:,} bytes follow the model"
        yield Found(rules.TRAILING, what, reader.at, repr(content.read(reader.at, 48)))
        yield Member("bytes behind the model", content.part(reader.at))


FORMAT = Format(
    name="xgboost-ubj",
    title="XGBoost in UBJSON",
    recognises=lambda content: _BEGINNING.match(content.read(0, 64)) is not None,
    inspect=_inspect,
    rules=(*rules.RULES, *carried.TEMPLATE_RULES),
    extensions=(".ubj",),
    data=True,
)
