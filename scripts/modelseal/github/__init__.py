"""GitHub Actions: what it tells us, and how it is told. The only module that knows.

The runner reads commands (`::error::…`) from everything a step prints, whoever wrote it. So a fence is up from the
first line to the last (`::stop-commands::`, with a token nobody else knows), and is opened only for our own commands.
See https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
"""

import logging
import os
import re
import secrets
import threading
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Self, TextIO

from modelseal.errors import ModelsealError, ToolError
from modelseal.github.redaction import Redaction

# GitHub drops a whole summary that is larger (the step stays green), and cuts an annotation's text.
SUMMARY_LIMIT = 1024 * 1024
ANNOTATION_LIMIT = 4096
_SHORTENED = "\n\n_The summary was cut here: GitHub shows at most 1 MiB. Everything is in the output folder._\n"


def is_runner(environ: Mapping[str, str]) -> bool:
    """Tell whether this is a GitHub Actions job (or `act`)."""
    return environ.get("GITHUB_ACTIONS") == "true"


def printable(text: str) -> str:
    """Escape what could steer a terminal or disguise a text: control and format characters, lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


class Console(logging.Handler):
    """Everything that people read while a station runs: log lines and annotations, on standard error.

    Known secrets are hidden in all of it, whether a runner would do so or not.

    Args:
        stream: Where to write; standard error, so that lines and commands keep their order.
        runner: Whether a GitHub runner reads along.
    """

    def __init__(self, stream: TextIO, *, runner: bool) -> None:
        super().__init__()
        self._stream = stream
        self._token = secrets.token_hex(16) if runner else None
        self._write_lock = threading.Lock()
        self.redacted = Redaction()

    def __enter__(self) -> Self:
        """Put the fence up."""
        if self._token:
            self._write(f"::stop-commands::{self._token}")
        return self

    def __exit__(self, *_: object) -> None:
        """Take the fence down: the next step's commands are not ours."""
        if self._token:
            self._write(f"::{self._token}::")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a log record: as a line, and on GitHub as an annotation if it is a warning."""
        message = record.getMessage()
        if record.levelno >= logging.WARNING:
            self.annotate("warning", message)
        self.line(f"warning: {message}" if record.levelno >= logging.WARNING else message)

    def line(self, text: str) -> None:
        """Write one line, whatever is in it."""
        self._write(printable(self.redacted(text)))

    def block(self, text: str) -> None:
        """Write a text of several lines."""
        self._write("\n".join(map(printable, self.redacted(text).split("\n"))))

    def annotate(self, level: str, message: str, file: str = "") -> None:
        """Show a message on the run's page; nothing where no runner reads along.

        Args:
            level: `error`, `warning` or `notice`.
            message: Any text; it is escaped.
            file: The file of the repository that it is about, escaped as well; empty for none in particular.
        """
        if self._token:
            shown = "\n".join(map(printable, self.redacted(message).split("\n")))[:ANNOTATION_LIMIT]
            place = f"file={_escape_property(printable(self.redacted(file)))}," if file else ""
            self._command(f"::{level} {place}title=Modelseal::{_escape_data(shown)}")

    def mask(self, secret: str) -> None:
        """Replace a secret by stars wherever it turns up later, and have the runner do so for the steps after this."""
        for line in self.redacted.add(secret):
            if self._token:
                self._command(f"::add-mask::{_escape_data(line)}")

    def _command(self, command: str) -> None:
        self._write(f"::{self._token}::\n{command}\n::stop-commands::{self._token}")

    def _write(self, text: str) -> None:
        with self._write_lock:
            try:
                self._stream.write(text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
                self._stream.flush()
            except OSError:
                silence(self._stream)  # nobody reads along any more, and that changes no verdict


def silence(stream: TextIO) -> None:
    """Lead a stream that cannot be written to nowhere: Python would try once more on its way out, and exit with 120.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def write_outputs(environ: Mapping[str, str], outputs: Mapping[str, str]) -> None:
    """Hand outputs to the steps after this one; nothing where there is no runner.

    Raises:
        ToolError: The runner's file cannot be written.
    """
    written = []
    for name, value in outputs.items():
        delimiter = f"modelseal_{secrets.token_hex(16)}"  # random: a value cannot end itself early
        written.append(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")
    _append(environ, "GITHUB_OUTPUT", "".join(written))


def write_summary(environ: Mapping[str, str], markdown: str) -> None:
    """Append to the job summary, cut to what GitHub takes; nothing where there is no runner.

    Raises:
        ToolError: The runner's file cannot be written.
    """
    file = environ.get("GITHUB_STEP_SUMMARY")
    used = os.path.getsize(file) if file and os.path.exists(file) else 0  # noqa: PTH110, PTH202 # one call each
    room = SUMMARY_LIMIT - used - 1
    encoded = markdown.encode("utf-8", "backslashreplace")
    if len(encoded) > room:
        kept = room - len(_SHORTENED)
        if kept < 0:
            return
        markdown = encoded[:kept].decode("utf-8", "ignore").rpartition("\n")[0] + _SHORTENED
    _append(environ, "GITHUB_STEP_SUMMARY", markdown + "\n")


def report_error(error: ModelsealError, console: Console, environ: Mapping[str, str]) -> None:
    """Say what happened, where, and what to do next: on standard error, as an annotation, in the job summary.

    The output `result` says so too, and if the runner's files cannot be written, the console says that.
    """
    parts = [console.redacted(part) for part in (error.what, error.where, error.mend) if part]
    console.block("\n".join([f"error: {parts[0]}", *(f"  {part}" for part in parts[1:])]))
    console.annotate("error", "\n".join(parts))
    try:
        write_outputs(environ, {"result": error.exit_code.verdict})
        lines = (printable(line) for part in parts for line in part.split("\n"))
        fenced = re.sub(r"`{3,}", "'''", "\n".join(lines))
        write_summary(environ, f"### ❌ Modelseal\n\n```text\n{fenced}\n```\n")
    except ToolError as unwritable:
        console.line(f"error: {unwritable}")


def _append(environ: Mapping[str, str], variable: str, text: str) -> None:
    file = environ.get(variable)
    if not file:
        return
    try:
        with Path(file).open("ab") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise ToolError(
            f"The runner's file {variable} cannot be written: {error.strerror}.",
            where=file,
            mend=f"Leave {variable} as the runner sets it, and its disk some space.",
        ) from error


def _escape_property(text: str) -> str:
    """Escape the value of a command's property, likewise."""
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _escape_data(text: str) -> str:
    """Escape a command's text as the runner reads it: actions/toolkit, packages/core/src/command.ts."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
