"""JSON beside models: configurations, tokenizers, indexes, notebooks; one document, or one a line."""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.documents import judges, parsing, rules
from modelseal.models.documents.parsing import Document
from modelseal.models.event import Event, Found
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.texts import kind
from modelseal.models.texts.kind import Kind


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge every object in a document, or in the documents on its lines.

    Raises:
        Malformed: It is no JSON.
        LimitReached: It is too large.
    """
    for document in _documents(content):
        if document.repeated:
            yield Found(rules.REPEATED, f"keys come twice in it: {', '.join(document.repeated)[:300]}")
        yield from judges.judged(parsing.nodes(document, budget), budget)


def _documents(content: Content) -> Iterator[Document]:
    whole = content.read(0, parsing.MAX_SIZE + 1)
    try:
        yield parsing.parse(whole)
    except Malformed:
        lines = whole.splitlines()
        if len(lines) < 2 or lines[0].strip() in {b"{", b"["}:  # noqa: PLR2004 -- one line is one document
            raise
        for line in lines:
            if line.strip():
                yield parsing.parse(line)


FORMAT = Format(
    name="json",
    title="JSON",
    recognises=lambda content: kind.of(content) is Kind.JSON,
    inspect=inspect,
    rules=(rules.REPEATED, *judges.RULES),
    last=True,
)
