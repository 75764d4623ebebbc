"""Tar archives of no kind that is known otherwise."""

from modelseal.models.format import Format
from modelseal.models.tars import archive, rules
from modelseal.models.tars.inspection import inspect

FORMAT = Format(
    name="tar",
    title="a tar archive",
    recognises=lambda content: archive.of(content) is not None,
    inspect=inspect,
    rules=rules.RULES,
    extensions=(".tar",),
)
