"""A station that is stopped at any moment leaves no program running and nothing half written."""

import contextlib
import os
import random
import signal
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


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for number in range(4):
        with (folder / f"{number}.bin").open("wb") as file:
            file.truncate(700_000_000)
    return folder


def programs_that_name(text: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            named = os.fsencode(text) in (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            if named and int(folder.name) != os.getpid():
                found.append(int(folder.name))
    return found


def all_gone(text: str) -> bool:
    for _ in range(300):
        if not programs_that_name(text):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("seed", range(6))
def test_stopped_at_any_moment(
    number: signal.Signals, seed: int, environ: dict[str, str], model: Path, tmp_path: Path
) -> None:
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
        "hash-artifacts", "--paths", str(model), "--output-dir", str(tmp_path / "out"), env=env, cwd=tmp_path
    )
    time.sleep(random.Random(seed).uniform(0.25, 1.2))
    process.send_signal(number)
    stopped = time.monotonic()
    done = ended(process)
    assert time.monotonic() - stopped < 5
    assert done.returncode in (143, -signal.SIGTERM, -signal.SIGINT, 130)
    assert all_gone(mark)
    written = [path.name for path in (tmp_path / "out").iterdir()] if (tmp_path / "out").is_dir() else []
    assert written == []
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "output").exists() or "passed" not in (tmp_path / "output").read_text(encoding="utf-8")


def test_killed_and_run_again_gives_the_right_result(environ: dict[str, str], model: Path, tmp_path: Path) -> None:
    arguments = ("hash-artifacts", "--paths", str(model), "--output-dir", str(tmp_path / "out"))
    expected = run(*arguments, env=environ, cwd=tmp_path)
    assert expected.returncode == 0, expected.stderr
    manifest = next((tmp_path / "out").glob("*.manifest.json"))
    before = manifest.read_bytes()
    process = start(*arguments, env=environ, cwd=tmp_path)
    time.sleep(0.6)
    process.kill()
    ended(process)
    assert manifest.read_bytes() == before
    assert run(*arguments, env=environ, cwd=tmp_path).returncode == 0
    assert manifest.read_bytes() == before
