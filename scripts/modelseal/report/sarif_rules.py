"""The rules of a SARIF log: one for each advisory, with its help, as GitHub's code scanning shows them.

https://docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support#reportingdescriptor-object
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.report import markdown

# GitHub shows at most this much; the schema has no limits.
TITLE_LENGTH = 250
DESCRIPTION_LENGTH = 1000
WORD_LENGTH = 200
_HELP_LENGTH = 5000
_MESSAGE_LENGTH = 1000
_TAGS = 10
_PACKAGES_SHOWN = 10
_URL_LENGTH = 1000
# GitHub reads a severity out of a number: critical is more than 9.0, high from 7.0 on, medium from 4.0 on, low below.
_BANDS = {
    Severity.CRITICAL: (9.1, 10.0, 9.5),
    Severity.HIGH: (7.0, 8.9, 8.0),
    Severity.MEDIUM: (4.0, 6.9, 5.5),
    Severity.LOW: (0.1, 3.9, 2.0),
}
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning"}
_PRECISION = {Kind.SECRET: "high", Kind.MISCONFIGURATION: "high", Kind.MODEL: "high"}
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][A-Za-z0-9._~:/?#@!$&'*+,;=%-]*)?")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TECHNIQUE = re.compile(r"AML\.T[0-9]{4}(?:\.[0-9]{3})?")
_WEAKNESS = re.compile(r"CWE-([0-9]{1,6})", re.IGNORECASE)


def text(value: str, length: int) -> str:
    """Make text from outside into one visible line of at most `length` characters."""
    if len(value) <= length and value.isprintable() and "  " not in value and value == value.strip(" "):
        return value  # as nearly all are
    line = markdown.visible(" ".join(value[: 2 * length].split()))
    return line if len(line) <= length and len(value) <= 2 * length else f"{line[: length - 1]}…"


def message(value: str, length: int) -> str:
    """Make text from outside into one visible line that is no embedded link either (SARIF 2.1.0, 3.11.6)."""
    return text(value, length).replace("](", "] (")


def sentences(parts: Iterable[str]) -> str:
    """Join parts into the text of a result."""
    whole = ". ".join(part.rstrip(".") for part in parts if part)
    return f"{message(whole, _MESSAGE_LENGTH - 1)}."


def rule_id(finding: Finding) -> str:
    """Return the id of the finding's rule: the advisory's own where it is an ordinary one.

    Ids of secrets' and licences' rules say what they are. What is too long or cannot be seen is told apart by a digest.
    """
    plain = finding.kind in (Kind.VULNERABILITY, Kind.MISCONFIGURATION, Kind.MODEL)
    own = finding.id if plain else f"{finding.kind}:{finding.id}"
    shown = text(own, WORD_LENGTH)
    if shown == own and own and plain == (not own.startswith((f"{Kind.SECRET}:", f"{Kind.LICENSE}:"))):
        return own
    digest = hashlib.sha256(f"{finding.kind}\0{finding.id}".encode("utf-8", "backslashreplace")).hexdigest()[:12]
    return f"{shown} {digest}".strip()


def rule(identity: str, findings: Sequence[Finding]) -> dict[str, object]:
    """Describe a rule.

    Args:
        identity: Its id.
        findings: What it found, the worst first, at least one.
    """
    worst = min(findings, key=lambda finding: finding.severity.rank)
    title = text(worst.title, TITLE_LENGTH)
    address = web_address(worst.url)
    return {
        "id": identity,
        "shortDescription": {"text": f"{identity}: {title}" if title else identity},
        "fullDescription": {"text": text(_what(worst), DESCRIPTION_LENGTH) or title or identity},
        "defaultConfiguration": {"level": _LEVELS.get(worst.severity, "note")},
        "help": {"text": _help_text(identity, worst, findings), "markdown": _help_markdown(identity, worst, findings)},
        **({"helpUri": address} if address else {}),
        "properties": _properties(worst, findings),
    }


def security_severity(finding: Finding) -> str | None:
    """Return the number from which GitHub reads the same severity as the gate's; None for one that is not rated.

    That is the CVSS score. Where GitHub would read another severity out of it (a distribution rates an advisory lower
    than its score, or the score is 9.0 sharp), it is the nearest number that GitHub reads rightly.
    """
    band = _BANDS.get(finding.severity)
    if band is None:
        return None
    lowest, highest, usual = band
    score = usual if finding.score is None else min(max(round(finding.score, 1), lowest), highest)
    return f"{score:.1f}"


def web_address(url: str) -> str:
    """Return an address that may be linked to; empty when it is none."""
    fits = len(url) <= _URL_LENGTH and _WEB_ADDRESS.fullmatch(url) and not _BAD_PERCENT.search(url)
    return url if fits else ""


def _properties(worst: Finding, findings: Sequence[Finding]) -> dict[str, object]:
    weaknesses = sorted({
        int(match[1]) for finding in findings for item in finding.weaknesses[:_TAGS] if (match := _weakness(item))
    })  # fmt: skip
    # A licence is nobody's weakness: without the tag and the number GitHub keeps it out of the security alerts.
    security = worst.kind is not Kind.LICENSE
    tags = [*(["security"] if security else []), worst.kind]
    tags += [f"external/cwe/cwe-{number:03}" for number in weaknesses]
    tags += [f"external/mitre-atlas/{name}" for name in worst.techniques if _TECHNIQUE.fullmatch(name)]
    severity = security_severity(worst) if security else None
    return {
        "tags": tags[:_TAGS],
        "precision": _PRECISION.get(worst.kind, "very-high"),
        **({"security-severity": severity} if severity else {}),
    }


def _weakness(name: str) -> re.Match[str] | None:
    return _WEAKNESS.fullmatch(name) if len(name) <= WORD_LENGTH else None


def _what(finding: Finding) -> str:
    """Say what a rule is about: in a model a finding's own description is about its one place."""
    return finding.happens if finding.kind is Kind.MODEL else finding.description


def _mend(finding: Finding) -> str:
    if finding.kind is Kind.SECRET:
        return "Revoke the secret, and take it out of the image and of the layers below."
    if finding.kind is Kind.LICENSE:
        return "Replace the package, or allow the licence in the policy."
    if finding.kind is Kind.MISCONFIGURATION:
        return finding.mend or "Change the file as the rule says."
    return finding.mend


def _packages(findings: Sequence[Finding]) -> list[tuple[str, str, str]]:
    """Return package, installed and fixed versions, each once."""
    return list(dict.fromkeys((item.package, item.version, item.fixed_version) for item in findings))


def _help_text(identity: str, worst: Finding, findings: Sequence[Finding]) -> str:
    parts = [text(worst.title, TITLE_LENGTH) or identity]
    if worst.kind is Kind.MODEL and worst.happens:
        parts.append(text(worst.happens, DESCRIPTION_LENGTH))
    if mend := text(_mend(worst), DESCRIPTION_LENGTH):
        parts.append(mend)
    if worst.kind is Kind.VULNERABILITY:
        packages = _packages(findings)
        for package, version, fixed in packages[:_PACKAGES_SHOWN]:
            installed = f"{text(package, WORD_LENGTH)} {text(version, WORD_LENGTH)}".strip()
            what = f"Upgrade {installed} to {text(fixed, WORD_LENGTH)}." if fixed else f"{installed}: no fixed version."
            parts.append(what)
        if len(packages) > _PACKAGES_SHOWN:
            parts.append(f"And {len(packages) - _PACKAGES_SHOWN} more packages.")
    if address := web_address(worst.url):
        parts.append(f"See {address}")
    return "\n".join(parts)[:_HELP_LENGTH]


def _help_markdown(identity: str, worst: Finding, findings: Sequence[Finding]) -> str:
    rated = worst.severity if worst.score is None else f"{worst.severity}, CVSS {worst.score:.1f}"
    also = [markdown.escape(text(alias, WORD_LENGTH)) for alias in worst.aliases[:_TAGS]]
    parts = [f"**{markdown.escape(identity)}** ({rated}){', also ' + ', '.join(also) if also else ''}"]
    said = (text(value, DESCRIPTION_LENGTH) for value in (_what(worst) or worst.title, _mend(worst)))
    parts += map(markdown.escape, filter(None, said))
    if techniques := [name for name in worst.techniques if _TECHNIQUE.fullmatch(name)]:
        parts.append(", ".join(f"[{name}](https://atlas.mitre.org/techniques/{name})" for name in techniques))
    packages = _packages(findings) if worst.kind is Kind.VULNERABILITY else []
    if packages:
        rows = [
            [_cell(package), _cell(version), _cell(fixed) if fixed else "none yet"]
            for package, version, fixed in packages[:_PACKAGES_SHOWN]
        ]
        parts.append(markdown.table(["Package", "Installed", "Upgrade to"], rows).rstrip("\n"))
        if len(packages) > _PACKAGES_SHOWN:
            parts.append(f"And {len(packages) - _PACKAGES_SHOWN} more packages.")
    if address := web_address(worst.url):
        parts.append(f"[Read more]({address})")
    return "\n\n".join(parts)


def _cell(value: str) -> str:
    return markdown.code(text(value, WORD_LENGTH)) if value else ""
