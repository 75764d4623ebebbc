"""Start other programs: without our secrets, with a time limit, and never left running behind us.

With `tools` this is the only module that starts processes.
"""

import contextlib
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from modelseal.errors import ToolError

logger = logging.getLogger(__name__)

# What a program needs to run at all and to reach the network through the machine's own proxy and certificates.
# Everything else stays behind: tokens, cloud credentials, `ACTIONS_*`, and settings that the caller's repository
# could have planted (`SYFT_*`, `TRIVY_*`, `PYTHONPATH`, `LD_PRELOAD`).
_PASSED_ON = frozenset(
    {"PATH", "SYSTEMROOT", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {name for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY") for name in (proxy, proxy.lower())}
)
_STDERR_KEPT = 64 * 1024
_GRACE_SECONDS = 5.0

_running: set[subprocess.Popen[bytes]] = set()
_running_lock = threading.Lock()


@dataclass(frozen=True)
class Completed:
    """How a program ended: its exit code, all of its standard output, and the end of its standard error."""

    exit_code: int
    stdout: bytes
    stderr: str


def scrubbed_environment(base: Mapping[str, str], **extra: str) -> dict[str, str]:
    """Return what of `base` a tool may see, and `extra`. The locale is fixed: output must not depend on it."""
    return {name: value for name, value in base.items() if name in _PASSED_ON} | {"LC_ALL": "C.UTF-8"} | extra


def run(  # noqa: PLR0913 # each argument is a property of the process, none has a natural partner
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    timeout: float | None = None,
    stdin: bytes | None = None,
    stdout_file: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    check: bool = True,
) -> Completed:
    """Run a program to its end and return what it printed.

    Args:
        argv: Program and arguments; never a secret, other users of the machine can read them.
        env: The whole environment of the program, see `scrubbed_environment`.
        cwd: Working directory; the current one by default.
        timeout: Seconds after which the program and all it started are killed.
        stdin: Bytes to feed it; without them its standard input is empty.
        stdout_file: A file that receives standard output instead of `Completed.stdout`.
        on_line: Called with each line of standard error as it comes.
        check: Whether an exit code other than 0 is an error.

    Raises:
        ToolError: The program is not there, was killed, ran too long, or (with `check`) did not exit with 0.
    """
    program = Path(argv[0]).name
    input_ = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    with _output(stdout_file) as output, _started(argv, env, cwd, input_, output) as process:
        stderr = _Tail(on_line)
        collected: list[bytes] = []
        threads = [threading.Thread(target=stderr.read, args=(process.stderr,), daemon=True)]
        if process.stdout is not None:
            threads.append(threading.Thread(target=_collect, args=(process.stdout, collected), daemon=True))
        if stdin is not None:
            threads.append(threading.Thread(target=_feed, args=(process.stdin, stdin), daemon=True))
        for thread in threads:
            thread.start()
        try:
            exit_code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            _kill(process)
            raise ToolError(
                f"{program} did not finish within {timeout:g} seconds and was stopped.",
                mend="Look at its last lines above; give it more time, or less to do.",
            ) from error
        for thread in threads:
            thread.join()
    if check and exit_code != 0:
        raise ToolError(f"{program} {_ending(exit_code)}.", where=stderr.text.strip()[-2000:])
    return Completed(exit_code, b"".join(collected), stderr.text)


def terminate_all() -> None:
    """End every program that is still running; for the moment when we ourselves are told to stop."""
    with _running_lock:
        processes = tuple(_running)
    for process in processes:
        _kill(process)


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[IO[bytes] | int]:
    if path is None:
        yield subprocess.PIPE
    else:
        with path.open("wb") as file:
            yield file


@contextlib.contextmanager
def _started(
    argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None, stdin: int, stdout: IO[bytes] | int
) -> Iterator[subprocess.Popen[bytes]]:
    logger.debug("running %s", argv)
    try:
        process = subprocess.Popen(  # argv is a list, no shell reads it
            [os.fspath(part) for part in argv],
            env=dict(env),
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,  # its own process group, so that what it starts can be ended with it
        )
    except OSError as error:
        raise ToolError(f"{argv[0]} cannot be started: {error.strerror or error}.") from error
    with _running_lock:
        _running.add(process)
    try:
        with process:
            try:
                yield process
            except BaseException:
                _kill(process)
                raise
    finally:
        with _running_lock:
            _running.discard(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process group: politely first, so that temporary files are removed, then for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
            return


def _ending(exit_code: int) -> str:
    if exit_code < 0:
        return f"was killed by signal {-exit_code} ({signal.Signals(-exit_code).name})"
    return f"failed with exit code {exit_code}"


def _collect(stream: IO[bytes], chunks: list[bytes]) -> None:
    chunks.append(stream.read())


def _feed(stream: IO[bytes] | None, data: bytes) -> None:
    if stream is not None:
        with contextlib.suppress(BrokenPipeError), stream:
            stream.write(data)


class _Tail:
    """Reads a stream line by line, passes each line on, and keeps the end of the whole."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self.text = ""

    def read(self, stream: IO[bytes] | None) -> None:
        if stream is None:
            return
        while line := stream.readline(_STDERR_KEPT):
            text = line.decode(errors="replace")
            self.text = (self.text + text)[-_STDERR_KEPT:]
            if self._on_line is not None:
                self._on_line(text.rstrip("\r\n"))
