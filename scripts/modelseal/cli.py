"""The command line: stations, their options, and the one place where errors become exit codes."""

import argparse
import contextlib
import io
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType

from modelseal import memory, process, station
from modelseal.command_line import CHAIN, STATIONS, arguments_of, load, variable
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.files import read_bounded
from modelseal.github import Console, is_runner, report_error, silence, write_outputs, write_summary
from modelseal.station import Context, Outcome, Station
from modelseal.verdict import ExitCode

_PATIENCE = 0.1  # seconds
_SECRET_BYTES = 1 << 20
_DEFAULT_FOLDER = "modelseal-out"
_REPORT_TO = "https://github.com/modelseal/modelseal/issues"


__all__ = ["CHAIN", "STATIONS", "command", "load", "main", "variable"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one station and return its exit code. What nobody expected is left to `_Bug`."""
    memory.without_core_files()
    environ = dict(os.environ)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")  # a path need not be UTF-8
    with Console(sys.stderr, runner=is_runner(environ)) as console:
        logging.basicConfig(
            level=logging.DEBUG if environ.get("RUNNER_DEBUG") == "1" else logging.INFO, handlers=[console]
        )
        logging.captureWarnings(capture=True)
        sys.excepthook = _Bug(console, environ)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        _wake_up()
        try:
            outcome = _station(argv, console, environ)
        except ModelsealError as error:
            report_error(error, console, environ)
            return error.exit_code
        finally:
            process.terminate_all()
    return outcome.exit_code


def command() -> int:
    """Run as the command that pip installs: what `scripts/run` does before there is a Python is done here."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The stream is closed, so this gets its number, which would else be that of the first file that is opened.
            number = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)  # noqa: FBT003 # as streams are
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))
    return main()


def _station(argv: Sequence[str] | None, console: Console, environ: Mapping[str, str]) -> Outcome:
    arguments = arguments_of(argv)
    module = load(arguments.station)
    declared: Station = module.STATION
    if any(item.secret for item in station.options_of(declared.inputs).values()):
        memory.unreadable()
    output_dir = (arguments.output_dir or environ.get(variable("output-dir"), "")).strip()
    try:
        inputs = station.read_inputs(declared.inputs, _texts(declared, arguments, environ, console))
    except InputError:
        if output_dir or not environ.get("RUNNER_TEMP"):
            _discard(declared.conclusions, Path(output_dir or _DEFAULT_FOLDER))
        raise
    outcome = _run(module, inputs, _output_folder(output_dir, environ), environ, console)
    _finish(outcome, console, environ)
    return outcome


def _texts(
    declared: Station, arguments: argparse.Namespace, environ: Mapping[str, str], console: Console
) -> dict[str, str]:
    """Collect the inputs' texts: the command line first, then the environment. Secrets are masked at once."""
    texts = {}
    for name, declared_option in station.options_of(declared.inputs).items():
        given = getattr(arguments, name.replace("-", "_"))
        if given is None:
            texts[name] = environ.get(variable(name), "")
        elif declared_option.secret:
            texts[name] = _secret_from_file(name, given)
        else:
            texts[name] = "\n".join(given)
        if declared_option.secret:
            console.mask(texts[name])
    return texts


def _secret_from_file(name: str, given: Sequence[str]) -> str:
    # The value is not repeated: it may be the secret itself.
    mend = f"Give a path, or put the secret itself into the environment as {variable(name)}."
    try:
        text = read_bounded(Path(given[-1]), _SECRET_BYTES, pipe=True).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        mend = "Give text; for a key, PEM: `openssl pkey -in KEY -out KEY.pem` makes it from DER."
        raise InputError(f"The file that --{name} names is not text.", mend=mend) from None
    except (OSError, ValueError):
        raise InputError(
            f"--{name} takes the path of a file that can be read, of at most {_SECRET_BYTES >> 10} KiB.", mend=mend
        ) from None
    if not text:
        raise InputError(f"The file that --{name} names is empty.", mend=mend)
    return text


def _run(module: ModuleType, inputs: object, folder: Path, environ: Mapping[str, str], console: Console) -> Outcome:
    """Run a station in a private temporary folder that is gone afterwards."""
    try:
        temporary = Path(tempfile.mkdtemp(prefix="modelseal-", dir=environ.get("RUNNER_TEMP") or None))
    except OSError as error:
        raise ToolError(
            f"No temporary folder can be made: {error.strerror}.",
            where=str(error.filename),
            mend="Let RUNNER_TEMP, or without it TMPDIR, name a folder that is there and may be written to.",
        ) from error
    try:
        context = Context(output_dir=folder, environ=environ, temp_dir=temporary, mask=console.mask)
        outcome: Outcome = module.run(inputs, context)
    except OSError as error:
        # The disk is full, a folder is read-only: the machine's fault, not a bug, and worth a sentence.
        raise ToolError(
            f"The machine refused: {error.strerror or error}.", where=str(error.filename or ""), mend=_mend(error)
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return outcome


def _mend(error: OSError) -> str:
    import errno  # noqa: PLC0415 # only on the way out

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space on the disk and run again; nothing half-written was left."
    return "Check that the file is there and that this user may use it."


def _discard(conclusions: Sequence[str], folder: Path) -> None:
    for name in conclusions:
        with contextlib.suppress(OSError, ValueError):
            (folder / name).unlink()


def _output_folder(given: str, environ: Mapping[str, str]) -> Path:
    """Make the folder for everything a station writes."""
    try:
        if given:
            folder = Path(given).absolute()
        elif runner_temp := environ.get("RUNNER_TEMP"):
            return Path(tempfile.mkdtemp(prefix="modelseal-out-", dir=runner_temp)).absolute()
        else:
            folder = Path(_DEFAULT_FOLDER).absolute()
            if folder.is_symlink():  # of the repository's making: it could lead anywhere
                raise InputError("`modelseal-out` is a symbolic link.", mend="Remove it, or give an `output-dir`.")
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"The output folder cannot be made: {error}.", where="input `output-dir`", mend="Name one that can be."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            "The output folder cannot be written to.", where=str(folder), mend="Give another one as `output-dir`."
        )
    return folder


def _finish(outcome: Outcome, console: Console, environ: Mapping[str, str]) -> None:
    """Tell everyone how it ended. The output `result` comes last: what is cut off before it has not passed."""
    import dataclasses  # noqa: PLC0415 # loaded anyway, by the stations

    outputs = {station.kebab(name): value for name, value in dataclasses.asdict(outcome.outputs).items()}
    write_summary(environ, console.redacted(outcome.summary))
    write_outputs(environ, outputs | {"result": outcome.exit_code.verdict})
    if not is_runner(environ):
        from modelseal.report.markdown import plain  # noqa: PLC0415 # for people at a terminal only

        console.block(plain(outcome.summary))
        _print(outputs)
    for item in outcome.annotations:
        console.annotate(*item)
    if outcome.exit_code is ExitCode.PASSED:
        console.line(f"passed: {outcome.headline}")
    else:
        console.annotate("error", outcome.headline)
        console.line(f"failed: {outcome.headline}")


def _print(outputs: Mapping[str, str]) -> None:
    try:
        for name, value in outputs.items():
            if value:
                sys.stdout.write(f"{name}={value!r}\n" if "\n" in value else f"{name}={value}\n")
        sys.stdout.flush()
    except OSError as error:
        silence(sys.stdout)
        raise ToolError(
            f"The outputs cannot be printed: {error.strerror}.",
            where="standard output",
            mend="Read all that is printed, or lead it into a file on a disk with some space.",
        ) from error


def _wake_up() -> None:
    """Repeat a signal until it is heard: by another thread, which sleeps until there is one.

    The first can come just after Python has looked for it and just before the main thread begins to wait for another
    thread, which it then goes on doing.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    main_thread = threading.main_thread().ident or 0

    def repeat() -> None:
        while number := os.read(heard, 1):
            while not process.is_stopping(_PATIENCE):
                signal.pthread_kill(main_thread, number[0])

    threading.Thread(target=repeat, daemon=True).start()


def _stop(number: int, _frame: object) -> None:
    """End on SIGTERM as on Ctrl-C: through every `finally`, so that nothing is left running or half written."""
    if process.is_stopping():  # told again
        return
    process.stop()
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


class _Bug:
    """What happens to an exception that nobody expected: exit code 1, a traceback, and where to report it."""

    def __init__(self, console: Console, environ: Mapping[str, str]) -> None:
        self._console = console
        self._environ = environ

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._console.line("interrupted")
            return
        bug = ModelsealError(
            f"This is a bug in Modelseal: {kind.__name__}.", mend=f"Please report it with the lines above: {_REPORT_TO}"
        )
        bug.exit_code = ExitCode.BUG  # type: ignore[misc]
        with self._console:  # the fence again: a traceback repeats texts from outside
            self._console.block("".join(traceback.format_exception(kind, error, trace)))
            report_error(bug, self._console, self._environ)
