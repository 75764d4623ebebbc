"""What `verify` tells: to machines as JSON, to people as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelseal.attestation import predicates
from modelseal.attestation.plan import MODEL_SIGNATURE
from modelseal.attestation.verification import Attestation, Evidence
from modelseal.report import markdown
from modelseal.verdict import Verdict

SCHEMA = "https://github.com/modelseal/modelseal/verification/v1"
_SHOWN = 50


@dataclass(frozen=True)
class Finding:
    """What came out for one subject.

    Attributes:
        kind: `image` or `model`.
        what: Its name, for people.
        sha256: Its digest, of a model that of its signed manifest; empty if there is none to tell.
        reasons: Why it is refused; nothing if it is not.
        ignored: Names that the model's signature leaves out.
    """

    kind: str
    what: str
    sha256: str
    reasons: tuple[str, ...]
    ignored: tuple[str, ...] = ()


def document(
    policy: Mapping[str, object], findings: Sequence[Finding], evidence: Evidence, reasons: Sequence[str]
) -> dict[str, object]:
    """Return the verdict as JSON data: the subjects, what was asked for, the evidence, and every reason."""
    return {
        "schema": SCHEMA,
        "verdict": _verdict(reasons),
        "subjects": [
            {
                "kind": finding.kind,
                "name": finding.what,
                "digest": {"sha256": finding.sha256} if finding.sha256 else {},
                "verdict": _verdict(finding.reasons),
                "ignored": list(finding.ignored),
            }
            for finding in findings
        ],
        "policy": policy,
        "attestations": [_attestation(item) for item in evidence.attestations],
        "reasons": list(reasons),
    }


def summary(findings: Sequence[Finding], evidence: Evidence, reasons: Sequence[str]) -> str:
    """Return the verdict in Markdown."""
    parts = ["### Refused\n" if reasons else "### Verified\n"]
    if reasons:
        parts += [f"- {markdown.escape(reason)}" for reason in reasons[:_SHOWN]]
        if len(reasons) > _SHOWN:
            parts.append(f"- and {len(reasons) - _SHOWN} more, all of them in the verdict")
        parts.append("")
    subjects = [
        (
            markdown.escape(finding.what),
            markdown.code(f"sha256:{finding.sha256}") if finding.sha256 else "not known",
            "refused" if finding.reasons else "is what was signed",
        )
        for finding in findings
    ]
    parts.append(markdown.table(("Subject", "Digest", "Verdict"), subjects))
    bundles = [
        (
            markdown.code(item.file),
            markdown.escape(_statement(item.statement.predicate_type)),
            markdown.escape(item.proved.signer),
        )
        for item in evidence.attestations
    ]
    if bundles:
        parts.append(markdown.table(("Bundle that verifies", "Statement", "Signed by"), bundles))
    for finding in findings:
        if finding.ignored:
            names = ", ".join(map(markdown.code, finding.ignored[:_SHOWN]))
            parts.append(f"Not covered by the signature of {markdown.escape(finding.what)}, which says so: {names}.\n")
    return "\n".join(parts)


def headline(findings: Sequence[Finding], reasons: Sequence[str]) -> str:
    """Return the verdict in one line, with all reasons in it."""
    if reasons:
        return f"verification failed: {'; '.join(map(markdown.visible, reasons))}"
    return "; ".join(f"{finding.kind} {markdown.visible(finding.what)} is what was signed" for finding in findings)


def _attestation(item: Attestation) -> dict[str, object]:
    return {
        "file": item.file,
        "predicate_type": item.statement.predicate_type,
        "signer": item.proved.signer,
        "subjects": [{"name": each.name, "sha256": each.sha256} for each in item.statement.subjects],
    }


def _statement(predicate_type: str) -> str:
    return "model signature" if predicate_type == MODEL_SIGNATURE else predicates.describe(predicate_type)


def _verdict(reasons: Sequence[str]) -> str:
    return Verdict.FAILED if reasons else Verdict.PASSED
