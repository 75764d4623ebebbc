"""Text that no program follows: read-me files, licences, vocabularies, merges."""

from modelseal.models.format import Format
from modelseal.models.texts import kind
from modelseal.models.texts.kind import Kind

FORMAT = Format(
    name="text",
    title="text",
    recognises=lambda content: kind.of(content) is Kind.TEXT,
    inspect=lambda content, budget: (),  # noqa: ARG005 -- there is nothing to look for
    data=True,
    last=True,
)
