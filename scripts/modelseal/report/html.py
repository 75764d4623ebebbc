"""A report for the browser, in one file that asks nothing of the network and runs nothing but its own script."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from functools import cache
from itertools import islice
from pathlib import Path
from string import Template

from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.result import Decision, Judged, ModelEvidence, Result
from modelseal.report import html_sections, markdown, wording
from modelseal.report.html_facts import escaped
from modelseal.report.wording import short

_ASSETS = Path(__file__).with_name("assets")
_STATIC_ROWS = 100  # without JavaScript
_TEXT, _LONG_TEXT, _DESCRIPTIONS = 300, 1000, 2_000_000  # characters: of a text, of a description, of all of these
_URL = 2000
_WEB_ADDRESS = re.compile(
    r"(?i:https?)://[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:[/?#][!#-&(-;=?-\[\]_a-z~]*)?", re.ASCII
)
_COLUMNS = (
    "kind", "severity", "decision", "novelty", "id", "package", "version", "fixed", "where", "type", "title", "text",
    "reason", "mend", "url", "status", "published", "score", "weaknesses", "aliases", "platform", "layer",
)  # fmt: skip


def render(result: Result) -> bytes:
    """Render a result as a self-contained HTML file, UTF-8, the same bytes for the same result."""
    ordered = _failing_first(result)
    script, style = _asset("report.js"), _asset("report.css")
    total = len(ordered)
    page = Template(_asset("report.html")).substitute(
        csp=escaped(_policy(script, style)),
        style=style,
        script=script,
        title=escaped(f"Gate {result.judgement.verdict}: {short(result.evidence.name)}"),
        head=html_sections.head(result),
        todo=html_sections.what_to_do(result.judgement),
        let_through=html_sections.let_through(result.judgement),
        waivers=html_sections.waivers(result.judgement),
        baseline=html_sections.fixed(result.judgement),
        columns="".join(f'<th scope="col">{name}</th>' for name in _headers(result)),
        total=f"{total:,}",
        shown=escaped(_shown(total)),
        rows="\n".join(map(_row, islice(ordered, _STATIC_ROWS))),
        footer=escaped(f"Made from one scan that ended at {result.evidence.finished:%Y-%m-%d %H:%M} UTC."),
        data=_data(ordered),
    )
    return page.encode()


def _headers(result: Result) -> tuple[str, str, str]:
    if isinstance(result.evidence, ModelEvidence):
        return "File", "Format", "Where in it"
    return "Package", "Installed", "Fixed in"


def web_address(url: str) -> str:
    """Return an address that is safe to link to, else nothing: http or https, with a host, without a user's name."""
    return url if len(url) <= _URL and _WEB_ADDRESS.fullmatch(url) else ""


def _failing_first(result: Result) -> list[Judged]:
    return sorted(result.judgement.findings, key=lambda item: item.decision is not Decision.FAILS)


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _policy(script: str, style: str) -> str:
    """Allow our own script and style by their digests, and nothing else (https://www.w3.org/TR/CSP3/)."""
    script_digest, style_digest = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)
    )
    return (
        f"default-src 'none'; script-src 'sha256-{script_digest}'; style-src 'sha256-{style_digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _shown(total: int) -> str:
    if not total:
        return "Nothing was found."
    if total <= _STATIC_ROWS:
        return f"{total:,} of {total:,} findings"
    return f"The worst {_STATIC_ROWS} of {total:,} findings. With JavaScript all of them can be searched here."


def _row(item: Judged) -> str:
    finding = item.finding
    cells = (finding.package, *_versions(finding))
    fails = " fails" if item.decision is Decision.FAILS else ""
    title = f'<span class="title">{escaped(short(finding.title))}</span>'
    return (
        f'<tr class="row"><td>{html_sections.severity(finding.severity)}</td>'
        f'<td><span class="decision{fails}">{wording.DECISIONS[item.decision]}</span></td>'
        f"<td><b>{escaped(short(finding.id))}</b>{title}</td>"
        f"{''.join(f'<td>{escaped(short(text))}</td>' for text in cells)}</tr>"
    )


def _versions(finding: Finding) -> tuple[str, str]:
    """Return the installed version and the fixed ones; of something in a model its format, and where in the file."""
    if finding.kind is not Kind.MODEL:
        return finding.version, finding.fixed_version
    at = "" if finding.offset is None else f"byte {finding.offset}"
    return finding.type, " at ".join(filter(None, (finding.members, at)))


def _data(ordered: Iterable[Judged]) -> str:
    """Encode the findings as JSON that is inert inside a script element.

    Each text is there once, in `strings`; a row is a list of places in it, in the order of `columns`. Nothing of `<`,
    `>`, `&` or beyond ASCII is left unescaped, so that no text ends the element or starts a comment.
    """
    strings: dict[str, int] = {}
    left = _DESCRIPTIONS
    rows = []
    for item in ordered:
        description = _description(item.finding) if left > 0 else ""
        if description not in strings:
            left -= len(description)
        rows.append([strings.setdefault(text, len(strings)) for text in (*_texts(item, description),)])
    document = {
        "columns": _COLUMNS,
        "severities": list(Severity),
        "decisions": list(wording.DECISIONS.values()),
        "kinds": [singular for singular, _ in wording.KINDS.values()],
        "strings": list(strings),
        "rows": rows,
    }
    text = json.dumps(document, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _texts(item: Judged, description: str) -> Iterable[str]:
    finding = item.finding
    yield wording.KINDS[finding.kind][0]
    yield finding.severity.value
    yield wording.DECISIONS[item.decision]
    yield item.novelty.value if item.novelty else ""
    for text in (
        finding.id, finding.package, *_versions(finding), finding.place, finding.type, finding.title,
    ):  # fmt: skip
        yield _readable(text)
    yield description
    yield _readable(item.reason)
    yield _readable(finding.mend)
    yield web_address(finding.url)
    yield _readable(finding.status)
    yield f"{finding.published:%Y-%m-%d}" if finding.published else ""
    yield "" if finding.score is None else str(finding.score)
    yield _readable(", ".join(finding.weaknesses))
    yield _readable(", ".join(finding.aliases))
    yield _readable(finding.platform)
    yield _readable(finding.layer)


def _readable(text: str) -> str:
    if len(text) <= _TEXT and text.isprintable():
        return text  # as nearly all of them are
    return markdown.visible(short(text, _TEXT))


def _description(finding: Finding) -> str:
    """Return it with its line breaks, which are all that it may do to the page."""
    text = finding.description
    if finding.kind is Kind.MODEL:
        text = "\n".join(filter(None, (f"{text}.", finding.happens, finding.evidence)))
    return "" if text == finding.title else "\n".join(map(markdown.visible, short(text, _LONG_TEXT).splitlines()))
