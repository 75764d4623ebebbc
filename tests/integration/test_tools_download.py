"""The real tools from their real sources, and installations that are disturbed."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelseal.errors import InputError, ToolError
from modelseal.tools import provide
from modelseal.tools.provider import Tool
from station_processes import ROOT, usual_environment

pytestmark = pytest.mark.slow
LOCK = json.loads((ROOT / "scripts" / "tools.lock.json").read_bytes())
EXECUTABLES = {
    (tool, version): entry["linux/amd64"]["executable"]
    for tool in ("syft", "trivy")
    for version, entry in LOCK[tool]["versions"].items()
}
PROVIDE = """
import os, sys
sys.path.insert(0, {scripts!r})
from pathlib import Path
from modelseal.tools import provide
sys.stdout.write(str(provide({name!r}, "", tools_dir=None, environ=os.environ).path))
"""


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return usual_environment(tmp_path_factory.mktemp("cache"), PATH="/usr/bin:/bin")


@pytest.fixture(scope="module")
def tools(environ: dict[str, str]) -> dict[str, Tool]:
    provided = {}
    for name in ("trivy", "syft"):
        started = time.monotonic()
        provided[name] = provide(name, "", tools_dir=None, environ=environ)
        sys.stderr.write(f"\n{name} was fetched in {time.monotonic() - started:.1f} seconds\n")
    return provided


def test_executables_are_the_locked_ones_and_run(tools: dict[str, Tool]) -> None:
    for name, tool in tools.items():
        assert sha256(tool.path) == tool.sha256 == EXECUTABLES[name, tool.version]
        shown = subprocess.run([tool.path, "--version"], capture_output=True, text=True, check=True).stdout
        assert tool.version in shown


def test_second_time_nothing_is_fetched(tools: dict[str, Tool], environ: dict[str, str]) -> None:
    offline = environ | {"PIP_NO_INDEX": "1", "HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    started = time.monotonic()
    for name, tool in tools.items():
        assert provide(name, "", tools_dir=None, environ=offline) == tool
    assert time.monotonic() - started < 30


def test_nothing_but_the_executables_is_left_of_a_fetch(tools: dict[str, Tool], environ: dict[str, str]) -> None:
    cache = Path(environ["RUNNER_TOOL_CACHE"]) / "modelseal" / "tools"
    assert {path for path in cache.rglob("*") if path.is_file()} == {tool.path for tool in tools.values()}


def test_locked_trivy_is_not_taken_for_a_refused_one(tools: dict[str, Tool], environ: dict[str, str]) -> None:
    tool = tools["trivy"]
    assert provide("trivy", f"{tool.version}@sha256:{tool.sha256}", tools_dir=None, environ=environ) == tool


def test_real_trivy_made_to_say_that_it_is_a_refused_one_is_refused(tools: dict[str, Tool], tmp_path: Path) -> None:
    content = tools["trivy"].path.read_bytes()
    own = f"trivy/pkg/version/app.ver={tools['trivy'].version}".encode()
    assert own in content
    changed = tmp_path / "trivy"
    changed.write_bytes(content.replace(own, b"trivy/pkg/version/app.ver=0.69.4"))
    changed.chmod(0o755)
    environ = {"RUNNER_TOOL_CACHE": str(tmp_path / "cache"), "PATH": str(tmp_path)}
    with pytest.raises(InputError, match=r"This executable is trivy 0\.69\.4, which is refused"):
        provide("trivy", f"0.74.0@sha256:{sha256(changed)}", tools_dir=None, environ=environ)


def test_replaced_executable_is_an_alarm(tools: dict[str, Tool], tmp_path: Path) -> None:
    tool = tools["syft"]
    copy = tmp_path / "modelseal" / "tools" / tool.sha256 / "syft"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(tool.path.read_bytes() + b"\0")
    with pytest.raises(ToolError, match="has been replaced"):
        provide("syft", "", tools_dir=None, environ=usual_environment(tmp_path, PATH="/usr/bin:/bin"))


def test_processes_may_install_at_the_same_time_and_one_may_be_killed(tools: dict[str, Tool], tmp_path: Path) -> None:
    code = PROVIDE.format(scripts=str(ROOT / "scripts"), name="syft")
    environ = usual_environment(tmp_path, PATH="/usr/bin:/bin")
    argv = [sys.executable, "-I", "-c", code]
    running = [subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    deadline = time.monotonic() + 60
    while not (tmp_path / "modelseal" / "tools").is_dir() and time.monotonic() < deadline:
        time.sleep(0.01)  # it is in the middle of it once the folder is there
    os.kill(running[0].pid, signal.SIGKILL)
    running[0].communicate()
    paths = {Path(process.communicate(timeout=300)[0]) for process in running[1:]}
    (path,) = paths
    assert sha256(path) == tools["syft"].sha256
    assert [process.returncode for process in running] == [-signal.SIGKILL, 0, 0]


def test_no_network_at_all_is_an_error_within_seconds(tmp_path: Path) -> None:
    environ = usual_environment(tmp_path, PATH="/usr/bin:/bin", PIP_NO_INDEX="1", HOME=str(tmp_path))
    environ = {name: value for name, value in environ.items() if name != "PIP_FIND_LINKS"}
    started = time.monotonic()
    with pytest.raises(ToolError, match="could not be had from any of its sources") as raised:
        provide("trivy", "", tools_dir=None, environ=environ)
    assert time.monotonic() - started < 60
    assert "github.com" in raised.value.where
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "trivy" in path.name]
