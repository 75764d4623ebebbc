"""The parts of the HTML report that are read without JavaScript: verdict, counts, what to do, what was let through."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from modelseal.gate.finding import Kind, Severity
from modelseal.gate.result import Decision, Judgement, Result
from modelseal.report import html_facts, wording
from modelseal.report.html_facts import escaped
from modelseal.report.remedy import Remedy, advice, effect, remedies
from modelseal.report.wording import short
from modelseal.verdict import Verdict

_T = TypeVar("_T")
_SHOWN = 50
_IDS_SHOWN = 8
_REST = "are among the findings below."
_SIGNS = {Verdict.PASSED: "m13 21 5 5 9-11", Verdict.FAILED: "m14 14 12 12m0-12-12 12"}
_TITLES = {
    Kind.VULNERABILITY: "Packages to upgrade",
    Kind.SECRET: "Secrets to revoke",
    Kind.MISCONFIGURATION: "Configuration to change",
    Kind.LICENSE: "Licences to settle",
    Kind.MODEL: "Models to mend",
}


def severity(name: Severity) -> str:
    """Return a severity's mark: word, shape and colour."""
    return f'<span class="severity {name}">{name}</span>'


def head(result: Result) -> str:
    """Return the verdict, what it rests on, and the counts."""
    verdict = result.judgement.verdict
    mark = (
        '<svg class="mark" aria-hidden="true" viewBox="0 0 40 40"><circle cx="20" cy="20" r="19"/>'
        f'<path class="sign" d="{_SIGNS.get(verdict, _SIGNS[Verdict.FAILED])}"/></svg>'
    )
    return (
        f'<section class="head {verdict}" aria-label="Verdict"><div class="said"><div class="verdict">{mark}<div>'
        f"<h1>Gate <span>{verdict}</span></h1><p><code>{escaped(short(result.evidence.name))}</code></p></div></div>"
        f"<p>{escaped(wording.conclusion(result))}.</p></div>"
        f'<div class="numbers">{_compared(result.judgement)}{_counts(result.judgement)}</div>'
        f'<dl class="facts">{html_facts.of(result)}</dl></section>'
    )


def what_to_do(judgement: Judgement) -> str:
    """Return what to do, the worst first."""
    failing = remedies(judgement.failing)
    if not failing:
        return ""
    parts = ['<section aria-labelledby="todo-title"><h2 id="todo-title">What to do</h2>']
    of_kind = {kind: [remedy for remedy in failing if remedy.kind is kind] for kind in Kind}
    for kind, some in of_kind.items():
        if some:
            title = f"<h3>{_TITLES[kind]}</h3>" if len(some) < len(failing) else ""
            line = _upgrade if kind is Kind.VULNERABILITY else _other
            parts.append(f'{title}<ol class="todo">{_lines(some, line)}</ol>{_cut(len(some))}')
    return "".join((*parts, "</section>"))


def let_through(judgement: Judgement) -> str:
    """Return what would fail without somebody's word for it."""
    parts = []
    for decision, meaning in wording.LET_THROUGH.items():
        rows = Counter(
            (item.finding.severity, item.finding.id, item.finding.package, item.finding.version, item.reason)
            for item in judgement.findings
            if item.decision is decision
        )
        if rows:
            title = wording.DECISIONS[decision].capitalize()
            parts.append(
                f'<details open><summary><h3>{title} <span class="number">{rows.total():,}</span></h3></summary>'
                f'<p class="muted">{meaning}</p><ol class="todo">{_lines(list(rows.items()), _passed_over)}</ol>'
                f"{_cut(len(rows))}</details>"
            )
    if not parts:
        return ""
    return f'<section aria-labelledby="let-title"><h2 id="let-title">Let through</h2>{"".join(parts)}</section>'


def waivers(judgement: Judgement) -> str:
    """Return the waivers that do nothing any more."""
    said = [
        *(f"Expired on {item.expires}, waives nothing: {wording.waiver(item)}" for item in judgement.expired),
        *(f"Met nothing, can go: {wording.waiver(item)}" for item in judgement.unused),
    ]
    if not said:
        return ""
    lines = "".join(f"<li>{escaped(text)}</li>" for text in said[:_SHOWN])
    return (
        '<section aria-labelledby="waivers-title"><h2 id="waivers-title">Waivers to look after</h2>'
        f'<ul class="plain">{lines}</ul>{_cut(len(said), "are in the verdict.")}</section>'
    )


def fixed(judgement: Judgement) -> str:
    """Return what the baseline had beyond this."""
    if not judgement.fixed:
        return ""
    ordered = sorted(judgement.fixed, key=lambda item: (item.severity.rank, item.package, item.id))
    lines = "".join(
        f"<li>{severity(item.severity)} {escaped(short(item.id))} <b>{escaped(short(item.package))}</b> "
        f'<span class="versions">{escaped(short(item.version))}</span></li>'
        for item in ordered[:_SHOWN]
    )
    return (
        "<section><details><summary><h2>Fixed since the baseline "
        f'<span class="number">{len(ordered):,}</span></h2></summary><ul class="plain">{lines}</ul>'
        f"{_cut(len(ordered), 'are in the verdict.')}</details></section>"
    )


def _compared(judgement: Judgement) -> str:
    against = wording.comparison(judgement)
    if against is None:
        return ""
    named = zip(("new since the baseline", "known", "fixed"), against, strict=True)
    tiles = "".join(f"<div><dt>{name}</dt><dd>{number:,}</dd></div>" for name, number in named)
    return f'<dl class="tiles">{tiles}</dl>'


def _counts(judgement: Judgement) -> str:
    """Return the counts as a table, with a bar in each row: how tall a part is says what became of it."""
    if not judgement.findings:
        return ""
    counted = wording.counts(judgement)
    rows = []
    for name in Severity:
        fails, below = counted[name, Decision.FAILS], counted[name, Decision.BELOW]
        rows.append((name, (fails, judgement.count(name) - fails - below, below)))
    most = max(sum(parts) for _, parts in rows)
    lines = "".join(
        f'<tr><th scope="row">{severity(name)}</th><td class="bar {name}">{_bar(parts, most)}</td>'
        f"{''.join(_cell(number, style) for number, style in zip((*parts, sum(parts)), _CELLS, strict=True))}</tr>"
        for name, parts in rows
    )
    return (
        '<table class="counts"><caption class="unseen">Findings by severity and decision</caption><thead><tr>'
        '<th scope="col">Severity</th><td></td><th scope="col">Fails</th><th scope="col">Let through</th>'
        f'<th scope="col">Below the bar</th><th scope="col">All</th></tr></thead><tbody>{lines}</tbody></table>'
    )


_CELLS = ("fails", "", "", "")


def _cell(number: int, style: str) -> str:
    return f'<td class="{style if number else "none"}">{number:,}</td>'


def _bar(parts: Sequence[int], most: int) -> str:
    shapes, start = [], 0.0
    for number, (style, height) in zip(parts, (("", 18), ("let", 12), ("below", 6)), strict=True):
        if number:
            width = max(1.5, 95 * number / most)
            shapes.append(
                f'<rect class="{style}" x="{start:.2f}" y="{18 - height}" width="{width:.2f}" height="{height}"/>'
            )
            start += width + 0.5
    return f'<svg aria-hidden="true" viewBox="0 0 100 18" preserveAspectRatio="none">{"".join(shapes)}</svg>'


def _lines(items: Sequence[_T], line: Callable[[_T], str]) -> str:
    return "".join(map(line, items[:_SHOWN]))


def _upgrade(remedy: Remedy) -> str:
    package = escaped(short(remedy.package))
    shortcut = f'<a href="#findings" data-search="{package}"><b>{package}</b></a>'
    versions = f'<span class="versions">{escaped(short(remedy.version))}</span>'
    if remedy.upgrade_to:
        to = f'<span class="versions fix">{escaped(short(remedy.upgrade_to))}</span>'
        text = f'{versions} <span class="arrow" aria-label="upgrade to">→</span> {to}{effect(remedy)}'
    else:
        text = f"{versions}: {advice(remedy)}"
    if remedy.nearby:
        near = f'<span class="versions">{escaped(short(remedy.nearby))}</span>'
        text += f"; or {near} of the same major release for {len(remedy.ids) - len(remedy.nearby_left):,} of them"
    where = [*remedy.platforms, *map(wording.short_path, remedy.places)]
    return _item(remedy.worst, f"{shortcut} {text}", f"{_some(remedy.ids)}<br>{_some(where, 3)}")


def _other(remedy: Remedy) -> str:
    first = remedy.findings[0]
    more = f" and {len(remedy.findings) - 1:,} more" if len(remedy.findings) > 1 else ""
    where = remedy.package if remedy.kind is Kind.LICENSE else first.place
    what = first.description if remedy.kind is Kind.MODEL else first.title
    title = f"{short(what)} ({short(first.id)})" if what else short(first.id)
    said = short(advice(remedy), 300)
    return _item(
        remedy.worst,
        f"<b>{escaped(short(where))}</b>: {escaped(said)}",
        f"{escaped(title)}{more}",
    )


def _passed_over(row: tuple[tuple[Severity, str, str, str, str], int]) -> str:
    (worst, id_, package, version, reason), times = row
    places = f" in {times:,} places" if times > 1 else ""
    named = f'<b>{escaped(short(package))}</b> <span class="versions">{escaped(short(version))}</span>{places}'
    return _item(worst, f"{escaped(short(id_))} {named}", escaped(short(reason, 300)))


def _item(worst: Severity, do: str, why: str) -> str:
    return f'<li>{severity(worst)}<div><div class="do">{do}</div><div class="why">{why}</div></div></li>'


def _some(texts: Sequence[str], shown: int = _IDS_SHOWN) -> str:
    more = f" and {len(texts) - shown:,} more" if len(texts) > shown else ""
    return escaped(", ".join(short(text, 60) for text in texts[:shown])) + more


def _cut(number: int, where: str = _REST) -> str:
    return f'<p class="muted">{number - _SHOWN:,} more {where}</p>' if number > _SHOWN else ""
