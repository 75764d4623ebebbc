"""The Python environment that the stations run in: made once per machine from the hash-locked requirements.

Nothing but the standard library may be imported here: this runs before the environment is there. And little of it:
every station passes through here, twice.
"""

import contextlib
import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from modelseal.errors import ModelsealError, ToolError

_PLACE = "RUNNER_TOOL_CACHE to the absolute path of a folder that can be written to"
_ENTERED = "modelseal"  # an `-X` option that Python itself knows nothing of


def enter(scripts: Path) -> None:
    """Return if this is the stations' environment; otherwise make it if needed and start again inside it.

    Args:
        scripts: The folder that holds `__main__.py` and `requirements.lock`.
    """
    try:
        folder = _entered_or_made(scripts / "requirements.lock")
    except ModelsealError as error:
        from modelseal import installation  # noqa: PLC0415 # see the top

        installation.report(error)
        raise SystemExit(error.exit_code) from None
    if folder is not None:
        _leave_link(folder, scripts / "requirements.lock")
        _start_again(folder / "bin" / "python", scripts)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that outlives a run: for the environment, the tools and the vulnerability database.

    Raises:
        ToolError: There is no place for it, or it would be in whatever folder this is run.
    """
    for name, below in (("RUNNER_TOOL_CACHE", ""), ("XDG_CACHE_HOME", ""), ("HOME", ".cache")):
        if given := environ.get(name):
            folder = Path(given, below, "modelseal")
            if not folder.is_absolute():  # what a repository has there would be run
                raise ToolError(
                    "The folder to keep tools in is a relative path.", where=f"{name}={given}", mend=f"Set {_PLACE}."
                )
            return folder
    raise ToolError(
        "There is no folder to keep tools in: neither RUNNER_TOOL_CACHE, XDG_CACHE_HOME nor HOME is set.",
        mend=f"Set {_PLACE}.",
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
    return cache_folder(environ).resolve() / "environments" / f"python{version}-{os.uname().machine}-{key}"


def _entered_or_made(lock: Path) -> Path | None:
    """Return the environment's folder, made if need be; None if this Python is already its own."""
    folder = location(lock, os.environ)
    if Path(sys.prefix).resolve() == folder.resolve():
        return None
    if _ENTERED in sys._xoptions:  # noqa: SLF001 # there is no other way to see them
        raise ToolError(
            "The Python environment was started, but Python does not see itself inside it.",
            where=f"{sys.prefix}, not {folder}",
            mend="Remove the second of these folders and run again; please report this if it happens again.",
        )
    try:
        if not (folder / "complete").is_file():
            from modelseal import installation  # noqa: PLC0415 # see the top

            installation.make(lock, folder, _base_python())
        (folder / "bin" / "python").stat()
    except OSError as error:
        raise ToolError(
            f"The folder for the Python environment cannot be used: {error.strerror or error}.",
            where=str(error.filename or folder),
            mend="Set RUNNER_TOOL_CACHE to a folder with free space that can be written to, or remove the one above.",
        ) from error
    return folder


def _base_python() -> str:
    """Return the Python that environments are made from: this one, or the one that this environment was made from."""
    base: str = sys._base_executable  # type: ignore[attr-defined] # noqa: SLF001 # the venv module has no other way either
    return base


def _leave_link(folder: Path, lock: Path) -> None:
    """Let `scripts/run` find this environment at once, the next time. Where it cannot be left, nothing is lost."""
    link = folder.parents[1] / f"environment-of-{hashlib.sha256(lock.read_bytes()).hexdigest()}"
    target = folder.relative_to(link.parent)
    with contextlib.suppress(OSError):
        if not link.is_symlink() or link.readlink() != target:
            temporary = link.with_name(f".{os.getpid()}.link")
            temporary.symlink_to(target)
            temporary.replace(link)


def _start_again(python: Path, scripts: Path) -> NoReturn:
    sys.stderr.flush()
    os.execv(python, [str(python), "-X", "utf8", "-X", _ENTERED, "-I", str(scripts), *sys.argv[1:]])  # noqa: S606 # no shell is meant
