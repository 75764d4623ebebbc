"""What a scan looks for: each rule with what would happen, how bad that is, and what to do."""

from dataclasses import dataclass

from modelseal.gate.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing to look for. Its section in docs/rules.md is made of this.

    Attributes:
        id: Lower case, with hyphens, the format first: `pickle-dangerous-call`. It never changes its meaning.
        title: What is wrong, one line without a full stop: `A call that runs a program`.
        severity: How bad it is. UNKNOWN is for what may be harmless and cannot be told: an import that nobody has
            vetted, a file that could not be read to its end.
        happens: What would happen, to whom and when: one or two sentences.
        remedy: What to do, a command where there is one.
        atlas: Techniques of MITRE ATLAS, `AML.T0011.000`: https://atlas.mitre.org/techniques
        cwe: Weaknesses, `CWE-502`: https://cwe.mitre.org
        references: Advisories and publications: CVE ids, addresses.
    """

    id: str
    title: str
    severity: Severity
    happens: str
    remedy: str
    atlas: tuple[str, ...]
    cwe: tuple[str, ...]
    references: tuple[str, ...] = ()
