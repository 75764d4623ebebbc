"""The facts that a verdict in the HTML report rests on: what was looked at, with what, by which policy."""

from collections import Counter
from collections.abc import Iterable
from html import escape
from itertools import islice

from modelseal.gate.result import Evidence, Judgement, ModelEvidence, Result
from modelseal.report import looked_at, markdown, wording
from modelseal.report.wording import count, short

_SHOWN = 50


def escaped(text: str) -> str:
    """Make text into HTML that shows as that text, on one line, in an element or a quoted attribute."""
    return escape(markdown.visible(text))


def of(result: Result) -> str:
    """Return them as terms and descriptions."""
    evidence = result.evidence
    own = _model(evidence) if isinstance(evidence, ModelEvidence) else _image(evidence, result.judgement)
    return "".join((*own, *_policy(result)))


def _image(evidence: Evidence, judgement: Judgement) -> Iterable[str]:
    failing = Counter(finding.platform for finding in judgement.failing)
    several = len(evidence.scanned) > 1
    for item in islice(evidence.scanned, _SHOWN):
        of_it = f", {failing[item.platform]:,} of the failing" if several else ""
        text = f"{short(item.system or 'no operating system')}, {count(item.packages, 'package')}{of_it}"
        digest = f"<br><code>{escaped(wording.short_digest(item.digest or item.image_id))}</code>"
        yield _fact(short(item.platform) or "Image", escaped(text) + digest)
    if len(evidence.scanned) > _SHOWN:
        yield _fact("More images", f"{len(evidence.scanned) - _SHOWN:,}")
    yield _looked_for(evidence)
    database = wording.short_digest(evidence.database_digest)
    yield _fact(
        "Advisories",
        escaped(f"of {evidence.database_updated:%Y-%m-%d %H:%M} UTC, {wording.age(evidence)}")
        + (f"<br><code>{escaped(database)}</code>" if database else ""),
    )
    if missed := wording.not_looked_at(evidence):
        yield _fact("Not looked at", "<br>".join(escaped(short(what, 400)) for what in missed))


def _model(evidence: ModelEvidence) -> Iterable[str]:
    files = evidence.files
    digest = f"<br><code>{escaped(wording.short_digest(evidence.digest))}</code>" if evidence.digest else ""
    text = f"{count(len(files), 'file')}, {wording.size(sum(item.size for item in files))}"
    yield _fact("Model", escaped(text) + digest)
    yield _fact("Formats", escaped(looked_at.formats(evidence)))
    if evidence.requires:
        loose = sum(not item.pinned for item in evidence.requires)
        yield _fact(
            "Loading it takes along", escaped(f"{count(len(evidence.requires), 'thing')}, {loose:,} not pinned")
        )
    yield _looked_for(evidence)


def _looked_for(evidence: Evidence | ModelEvidence) -> str:
    tool = f"{short(evidence.scanner.name)} {short(evidence.scanner.version)}"
    return _fact("Looked for", escaped(f"{wording.looked_for(evidence)}, with {tool}"))


def _policy(result: Result) -> Iterable[str]:
    policy = result.policy
    source = f"<code>{escaped(short(policy.source))}</code>" if policy.source else wording.policy_source(policy)
    yield _fact("Policy", source)
    for kind, bar in wording.bars(result):
        yield _fact(kind.capitalize(), escaped(bar if bar == wording.REPORTED else f"fail on {bar}"))


def _fact(name: str, value: str) -> str:
    return f"<dt>{escaped(name)}</dt><dd>{value}</dd>"
