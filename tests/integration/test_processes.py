"""A station that is stopped at any moment leaves no program running and nothing half written."""

import contextlib
import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from station_processes import ended, run, start, usual_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    cache = tmp_path_factory.mktemp("cache")
    env = usual_environment(cache)
    assert run("--version", env=env, cwd=cache).returncode == 0
    return env


def model(folder: Path, size: int) -> Path:
    """Make a model of four files, which are holes of so many bytes."""
    folder.mkdir()
    for number in range(4):
        with (folder / f"{number}.bin").open("wb") as file:
            file.truncate(size)
    return folder


def wait_until_it_listens(process: subprocess.Popen[str]) -> None:
    """Return as soon as a station has its own answer to SIGTERM: what Python does before that is Python's."""
    deadline = time.monotonic() + 60
    while True:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace")
        caught = int(re.findall(r"^SigCgt:\s*(\w+)$", status, re.MULTILINE)[0], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        assert time.monotonic() < deadline
        time.sleep(0.001)


def programs_that_name(text: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            named = os.fsencode(text) in (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            if named and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


def all_gone(text: str) -> bool:
    for _ in range(2000):
        if not programs_that_name(text):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("seed", range(6))
def test_stopped_at_any_moment(number: signal.Signals, seed: int, environ: dict[str, str], tmp_path: Path) -> None:
    mark = f"mark-{seed}-{number}-{os.getpid()}-{time.monotonic_ns()}"
    temporary = tmp_path / "temp"
    temporary.mkdir()
    env = environ | {
        "MARK": mark,
        "RUNNER_TEMP": str(temporary),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTIONS": "true",
    }
    process = start(
        "hash-artifacts", "--paths", str(model(tmp_path / "model", 100_000_000_000)),
        "--output-dir", str(tmp_path / "out"), env=env, cwd=tmp_path,
    )  # fmt: skip
    wait_until_it_listens(process)
    time.sleep(random.Random(seed).uniform(0.0, 1.0))
    process.send_signal(number)
    stopped = time.monotonic()
    done = ended(process)
    assert time.monotonic() - stopped < 30
    assert done.returncode in (143, -signal.SIGTERM, -signal.SIGINT, 130)
    assert all_gone(mark)
    written = [path.name for path in (tmp_path / "out").iterdir()] if (tmp_path / "out").is_dir() else []
    assert written == []
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "output").exists() or "passed" not in (tmp_path / "output").read_text(encoding="utf-8")


def test_killed_and_run_again_gives_the_right_result(environ: dict[str, str], tmp_path: Path) -> None:
    large = model(tmp_path / "model", 700_000_000)
    arguments = ("hash-artifacts", "--paths", str(large), "--output-dir", str(tmp_path / "out"))
    expected = run(*arguments, env=environ, cwd=tmp_path)
    assert expected.returncode == 0, expected.stderr
    manifest = next((tmp_path / "out").glob("*.manifest.json"))
    before = manifest.read_bytes()
    process = start(*arguments, env=environ, cwd=tmp_path)
    time.sleep(0.6)
    process.kill()
    ended(process)
    assert not manifest.exists() or manifest.read_bytes() == before  # never half of one
    assert run(*arguments, env=environ, cwd=tmp_path).returncode == 0
    assert manifest.read_bytes() == before
