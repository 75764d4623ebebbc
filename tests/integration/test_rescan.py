"""A verdict of a later scan, signed by another workflow than the release's: as the playbook and the policy have it."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import local_sigstore
import policy_reference
from attestation_material import GITHUB, IMAGE, IMAGE_ID, MODEL, context, project, verdict
from local_sigstore import LocalSigstore
from modelseal import station
from modelseal.commands import attest, verify
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

DOCS = Path(__file__).parents[2] / "docs"
RELEASE = {"name": "release.yml", "ref": "refs/tags/v1.3", "sha": "a" * 40, "event_name": "push"}
RESCAN = {"name": "rescan.yml", "ref": "refs/heads/main", "sha": "b" * 40, "event_name": "workflow_dispatch"}
VERDICT = "image.vulns.sigstore.json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSigstore]:
    with local_sigstore.running(tmp_path_factory.mktemp("sigstore")) as running:
        yield running


def run_of(server: LocalSigstore, *, name: str, ref: str, sha: str, event_name: str) -> dict[str, str]:
    workflow = f"octo/model/.github/workflows/{name}@{ref}"
    said = {"ref": ref, "sha": sha, "event_name": event_name}
    claims = server.environ(workflow_ref=workflow, job_workflow_ref=workflow, **said)
    variables = {f"GITHUB_{key.upper()}": value for key, value in said.items()}
    return GITHUB | variables | {"GITHUB_WORKFLOW_REF": workflow} | claims


def days_ago(days: int) -> bytes:
    return verdict(scanned_at=(datetime.now(UTC) - timedelta(days=days)).isoformat())


@pytest.fixture
def released(tmp_path: Path, server: LocalSigstore) -> Path:
    """Release an image and a model, with a verdict that is a month old; returns the release's folder."""
    given = project(tmp_path).__dict__ | {"sign": "keyless", "private_key": "", "trust_config": server.trust_config}
    (tmp_path / "fraud.verdict.json").write_bytes(days_ago(30))
    attest.run(attest.Inputs(**given), context(tmp_path, run_of(server, **RELEASE)))
    folder = tmp_path / "releases" / "1.3"
    shutil.copytree(tmp_path / "out" / "bundles", folder / "bundles")
    for name, data in MODEL.items():
        (folder / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model" / name).write_bytes(data)
    text = policy_reference.examples((DOCS / "verify.md").read_text(encoding="utf-8"))["verify"]
    for theirs, ours in {"acme/fraud-model": "octo/model", "804070735": "1", "16248153": "2"}.items():
        text = text.replace(theirs, ours)
    (tmp_path / "policy.yml").write_text(text)
    return folder


def rescanned(folder: Path, server: LocalSigstore, scanned: bytes, **changes: str) -> Path:
    """Attest a new verdict with the options of the playbook; returns the folder of bundles."""
    (folder / "rescan").mkdir(parents=True, exist_ok=True)
    (folder / "rescan" / "fraud.verdict.json").write_bytes(scanned)
    page = (DOCS / "incident-playbook.md").read_text(encoding="utf-8").replace("\\\n", "")
    commands = re.findall(r"scripts/run attest (.+?)\n", page)
    words = shlex.split(next(command for command in commands if "rescan/" in command))
    said = {name.removeprefix("--"): text for name, text in zip(words[::2], words[1::2], strict=True)}
    mine = {
        "image": IMAGE, "digest": IMAGE_ID, "image-id": "", "output-dir": "", "trust-config": str(server.trust_config),
        "verdicts": str(folder / said["verdicts"]),
    }  # fmt: skip
    texts = {name: text for name, text in (said | mine | changes).items() if text}
    outcome = attest.run(
        station.read_inputs(attest.Inputs, texts), context(folder / "rescan", run_of(server, **RESCAN))
    )
    assert outcome.exit_code is ExitCode.PASSED
    return folder / "rescan" / "out" / "bundles"


def verified(folder: Path, released: Path, server: LocalSigstore) -> Outcome:
    texts = {
        "image": IMAGE, "digest": IMAGE_ID, "paths": str(released / "model"), "bundles": str(released / "bundles"),
        "trust-config": str(server.trusted_root), "environment": "production", "policy": str(folder / "policy.yml"),
    }  # fmt: skip
    return verify.run(station.read_inputs(verify.Inputs, texts), context(folder))


def test_playbooks_rescan_makes_an_old_release_deployable(
    tmp_path: Path, released: Path, server: LocalSigstore
) -> None:
    assert "older than 7d" in verified(tmp_path, released, server).headline
    made = rescanned(tmp_path, server, days_ago(0))
    assert [path.name for path in made.iterdir()] == [VERDICT]  # no provenance that nobody built by
    shutil.copy(made / VERDICT, released / "bundles" / "image.vulns.rescan.sigstore.json")
    outcome = verified(tmp_path, released, server)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    said = json.loads((tmp_path / "out" / verify.VERDICT).read_bytes())
    assert said["policy"]["verdict-workflow"].endswith("rescan.yml@refs/heads/main")
    assert any("rescan.yml" in item["signer"] for item in said["attestations"])


def test_nothing_but_verdicts_counts_of_that_workflow(tmp_path: Path, released: Path, server: LocalSigstore) -> None:
    made = rescanned(
        tmp_path, server, days_ago(0), provenance="true", manifest=str(tmp_path / "fraud-model.manifest.json")
    )
    for path in made.iterdir():
        shutil.copy(path, released / "bundles" / path.name)
    headline = verified(tmp_path, released, server).headline
    assert "image.provenance.sigstore.json: " in headline
    assert "rescan.yml@refs/heads/main' may sign verdicts only" in headline
    assert re.search(r"model \S+/model: '\S+' may sign verdicts only", headline), headline


@pytest.mark.parametrize(
    ("changed", "reason"),
    [("rescan.yml@refs/heads/main", "the signer workflow is"), ("repository-id: 1", "the repository's number is")],
)
def test_verdict_of_any_other_workflow_is_refused(
    tmp_path: Path, released: Path, server: LocalSigstore, changed: str, reason: str
) -> None:
    shutil.copy(rescanned(tmp_path, server, days_ago(0)) / VERDICT, released / "bundles" / "more.sigstore.json")
    text: Any = (tmp_path / "policy.yml").read_text()
    assert changed in text
    (tmp_path / "policy.yml").write_text(text.replace(changed, changed.replace("main", "other").replace(": 1", ": 3")))
    assert reason in verified(tmp_path, released, server).headline
