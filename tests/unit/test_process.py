"""Real programs: what they print, how they end, and that nothing of them is left."""

import hashlib
import itertools
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelseal import process
from modelseal.errors import ToolError
from modelseal.tail import Tail

pytestmark = pytest.mark.slow

ENV = process.scrubbed_environment(os.environ)
CANARY = "canary-of-a-secret"


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def shell(code: str) -> list[str]:
    return ["sh", "-c", code]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def is_gone(pid: int) -> bool:
    """A killed process takes a moment to be gone."""
    for _ in range(2000):
        if not is_running(pid):
            return True
        time.sleep(0.01)
    return False


def until_written(file: Path) -> str:
    """Return what a shell waits with."""
    return f"until [ -s {file} ]; do sleep 0.01; done"


def wait_for(file: Path) -> str:
    for _ in range(3000):
        if file.exists() and (text := file.read_text(encoding="ascii")).endswith("\n"):
            return text.strip()
        time.sleep(0.01)
    raise AssertionError(file)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def test_output_exit_code_and_standard_error_are_kept_apart() -> None:
    completed = process.run(shell("echo out; echo err >&2; exit 3"), env=ENV, check=False)
    assert completed == process.Completed(3, b"out\n", "err\n")


def test_failure_is_an_error_with_the_end_of_standard_error() -> None:
    with pytest.raises(ToolError, match=r"sh failed with exit code 3\.") as raised:
        process.run(shell("echo the reason >&2; exit 3"), env=ENV)
    assert raised.value.where == "the reason"


def test_the_end_of_standard_error_is_of_whole_lines() -> None:
    with pytest.raises(ToolError) as raised:
        process.run(shell(f"for i in $(seq 99); do echo {CANARY}-is-in-this-line >&2; done; exit 3"), env=ENV)
    assert len(raised.value.where) < 2000
    assert set(raised.value.where.splitlines()) == {f"{CANARY}-is-in-this-line"}


def test_end_by_a_signal_is_named() -> None:
    with pytest.raises(ToolError, match=r"killed by signal 9 \(SIGKILL\)"):
        process.run(shell("kill -9 $$"), env=ENV)


def test_end_by_a_signal_without_a_name_is_an_error_and_not_a_bug() -> None:
    with pytest.raises(ToolError, match=r"killed by signal 36\."):
        process.run(shell("kill -36 $$"), env=ENV)


@pytest.mark.parametrize("missing", ["modelseal-has-no-such-program", "/no/such/folder/program", "/etc/passwd"])
def test_program_that_cannot_be_started_is_an_error(missing: str) -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        process.run([missing], env=ENV)


def test_arguments_that_are_too_long_are_an_error() -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        process.run(["true", "x" * 4_000_000], env=ENV)


def test_working_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        process.run(["true"], env=ENV, cwd=tmp_path / "none")


def test_standard_input_is_empty_unless_given() -> None:
    assert process.run(["cat"], env=ENV).stdout == b""
    assert process.run(["cat"], env=ENV, stdin=b"").stdout == b""
    assert process.run(["cat"], env=ENV, stdin=b"\0\xff\n").stdout == b"\0\xff\n"


def test_large_input_and_output_at_once_do_not_block_each_other() -> None:
    data = os.urandom(20_000_000)
    assert process.run(["cat"], env=ENV, stdin=data, timeout=60).stdout == data


def test_input_that_nobody_reads_is_not_an_error() -> None:
    assert process.run(["true"], env=ENV, stdin=bytes(10_000_000), timeout=60).exit_code == 0


@pytest.mark.slow
def test_one_hundred_megabytes_on_each_output_are_read_to_the_end() -> None:
    code = (
        "import sys, threading\n"
        "def write(stream):\n"
        "    for _ in range(100): stream.write(b'x' * 999_999 + b'\\n')\n"
        "    stream.flush()\n"
        "threads = [threading.Thread(target=write, args=(s.buffer,)) for s in (sys.stdout, sys.stderr)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
    )
    with within(30):
        completed = process.run(python(code), env=ENV, timeout=60)
    assert len(completed.stdout) == 100_000_000
    assert completed.stderr.endswith("x" * 60_000 + "\n")
    assert len(completed.stderr) <= 64 * 1024


def test_standard_error_of_many_short_lines_is_not_slow() -> None:
    lines = 0

    def count(_line: str) -> None:
        nonlocal lines
        lines += 1

    with within(60):
        process.run(shell("yes 'a short line' | head -n 500000 >&2"), env=ENV, on_line=count)
    assert lines == 500_000


def test_output_file_receives_standard_output(tmp_path: Path) -> None:
    completed = process.run(shell("echo out"), env=ENV, stdout_file=tmp_path / "out")
    assert (completed.stdout, (tmp_path / "out").read_bytes()) == (b"", b"out\n")


def test_lines_come_one_by_one_and_the_last_needs_no_end() -> None:
    seen: list[str] = []
    process.run(shell(r"printf 'one\r\n\ntwo\377\nthree' >&2"), env=ENV, on_line=seen.append)
    assert seen == ["one", "", "two\N{REPLACEMENT CHARACTER}", "three"]


@given(st.binary(max_size=300), st.lists(st.integers(1, 300), max_size=5))
def test_lines_do_not_depend_on_how_the_stream_was_cut(data: bytes, cuts: list[int]) -> None:
    seen: list[str] = []
    tail = Tail(seen.append)
    places = sorted({0, *(min(cut, len(data)) for cut in cuts), len(data)})
    for start, end in itertools.pairwise(places):
        tail.feed(data[start:end])
    tail.end()
    lines = data.split(b"\n")
    expected = lines[:-1] if lines[-1] == b"" else lines
    assert seen == [line.decode(errors="replace").rstrip("\r") for line in expected]


def test_line_without_an_end_does_not_fill_the_memory() -> None:
    longest = 0

    def measure(line: str) -> None:
        nonlocal longest
        longest = max(longest, len(line))

    process.run(shell("head -c 5000000 /dev/zero | tr '\\0' x >&2"), env=ENV, on_line=measure)
    assert 0 < longest <= 128 * 1024


def test_error_in_the_callback_reaches_the_caller_and_ends_the_program(tmp_path: Path) -> None:
    def fail(_line: str) -> None:
        raise KeyError(CANARY)

    code = f"echo $$ > {tmp_path}/pid; echo line >&2; while :; do echo more >&2; sleep 0.01; done"
    with within(30), pytest.raises(KeyError, match=CANARY):
        process.run(shell(code), env=ENV, on_line=fail)
    assert is_gone(int(wait_for(tmp_path / "pid")))


def test_time_limit_ends_the_program_and_what_it_started(tmp_path: Path) -> None:
    code = f"(sh -c 'echo $$ > {tmp_path}/grandchild; exec sleep 60') & echo $$ > {tmp_path}/child; wait"
    with within(30), pytest.raises(ToolError, match=r"sh did not finish within 1\.5 seconds"):
        process.run(shell(code), env=ENV, timeout=1.5)
    assert is_gone(int(wait_for(tmp_path / "child")))
    assert is_gone(int(wait_for(tmp_path / "grandchild")))


def test_grandchild_that_ignores_the_polite_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_GRACE_SECONDS", 0.3)
    code = f"(trap '' TERM; sh -c 'echo $$ > {tmp_path}/grandchild; exec sleep 60') & exec sleep 60"
    with within(30), pytest.raises(ToolError, match="did not finish"):
        process.run(shell(code), env=ENV, timeout=1.5)
    assert is_gone(int(wait_for(tmp_path / "grandchild")))


def test_program_may_clean_up_when_it_is_stopped(tmp_path: Path) -> None:
    code = f"trap 'echo cleaned > {tmp_path}/trace; exit' TERM; while :; do sleep 0.05; done"
    with within(30), pytest.raises(ToolError):
        process.run(shell(code), env=ENV, timeout=1.5)
    assert wait_for(tmp_path / "trace") == "cleaned"


@pytest.mark.parametrize("stream", ["1", "2"])
def test_program_in_the_background_that_holds_an_output_open_is_not_waited_for(tmp_path: Path, stream: str) -> None:
    other = "2" if stream == "1" else "1"
    wait = until_written(tmp_path / "pid")
    code = f"echo out; echo err >&2; sh -c 'echo $$ > {tmp_path}/pid; exec sleep 60 {other}>&-' & {wait}"
    with within(30):
        completed = process.run(shell(code), env=ENV)
    assert completed == process.Completed(0, b"out\n", "err\n")
    assert is_gone(int(wait_for(tmp_path / "pid")))


def test_program_that_escaped_to_its_own_session_does_not_hold_us_up(tmp_path: Path) -> None:
    code = f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 60' & {until_written(tmp_path / 'pid')}; echo out"
    with within(30):
        completed = process.run(shell(code), env=ENV)
    assert completed.stdout == b"out\n"
    os.kill(int(wait_for(tmp_path / "pid")), signal.SIGKILL)


def test_program_that_closed_its_outputs_is_waited_for_within_the_limit(tmp_path: Path) -> None:
    assert process.run(shell("exec >&- 2>&-; sleep 0.3; exit 4"), env=ENV, check=False).exit_code == 4
    code = f"echo $$ > {tmp_path}/pid; exec >&- 2>&-; sleep 60"
    with within(30), pytest.raises(ToolError, match="did not finish"):
        process.run(shell(code), env=ENV, timeout=1.5)
    assert is_gone(int(wait_for(tmp_path / "pid")))


def test_all_that_runs_is_ended_at_once_from_another_thread(tmp_path: Path) -> None:
    errors: list[ToolError] = []

    def work(number: int) -> None:
        try:
            process.run(shell(f"sleep 60 & echo $! > {tmp_path}/{number}; wait"), env=ENV)
        except ToolError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    pids = [int(wait_for(tmp_path / str(number))) for number in range(3)]
    with within(30):
        process.terminate_all()
        for thread in threads:
            thread.join()
    assert ["SIGTERM" in str(error) for error in errors] == [True] * 3
    assert all(map(is_gone, pids))


def test_nothing_is_started_once_we_were_told_to_stop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process, "_stopping", threading.Event())
    process.stop()
    with pytest.raises(ToolError, match="was not started"):
        process.run(shell(f"echo > {tmp_path}/trace"), env=ENV)
    assert not (tmp_path / "trace").exists()


def test_terminating_when_nothing_runs_does_nothing() -> None:
    with within(5):
        process.terminate_all()


def test_arguments_are_logged_for_debugging_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        process.run(["true", CANARY], env=ENV)
    assert CANARY not in caplog.text


SECRET_NAMES = (
    "GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RESULTS_URL",
    "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AZURE_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS", "NPM_TOKEN",
    "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME",
    "BASH_ENV", "ENV", "HOME", "XDG_CONFIG_HOME", "SYFT_CONFIG", "TRIVY_CONFIG", "DOCKER_CONFIG", "NODE_OPTIONS",
    "GIT_SSH_COMMAND", "MODELSEAL_INPUT_PRIVATE_KEY", "LANG", "LC_MESSAGES", "path", "https_proxy_password",
)  # fmt: skip


def test_environment_of_a_tool_has_no_secret_and_no_setting() -> None:
    base = dict.fromkeys(SECRET_NAMES, CANARY) | {"PATH": os.environ["PATH"], "HTTPS_PROXY": "http://127.0.0.1:9"}
    printed = process.run(["env"], env=process.scrubbed_environment(base, TRIVY_CACHE_DIR="/cache")).stdout.decode()
    names = {line.partition("=")[0] for line in printed.splitlines()} - {"PWD", "_", "SHLVL"}
    assert names == {"PATH", "HTTPS_PROXY", "LC_ALL", "TRIVY_CACHE_DIR"}
    assert CANARY not in printed


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=5), max_size=20))
def test_environment_of_a_tool_has_only_names_that_are_listed(base: dict[str, str]) -> None:
    assert set(process.scrubbed_environment(base)) <= process._PASSED_ON | {"LC_ALL"}


def test_own_environment_is_never_the_default() -> None:
    digest = hashlib.sha256(repr(sorted(os.environ.items())).encode("utf-8", "surrogateescape")).hexdigest()
    process.run(shell("X=1; export X"), env=ENV)
    assert hashlib.sha256(repr(sorted(os.environ.items())).encode("utf-8", "surrogateescape")).hexdigest() == digest


def test_what_was_printed_before_the_end_is_read_whole_however_slowly() -> None:
    seen: list[str] = []

    def slowly(line: str) -> None:
        time.sleep(0.008)
        seen.append(line)

    process.run(["sh", "-c", "seq 100 >&2"], env=ENV, on_line=slowly)
    assert seen == [str(number) for number in range(1, 101)]


def test_a_program_left_behind_that_goes_on_printing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_DRAIN_SECONDS", 0.8)
    with pytest.raises(ToolError, match="left a program behind"):
        process.run(["sh", "-c", "while :; do echo x; sleep 0.01; done & exit 0"], env=ENV)
