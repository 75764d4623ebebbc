"""XML and HTML beside models: PMML, OpenVINO's graphs, drawings, reports."""

from modelseal.models.format import Format
from modelseal.models.markup import rules
from modelseal.models.markup.judging import judge
from modelseal.models.texts import kind
from modelseal.models.texts.kind import Kind

FORMAT = Format(
    name="xml",
    title="XML or HTML",
    recognises=lambda content: kind.of(content) is Kind.MARKUP,
    inspect=judge,
    rules=rules.RULES,
    extensions=(".pmml",),
    last=True,
)
