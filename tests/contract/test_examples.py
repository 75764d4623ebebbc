"""The workflows that users copy, and our own: least privilege, pinned, and speaking of inputs that there are."""

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

import declarations
from modelseal.gate import policy_file

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
    script = step.get("run", "")
    one_line = re.findall(r'echo "([a-z-]+)=[^"\n]*" >>"\$GITHUB_OUTPUT"', script)
    return {*one_line, *re.findall(r'echo "([a-z-]+)<<[A-Z]+"', script)}


def station_steps(job: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for step in job["steps"]:
        if match := re.match(r"modelseal/modelseal(?:/actions/([a-z-]+))?@", step.get("uses", "")):
            yield match[1] or "chain", step


def test_the_examples_are_there() -> None:
    assert [path.name for path in EXAMPLES] == [
        "keys-only.yml",
        "promote.yml",
        "pull-request.yml",
        "quickstart.yml",
        "secure-ml-pipeline.yml",
        "several-images.yml",
        "verify-elsewhere.yml",
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


def test_who_signs_with_a_key_has_no_identity_and_runs_nobodys_code() -> None:
    """The keys are where they are used, each in an environment of its own; nobody may ask for an identity token."""
    workflow = read(declarations.ROOT / "workflows-examples" / "keys-only.yml")
    assert "id-token" not in str([job["permissions"] for job in workflow["jobs"].values()])
    for secret, holder, stations in (
        ("SIGNING_KEY", "sign", ["hash-artifacts", "attest"]),
        ("AUDIT_KEY", "audit", ["audit-log"]),
    ):
        assert [name for name, job in workflow["jobs"].items() if secret in str(job)] == [holder]
        job = workflow["jobs"][holder]
        assert job["environment"]
        assert [station for station, _ in station_steps(job)] == stations
        assert all(secret not in step.get("run", "") + str(step.get("env", "")) for step in job["steps"])
        assert [right for right, how in job["permissions"].items() if how == "write"] == []


def test_what_is_promoted_is_verified_before_it_is_copied_and_again_before_it_is_deployed() -> None:
    workflow = read(declarations.ROOT / "workflows-examples" / "promote.yml")
    choose, copy, deploy = (workflow["jobs"][name] for name in ("choose", "copy", "deploy"))
    assert [station for station, _ in station_steps(choose)] == ["verify"]
    assert "write" not in str(choose["permissions"]) + str(deploy["permissions"])
    assert copy["needs"] == "choose"
    assert copy["env"]["DIGEST"] == "${{ needs.choose.outputs.digest }}"
    ((_, stored),) = station_steps(copy)
    assert {"private-key", "sign"} & set(stored["with"]) == set()  # what was signed is stored, and nothing signed
    assert stored["with"]["bundles"]
    assert [step["name"] for step in deploy["steps"]][-2:] == ["Verify what is there now, by the same policy", "Deploy"]
    assert all("if" not in step and "continue-on-error" not in step for step in deploy["steps"])
    for job in (choose, deploy):
        ((_, verify),) = station_steps(job)
        assert verify["with"]["environment"] == "${{ inputs.environment }}"


def policy_in(path: Path) -> bytes:
    """Return the policy that an example's comment tells its users to write."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("#   version: 1")
    end = next(index for index in range(start, len(lines)) if lines[index] == "#")
    return "\n".join(line[4:] for line in lines[start:end]).encode()


def test_the_policy_of_the_promotion_is_one_for_every_environment_that_can_be_chosen() -> None:
    path = declarations.ROOT / "workflows-examples" / "promote.yml"
    policy = policy_file.parse(policy_in(path), path.name, today=date(2026, 1, 1))
    chosen = read(path)["on"]["workflow_dispatch"]["inputs"]["environment"]["options"]
    assert sorted(name for name, _ in policy.deployments) == sorted(chosen)


@pytest.mark.parametrize(
    ("given", "images"),
    [
        ("sha256:" + "a" * 64, ["sha256:" + "a" * 64]),
        (f"sha256:{'a' * 64}  sha256:{'b' * 64}", ["sha256:" + "a" * 64, "sha256:" + "b" * 64]),
        ("", None),
        ("latest", None),
        ("sha256:" + "a" * 63, None),
        ("sha256:" + "A" * 64, None),
        (f"sha256:{'a' * 64}\nghcr.io/mallory/fraud@sha256:{'b' * 64}", None),
        (f"sha256:{'a' * 64} ghcr.io/mallory/fraud@sha256:{'b' * 64}", None),
        (f"sha256:{'a' * 64}$(touch sprung)", None),
    ],
)
def test_candidates_are_digests_and_nothing_else(given: str, images: list[str] | None, tmp_path: Path) -> None:
    workflow = read(declarations.ROOT / "workflows-examples" / "promote.yml")
    (step,) = (step for step in workflow["jobs"]["choose"]["steps"] if step.get("id") == "named")
    output = tmp_path / "output"
    environ = {
        "PATH": os.environ["PATH"],
        "CANDIDATES": given,
        "SOURCE": "ghcr.io/acme/fraud",
        "GITHUB_OUTPUT": str(output),
    }
    ended = subprocess.run(["bash", "-e", "-c", step["run"]], env=environ, cwd=tmp_path, check=False)
    if images is None:
        assert ended.returncode == 1
        assert not output.exists()
    else:
        assert ended.returncode == 0
        assert output.read_text() == "".join(f"{line}\n" for line in (
            "images<<END", *(f"ghcr.io/acme/fraud@{digest}" for digest in images), "END"
        ))  # fmt: skip
    assert not (tmp_path / "sprung").exists()


def test_who_deploys_anothers_release_says_whose_it_must_be() -> None:
    workflow = read(declarations.ROOT / "workflows-examples" / "verify-elsewhere.yml")
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {}
    ((_, verify),) = station_steps(job)
    identity = {"repository", "repository-id", "owner-id", "signer-workflow", "source-ref", "runner", "trigger"}
    assert identity <= set(verify["with"])
    assert job["steps"].index(verify) < [step["name"] for step in job["steps"]].index("Deploy")
    assert all("if" not in step and "continue-on-error" not in step for step in job["steps"])
