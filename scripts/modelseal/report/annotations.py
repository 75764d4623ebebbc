"""What is shown on the run's page beside the code: at most ten messages, so each says as much as it can.

GitHub shows ten errors and ten warnings of a step and drops the others:
https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Sequence
from dataclasses import dataclass

from modelseal.gate.finding import Finding, Kind
from modelseal.gate.policy import Waiver
from modelseal.gate.result import Decision, ModelEvidence, Result
from modelseal.report import markdown, wording
from modelseal.report.remedy import Remedy, advice, remedies
from modelseal.report.wording import count

MOST = 10
_LENGTH = 4000  # GitHub cuts at 4,096, and an escaped character counts more than once
_IDS_SHOWN = 10
_PLACES_SHOWN = 5
_PACKAGES_NAMED = 20
_WAIVERS_NAMED = 10
_WHERE = "All are in the job summary and the verdict."


@dataclass(frozen=True)
class Annotation:
    """A message, `error` or `warning`. Line breaks and what cannot be seen are its own or made visible.

    Attributes:
        level: As above.
        message: The text.
        file: Where in the repository it is shown; empty for nowhere in particular.
    """

    level: str
    message: str
    file: str = ""


def of(result: Result, *, most: int = MOST) -> tuple[Annotation, ...]:
    """Return the messages of a result, the worst first: one for each package to upgrade or file to mend that fails.

    Waivers that are over or that met nothing are warnings, one for all of each sort, and always among them; so is what
    nobody can tell of a model, where the policy lets it pass.

    Args:
        result: What the gate concluded.
        most: How many at most, three or more: fewer when the step shows others beside them.
    """
    judgement = result.judgement
    warnings = [
        Annotation("warning", _cut(_waivers(what, waivers, result.policy.source)))
        for what, waivers in (
            (
                "expired, and waives nothing any more: mend what it was for and take it out, or agree on a new date",
                judgement.expired,
            ),
            ("met no finding of this image: remove it, if no other image needs it", judgement.unused),
        )
        if waivers
    ]
    unsure = [item.finding for item in judgement.findings if item.decision is Decision.WARNS]
    if unsure:
        warnings.insert(0, Annotation("warning", _cut(_unsure(unsure))))
    failing = remedies(judgement.failing)
    room = most - len(warnings)
    shown = failing if len(failing) <= room else failing[: room - 1]
    root = result.evidence.root if isinstance(result.evidence, ModelEvidence) else ""
    errors = [_error(remedy, root) for remedy in shown]
    if len(shown) < len(failing):
        errors.append(_others(failing[len(shown) :]))
    return (*errors, *warnings)


def _error(remedy: Remedy, root: str) -> Annotation:
    of_model = remedy.kind is Kind.MODEL
    named = f"{_shown(remedy.package)} {_shown(remedy.version)}".strip()
    ids = ", ".join(map(_shown, remedy.ids[:_IDS_SHOWN]))
    more = f" and {len(remedy.ids) - _IDS_SHOWN:,} more" if len(remedy.ids) > _IDS_SHOWN else ""
    places = ", ".join(map(_shown, remedy.places[:_PLACES_SHOWN]))
    others = f" and {len(remedy.places) - _PLACES_SHOWN:,} other places" * (len(remedy.places) > _PLACES_SHOWN)
    platforms = ", ".join(map(_shown, remedy.platforms[:_PLACES_SHOWN]))
    lines = [
        f"{named or 'A package'}: {_shown(advice(remedy), 300)}.",
        f"{remedy.worst}: {ids}{more}",
        f"Found: {_shown(remedy.findings[0].description, 300)}" if of_model else "",
        f"Where: {places}{others}" if places and places != remedy.package else "",
        f"Platforms: {platforms}" if platforms else "",
    ]
    file = f"{root}/{remedy.package}".removeprefix("/") if of_model else ""
    return Annotation("error", _cut("\n".join(filter(None, lines))), file)


def _unsure(findings: Sequence[Finding]) -> str:
    said = dict.fromkeys(f"{item.subject or item.description} in {item.path}" for item in findings)
    shown = [f"- {_shown(text, 300)}" for text in list(said)[:_WAIVERS_NAMED]]
    more = [f"And {len(said) - len(shown):,} more. {_WHERE}"] * (len(said) > len(shown))
    return "\n".join(["Nobody can tell what these do, and the policy lets that pass.", *shown, *more])


def _others(rest: Sequence[Remedy]) -> Annotation:
    names = list(dict.fromkeys(_shown(remedy.package, 60) for remedy in rest))
    shown = ", ".join(names[:_PACKAGES_NAMED]) + ", …" * (len(names) > _PACKAGES_NAMED)
    findings = count(sum(len(remedy.findings) for remedy in rest), "finding")
    return Annotation("error", _cut(f"{len(rest):,} more to mend, with {findings} that fail: {shown}\n{_WHERE}"))


def _waivers(what: str, waivers: Sequence[Waiver], source: str) -> str:
    first = waivers[:_WAIVERS_NAMED]
    lines = [f"{'A waiver' if len(waivers) == 1 else count(len(waivers), 'waiver')} {what}."]
    lines += [f"- {_shown(f'{_place(waiver, source)}{wording.waiver(waiver)}', 400)}" for waiver in first]
    if len(waivers) > len(first):
        lines.append(f"And {len(waivers) - len(first):,} more. {_WHERE}")
    return "\n".join(lines)


def _place(waiver: Waiver, source: str) -> str:
    if not source or not waiver.expires_line:
        return ""
    return f"{wording.short(source)}, line {waiver.expires_line}, `expires: {waiver.expires}`: "


def _cut(message: str) -> str:
    return message if len(message) <= _LENGTH else f"{message[: _LENGTH - 1]}…"


def _shown(text: str, length: int = 120) -> str:
    return markdown.visible(wording.short(text, length))
