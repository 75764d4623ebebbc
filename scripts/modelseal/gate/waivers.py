"""Which waivers name a finding, found by its id: thousands of findings are not tried against hundreds of waivers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from modelseal.gate import member_patterns, patterns
from modelseal.gate.finding import Finding, Kind
from modelseal.gate.policy import Waiver
from modelseal.gate.result import Decision
from modelseal.gate.wording import brief


@dataclass(frozen=True)
class Matching:
    """The waivers that name a finding: those that count, the one that ends last first, and those whose day is over."""

    valid: tuple[Waiver, ...]
    expired: tuple[Waiver, ...]


_NONE = Matching((), ())


class Index:
    """A policy's waivers, by id.

    Attributes:
        valid: Those that count on the day, in an order that does not depend on the file's.
        expired: Those that do not any more.
    """

    def __init__(self, waivers: Sequence[Waiver], *, image: str, day: date) -> None:
        ordered = sorted(dict.fromkeys(waivers), key=_last_first)
        self.valid = tuple(waiver for waiver in ordered if day <= waiver.expires)
        self.expired = tuple(waiver for waiver in ordered if day > waiver.expires)
        self._day = day
        self._by_id: dict[str, list[Waiver]] = {}
        self._asked: dict[tuple[str, str], bool] = {}
        for waiver in ordered:
            if waiver.image is None or patterns.matches_image(waiver.image, image):
                self._by_id.setdefault(waiver.id, []).append(waiver)

    def matching(self, finding: Finding) -> Matching:
        """Return the waivers that name a finding, by its id or by another id of the same advisory."""
        ids = dict.fromkeys((finding.id, *finding.aliases))
        named = [waiver for id_ in ids for waiver in self._by_id.get(id_, ()) if self._covers(waiver, finding)]
        if not named:
            return _NONE
        named.sort(key=_last_first)
        return Matching(
            tuple(waiver for waiver in named if self._day <= waiver.expires),
            tuple(waiver for waiver in named if self._day > waiver.expires),
        )

    def _covers(self, waiver: Waiver, finding: Finding) -> bool:
        # A finding without a package URL is none that a package URL pattern names.
        return (waiver.package is None or bool(finding.purl and self._matches_purl(waiver.package, finding.purl))) and (
            waiver.path is None or _at(waiver.path, finding)
        )

    def _matches_purl(self, pattern: str, purl: str) -> bool:
        if (pattern, purl) not in self._asked:
            self._asked[pattern, purl] = patterns.matches_purl(pattern, purl)
        return self._asked[pattern, purl]


def _at(pattern: str, finding: Finding) -> bool:
    if finding.kind is Kind.MODEL:
        return any(member_patterns.matches(pattern, path, finding.members) for path in finding.file_paths)
    return patterns.matches_path(pattern, finding.path)


def decide(matching: Matching, source: str) -> tuple[Decision, str] | None:
    """Return that a finding is waived, and by whom; None when it is not."""
    if not matching.valid:
        return None
    waiver = matching.valid[0]
    until = f"waived until {waiver.expires} by {brief(waiver.owner)}{_place(waiver, source)}"
    return Decision.WAIVED, f"{until}: {brief(waiver.reason)}"


def lapsed(matching: Matching, source: str) -> str:
    """Return that a waiver would have named the finding, had it not expired: the end of a sentence, or nothing."""
    if not matching.expired:
        return ""
    waiver = matching.expired[0]
    return f"; its waiver by {brief(waiver.owner)} expired on {waiver.expires}{_place(waiver, source)}"


def _place(waiver: Waiver, source: str) -> str:
    if not waiver.line:
        return ""
    return f" ({brief(source)}, line {waiver.line})" if source else f" (line {waiver.line})"


def _last_first(waiver: Waiver) -> tuple[int, str]:
    return (-waiver.expires.toordinal(), repr(waiver))
