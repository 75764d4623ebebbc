"""What GitHub tells analyses and alerts apart by: it must stay the same while the same thing is wrong."""

import hashlib
import json
import re
from collections.abc import Sequence

from modelseal.gate.finding import Finding, Kind
from modelseal.gate.result import Judged

_CATEGORY_LENGTH = 150
_IN_FILES = (Kind.SECRET, Kind.MISCONFIGURATION)


def category(station: str, image: str, *, platform: str = "", matrix: str = "") -> str:
    """Name the analysis of an image, so that no other one's alerts are closed by it.

    It is the same on every branch and for every tag: otherwise GitHub could not tell new alerts from known ones.

    Args:
        station: Which station looked.
        image: The image's name, or the model's. Its tag and digest do not count.
        platform: The platform, where only one of several is looked at.
        matrix: The job's matrix as JSON, as `toJSON(matrix)` gives it: without it all legs look
            alike.
    """
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    parts = ["modelseal", station, f"{head}{slash}{last.partition(':')[0]}", platform, *_legs(matrix)]
    whole = "/".join(filter(None, parts))
    plain = re.sub(r"[^A-Za-z0-9._:=/-]", "-", whole)
    if plain == whole and len(plain) <= _CATEGORY_LENGTH:
        return plain
    return f"{plain[:_CATEGORY_LENGTH].rstrip('/')}-{_digest(whole)[:12]}"


def _legs(matrix: str) -> list[str]:
    try:
        values = json.loads(matrix) if matrix.strip() else None
    except (ValueError, RecursionError):
        return [_digest(matrix)[:12]]
    if not isinstance(values, dict) or not values:
        return []
    if all(isinstance(value, str | int | bool) for value in values.values()):
        return [f"{name}:{value}" for name, value in sorted(values.items())]
    return [_digest(json.dumps(values, sort_keys=True))[:12]]


def fingerprints(findings: Sequence[Judged]) -> list[str]:
    """Return what GitHub tells the alerts apart by: neither versions, layers nor lines; no two are the same.

    What there is several times, such as a package in two folders, is counted in the order of its places.
    """
    alike: dict[tuple[str, ...], list[int]] = {}
    for index, judged in enumerate(findings):
        alike.setdefault(_identity(judged.finding), []).append(index)
    made = [""] * len(findings)
    for identity, indexes in alike.items():
        digest = _digest("\0".join(identity))[:32]
        if len(indexes) > 1:
            indexes.sort(key=lambda index: _position(findings[index].finding))
        for number, index in enumerate(indexes, 1):
            made[index] = f"{digest}:{number}"
    return made


def _identity(finding: Finding) -> tuple[str, ...]:
    what: tuple[str, ...]
    if finding.kind in _IN_FILES:
        what = (finding.path or finding.package,)
    elif finding.kind is Kind.MODEL:
        what = (finding.path, finding.subject)
    elif finding.purl:
        base = finding.purl.partition("#")[0].partition("?")[0]
        head, slash, name = base.rpartition("/")
        what = (f"{head}{slash}{name.rpartition('@')[0] or name}",)
    else:
        what = (finding.type, finding.package)
    return (finding.kind, finding.id, finding.platform, *what)


def _position(finding: Finding) -> tuple[object, ...]:
    where = -1 if finding.offset is None else finding.offset
    return (finding.path, finding.line, where, finding.version, finding.fixed_version, finding.layer)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
