"""Settings of Git in a model's folder: some are commands, which Git runs whenever it looks at the folder.

https://git-scm.com/docs/git-config
"""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.format import Format
from modelseal.models.formats import yaml
from modelseal.models.rule import Rule
from modelseal.models.texts import kind
from modelseal.models.texts.kind import Kind

COMMAND = Rule(
    id="git-settings-command",
    title="A setting of Git that is a command",
    severity=Severity.HIGH,
    happens="Git runs the command when somebody, or a prompt or an editor, asks it about the folder: `git status` is "
    "enough.",
    remedy="Remove `.git` from the model's folder. Get the model by `git clone`, which takes no settings along.",
    atlas=("AML.T0011", "AML.T0010.003"),
    cwe=("CWE-78", "CWE-829"),
    references=("CVE-2018-17456", "https://git-scm.com/docs/git-config#Documentation/git-config.txt-corefsmonitor"),
)
_KINDS = frozenset({Kind.YAML, Kind.TEXT})
# The first line that is not blank or a comment begins a section.
_SECTION = re.compile(
    r"(?i)(?:[ \t]*(?:[#;][^\n]*)?\r?\n)*[ \t]*"
    r"\[(?:core|remote|filter|diff|merge|alias|include|includeif|submodule|credential|gpg|ssh)\b[^\]\n]*\]"
)
_COMMAND = re.compile(
    r"(?im)^[ \t]*(?:\[[^\]\n]*\][ \t]*)?(fsmonitor|sshcommand|hookspath|editor|sequenceeditor|pager|askpass|gitproxy"
    r"|clean|smudge|process|textconv|driver|helper|uploadpack|receivepack|external|program|defaultremotehelper"
    r"|update|\w+(?=[ \t]*=[ \t]*!)|url(?=[ \t]*=[ \t]*(?:-|ext::)))[ \t]*=[ \t]*(\S.*)$"
)
_HARMLESS = re.compile(
    r"(?i)\"?git-lfs (?:clean|smudge|filter-process)\b[^;&|`$]*|true|false|less(?: -\w+)?|cat|vim?|nano|emacs"
    r"|store|cache|osxkeychain|manager(?:-core)?|wincred|checkout|rebase|merge|none|/dev/null"
)
_REPORTED = 20


def _recognises(content: Content) -> bool:
    text = (kind.decode(content, MIB) or "") if kind.of(content) in _KINDS else ""
    return bool(_SECTION.match(text) and _COMMAND.search(text))


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Judge the settings that are commands."""
    text = kind.decode(content, MIB) or ""
    for found in [found for found in _COMMAND.finditer(text) if not _HARMLESS.fullmatch(found[2].strip())][:_REPORTED]:
        line = text.count("\n", 0, found.start(1)) + 1
        yield Found(COMMAND, f"line {line}: {found[1]} is {short(found[2].strip())}", evidence=found[0].strip()[:300])
    yield from yaml.inspect(content, budget)


FORMAT = Format(
    name="git-settings",
    title="settings of Git",
    recognises=_recognises,
    inspect=inspect,
    rules=(COMMAND, *yaml.FORMAT.rules),
    refines=("yaml", "text"),
    last=True,
)
