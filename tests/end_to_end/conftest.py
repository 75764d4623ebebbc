"""What all runs share: made once, because each of them takes longer than a run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import local_sigstore
import trivy_db
from end_to_end import act
from local_sigstore import LocalSigstore

ASSETS = act.ROOT / "tests" / "assets"
BASE_IMAGE = "modelseal-base:bookworm"


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return act.served(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runner")


@pytest.fixture(scope="session")
def sigstore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSigstore]:
    with local_sigstore.running(tmp_path_factory.mktemp("sigstore")) as running:
        yield running


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trivy_db.unpack(tmp_path_factory.mktemp("trivy"), updated_at=datetime.now(UTC))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the sample project with the wheels that its image is built from, without network."""
    subprocess.run(["sh", ASSETS / "make_base_image.sh", BASE_IMAGE], check=True, timeout=600)
    folder = tmp_path_factory.mktemp("sample") / "project"
    shutil.copytree(ASSETS / "sample-project", folder)
    for requirements in ("requirements.txt", "requirements-vulnerable.txt"):
        subprocess.run(
            ["sh", folder / "fetch_wheels.sh", requirements, "3.11"],
            check=True,
            timeout=300,
            env=os.environ | {"PYTHON": sys.executable},
        )
    return folder


@pytest.fixture
def repository(sample: Path, tmp_path: Path) -> Path:
    """Return a repository of somebody else, which holds the sample project and nothing of ours."""
    return Path(shutil.copytree(sample, tmp_path / "repository"))


@pytest.fixture
def push(  # noqa: PLR0913 -- everything that is shared comes together here
    repository: Path, release: Path, cache: Path, sigstore: LocalSigstore, database: Path, tmp_path: Path
) -> Iterator[Callable[..., act.Run]]:
    """Return what runs a workflow of the repository; the images that it builds are removed afterwards."""
    commits: list[str] = []

    def run(
        workflow: act.Workflow, name: str, *, requirements: str = "requirements.txt", runner: Path = cache
    ) -> act.Run:
        build = {
            "build-args": f"BASE_IMAGE={BASE_IMAGE}\nPIP_NO_INDEX=1\nREQUIREMENTS={requirements}",
            "pull": "false",
        }
        scan = {"db-dir": str(database), "ignore-unfixed": "true"}
        sign = {"trust-config": str(sigstore.trust_config)}
        act.give(
            workflow,
            {"chain": build | scan | sign, "build-image": build, "scan-image": scan, "attest": sign, "verify": sign},
        )
        act.collect(workflow, "release" if "build" in workflow["jobs"] else "sealed")
        act.grant_tokens(workflow)
        commit = act.commit(repository, workflow, name)
        commits.append(commit)
        reference = f"octo/model/.github/workflows/{name}@refs/heads/main"
        token = sigstore.environ(sha=commit, workflow_ref=reference, job_workflow_ref=reference)
        return act.push(repository, release, runner, tmp_path / f"run-{len(commits)}", token)

    yield run
    for commit in commits:
        subprocess.run(["docker", "image", "rm", "--force", f"fraud-model:{commit}"], check=False, capture_output=True)
