"""The order of version numbers, for advice to people: no verdict rests on it.

It follows PEP 440, Semantic Versioning, and the orders of dpkg (deb-version(7)), rpm and apk where they say the same
in different letters, and leaves out what only machines write.
"""

import functools
import re

_BEFORE_A_RELEASE = frozenset({
    "~", "dev", "a", "alpha", "b", "beta", "c", "pre", "preview", "rc", "snapshot", "milestone", "canary", "nightly",
})  # fmt: skip
_BEFORE_IN_SYSTEMS = {
    "deb": frozenset("~"),
    "rpm": frozenset("~"),
    "apk": frozenset({"~", "alpha", "beta", "pre", "rc"}),
}
_EARLIEST = ("dev", "~")
_LENGTH = 256  # of a version that is looked at; longer ones are no versions
_EPOCH = re.compile(r"v?(?:(\d+)[:!])?v?")
_PARTS = re.compile(r"\d+|[a-z]+|~|-(?=\d)")
_LINE_NUMBERS = 2


@functools.lru_cache(maxsize=100_000)
def key(version: str, ecosystem: str = "") -> tuple[tuple[int, int, str], ...]:
    """Return what sorts versions of one package: `1.0rc1` before `1.0`, `1.9` before `1.10`, `9` before `1:2`.

    Args:
        version: As the advisory or the package has it.
        ecosystem: The package URL's type: `deb`, `pypi`; among system packages letters follow the release.
    """
    text = version[:_LENGTH].lower()
    epoch = _EPOCH.match(text)
    start = epoch.end() if epoch else 0
    before = _BEFORE_IN_SYSTEMS.get(ecosystem, _BEFORE_A_RELEASE)
    parts = (_part(part, before) for part in _PARTS.findall(text, start))
    return (_number((epoch and epoch[1]) or "0"), *parts, (0, 0, ""))


def is_release(version: str, ecosystem: str = "") -> bool:
    """Tell whether a version is more than a preview of one."""
    return all(rank >= 0 for rank, _, _ in key(version, ecosystem))


def numbers(version: str) -> tuple[str, ...]:
    """Return a version's numbers, without its epoch."""
    text = version[:_LENGTH].lower()
    epoch = _EPOCH.match(text)
    return tuple(part.lstrip("0") for part in re.findall(r"\d+", text[epoch.end() if epoch else 0 :]))


def line(version: str) -> tuple[str, ...]:
    """Return the numbers of the release line in which a version mends something: `4.1` of `4.1.9`, `4` of `4.3`."""
    return numbers(version)[:-1][:_LINE_NUMBERS]


def _part(part: str, before: frozenset[str]) -> tuple[int, int, str]:
    if part.isdigit():
        return _number(part)
    if part == "-":
        return (1, 0, "")  # a revision: after the release itself, before its next part
    if part in before:
        return (-2 if part in _EARLIEST else -1, 0, part)
    return (2, 0, part)


def _number(digits: str) -> tuple[int, int, str]:
    digits = digits.lstrip("0")
    return (3, len(digits), digits)  # not as a number: Python refuses to read one of 5,000 digits
