"""How the stations' Python environment is made, from the hash-locked requirements.

Nothing but the standard library may be imported here, and nothing imports this where the environment is there already.
"""

import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from modelseal import process
from modelseal.errors import ModelsealError, ToolError
from modelseal.github import Console, is_runner, report_error

# Settings that say *where* packages come from are the machine's and stay in force (mirrors, proxies, certificates: the
# hashes decide what is accepted). Not those that say *what* or *whereto*, and not PIP_CONFIG_FILE, which holds all.
_PIP_SETTINGS = frozenset({
    "HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "TMPDIR", "NETRC", "LD_LIBRARY_PATH",
    "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CACHE_DIR", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_KEYRING_PROVIDER", "PIP_NO_INDEX", "PIP_PROXY",
    "PIP_RETRIES", "PIP_TRUSTED_HOST",
})  # fmt: skip
_INSTALL_SECONDS = 600
_ABANDONED_SECONDS = 3600
_MENDS = {
    "venv": "Install Python's venv module (on Debian and Ubuntu: apt-get install python3-venv).",
    "pip": "See pip's lines above: is pip there (Debian: python3-pip), is the index reachable?",
}


def pip_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what pip may see of an environment: the machine's settings for reaching packages, and no secret."""
    settings = {name: value for name, value in environ.items() if name in _PIP_SETTINGS}
    return process.scrubbed_environment(environ, **settings)


def _console() -> Console:
    return Console(sys.stderr, runner=is_runner(os.environ))


def report(error: ModelsealError) -> None:
    """Report an error that ends a station before it has begun."""
    with _console() as console:
        report_error(error, console, os.environ)


def make(lock: Path, folder: Path, python: str) -> None:
    """Make the environment in a temporary folder and move it into place: two jobs may do so at the same time.

    Args:
        lock: The hash-locked requirements.
        folder: The environment's place.
        python: The interpreter that it is made from.

    Raises:
        ToolError: It cannot be made.
        OSError: The folder cannot be written to, or the disk is full.
    """
    with _console() as console:
        _make(lock, folder, _Python(python, console))


def _make(lock: Path, folder: Path, python: "_Python") -> None:
    python.console.line("modelseal: making its Python environment (once per machine)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    with (
        _stoppable(),
        tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-", ignore_cleanup_errors=True) as name,
    ):
        temporary = Path(name)
        made = temporary / "environment"
        python.run(temporary, "venv", "--without-pip", str(made))
        # Two at a time take half as long: pip waits for the network, then computes, in turn.
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(_install, part, made, python) for part in _parts(lock, temporary)]:
                done.result()
        python.run(temporary, "compileall", "-q", "-j", "0", str(made / "lib"))
        made.chmod(0o755)  # another user of this machine may read it
        (made / "complete").touch()
        _move_into_place(made, folder)


def _parts(lock: Path, folder: Path) -> tuple[Path, Path]:
    """Write the requirements into two files. Each is locked with all it depends on, so any division will do."""
    requirements = re.findall(r"^[A-Za-z0-9].*(?:\n[ \t].*)*", lock.read_text(encoding="utf-8"), re.MULTILINE)
    parts = (folder / "first.txt", folder / "second.txt")
    for number, part in enumerate(parts):
        part.write_text("\n".join([*requirements[number::2], ""]), encoding="utf-8")
    return parts


def _install(requirements: Path, made: Path, python: "_Python") -> None:
    python.run(
        requirements.parent, "pip", "--python", str(made / "bin" / "python"), "install", "-qq",
        "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary", ":all:", "--require-hashes",
        "--no-compile", "--requirement", str(requirements),
    )  # fmt: skip
    if not any(made.glob("lib/python*/site-packages/*.dist-info")):
        raise ToolError(
            "pip put the packages somewhere else than into the Python environment.",
            mend="Look for `target`, `prefix`, `root` or `user` in what `pip config list` shows, and remove it.",
        )


def _remove_abandoned(folder: Path) -> None:
    """Remove what was left by processes that were killed: what is still being made is younger."""
    for abandoned in folder.glob("making-*"):
        with suppress(FileNotFoundError):  # who made it is done
            if time.time() - abandoned.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(abandoned, ignore_errors=True)


def _move_into_place(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        # Somebody was faster; theirs is as good as ours, if it is complete.
        if not (folder / "complete").is_file():
            raise ToolError(
                "The Python environment cannot be moved into place.", where=str(folder), mend="Remove this folder."
            ) from None


@dataclass(frozen=True)
class _Python:
    """The interpreter that the environment is made from, and where it may speak."""

    executable: str
    console: Console

    def run(self, temporary: Path, module: str, *arguments: str) -> None:
        """Run a module, for at most ten minutes."""
        # pip starts Python again without -I, so the variables that could bring in other code must be gone already.
        environ = pip_environment(os.environ) | {"TMPDIR": str(temporary)}
        argv = [self.executable, "-I", "-m", module, *arguments]
        try:
            process.run(argv, env=environ, timeout=_INSTALL_SECONDS, on_line=self.console.line)
        except ToolError as error:
            full = "No space left on device" in error.where
            raise ToolError(
                f"The Python environment could not be made: `python -m {module}` did not succeed. {error.what}",
                where=error.where.rpartition("\n")[2],
                mend="Free some space on the disk." if full else _MENDS.get(module, "See the lines above."),
            ) from error


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let a signal end this through every `finally`."""
    earlier = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _stop(number: int, _frame: object) -> NoReturn:
    """End pip, and ourselves through every `finally`, so that the half-made environment is removed."""
    process.stop()
    raise SystemExit(128 + number)
