"""What is looked for in JSON documents, whatever they are about."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

REPEATED = Rule(
    id="json-repeated-key",
    title="A key that comes twice in one object",
    severity=Severity.MEDIUM,
    happens="One reader takes the first value and another the last: what is checked is not what is loaded.",
    remedy="Remove one of the two, after finding out who put it there.",
    atlas=("AML.T0074",),
    cwe=("CWE-436", "CWE-694"),
    references=("https://www.rfc-editor.org/rfc/rfc8259#section-4",),
)
