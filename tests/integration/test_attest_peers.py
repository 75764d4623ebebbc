"""What `attest` signs, judged by GitHub's command line, sigstore-python and model_signing."""

import base64
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import local_sigstore
from attestation_material import GITHUB, IMAGE, IMAGE_ID, MODEL, context, key, payloads, pem, project, public_pem
from modelseal import station
from modelseal.attestation import identity, made_earlier, signing
from modelseal.commands import attest, verify
from modelseal.errors import InputError, ModelsealError, ToolError, VerificationFailed
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode

PEERS = Path(sys.executable).parent
WORKFLOW = "octo/model/.github/workflows/release.yml"
SIGNER = f"https://github.com/{WORKFLOW}@refs/heads/main"


@dataclass(frozen=True)
class Release:
    """What was attested keyless, and with what the peers can check it."""

    folder: Path
    sigstore: local_sigstore.LocalSigstore

    @property
    def bundles(self) -> Path:
        return self.folder / "out" / "bundles"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, sigstore: local_sigstore.LocalSigstore) -> Release:
    folder = tmp_path_factory.mktemp("release")
    for name, data in MODEL.items():
        (folder / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model" / name).write_bytes(data)
    masked: list[str] = []
    outcome = keyless(folder, sigstore, mask=masked.append)
    assert outcome.exit_code is ExitCode.PASSED
    assert any(text.startswith("ey") for text in masked)
    assert "canary-request-token" in masked
    return Release(folder, sigstore)


def keyless(folder: Path, server: local_sigstore.LocalSigstore, mask: Any = lambda _: None, **claims: str) -> Outcome:
    """Attest the project keyless, in the environment that the claims belong to."""
    inputs = keyless_inputs(folder, server)
    environ = GITHUB | server.environ(**claims)
    made = context(folder, environ)
    return attest.run(inputs, Context(made.output_dir, environ, made.temp_dir, mask))


def keyless_inputs(folder: Path, server: local_sigstore.LocalSigstore) -> attest.Inputs:
    inputs = project(folder)
    return attest.Inputs(
        **{**inputs.__dict__, "sign": "keyless", "private_key": "", "trust_config": server.trust_config}
    )


def peer(name: str, *arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run another project's program, without any network of its own."""
    program = PEERS / name
    assert program.exists(), f"{name} is missing from the development environment: run make"
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd or Path.cwd()), "GH_TOKEN": "none", "NO_COLOR": "1"}
    return subprocess.run(
        [program, *arguments], env=environ, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def gh(release: Release, artifact: Path, bundle: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return peer(
        "gh", "attestation", "verify", artifact, "--bundle", release.bundles / bundle,
        "--custom-trusted-root", release.sigstore.trusted_root, *flags, cwd=release.folder,
    )  # fmt: skip


GH_ACCEPTS = [
    ("fraud.tar", "image.provenance.sigstore.json", []),
    ("fraud.tar", "image.provenance.sigstore.json", ["--signer-workflow", WORKFLOW]),
    ("fraud.tar", "image.provenance.sigstore.json", ["--source-ref", "refs/heads/main", "--source-digest", "a" * 40]),
    ("fraud.tar", "image.provenance.sigstore.json", ["--deny-self-hosted-runners"]),
    ("fraud.tar", "image.sbom-spdx.sigstore.json", ["--predicate-type", "https://spdx.dev/Document/v2.3"]),
    ("fraud.tar", "image.sbom-cyclonedx.sigstore.json", ["--predicate-type", "https://cyclonedx.org/bom"]),
    ("fraud.tar", "image.vulns.sigstore.json", ["--predicate-type", "https://in-toto.io/attestation/vulns/v0.2"]),
    ("fraud-model.manifest.json", "fraud-model.provenance.sigstore.json", []),
    ("model/weights/model.onnx", "fraud-model.provenance.sigstore.json", []),
]
GH_REFUSES = [
    ("fraud.tar", "image.provenance.sigstore.json", ["--signer-workflow", "octo/model/.github/workflows/other.yml"]),
    ("fraud.tar", "image.provenance.sigstore.json", ["--source-ref", "refs/heads/other"]),
    ("fraud.tar", "image.provenance.sigstore.json", ["--source-digest", "b" * 40]),
    ("fraud.tar", "image.provenance.sigstore.json", ["--predicate-type", "https://cyclonedx.org/bom"]),
    ("fraud.tar", "image.sbom-spdx.sigstore.json", []),
    ("fraud.tar", "fraud-model.provenance.sigstore.json", []),
    ("fraud.spdx.json", "image.provenance.sigstore.json", []),
]


@pytest.mark.parametrize(("artifact", "bundle", "flags"), GH_ACCEPTS)
def test_gh_accepts(release: Release, artifact: str, bundle: str, flags: list[str]) -> None:
    done = gh(release, release.folder / artifact, bundle, "--repo", "octo/model", *flags)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("artifact", "bundle", "flags"), GH_REFUSES)
def test_gh_refuses(release: Release, artifact: str, bundle: str, flags: list[str]) -> None:
    assert gh(release, release.folder / artifact, bundle, "--repo", "octo/model", *flags).returncode == 1


@pytest.mark.parametrize("repository", ["octo/mode", "octo/model2", "other/model"])
def test_gh_refuses_another_repository(release: Release, repository: str) -> None:
    assert (
        gh(release, release.folder / "fraud.tar", "image.provenance.sigstore.json", "--repo", repository).returncode
        == 1
    )


def test_gh_finds_the_fields_of_the_provenance_where_it_expects_them(release: Release) -> None:
    done = gh(
        release,
        release.folder / "fraud.tar",
        "image.provenance.sigstore.json",
        "--repo",
        "octo/model",
        "--format",
        "json",
    )
    (found,) = json.loads(done.stdout)
    predicate = found["verificationResult"]["statement"]["predicate"]
    certificate = found["verificationResult"]["signature"]["certificate"]
    assert predicate["runDetails"]["builder"]["id"] == certificate["buildSignerURI"]
    assert predicate["buildDefinition"]["resolvedDependencies"] == [
        {"uri": "git+https://github.com/octo/model@refs/heads/main", "digest": {"gitCommit": "a" * 40}},
        {
            "uri": "pkg:github/aquasecurity/trivy@v0.74.0",
            "digest": {"sha256": "2" * 64},
            "annotations": {"modelseal_role": "tool"},
        },
    ]
    assert predicate["runDetails"]["metadata"]["invocationId"] == certificate["runInvocationURI"]


@pytest.mark.parametrize("logged", [True, False], ids=["with a log", "with timestamps"])
def test_gh_accepts_a_signed_verification_summary(
    release: Release,
    tmp_path: Path,
    logged: bool,  # noqa: FBT001 # a case's part
) -> None:
    outcome = verify.run(verify_inputs(release), context(tmp_path))
    assert isinstance(outcome.outputs, verify.Outputs)
    server = release.sigstore if logged else release.sigstore.unlogged
    environ = GITHUB | server.environ(repository_visibility="public" if logged else "private")
    (tmp_path / "signing").mkdir()
    made = context(tmp_path / "signing", environ)
    given = {"summary": Path(outcome.outputs.summary), "trust_config": server.trust_config}
    inputs = replace(station.read_inputs(attest.Inputs, {}), **given)  # type: ignore[arg-type] # by name
    assert attest.run(inputs, Context(made.output_dir, environ, made.temp_dir)).exit_code is ExitCode.PASSED
    (bundle,) = (made.output_dir / "bundles").iterdir()
    signed = Release(tmp_path / "signing", server)
    summary = ("--predicate-type", "https://slsa.dev/verification_summary/v1")
    model = release.folder / "fraud-model.manifest.json"
    assert gh(signed, model, bundle.name, "--repo", "octo/model", *summary).returncode == 0
    assert gh(signed, model, bundle.name, "--repo", "octo/model").returncode == 1
    assert gh(signed, model, bundle.name, "--repo", "octo/other", *summary).returncode == 1
    assert gh(signed, release.folder / "fraud.tar", bundle.name, "--repo", "octo/model", *summary).returncode == 1


def sigstore_verify(release: Release, mode: str, artifact: str, bundle: str, *flags: str) -> int:
    return peer(
        "sigstore", "--trust-config", release.sigstore.trust_config, "verify", mode, "--offline",
        "--bundle", release.bundles / bundle, *flags, release.folder / artifact, cwd=release.folder,
    ).returncode  # fmt: skip


def test_sigstore_accepts_the_workflow(release: Release) -> None:
    flags = ("--repository", "octo/model", "--ref", "refs/heads/main", "--cert-identity", SIGNER)
    assert sigstore_verify(release, "github", "fraud.tar", "image.provenance.sigstore.json", *flags) == 0


def test_sigstore_accepts_the_identity(release: Release) -> None:
    flags = ("--cert-identity", SIGNER, "--cert-oidc-issuer", identity.GITHUB_ISSUER)
    for name in release.bundles.iterdir():
        artifact = "fraud-model.manifest.json" if "provenance" in name.name and "model" in name.name else "fraud.tar"
        if name.suffix != ".sig":
            assert sigstore_verify(release, "identity", artifact, name.name, *flags) == 0


@pytest.mark.parametrize(
    ("artifact", "flags"),
    [
        ("fraud.tar", ("--repository", "octo/mode")),
        ("fraud.tar", ("--repository", "octo/model", "--ref", "refs/heads/other")),
        ("fraud.tar", ("--repository", "octo/model", "--sha", "b" * 40)),
        ("fraud.spdx.json", ("--repository", "octo/model")),
    ],
)
def test_sigstore_refuses(release: Release, artifact: str, flags: tuple[str, ...]) -> None:
    assert sigstore_verify(release, "github", artifact, "image.provenance.sigstore.json", *flags) != 0


def model_verify(folder: Path, signature: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    method, *rest = arguments
    return peer("model_signing", "verify", method, folder / "model", "--signature", signature, *rest, cwd=folder)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521"])
def test_model_signing_accepts_the_models_signature(tmp_path: Path, kind: str) -> None:
    folder = with_model(tmp_path)
    outcome = attest.run(attest.Inputs(**{**project(folder).__dict__, "private_key": pem(key(kind))}), context(folder))
    assert isinstance(outcome.outputs, attest.Outputs)
    signature = Path(outcome.outputs.signature)
    (folder / "key.pub").write_bytes(public_pem(key(kind)))
    done = model_verify(folder, signature, "key", "--public_key", folder / "key.pub")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "WARNING" not in done.stdout  # it warns of signatures without the key's fingerprint

    (folder / "model" / "extra.bin").write_bytes(b"x")
    assert model_verify(folder, signature, "key", "--public_key", folder / "key.pub").returncode != 0
    (folder / "model" / "extra.bin").unlink()
    (folder / "model" / "config.json").write_bytes(b"{ }")
    assert model_verify(folder, signature, "key", "--public_key", folder / "key.pub").returncode != 0


def test_model_signing_accepts_the_keyless_models_signature(release: Release) -> None:
    arguments = ("sigstore", "--trust_config", release.sigstore.trust_config, "--identity", SIGNER)
    signature = release.bundles / "fraud-model.sig"
    done = model_verify(release.folder, signature, *arguments, "--identity_provider", identity.GITHUB_ISSUER)
    assert done.returncode == 0, done.stderr + done.stdout
    done = model_verify(release.folder, signature, *arguments, "--identity_provider", "https://example.org")
    assert done.returncode != 0


def with_model(folder: Path) -> Path:
    for name, data in MODEL.items():
        (folder / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model" / name).write_bytes(data)
    return folder


# --- keyless signing itself -------------------------------------------------------------------------------------------


def verify_inputs(release: Release, **changes: Any) -> verify.Inputs:
    given: dict[str, Any] = {
        "paths": (str(release.folder / "model"),), "image": IMAGE, "digest": IMAGE_ID,
        "sbom": (str(release.folder / "fraud.spdx.json"),), "bundles": release.bundles,
        "repository": "octo/model", "trust_config": release.sigstore.trusted_root,
        "require": ("provenance", "spdx", "cyclonedx", "vulns"),
    }  # fmt: skip
    return replace(station.read_inputs(verify.Inputs, {}), **(given | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"repository": "Octo/MODEL"},
        {"repository": "https://github.com/octo/model"},
        {"signer_workflow": WORKFLOW},
        {"signer_workflow": f"{WORKFLOW}@refs/heads/main"},
        {"source_ref": "refs/heads/main", "source_digest": "a" * 40, "issuer": identity.GITHUB_ISSUER},
    ],
    ids=str,
)
def test_we_accept_our_own(release: Release, tmp_path: Path, changes: dict[str, Any]) -> None:
    outcome = verify.run(verify_inputs(release, **changes), context(tmp_path))
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    trust = release.sigstore.trust_config
    outcome = verify.run(verify_inputs(release, **changes, trust_config=trust), context(tmp_path))
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"repository": "octo/mode"}, "the repository is"),
        ({"repository": "octo/model2"}, "the repository is"),
        ({"repository": "ctoo/model"}, "the repository is"),
        ({"repository": "https://github.example/octo/model"}, "the repository is"),
        ({"signer_workflow": "octo/model/.github/workflows/Release.yml"}, "the signer workflow is"),
        ({"signer_workflow": "octo/model/.github/workflows/release.ym"}, "the signer workflow is"),
        ({"signer_workflow": "octo/other/.github/workflows/release.yml"}, "the signer workflow is"),
        ({"signer_workflow": f"{WORKFLOW}@refs/heads/mai"}, "the signer workflow's ref is"),
        ({"source_ref": "refs/heads/mai"}, "the source ref is"),
        ({"source_ref": "refs/tags/main"}, "the source ref is"),
        ({"source_digest": "b" * 40}, "the source commit is"),
        ({"issuer": "https://token.actions.githubusercontent.com/"}, "the issuer is"),
        ({"issuer": "https://accounts.example"}, "the issuer is"),
    ],
    ids=str,
)
def test_we_refuse_another_identity(release: Release, tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    outcome = verify.run(verify_inputs(release, **changes), context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert outcome.headline.count(expected) == 6  # every bundle in the folder


def test_we_refuse_the_bundles_under_another_root(release: Release, tmp_path: Path) -> None:
    with local_sigstore.running(tmp_path) as other:
        outcome = verify.run(verify_inputs(release, trust_config=other.trusted_root), context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert outcome.headline.count("Sigstore refuses it") == 6


def test_bundles_made_earlier_are_held_to_their_root_before_they_are_stored(release: Release, tmp_path: Path) -> None:
    wanted = attest._signing(keyless_inputs(with_model(tmp_path), release.sigstore))
    items, unverified = made_earlier.read(release.bundles, wanted)
    assert len(items) == 6
    assert not unverified
    with local_sigstore.running(tmp_path) as other, pytest.raises(VerificationFailed, match="Sigstore refuses it"):
        made_earlier.read(release.bundles, replace(wanted, trust_config=other.trusted_root))
    shutil.copytree(release.bundles, tmp_path / "changed")
    file = tmp_path / "changed" / "image.provenance.sigstore.json"
    bundle = json.loads(file.read_bytes())
    del bundle["verificationMaterial"]["tlogEntries"]
    file.write_bytes(json.dumps(bundle).encode())
    with pytest.raises(VerificationFailed, match="no entry of a transparency log"):
        made_earlier.read(tmp_path / "changed", wanted)


def test_key_is_no_stand_in_for_an_identity(release: Release, tmp_path: Path) -> None:
    folder = with_model(tmp_path)
    attest.run(project(folder), context(folder, GITHUB))  # the same statements, signed with somebody's key
    outcome = verify.run(verify_inputs(release, bundles=folder / "out" / "bundles"), context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert outcome.headline.count("it was signed with a key, not keyless") == 6


def test_identity_is_no_stand_in_for_a_key(release: Release, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_bytes(public_pem(key("P-256")))
    given = verify_inputs(release, repository="", trust_config=None, public_key=tmp_path / "key.pub")
    outcome = verify.run(given, context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert outcome.headline.count("it was signed with a certificate, not with a key") == 6


def test_signer_of_another_repository_must_be_named(sigstore: local_sigstore.LocalSigstore, tmp_path: Path) -> None:
    folder = with_model(tmp_path)
    shared = "octo/shared/.github/workflows/seal.yml@" + "c" * 40
    keyless(folder, sigstore, job_workflow_ref=shared)
    made = Release(folder, sigstore)
    predicate = payloads(made.bundles)["image.provenance.sigstore.json"]["predicate"]
    assert predicate["runDetails"]["builder"]["id"] == f"https://github.com/{shared}"
    outcome = verify.run(verify_inputs(made), context(tmp_path))
    assert "not a workflow of https://github.com/octo/model" in outcome.headline
    named = verify_inputs(made, signer_workflow="octo/shared/.github/workflows/seal.yml")
    assert verify.run(named, context(tmp_path)).exit_code is ExitCode.PASSED
    run = signing.workflow(GITHUB | sigstore.environ(job_workflow_ref=shared), lambda _: None)  # as the chain does
    assert run is not None
    named = verify_inputs(made, repository=run.repository, source_digest=run.sha, signer_workflow=run.job_workflow_ref)
    assert verify.run(named, context(tmp_path)).exit_code is ExitCode.PASSED


def test_every_changed_letter_of_a_keyless_bundle_is_noticed(release: Release) -> None:
    """Change one letter at a time, all over the bundle."""
    from modelseal.attestation import keyless, verification  # noqa: PLC0415 # heavy
    from modelseal.attestation.trust import IdentityTrust  # noqa: PLC0415 # with it

    verifier = keyless.verifier(release.sigstore.trusted_root)
    trust = IdentityTrust(verifier.verify, identity.Expected("https://github.com/octo/model"))
    data = (release.bundles / "image.vulns.sigstore.json").read_bytes()
    assert verification.collect({"x": data}, trust).reasons == ()
    unnoticed = []
    for position in range(0, len(data), 31):
        changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        evidence = verification.collect({"x": changed}, trust)
        if not evidence.reasons:
            unnoticed.append(data[max(0, position - 30) : position + 5])
    assert unnoticed == []


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"repository": "octo/other"}, "GITHUB_REPOSITORY says 'octo/model'"),
        ({"sha": "b" * 40}, "GITHUB_SHA"),
        ({"ref": "refs/heads/other"}, "GITHUB_REF"),
        ({"event_name": "pull_request"}, "GITHUB_EVENT_NAME"),
        ({"run_id": "2"}, "GITHUB_RUN_ID"),
        ({"runner_environment": "self-hosted"}, "RUNNER_ENVIRONMENT"),
        ({"repository_id": ""}, "no claim `repository_id`"),
        ({"exp": 1}, "cannot be used"),
        ({"aud": "other"}, "cannot be used"),
    ],
    ids=str,
)
def test_token_that_contradicts_the_run_signs_nothing(
    sigstore: local_sigstore.LocalSigstore, tmp_path: Path, claims: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        keyless(tmp_path, sigstore, **claims)
    assert message in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_without_permission_nothing_is_signed(sigstore: local_sigstore.LocalSigstore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="id-token: write"):
        attest.run(keyless_inputs(tmp_path, sigstore), context(tmp_path, GITHUB))


def test_token_from_the_environment_signs_outside_of_github(
    sigstore: local_sigstore.LocalSigstore, tmp_path: Path
) -> None:
    from modelseal.attestation import oidc  # noqa: PLC0415 # for one test

    claims = {"iss": "https://accounts.example", "sub": "somebody@example.org"}
    token = oidc.identity_token(sigstore.environ(**claims), lambda _: None)
    middle = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    for name in ("repository", "job_workflow_ref"):
        middle.pop(name)
    part = base64.urlsafe_b64encode(json.dumps(middle).encode()).decode().rstrip("=")
    token = ".".join((token.split(".")[0], part, token.split(".")[2]))
    inputs = keyless_inputs(tmp_path, sigstore)
    outcome = attest.run(inputs, context(tmp_path, {"SIGSTORE_ID_TOKEN": token}))
    assert outcome.exit_code is ExitCode.PASSED
    made = payloads(tmp_path / "out/bundles")["image.provenance.sigstore.json"]
    assert made["predicate"]["runDetails"]["builder"]["id"].endswith("/builders/local")
    with pytest.raises(InputError, match="not one of this workflow run"):
        attest.run(inputs, context(tmp_path, GITHUB | {"SIGSTORE_ID_TOKEN": token}))


# --- services that fail -----------------------------------------------------------------------------------------------


class Broken(http.server.BaseHTTPRequestHandler):
    """Answers every request in one wrong way, except for tokens."""

    status, body, location = 500, b"canary-answer", ""

    def do_POST(self) -> None:
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""), (401, b"no"), (429, b"slow down"), (404, b""), (400, b'{"message": "bad"}'), (200, b""),
        (201, b"{}"), (200, b'{"signedCertificateEmbeddedSct": {"chain": {"certificates": ["x", "y"]}}}'),
        (200, b"null"), (200, b"[]"), (200, b'{"signedCertificateEmbeddedSct": null}'),
    ],
)  # fmt: skip
def test_services_that_answer_wrongly(
    sigstore: local_sigstore.LocalSigstore,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: bytes,
) -> None:
    handler = type("Handler", (Broken,), {"status": status, "body": body})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        error = fails(sigstore, tmp_path, server.server_address[1], caplog)
        server.shutdown()
    assert isinstance(error, ToolError)


def test_services_that_are_not_there(
    sigstore: local_sigstore.LocalSigstore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert "cannot be reached" in str(fails(sigstore, tmp_path, 9, caplog))


def test_service_that_never_answers_is_given_up(
    sigstore: local_sigstore.LocalSigstore,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("modelseal.attestation.keyless._SIGNING_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = fails(sigstore, tmp_path, silent.getsockname()[1], caplog)
    assert isinstance(error, ToolError)
    assert "took more than 1 seconds" in str(error)


def fails(
    sigstore: local_sigstore.LocalSigstore, folder: Path, port: int, caplog: pytest.LogCaptureFixture
) -> ModelsealError:
    """Sign with services on another port, and check that nothing is left and no token told."""
    config = sigstore.trust_config.read_text().replace(sigstore.url, f"http://127.0.0.1:{port}")
    (folder / "broken.json").write_text(config)
    inputs = keyless_inputs(folder, sigstore)
    inputs = attest.Inputs(**{**inputs.__dict__, "trust_config": folder / "broken.json"})
    masked: list[str] = []
    environ = GITHUB | sigstore.environ()
    made = context(folder, environ)
    with caplog.at_level("INFO"), pytest.raises(ModelsealError) as caught:
        attest.run(inputs, Context(made.output_dir, environ, made.temp_dir, masked.append))
    assert list((folder / "out").iterdir()) == []
    seen = caplog.text + str(caught.value) + repr(made)
    assert len(masked) == 2
    assert not any(secret in seen for secret in masked)
    return caught.value


def test_local_sigstore_needs_nothing_but_its_lock_file() -> None:
    lock = json.loads((local_sigstore.SOURCE / "package-lock.json").read_text())
    assert not any("resolved" in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
    assert shutil.which("node")
