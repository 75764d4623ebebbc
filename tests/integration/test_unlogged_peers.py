"""Keyless without a transparency log: judged by GitHub's command line, with its own production attestation too."""

import base64
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

import certificate_authority
import local_sigstore
from attestation_material import GITHUB, IMAGE, IMAGE_ID, MODEL, context, project
from modelseal import station
from modelseal.attestation import bundle, dsse, fulcio, keyless, keys, sigstore_http, timestamps
from modelseal.attestation.rejection import Rejection
from modelseal.commands import attest, verify
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode

PEERS = Path(sys.executable).parent
PRODUCTION = Path(__file__).parents[1] / "assets" / "signatures" / "production"
WHEEL = PRODUCTION / "github_provenance_demo-0.0.12-py3-none-any.whl"
ATTESTED = PRODUCTION / "github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl"
GITHUB_ROOT = PRODUCTION / "github_trusted_root.json"
DIGEST = "sha256:ae57936def59bc4c75edd3a837d89bcefc6d3a5e31d55a6fa7a71624f92c3c3b"
WORKFLOW = "octo/model/.github/workflows/release.yml"
PRIVATE = {"repository_visibility": "private"}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, sigstore: local_sigstore.LocalSigstore) -> Path:
    folder = tmp_path_factory.mktemp("release")
    for name, data in MODEL.items():
        (folder / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model" / name).write_bytes(data)
    outcome = signed(folder, sigstore.unlogged)
    assert outcome.exit_code is ExitCode.PASSED
    return folder


def signed(folder: Path, server: local_sigstore.LocalSigstore, **changes: Any) -> Outcome:
    """Attest the project keyless for a private repository."""
    given: dict[str, Any] = {"sign": "keyless", "private_key": "", "trust_config": server.trust_config}
    environ = GITHUB | server.environ(**PRIVATE)
    made = context(folder, environ)
    inputs = replace(project(folder), **(given | changes))
    return attest.run(inputs, Context(made.output_dir, environ, made.temp_dir))


def verified(folder: Path, **given: Any) -> Outcome:
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **given), context(folder))


def wanted(release: Path, sigstore: local_sigstore.LocalSigstore) -> dict[str, Any]:
    return {
        "paths": (str(release / "model"),), "image": IMAGE, "digest": IMAGE_ID, "bundles": release / "out" / "bundles",
        "sbom": (str(release / "fraud.spdx.json"),), "repository": "octo/model",
        "trust_config": sigstore.unlogged.trusted_root, "require": ("provenance", "spdx", "vulns", "model-signature"),
    }  # fmt: skip


def gh(artifact: Path, bundle_file: Path, root: Path, *flags: str) -> int:
    environ = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "GH_TOKEN": "none", "NO_COLOR": "1"}
    files = (artifact, "--bundle", bundle_file, "--custom-trusted-root", root)
    argv = [str(part) for part in (PEERS / "gh", "attestation", "verify", *files, *flags)]
    return subprocess.run(argv, env=environ, capture_output=True, timeout=120, check=False).returncode


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        (["--repo", "octo/model"], 0),
        (["--repo", "octo/model", "--signer-workflow", WORKFLOW], 0),
        (["--repo", "octo/mode"], 1),
        (["--repo", "octo/model", "--signer-workflow", "octo/model/.github/workflows/other.yml"], 1),
        (["--repo", "octo/model", "--predicate-type", "https://cyclonedx.org/bom"], 1),
    ],
    ids=str,
)
def test_gh_judges_what_we_sign(
    release: Path, sigstore: local_sigstore.LocalSigstore, flags: list[str], status: int
) -> None:
    made = release / "out" / "bundles" / "image.provenance.sigstore.json"
    assert gh(release / "fraud.tar", made, sigstore.unlogged.trusted_root, *flags) == status


def test_we_accept_our_own_and_say_when_it_was_signed(
    release: Path, sigstore: local_sigstore.LocalSigstore, tmp_path: Path
) -> None:
    outcome = verified(tmp_path, **wanted(release, sigstore))
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    for found in json.loads((tmp_path / "out" / verify.VERDICT).read_bytes())["attestations"]:
        assert found["log_index"] == ""
        assert found["logged_at"].startswith("20")
    bundles = [json.loads(path.read_bytes()) for path in (release / "out" / "bundles").iterdir()]
    assert all(not made["verificationMaterial"]["tlogEntries"] for made in bundles)


@pytest.mark.parametrize(
    ("purposes", "authority", "reason", "stricter"),
    [
        ((ExtendedKeyUsageOID.CODE_SIGNING,), False, "", False),
        ((ExtendedKeyUsageOID.CODE_SIGNING,), True, "its certificate is that of an authority", True),
        ((ExtendedKeyUsageOID.SERVER_AUTH,), False, "not for signing code", False),
        ((), False, "not for signing code", True),
    ],
    ids=["good", "authority", "server", "no purpose"],
)
def test_certificates_that_may_not_sign(  # noqa: PLR0913 - one for each part of a certificate
    release: Path,
    sigstore: local_sigstore.LocalSigstore,
    tmp_path: Path,
    purposes: tuple[x509.ObjectIdentifier, ...],
    authority: bool,  # noqa: FBT001 - a row of a table
    reason: str,
    stricter: bool,  # noqa: FBT001 - as above
) -> None:
    """Issue the certificate again; gh lets some pass that the library for bundles with a log refuses, as we do."""
    made = json.loads((release / "out" / "bundles" / "image.provenance.sigstore.json").read_bytes())
    payload = base64.b64decode(made["dsseEnvelope"]["payload"])
    leaf = x509.load_der_x509_certificate(base64.b64decode(made["verificationMaterial"]["certificate"]["rawBytes"]))
    issuer = ec.generate_private_key(ec.SECP256R1())
    holder = certificate_authority.again(leaf, issuer, (-1, 1), purposes, authority=authority)
    root = json.loads(sigstore.unlogged.trusted_root.read_bytes())
    itself = certificate_authority.base64_of(certificate_authority.like(leaf.issuer, issuer))
    root["certificateAuthorities"][0]["certChain"]["certificates"] = [{"rawBytes": itself}]
    trusted, folder = tmp_path / "root.jsonl", tmp_path / "bundles"
    trusted.write_text(json.dumps(root) + "\n")
    envelope = dsse.Envelope(payload, keys.sign(holder.key, dsse.pae(payload)))
    stamp = timestamps.request(f"{sigstore.url}/unlogged/api/v1/timestamp", envelope.signature)
    folder.mkdir()
    again = folder / "again.sigstore.json"
    again.write_bytes(bundle.with_timestamps(envelope, holder.certificate.public_bytes(Encoding.DER), [stamp]))
    given = {"image": IMAGE, "digest": IMAGE_ID, "bundles": folder, "repository": "octo/model", "trust_config": trusted}
    outcome = verified(tmp_path, **given)
    assert outcome.exit_code is (ExitCode.VERIFICATION_FAILED if reason else ExitCode.PASSED)
    assert reason in outcome.headline
    refused = gh(release / "fraud.tar", again, trusted, "--repo", "octo/model") != 0
    assert refused is (bool(reason) and not stricter)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"repository": "octo/mode"}, "the repository is"),
        ({"repository_id": "3"}, "the repository's number is"),
        ({"source_ref": "refs/heads/other"}, "the source ref is"),
        ({"runner": "self-hosted"}, "the runner is"),
        ({"issuer": "https://token.actions.example"}, "the issuer is"),
    ],
    ids=str,
)
def test_another_identity_is_refused(
    release: Path, sigstore: local_sigstore.LocalSigstore, tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    outcome = verified(tmp_path, **(wanted(release, sigstore) | changes))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


def test_roots_with_and_without_a_log_in_one_file(
    release: Path, sigstore: local_sigstore.LocalSigstore, tmp_path: Path
) -> None:
    """As `gh attestation trusted-root` prints them. Both local authorities have the same name: both are tried."""
    both = tmp_path / "roots.jsonl"
    both.write_bytes(sigstore.trusted_root.read_bytes() + sigstore.unlogged.trusted_root.read_bytes())
    given = wanted(release, sigstore) | {"trust_config": both}
    assert verified(tmp_path, **given).exit_code is ExitCode.PASSED
    (tmp_path / "other").mkdir()
    assert signed(tmp_path / "other", sigstore).exit_code is ExitCode.PASSED
    given = {"image": IMAGE, "digest": IMAGE_ID, "bundles": tmp_path / "other" / "out" / "bundles",
             "repository": "octo/model", "trust_config": both, "require": ("provenance",)}  # fmt: skip
    assert verified(tmp_path, **given).exit_code is ExitCode.PASSED
    github = GITHUB_ROOT.read_text()
    both.write_text(json.dumps(json.loads(github)) + "\n" + json.dumps(json.loads(github)) + "\n")
    outcome = verified(tmp_path, **given)
    assert "no given root of trust knows who issued its certificate" in outcome.headline


def test_root_that_cannot_tell_the_time_is_wrong_input(sigstore: local_sigstore.LocalSigstore, tmp_path: Path) -> None:
    root = json.loads(sigstore.unlogged.trusted_root.read_bytes())
    del root["timestampAuthorities"]
    (tmp_path / "root.json").write_text(json.dumps(root))
    with pytest.raises(InputError, match="neither a transparency log nor a timestamp authority"):
        keyless.verifier(tmp_path / "root.json")


def test_every_changed_letter_is_noticed(release: Path, sigstore: local_sigstore.LocalSigstore) -> None:
    verifier = keyless.verifier(sigstore.unlogged.trusted_root)
    data = (release / "out/bundles/image.vulns.sigstore.json").read_bytes()
    assert unnoticed(verifier, data, range(0, len(data), 7)) == []


@pytest.mark.filterwarnings("ignore:Attribute's length")  # cryptography says so of a certificate's changed name
def test_every_changed_letter_of_the_timestamp_is_noticed(
    release: Path, sigstore: local_sigstore.LocalSigstore
) -> None:
    """Also where its signature does not reach: two versions in it once could be changed."""
    verifier = keyless.verifier(sigstore.unlogged.trusted_root)
    data = (release / "out/bundles/image.vulns.sigstore.json").read_bytes()
    (stamp,) = json.loads(data)["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    start = data.index(stamp["signedTimestamp"].encode())
    positions = range(start, start + len(stamp["signedTimestamp"]))
    assert unnoticed(verifier, data, positions, 1) == unnoticed(verifier, data, positions, 4) == []


def unnoticed(verifier: keyless.KeylessVerifier, data: bytes, positions: range, mask: int = 1) -> list[bytes]:
    found = []
    verifier.verify(bundle.parse(data))
    for position in positions:
        changed = data[:position] + bytes([data[position] ^ mask]) + data[position + 1 :]
        try:
            verifier.verify(bundle.parse(changed))
        except Rejection:
            continue
        found.append(data[max(0, position - 30) : position + 5])
    return found


# --- GitHub's own instance --------------------------------------------------------------------------------------------


def production(tmp_path: Path, **changes: Any) -> Outcome:
    (tmp_path / "bundles").mkdir()
    shutil.copy(ATTESTED, tmp_path / "bundles")
    given = {
        "image": "demo", "digest": DIGEST, "repository": "actions/attest-demo", "bundles": tmp_path / "bundles",
        "trust_config": GITHUB_ROOT, "require": ("provenance",),
    }  # fmt: skip
    return verified(tmp_path, **(given | changes))


def test_production_attestation_of_githubs_own_instance_is_accepted(tmp_path: Path) -> None:
    given = {"repository_id": "763287532", "owner_id": "44036562", "runner": "github-hosted",
             "signer_workflow": "actions/attest-demo/.github/workflows/build-python.yml"}  # fmt: skip
    outcome = production(tmp_path, **given)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    (found,) = json.loads((tmp_path / "out" / verify.VERDICT).read_bytes())["attestations"]
    assert found["logged_at"] == "2024-04-22T17:33:26Z"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"repository": "actions/attest-demos"}, "the repository is"),
        ({"repository_id": "763287533"}, "the repository's number is"),
        ({"signer_workflow": "actions/attest-demo/.github/workflows/build.yml"}, "the signer workflow is"),
        ({"source_ref": "refs/tags/*"}, "the source ref is"),
        ({"digest": "sha256:" + "0" * 64}, "no attestation is about it"),
    ],
    ids=str,
)
def test_production_attestation_of_githubs_own_instance_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    outcome = production(tmp_path, **changes)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


def test_gh_says_the_same_of_the_production_attestation(tmp_path: Path) -> None:
    root = tmp_path / "root.jsonl"  # it reads a root from one line only
    root.write_text(json.dumps(json.loads(GITHUB_ROOT.read_bytes())) + "\n")
    assert gh(WHEEL, ATTESTED, root, "--repo", "actions/attest-demo") == 0
    assert gh(WHEEL, ATTESTED, root, "--repo", "actions/attest-demos") == 1


def test_every_changed_letter_of_the_production_attestation_is_noticed() -> None:
    data = ATTESTED.read_bytes().strip()
    assert unnoticed(keyless.verifier(GITHUB_ROOT), data, range(0, len(data), 7)) == []


# --- services that fail -----------------------------------------------------------------------------------------------


class Broken(http.server.BaseHTTPRequestHandler):
    """Answers every request in one wrong way."""

    status, body, location, withheld = 500, b"canary-answer", "", 0

    def do_POST(self) -> None:
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Length", str(len(self.body) + self.withheld))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


def fails(sigstore: local_sigstore.LocalSigstore, folder: Path, broken: str, url: str) -> ModelsealError:
    """Sign with one service elsewhere, and check that nothing is left."""
    config = json.loads(sigstore.unlogged.trust_config.read_bytes())
    config["signingConfig"][broken][0]["url"] = url
    (folder / "broken.json").write_text(json.dumps(config))
    with pytest.raises(ModelsealError) as caught:
        signed(folder, sigstore.unlogged, trust_config=folder / "broken.json")
    assert list((folder / "out").iterdir()) == []
    assert "eyJ" not in str(caught.value)  # how every token begins
    return caught.value


@pytest.mark.parametrize("broken", ["caUrls", "tsaUrls"])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""), (401, b"no"), (429, b"slow down"), (404, b""), (302, b""), (200, b""), (201, b"{}"),
        (200, b'{"signedCertificateDetachedSct": {"chain": {"certificates": ["x", "y"]}}}'), (200, b"0" * 2_000_000),
        (200, b"null"), (200, b'{"signedCertificateEmbeddedSct": null}'), (200, bytes.fromhex("30053003020100")),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_services_that_answer_wrongly(  # noqa: PLR0913 - pytest's way
    sigstore: local_sigstore.LocalSigstore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    status: int,
    body: bytes,
) -> None:
    monkeypatch.setattr("modelseal.attestation.sigstore_http._AGAIN", 0)
    handler = type("Handler", (Broken,), {"status": status, "body": body, "location": sigstore.url})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        error = fails(sigstore, tmp_path, broken, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert isinstance(error, ToolError)


@pytest.mark.parametrize("broken", ["caUrls", "tsaUrls"])
def test_service_that_hangs_up_in_its_answer(
    sigstore: local_sigstore.LocalSigstore, tmp_path: Path, broken: str
) -> None:
    handler = type("Handler", (Broken,), {"status": 200, "withheld": 5})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        error = fails(sigstore, tmp_path, broken, f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert isinstance(error, ToolError)
    assert "cannot be reached" in str(error)


@pytest.mark.parametrize("broken", ["caUrls", "tsaUrls"])
def test_services_that_are_not_there(sigstore: local_sigstore.LocalSigstore, tmp_path: Path, broken: str) -> None:
    assert "cannot be reached" in str(fails(sigstore, tmp_path, broken, "http://127.0.0.1:9"))


@pytest.mark.parametrize("broken", ["caUrls", "tsaUrls"])
def test_nothing_is_sent_where_anybody_could_read_it(
    sigstore: local_sigstore.LocalSigstore, tmp_path: Path, broken: str
) -> None:
    error = fails(sigstore, tmp_path, broken, "http://authority.example")
    assert isinstance(error, InputError)
    assert "must begin with https://" in str(error)


def test_service_that_never_answers_is_given_up(
    sigstore: local_sigstore.LocalSigstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelseal.attestation.keyless._SIGNING_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = fails(sigstore, tmp_path, "caUrls", f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "took more than 1 seconds" in str(error)


class Twice(Broken):
    """Fails first, and then answers as another server does."""

    asked: list[str]
    status = 503

    def do_POST(self) -> None:
        self.asked.append(self.path)
        super().do_POST()


def test_service_that_is_busy_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigstore_http, "_AGAIN", sigstore_http._AGAIN.new(backoff_factor=0))
    asked: list[str] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Twice,), {"asked": asked})) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with pytest.raises(ToolError, match="status 503"):
            timestamps.request(f"http://127.0.0.1:{server.server_address[1]}/stamp", b"signature")
        server.shutdown()
    assert asked == ["/stamp"] * 4


def test_answers_to_other_questions_are_not_used(sigstore: local_sigstore.LocalSigstore) -> None:
    """A certificate for another key, a timestamp for another question: as one gets who reads and replays."""
    stamping = f"{sigstore.url}/unlogged/api/v1/timestamp"
    earlier = timestamps.request(stamping, b"signature")
    handler: Any = type("Handler", (Broken,), {"status": 200, "body": earlier})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        with pytest.raises(ToolError, match="it answers another question"):
            timestamps.request(address, b"signature")
        certificate = json.loads(ATTESTED.read_bytes())["verificationMaterial"]["certificate"]["rawBytes"]
        pem = f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"
        handler.body = json.dumps({"signedCertificateDetachedSct": {"chain": {"certificates": [pem]}}}).encode()
        with pytest.raises(ToolError, match="it is for another key"):
            fulcio.certificate(address, "token", ec.generate_private_key(ec.SECP256R1()))
        server.shutdown()
