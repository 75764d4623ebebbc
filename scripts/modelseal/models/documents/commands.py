"""Commands in the settings of editors, containers, packages and pipelines, which these run when a folder is opened.

Visual Studio Code: https://code.visualstudio.com/docs/debugtest/tasks; development containers: https://containers.dev.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.texts import shells

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
    """Judge what an object has run, where that fetches what it runs, or gives the machine away."""
    for key in _KEYS:
        text = _text(node.get(key))
        if text and shells.fetches(text):
            yield Found(shells.ATTACKS, f"{key} runs {short(text)}", evidence=text[:300])


def _text(value: object) -> str:
    """Return a command that is a text, or the words of one."""
    words = value if isinstance(value, list) else [value]
    return " ".join(word for word in words[:100] if isinstance(word, str))[:10_000]


JUDGE = Judge(judge, (shells.ATTACKS,))
