"""Pickles that begin in the midst of bytes of no known format: a loader that skips those runs them."""

from modelseal.models.format import Format
from modelseal.models.pickles import inspection, rules

FORMAT = Format(
    name="buried-pickle",
    title="bytes with a pickle in their midst",
    recognises=inspection.is_buried,
    inspect=inspection.inspect_buried,
    rules=rules.RULES,
    last=True,
)
