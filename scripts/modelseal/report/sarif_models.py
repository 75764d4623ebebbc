"""What SARIF says of something in a model: it is in the model's own file, by its byte, and in the members packed in it.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, 3.30 for regions, 3.33 for logical locations
"""

from urllib.parse import quote

from modelseal.gate.finding import Finding
from modelseal.gate.result import Judged
from modelseal.report.sarif_rules import TITLE_LENGTH, WORD_LENGTH, message, sentences, text


def said(judged: Judged, identity: str, model: str, reason: str) -> str:
    """Say what was found, where, what became of it, and what to do: GitHub shows only the first sentence in lists."""
    finding = judged.finding
    what = message(finding.description, TITLE_LENGTH) or message(finding.title, TITLE_LENGTH)
    parts = [
        f"{what[:1].upper()}{what[1:]} ({identity}, {finding.severity})",
        f"In {message(finding.place, TITLE_LENGTH)} of {model}",
        f"The gate: {judged.decision}{f', {reason}' if reason else ''}",
        message(finding.mend, TITLE_LENGTH),
    ]
    return sentences(parts)


def location(finding: Finding, model: str, root: str) -> dict[str, object]:
    """Return where it is.

    Args:
        finding: It.
        model: What the model is called.
        root: The folder to which the file's name is relative, as the repository has it; empty for its root.
    """
    uri = quote(f"{root}/{finding.package}" if root else finding.package, safe="/", errors="surrogateescape")
    region: dict[str, object] = {"startLine": 1}  # GitHub asks for one, and shows no bytes
    if finding.offset is not None and not finding.members:  # in a member it counts from the member's beginning
        region |= {"byteOffset": finding.offset, "byteLength": 0}
    inside = text(finding.members or finding.package, WORD_LENGTH)
    kind = "member" if finding.members else "resource"
    place = text(finding.place, TITLE_LENGTH)
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region},
        "logicalLocations": [{"name": inside, "fullyQualifiedName": f"{model}/{place}", "kind": kind}],
    }


def known(judged: Judged, reason: str) -> dict[str, str]:
    """Return all that is known of it, as texts by name."""
    finding = judged.finding
    return {
        "severity": finding.severity, "decision": judged.decision, "reason": reason, "file": finding.package,
        "path": finding.path, "format": finding.type, "offset": "" if finding.offset is None else str(finding.offset),
        "evidence": finding.evidence, "subject": finding.subject, "techniques": ", ".join(finding.techniques),
    }  # fmt: skip
