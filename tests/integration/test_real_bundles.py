"""Real signatures of others, against the real trust root that sigstore-python ships: all that is right is accepted."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attestation_material import context
from modelseal import station
from modelseal.attestation import identity
from modelseal.commands import verify
from modelseal.errors import InputError
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

SIGNATURES = Path(__file__).parents[1] / "assets" / "signatures"
MODELS = SIGNATURES / "model-signing"
MADE = SIGNATURES / "model-signing-made"
VECTORS = SIGNATURES / "model-signing-spec" / "test-vectors" / "v1.0" / "valid"
ATTESTED = SIGNATURES / "production" / "reusable-workflow-attestation.sigstore.json"
DIGEST = "sha256:49a3aa6075e0f49f82843e74b5baa614ad2a588e6675612bf108a0a008c5ac25"
BOTH = ("signme-1", "signme-2")
KEY: dict[str, Any] = {"public_key": MODELS / "signing-key-pub.pem"}
AUTHORITY: dict[str, Any] = {"certificate_root": MODELS / "ca-cert.pem"}
PERSON: dict[str, Any] = {
    "certificate_subject": "stefanb@us.ibm.com", "issuer": "https://sigstore.verify.ibm.com/oauth2",
}  # fmt: skip
WORKFLOW: dict[str, Any] = {
    "image": "demo", "digest": DIGEST, "repository": "malancas/attest-demo",
    "signer_workflow": "github/artifact-attestations-workflows/.github/workflows/attest.yml",
}  # fmt: skip


def verified(folder: Path, **given: Any) -> Outcome:
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **given), context(folder))


def model(folder: Path, release: str, names: tuple[str, ...], signature: Path | None = None) -> dict[str, Any]:
    """Copy the files of a past release that were signed."""
    (folder / "model").mkdir()
    for name in names:
        shutil.copy(MODELS / release / name, folder / "model")
    return {
        "paths": (str(folder / "model"),), "signature": signature or MODELS / release / "model.sig",
        "require": ("model-signature",),
    }  # fmt: skip


RIGHT = [
    ("v0.2.0-certificate", BOTH, AUTHORITY),
    ("v0.3.1-certificate", BOTH, AUTHORITY),
    ("v0.3.1-sigstore", BOTH, PERSON),
    ("v0.3.1-elliptic-key", ("signme-1",), KEY),
    ("v1.0.0-elliptic-key", ("signme-1",), KEY),
    ("v1.0.1-elliptic-key", BOTH, KEY),
    ("v1.0.0-certificate", BOTH, AUTHORITY),
    ("v1.0.0-sigstore", BOTH, PERSON),
    ("v1.0.1-certificate", BOTH, AUTHORITY),
    ("v1.0.1-sigstore", BOTH, PERSON),
    ("v1.1.0-elliptic-key", BOTH, KEY),
    ("v1.1.0-certificate", BOTH, AUTHORITY),
    ("v1.1.0-sigstore", BOTH, PERSON),
]


def with_root(who: dict[str, Any], root: Path) -> dict[str, Any]:
    return who | ({"trust_config": root} if "issuer" in who else {})


@pytest.mark.parametrize(("release", "names", "who"), RIGHT, ids=str)
def test_model_of_a_past_release_is_accepted(
    tmp_path: Path, root: Path, release: str, names: tuple[str, ...], who: dict[str, Any]
) -> None:
    given = model(tmp_path, release, names) | with_root(who, root)
    outcome = verified(tmp_path, **given)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    (tmp_path / "model" / "signme-1").write_bytes(b"other")
    assert "changed: signme-1" in verified(tmp_path, **given).headline
    (tmp_path / "model" / "extra").write_bytes(b"")
    assert "added: extra" in verified(tmp_path, **given).headline


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("v0.2.0-one-file", "only.bin"),  # nothing names it
        ("v0.3.0-shards", "x/y"),
        ("v0.3.1-shards-of-one-file", "only.bin"),
        ("v1.1.1-shards-of-one-file", "only.bin"),
    ],
)
def test_model_that_a_past_release_signed_in_another_way_is_accepted(tmp_path: Path, release: str, name: str) -> None:
    shutil.copytree(MADE / release / "model", tmp_path / "model")
    paths = tmp_path / "model" / name if release.endswith("one-file") else tmp_path / "model"
    given: dict[str, Any] = {
        "paths": (str(paths),), "signature": MADE / release / "model.sig", "public_key": MADE / "key.pub",
        "require": ("model-signature",),
    }  # fmt: skip
    outcome = verified(tmp_path, **given)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    content = (tmp_path / "model" / name).read_bytes()
    for other in (b"", content[:-1], content + b"0", b"0" + content[1:], content[:-1] + b"0", b"0" * len(content)):
        (tmp_path / "model" / name).write_bytes(other)
        assert f"changed: {name}" in verified(tmp_path, **given).headline
    (tmp_path / "model" / name).write_bytes(content)
    (tmp_path / "model" / "more").write_bytes(b"0")
    beside = verified(tmp_path, **(given | {"paths": (str(tmp_path / "model"),)}))
    assert beside.exit_code is ExitCode.VERIFICATION_FAILED
    assert "more" in beside.headline


@pytest.mark.parametrize("release", ["v1.0.0-sigstore", "v1.0.1-sigstore"])
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"certificate_subject": "stefan@us.ibm.com"}, "the signer is"),
        ({"certificate_subject": "STEFANB@us.ibm.com"}, "the signer is"),
        ({"certificate_subject": "stefanb@us.ibm.com.example"}, "the signer is"),
        ({"issuer": "https://sigstore.verify.ibm.com/oauth"}, "the issuer is"),
        ({"issuer": identity.GITHUB_ISSUER}, "the issuer is"),
        ({"repository": "octo/model"}, "the repository is not stated"),
        ({"repository": "octo/model", "certificate_subject": ""}, "the repository is not stated"),
        (KEY | {"trust_config": None, "issuer": "", "certificate_subject": ""}, "signed with a certificate"),
    ],
    ids=str,
)
def test_model_signed_by_a_person_is_refused_for_another(
    tmp_path: Path, root: Path, release: str, changes: dict[str, Any], reason: str
) -> None:
    outcome = verified(tmp_path, **(model(tmp_path, release, BOTH) | with_root(PERSON, root) | changes))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


def test_name_of_a_signer_needs_somebody_who_vouches_for_it(tmp_path: Path, root: Path) -> None:
    given = model(tmp_path, "v1.0.1-sigstore", BOTH) | with_root(PERSON, root)
    with pytest.raises(InputError, match="who vouched for it"):
        verified(tmp_path, **(given | {"issuer": ""}))


@pytest.mark.parametrize("release", ["v1.0.1-elliptic-key", "v1.0.1-sigstore"])
def test_file_that_was_ignored_when_signing_must_be_ignored_by_name_here_too(
    tmp_path: Path, root: Path, release: str
) -> None:
    given = model(tmp_path, release, (*BOTH, "ignore-me")) | with_root(KEY if "key" in release else PERSON, root)
    assert "added: ignore-me" in verified(tmp_path, **given).headline
    assert verified(tmp_path, **given, ignore=("ignore-me",)).exit_code is ExitCode.PASSED


@pytest.mark.parametrize(
    ("vector", "who"), [("key", KEY), ("certificate", AUTHORITY), ("sigstore", PERSON)], ids=["key", "certificate", "x"]
)
def test_valid_vectors_of_the_format_are_read(tmp_path: Path, root: Path, vector: str, who: dict[str, Any]) -> None:
    given = model(tmp_path, "v1.0.1-elliptic-key", BOTH, VECTORS / f"{vector}.bundle.json")
    outcome = verified(tmp_path, **(given | with_root(who, root)))
    if vector == "sigstore":  # its signature holds; the model that it is of is not among the fixtures
        assert outcome.headline == "verification failed: model v1.1.0-sigstore: changed: signme-1"
    else:
        assert outcome.exit_code is ExitCode.PASSED, outcome.headline


# --- production attestations ------------------------------------------------------------------------------------------


def attested(folder: Path, root: Path, **changes: Any) -> Outcome:
    (folder / "bundles").mkdir()
    shutil.copy(ATTESTED, folder / "bundles")
    return verified(folder, **(WORKFLOW | {"bundles": folder / "bundles", "trust_config": root} | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"repository_id": "804070735", "owner_id": "16248153"},
        {"runner": "github-hosted", "trigger": ("push", "workflow_dispatch")},
        {"source_ref": "refs/heads/*"},
    ],
    ids=str,
)
def test_production_attestation_is_accepted(tmp_path: Path, root: Path, changes: dict[str, Any]) -> None:
    outcome = attested(tmp_path, root, **changes)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    document = json.loads((tmp_path / "out" / verify.VERDICT).read_bytes())
    (found,) = document["attestations"]
    assert found["log_index"] == json.loads(ATTESTED.read_bytes())["verificationMaterial"]["tlogEntries"][0]["logIndex"]
    assert found["logged_at"].startswith("2024-05-")
    summary = json.loads((tmp_path / "out" / verify.SUMMARY).read_bytes())["predicate"]
    assert summary["verifiedLevels"] == ["SLSA_BUILD_LEVEL_2"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"repository_id": "804070736"}, "the repository's number is"),
        ({"owner_id": "1"}, "the owner's number is"),
        ({"runner": "self-hosted"}, "the runner is"),
        ({"trigger": ("push",)}, "the build trigger is"),
        ({"source_ref": "refs/tags/*"}, "the source ref is"),
        ({"certificate_subject": "https://github.com/malancas/attest-demo"}, "the signer is"),
        ({"require": ("provenance", "test-result")}, "no attestation states test-result"),
    ],
    ids=str,
)
def test_production_attestation_is_refused(tmp_path: Path, root: Path, changes: dict[str, Any], reason: str) -> None:
    outcome = attested(tmp_path, root, **changes)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


def test_production_attestation_by_a_policy(tmp_path: Path, root: Path) -> None:
    workflow = WORKFLOW["signer_workflow"]
    (tmp_path / "policy.yml").write_text(
        "version: 1\nverify:\n  production:\n    repository: malancas/attest-demo\n    repository-id: 804070735\n"
        f"    signer-workflow: {workflow}\n    source-ref: refs/heads/main\n    triggers: [workflow_dispatch]\n"
    )
    by_policy = {
        "repository": "", "signer_workflow": "", "policy": tmp_path / "policy.yml", "environment": "production",
    }  # fmt: skip
    outcome = attested(tmp_path, root, **by_policy)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
