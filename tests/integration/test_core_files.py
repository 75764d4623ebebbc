"""A station that crashes while it holds a key or a token leaves no core file, though the machine writes them."""

import contextlib
import http.server
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import oci_registry
from attestation_material import GITHUB, key, pem

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "canary-password-of-the-key"
REQUEST_TOKEN = "canary-request-token"
SIGNALS = [signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT, signal.SIGBUS]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or resource.getrlimit(resource.RLIMIT_CORE)[1] == 0,
    reason="core files are forbidden on this machine, or are told of in another way",
)


def allowed() -> None:
    """Let the program that is started write core files, and end by signals that a shell in the background ignores."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@contextlib.contextmanager
def started(folder: Path, argv: list[str | Path], environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    passed_on = ("PATH", "HOME", "RUNNER_TOOL_CACHE", "XDG_CACHE_HOME")
    usual = {name: os.environ[name] for name in passed_on if name in os.environ}
    with subprocess.Popen(
        [str(part) for part in argv],
        cwd=folder,
        env={**usual, **environ},
        preexec_fn=allowed,  # noqa: PLW1509 # nothing else runs in this process's threads that it could disturb
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()


def crashed(process: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Crash a program, and tell whether its memory was dumped: the kernel says so, wherever it went."""
    os.kill(process.pid, number)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == -number
    return os.WCOREDUMP(status)


def holds(folder: Path, *secrets: str) -> bool:
    """Tell whether a core file in a folder has one of the secrets in it."""
    cores = [path.read_bytes() for path in folder.glob("core*") if path.is_file()]
    return any(secret.encode() in core for secret in secrets for core in cores)


def test_this_machine_writes_core_files_and_they_hold_the_environment(tmp_path: Path) -> None:
    """Without this the tests below would show nothing."""
    argv: list[str | Path] = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    with started(tmp_path, argv, {"CANARY": PASSWORD}) as process:
        time.sleep(0.5)
        assert crashed(process, signal.SIGABRT)
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    assert pattern.startswith(("|", "/")) or holds(tmp_path, PASSWORD)


def signing_with_a_key(folder: Path, crash: Callable[[subprocess.Popen[bytes]], bool]) -> bool:
    """Crash `attest` while it stores what it has signed: the registry does not answer."""
    asked, over = threading.Event(), threading.Event()

    def silent(_: oci_registry.Handler) -> None:
        asked.set()
        over.wait(60)

    secrets = {
        "MODELSEAL_INPUT_PRIVATE_KEY": pem(key("P-256"), PASSWORD),
        "MODELSEAL_INPUT_PRIVATE_KEY_PASSWORD": PASSWORD,
    }
    with oci_registry.serving() as registry:
        registry.once("PUT", "", silent)
        argv: list[str | Path] = [
            "bash", ROOT / "scripts" / "run", "attest", "--sign", "key", "--image", f"{registry.address}/octo/fraud",
            "--digest", registry.image(), "--store", "oci", "--output-dir", "out",
        ]  # fmt: skip
        with started(folder, argv, secrets) as process:
            try:
                assert asked.wait(60)
                return crash(process)
            finally:
                over.set()


class Silent(http.server.BaseHTTPRequestHandler):
    """A token service that never answers; it says when it was asked."""

    asked: threading.Event

    def do_GET(self) -> None:
        self.asked.set()
        time.sleep(30)

    def log_message(self, *_: object) -> None:
        pass


def signing_keyless(folder: Path, crash: Callable[[subprocess.Popen[bytes]], bool]) -> bool:
    """Crash `attest` while it asks for its token."""
    asked = threading.Event()
    handler = type("Handler", (Silent,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        dumped = _asking(folder, server.server_address[1], asked, crash)
        server.shutdown()
    return dumped


def _asking(folder: Path, port: int, asked: threading.Event, crash: Callable[[subprocess.Popen[bytes]], bool]) -> bool:
    environ = GITHUB | {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{port}/oidc",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
    }
    argv: list[str | Path] = [
        "bash", ROOT / "scripts" / "run", "attest", "--manifest", "fraud.manifest.json", "--output-dir", "out",
    ]  # fmt: skip
    with started(folder, argv, environ) as process:
        assert asked.wait(60)
        return crash(process)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("signing", [signing_with_a_key, signing_keyless], ids=lambda way: way.__name__)
def test_crash_in_the_middle_of_signing_leaves_nothing(
    tmp_path: Path, signing: Callable[..., bool], number: signal.Signals
) -> None:
    assert not signing(tmp_path, lambda process: crashed(process, number))
    assert not list(tmp_path.glob("core*"))
    assert not holds(tmp_path, PASSWORD, REQUEST_TOKEN)


@pytest.mark.parametrize("number", SIGNALS[:2], ids=lambda number: number.name)
def test_crash_before_python_has_begun_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """The shell has the secrets in its environment, and waits for a Python that does not answer."""
    (tmp_path / "bin").mkdir()
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    slow = tmp_path / "bin" / "python3"
    slow.write_text(f"#!/bin/sh\n: >{begun}\nsleep 30\n")
    slow.chmod(0o755)
    environ = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "RUNNER_TOOL_CACHE": str(tmp_path / "none"),
               "MODELSEAL_INPUT_PRIVATE_KEY_PASSWORD": PASSWORD}  # fmt: skip
    with started(tmp_path, ["bash", ROOT / "scripts" / "run", "attest"], environ) as process:
        begun.read_bytes()
        assert not crashed(process, number)
    assert not list(tmp_path.glob("core*"))


def test_process_that_holds_secrets_may_not_be_read_nor_given_to_a_collector(tmp_path: Path) -> None:
    """A collector of crashes is given a core in spite of the limit, but not of a process that may not be dumped."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r})\n"
        "from modelseal import memory; import ctypes\n"
        "memory.unreadable(); sys.exit(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    )
    with started(tmp_path, [sys.executable, "-c", program], {}) as process:
        assert process.wait(60) == 0
