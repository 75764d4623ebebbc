"""What GitHub's runner does with a line that a step prints.

As in actions/runner, src/Runner.Common/ActionCommand.cs and src/Runner.Worker/ActionCommandManager.cs.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_KNOWN = frozenset({
    "stop-commands", "set-output", "set-env", "add-path", "add-mask", "save-state", "error", "warning", "notice",
    "debug", "group", "endgroup", "echo", "add-matcher", "remove-matcher",
})  # fmt: skip


@dataclass(frozen=True)
class Command:
    name: str
    data: str


def obeyed(lines: Iterable[str]) -> list[Command]:
    """Return the commands that a runner obeys, the fences around them left out, and check that none is left up."""
    token: str | None = None
    commands = []
    for line in lines:
        found = _new_form(line, token) or _old_form(line, token)
        if found is None:
            continue
        if token is not None:
            if found.name == token:
                token = None
        elif found.name == "stop-commands":
            token = found.data.lower()
        else:
            commands.append(found)
    assert token is None, "the next step's commands would not be obeyed"
    return commands


def outputs(text: str) -> dict[str, str]:
    """Return what a runner reads from the file of a step's outputs."""
    read = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, separator, delimiter = line.partition("<<")
        if not separator:
            name, _, read[name] = line.partition("=")
            continue
        value = []
        for part in lines:
            if part == delimiter:
                break
            value.append(part)
        else:
            raise AssertionError(f"no end of {name}")
        read[name] = "\n".join(value)
    return read


def _new_form(line: str, token: str | None) -> Command | None:
    match = re.match(r"\s*::([^\n]*?)::(.*)", line)
    return _command(match[1], match[2], token) if match else None


def _old_form(line: str, token: str | None) -> Command | None:
    match = re.search(r"##\[([^\]]*)\](.*)", line)
    return _command(match[1], match[2], token) if match else None


def _command(info: str, data: str, token: str | None) -> Command | None:
    name = info.partition(" ")[0].lower()
    if name not in _KNOWN and name != token:
        return None
    for escaped, character in (("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        data = data.replace(escaped, character)
    return Command(name, data)
