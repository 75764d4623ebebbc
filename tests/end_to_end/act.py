"""Run the example workflows under `act`, from a repository that is not this one.

Nobody else's code is changed for it. What a job finds on GitHub and not here is given from outside:

- The forty zeros in the examples are served from this checkout, as the release they stand for will be: `action.yml`,
  `actions/` and `scripts/`, and nothing else of it.
- Artifacts, caches and `gh` need GitHub: `stand-ins/` has them, cut down to what the examples use.
- `id-token: write` gives a job the address and the secret of GitHub's token endpoint; here, of the local Sigstore's.
- The inputs of `ADAPTED` replace container registry, package index, vulnerability database and Sigstore by local ones.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "workflows-examples"
STAND_INS = Path(__file__).resolve().parent / "stand-ins"
RELEASE = "0" * 40
_SECONDS = 420
_TOKEN = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")

Workflow = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """How a step ended: its name as the log shows it, and `success`, `failure` or `skipped`."""

    job: str
    name: str
    result: str


@dataclass(frozen=True)
class Run:
    """What came of a run.

    Attributes:
        jobs: `success` or `failure` by job; a job that was not run is not in it.
        collected: What each job left in its output folder, by job.
        log: Everything that was printed, with the job's name before each line.
    """

    exit_code: int
    jobs: Mapping[str, str]
    steps: tuple[Step, ...]
    collected: Path
    log: str

    def failed_steps(self, job: str) -> list[str]:
        return [step.name for step in self.steps if step.job == job and step.result == "failure"]

    @property
    def tail(self) -> str:
        """The end of the log, for the message of a failed test."""
        return self.log[-6000:]

    def log_of(self, job: str) -> str:
        return "\n".join(line for line in self.log.split("\n") if line.startswith(f"[{job}]"))


@dataclass(frozen=True)
class Event:
    """What starts a run, and what GitHub tells its jobs.

    Attributes:
        name: As after `on:`.
        payload: What is in the event's file.
        environ: What the jobs have in their environment besides.
        secrets: `GITHUB_TOKEN`, where an example needs one.
    """

    name: str = "push"
    payload: Mapping[str, object] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


class _Loader(yaml.SafeLoader):
    """Reads YAML as GitHub does: `on` is a word, not a truth value."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if first in "tTfF" or not tag.endswith(":bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> Workflow:
    """Read a workflow."""
    workflow: Workflow = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    return workflow


def example(name: str) -> Workflow:
    """Read an example as users copy it."""
    return read(EXAMPLES / name)


def give(workflow: Workflow, inputs: Mapping[str, Mapping[str, str]]) -> None:
    """Add inputs to the steps that use Modelseal, by the name of the station; `chain` for the root action."""
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if station := station_of(step):
                step.setdefault("with", {}).update(inputs.get(station, {}))


def station_of(step: Mapping[str, Any]) -> str:
    """Return which station a step uses, or nothing."""
    action, _, ref = step.get("uses", "").partition("@")
    if not action.startswith("modelseal/modelseal"):
        return ""
    assert ref == RELEASE
    return action.rpartition("/actions/")[2] if "/actions/" in action else "chain"


def grant_tokens(workflow: Workflow) -> None:
    """Give the jobs with `id-token: write`, and no others, what GitHub gives them."""
    for job in workflow["jobs"].values():
        if job.get("permissions", {}).get("id-token") == "write":
            job.setdefault("env", {}).update({name: f"${{{{ vars.{name[8:]} }}}}" for name in _TOKEN})


def collect(workflow: Workflow, folder: str) -> None:
    """Let each job end with copying what it wrote to where tests can look at it."""
    script = (
        f'mkdir -p "$END_TO_END_COLLECTED/$GITHUB_JOB"\ncp -R {folder} "$END_TO_END_COLLECTED/$GITHUB_JOB" || true\n'
    )
    traps = 'find . -name "TRAP-SPRUNG*" -exec cp -R {} "$END_TO_END_COLLECTED" \\;\n'
    for job in workflow["jobs"].values():
        job["steps"].append({"name": "Collect", "if": "always()", "run": script + traps})


def duplicate(workflow: Workflow, job: str, name: str, before: str, step: Mapping[str, object]) -> dict[str, Any]:
    """Add a copy of a job with one more step, right before the named one; return that named one."""
    made = copy.deepcopy(workflow["jobs"][job])
    (index,) = (index for index, item in enumerate(made["steps"]) if item.get("name") == before)
    made["steps"].insert(index, dict(step))
    workflow["jobs"][name] = made
    following: dict[str, Any] = made["steps"][index + 1]
    return following


def served(folder: Path) -> Path:
    """Copy what a release's users run into a folder, and return it."""
    shutil.copy(ROOT / "action.yml", folder)
    for name in ("actions", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def commit(repository: Path, workflow: Workflow, name: str) -> str:
    """Make a folder a repository with one workflow, and return its commit."""
    path = repository / ".github" / "workflows" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(workflow, sort_keys=False, width=1000), encoding="utf-8")
    identity = ("-c", "user.name=octo", "-c", "user.email=octo@example.invalid", "-c", "commit.gpgsign=false")

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=repository, check=True, capture_output=True, text=True).stdout

    if not (repository / ".git").exists():
        git("init", "--quiet", "--initial-branch=main")
        git("remote", "add", "origin", "https://github.com/octo/model.git")
    git("add", "--all", "--force")
    git(*identity, "commit", "--quiet", "--allow-empty", "--message", f"Run {name} as {os.urandom(8).hex()}")
    return git("rev-parse", "HEAD").strip()


def push(repository: Path, release: Path, cache: Path, scratch: Path, token: Mapping[str, str]) -> Run:
    """Run the repository's workflows as a push to its main branch would.

    Args:
        repository: A checkout with a commit.
        release: What `modelseal/modelseal` is served from.
        cache: The runner's tool cache lies in it, as do the jobs' workspaces while they run.
        scratch: An empty folder for artifacts and what is collected.
        token: What jobs that may ask for an identity token have in their environment.
    """
    return happen(Event(), repository, release, cache, scratch, _variables(token))


def happen(  # noqa: PLR0913 -- as above, and what happens
    event: Event,
    repository: Path,
    release: Path,
    cache: Path,
    scratch: Path,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> Run:
    """Run the repository's workflows as an event would; the arguments are those of `push`."""
    collected, artifacts = scratch / "collected", scratch / "artifacts"
    collected.mkdir(parents=True)
    artifacts.mkdir()
    (scratch / "event.json").write_text(json.dumps(event.payload), encoding="utf-8")
    argv = [
        str(Path(sys.executable).parent / "act"), event.name, "--json", "--platform", "ubuntu-latest=-self-hosted",
        "--no-cache-server", "--action-offline-mode", "--use-gitignore=false", "--action-cache-path", str(cache),
        "--local-repository", f"modelseal/modelseal@{RELEASE}={release}", "--eventpath", str(scratch / "event.json"),
    ]  # fmt: skip
    for used in {step["uses"] for step in _steps(repository)} - {""}:
        action, _, ref = used.partition(" ")[0].partition("@")
        owner, name = action.split("/")[:2]
        if (stand_in := STAND_INS / name).is_dir():
            argv += ["--local-repository", f"{owner}/{name}@{ref}={stand_in}"]
    known = {"REPOSITORY": repository, "COLLECTED": collected, "ARTIFACTS": artifacts}
    environ = {f"END_TO_END_{name}": str(path) for name, path in known.items()} | dict(event.environ)
    for option, given in (("--env", environ), ("--secret", event.secrets), ("--var", variables)):
        argv += [part for name, value in given.items() for part in (option, f"{name}={value}")]
    path = f"{STAND_INS / 'bin'}{os.pathsep}{os.environ['PATH']}"  # before a `gh` that may be there
    ended = subprocess.run(
        argv, cwd=repository, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=_SECONDS,
        check=False,
    )  # fmt: skip
    return _read(ended.returncode, ended.stdout, ended.stderr, collected)


def _variables(token: Mapping[str, str]) -> dict[str, str]:
    return {name[8:]: token[name] for name in _TOKEN}  # GitHub reserves names that begin with ACTIONS_


def _steps(repository: Path) -> list[dict[str, Any]]:
    (path,) = (repository / ".github" / "workflows").glob("*.yml")
    return [{"uses": "", **step} for job in read(path)["jobs"].values() for step in job["steps"]]


def _read(exit_code: int, stdout: str, stderr: str, collected: Path) -> Run:
    jobs: dict[str, str] = {}
    steps: list[Step] = []
    lines: list[str] = []
    for line in stdout.splitlines():
        entry = json.loads(line) if line.startswith("{") else {"msg": line}
        job = entry.get("jobID", "")
        lines += [f"[{job}] {part}" for part in entry.get("msg", "").rstrip("\n").split("\n")]
        if "jobResult" in entry:
            jobs[job] = entry["jobResult"]
        if "stepResult" in entry and len(entry.get("stepID", [])) == 1 and entry.get("stage") == "Main":
            steps.append(Step(job, entry["step"], entry["stepResult"]))
    return Run(exit_code, jobs, tuple(steps), collected, "\n".join(lines) + stderr)
