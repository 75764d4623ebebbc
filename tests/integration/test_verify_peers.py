"""What other tools signed, judged by `verify`: production attestations, model signatures past and present."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

import local_sigstore
from attestation_material import IMAGE, MODEL, context, key, pem, public_pem
from modelseal import station
from modelseal.attestation import identity
from modelseal.commands import verify
from modelseal.errors import InputError
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

PEERS = Path(sys.executable).parent
SIGNATURES = Path(__file__).parents[1] / "assets" / "signatures"
PRODUCTION = SIGNATURES / "production"
MODELS = SIGNATURES / "model-signing"
VECTORS = SIGNATURES / "model-signing-spec" / "test-vectors" / "v1.0"
# The production attestation was made by a reusable workflow of another repository than the one it was made for.
ATTESTED = "reusable-workflow-attestation.sigstore.json"
REPOSITORY = "malancas/attest-demo"
WORKFLOW = "github/artifact-attestations-workflows/.github/workflows/attest.yml"
NAMED = hashlib.sha256((PRODUCTION / "reusable-workflow-artifact").read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def public_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real trust root, as sigstore-python ships it."""
    store = resources.files("sigstore._store")
    (found,) = (item for item in store.iterdir() if item.name.endswith("sigstore.dev"))
    path = tmp_path_factory.mktemp("root") / "trusted_root.json"
    path.write_bytes((found / "trusted_root.json").read_bytes())
    return path


def peer(name: str, *arguments: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    program = PEERS / name
    assert program.exists(), f"{name} is missing from the development environment: run make"
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), **environ}
    return subprocess.run(
        [program, *arguments], env=environ, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def verified(folder: Path, **given: Any) -> Outcome:
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **given), context(folder))


def attested(folder: Path, bundle: str = ATTESTED) -> dict[str, Any]:
    """Put one production bundle into a folder of its own."""
    (folder / "bundles").mkdir()
    shutil.copy(PRODUCTION / bundle, folder / "bundles")
    digest = NAMED
    if bundle == ATTESTED:
        envelope = json.loads((PRODUCTION / bundle).read_bytes())["dsseEnvelope"]
        digest = json.loads(base64.b64decode(envelope["payload"]))["subject"][0]["digest"]["sha256"]
    return {
        "image": IMAGE, "digest": f"sha256:{digest}", "bundles": folder / "bundles",
        "repository": REPOSITORY, "signer_workflow": WORKFLOW,
    }  # fmt: skip


# --- production attestations ------------------------------------------------------------------------------------------


def test_production_attestation_names_the_artifact_beside_it() -> None:
    envelope = json.loads((PRODUCTION / ATTESTED).read_bytes())["dsseEnvelope"]
    assert json.loads(base64.b64decode(envelope["payload"]))["subject"][0]["digest"]["sha256"] == NAMED


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"repository": "Malancas/Attest-Demo"},
        {"source_ref": "refs/heads/main", "source_digest": "95baf27389e83e6a5c48f42e190d48d7abcea19e"},
        {"signer_workflow": f"{WORKFLOW}@09b495c3f12c7881b3cc17209a327792065c1a1d"},
    ],
    ids=str,
)
def test_production_attestation_is_accepted(tmp_path: Path, public_root: Path, changes: dict[str, Any]) -> None:
    outcome = verified(tmp_path, **(attested(tmp_path) | {"trust_config": public_root} | changes))
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"repository": "malancas/attest-dem"}, "the repository is"),
        ({"repository": "malancas/attest-demo2"}, "the repository is"),
        ({"repository": "github/artifact-attestations-workflows"}, "the repository is"),
        ({"signer_workflow": ""}, "not a workflow of https://github.com/malancas/attest-demo"),
        ({"signer_workflow": WORKFLOW.replace("attest.yml", "other.yml")}, "the signer workflow is"),
        ({"signer_workflow": WORKFLOW.replace("attest.yml", "Attest.yml")}, "the signer workflow is"),
        ({"signer_workflow": f"{WORKFLOW}@refs/heads/main"}, "the signer workflow's ref is"),
        ({"source_ref": "refs/heads/release"}, "the source ref is"),
        ({"source_digest": "9" * 40}, "the source commit is"),
        ({"issuer": "https://token.actions.example"}, "the issuer is"),
        ({"digest": "sha256:" + "0" * 64}, "no attestation is about it"),
        ({"require": ("provenance", "spdx")}, "no attestation states sbom-spdx"),
    ],
    ids=str,
)
def test_production_attestation_is_refused(
    tmp_path: Path, public_root: Path, changes: dict[str, Any], expected: str
) -> None:
    outcome = verified(tmp_path, **(attested(tmp_path) | {"trust_config": public_root} | changes))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert expected in outcome.headline


@pytest.mark.parametrize(
    "bundle",
    [
        "bundle_v3_github.whl.sigstore",
        "github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl",
        "github_provenance_demo-0.0.12-py3-none-any-bundle-missing-cert.jsonl",
        "github_provenance_demo-0.0.12-py3-none-any-bundle-missing-verification-material.jsonl",
        "sigstoreBundle-invalid-signature.json",
        "trusted_root.json",
    ],
)
def test_other_production_bundles_are_refused(tmp_path: Path, public_root: Path, bundle: str) -> None:
    outcome = verified(tmp_path, **(attested(tmp_path, bundle) | {"trust_config": public_root}))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert bundle in outcome.headline


def test_good_bundle_does_not_make_up_for_a_broken_one(tmp_path: Path, public_root: Path) -> None:
    given = attested(tmp_path) | {"trust_config": public_root}
    shutil.copy(PRODUCTION / "sigstoreBundle-invalid-signature.json", tmp_path / "bundles")
    assert verified(tmp_path, **given).exit_code is ExitCode.VERIFICATION_FAILED


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"mediaType": "x"}', b"\xff", b"{}\n{}\n"])
def test_trust_root_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "root.json").write_bytes(content)
    with pytest.raises(InputError, match="trust configuration cannot be used"):
        verified(tmp_path, **(attested(tmp_path) | {"trust_config": tmp_path / "root.json"}))


@pytest.mark.parametrize("missing", ["tlogs", "ctlogs", "certificateAuthorities"])
def test_trust_root_without_a_part_is_refused(tmp_path: Path, public_root: Path, missing: str) -> None:
    document = json.loads(public_root.read_bytes())
    document[missing] = []
    (tmp_path / "root.json").write_text(json.dumps(document))
    given = attested(tmp_path) | {"trust_config": tmp_path / "root.json"}
    try:
        outcome = verified(tmp_path, **given)
    except InputError:
        return
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED


def test_nobody_verifies_signed_by_anyone(tmp_path: Path, public_root: Path) -> None:
    with pytest.raises(InputError, match="anybody can sign"):
        verified(tmp_path, **(attested(tmp_path) | {"trust_config": public_root, "repository": ""}))


# --- statements by sigstore-python's command line ---------------------------------------------------------------------


def test_attestation_by_sigstores_command_line_is_accepted(
    tmp_path: Path, sigstore: local_sigstore.LocalSigstore
) -> None:
    (tmp_path / "artifact").write_bytes(b"an artifact")
    predicate = {
        "buildDefinition": {"buildType": "https://example.org/build/v1", "externalParameters": {}},
        "runDetails": {"builder": {"id": "https://example.org/builder"}},
    }
    (tmp_path / "predicate.json").write_text(json.dumps(predicate))
    (tmp_path / "bundles").mkdir()
    token = token_of(sigstore)
    done = peer(
        "sigstore", "--trust-config", sigstore.trust_config, "attest", "--predicate", tmp_path / "predicate.json",
        "--predicate-type", "https://slsa.dev/provenance/v1", "--identity-token", token,
        "--bundle", tmp_path / "bundles" / "artifact.sigstore.json", tmp_path / "artifact", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    given = {
        "image": IMAGE,
        "digest": f"sha256:{hashlib.sha256(b'an artifact').hexdigest()}",
        "bundles": tmp_path / "bundles",
        "trust_config": sigstore.trusted_root,
    }
    outcome = verified(tmp_path, **given, repository="octo/model")
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    assert verified(tmp_path, **given, repository="octo/mod").exit_code is ExitCode.VERIFICATION_FAILED


def token_of(server: local_sigstore.LocalSigstore) -> str:
    from modelseal.attestation import oidc  # noqa: PLC0415 # for two tests

    return oidc.identity_token(server.environ(), lambda _: None)


# --- model signatures -------------------------------------------------------------------------------------------------


def model_of(folder: Path, release: str, *names: str) -> Path:
    """Copy a model of a past release, and of its files those that were signed."""
    (folder / "model").mkdir()
    for name in names:
        shutil.copy(MODELS / release / name, folder / "model")
    return MODELS / release / "model.sig"


def test_model_signature_of_a_past_release_is_accepted(tmp_path: Path) -> None:
    signature = model_of(tmp_path, "v1.0.1-elliptic-key", "signme-1", "signme-2")
    given = {
        "paths": (str(tmp_path / "model"),),
        "signature": signature,
        "public_key": MODELS / "signing-key-pub.pem",
        "require": ("model-signature",),
    }
    assert verified(tmp_path, **given).exit_code is ExitCode.PASSED
    (tmp_path / "model" / "signme-2").write_bytes(b"other")
    assert "changed: signme-2" in verified(tmp_path, **given).headline
    (tmp_path / "other.pub").write_bytes(public_pem(key("P-384")))
    other = verified(tmp_path, **(given | {"public_key": tmp_path / "other.pub"}))
    assert "does not fit the public key" in other.headline


@pytest.mark.parametrize(
    "vector", sorted((VECTORS / "invalid").iterdir()) + sorted((VECTORS / "invalid-payload").iterdir()), ids=str
)
def test_invalid_vectors_of_the_format_are_refused(tmp_path: Path, vector: Path) -> None:
    model_of(tmp_path, "v1.0.1-elliptic-key", "signme-1", "signme-2")
    outcome = verified(
        tmp_path,
        paths=(str(tmp_path / "model"),),
        signature=vector,
        public_key=MODELS / "signing-key-pub.pem",
        require=("model-signature",),
    )
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED


def test_valid_vector_of_the_format_is_accepted(tmp_path: Path) -> None:
    model_of(tmp_path, "v1.0.1-elliptic-key", "signme-1", "signme-2")
    outcome = verified(
        tmp_path,
        paths=(str(tmp_path / "model"),),
        signature=VECTORS / "valid" / "key.bundle.json",
        public_key=MODELS / "signing-key-pub.pem",
        require=("model-signature",),
    )
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


def with_model(folder: Path) -> Path:
    for name, data in MODEL.items():
        (folder / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model" / name).write_bytes(data)
    return folder / "model"


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521"])
@pytest.mark.parametrize("flags", [[], ["--no-ignore-git-paths"], ["--ignore-paths", "model/notes"]], ids=str)
def test_model_signature_made_today_is_accepted(tmp_path: Path, kind: str, flags: list[str]) -> None:
    model = with_model(tmp_path)
    (model / "notes").write_text("not signed")
    (tmp_path / "key").write_text(pem(key(kind)))
    (tmp_path / "key.pub").write_bytes(public_pem(key(kind)))
    signature = tmp_path / "model.sig"
    done = peer(
        "model_signing", "sign", "key", model, "--private_key", tmp_path / "key", "--signature", signature, *flags,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    given = {
        "paths": (str(model),),
        "signature": signature,
        "public_key": tmp_path / "key.pub",
        "require": ("model-signature",),
    }
    if "--ignore-paths" in flags:
        assert "added: notes" in verified(tmp_path, **given).headline
        given |= {"ignore": ("notes",)}
    outcome = verified(tmp_path, **given)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    (model / "extra").write_text("x")
    assert "added: extra" in verified(tmp_path, **given).headline


def test_keyless_model_signature_made_today_is_accepted(tmp_path: Path, sigstore: local_sigstore.LocalSigstore) -> None:
    model = with_model(tmp_path)
    signature = tmp_path / "model.sig"
    done = peer(
        "model_signing", "sign", "sigstore", model, "--signature", signature, "--trust_config", sigstore.trust_config,
        "--identity_token", token_of(sigstore), cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    given = {
        "paths": (str(model),),
        "signature": signature,
        "trust_config": sigstore.trusted_root,
        "require": ("model-signature",),
    }
    outcome = verified(tmp_path, **given, repository="octo/model")
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    refused = verified(tmp_path, **given, repository="octo/other")
    assert refused.exit_code is ExitCode.VERIFICATION_FAILED
    issuer = verified(tmp_path, **given, repository="octo/model", issuer=identity.GITHUB_ISSUER + ".example")
    assert issuer.exit_code is ExitCode.VERIFICATION_FAILED
