"""Text that no program follows, read-me files and vocabularies; and lists of packages, which installers do follow."""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.documents.packages import COMMIT, INDEX, OFFICIAL
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.format import Format
from modelseal.models.texts import directives, kind, shells
from modelseal.models.texts.kind import Kind

_SAMPLE = MIB
_SOURCE = re.compile(
    r"(?m)^[ \t]*+(?:-{1,3}[ \t]++)?(?:--[\w-]{1,40}[ \t=]++|-[a-z][ \t]*+|[\w.\-]+(?:\[[\w,\-]+\])?[ ]?@[ ]?)?((?:git\+|hg\+|svn\+)?(?:https?|ssh|git|file)://[^\s]{1,500})[^\n]*$"
)
_OPTION = re.compile(r"(?m)^[ \t]*--(?:extra-index-url|index-url|find-links|trusted-host)[ =]\s*(\S{1,500})")
_PACKAGE = re.compile(r"(?m)^[A-Za-z0-9][\w.\-]*(?:\[[\w,\- ]+\])?[ ]?(?:==|>=|<=|~=|!=|>|<)[^\n]*$")
_NAME = re.compile(r"[A-Za-z0-9][\w.\-]*(?:\[[\w,\- ]+\])?\s*")
_COMMENT = re.compile(r"(?m)^[ \t]*+#[^\n]*\n?")


def inspect(content: Content, _: Budget) -> Iterator[Event]:
    """Look at the lines of a list of packages, and for commands in a table, which a shell would run all the same."""
    for text in _texts(content):
        yield from directives.judge(text)
        yield from _packages(text)
    sample = kind.decode(content, _SAMPLE) or ""
    if kind.is_table(sample) and shells.attacks(sample):
        yield Found(shells.ATTACKS, "it is a table with commands in it", severity=Severity.LOW)


def _texts(content: Content) -> Iterator[str]:
    """Yield a text: one that is long without comments, in pieces."""
    if len(content) <= _SAMPLE:
        yield kind.decode(content) or ""
        return
    kept = ""
    for text in kind.pieces(content):
        kept += _COMMENT.sub("", text)
        if len(kept) > _SAMPLE:
            yield kept
            kept = ""
    yield kept


def _packages(text: str) -> Iterator[Event]:
    sources, options = list(_SOURCE.finditer(text)), list(_OPTION.finditer(text))
    if not sources and not options:
        return
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not any(_PACKAGE.match(line) for line in lines):
        sources = [match for match in sources if not match[0].lstrip(" \t-").startswith("http")]
    named = sum(1 for line in lines if _PACKAGE.match(line) or _NAME.fullmatch(line))
    if named + len(sources) + len(options) < len(lines) / 2:
        return
    told = set()
    for match in [*options, *sources]:
        if match[1] in told:
            continue
        told.add(match[1])
        pinned = bool(COMMIT.search(match[0]))
        if not pinned and not OFFICIAL.fullmatch(match[1]):
            yield Found(INDEX, f"packages come from {short(match[1])}", evidence=match[0][:300], subject=match[1][:200])
        yield Requires(Fetches.PACKAGE, match[1][:500], pinned=pinned)


FORMAT = Format(
    name="text",
    title="text",
    recognises=lambda content: kind.of(content) is Kind.TEXT,
    inspect=inspect,
    rules=(INDEX, shells.ATTACKS, directives.LOADED),
    last=True,
)
