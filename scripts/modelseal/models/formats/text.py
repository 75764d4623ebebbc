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
    r"(?m)^[ \t-]*(?:--(?:extra-)?index-url[ =]|-i[ ]|--find-links[ =]|-f[ ]|--trusted-host[ =]|-e[ ]"
    r"|[\w.\-]+(?:\[[\w,\-]+\])?[ ]?@[ ]?)?((?:git\+|hg\+|svn\+)?(?:https?|ssh|git|file)://[^\s]{1,500})[^\n]*$"
)
_OPTION = re.compile(r"(?m)^[ \t]*--(?:extra-index-url|index-url|find-links|trusted-host)[ =]\s*(\S{1,500})")
_PACKAGE = re.compile(r"(?m)^[A-Za-z0-9][\w.\-]*(?:\[[\w,\- ]+\])?[ ]?(?:==|>=|<=|~=|!=|>|<)[^\n]*$")
_NAME = re.compile(r"[A-Za-z0-9][\w.\-]*(?:\[[\w,\- ]+\])?\s*")
_REPORTED = 20


def inspect(content: Content, _: Budget) -> Iterator[Event]:
    """Look at the lines of a list of packages, and for commands in a table, which a shell would run all the same."""
    text = kind.decode(content, _SAMPLE) or ""
    yield from directives.judge(text)
    if kind.is_table(text) and shells.attacks(text):
        yield Found(shells.ATTACKS, "it is a table with commands in it", severity=Severity.LOW)
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    packages = [line for line in lines if _PACKAGE.match(line)]
    sources = [match for match in _SOURCE.finditer(text) if packages or not match[0].lstrip(" \t-").startswith("http")]
    options = list(_OPTION.finditer(text))
    names = [line for line in lines if _NAME.fullmatch(line)] if options or sources else []
    if len({*packages, *names}) + len(sources) + len(options) < len(lines) / 2:
        return
    for match in [*options, *sources][:_REPORTED]:
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
