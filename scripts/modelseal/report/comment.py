"""What people read of a verdict on their pull request: short, what is new first.

A comment notifies whoever it mentions, and links whatever looks like an issue. So text from outside is always code.
"""

import re
from collections.abc import Iterable, Sequence

from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.result import Decision, Evidence, Judgement, Novelty, Result
from modelseal.report import markdown, wording
from modelseal.report.remedy import Remedy, advice, effect, remedies
from modelseal.report.wording import short
from modelseal.verdict import Verdict

LIMIT = 65_536  # GitHub's, in characters; here in bytes, of which there are never fewer
_MARKS = {
    Severity.CRITICAL: "🟥",
    Severity.HIGH: "🟧",
    Severity.MEDIUM: "🟨",
    Severity.LOW: "🟦",
    Severity.UNKNOWN: "⬜",
}
_ROWS = 15
_TABLE_BYTES = 20_000
_LISTED = 5
_IDS_SHOWN = 3
_TEXT_LENGTH = 80
_ADDRESS = re.compile(r"https://[A-Za-z0-9.:-]+/[A-Za-z0-9._/-]*")


def render(result: Result, *, key: str = "", run_url: str = "") -> str:
    """Render a verdict as the body of a pull request's comment, in Markdown, within GitHub's 65,536 characters.

    Args:
        result: What the gate concluded.
        key: What tells this comment apart from the pull request's others, such as the analysis' category.
        run_url: The workflow run, where everything is.
    """
    judgement = result.judgement
    mark = "✅" if judgement.verdict is Verdict.PASSED else "❌"
    parts = [
        f"### {mark} Gate {judgement.verdict}: {_code(result.evidence.name)}\n",
        f"**{wording.conclusion(result)}.**{_compared(judgement)}\n",
        *_failing(judgement),
        *_let_through(judgement),
        *_expired(judgement),
        _foot(result, key, run_url),
    ]
    return "\n".join(parts)


def _compared(judgement: Judgement) -> str:
    compared = wording.comparison(judgement)
    if compared is None:
        return ""
    new, known, fixed = compared
    return f" Against the baseline **{new:,} new**, {known:,} known, {fixed:,} fixed."


def _failing(judgement: Judgement) -> Iterable[str]:
    failing = [judged for judged in judgement.findings if judged.decision is Decision.FAILS]
    new = [judged.finding for judged in failing if judged.novelty is Novelty.NEW]
    others = [judged.finding for judged in failing if judged.novelty is not Novelty.NEW]
    if new:
        yield "#### New, and to be mended\n"
        yield _table(new)
    if others:
        yield "#### To be mended, and in the baseline too\n" if judgement.fixed is not None else "#### To be mended\n"
        yield _table(others)


def _table(findings: Sequence[Finding]) -> str:
    grouped = remedies(findings)
    rows: list[list[str]] = []
    room = _TABLE_BYTES
    for remedy in grouped[:_ROWS]:
        row = _row(remedy)
        room -= sum(len(cell.encode("utf-8", "backslashreplace")) for cell in row)
        if room < 0:
            break
        rows.append(row)
    rest = f"\n{len(grouped) - len(rows):,} more are in the job summary.\n" if len(rows) < len(grouped) else ""
    return markdown.table(["Worst", "What", "Installed", "What to do", "Because of"], rows) + rest


def _row(remedy: Remedy) -> list[str]:
    ids = ", ".join(map(_code, remedy.ids[:_IDS_SHOWN]))
    more = f" and {len(remedy.ids) - _IDS_SHOWN:,} more" if len(remedy.ids) > _IDS_SHOWN else ""
    if remedy.upgrade_to:
        what_to_do = f"upgrade to {_code(remedy.upgrade_to)}{effect(remedy)}"
    else:  # the advice on a misconfiguration is the rule's, all other is ours
        what_to_do = _code(advice(remedy)) if remedy.kind is Kind.MISCONFIGURATION else markdown.escape(advice(remedy))
    return [
        f"{_MARKS[remedy.worst]} {remedy.worst}",
        _code(remedy.package),
        _code(remedy.version) if remedy.version else "",
        what_to_do,
        f"{ids}{more}",
    ]


def _let_through(judgement: Judgement) -> Iterable[str]:
    said = [
        f"{number:,} {wording.DECISIONS[decision]}"
        for decision in wording.LET_THROUGH
        if (number := judgement.decided(decision))
    ]
    if said:
        yield f"Let through: {wording.listed(said)}.\n"


def _expired(judgement: Judgement) -> Iterable[str]:
    for what, waivers in (("Expired waivers, which waive nothing", judgement.expired),
                          ("Waivers that met no finding", judgement.unused)):  # fmt: skip
        if waivers:
            named = ", ".join(f"{_code(waiver.id)} (by {_code(waiver.owner)})" for waiver in waivers[:_LISTED])
            more = f" and {len(waivers) - _LISTED:,} more" if len(waivers) > _LISTED else ""
            yield f"⚠️ {what}: {named}{more}.\n"


def _foot(result: Result, key: str, run_url: str) -> str:
    evidence = result.evidence
    scanned = f"{_code(evidence.scanner.name)} {_code(evidence.scanner.version)}"
    if isinstance(evidence, Evidence):
        scanned += f", advisories of {evidence.database_updated:%Y-%m-%d %H:%M} UTC"
    everything = f"[Everything that was found]({run_url}) · " if _ADDRESS.fullmatch(run_url) else ""
    return f"<sub>{everything}{scanned}{f' · {_code(key)}' if key else ''}</sub>\n"


def _code(text: str) -> str:
    return markdown.code(short(text, _TEXT_LENGTH)) if text else "—"
