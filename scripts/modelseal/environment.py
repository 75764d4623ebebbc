"""The Python environment that the stations run in: made once per machine from the hash-locked requirements.

Nothing but the standard library may be imported here: this runs before the environment is there.
"""

import hashlib
import os
import platform
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
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
_ENTERED = "modelseal"  # an `-X` option that Python itself knows nothing of


def enter(scripts: Path) -> None:
    """Return if this is the stations' environment; otherwise make it if needed and start again inside it.

    Args:
        scripts: The folder that holds `__main__.py` and `requirements.lock`.
    """
    try:
        folder = _entered_or_made(scripts / "requirements.lock")
    except ModelsealError as error:
        with _console() as console:
            report_error(error, console, os.environ)
        raise SystemExit(error.exit_code) from None
    if folder is not None:
        _start_again(folder / "bin" / "python", scripts)


def pip_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what pip may see of an environment: the machine's settings for reaching packages, and no secret."""
    settings = {name: value for name, value in environ.items() if name in _PIP_SETTINGS}
    return process.scrubbed_environment(environ, **settings)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that outlives a run: for the environment, the tools and the vulnerability database.

    Raises:
        ToolError: There is no place for it.
    """
    if tool_cache := environ.get("RUNNER_TOOL_CACHE"):
        return Path(tool_cache) / "modelseal"
    if xdg := environ.get("XDG_CACHE_HOME"):
        return Path(xdg) / "modelseal"
    if home := environ.get("HOME"):
        return Path(home) / ".cache" / "modelseal"
    raise ToolError(
        "There is no folder to keep tools in: neither RUNNER_TOOL_CACHE, XDG_CACHE_HOME nor HOME is set.",
        mend="Set RUNNER_TOOL_CACHE to a folder that can be written to.",
    )


def location(lock: Path, environ: Mapping[str, str]) -> Path:
    """Return the folder of the environment for this lock file and this Python.

    Raises:
        ToolError: The lock file cannot be read, or there is no place for the environment.
    """
    try:
        content = lock.read_bytes()
    except OSError as error:
        raise ToolError(
            f"The list of requirements cannot be read: {error.strerror}.",
            where=str(lock),
            mend="Check out Modelseal anew.",
        ) from error
    python = f"{os.path.realpath(_base_python())} {sys.version}"
    key = hashlib.sha256(content + python.encode()).hexdigest()[:16]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return cache_folder(environ).resolve() / "environments" / f"python{version}-{platform.machine()}-{key}"


def _entered_or_made(lock: Path) -> Path | None:
    """Return the environment's folder, made if need be; None if this Python is already its own."""
    folder = location(lock, os.environ)
    if Path(sys.prefix) == folder:
        return None
    if _ENTERED in sys._xoptions:  # noqa: SLF001 # there is no other way to see them
        raise ToolError(
            "The Python environment was started, but Python does not see itself inside it.",
            where=f"{sys.prefix}, not {folder}",
            mend="Remove the second of these folders and run again; please report this if it happens again.",
        )
    try:
        if not (folder / "complete").is_file():
            with _console() as console:
                _make(lock, folder, console)
        (folder / "bin" / "python").stat()
    except OSError as error:
        raise ToolError(
            f"The folder for the Python environment cannot be used: {error.strerror or error}.",
            where=str(error.filename or folder),
            mend="Set RUNNER_TOOL_CACHE to a folder with free space that can be written to, or remove the one above.",
        ) from error
    return folder


def _console() -> Console:
    return Console(sys.stderr, runner=is_runner(os.environ))


def _make(lock: Path, folder: Path, console: Console) -> None:
    """Make the environment in a temporary folder and move it into place: two jobs may do so at the same time."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 # only this once

    console.line("modelseal: making its Python environment (once per machine)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder.parent)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix="making-"))
    earlier = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        made = temporary / "environment"
        _run(console, temporary, "venv", "--without-pip", str(made))
        # Two at a time take half as long: pip waits for the network, then computes, in turn.
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(_install, part, made, console) for part in _parts(lock, temporary)]:
                done.result()
        _run(console, temporary, "compileall", "-q", "-j", "0", str(made / "lib"))
        made.chmod(0o755)  # another user of this machine may read it
        (made / "complete").touch()
        _move_into_place(made, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _parts(lock: Path, folder: Path) -> tuple[Path, Path]:
    """Write the requirements into two files. Each is locked with all it depends on, so any division will do."""
    requirements = re.findall(r"^[A-Za-z0-9].*(?:\n[ \t].*)*", lock.read_text(encoding="utf-8"), re.MULTILINE)
    parts = (folder / "first.txt", folder / "second.txt")
    for number, part in enumerate(parts):
        part.write_text("\n".join([*requirements[number::2], ""]), encoding="utf-8")
    return parts


def _install(requirements: Path, made: Path, console: Console) -> None:
    _run(
        console, requirements.parent, "pip", "--python", str(made / "bin" / "python"), "install", "-qq",
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


def _run(console: Console, temporary: Path, module: str, *arguments: str) -> None:
    """Run a module of the Python we were started with, for at most ten minutes."""
    mends = {
        "venv": "Install Python's venv module (on Debian and Ubuntu: apt-get install python3-venv).",
        "pip": "See pip's lines above: is pip there (Debian: python3-pip), is the index reachable?",
    }
    # pip starts Python again without -I, so the variables that could bring in other code must be gone already.
    environ = pip_environment(os.environ) | {"TMPDIR": str(temporary)}
    try:
        process.run(
            [_base_python(), "-I", "-m", module, *arguments],
            env=environ,
            timeout=_INSTALL_SECONDS,
            on_line=console.line,
        )
    except ToolError as error:
        full = "No space left on device" in error.where
        raise ToolError(
            f"The Python environment could not be made: `python -m {module}` did not succeed. {error.what}",
            where=error.where.rpartition("\n")[2],
            mend="Free some space on the disk." if full else mends.get(module, "See the lines above."),
        ) from error


def _base_python() -> str:
    """Return the Python that environments are made from: this one, or the one that this environment was made from."""
    base: str = sys._base_executable  # type: ignore[attr-defined] # noqa: SLF001 # the venv module has no other way either
    return base


def _stop(number: int, _frame: object) -> NoReturn:
    """End pip, and ourselves through every `finally`, so that the half-made environment is removed."""
    process.stop()
    raise SystemExit(128 + number)


def _start_again(python: Path, scripts: Path) -> NoReturn:
    sys.stderr.flush()
    os.execv(python, [str(python), "-X", "utf8", "-X", _ENTERED, "-I", str(scripts), *sys.argv[1:]])  # noqa: S606 # no shell is meant
