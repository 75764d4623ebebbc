"""Demands from a policy file, and what becomes of them beside the inputs' own."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import policy_reference
import refusals
from attestation_material import context, key, public_pem, release
from modelseal import station
from modelseal.attestation import verification
from modelseal.attestation.requirements import Requirements, combined
from modelseal.commands import verify
from modelseal.errors import InputError
from modelseal.gate import policy_file
from modelseal.gate.policy import Policy
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

PAGE = Path(__file__).parents[2] / "docs" / "verify.md"
POLICY = """\
version: 1
verify:
  production:
    repository: octo/model
    repository-id: 1
    owner-id: 2
    signer-workflow: octo/model/.github/workflows/release.yml
    source-ref: "refs/heads/m*"
    runner: github-hosted
    triggers: [push, release]
    require: [provenance, spdx, vulns]
"""
FULL = """\
version: 1
verify:
  production:
    repository: octo/model
    signer-workflow: octo/model/.github/workflows/release.yml
    source-ref: "refs/tags/v*"
    issuer: https://token.actions.githubusercontent.com
    runner: github-hosted
    triggers: [push, release]
    require: [vulns]
    max-age: 7d
    repository-id: 1
"""


def policy(text: str = FULL) -> Policy:
    return policy_file.parse(text.encode(), "policy.yml", today=policy_reference.TODAY)


def both(text: str = FULL, **given: Any) -> Requirements:
    return combined(Requirements(require=("provenance",), **given), policy(text), "production")


@pytest.mark.parametrize("name", ["provenance", "spdx", "cyclonedx", "vulns", "test-result", "model-signature",
                                  "verification-summary"])  # fmt: skip
def test_what_the_input_can_require_the_policy_can_too(name: str) -> None:
    assert verification.required_types([name]) != (name,)
    text = f"version: 1\nverify: {{production: {{repository: octo/model, require: [{name}]}}}}\n"
    assert combined(Requirements(), policy(text), "production").require == (name,)


def keyless(folder: Path, text: str, environment: str = "production", **changes: Any) -> Outcome:
    """Verify the good keyless release by a policy file and nothing else."""
    laid = folder / "release"
    refusals.lay_out(refusals.Case("good", "", "keyless", ""), laid)
    (folder / "policy.yml").write_text(text)
    inputs = station.read_inputs(verify.Inputs, refusals.texts(refusals.Case("", "", "keyless", ""), laid))
    given: dict[str, Any] = {
        "repository": "",
        "require": ("provenance",),
        "policy": folder / "policy.yml",
        "environment": environment,
    }
    return verify.run(replace(inputs, **(given | changes)), context(folder))


# --- by the file alone ------------------------------------------------------------------------------------------------


def test_release_that_meets_the_policy_passes(tmp_path: Path) -> None:
    outcome = keyless(tmp_path, POLICY)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    said = json.loads((tmp_path / "out" / verify.VERDICT).read_bytes())["policy"]
    assert said["environment"] == "production"
    assert said["require"] == ["provenance", "spdx", "vulns"]
    assert len(said["sha256"]) == 64
    assert "Held to production" in outcome.summary


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("octo/model\n", "octo/other\n", "the repository is"),
        ("repository-id: 1", "repository-id: 3", "the repository's number is"),
        ("owner-id: 2", "owner-id: 3", "the owner's number is"),
        ("release.yml", "other.yml", "the signer workflow is"),
        ("refs/heads/m*", "refs/tags/v*", "the source ref is"),
        ("github-hosted", "self-hosted", "the runner is"),
        ("[push, release]", "[release]", "the build trigger is"),
        ("spdx, vulns]", "test-result]", "no attestation states test-result"),
        ("    require:", "    max-age: 1m\n    require:", "older than 1m"),
    ],
)
def test_release_that_does_not_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert old in POLICY
    outcome = keyless(tmp_path, POLICY.replace(old, new))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


@pytest.mark.parametrize(
    ("text", "environment", "words"),
    [
        (POLICY, "", "none was named"),
        (POLICY, "staging", "no environment 'staging'"),
        (POLICY, "Production", "no environment 'Production'"),
        ("version: 1\n", "production", "does not say what a release must prove"),
        ("version: 2\n", "production", "no version"),
        ("version: 1\nverify: {production: {require: [provenance]}}\n", "production", "who must have signed"),
    ],
)
def test_policy_that_does_not_say_it_is_no_pass(tmp_path: Path, text: str, environment: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        keyless(tmp_path, text, environment)


def test_usual_file_is_read_where_an_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "modelseal.yml").write_text(POLICY.replace("octo/model\n", "octo/other\n"))
    outcome = keyless(tmp_path, "", policy=None)
    assert "the repository is" in outcome.headline
    assert keyless(tmp_path, "", "", policy=None, repository="octo/model").exit_code is ExitCode.PASSED


def test_key_by_the_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inputs = replace(release(tmp_path), public_key=None, policy=tmp_path / "p.yml", environment="production")
    (tmp_path / "p.yml").write_text("version: 1\nverify: {production: {public-key: key.pub, require: [vulns]}}\n")
    assert verify.run(inputs, context(tmp_path)).exit_code is ExitCode.PASSED
    (tmp_path / "copy.pub").write_bytes((tmp_path / "key.pub").read_bytes())
    assert verify.run(replace(inputs, public_key=Path("copy.pub")), context(tmp_path)).exit_code is ExitCode.PASSED
    (tmp_path / "copy.pub").write_bytes(public_pem(key("P-384")))
    with pytest.raises(InputError, match="`public-key` asks for"):
        verify.run(replace(inputs, public_key=Path("copy.pub")), context(tmp_path))


# --- with inputs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({}, "require", ("provenance", "vulns")),
        ({"repository": "Octo/Model"}, "repository", "Octo/Model"),
        ({"max_age": timedelta(days=1)}, "max_age", timedelta(days=1)),
        ({"max_age": timedelta(days=30)}, "max_age", timedelta(days=7)),
        ({"source_ref": "refs/tags/v1"}, "source_ref", "refs/tags/v1"),
        ({"triggers": ("release", "schedule")}, "triggers", ("release",)),
        ({"signer_workflow": "octo/model/.github/workflows/release.yml@refs/tags/v1"}, "signer_workflow",
         "octo/model/.github/workflows/release.yml@refs/tags/v1"),
        ({"source_digest": "a" * 40}, "source_digest", "a" * 40),
        ({"owner_id": "2"}, "owner_id", "2"),
        ({"trust_config": Path("root.json")}, "trust_config", Path("root.json")),
    ],
)  # fmt: skip
def test_inputs_narrow_the_policy(given: dict[str, Any], name: str, value: object) -> None:
    assert getattr(both(**given), name) == value


@pytest.mark.parametrize(
    "given",
    [
        {"repository": "octo/other"},
        {"repository_id": "2"},
        {"signer_workflow": "octo/model/.github/workflows/other.yml"},
        {"signer_workflow": "octo/shared/.github/workflows/release.yml"},
        {"source_ref": "refs/heads/main"},
        {"source_ref": "refs/tags/*"},
        {"source_ref": "refs/tags/v1/x"},
        {"issuer": "https://issuer.example"},
        {"runner": "self-hosted"},
        {"triggers": ("pull_request_target",)},
        {"public_key": Path("key.pub")},
        {"certificate_root": Path("root.pem")},
        {"ignore": ("evil.py",)},
    ],
    ids=str,
)
def test_inputs_that_contradict_the_policy_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="where the policy asks for") as caught:
        both(**given)
    assert "policy.yml, line 4 (production)" in str(caught.value)


def test_only_what_the_policy_lets_be_unsigned_may_be(tmp_path: Path) -> None:
    laid = tmp_path / "release" / "model"
    text = POLICY + "    ignore: [notes.txt, .cache]\n"
    with pytest.raises(
        InputError, match=r"`ignore` asks for 'evil\.py' where the policy asks for 'notes\.txt, \.cache'"
    ):
        keyless(tmp_path, text, ignore=("evil.py",))
    assert both(FULL + "    ignore: [notes.txt, .cache]\n", ignore=(".cache",)).ignore == (".cache",)
    with pytest.raises(InputError, match="'no file unsigned'"):
        keyless(tmp_path, POLICY, ignore=("notes.txt",))
    (laid / "notes.txt").write_text("x")
    outcome = keyless(tmp_path, text)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    (laid / "evil.py").write_text("import os")
    assert "added: evil.py" in keyless(tmp_path, text).headline


def test_ref_in_the_policy_stays_where_the_input_leaves_it_open() -> None:
    file = "octo/model/.github/workflows/release.yml"
    text = FULL.replace("release.yml\n", "release.yml@refs/heads/main\n")
    assert both(text, signer_workflow=file).signer_workflow == f"{file}@refs/heads/main"
    with pytest.raises(InputError, match="where the policy asks for"):
        both(text, signer_workflow=f"{file}@refs/heads/other")


def test_root_of_trust_of_the_policy_is_not_exchanged(tmp_path: Path) -> None:
    (tmp_path / "ours.json").write_text("{}")
    (tmp_path / "other.json").write_text("[]")
    text = FULL + f"    trust-config: {tmp_path / 'ours.json'}\n"
    assert both(text).trust_config == tmp_path / "ours.json"
    assert both(text, trust_config=tmp_path / "ours.json").trust_config == tmp_path / "ours.json"
    with pytest.raises(InputError, match="`trust-config` asks for"):
        both(text, trust_config=tmp_path / "other.json")
    with pytest.raises(InputError, match="cannot be read"):
        both(text, trust_config=tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("public-key: key.pub", {"certificate_root": Path("root.pem")}),
        ("certificate-root: root.pem", {"public_key": Path("key.pub")}),
        ("certificate-root: root.pem, certificate-subject: CN=a", {"certificate_subject": "CN=b"}),
    ],
)
def test_one_way_to_sign_is_not_taken_for_another(text: str, given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="where the policy asks for"):
        both(f"version: 1\nverify: {{production: {{{text}}}}}\n", **given)


def test_every_demand_of_a_policy_reaches_the_requirements() -> None:
    """A demand that is read and then forgotten would pass everything."""
    demanded = dict(policy().deployments)["production"]
    found = both()
    names = ("repository", "repository_id", "signer_workflow", "source_ref", "issuer", "runner", "triggers", "max_age")
    assert all(getattr(found, name) == getattr(demanded, name) for name in names)
    assert set(demanded.__dataclass_fields__) - {"line"} <= set(found.__dataclass_fields__)


def test_policy_in_the_documentation_is_one() -> None:
    text = policy_reference.examples(PAGE.read_text(encoding="utf-8"))["verify"]
    assert [name for name, _ in policy(text).deployments] == ["staging", "production"]
