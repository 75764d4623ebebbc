"""What people read of a verdict on the job's page: what to do first, then why, then all that was found."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from modelseal.gate.finding import Kind, Severity
from modelseal.gate.result import Decision, Judged, Judgement, ModelEvidence, Novelty, Result
from modelseal.report import limited, looked_at, markdown, model_sections, wording
from modelseal.report.limited import MARKS
from modelseal.report.remedy import Remedy, advice, effect, remedies
from modelseal.report.wording import count, short
from modelseal.verdict import Verdict

_KIB = 1024
# How many rows and bytes of each section: together below 200 KiB, of the 1 MiB that GitHub takes from a step.
_ADVICE, _OTHER, _LISTED, _EVERYTHING = (60, 40 * _KIB), (25, 8 * _KIB), (25, 9 * _KIB), (200, 40 * _KIB)
_IDS_SHOWN = 5


def render(result: Result) -> str:
    """Render a verdict as Markdown for the job summary, below 200 KiB; what is cut is named, the worst is kept."""
    judgement, evidence = result.judgement, result.evidence
    sections = (
        *_head(result),
        *_what_to_do(judgement),
        *_news(judgement),
        *_let_through(judgement),
        *_waivers(judgement),
        *(model_sections.closure(evidence) if isinstance(evidence, ModelEvidence) else ()),
        *_everything(judgement),
    )
    return "\n".join(sections)


def headline(result: Result) -> str:
    """Say it in one plain line, with what to do about the worst. It repeats texts from outside, shortened."""
    return markdown.visible(_headline(result))


def _headline(result: Result) -> str:
    failing = result.judgement.failing
    image = short(result.evidence.name)
    if not failing:
        return f"the gate lets {image} through: {count(len(result.judgement.findings), 'finding')}, none of which fails"
    first = remedies(failing)
    said = "; ".join(_said(remedy) for remedy in first[:_IDS_SHOWN])
    more = f"; and {len(first) - _IDS_SHOWN:,} more to mend" if len(first) > _IDS_SHOWN else ""
    verb = "finding fails" if len(failing) == 1 else "findings fail"
    return f"the gate stops {image}: {len(failing):,} {verb}. {said}{more}"


def _said(remedy: Remedy) -> str:
    named = f"{short(remedy.package)} {short(remedy.version)}".strip()
    ids = ", ".join(map(short, remedy.ids[:2])) + (", …" if len(remedy.ids) > 2 else "")  # noqa: PLR2004
    return f"{named} ({remedy.worst}: {ids}): {short(advice(remedy), 200)}"


def _head(result: Result) -> Iterable[str]:
    evidence, judgement = result.evidence, result.judgement
    mark = "✅" if judgement.verdict is Verdict.PASSED else "❌"
    yield f"### {mark} Gate {judgement.verdict}: {markdown.code(short(evidence.name))}\n"
    against = wording.comparison(judgement)
    compared = (
        f" Against the baseline **{against[0]:,} new**, {against[1]:,} known, {against[2]:,} fixed." if against else ""
    )
    yield f"**{wording.conclusion(result)}.**{compared}\n"
    yield _counts(judgement) if judgement.findings else ""
    lines = (*looked_at.lines(result), f"Policy: {_policy(result)}")
    yield "".join(f"- {line}\n" for line in lines)
    if isinstance(evidence, ModelEvidence):
        yield from model_sections.files(evidence, judgement)


def _policy(result: Result) -> str:
    source = result.policy.source
    named = markdown.code(short(source)) if source else wording.policy_source(result.policy)
    digest = f" {markdown.code(wording.short_digest(result.policy.sha256))}" if result.policy.sha256 else ""
    bars = "; ".join(
        f"{kind} are {bar}" if bar == wording.REPORTED else f"{kind} fail on {bar}"
        for kind, bar in wording.bars(result)
    )
    return f"{named}{digest}: {markdown.escape(bars)}"


def _counts(judgement: Judgement) -> str:
    counted = wording.counts(judgement)
    decisions = [
        decision for decision in wording.DECISIONS if decision is Decision.FAILS or judgement.decided(decision)
    ]
    rows = [
        [
            MARKS[severity],
            *(_number(counted[severity, decision], decision) for decision in decisions),
            f"{total:,}",
        ]
        for severity in Severity
        if (total := judgement.count(severity))
    ]
    return markdown.table(["Severity", *(wording.DECISIONS[decision] for decision in decisions), "all"], rows)


def _number(number: int, decision: Decision) -> str:
    if not number:
        return "·"
    return f"**{number:,}**" if decision is Decision.FAILS else f"{number:,}"


def _what_to_do(judgement: Judgement) -> Iterable[str]:
    failing = remedies(judgement.failing)
    if not failing:
        return
    yield "#### What to do\n"
    of_kind = {kind: [remedy for remedy in failing if remedy.kind is kind] for kind in Kind}
    upgrades = of_kind[Kind.VULNERABILITY]
    if upgrades:
        header = ["Worst", "Package", "Installed", "What to do", "Because of", "Where"]
        yield limited.table(header, map(_upgrade, upgrades), len(upgrades), _ADVICE)
    if of_kind[Kind.MODEL]:
        yield from model_sections.what_to_do(judgement.failing)
    for kind in (Kind.SECRET, Kind.MISCONFIGURATION, Kind.LICENSE):
        if of_kind[kind]:
            header = ["Worst", "Where" if kind is not Kind.LICENSE else "Package", "What it is", "What to do"]
            yield limited.table(header, map(_other, of_kind[kind]), len(of_kind[kind]), _OTHER)


def _upgrade(remedy: Remedy) -> list[str]:
    text = markdown.escape(short(advice(remedy), 200))
    if remedy.upgrade_to:
        text = f"upgrade to **{markdown.escape(short(remedy.upgrade_to))}**{effect(remedy)}"
    if remedy.nearby:
        mended = len(remedy.ids) - len(remedy.nearby_left)
        text += f"; or to {markdown.escape(short(remedy.nearby))} of the same major release for {mended} of them"
    return [
        MARKS[remedy.worst],
        markdown.code(short(remedy.package)),
        markdown.escape(short(remedy.version)),
        text,
        _some(remedy.ids),
        _some([*remedy.platforms, *map(wording.short_path, remedy.places)], 2),
    ]


def _other(remedy: Remedy) -> list[str]:
    first = remedy.findings[0]
    more = f" and {len(remedy.findings) - 1:,} more" if len(remedy.findings) > 1 else ""
    title = f"{short(first.title)} ({short(first.id)})" if first.title else short(first.id)
    where = remedy.package if remedy.kind is Kind.LICENSE else first.place
    return [
        MARKS[remedy.worst],
        markdown.code(short(where)),
        markdown.escape(title) + more,
        markdown.escape(short(advice(remedy), 200)),
    ]


def _news(judgement: Judgement) -> Iterable[str]:
    if judgement.fixed is None:
        return
    new = [item for item in judgement.findings if item.novelty is Novelty.NEW]
    if new:
        yield f"#### New against the baseline: {len(new):,}\n"
        yield limited.table(["Severity", "Id", "Package", "Decision"], map(_new, new), len(new), _LISTED)
    if judgement.fixed:
        yield limited.folded(
            f"Fixed since the baseline: {len(judgement.fixed):,}",
            limited.table(
                ["Severity", "Id", "Package"],
                (
                    [
                        MARKS[item.severity],
                        markdown.escape(short(item.id)),
                        _package(item.package, item.version),
                    ]
                    for item in sorted(judgement.fixed, key=lambda item: (item.severity.rank, item.package, item.id))
                ),
                len(judgement.fixed),
                _LISTED,
            ),
        )


def _new(item: Judged) -> list[str]:
    finding = item.finding
    return [
        MARKS[finding.severity],
        markdown.escape(short(finding.id)),
        _package(finding.package, finding.version),
        wording.DECISIONS[item.decision],
    ]


def _let_through(judgement: Judgement) -> Iterable[str]:
    """What would fail without somebody's word for it; the same in several places or platforms is one row."""
    for decision, meaning in wording.LET_THROUGH.items():
        rows = Counter(
            (item.finding.severity, item.finding.id, item.finding.package, item.finding.version, item.reason)
            for item in judgement.findings
            if item.decision is decision
        )
        if not rows:
            continue
        yield f"#### {wording.DECISIONS[decision].capitalize()}: {rows.total():,}\n"
        yield f"{meaning}\n"
        lines = (
            [
                MARKS[severity],
                markdown.escape(short(id_)),
                _package(package, version) + (f" (in {times} places)" if times > 1 else ""),
                markdown.escape(short(reason, 300)),
            ]
            for (severity, id_, package, version, reason), times in rows.items()
        )
        yield limited.table(["Severity", "Id", "Package", "Why"], lines, len(rows), _LISTED)


def _waivers(judgement: Judgement) -> Iterable[str]:
    if not (judgement.expired or judgement.unused):
        return
    yield "#### Waivers to look after\n"
    lines = [
        *(
            f"⏰ expired on {item.expires}, waives nothing: {markdown.escape(wording.waiver(item))}"
            for item in judgement.expired
        ),
        *(f"🧹 met nothing, can go: {markdown.escape(wording.waiver(item))}" for item in judgement.unused),
    ]
    kept = limited.rows(([line] for line in lines), _LISTED)
    yield "".join(f"- {line}\n" for (line,) in kept)
    yield limited.remark(len(lines) - len(kept))


def _everything(judgement: Judgement) -> Iterable[str]:
    if judgement.findings:
        total = len(judgement.findings)
        of_model = judgement.findings[0].finding.kind is Kind.MODEL
        header = ["Severity", "Decision", "Id", "Package", "Fixed in", "Where"]
        failing = (item for item in judgement.findings if item.decision is Decision.FAILS)
        others = (item for item in judgement.findings if item.decision is not Decision.FAILS)
        rows = map(model_sections.row if of_model else _row, chain(failing, others))
        header = model_sections.HEADER if of_model else header
        yield limited.folded(f"Everything that was found: {total:,}", limited.table(header, rows, total, _EVERYTHING))


def _row(item: Judged) -> list[str]:
    finding = item.finding
    return [
        MARKS[finding.severity],
        wording.DECISIONS[item.decision],
        markdown.escape(short(finding.id)),
        _package(finding.package, finding.version),
        markdown.escape(short(finding.fixed_version)),
        markdown.escape(short(f"{finding.platform} {finding.place}".strip())),
    ]


def _package(name: str, version: str) -> str:
    return f"{markdown.code(short(name))} {markdown.escape(short(version))}".strip()


def _some(texts: Sequence[str], shown: int = _IDS_SHOWN) -> str:
    more = f" and {len(texts) - shown:,} more" if len(texts) > shown else ""
    return markdown.escape(", ".join(short(text, 60) for text in texts[:shown])) + more
