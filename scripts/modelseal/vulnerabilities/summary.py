"""What people read of a verdict: what to do first, then all that was found."""

from collections.abc import Sequence

from modelseal.report import markdown
from modelseal.verdict import Verdict
from modelseal.vulnerabilities.gate import Decision, Judged, Judgement, Policy
from modelseal.vulnerabilities.remedy import Remedy, remedies
from modelseal.vulnerabilities.report import Report, Severity
from modelseal.vulnerabilities.trivy import Scan

_ICONS = {
    Severity.CRITICAL: "🟥",
    Severity.HIGH: "🟧",
    Severity.MEDIUM: "🟨",
    Severity.LOW: "🟦",
    Severity.UNKNOWN: "⬜",
}
_IDS_SHOWN = 5
_COLUMN_WIDTH = 60
_TEXT_LENGTH = 120
_ROWS_SHOWN = 200
_REASONS = {
    Decision.FAILS: "fails the gate",
    Decision.UNFIXED: "no fixed version yet",
    Decision.BELOW: "below the bar",
}


def summary(image: str, report: Report, judgement: Judgement, policy: Policy, scan: Scan) -> str:
    """Render a verdict as Markdown for the job summary; long lists are cut and say so."""
    failing = remedies(judgement.failing)
    passed = judgement.verdict is Verdict.PASSED
    mark = "✅" if passed else "❌"
    parts = [
        f"### {mark} Gate {judgement.verdict}: {markdown.code(_short(image))}\n",
        f"{report.packages} packages of {markdown.escape(_short(report.os))} were looked at; the advisories are of "
        f"{scan.database.updated_at:%Y-%m-%d %H:%M} UTC. The gate fails on {_policy(policy)}.\n",
        _counts(judgement),
    ]
    if failing:
        parts += ["#### What to do\n", _remedies(failing)]
    if judgement.findings:
        parts += [
            "<details><summary>Everything that was found</summary>\n",
            _findings(judgement.findings),
            "</details>\n",
        ]
    return "\n".join(parts)


def table(findings: Sequence[Judged]) -> str:
    """Lay out every finding as plain text in columns, the worst first."""
    header = ("SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED IN", "DECISION", "WHERE")
    rows = [header] + [
        tuple(
            markdown.visible(text) or "-"
            for text in (
                item.finding.severity, item.finding.id, item.finding.package, item.finding.version,
                item.finding.fixed_version, item.decision, item.finding.path,
            )
        )
        for item in findings
    ]  # fmt: skip
    # One overlong text would make every row as long as itself.
    widths = [min(max(len(row[column]) for row in rows), _COLUMN_WIDTH) for column in range(len(header))]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)


def headline(image: str, judgement: Judgement) -> str:
    """Say it in one plain line, with what to do about the worst."""
    failing = remedies(judgement.failing)
    image = _short(image)
    if not failing:
        return f"the gate lets {image} through: {len(judgement.findings)} findings, none of which fails"
    advice = "; ".join(_advice(remedy) for remedy in failing[:_IDS_SHOWN])
    more = f"; and {len(failing) - _IDS_SHOWN} more packages" if len(failing) > _IDS_SHOWN else ""
    return f"the gate stops {image}: {len(judgement.failing)} findings fail. {advice}{more}"


def _advice(remedy: Remedy) -> str:
    named = f"{_short(remedy.package)} {_short(remedy.version)}".strip()
    worst = f"{remedy.worst}: {', '.join(map(_short, remedy.ids[:2]))}{', …' if len(remedy.ids) > 2 else ''}"  # noqa: PLR2004
    return f"{named} ({worst}): {_do(remedy)}"


def _do(remedy: Remedy) -> str:
    if not remedy.version:
        return "take the secret out and revoke it"
    if not remedy.upgrade_to:
        return "no fixed version yet"
    rest = f", which leaves {remedy.unfixed} without a fix" if remedy.unfixed else ""
    return f"upgrade to {_short(remedy.upgrade_to)}{rest}"


def _policy(policy: Policy) -> str:
    severities = ", ".join(severity for severity in Severity if severity in policy.fail_on)
    return f"{severities}{', if there is a fixed version' if policy.ignore_unfixed else ''}"


def _counts(judgement: Judgement) -> str:
    header = [f"{_ICONS[severity]} {severity}" for severity in Severity] + ["Failing"]
    counts = [str(judgement.count(severity)) for severity in Severity] + [f"**{len(judgement.failing)}**"]
    return markdown.table(header, [counts])


def _remedies(failing: Sequence[Remedy]) -> str:
    rows = [
        [
            f"{_ICONS[remedy.worst]} {remedy.worst}",
            markdown.code(_short(remedy.package)),
            markdown.escape(_short(remedy.version)),
            markdown.escape(_do(remedy)),
            markdown.escape(
                ", ".join(map(_short, remedy.ids[:_IDS_SHOWN])) + (" …" if len(remedy.ids) > _IDS_SHOWN else "")
            ),
        ]
        for remedy in failing[:_ROWS_SHOWN]
    ]
    return markdown.table(["Worst", "Package", "Installed", "What to do", "Because of"], rows) + _cut(len(failing))


def _findings(findings: Sequence[Judged]) -> str:
    rows = [
        [
            f"{_ICONS[item.finding.severity]} {item.finding.severity}",
            markdown.escape(_short(item.finding.id)),
            markdown.code(_short(item.finding.package)),
            markdown.escape(_short(item.finding.version)),
            markdown.escape(_short(item.finding.fixed_version)),
            _REASONS[item.decision],
        ]
        for item in findings[:_ROWS_SHOWN]
    ]
    return markdown.table(["Severity", "Id", "Package", "Installed", "Fixed in", "Decision"], rows) + _cut(
        len(findings)
    )


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_LENGTH else f"{text[:_TEXT_LENGTH]}…"


def _cut(count: int) -> str:
    if count <= _ROWS_SHOWN:
        return ""
    return f"\n_{count - _ROWS_SHOWN} more are in the table and the verdict, in the output folder._\n"
