"""What a signed statement says a gate concluded: of vulnerabilities, of tests, of an earlier verification.

https://github.com/in-toto/attestation/blob/main/spec/predicates/vulns_02.md and test-result.md beside it,
https://slsa.dev/spec/v1.1/verification_summary
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from modelseal.attestation import jsontext, predicates
from modelseal.attestation.rejection import short

_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
CLOCKS_DIFFER = timedelta(minutes=5)  # by so much a time may seem to be in the future


@dataclass(frozen=True)
class StatedVerdict:
    """A verdict inside a statement.

    Attributes:
        passed: Whether it is a pass, in the one word that means it.
        said: What it is, for people.
        time: When the gate was done; None if it does not say so.
        waived: How many findings were let through by a waiver.
        not_affected: How many were answered by a VEX statement.
        names: By which digests the gate knew what it judged, 64 hexadecimal digits each.
        names_all: Whether what it judged has no other digests: a model is known by its manifest's alone, an image by
            some that the gate has not seen.
    """

    passed: bool
    said: str
    time: datetime | None
    waived: int = 0
    not_affected: int = 0
    names: frozenset[str] = frozenset()
    names_all: bool = False


def read(predicate_type: str, predicate: Mapping[str, object]) -> StatedVerdict | None:
    """Return the verdict in a statement; None for a statement that has no place for one."""
    reader = _READERS.get(predicate_type)
    return reader(predicate) if reader else None


def time_of(value: object) -> datetime | None:
    """Read a time with its zone (RFC 3339); None if it is not one."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _vulns(predicate: Mapping[str, object]) -> StatedVerdict:
    result = predicates.result_of(predicate)
    gate = jsontext.dig(predicate, predicates.VERDICT_KEY)
    contradiction = _vulns_contradiction(predicate) if result == "passed" else ""
    word = result if result in ("passed", "failed") else short(result)
    return StatedVerdict(
        passed=result == "passed" and not contradiction,
        said=f"its verdict is {word}{contradiction}" if result else "it states vulnerabilities, but no verdict on them",
        time=time_of(jsontext.dig(predicate, "metadata", "scanFinishedOn")),
        waived=_count(jsontext.dig(gate, "decisions", "waived")),
        not_affected=_count(jsontext.dig(gate, "decisions", "not-affected")),
        names=_names(jsontext.dig(gate, "subject")),
    )


def _test_result(predicate: Mapping[str, object]) -> StatedVerdict:
    result = predicate.get("result")
    gate = jsontext.dig(predicate, predicates.VERDICT_KEY)
    contradiction = _tests_contradiction(predicate) if result == "PASSED" else ""
    return StatedVerdict(
        passed=result == "PASSED" and not contradiction,
        said=f"its result is {short(result)}{contradiction}" if result else "it states tests, but no result of them",
        time=time_of(jsontext.dig(gate, "scanned_at")),
        waived=_count(jsontext.dig(gate, "decisions", "waived")),
        not_affected=_count(jsontext.dig(gate, "decisions", "not-affected")),
        names=_names(jsontext.dig(gate, "subject")),
        names_all=jsontext.dig(gate, "scanners") == ["model"],
    )


def _summary(predicate: Mapping[str, object]) -> StatedVerdict:
    result, levels = predicate.get("verificationResult"), predicate.get("verifiedLevels")
    contradiction = ", and one of its levels is FAILED" if isinstance(levels, list) and "FAILED" in levels else ""
    return StatedVerdict(
        passed=result == "PASSED" and not contradiction,
        said=f"its verification result is {short(result)}{contradiction}",
        time=time_of(predicate.get("timeVerified")),
    )


def _vulns_contradiction(predicate: Mapping[str, object]) -> str:
    """Say what speaks against a verdict that is a pass by its word; empty if nothing does."""
    found = jsontext.dig(predicate, "scanner", "result")
    gate = jsontext.dig(predicate, predicates.VERDICT_KEY)
    scanners = jsontext.dig(gate, "scanners")
    if not isinstance(found, list):
        return ", but it lists no findings, not even none"
    if not isinstance(scanners, list) or "vuln" not in scanners:
        return ", but its gate did not look for vulnerabilities"
    notes = (jsontext.dig(item, "annotations") for item in found)
    words = (jsontext.dig(note, "decision") for each in notes for note in (each if isinstance(each, list) else [each]))
    if _fails(gate) or "fails" in (str(word).lower() for word in words):
        return ", but findings are listed that fail it"
    return ""


def _tests_contradiction(predicate: Mapping[str, object]) -> str:
    """Say the same for tests; they need not be of a gate of ours."""
    if predicate.get("failedTests"):
        return ", but tests are listed that failed"
    gate = predicate.get(predicates.VERDICT_KEY)
    said = jsontext.dig(gate, "result")
    if gate is not None and said != "passed":
        return f", but its gate's verdict is {short(said)}"
    return ", but findings are counted that fail it" if _fails(gate) else ""


def _fails(gate: object) -> bool:
    """Tell whether a gate counts findings that fail; a count that is none counts as some."""
    decisions = jsontext.dig(gate, "decisions")
    if decisions is None:
        return False
    count = decisions.get("fails", 0) if isinstance(decisions, dict) else None
    return type(count) is not int or count != 0


_READERS: Mapping[str, Callable[[Mapping[str, object]], StatedVerdict]] = {
    predicates.VULNS: _vulns,
    predicates.TEST_RESULT: _test_result,
    predicates.SUMMARY: _summary,
}


KINDS = frozenset(_READERS)


def spoken(age: timedelta) -> str:
    """Write a duration as the input takes it: `90m`, `48h`, `7d`."""
    minutes = int(age.total_seconds() // 60)
    for unit, size in (("d", 24 * 60), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


def _names(subject: object) -> frozenset[str]:
    """Return the digests that name the whole image; those of an index's parts do not."""
    named = [jsontext.dig(subject, key) for key in ("image_id", "digest")]
    return frozenset(name[7:] for name in named if isinstance(name, str) and _DIGEST.fullmatch(name))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
