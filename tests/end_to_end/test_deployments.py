"""The examples that deploy what was released before: a release in a registry, verified elsewhere, and promoted."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import attestation_material as material
import loopback_registry
from contract.test_examples import policy_in
from end_to_end import act
from integration.test_registry_attestations import push_image
from local_sigstore import LocalSigstore
from modelseal.commands import attest
from modelseal.station import Context

pytestmark = [pytest.mark.docker, pytest.mark.slow]

REF = "refs/tags/v1.0"
WORKFLOW = f"acme/fraud-model/.github/workflows/release.yml@{REF}"
OTHER = f"acme/fraud-model/.github/workflows/nightly.yml@{REF}"
CLAIMS = {
    "repository": "acme/fraud-model", "repository_owner": "acme", "repository_id": "804070735",
    "repository_owner_id": "16248153", "ref": REF, "sha": "a" * 40,
    "workflow_sha": "a" * 40, "job_workflow_sha": "a" * 40, "workflow_ref": WORKFLOW, "job_workflow_ref": WORKFLOW,
}  # fmt: skip
RELEASING = material.GITHUB | {
    "GITHUB_REPOSITORY": "acme/fraud-model", "GITHUB_REPOSITORY_ID": "804070735",
    "GITHUB_REPOSITORY_OWNER_ID": "16248153", "GITHUB_REF": REF, "GITHUB_WORKFLOW_REF": WORKFLOW,
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A registry, a Sigstore, and a repository that deploys from there."""

    name: str
    sigstore: LocalSigstore
    repository: Path
    release: Path
    cache: Path
    folder: Path

    def released(self, label: str, **claims: str) -> str:
        """Push an image and its statements, signed by acme's release workflow; return its digest."""
        digest = push_image(self.name, label)
        folder = self.folder / label
        folder.mkdir()
        inputs = material.project(folder)
        now = datetime.now(UTC).isoformat(timespec="seconds")  # a verdict of last month would rightly be refused
        times = {"started_at": now, "scanned_at": now}
        (folder / "fraud.verdict.json").write_bytes(material.verdict(image_id=digest, **times))
        inputs = replace(
            inputs, manifest=None, image=self.name, digest=digest, sign="keyless", private_key="", archive=None,
            sbom=inputs.sbom[:1], trust_config=self.sigstore.trust_config, store=("file", "oci"),
        )  # fmt: skip
        made = material.context(folder)
        environ = RELEASING | {"GITHUB_REPOSITORY_ID": claims.get("repository_id", "804070735")}
        environ |= self.sigstore.environ(**(CLAIMS | claims))
        attest.run(inputs, Context(made.output_dir, environ, made.temp_dir))
        shutil.copytree(made.output_dir / "bundles", self.folder / "statements" / digest)
        return digest

    def happen(self, workflow: act.Workflow, name: str, **inputs: str) -> act.Run:
        """Start a workflow by hand."""
        trust = {"trust-config": str(self.sigstore.trust_config)}
        act.give(workflow, {"verify": trust, "attest": trust})
        act.commit(self.repository, workflow, name)
        scratch = self.folder / f"run-{len(list(self.folder.glob('run-*')))}"
        scratch.mkdir()
        environ = {"END_TO_END_STATEMENTS": str(self.folder / "statements")}
        event = act.Event("workflow_dispatch", {"inputs": inputs}, environ, {"GITHUB_TOKEN": "ghs_of-the-job"})
        return act.happen(event, self.repository, self.release, self.cache, scratch)


@pytest.fixture
def place(release: Path, cache: Path, sigstore: LocalSigstore, tmp_path: Path) -> Iterator[Place]:
    for name in ("repository", "registry"):
        (tmp_path / name).mkdir()
    with loopback_registry.running(tmp_path / "registry") as address:
        yield Place(f"{address}/acme/fraud", sigstore, tmp_path / "repository", release, cache, tmp_path)


def test_another_repositorys_release_is_deployed_and_nothing_that_looks_like_it(place: Place) -> None:
    workflow = act.example("verify-elsewhere.yml")
    workflow["env"]["IMAGE"] = place.name
    digest = place.released("real")
    run = place.happen(workflow, "verify-elsewhere.yml", digest=digest)
    assert run.jobs == {"deploy": "success"}, run.tail
    assert f"Here {place.name}@{digest} would be deployed." in run.log

    for label, claims in {
        "next-holder": {"repository_id": "5"},
        "other-workflow": {"job_workflow_ref": OTHER},
    }.items():
        digest = place.released(label, **claims)
        run = place.happen(workflow, "verify-elsewhere.yml", digest=digest)
        assert run.failed_steps("deploy") == ["Verify"], run.tail
        assert "exit status 11" in run.log, run.tail
        assert "would be deployed" not in run.log


def promotion(place: Place) -> act.Workflow:
    """Return the example for a registry without login and TLS, which has the statements that GitHub would have."""
    workflow = act.example("promote.yml")
    workflow["env"] = {"SOURCE": place.name, "TARGET": f"{place.name}-${{{{ inputs.environment }}}}"}
    for job in workflow["jobs"].values():
        job["steps"] = [step for step in job["steps"] if not step["name"].startswith("Log in")]
        for step in job["steps"]:
            if "skopeo copy" in step.get("run", ""):
                step["run"] = step["run"].replace("copy ", "copy --src-tls-verify=false --dest-tls-verify=false ")
            if step.get("with", {}).get("bundles-from") == "github":
                step["with"]["bundles-from"] = "oci"
    policy = place.repository / ".github" / "modelseal.yml"
    policy.parent.mkdir(exist_ok=True)
    policy.write_bytes(policy_in(act.EXAMPLES / "promote.yml"))
    return workflow


def test_a_release_is_promoted_with_its_statements_or_the_newest_that_may_be_there(place: Place) -> None:
    workflow = promotion(place)
    good, nightly = place.released("good"), place.released("nightly", job_workflow_ref=OTHER)
    run = place.happen(workflow, "promote.yml", environment="production", candidates=f"{nightly} {good}")
    assert run.jobs == {"choose": "success", "copy": "success", "deploy": "success"}, run.tail
    assert f"Here {place.name}-production@{good} would be deployed." in run.log_of("deploy")

    run = place.happen(workflow, "promote.yml", environment="staging", candidates=nightly)
    assert f"Here {place.name}-staging@{nightly} would be deployed." in run.log_of("deploy"), run.tail

    run = place.happen(workflow, "promote.yml", environment="production", candidates=nightly)
    assert run.failed_steps("choose") == ["Verify by the environment's policy"], run.tail
    assert "exit status 11" in run.log_of("choose")
    assert [step for step in run.steps if step.job != "choose" and step.result == "success"] == []
