"""Inputs for the tests of attest and verify: keys, a manifest in the model signing format, SBOMs and verdicts."""

import base64
import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import saved_images
from modelseal import station
from modelseal.attestation.keys import KeySigner, PrivateKey
from modelseal.commands import attest, verify
from modelseal.station import Context, Outcome

_LAYER = saved_images.tar([("app/main.py", b"print()\n")])
CONFIG = saved_images.config([_LAYER])
IMAGE_ID = saved_images.digest(CONFIG)
IMAGE = "registry.example/octo/fraud:1.0"
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "octo/model",
    "GITHUB_REPOSITORY_ID": "1",
    "GITHUB_REPOSITORY_OWNER_ID": "2",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_WORKFLOW_REF": "octo/model/.github/workflows/release.yml@refs/heads/main",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_RUN_ID": "1",
    "GITHUB_RUN_ATTEMPT": "1",
    "RUNNER_ENVIRONMENT": "github-hosted",
}
MODEL = {"config.json": b"{}", "weights/model.onnx": b"weights " * 64}


@cache
def key(kind: str) -> PrivateKey:
    """Return a key of a kind, the same one each time."""
    curves = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1(), "K-256": ec.SECP256K1()}
    if kind in curves:
        return ec.generate_private_key(curves[kind])
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, int(kind.removeprefix("RSA ")))


def pem(private_key: PrivateKey, password: str = "") -> str:
    """Return a private key as PEM text."""
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return private_key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


def public_pem(private_key: PrivateKey) -> bytes:
    """Return the public half as PEM text."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private_key.public_key().public_bytes(serialization.Encoding.PEM, form)


def manifest(files: Mapping[str, bytes] = MODEL, **serialization_extra: Any) -> bytes:
    """Return a manifest as a model's hashing makes it."""
    digests = {name: hashlib.sha256(data) for name, data in sorted(files.items())}
    root = hashlib.sha256(b"".join(digest.digest() for digest in digests.values())).hexdigest()
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "fraud-model", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False, **serialization_extra},
            "resources": [
                {"name": name, "algorithm": "sha256", "digest": digest.hexdigest()} for name, digest in digests.items()
            ],
        },
    }
    return json.dumps(document, indent=2).encode()


def spdx(**extra: object) -> bytes:
    """Return a small SPDX document."""
    return json.dumps({"spdxVersion": "SPDX-2.3", "name": "fraud", "packages": [], **extra}, indent=1).encode()


def cyclonedx(**extra: object) -> bytes:
    """Return a small CycloneDX document."""
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [], **extra}).encode()


def verdict(result: str = "passed", image_id: str = IMAGE_ID, **extra: object) -> bytes:
    """Return a verdict file."""
    finding = {
        "kind": "vulnerability", "id": "CVE-2024-0001", "severity": "LOW", "title": "An example", "url": "https://example.org",
        "package": {"name": "left", "version": "1", "purl": "pkg:pypi/left@1", "type": "pip"},
        "fixed_version": "2", "status": "fixed", "decision": "below",
    }  # fmt: skip
    document = {
        "schema": "https://github.com/modelseal/modelseal/verdict/v1",
        "verdict": result,
        "subject": {"name": IMAGE, "image_id": image_id, "digest": ""},
        "scanner": {"name": "trivy", "version": "0.74.0", "sha256": "2" * 64},
        "database": {"digest": "", "updated_at": "2026-11-20T00:00:00Z"},
        "scanners": ["vuln", "secret"],
        "started_at": "2026-11-21T00:00:00Z",
        "scanned_at": "2026-11-21T00:01:00Z",
        "policy": {"source": "", "sha256": ""},
        "counts": {"LOW": 1},
        "findings": [finding, {"kind": "secret", "id": "aws-access-key-id", "severity": "LOW", "decision": "below"}],
        **extra,
    }
    return json.dumps(document).encode()


def project(folder: Path) -> attest.Inputs:
    """Write everything that is attested, and return inputs that attest it with a key."""
    files = {
        "fraud-model.manifest.json": manifest(),
        "fraud.spdx.json": spdx(),
        "fraud.cdx.json": cyclonedx(),
        "fraud.verdict.json": verdict(),
        "fraud.tar": saved_images.tar(saved_images.docker_members([_LAYER], CONFIG)),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return attest.Inputs(
        manifest=folder / "fraud-model.manifest.json",
        image=IMAGE,
        digest=IMAGE_ID,
        image_id="",
        archive=folder / "fraud.tar",
        sbom=(str(folder / "fraud.spdx.json"), str(folder / "fraud.cdx.json")),
        verdicts=(str(folder / "fraud.verdict.json"),),
        base_images=(),
        base_models=(),
        datasets=(),
        materials=(),
        provenance=True,
        summary=None,
        sign="key",
        private_key=pem(key("P-256")),
        private_key_password="",
        certificate_chain=None,
        key_uri="",
        key_packages=None,
        trust_config=None,
        store=("file",),
        registry_images=(),
        bundles=None,
        audit_log=None,
        github_token="",
    )


def context(folder: Path, environ: Mapping[str, str] | None = None) -> Context:
    """Return a context that writes to `out` in a folder."""
    for name in ("out", "temp"):
        (folder / name).mkdir(exist_ok=True)
    return Context(output_dir=folder / "out", environ=dict(environ or {}), temp_dir=folder / "temp")


def attested(folder: Path, environ: Mapping[str, str] | None = None, **changes: Any) -> Outcome:
    """Attest the project in a folder."""
    return attest.run(replace(project(folder), **changes), context(folder, environ))


def payloads(folder: Path) -> dict[str, Any]:
    """Return the statement in every bundle of a folder."""
    found = {}
    for path in folder.iterdir():
        envelope = json.loads(path.read_bytes())["dsseEnvelope"]
        found[path.name] = json.loads(base64.b64decode(envelope["payload"]))
    return found


def release(folder: Path, environ: Mapping[str, str] | None = None, **changes: Any) -> verify.Inputs:
    """Attest the project, write the model's files, and return inputs that verify all of it with the public key."""
    if environ or changes:
        attested(folder, environ, **changes)
    else:
        project(folder)
        context(folder)
        (folder / "out" / "bundles").mkdir()
        for name, data in _bundles().items():
            (folder / "out" / "bundles" / name).write_bytes(data)
    for name, data in MODEL.items():
        (folder / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model" / name).write_bytes(data)
    (folder / "key.pub").write_bytes(public_pem(key("P-256")))
    return replace(
        station.read_inputs(verify.Inputs, {}),
        paths=(str(folder / "model"),),
        image=IMAGE,
        digest=IMAGE_ID,
        sbom=(str(folder / "fraud.spdx.json"), str(folder / "fraud.cdx.json")),
        bundles=folder / "out" / "bundles",
        public_key=folder / "key.pub",
        require=("provenance", "spdx", "cyclonedx", "vulns"),
    )


@cache
def _bundles() -> dict[str, bytes]:
    """Attest the project once: it is done anew often enough, and every file takes a write through to the disk."""
    with tempfile.TemporaryDirectory() as folder:
        attested(Path(folder))
        return {path.name: path.read_bytes() for path in (Path(folder) / "out" / "bundles").iterdir()}


def signed(statement: object, private_key: PrivateKey | None = None) -> bytes:
    """Sign any JSON data, or bytes, as a bundle: what `attest` would never make."""
    payload = statement if isinstance(statement, bytes) else json.dumps(statement).encode()
    (made,) = KeySigner(private_key or key("P-256")).sign((payload,))
    return made
