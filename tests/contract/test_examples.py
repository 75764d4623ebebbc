"""The workflows that users copy, and our own: least privilege, pinned, and speaking of inputs that there are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import declarations

EXAMPLES = sorted((declarations.ROOT / "workflows-examples").glob("*.yml"))
WORKFLOWS = [*EXAMPLES, *sorted((declarations.ROOT / ".github" / "workflows").glob("*.yml"))]

# The commit of each release, as the actions' own repositories name it.
PINS = {
    "actions/cache/restore": ("55cc8345863c7cc4c66a329aec7e433d2d1c52a9", "v6.1.0"),
    "actions/cache/save": ("55cc8345863c7cc4c66a329aec7e433d2d1c52a9", "v6.1.0"),
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
}


def read(path: Path) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    return workflow


def jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from read(path)["jobs"].items()


def outputs_of(step: dict[str, Any]) -> set[str]:
    """Return the outputs of a step that is none of ours: what its script writes, or what is known of the action."""
    if step.get("uses", "").startswith("actions/cache/restore@"):
        return {"cache-hit"}
    return set(re.findall(r'echo "([a-z-]+)=[^"\n]*" >>"\$GITHUB_OUTPUT"', step.get("run", "")))


def station_steps(job: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for step in job["steps"]:
        if match := re.match(r"modelseal/modelseal(?:/actions/([a-z-]+))?@", step.get("uses", "")):
            yield match[1] or "chain", step


def test_the_examples_are_there() -> None:
    assert [path.name for path in EXAMPLES] == [
        "pull-request.yml",
        "quickstart.yml",
        "secure-ml-pipeline.yml",
        "several-images.yml",
    ]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_right_is_given_that_is_not_asked_for(path: Path) -> None:
    assert read(path)["permissions"] == {}
    assert "concurrency" in read(path)
    for name, job in jobs(path):
        assert "permissions" in job, name
        assert int(job["timeout-minutes"]) <= 45, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_nobody_elses_is_used(path: Path) -> None:
    used = re.findall(r"uses: (\S+)@(\S+)(?: # (\S+))?$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    for action, commit, version in used:
        if action.startswith("modelseal/modelseal"):
            assert (commit, version) == ("0" * 40, "v0.1.0")
        else:
            assert PINS[action] == (commit, version)
    assert len(used) == path.read_text(encoding="utf-8").count("uses: ")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_the_token_of_the_checkout_is_not_kept(path: Path) -> None:
    for _, job in jobs(path):
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_is_pasted_into_scripts(path: Path) -> None:
    for name, job in jobs(path):
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_inputs_and_outputs_are_ones_that_there_are(path: Path) -> None:
    for name, job in jobs(path):
        by_id = {step["id"]: outputs_of(step) for step in job["steps"] if "id" in step}
        for station, step in station_steps(job):
            if "id" in step:
                by_id[step["id"]] = set(declarations.outputs(station))
            known = {item.name: item for item in declarations.inputs(station)}
            assert set(step.get("with", {})) <= set(known), (name, station)
            assert {item.name for item in known.values() if item.required} <= set(step.get("with", {}))
        for step_id, key in re.findall(r"steps\.([a-z-]+)\.outputs\.([a-z-]+)", str(job)):
            assert key in by_id[step_id], (name, step_id, key)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_what_a_job_takes_from_another_is_what_that_hands_on(path: Path) -> None:
    workflow = read(path)
    for name, job in workflow["jobs"].items():
        needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        for other, key in re.findall(r"needs\.([a-z-]+)\.outputs\.([a-z-]+)", str(job)):
            assert other in needs, name
            assert key in workflow["jobs"][other]["outputs"], name


def test_who_may_sign_runs_nobodys_code() -> None:
    """The job with the right to sign neither checks out nor builds nor scans; no other job has that right."""
    workflow = read(declarations.ROOT / "workflows-examples" / "secure-ml-pipeline.yml")
    rights = {name: job["permissions"] for name, job in workflow["jobs"].items()}
    assert rights == {"build": {"contents": "read"}, "sign": {"id-token": "write"}, "deploy": {}}
    assert {station for station, _ in station_steps(workflow["jobs"]["sign"])} == {"hash-artifacts", "attest"}
    assert "actions/checkout" not in str(workflow["jobs"]["sign"])
    assert [station for station, _ in station_steps(workflow["jobs"]["deploy"])] == ["verify"]


def test_deploying_comes_after_verifying() -> None:
    workflow = read(declarations.ROOT / "workflows-examples" / "secure-ml-pipeline.yml")
    names = [step["name"] for step in workflow["jobs"]["deploy"]["steps"]]
    assert names.index("Verify") < names.index("Deploy")
    assert all("if" not in step and "continue-on-error" not in step for step in workflow["jobs"]["deploy"]["steps"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_says_how_to_get_the_commit(path: Path) -> None:
    assert "git ls-remote https://github.com/modelseal/modelseal" in path.read_text(encoding="utf-8")


def test_who_may_write_to_a_pull_request_runs_nothing_of_it() -> None:
    workflow = read(declarations.ROOT / "workflows-examples" / "pull-request.yml")
    build, scan = workflow["jobs"]["build"], workflow["jobs"]["scan"]
    assert build["permissions"] == {"contents": "read"}
    assert [right for right, how in scan["permissions"].items() if how == "write"] == [
        "security-events",
        "pull-requests",
    ]
    assert "secrets." not in str(workflow)
    assert "pull_request_target" not in workflow["on"]
    (checkout,) = (step for step in scan["steps"] if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["ref"].startswith("${{ github.base_ref ||")  # neither its policy nor its code
    assert [station for station, _ in station_steps(scan)] == ["scan-image"]
    assert "actions/cache" not in str([step.get("uses") for job in (build, scan) for step in job["steps"]])
