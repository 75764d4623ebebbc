"""The example with keys only, run from somebody else's repository: no Sigstore, and one audit log over all runs."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import attestation_material as material
from end_to_end import act
from end_to_end.conftest import BASE_IMAGE
from modelseal.attestation.keys import PrivateKey

pytestmark = [pytest.mark.docker, pytest.mark.slow]

NAME = "keys-only.yml"
# What GitHub sets and `act` does not; no job has an identity token that could say it instead.
RUNNER = {
    "GITHUB_REPOSITORY_ID": "1",
    "GITHUB_REPOSITORY_OWNER_ID": "2",
    "GITHUB_WORKFLOW_REF": f"octo/model/.github/workflows/{NAME}@refs/heads/main",
    "RUNNER_ENVIRONMENT": "github-hosted",
}
FLIP = {
    "name": "Tamper",
    "shell": "python",
    "run": "from pathlib import Path\np = Path('received/fraud.safetensors')\nd = bytearray(p.read_bytes())\n"
    "d[len(d) // 2] ^= 1\np.write_bytes(d)",
}


@dataclass
class Keys:
    """A repository with the public halves of its keys, and runs that are given the private ones."""

    repository: Path
    release: Path
    cache: Path
    runs: Path
    database: Path
    signing: PrivateKey = field(default_factory=lambda: material.key("P-256"))
    audit: PrivateKey = field(default_factory=lambda: material.key("Ed25519"))
    commits: list[str] = field(default_factory=list)

    def push(self, workflow: act.Workflow) -> act.Run:
        """Run the workflow as a push to main would, after the runs before it."""
        build = {"build-args": f"BASE_IMAGE={BASE_IMAGE}\nPIP_NO_INDEX=1", "pull": "false"}
        act.give(
            workflow, {"build-image": build, "scan-image": {"db-dir": str(self.database), "ignore-unfixed": "true"}}
        )
        (self.repository / ".github").mkdir(exist_ok=True)
        for name, key in (("release", self.signing), ("audit", self.audit)):
            (self.repository / ".github" / f"{name}.pub").write_bytes(material.public_pem(key))
        self.commits.append(act.commit(self.repository, workflow, NAME))
        number = len(self.commits)
        scratch = self.runs / str(number)
        scratch.mkdir()
        secrets = {
            "GITHUB_TOKEN": "ghs_of-the-job",
            "SIGNING_KEY": material.pem(self.signing),
            "AUDIT_KEY": material.pem(self.audit),
        }
        run = act.happen(act.Event(environ=RUNNER, secrets=secrets), self.repository, self.release, self.cache, scratch)
        about = {"databaseId": number, "event": "push", "headBranch": "main", "headSha": self.commits[-1]}
        (scratch / "run.json").write_text(json.dumps(about), encoding="utf-8")
        return run

    def log(self) -> list[dict[str, Any]]:
        """Return the entries of the audit log that the last run kept."""
        path = self.runs / str(len(self.commits)) / "artifacts" / "audit-log" / "audit.jsonl"
        return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def keys(repository: Path, release: Path, cache: Path, tmp_path: Path, database: Path) -> Iterator[Keys]:
    (tmp_path / "runs").mkdir()
    made = Keys(repository, release, cache, tmp_path / "runs", database)
    yield made
    for commit in made.commits:
        subprocess.run(["docker", "image", "rm", "--force", f"fraud-model:{commit}"], check=False, capture_output=True)


def results(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["station"], entry["result"]) for entry in entries]


def test_a_changed_byte_is_refused_and_both_runs_are_in_one_audit_log(keys: Keys) -> None:
    workflow = act.example(NAME)
    steps = workflow["jobs"]["deploy"]["steps"]
    (verify,) = (index for index, step in enumerate(steps) if step["name"] == "Verify")
    steps.insert(verify, FLIP)
    run = keys.push(workflow)
    expected = {"recall": "success", "build": "success", "sign": "success", "deploy": "failure", "audit": "success"}
    assert run.jobs == expected, run.tail
    assert run.failed_steps("deploy") == ["Verify"], run.tail
    assert "exit status 11" in run.log_of("deploy")
    assert "would be deployed" not in run.log
    assert "There is no audit log yet" in run.log_of("recall")
    first = keys.log()
    assert results(first) == [("attest", "passed"), ("verify", "failed")]

    run = keys.push(act.example(NAME))
    assert run.jobs == dict.fromkeys(expected, "success"), run.tail
    assert run.exit_code == 0
    assert "would be deployed" in run.log_of("deploy")
    assert keys.log()[:2] == first
    assert results(keys.log()[2:]) == [("attest", "passed"), ("verify", "passed")]
    for key in (keys.signing, keys.audit):
        (secret,) = material.pem(key).splitlines()[1:2]
        assert [path for path in keys.runs.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()] == []
        assert secret not in run.log

    # Whoever shortens the log that is kept, without the key that signs for it, is found by the next run.
    kept = keys.runs / "2" / "artifacts" / "audit-log" / "audit.jsonl"
    kept.write_bytes(b"".join(kept.read_bytes().splitlines(keepends=True)[:3]))
    run = keys.push(act.example(NAME))
    assert run.jobs["audit"] == "failure", run.tail
    assert run.failed_steps("audit") == ["Check every entry, and sign a checkpoint over all of them"], run.tail
    assert not (keys.runs / "3" / "artifacts" / "audit-log").exists()
