"""Start other programs: without our secrets, with a time limit, and never left running behind us.

With `tools` this is the only module that starts processes.
"""

import contextlib
import logging
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from modelseal.errors import ToolError
from modelseal.tail import Tail

logger = logging.getLogger(__name__)

# What a program needs to run at all and to reach the network through the machine's own proxy and certificates.
# Everything else stays behind: tokens, cloud credentials, `ACTIONS_*`, and settings that the caller's repository
# could have planted (`SYFT_*`, `TRIVY_*`, `PYTHONPATH`, `LD_PRELOAD`).
_PASSED_ON = frozenset(
    {"PATH", "SYSTEMROOT", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"}
    | {name for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY") for name in (proxy, proxy.lower())}
)
_CHUNK = 64 * 1024  # what a pipe holds
_GRACE_SECONDS = 5.0
_LINGER_SECONDS = 0.5
_DRAIN_SECONDS = 10.0
_POLL_SECONDS = 0.1
_FOREVER = 1e9  # a wait without any limit would keep `terminate_all` in another thread from seeing the end

_running: set[subprocess.Popen[bytes]] = set()
_stopping = threading.Event()
_running_lock = threading.RLock()  # a signal may arrive, and terminate all, while it is held


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
    started = time.monotonic()
    deadline = started + (_FOREVER if timeout is None else timeout)
    input_ = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    stdout, stderr = bytearray(), Tail(on_line)
    with _output(stdout_file) as output, _started(argv, env, cwd, input_, output) as process:
        try:
            _exchange(process, stdin or b"", stdout.extend, stderr.feed, deadline)
            exit_code = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            if process.poll() is not None:
                raise ToolError(f"{program} ended, but left a program behind that goes on printing.") from error
            raise ToolError(
                f"{program} did not finish within {timeout:g} seconds and was stopped.",
                mend="Look at its last lines above; give it more time, or less to do.",
            ) from error
    stderr.end()
    logger.debug("%s ended with %d after %.3f seconds", program, exit_code, time.monotonic() - started)
    if check and exit_code != 0:
        raise ToolError(f"{program} {_ending(exit_code)}.", where=stderr.last_lines(2000))
    return Completed(exit_code, bytes(stdout), stderr.text)


def terminate_all() -> None:
    """End every program that is still running."""
    with _running_lock:
        processes = tuple(_running)
    _end(processes)


def is_stopping(seconds: float = 0.0) -> bool:
    """Tell whether we were told to stop, waiting for it for some time."""
    return _stopping.wait(seconds)


def stop() -> None:
    """End every program that is still running, and start no other: we ourselves were told to stop."""
    _stopping.set()
    terminate_all()


def _output(path: Path | None) -> contextlib.AbstractContextManager[IO[bytes] | int]:
    return contextlib.nullcontext(subprocess.PIPE) if path is None else path.open("wb")


@contextlib.contextmanager
def _started(
    argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None, stdin: int, stdout: IO[bytes] | int
) -> Iterator[subprocess.Popen[bytes]]:
    logger.debug("running %s", argv)
    # In a thread of its own, where no signal handler runs: one that came between the program's start and the note
    # of it would leave it running.
    with ThreadPoolExecutor(1) as pool:
        process = pool.submit(_start, argv, env, cwd, stdin, stdout).result()
    try:
        with process:
            try:
                yield process
            except BaseException:
                _end((process,))
                raise
            # What it left running in the background would outlive us, with our pipes in its hands.
            _signal((process,), signal.SIGKILL)
    finally:
        with _running_lock:
            _running.discard(process)


def _start(
    argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None, stdin: int, stdout: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    with _running_lock:
        if _stopping.is_set():
            raise ToolError(f"{argv[0]} was not started: Modelseal was told to stop.")
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
        _running.add(process)
        return process


def _exchange(
    process: subprocess.Popen[bytes],
    data: bytes,
    on_stdout: Callable[[bytes], None],
    on_stderr: Callable[[bytes], None],
    deadline: float,
) -> None:
    """Feed a program and read what it prints, until its outputs end.

    Its own end also counts, a moment later: a program that it started may hold the outputs open for ever.

    Raises:
        TimeoutExpired: The deadline has come.
    """
    linger: float | None = None
    with selectors.DefaultSelector() as selector:
        if process.stdin is not None:
            selector.register(process.stdin, selectors.EVENT_WRITE, _feeding(process.stdin, data))
        for stream, consume in ((process.stdout, on_stdout), (process.stderr, on_stderr)):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, _reading(stream, consume))
        while selector.get_map():
            ready = selector.select(_POLL_SECONDS)
            for key, _ in ready:
                if key.data():  # it came to its end
                    selector.unregister(key.fileobj)
            now = time.monotonic()
            if linger is None and process.poll() is not None:
                linger, deadline = now + _LINGER_SECONDS, min(deadline, now + _DRAIN_SECONDS)
            if linger is not None and now > linger and not ready:
                return  # what is ready is read to its end, however long that takes
            if now > deadline:
                raise subprocess.TimeoutExpired(process.args, 0)


def _reading(stream: IO[bytes], consume: Callable[[bytes], None]) -> Callable[[], bool]:
    def read() -> bool:
        chunk = os.read(stream.fileno(), _CHUNK)
        consume(chunk)
        return not chunk

    return read


def _feeding(stream: IO[bytes], data: bytes) -> Callable[[], bool]:
    """Return what writes as much as the pipe takes, and tells when all is written or nobody reads any more."""
    os.set_blocking(stream.fileno(), False)
    rest = memoryview(data)

    def write() -> bool:
        nonlocal rest
        try:
            rest = rest[os.write(stream.fileno(), rest[:_CHUNK]) :]
        except BrokenPipeError:
            rest = rest[:0]
        if rest:
            return False
        stream.close()
        return True

    return write


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End process groups: politely first, so that temporary files are removed, then for good."""
    _signal(processes, signal.SIGTERM)
    _wait_while(lambda: any(process.poll() is None for process in processes), _GRACE_SECONDS)
    # Whom they have started gets a moment more; in a container without an init the dead are never reaped.
    _wait_while(lambda: any(_is_there(process.pid) for process in processes), _LINGER_SECONDS)
    _signal(processes, signal.SIGKILL)
    _wait_while(lambda: any(process.poll() is None for process in processes), _GRACE_SECONDS)


def _signal(processes: Sequence[subprocess.Popen[bytes]], number: int) -> None:
    for process in processes:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, number)


def _wait_while(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while condition() and time.monotonic() < deadline:
        time.sleep(0.01)


def _is_there(group: int) -> bool:
    with contextlib.suppress(OSError):
        os.killpg(group, 0)
        return True
    return False


def _ending(exit_code: int) -> str:
    if exit_code < 0:
        names = (f" ({known.name})" for known in signal.Signals if known == -exit_code)  # real-time ones have none
        return f"was killed by signal {-exit_code}{next(names, '')}"
    return f"failed with exit code {exit_code}"
