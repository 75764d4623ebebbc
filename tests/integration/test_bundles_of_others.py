"""Real bundles by cosign, npm, PyPI, conda and others: accepted as the formats have them, or refused with reason."""

import base64
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attestation_material import context
from modelseal import station
from modelseal.commands import verify
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

SIGNATURES = Path(__file__).parents[1] / "assets" / "signatures"
OTHERS = SIGNATURES / "production" / "others"
SIGSTORE_JS = SIGNATURES / "sigstore-js"


def stated(bundle: str) -> str:
    """Return the predicate type of what a bundle signs."""
    envelope = json.loads((OTHERS / f"{bundle}.sigstore.json").read_bytes())["dsseEnvelope"]
    kind = json.loads(base64.b64decode(envelope["payload"]))["predicateType"]
    assert isinstance(kind, str)
    return kind


PUBLISHED = stated("pypi-publish-github")
PYPI: dict[str, Any] = {
    "digest": "sha256:9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3",
    "repository": "trailofbits/pypi-attestations", "repository_id": "772247423",
    "signer_workflow": "trailofbits/pypi-attestations/.github/workflows/release.yml", "source_ref": "refs/tags/v*",
}  # fmt: skip


def verified(folder: Path, bundle: str, **given: Any) -> Outcome:
    (folder / "bundles").mkdir(exist_ok=True)
    shutil.copy(OTHERS / f"{bundle}.sigstore.json", folder / "bundles")
    usual: dict[str, Any] = {"image": "demo", "digest": f"sha256:{'0' * 64}", "bundles": folder / "bundles"}
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **(usual | given)), context(folder))


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("pypi-provenance", PYPI),
    ("pypi-publish-github", PYPI | {"require": (PUBLISHED,)}),  # its predicate is null
    ("pypi-publish-empty", {
        "digest": "sha256:c9709ce6fd5b67b59b4a28758cf14d3f411803c4b89b6068b1f1a8e4ee94c8ef",
        "repository": "trailofbits/pypi-attestation-models", "repository_id": "772247423", "require": (PUBLISHED,),
    }),
    ("pypi-publish-gitlab", {
        "digest": "sha256:c1ca9b0d85df1606451098233018534497bf584362e10e4a8c21dfaea92c02a8",
        "repository": "https://gitlab.com/facutuesca/gitlab-oidc-project", "issuer": "https://gitlab.com",
        "source_digest": "72f7c63b75eb55ea80864962f0e645c93414da34", "require": (PUBLISHED,),
    }),
    ("pypi-publish-circleci", {
        "digest": "sha256:8cb34da1e27336f11a2c43f3f9c7433bd76f24f470c904724f06ad7f131d9e9f",
        "certificate_subject": "https://circleci.com/api/v2/projects/fdd9283f-e619-46af-8f9c-851f7d3e8b2b/"
        "pipeline-definitions/8e4f8ab2-8d7c-4827-9f15-de076d6d647f",
        "issuer": "https://oidc.circleci.com", "require": (PUBLISHED,),
    }),
    ("pypi-publish-google", {
        "digest": "sha256:461317362419124b6012e855423a9078d6de8aed3e74fa78cc74d669b23dc6cf",
        "certificate_subject": "919436158236-compute@developer.gserviceaccount.com",
        "issuer": "https://accounts.google.com", "require": (PUBLISHED,),
    }),
    ("cosign-attest", {  # a statement of version 0.1, signed by a person
        "digest": "sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4",
        "certificate_subject": "cody@soyland.com", "issuer": "https://github.com/login/oauth",
        "require": ("https://cosign.sigstore.dev/attestation/v1",),
    }),
    ("conda-publish", {  # with a timestamp beside the log's
        "digest": "sha256:e3e0f35dec5b09b18baac8729d14115903b5adfd25065f8bbb90a2b3be5401e4",
        "repository": "hunger/octoconda", "trigger": ("schedule",), "runner": "github-hosted",
        "require": ("https://schemas.conda.org/attestations-publish-1.schema.json",),
    }),
]  # fmt: skip


@pytest.mark.parametrize(("bundle", "given"), ACCEPTED, ids=lambda item: item if isinstance(item, str) else "")
def test_bundle_of_others_is_accepted(tmp_path: Path, root: Path, bundle: str, given: dict[str, Any]) -> None:
    outcome = verified(tmp_path, bundle, trust_config=root, **given)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


@pytest.mark.parametrize(("bundle", "given"), ACCEPTED, ids=lambda item: item if isinstance(item, str) else "")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"issuer": "https://accounts.example"}, "the issuer is"),
        ({"digest": "sha256:" + "1" * 64}, "no attestation is about it"),
        ({"require": ("https://slsa.dev/provenance/v2",)}, "no attestation states"),
        ({"repository": "octo/model", "signer_workflow": ""}, "the repository is"),
        ({"certificate_subject": "someone@example.org"}, "the signer is"),
    ],
    ids=lambda item: "" if isinstance(item, str) else str(next(iter(item))),
)
def test_bundle_of_others_is_refused_for_anything_else(  # noqa: PLR0913 - what differs
    tmp_path: Path, root: Path, bundle: str, given: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    outcome = verified(tmp_path, bundle, **(given | {"trust_config": root} | changes))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


def test_two_statements_of_one_release_are_taken_together(tmp_path: Path, root: Path) -> None:
    verified(tmp_path, "pypi-provenance", trust_config=root, **PYPI)
    both = {"require": ("provenance", PUBLISHED)}
    assert verified(tmp_path, "pypi-publish-github", trust_config=root, **PYPI, **both).exit_code is ExitCode.PASSED


NPM: dict[str, Any] = {"repository": "sigstore/sigstore-js", "require": ("https://slsa.dev/provenance/v0.2",)}
ANYBODY: dict[str, Any] = {"certificate_subject": "someone@example.org", "issuer": "https://accounts.example"}


@pytest.mark.parametrize(
    ("bundle", "given", "reason"),
    [
        # Nothing shows that the log has it, only the log's promise.
        ("npm-without-proof", NPM, "its log entry has no inclusion proof"),
        # What npm logged with proof, but as a kind of entry that does not bind the time to the envelope.
        ("npm-intoto-entry", NPM, "Integrated time only supported for dsse/hashedrekord"),
        # npm names its key by something that cannot be computed from it; a hint is right, or it is not there.
        ("npm-publish-key", {"public_key": OTHERS / "npm-publish.pub"}, "it says it was signed with another key"),
        ("two-signatures", ANYBODY, "2 signatures instead of one"),
        ("other-name", ANYBODY, "it signs a file directly"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
def test_bundle_that_shows_too_little_is_refused(
    tmp_path: Path, root: Path, bundle: str, given: dict[str, Any], reason: str
) -> None:
    outcome = verified(tmp_path, bundle, **({} if "public_key" in given else {"trust_config": root}), **given)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


def test_release_that_github_itself_attests_is_refused_because_no_issuer_vouches_for_it(tmp_path: Path) -> None:
    outcome = verified(
        tmp_path, "github-release", require=("https://in-toto.io/attestation/release/v0.1",),
        digest="sha256:e15b593c6ab8d7725a3cc82226ef816cac6bf9c70eed383bd459295cc65f5ec3",
        trust_config=SIGNATURES / "production" / "github_trusted_root.json",
        certificate_subject="https://dotcom.releases.github.com", issuer="https://token.actions.githubusercontent.com",
    )  # fmt: skip
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "github-release.sigstore.json: the issuer is not stated" in outcome.headline


# --- bundles as sigstore-js writes them: what is zero or empty is left out --------------------------------------------

ARTIFACT = f"sha256:{hashlib.sha256(b'an artifact').hexdigest()}"


def by_sigstore_js(folder: Path, data: bytes, **given: Any) -> Outcome:
    (folder / "bundles").mkdir(exist_ok=True)
    (folder / "bundles" / "made.sigstore.json").write_bytes(data)
    usual: dict[str, Any] = {
        "image": "demo", "digest": ARTIFACT, "bundles": folder / "bundles", "repository": "octo/model",
        "trust_config": SIGSTORE_JS / "trusted-root.json", "require": ("https://example.org/p/v1",),
    }  # fmt: skip
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **(usual | given)), context(folder))


@pytest.mark.parametrize("name", ["one-certificate", "certificate-chain"])
def test_first_entry_of_a_log_is_accepted_with_zero_left_out(tmp_path: Path, name: str) -> None:
    data = (SIGSTORE_JS / f"{name}.sigstore.json").read_bytes()
    outcome = by_sigstore_js(tmp_path, data)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    assert "the repository is" in by_sigstore_js(tmp_path, data, repository="octo/other").headline


@pytest.mark.parametrize(
    "change",
    [
        {"logIndex": "1"}, {"hashes": ["AAAA"]}, {"treeSize": "2"}, {"logIndex": None}, {"hashes": None},
        {"rootHash": ""}, {"rootHash": None}, {"checkpoint": None}, {"treeSize": None},
    ],
    ids=str,
)  # fmt: skip
def test_proof_with_something_else_in_it_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    document = json.loads((SIGSTORE_JS / "one-certificate.sigstore.json").read_bytes())
    proof = document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]
    assert not {"logIndex", "hashes"} & proof.keys()
    proof.update(change)
    assert by_sigstore_js(tmp_path, json.dumps(document).encode()).exit_code is ExitCode.VERIFICATION_FAILED


def test_two_entries_in_the_log_are_refused(tmp_path: Path) -> None:
    data = (SIGSTORE_JS / "two-log-entries.sigstore.json").read_bytes()
    assert "expected exactly one log entry" in by_sigstore_js(tmp_path, data).headline
