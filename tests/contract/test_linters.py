"""Actions and workflows under the field's linters: clean, and not because a linter looked at nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import declarations

HERE = Path(__file__).resolve().parent
ACTIONS = [declarations.action_path(name) for name in declarations.names()]
WORKFLOWS = [
    path
    for folder in ("workflows-examples", ".github/workflows")
    for path in sorted((declarations.ROOT / folder).glob("*.yml"))
]


def tool(name: str) -> str:
    """Return a tool of the tests' own environment."""
    path = Path(sys.executable).parent / name
    assert path.exists(), f"{name} is not installed beside this Python: see tests/requirements.in"
    return str(path)


@pytest.fixture(scope="session")
def action_validator() -> Path:
    """Return the validator, installed from the lock file where it is not yet."""
    path = HERE / "node_modules" / ".bin" / "action-validator"
    if not path.exists():
        npm = shutil.which("npm")
        assert npm, "this test needs npm (on Debian: apt-get install nodejs npm)"
        subprocess.run([npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HERE, check=True)
    return path


def run(*argv: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    return run(tool("zizmor"), "--offline", "--quiet", "--persona=pedantic", "--no-config", *paths)


def test_zizmor_has_nothing_to_say_at_its_most_pedantic() -> None:
    ended = zizmor(*ACTIONS, *WORKFLOWS)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_zizmor_would_have_said_something(tmp_path: Path) -> None:
    for path in (*ACTIONS, *WORKFLOWS):
        text = path.read_text(encoding="utf-8")
        spoiled = tmp_path / path.parent.name / path.name
        spoiled.parent.mkdir(exist_ok=True)
        spoiled.write_text(text.replace("$GITHUB_ACTION_PATH", "${{ inputs.paths }}").replace("@0000", "@v1-"))
        if spoiled.read_text() != text:
            assert zizmor(spoiled).returncode != 0, path


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_has_nothing_to_say_about_workflows(path: Path) -> None:
    ended = run(tool("actionlint"), "-shellcheck", tool("shellcheck"), path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", declarations.names())
def test_actionlint_reads_the_actions(name: str, tmp_path: Path) -> None:
    """It looks at an action where a workflow of the same repository uses it."""
    ended = _used(tmp_path, name, {item.name: "x" for item in declarations.inputs(name)})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    refused = _used(tmp_path, name, {"no-such-input": "x"})
    assert refused.returncode == 1
    assert "no-such-input" in refused.stdout


def _used(repository: Path, name: str, inputs: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (repository / ".git").mkdir(exist_ok=True)  # what actionlint knows a repository by
    (repository / "action").mkdir(exist_ok=True)
    shutil.copy(declarations.action_path(name), repository / "action")
    step = {"uses": "./action", "with": inputs}
    workflow = {"on": "push", "jobs": {"job": {"runs-on": "ubuntu-latest", "steps": [step]}}}
    path = repository / ".github" / "workflows" / "uses.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(workflow), encoding="utf-8")
    return run(tool("actionlint"), path, cwd=repository)


@pytest.mark.parametrize("path", [*ACTIONS, *WORKFLOWS], ids=lambda path: f"{path.parent.name}-{path.name}")
def test_action_validator_accepts_it_and_not_everything(path: Path, action_validator: Path, tmp_path: Path) -> None:
    ended = run(action_validator, path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    spoiled = tmp_path / path.name
    spoiled.write_text(path.read_text(encoding="utf-8").replace("\nname:", "\nnom:", 1), encoding="utf-8")
    assert run(action_validator, spoiled).returncode != 0
