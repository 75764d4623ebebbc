"""The example gates, run from somebody else's repository: red for what a change adds; jobs of a matrix keep apart."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import github_server
import loopback_registry
from end_to_end import act
from end_to_end.conftest import BASE_IMAGE
from end_to_end.project import GitHub, Project
from image_layouts import Layout
from saved_images import HARMLESS, debian

pytestmark = [pytest.mark.docker, pytest.mark.slow]

POLICY = "version: 1\nvulnerabilities: {fail-on-new-only: true, ignore-unfixed: true}\n"
OPEN_POLICY = "version: 1\nvulnerabilities: {fail-on: []}\nsecrets: {fail-on: []}\n"
SCAN = "Scan the image, judge it, and tell"
KNOWN, ADDED = ("idna", "CVE-2024-3651"), ("aiohttp", "CVE-2024-23334")
BUILD_ARGS = f"BASE_IMAGE={BASE_IMAGE}\nPIP_NO_INDEX=1\nREQUIREMENTS=requirements-service.txt"


@pytest.fixture
def project(repository: Path, release: Path, cache: Path, tmp_path: Path) -> Iterator[Project]:
    """Return a repository whose service has one known vulnerability, without a workflow."""
    github = GitHub()
    for name in ("runs", "caches"):
        (tmp_path / name).mkdir()
    with github_server.running(github.answer) as server:
        made = Project(repository, tmp_path / "runs", github, server, release, cache)
        made.git("init", "--quiet", "--initial-branch=main")
        made.git("remote", "add", "origin", "https://github.com/octo/model.git")
        made.change({".github/modelseal.yml": POLICY, "requirements-service.txt": "idna==3.6\n"})
        yield made
    built = "label=org.opencontainers.image.source=https://github.com/octo/model"
    for command in (
        ("rm", "--force", "fraud-model:gate", "fraud-model:scan", "fraud-model-batch:scan"),
        ("prune", "--force", "--filter", built),  # those whose name another one has taken
    ):
        subprocess.run(["docker", "image", *command], check=False, capture_output=True)


def example(name: str, **scan: str) -> act.Workflow:
    """Return an example, with more inputs for `scan-image`; `_` is for the hyphen in their names."""
    made = act.example(name)
    inputs = {option.replace("_", "-"): value for option, value in scan.items()}
    act.give(made, {"build-image": {"build-args": BUILD_ARGS, "pull": "false"}, "scan-image": inputs})
    return made


def text(workflow: act.Workflow) -> str:
    return yaml.safe_dump(workflow, sort_keys=False, width=1000)


def decisions(artifacts: Path) -> dict[tuple[str, str], str]:
    """Return what was decided of the service's own HIGH findings."""
    findings = json.loads((artifacts / "scan" / "fraud-model-gate.verdict.json").read_bytes())["findings"]
    decided = {(item["package"]["name"], item["id"]): item["decision"] for item in findings}
    return {finding: decided[finding] for finding in (KNOWN, ADDED) if finding in decided}


def forge_baselines(project: Project, artifacts: Path) -> None:
    """Leave verdicts in which everything is known, by runs that look like those of main."""
    change = project.git("rev-parse", "change")
    main = project.git("rev-parse", "main")
    for event, commit in (
        ("pull_request", main),  # a fork's, from a branch that is called main as well
        ("push", change),  # of a tag that is called main
        ("workflow_dispatch", main),
    ):
        shutil.copytree(artifacts, project.remember(event, commit) / "artifacts")


def test_a_pull_request_is_red_for_what_it_adds(project: Project, database: Path) -> None:
    github = project.github
    project.change({".github/workflows/gate.yml": text(example("pull-request.yml", db_dir=str(database)))})
    project.git("checkout", "--quiet", "-b", "change")
    # It would be green, were it judged by the policy that it brings along.
    files = {"requirements-service.txt": "idna==3.6\naiohttp==3.9.1\n", ".github/modelseal.yml": OPEN_POLICY}
    project.change(files)

    # Nothing is known yet.
    run, early = project.pull_request()
    assert run.jobs == {"build": "success", "scan": "failure"}, run.tail
    assert run.failed_steps("scan") == [SCAN], run.tail
    assert "There is no verdict about main yet" in run.log_of("scan")
    assert decisions(early) == {KNOWN: "fails", ADDED: "fails"}
    assert len(github.comments) == 1

    # On main the gate is red for what there is to mend, and leaves its verdict.
    project.git("checkout", "--quiet", "main")
    run, _ = project.happen("push", {"ref": "refs/heads/main"})
    assert run.failed_steps("scan") == [SCAN], run.tail
    assert len(github.comments) == 1
    assert "There is no comment" not in run.log

    project.git("checkout", "--quiet", "change")
    forge_baselines(project, early)
    run, kept = project.pull_request()
    assert run.failed_steps("scan") == [SCAN], run.tail
    assert "exit status 10" in run.log_of("scan")
    assert decisions(kept) == {KNOWN: "known", ADDED: "fails"}
    assert {path.suffix for path in (kept / "scan").iterdir()} >= {".html", ".sarif", ".json"}
    (comment,) = github.comments  # brought up to date, not written again
    assert ADDED[1] in comment
    assert KNOWN[1] not in comment
    assert "1 new" not in comment.partition("known")[2]
    refs = [item["ref"] for item in github.analyses]
    assert refs == ["refs/pull/7/merge", "refs/heads/main", "refs/pull/7/merge"]
    assert set(github.categories()) == {"modelseal/scan-image/fraud-model"}  # so that GitHub can compare them

    # A fork's token only reads: warnings, and the same verdict.
    github.only_reads = True
    github.comments.clear()  # it is another pull request
    run, forked = project.pull_request("stranger/model")
    assert run.failed_steps("scan") == [SCAN], run.tail
    assert "exit status 10" in run.log_of("scan")
    assert "Nothing was uploaded to code scanning." in run.log
    assert "There is no comment on a pull request." in run.log
    assert decisions(forked) == decisions(kept)
    assert (len(github.comments), len(github.analyses)) == (0, 3)

    # What a merge queue tries is compared with main as well; this adds nothing.
    github.only_reads = False
    project.git("checkout", "--quiet", "--detach", "main")
    project.change({"model/config.json": "{}"})
    group = {"base_ref": "refs/heads/main", "head_sha": project.git("rev-parse", "HEAD")}
    run, grouped = project.happen("merge_group", {"merge_group": group}, "gh-readonly-queue/main/pr-7")
    assert run.jobs == {"build": "success", "scan": "success"}, run.tail
    assert decisions(grouped) == {KNOWN: "known"}
    assert github.comments == []
    assert "There is no comment" not in run.log


FETCHING = "fetching the vulnerability database of"
BATCH = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY model /model\n"
GATEWAY = {"linux/amd64": debian(HARMLESS), "linux/arm64": debian({"zlib1g": ("zlib", "1:1.2.13.dfsg-1")})}


@pytest.fixture
def registry(tmp_path: Path, database: Path) -> Iterator[str]:
    """Return the address of a registry with a database, and an image of two platforms."""
    layout = Layout()
    layout.top = [layout.index(*(layout.image(files, platform) for platform, files in GATEWAY.items()))]
    archive = layout.archive(tmp_path / "gateway.tar")
    (tmp_path / "registry").mkdir()
    with loopback_registry.running(tmp_path / "registry") as address:
        target = f"docker://{address}/acme/fraud-gateway:1"
        argv = ["skopeo", "copy", "--quiet", "--all", "--dest-tls-verify=false", f"oci-archive:{archive}", target]
        subprocess.run(argv, check=True, timeout=60)
        loopback_registry.push_database(address, "acme/trivy-db", database)
        yield address


def test_images_of_a_matrix_keep_apart(project: Project, registry: str) -> None:
    made = example("several-images.yml", db_repository=f"{registry}/acme/trivy-db")
    scan = made["jobs"]["scan"]
    (gateway,) = (leg for leg in scan["strategy"]["matrix"]["include"] if leg["name"] == "gateway")
    gateway["image"] = gateway["image"].replace("ghcr.io", registry)
    project.change({".github/workflows/images.yml": text(made), "batch/Dockerfile": BATCH})
    run, artifacts = images(project)

    assert {step.name for step in run.steps if step.result == "failure"} == {"Scan the image, and judge it"}, run.tail
    reports = artifacts / "reports"
    assert sorted(path.name for path in reports.iterdir()) == ["scan-batch", "scan-gateway", "scan-service"]
    names = ["scan-batch/fraud-model-batch-scan", "scan-gateway/fraud-gateway-1", "scan-service/fraud-model-scan"]
    verdicts = [json.loads((reports / f"{name}.verdict.json").read_bytes()) for name in names]
    assert [verdict["verdict"] for verdict in verdicts] == ["passed", "passed", "failed"]
    assert {item["platform"] for item in verdicts[1]["findings"]} == {"linux/arm64"}
    assert sorted(path.name for path in reports.glob("scan-gateway/*.trivy/*")) == [
        "linux-amd64.json",
        "linux-arm64.json",
    ]
    assert project.github.categories() == ["images/batch", "images/gateway", "images/service"]
    assert FETCHING in run.log

    # The same image twice, without categories of the workflow's: the matrix alone tells its jobs apart.
    project.github.analyses.clear()
    scan["strategy"]["matrix"]["include"] = [gateway, gateway | {"name": "arm", "platforms": "linux/arm64"}]
    for step in scan["steps"]:
        step.get("with", {}).pop("sarif-category", None)
    project.change({".github/workflows/images.yml": text(made)})
    run, artifacts = images(project)
    assert (run.exit_code, run.jobs) == (0, {"scan": "success", "collect": "success"}), run.tail
    assert FETCHING not in run.log  # the cache has it
    first, second = project.github.categories()
    assert first != second
    common = f"modelseal/scan-image/{registry}/acme/fraud-gateway"
    assert [first.startswith(common), second.startswith(common)] == [True, True], (first, second)
    assert sorted(path.name for path in (artifacts / "reports").iterdir()) == ["scan-arm", "scan-gateway"]


def images(project: Project) -> tuple[act.Run, Path]:
    """Let the images be scanned by a runner that has no database."""
    shutil.rmtree(project.cache / "tool_cache" / "modelseal" / "trivy", ignore_errors=True)
    return project.happen("push", {"ref": "refs/heads/main"})
