"""Stations as their users start them: `bash scripts/run`, in a given folder, with a given environment."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "scripts" / "run"


def usual_environment(cache: Path, **more: str) -> dict[str, str]:
    """Return this machine's environment as far as packages can be reached with it, and a cache."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "HTTP", "http", "NO_PROXY", "no_proxy", "SSL_"))
        or name in ("PATH", "HOME", "TMPDIR")
    }
    return kept | {"RUNNER_TOOL_CACHE": str(cache)} | more


def start(
    *arguments: str | bytes | Path, env: Mapping[str, str], cwd: Path, run: Path = RUN, shell: Sequence[str] = ("bash",)
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*shell, run, *arguments],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    stdout, stderr = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def run(
    *arguments: str | bytes | Path, env: Mapping[str, str], cwd: Path, script: Path = RUN
) -> subprocess.CompletedProcess[str]:
    return ended(start(*arguments, env=env, cwd=cwd, run=script))
