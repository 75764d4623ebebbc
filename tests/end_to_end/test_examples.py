"""The example workflows, run from somebody else's repository: green when all is well, red where it must be."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets import plant_traps
from end_to_end import act

pytestmark = [pytest.mark.docker, pytest.mark.slow]

VULNERABLE = "requirements-vulnerable.txt"
Push = Callable[..., act.Run]


def verdict_of(run: act.Run, job: str) -> dict[str, Any]:
    """Return the verdict of the image's gate that a job left."""
    (path,) = (run.collected / job).rglob("fraud-model-*.verdict.json")
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def findings_of(run: act.Run, job: str) -> list[str]:
    """Return what a job's scan found: the same lines for the same image content, whatever it is called."""
    (path,) = (run.collected / job).rglob("fraud-model-*.findings.txt")
    return [re.sub(r"fraud-model:[0-9a-f]{40}", "", line) for line in path.read_text(encoding="utf-8").splitlines()]


def packages_of(run: act.Run, job: str) -> list[str]:
    """Return what a job's SBOM lists."""
    (path,) = (run.collected / job).rglob("*.spdx.json")
    packages = json.loads(path.read_bytes())["packages"]
    return sorted(
        f"{item['name']} {item.get('versionInfo')}" for item in packages if not item["name"].startswith("fraud-model:")
    )


def flipped(path: str) -> dict[str, str]:
    """Return a step that changes one bit in the middle of a file."""
    code = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); d = bytearray(p.read_bytes()); d[len(d) // 2] ^= 1; "
    return {"name": "Tamper", "run": f"python3 -I -c '{code}p.write_bytes(d)' {path}"}


TAMPERED = {
    "model": flipped("model/fraud.safetensors"),
    "model-configuration": flipped("model/config.json"),
    "spdx": flipped('"$FILES.spdx.json"'),
    "cyclonedx": flipped('"$FILES.cdx.json"'),
    "provenance": flipped("bundles/image.provenance.sigstore.json"),
    "signature": flipped("bundles/model.sig"),
    "missing-verdict": {"name": "Tamper", "run": "rm bundles/image.vulns.sigstore.json"},
    "missing-look": {"name": "Tamper", "run": "rm bundles/model.test-result.sigstore.json"},
    "added-file": {"name": "Tamper", "run": "echo 'import os' > model/configuration.py"},
}
OTHER_DIGEST = {
    "name": "Tamper",
    "id": "tamper",
    "env": {"DIGEST": "${{ needs.build.outputs.image-id }}"},
    "run": 'other=0; [[ $DIGEST != *0 ]] || other=1; echo "digest=${DIGEST%?}$other" >> "$GITHUB_OUTPUT"',
}


def test_quickstart_is_green_for_the_clean_sample_and_blind_to_planted_files(push: Push, repository: Path) -> None:
    run = push(act.example("quickstart.yml"), "quickstart.yml")
    assert run.jobs == {"seal": "success"}, run.tail
    assert run.exit_code == 0
    assert verdict_of(run, "seal")["verdict"] == "passed"
    bundles = {path.name for path in (run.collected / "seal" / "sealed" / "bundles").iterdir()}
    assert {"model.sig", "image.provenance.sigstore.json", "image.vulns.sigstore.json"} <= bundles
    assert "model.test-result.sigstore.json" in bundles

    workflow = act.example("quickstart.yml")
    workflow["env"] = planted_environment(repository)
    trapped = push(workflow, "quickstart.yml")
    assert trapped.jobs == {"seal": "success"}, trapped.tail
    assert findings_of(trapped, "seal") == findings_of(run, "seal")
    assert packages_of(trapped, "seal") == packages_of(run, "seal")
    assert plant_traps.sprung(repository) == []
    assert list(trapped.collected.rglob("TRAP-SPRUNG*")) == []


def test_quickstart_is_red_at_the_gate_and_planted_files_hide_nothing(
    push: Push, repository: Path, tmp_path: Path
) -> None:
    run = push(act.example("quickstart.yml"), "quickstart.yml", requirements=VULNERABLE)
    assert run.jobs == {"seal": "failure"}
    assert run.exit_code != 0
    assert "exit status 10" in run.log, run.tail
    verdict = verdict_of(run, "seal")
    assert verdict["verdict"] == "failed"
    assert set(plant_traps.IGNORED_IDS) & set(_ids(findings_of(run, "seal")))
    assert not (run.collected / "seal" / "sealed" / "bundles").exists()  # nothing is attested

    workflow = act.example("quickstart.yml")
    workflow["env"] = planted_environment(repository)
    # On a runner that has never seen Modelseal: its Python environment and its tools come in amid all that was planted.
    trapped = push(workflow, "quickstart.yml", requirements=VULNERABLE, runner=tmp_path / "runner")
    assert "exit status 10" in trapped.log, trapped.tail
    assert findings_of(trapped, "seal") == findings_of(run, "seal")
    assert plant_traps.sprung(repository) == []
    assert list(trapped.collected.rglob("TRAP-SPRUNG*")) == []


@pytest.mark.parametrize("name", ["quickstart.yml", "secure-ml-pipeline.yml"])
def test_a_poisoned_pickle_stops_at_the_gate(push: Push, repository: Path, name: str) -> None:
    # What `pickle.dumps` makes of an object whose `__reduce__` returns (os.system, ("true",)).
    (repository / "model" / "fraud.joblib").write_bytes(b"\x80\x04cposix\nsystem\nX\x04\x00\x00\x00true\x85R.")
    run = push(act.example(name), name)
    assert run.exit_code != 0
    assert "exit status 10" in run.log, run.tail
    assert "posix.system" in run.log
    (verdict,) = run.collected.rglob("model.verdict.json")
    assert json.loads(verdict.read_bytes())["verdict"] == "failed"
    assert list(run.collected.rglob("*.sigstore.json")) == []  # nothing is attested


def test_pipeline_is_green_and_red_at_verify_for_every_change_in_between(push: Push) -> None:
    workflow = act.example("secure-ml-pipeline.yml")
    for name, step in TAMPERED.items():
        act.duplicate(workflow, "deploy", f"deploy-{name}", "Verify", step)
    verify = act.duplicate(workflow, "deploy", "deploy-digest", "Verify", OTHER_DIGEST)
    verify["with"]["digest"] = "${{ steps.tamper.outputs.digest }}"
    act.duplicate(workflow, "sign", "sign-replaced", "Hash it again", flipped('"$FILES.tar"'))
    run = push(workflow, "secure-ml-pipeline.yml")

    assert [run.jobs.get(job) for job in ("build", "sign", "deploy")] == ["success"] * 3, run.tail
    image_id = verdict_of(run, "build")["subject"]["image_id"]
    assert f"Here fraud-model@{image_id} would be deployed" in run.log_of("deploy")
    for name in (*TAMPERED, "digest"):
        job = f"deploy-{name}"
        assert run.jobs[job] == "failure", name
        assert run.failed_steps(job) == ["Verify"], name
        assert "exit status 11" in run.log_of(job), name
        assert "would be deployed" not in run.log_of(job), name
    assert run.failed_steps("sign-replaced") == ["Sign nothing but what the build job hashed"]


def test_pipeline_is_red_at_the_gate_and_goes_no_further(push: Push) -> None:
    run = push(act.example("secure-ml-pipeline.yml"), "secure-ml-pipeline.yml", requirements=VULNERABLE)
    assert run.exit_code != 0
    assert run.failed_steps("build") == ["Scan the image, and stop here if the gate fails"], run.tail
    assert "exit status 10" in run.log_of("build")
    assert [step for step in run.steps if step.job in ("sign", "deploy") and step.result == "success"] == []


def test_a_replaced_tool_is_not_run(push: Push, cache: Path, tmp_path: Path) -> None:
    tools = cache / "tool_cache" / "modelseal" / "tools"
    if not list(tools.glob("*/trivy")):  # this test runs alone: let a first run fetch it
        push(act.example("quickstart.yml"), "quickstart.yml")
    (trivy,) = tools.glob("*/trivy")
    kept = Path(shutil.move(trivy, tmp_path / "trivy"))
    witness = tmp_path / "was-run"
    trivy.write_text(f'#!/bin/sh\ntouch {witness}\nexec {kept} "$@"\n', encoding="utf-8")
    trivy.chmod(0o755)
    try:
        run = push(act.example("quickstart.yml"), "quickstart.yml")
    finally:
        shutil.move(kept, trivy)
    assert run.jobs == {"seal": "failure"}
    assert "exit status 3" in run.log, run.tail
    assert "executable has been replaced" in run.log
    assert not witness.exists()


def planted_environment(repository: Path) -> dict[str, str]:
    """Plant every trap in a repository, and return the variables that a hostile one would want set in its jobs."""
    plant_traps.plant(repository)
    plant_traps.plant_names(repository / "model")
    # Bash would run this first in every step; what the workflow's own steps do is not ours to judge.
    script = '[ -z "${MODELSEAL_INPUT_IMAGE+given}" ] || touch "$GITHUB_WORKSPACE/TRAP-SPRUNG-bash"\n'
    (repository / "bash-environment").write_text(script, encoding="utf-8")
    workspace = Path("${{ github.workspace }}")
    return plant_traps.environment(workspace) | {"BASH_ENV": f"{workspace}/bash-environment"}


def _ids(findings: list[str]) -> list[str]:
    return [word for line in findings for word in line.split()]
