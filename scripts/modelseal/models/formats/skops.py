"""Skops archives: a schema in JSON, arrays in NumPy's formats."""

from modelseal.models.content import Content
from modelseal.models.format import Format
from modelseal.models.skops.nodes import JUDGE
from modelseal.models.zips import archive, inspection, rules

_SCHEMA = "schema.json"


def recognises(content: Content) -> bool:
    """Tell whether bytes are an archive with a schema in it."""
    found = archive.of(content)
    return found is not None and _SCHEMA in found.by_name


FORMAT = Format(
    name="skops",
    title="a skops archive",
    recognises=recognises,
    inspect=lambda content, budget: inspection.inspect(content, budget, lambda name: "json" if name == _SCHEMA else ""),
    rules=(*rules.RULES, *JUDGE.rules),
    extensions=(".skops",),
    refines=("zip",),
)
