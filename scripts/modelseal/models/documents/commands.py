"""Commands in the settings of editors, containers, packages and pipelines, which these run when a folder is opened.

Visual Studio Code: https://code.visualstudio.com/docs/debugtest/tasks; development containers: https://containers.dev.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.rule import Rule
from modelseal.models.texts import shells

OPENED = Rule(
    id="settings-run-on-opening",
    title="A command that an editor runs when the folder is opened",
    severity=Severity.HIGH,
    happens="Visual Studio Code, editors made of it and their assistants run the command without being told to, or as "
    "soon as the folder is trusted.",
    remedy="Remove the task, or its `runOptions`; the servers; the hooks.",
    atlas=("AML.T0011", "AML.T0010.003"),
    cwe=("CWE-829", "CWE-78"),
    references=("https://code.visualstudio.com/docs/debugtest/tasks#_run-behavior",),
)
_MOMENTS = frozenset({"SessionStart", "PreToolUse", "PostToolUse", "UserPromptSubmit", "Stop", "Notification"})
_KEYS = (
    "command",
    "cmd",
    "args",
    "entrypoint",
    "run",
    "script",
    "before_script",
    "preinstall",
    "install",
    "postinstall",
    "prepare",
    "initializeCommand",
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
)


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge what an object has run: where that fetches what it runs, gives the machine away, or is run unasked."""
    options = node.get("runOptions")
    if isinstance(options, dict) and options.get("runOn") == "folderOpen":
        yield Found(OPENED, f"it runs {short(_text(node.get('command')))}", evidence=_text(node.get("command"))[:300])
    servers, hooks = node.get("mcpServers"), node.get("hooks")
    for item in servers.values() if isinstance(servers, dict) else ():
        if isinstance(item, dict) and (command := _text(item.get("command"))):
            yield Found(OPENED, f"it runs {short(command)} as a server of tools", severity=Severity.MEDIUM)
    for name in hooks if isinstance(hooks, dict) else ():
        if str(name) in _MOMENTS:
            yield Found(OPENED, f"it runs commands at {name}", severity=Severity.MEDIUM)
    for key in _KEYS:
        text = _text(node.get(key))
        if text and shells.fetches(text):
            yield Found(shells.ATTACKS, f"{key} runs {short(text)}", evidence=text[:300])


def _text(value: object) -> str:
    """Return a command that is a text, or the words of one."""
    words = value if isinstance(value, list) else [value]
    return " ".join(" ".join(word.split()) for word in words if isinstance(word, str))


JUDGE = Judge(judge, (shells.ATTACKS, OPENED), frozenset({"runOptions", "mcpServers", "hooks", *_KEYS}))
