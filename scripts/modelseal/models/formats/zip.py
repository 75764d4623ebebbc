"""Zip archives of no kind that is known otherwise: packages, folders that were packed, archives in archives."""

from modelseal.models.format import Format
from modelseal.models.zips import archive, rules
from modelseal.models.zips.inspection import inspect

FORMAT = Format(
    name="zip",
    title="a zip archive",
    recognises=lambda content: archive.of(content) is not None,
    inspect=inspect,
    rules=rules.RULES,
    extensions=(".zip",),
)
