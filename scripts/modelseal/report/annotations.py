"""What is shown on the run's page beside the code: at most ten messages, so each says as much as it can.

GitHub shows ten errors and ten warnings of a step and drops the others:
https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Sequence
from dataclasses import dataclass

from modelseal.gate.policy import Waiver
from modelseal.gate.result import Result
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
    """A message, `error` or `warning`. Line breaks and what cannot be seen are its own or made visible."""

    level: str
    message: str


def of(result: Result, *, most: int = MOST) -> tuple[Annotation, ...]:
    """Return the messages of a result, the worst first: one for each package to upgrade or file to mend that fails.

    Waivers that are over or that met nothing are warnings, one for all of each sort, and always among them.

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
    failing = remedies(judgement.failing)
    room = most - len(warnings)
    shown = failing if len(failing) <= room else failing[: room - 1]
    errors = [_error(remedy) for remedy in shown]
    if len(shown) < len(failing):
        errors.append(_others(failing[len(shown) :]))
    return (*errors, *warnings)


def _error(remedy: Remedy) -> Annotation:
    named = f"{_shown(remedy.package)} {_shown(remedy.version)}".strip()
    ids = ", ".join(map(_shown, remedy.ids[:_IDS_SHOWN]))
    more = f" and {len(remedy.ids) - _IDS_SHOWN:,} more" if len(remedy.ids) > _IDS_SHOWN else ""
    places = ", ".join(map(_shown, remedy.places[:_PLACES_SHOWN]))
    others = f" and {len(remedy.places) - _PLACES_SHOWN:,} other places" * (len(remedy.places) > _PLACES_SHOWN)
    platforms = ", ".join(map(_shown, remedy.platforms[:_PLACES_SHOWN]))
    lines = [
        f"{named or 'A package'}: {_shown(advice(remedy), 300)}.",
        f"{remedy.worst}: {ids}{more}",
        f"Where: {places}{others}" if places and places != remedy.package else "",
        f"Platforms: {platforms}" if platforms else "",
    ]
    return Annotation("error", _cut("\n".join(filter(None, lines))))


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
