"""What `verify` tells: to machines as JSON, to people as Markdown."""

from collections.abc import Sequence
from datetime import UTC, datetime

from modelseal.attestation import predicates, stated_verdict
from modelseal.attestation.attested import Attestation
from modelseal.attestation.examination import Examined, Finding
from modelseal.attestation.plan import MODEL_SIGNATURE
from modelseal.attestation.requirements import Requirements
from modelseal.report import markdown
from modelseal.verdict import Verdict

SCHEMA = "https://github.com/modelseal/modelseal/verification/v1"
_SHOWN = 50
_TOLD, _LONGEST = 100, 2000


def document(demanded: Requirements, examined: Sequence[Examined], now: datetime) -> dict[str, object]:
    """Return the verdict as JSON data: the subjects, what was asked for, the evidence, and every reason."""
    last = examined[-1]
    made: dict[str, object] = {
        "schema": SCHEMA,
        "verdict": _verdict(last.reasons),
        "verified_at": _utc(now),
        "subjects": [_subject(finding) for finding in last.findings],
        "policy": policy(demanded),
        "attestations": [_attestation(item) for item in last.attestations],
        "reasons": list(last.reasons),
    }
    if last.release.label:
        made["candidates"] = [
            {"name": item.release.label, "verdict": _verdict(item.reasons), "reasons": list(item.reasons)}
            for item in examined
        ]
    return made


def policy(demanded: Requirements) -> dict[str, object]:
    """Return what was asked for, by inputs and policy file together."""
    texts = ("repository", "repository_id", "owner_id", "signer_workflow", "source_ref", "source_digest", "issuer",
             "runner", "verdict_workflow", "environment", "source", "sha256")  # fmt: skip
    said: dict[str, object] = {
        "require": list(demanded.require),
        "signed-with": "key" if demanded.public_key else "certificate",
    }
    said |= {name.replace("_", "-"): getattr(demanded, name) for name in texts if getattr(demanded, name)}
    if demanded.triggers:
        said["trigger"] = list(demanded.triggers)
    if demanded.ignore:
        said["ignore"] = list(demanded.ignore)
    if demanded.max_age is not None:
        said["max-age"] = stated_verdict.spoken(demanded.max_age)
    return said


def subject(examined: Examined) -> str:
    """Return the SHA-256 of what was verified: the image, or without one the model's manifest; empty without either."""
    return examined.findings[0].sha256


def refusals(examined: Sequence[Examined]) -> tuple[str, ...]:
    """Return every reason against every release, each on one line, with its release's name where there are several.

    Names of files are in them, which others chose: a line break would make two reasons of one, or a runner's command.
    """
    return tuple(
        markdown.visible(f"{item.release.label}: {reason}" if item.release.label else reason)
        for item in examined
        for reason in item.reasons
    )


def told(examined: Sequence[Examined]) -> tuple[str, ...]:
    """Return the first hundred refusals, each cut to a sane length, and how many more there are.

    A job's outputs are limited to 1 MiB (https://docs.github.com/actions/reference/limits), and nobody reads more.
    """
    reasons = refusals(examined)
    first = tuple(reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}…" for reason in reasons[:_TOLD])
    left = len(reasons) - len(first)
    return (*first, f"and {left:,} more, all of them in the verdict") if left else first


def summary(examined: Sequence[Examined], demanded: Requirements) -> str:
    """Return the verdict in Markdown."""
    last = examined[-1]
    reasons = refusals(examined)
    parts = ["### Refused\n" if last.reasons else "### Verified\n"]
    if last.release.label and not last.reasons:
        parts.append(f"To deploy: {markdown.code(last.release.label)}\n")
    if reasons:
        parts += ["Newer ones are refused:\n"] if not last.reasons else []
        parts += [f"- {markdown.escape(reason)}" for reason in reasons[:_SHOWN]]
        if len(reasons) > _SHOWN:
            parts.append(f"- and {len(reasons) - _SHOWN} more, all of them in the verdict")
        parts.append("")
    parts += _tables(last)
    if demanded.source:
        said = f"{markdown.escape(demanded.environment)} in {markdown.code(demanded.source)}"
        parts.append(f"Held to {said} (sha256:{demanded.sha256}).\n")
    for finding in last.findings:
        if finding.ignored:
            names = ", ".join(map(markdown.code, finding.ignored[:_SHOWN]))
            parts.append(f"Not covered by the signature of {markdown.escape(finding.what)}, which says so: {names}.\n")
        if finding.unsigned:
            names = ", ".join(map(markdown.code, finding.unsigned[:_SHOWN]))
            parts.append(f"Unsigned in {markdown.escape(finding.what)}, as `ignore` allows: {names}.\n")
    return "\n".join(parts)


def headline(examined: Sequence[Examined]) -> str:
    """Return the verdict in one line, with its reasons in it, as far as they are told."""
    last = examined[-1]
    if last.reasons:
        return f"verification failed: {'; '.join(told(examined))}"
    found = "; ".join(f"{item.kind} {markdown.visible(item.what)} is what was signed" for item in last.findings)
    passed_over = f", after {len(examined) - 1} refused" if len(examined) > 1 else ""
    return f"{found} (candidate {len(examined)}{passed_over})" if last.release.label else found


def _tables(examined: Examined) -> list[str]:
    subjects = [
        (
            markdown.escape(finding.what),
            markdown.code(f"sha256:{finding.sha256}") if finding.sha256 else "not known",
            "refused" if finding.reasons else "is what was signed",
        )
        for finding in examined.findings
    ]
    tables = [markdown.table(("Subject", "Digest", "Verdict"), subjects)]
    bundles = [
        (
            markdown.code(item.file),
            markdown.escape(_statement(item.statement.predicate_type)),
            markdown.escape(item.proved.signer),
        )
        for item in examined.attestations
    ]
    if bundles:
        tables.append(markdown.table(("Bundle that verifies", "Statement", "Signed by"), bundles))
    verdicts = [
        (
            markdown.escape(_statement(kind)),
            "passed" if verdict.passed else markdown.escape(verdict.said),
            _utc(verdict.time) if verdict.time else "not said",
            str(verdict.waived),
            str(verdict.not_affected),
        )
        for finding in examined.findings
        for kind, verdict in finding.verdicts
    ]
    if verdicts:
        header = ("Gate", "Verdict", "Of", "Waived findings", "Not affected (VEX)")
        tables.append(markdown.table(header, verdicts))
    return tables


def _subject(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "name": finding.what,
        "digest": {"sha256": finding.sha256} if finding.sha256 else {},
        "verdict": _verdict(finding.reasons),
        "ignored": list(finding.ignored),
        "unsigned": list(finding.unsigned),
        "gates": [
            {
                "predicate_type": kind,
                "passed": verdict.passed,
                "time": _utc(verdict.time) if verdict.time else "",
                "waived": verdict.waived,
                "not_affected": verdict.not_affected,
            }
            for kind, verdict in finding.verdicts
        ],
    }


def _attestation(item: Attestation) -> dict[str, object]:
    logged = item.proved.logged
    return {
        "file": item.file,
        "sha256": item.sha256,
        "predicate_type": item.statement.predicate_type,
        "signer": item.proved.signer,
        "log_index": logged.index,
        "logged_at": _utc(logged.time) if logged.time else "",
        "subjects": [{"name": each.name, "sha256": each.sha256} for each in item.statement.subjects],
    }


def _statement(predicate_type: str) -> str:
    return "model signature" if predicate_type == MODEL_SIGNATURE else predicates.describe(predicate_type)


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _verdict(reasons: Sequence[str]) -> str:
    return Verdict.FAILED if reasons else Verdict.PASSED
