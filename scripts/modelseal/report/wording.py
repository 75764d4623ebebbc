"""What the renderings for people say of a result in the same words: job summary, table, HTML report."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from modelseal.gate.finding import Kind, Severity
from modelseal.gate.policy import Policy, Threshold, Waiver
from modelseal.gate.result import MODEL_SCANNER, Decision, Evidence, Judged, Judgement, ModelEvidence, Novelty, Result

DECISIONS = {
    Decision.FAILS: "fails",
    Decision.WAIVED: "waived",
    Decision.NOT_AFFECTED: "not affected",
    Decision.KNOWN: "known",
    Decision.GRACE: "in grace",
    Decision.UNFIXED: "no fix yet",
    Decision.BELOW: "below the bar",
    Decision.ALLOWED: "allowed by name",
    Decision.WARNS: "a warning",
}
# The order in which people want to read them, and what each means.
LET_THROUGH = {
    Decision.WAIVED: "Somebody answers for these, until a day.",
    Decision.NOT_AFFECTED: "A VEX document says that these do no harm here.",
    Decision.GRACE: "These were published a short time ago: they will fail when their grace is over.",
    Decision.KNOWN: "The baseline has these too; only new ones fail.",
    Decision.UNFIXED: "The policy lets these through until there is a fixed version.",
    Decision.ALLOWED: "The policy names these as vetted.",
    Decision.WARNS: "Nobody can tell what these do, and the policy lets that pass.",
}
KINDS = {
    Kind.VULNERABILITY: ("vulnerability", "vulnerabilities"),
    Kind.SECRET: ("secret", "secrets"),
    Kind.MISCONFIGURATION: ("misconfiguration", "misconfigurations"),
    Kind.LICENSE: ("licence", "licences"),
    Kind.MODEL: ("finding in a model", "findings in models"),
}
_SCANNERS = {
    "vuln": Kind.VULNERABILITY,
    "secret": Kind.SECRET,
    "misconfig": Kind.MISCONFIGURATION,
    "license": Kind.LICENSE,
    MODEL_SCANNER: Kind.MODEL,
}
REPORTED = "reported only"
_TEXT_LENGTH = 120
_DIGEST_LENGTH = 12


def short(text: str, length: int = _TEXT_LENGTH) -> str:
    """Cut a text that is too long to be read where it stands, so that the cut is seen."""
    return text if len(text) <= length else f"{text[:length]}… ({len(text):,} characters)"


def short_path(path: str, length: int = 48) -> str:
    """Leave out the first folders of a path that is too long to be read where it stands."""
    if len(path) <= length:
        return path
    kept = path[-length:]
    return f"…{kept[max(kept.find('/'), 0) :]}"


def short_digest(digest: str) -> str:
    """Return the beginning of a digest, as people compare them: `sha256:0123456789ab`."""
    algorithm, colon, value = digest.rpartition(":")
    return f"{algorithm}{colon}{value[:_DIGEST_LENGTH]}"[:40]


def count(number: int, singular: str, plural: str = "") -> str:
    """Say how many: `1 package`, `2,000 packages`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def size(number: int) -> str:
    """Say how many bytes: `12 bytes`, `1.5 MB`."""
    amount, unit = float(number), "byte"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:  # noqa: PLR2004 # as disks and GitHub count
            break
        amount, unit = amount / 1000, larger
    return count(number, unit) if unit == "byte" else f"{amount:.1f} {unit}"


def listed(parts: Sequence[str]) -> str:
    """Join parts of a sentence: `a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def by_kind(items: Iterable[Judged]) -> str:
    """Say how many there are of each kind: `9 vulnerabilities and 1 secret`."""
    counts = Counter(item.finding.kind for item in items)
    return listed([count(counts[kind], *KINDS[kind]) for kind in Kind if counts[kind]])


def conclusion(result: Result) -> str:
    """Say in a sentence, without its full stop, what came out."""
    found = result.judgement.findings
    if not found:
        return "Nothing was found"
    number = len(result.judgement.failing)
    if not number:
        return f"{count(len(found), 'finding')}, none of which {'fails' if len(found) == 1 else 'fail'}"
    said = f"{number:,} of {count(len(found), 'finding')} {'fails' if number == 1 else 'fail'}"
    if result.evidence.scanners == (MODEL_SCANNER,):
        return said  # there are no other kinds
    return f"{said}: {by_kind(item for item in found if item.decision is Decision.FAILS)}"


def counts(judgement: Judgement) -> Counter[tuple[Severity, Decision]]:
    """Count findings by severity and decision."""
    return Counter((item.finding.severity, item.decision) for item in judgement.findings)


def comparison(judgement: Judgement) -> tuple[int, int, int] | None:
    """Return how many findings are new, known and fixed against the baseline; None where there is none."""
    if judgement.fixed is None:
        return None
    novelties = Counter(item.novelty for item in judgement.findings)
    return novelties[Novelty.NEW], novelties[Novelty.KNOWN], len(judgement.fixed)


def age(evidence: Evidence) -> str:
    """Say how old the advisories were when the scan ended."""
    passed = max(evidence.finished - evidence.database_updated, timedelta(0))
    if passed < timedelta(hours=2):
        return f"{count(int(passed.total_seconds() // 60), 'minute')} old"
    hours = int(passed.total_seconds() // 3600)
    return f"{count(hours, 'hour')} old" if hours < 48 else f"{count(hours // 24, 'day')} old"  # noqa: PLR2004


def looked_for(evidence: Evidence | ModelEvidence) -> str:
    """Name what was looked for."""
    if isinstance(evidence, ModelEvidence):
        return "what would run, or is not what it seems"
    return listed([KINDS[_SCANNERS[name]][1] if name in _SCANNERS else name for name in evidence.scanners])


def not_looked_at(evidence: Evidence) -> tuple[str, ...]:
    """Say what of the image was not looked at, so that nothing seems scanned that was not."""
    said = []
    if evidence.left_out:
        said.append(f"Not looked into: {listed(evidence.left_out)}")
    if evidence.attestations:
        said.append(f"The index holds {count(evidence.attestations, 'attestation')} beside its images")
    if evidence.unread:
        said.append(f"Not read, which the policy allows: {listed(evidence.unread)}")
    if evidence.without_secrets:
        layers = count(len(evidence.without_secrets), "layer")
        said.append(f"{layers} of the base image not searched for secrets: the scanner leaves those out")
    return tuple(said)


def bars(result: Result) -> tuple[tuple[str, str], ...]:
    """Say what fails, for each kind that was looked for."""
    kinds = [_SCANNERS[name] for name in result.evidence.scanners if name in _SCANNERS]
    kinds += sorted({item.finding.kind for item in result.judgement.findings} - set(kinds), key=list(Kind).index)
    return tuple((KINDS[kind][1], _bar(result.policy, kind)) for kind in kinds)


def policy_source(policy: Policy) -> str:
    """Name the policy's file; it may hold anything."""
    return policy.source or "inputs only, no policy file"


def waiver(item: Waiver) -> str:
    """Say what a waiver names, and who answers for it."""
    names = {"package": item.package, "path": item.path, "image": item.image}
    scope = listed([f"{name} {short(value)}" for name, value in names.items() if value])
    line = f"line {item.line} of the policy, " if item.line else ""
    return f"{short(item.id)}{' for ' if scope else ''}{scope} ({line}by {short(item.owner)}): {short(item.reason)}"


def _bar(policy: Policy, kind: Kind) -> str:
    if kind is Kind.LICENSE:
        parts = [("", policy.licenses.denied), ("anything but ", policy.licenses.allowed)]
        return "; ".join(f"{name}{short(', '.join(ids))}" for name, ids in parts if ids) or REPORTED
    if kind is Kind.MODEL:
        return _model_bar(policy)
    threshold = policy.threshold(kind)
    text = ", ".join(severity for severity in Severity if severity in threshold.fail_on) or REPORTED
    if kind is not Kind.VULNERABILITY or not threshold.fail_on:
        return text
    return text + _conditions(policy, threshold)


def _model_bar(policy: Policy) -> str:
    models = policy.models
    words: list[str] = [severity for severity in Severity if severity in models.fail_on]
    words += ["what nobody has vetted"] * models.unknown_fails + ["what could not be read"] * models.unread_fails
    rules = f" (with {count(len(models.rules), 'rule')} for some files)" if models.rules else ""
    return ", ".join(words) + rules


def _conditions(policy: Policy, threshold: Threshold) -> str:
    grace = [f"{count(days, 'day')} for {severity}" for severity, days in threshold.grace_days if days]
    parts = [
        "once there is a fixed version" if threshold.ignore_unfixed else "",
        f"after a grace of {listed(grace)}" if grace else "",
        "when new against the baseline" if policy.fail_on_new_only else "",
        f"with {count(len(policy.rules), 'rule')} for some packages" if policy.rules else "",
    ]
    said = "; ".join(filter(None, parts))
    return f" ({said})" if said else ""
