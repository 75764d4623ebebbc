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
    """

    passed: bool
    said: str
    time: datetime | None
    waived: int = 0
    not_affected: int = 0
    names: frozenset[str] = frozenset()


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
    return StatedVerdict(
        passed=result == "passed",
        said=f"its verdict is {result if result == 'failed' else short(result)}"
        if result
        else "it states vulnerabilities, but no verdict on them",
        time=time_of(jsontext.dig(predicate, "metadata", "scanFinishedOn")),
        waived=_count(jsontext.dig(gate, "decisions", "waived")),
        not_affected=_count(jsontext.dig(gate, "decisions", "not-affected")),
        names=_names(jsontext.dig(gate, "subject")),
    )


def _test_result(predicate: Mapping[str, object]) -> StatedVerdict:
    result = predicate.get("result")
    gate = jsontext.dig(predicate, predicates.VERDICT_KEY)
    said = jsontext.dig(gate, "result")
    return StatedVerdict(
        passed=result == "PASSED" and said in (None, "passed") and not predicate.get("failedTests"),
        said=f"its result is {short(result)}" if result else "it states tests, but no result of them",
        time=time_of(jsontext.dig(gate, "scanned_at")),
        waived=_count(jsontext.dig(gate, "decisions", "waived")),
        not_affected=_count(jsontext.dig(gate, "decisions", "not-affected")),
        names=_names(jsontext.dig(gate, "subject")),
    )


def _summary(predicate: Mapping[str, object]) -> StatedVerdict:
    result = predicate.get("verificationResult")
    return StatedVerdict(
        passed=result == "PASSED",
        said=f"its verification result is {short(result)}",
        time=time_of(predicate.get("timeVerified")),
    )


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
