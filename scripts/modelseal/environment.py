"""The Python environment that the stations run in: made once per machine from the hash-locked requirements.

Nothing but the standard library may be imported here: this runs before the environment is there.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from modelseal.errors import ModelsealError, ToolError
from modelseal.github import report_early_error

# Settings of pip that say *where* packages come from are the machine's and stay in force (mirrors, proxies,
# certificates: the hashes decide what is accepted). Those that say *what* or *whereto* are ours alone.
_PIP_SETTINGS_REFUSED = (
    "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIREMENT", "PIP_CONSTRAINT", "PIP_EDITABLE",
    "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_BINARY", "PIP_DRY_RUN", "PIP_UPGRADE", "PIP_LOG", "PIP_REPORT",
)  # fmt: skip
_INSTALL_SECONDS = 600


def enter(scripts: Path) -> None:
    """Return if this is the stations' environment; otherwise make it if needed and start again inside it.

    Args:
        scripts: The folder that holds `__main__.py` and `requirements.lock`.
    """
    try:
        folder = location(scripts / "requirements.lock", os.environ)
        if Path(sys.prefix) == folder:
            return
        if not (folder / "complete").is_file():
            _make(scripts / "requirements.lock", folder)
    except ModelsealError as error:
        report_early_error(error, os.environ)
        raise SystemExit(error.exit_code) from None
    _start_again(folder / "bin" / "python", scripts)


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


def _make(lock: Path, folder: Path) -> None:
    """Make the environment in a temporary folder and move it into place: two jobs may do so at the same time."""
    print("modelseal: making its Python environment (once per machine)", file=sys.stderr)  # noqa: T201 # no logging yet
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix="making-"))
    except OSError as error:
        raise ToolError(
            f"The folder for the Python environment cannot be made: {error.strerror}.",
            where=str(error.filename),
            mend="Set RUNNER_TOOL_CACHE to a folder that can be written to.",
        ) from error
    try:
        _run("venv", "--without-pip", str(temporary))
        python = temporary / "bin" / "python"
        _run(
            "pip", "--python", str(python), "install", "-qq", "--disable-pip-version-check", "--no-input",
            "--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-compile", "--requirement", str(lock),
        )  # fmt: skip
        _run("compileall", "-q", "-j", "0", str(temporary / "lib"))
        (temporary / "complete").touch()
        _move_into_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _move_into_place(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError:
        # Somebody was faster; theirs is as good as ours, if it is complete.
        if not (folder / "complete").is_file():
            raise ToolError(
                "The Python environment cannot be moved into place.", where=str(folder), mend="Remove this folder."
            ) from None


def _run(module: str, *arguments: str) -> None:
    """Run a module of the Python we were started with, for at most ten minutes."""
    # pip starts Python again without -I, so the variables that could bring in other code must be gone already.
    environ = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in _PIP_SETTINGS_REFUSED and not name.startswith("PYTHON")
    }
    base = _base_python()
    argv = [base, "-I", "-m", module, *arguments]
    try:
        process = subprocess.Popen(argv, env=environ, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())
    except OSError as error:
        raise ToolError(f"Python cannot be started again: {error.strerror}.", where=base) from error
    with process, _killed_with_us(process):
        try:
            exit_code = process.wait(_INSTALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ToolError(
                f"Making the Python environment took more than {_INSTALL_SECONDS} seconds.",
                mend="See pip's last lines above; check the network and pip's index settings.",
            ) from error
    if exit_code != 0:
        mends = {
            "venv": "Install Python's venv module (on Debian and Ubuntu: apt-get install python3-venv).",
            "pip": "See pip's lines above: is pip there (Debian: python3-pip), the index reachable, the disk full?",
        }
        raise ToolError(
            f"The Python environment could not be made: `python -m {module}` ended with exit code {exit_code}.",
            mend=mends.get(module, "See the lines above."),
        )


def _base_python() -> str:
    """Return the Python that environments are made from: this one, or the one that this environment was made from."""
    base: str = sys._base_executable  # type: ignore[attr-defined] # noqa: SLF001 # the venv module has no other way either
    return base


@contextlib.contextmanager
def _killed_with_us(process: subprocess.Popen[bytes]):  # type: ignore[no-untyped-def] # noqa: ANN202 # Iterator needs typing at run time
    """Turn SIGTERM into an exit, so that the half-made environment is removed and pip does not outlive us."""

    def stop(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    earlier = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)
        if process.poll() is None:
            process.kill()


def _start_again(python: Path, scripts: Path) -> NoReturn:
    os.execv(python, [str(python), "-X", "utf8", "-I", str(scripts), *sys.argv[1:]])  # noqa: S606 # no shell is meant
