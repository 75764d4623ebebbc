"""What a licence is called: SPDX ids and their aliases, Debian's short names, and what packages write instead."""

import functools
import re
from dataclasses import dataclass

from license_expression import LicenseSymbol, get_spdx_licensing  # type: ignore[import-untyped]

_LATER = re.compile(r"\s+or\s+(?:any\s+)?(?:later|newer|greater|above)(?:\s+versions?)?\b|-or-later\b", re.IGNORECASE)
_WITH = re.compile(r"\s+with\s+", re.IGNORECASE)
_JOINED_EXCEPTION = re.compile(
    r"(?P<base>.+?)-(?:with-)?(?P<exception>[a-z][a-z0-9.]*-exception)(?P<plus>\+?)", re.IGNORECASE
)
_GNU = re.compile(r"\b(?P<name>[al]?gpl|gfdl)[ -]?v?(?P<version>\d+(?:\.\d+)?)?(?:[ -]only)?(?P<plus> ?\+)?(?![\w.+-])")
_EXCEPTION = re.compile(r"(?!.*\b(?:and|or|with)\b)[\w.+-]+(?: [\w.+-]+)*", re.IGNORECASE)
_VERSIONED = re.compile(r"(?P<stem>.+?)-(?P<version>\d+(?:\.\d+)*)(?P<rest>-.+)?")
_FILLERS = re.compile(r"\b(?:the|licen[sc]ed?|version|gnu|osi approved)\b|[\s_,()\"':]+")
_SPELLED = (
    (re.compile(r"\baffero general public\b|\baffero gpl\b"), "agpl"),
    (re.compile(r"\b(?:lesser|library) general public\b|\b(?:lesser|library) gpl\b"), "lgpl"),
    (re.compile(r"\bfree documentation\b"), "gfdl"),
    (re.compile(r"\bgeneral public\b"), "gpl"),
)
# Where a name leaves open which of several licences it is, all of them are judged.
_BSD = ("BSD-2-Clause", "BSD-3-Clause")
_GNU_UNVERSIONED = {
    "gpl": ("GPL-2.0-only", "GPL-3.0-only"),
    "lgpl": ("LGPL-2.0-only", "LGPL-2.1-only", "LGPL-3.0-only"),
    "agpl": ("AGPL-3.0-only",),
    "gfdl": ("GFDL-1.1-only", "GFDL-1.2-only", "GFDL-1.3-only"),
}
_LOOSE: dict[str, tuple[str, ...]] = {
    "expat": ("MIT",), "mit expat": ("MIT",), "mit/x11": ("MIT", "X11"), "x11/mit": ("MIT", "X11"),
    "apache": ("Apache-2.0",), "apache software": ("Apache-2.0",), "apache2": ("Apache-2.0",),
    "apache 2": ("Apache-2.0",), "apache 2.0": ("Apache-2.0",), "apache2.0": ("Apache-2.0",),
    "asl 2.0": ("Apache-2.0",), "apache software 2.0": ("Apache-2.0",), "al2": ("Apache-2.0",),
    "apache v2": ("Apache-2.0",), "apache v2.0": ("Apache-2.0",),
    "bsd": _BSD, "bsd-like": _BSD, "bsd style": _BSD, "bsd-style": _BSD,
    "new bsd": ("BSD-3-Clause",), "modified bsd": ("BSD-3-Clause",), "3-clause bsd": ("BSD-3-Clause",),
    "bsd 3-clause": ("BSD-3-Clause",), "bsd 3 clause": ("BSD-3-Clause",), "bsd-3": ("BSD-3-Clause",),
    "simplified bsd": ("BSD-2-Clause",), "freebsd": ("BSD-2-Clause",), "2-clause bsd": ("BSD-2-Clause",),
    "bsd 2-clause": ("BSD-2-Clause",), "bsd 2 clause": ("BSD-2-Clause",), "bsd-2": ("BSD-2-Clause",),
    "mpl": ("MPL-1.1", "MPL-2.0"), "mozilla public": ("MPL-1.1", "MPL-2.0"), "mpl 2.0": ("MPL-2.0",),
    "mozilla public 2.0": ("MPL-2.0",), "mozilla public 2.0 mpl 2.0": ("MPL-2.0",),
    "python software foundation": ("PSF-2.0",), "psf": ("PSF-2.0",), "psfl": ("PSF-2.0",),
    "isc iscl": ("ISC",), "iscl": ("ISC",), "zlib/libpng": ("Zlib",), "unlicense": ("Unlicense",),
    "boost": ("BSL-1.0",), "boost software": ("BSL-1.0",), "boost software 1.0": ("BSL-1.0",),
    "cc0": ("CC0-1.0",), "cc0 1.0": ("CC0-1.0",), "cc0 1.0 universal": ("CC0-1.0",),
    "artistic": ("Artistic-1.0", "Artistic-2.0"), "artistic 2.0": ("Artistic-2.0",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Name:
    """One licence.

    Attributes:
        id: SPDX's id, `GPL-2.0-only` for any of its versions alone.
        later: Whether any later version can be taken instead.
        exception: What is permitted beyond it; empty for nothing.
    """

    id: str
    later: bool = False
    exception: str = ""

    def __str__(self) -> str:
        """As an SPDX expression has it."""
        base = self.id
        if self.later:
            base = f"{base.removesuffix('-only')}-or-later" if "-only" in base else f"{base}+"
        return f"{base} WITH {self.exception}" if self.exception else base

    @property
    def versions(self) -> tuple[str, ...]:
        """The ids of the licences that it can be taken as, the earliest version first."""
        parts = _VERSIONED.fullmatch(self.id) if self.later else None
        if parts is None:
            return (self.id,)
        own = _number(parts["version"])
        return tuple(id_ for version, id_ in _families()[parts["stem"], parts["rest"] or ""] if version >= own)


@functools.lru_cache(maxsize=4096)
def read(text: str) -> tuple[Name, ...]:
    """Return the licences that a name can mean, which is more than one for `BSD`; none when it means nothing here."""
    base, *rest = _WITH.split(" ".join(text.split()), maxsplit=1)
    if rest and not _EXCEPTION.fullmatch(rest[0]):
        return ()  # an expression: more than one name
    if rest:
        return tuple(Name(name.id, name.later, _exception(rest[0])) for name in _without_exception(base))
    names = _without_exception(base)
    joined = None if names else _JOINED_EXCEPTION.fullmatch(base)
    if joined is None:
        return names
    plain = _without_exception(joined["base"] + joined["plus"])
    return tuple(Name(name.id, name.later, _exception(joined["exception"])) for name in plain)


def with_plus(text: str) -> str:
    """Write `or later` as `+`: it is no choice between two names."""
    return _LATER.sub("+", text)


def plain(text: str) -> str:
    """Return a name without what does not tell it from others: case, spaces, `The ... License`."""
    return " ".join(_FILLERS.sub(" ", text.lower().strip().removeprefix("licenseref-")).split())


def nearest(text: str) -> str:
    """Return the id that looks most like a text; empty when none does."""
    import difflib  # noqa: PLC0415 -- only where something is wrong already

    known = {key.lower(): key for key in _known() if not key.startswith("LicenseRef-")}
    close = difflib.get_close_matches(text.lower()[:100], known, n=1)
    return known[close[0]] if close else ""


def _without_exception(text: str) -> tuple[Name, ...]:
    wanted = with_plus(text)
    if "://" in wanted and " " not in wanted:
        wanted = wanted.rstrip("/").rpartition("/")[2].removesuffix(".html").removesuffix(".txt").removesuffix(".php")
        wanted = f"apache {wanted[8:]}" if wanted.lower().startswith("license-") and "apache.org" in text else wanted
    reduced = plain(wanted)
    for spelled, short in _SPELLED:
        reduced = spelled.sub(short, reduced)
    if gnu := _gnu(reduced):
        return gnu
    for spelling in (wanted, wanted.replace(" ", "-"), f"{wanted.removesuffix('+')}.0{'+' * wanted.endswith('+')}"):
        if name := _spdx(spelling):
            return (name,)
    if reduced in _LOOSE:
        return tuple(Name(id_) for id_ in _LOOSE[reduced])
    name = _spdx(reduced) or _spdx(reduced.replace(" ", "-"))
    return (name,) if name else ()


def _gnu(text: str) -> tuple[Name, ...]:
    # PyPI's classifiers say it twice: `GNU General Public License v2 or later (GPLv2+)`.
    said = {(match["name"], match["version"] or "", bool(match["plus"])) for match in _GNU.finditer(text)}
    if len(said) != 1 or _GNU.sub("", text).strip():
        return ()
    ((name, version, later),) = said
    if not version:
        return tuple(Name(id_) for id_ in _GNU_UNVERSIONED[name])
    id_ = f"{name.upper()}-{version if '.' in version else f'{version}.0'}-only"
    return (Name(id_, later),) if id_ in _known() else ()


def _spdx(text: str) -> Name | None:
    symbol = _symbols().get(text.lower())
    if symbol is None and text.endswith("+"):
        if later := _symbols().get(f"{text[:-1].lower()}-or-later"):
            return _spdx(str(later.key))
        symbol = _symbols().get(text[:-1].lower())
        return Name(str(symbol.key), later=True) if symbol and not symbol.is_exception else None
    if symbol is None or symbol.is_exception or _JOINED_EXCEPTION.fullmatch(str(symbol.key)):
        return None
    later = "-or-later" in str(symbol.key)
    only = str(symbol.key).replace("-or-later", "-only")
    return Name(only, later) if only in _known() else Name(str(symbol.key))


def _exception(text: str) -> str:
    symbol = _symbols().get(text.lower())
    return str(symbol.key) if symbol else plain(text)


@functools.cache
def _symbols() -> dict[str, LicenseSymbol]:
    symbols = get_spdx_licensing().known_symbols.values()
    named = {alias.lower(): symbol for symbol in symbols for alias in symbol.aliases}
    return named | {str(symbol.key).lower(): symbol for symbol in symbols}


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(str(symbol.key) for symbol in _symbols().values())


@functools.cache
def _families() -> dict[tuple[str, str], list[tuple[tuple[int, ...], str]]]:
    families: dict[tuple[str, str], list[tuple[tuple[int, ...], str]]] = {}
    for id_ in sorted(_known()):
        if parts := _VERSIONED.fullmatch(id_):
            families.setdefault((parts["stem"], parts["rest"] or ""), []).append((_number(parts["version"]), id_))
    return {family: sorted(members) for family, members in families.items()}


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
