"""What `sigstore sign` makes of a single file: accepted for that file, and for nothing else."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import local_sigstore
from attestation_material import context, key, public_pem
from modelseal import station
from modelseal.attestation import oidc
from modelseal.commands import verify
from modelseal.errors import InputError
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

SIGNATURES = Path(__file__).parents[1] / "assets" / "signatures"
WHEEL = SIGNATURES / "production" / "bundle_v3_github.whl"
SIGNED = WHEEL.with_name("bundle_v3_github.whl.sigstore")
WORKFLOW = "trailofbits/rfc8785.py/.github/workflows/release.yml"


def verified(folder: Path, root: Path, **changes: Any) -> Outcome:
    usual: dict[str, Any] = {
        "paths": (str(WHEEL),), "signature": SIGNED, "repository": "trailofbits/rfc8785.py", "trust_config": root,
        "require": ("model-signature",),
    }  # fmt: skip
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **(usual | changes)), context(folder))


@pytest.mark.parametrize(
    "more", [{}, {"signer_workflow": WORKFLOW, "source_ref": "refs/tags/v*"}, {"repository_id": "768213997"}], ids=str
)
def test_file_that_a_workflow_signed_is_accepted(tmp_path: Path, root: Path, more: dict[str, Any]) -> None:
    outcome = verified(tmp_path, root, **more)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    assert outcome.outputs.digest == "sha256:c4e92e9ecc828bef2aa7dba1de8ac983511f7532a0df11c770d39099a25cf201"
    summary = json.loads((tmp_path / "out" / verify.SUMMARY).read_bytes())
    assert summary["subject"][0]["name"] == WHEEL.name
    assert summary["predicate"]["verifiedLevels"] == ["SLSA_BUILD_LEVEL_0"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"repository": "trailofbits/rfc8785"}, "the repository is"),
        ({"signer_workflow": WORKFLOW.replace("release", "other")}, "the signer workflow is"),
        ({"issuer": "https://accounts.example"}, "the issuer is"),
        ({"repository_id": "768213998"}, "the repository's number is"),
        ({"source_ref": "refs/heads/main"}, "the source ref is"),
        ({"require": ("model-signature", "provenance")}, "no attestation is about it"),
        ({"require": ("provenance",)}, "no attestation is about it"),
        ({"require": ()}, "no attestation is about it"),
    ],
    ids=str,
)
def test_file_is_refused_where_more_is_demanded(
    tmp_path: Path, root: Path, changes: dict[str, Any], reason: str
) -> None:
    if changes.get("require") == ():
        changes = {"require": station.read_inputs(verify.Inputs, {}).require}
    outcome = verified(tmp_path, root, **changes)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


def test_another_file_is_refused_and_so_is_a_folder_that_would_give_it_a_name(tmp_path: Path, root: Path) -> None:
    (tmp_path / "model").mkdir()
    file = shutil.copy(WHEEL, tmp_path / "model" / "renamed.whl")
    assert verified(tmp_path, root, paths=(str(file),)).exit_code is ExitCode.PASSED  # the caller chose it
    assert "give the file itself" in verified(tmp_path, root, paths=(str(tmp_path / "model"),)).headline
    (tmp_path / "model" / "more").write_bytes(b"")
    assert "added: more" in verified(tmp_path, root, paths=(str(tmp_path / "model"),)).headline
    Path(file).write_bytes(WHEEL.read_bytes() + b"0")
    assert "changed: renamed.whl" in verified(tmp_path, root, paths=(str(file),)).headline
    (tmp_path / "link.whl").symlink_to(WHEEL)
    with pytest.raises(InputError, match="symbolic link"):
        verified(tmp_path, root, paths=(str(tmp_path / "link.whl"),))


def test_it_is_no_attestation_and_nothing_for_a_key(tmp_path: Path, root: Path) -> None:
    (tmp_path / "bundles").mkdir()
    shutil.copy(SIGNED, tmp_path / "bundles" / "wheel.sig")
    among = verified(tmp_path, root, signature=None, bundles=tmp_path / "bundles")
    assert "wheel.sig: it signs a file directly and states nothing about it" in among.headline
    (tmp_path / "key.pub").write_bytes(public_pem(key("P-256")))
    with_key = verified(tmp_path, root, trust_config=None, repository="", public_key=tmp_path / "key.pub")
    assert "accepted only where it was signed keyless" in with_key.headline
    instance = SIGNATURES / "production" / "github_trusted_root.json"
    assert "verified only with a log" in verified(tmp_path, instance).headline


def flipped(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(data).decode()


MESSAGE: Callable[[Any], Any] = lambda document: document["messageSignature"]  # noqa: E731 # a shorthand
ENTRY: Callable[[Any], Any] = lambda document: document["verificationMaterial"]["tlogEntries"][0]  # noqa: E731
PROOF: Callable[[Any], Any] = lambda document: ENTRY(document)["inclusionProof"]  # noqa: E731


def NOTE(document: Any, old: str, new: str) -> None:  # noqa: N802 # one of the shorthands
    checkpoint = PROOF(document)["checkpoint"]
    assert old in checkpoint["envelope"]
    checkpoint["envelope"] = checkpoint["envelope"].replace(old, new)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: MESSAGE(d).update(signature=flipped(MESSAGE(d)["signature"])), "Sigstore refuses it"),
        (lambda d: MESSAGE(d)["messageDigest"].update(digest=flipped(MESSAGE(d)["messageDigest"]["digest"])),
         "Sigstore refuses it"),
        (lambda d: MESSAGE(d)["messageDigest"].update(algorithm="SHA2_384"), "of the algorithm 'SHA2_384'"),
        (lambda d: MESSAGE(d)["messageDigest"].update(algorithm=["SHA2_256"]), "of the algorithm"),
        (lambda d: MESSAGE(d)["messageDigest"].update(digest="AAAA"), "not one of SHA-256"),
        (lambda d: MESSAGE(d)["messageDigest"].update(digest="-_8="), "not base64"),
        (lambda d: MESSAGE(d).pop("messageDigest"), "the file's digest is not an object"),
        (lambda d: MESSAGE(d).pop("signature"), "the signature is not a text"),
        (lambda d: MESSAGE(d).update(more=1), "unknown member 'more'"),
        (lambda d: d.update(messageSignature=None), "not an object"),
        (lambda d: d.update(messageSignature=[]), "not an object"),
        (lambda d: d.update(dsseEnvelope={}), "has an envelope too"),
        (lambda d: ENTRY(d).pop("inclusionProof"), "no inclusion proof"),
        (lambda d: ENTRY(d)["inclusionProof"].update(logIndex="1"), "Sigstore refuses it"),
        (lambda d: ENTRY(d).update(integratedTime="1"), "Sigstore refuses it"),
        (lambda d: ENTRY(d).update(canonicalizedBody=flipped(ENTRY(d)["canonicalizedBody"])), "Sigstore refuses it"),
        (lambda d: d["verificationMaterial"].update(tlogEntries=[]), "no entry of a transparency log"),
        (lambda d: PROOF(d).update(rootHash=PROOF(d)["rootHash"][:-2] + "5="), "not base64 in its canonical form"),
        (lambda d: PROOF(d)["hashes"].__setitem__(0, PROOF(d)["hashes"][0][:-2] + "5="), "in its canonical form"),
        (lambda d: NOTE(d, "\u2014 rekor", "\u2014 sekor"), "no signature by 'rekor.sigstore.dev'"),
        (lambda d: NOTE(d, "c8g==\n", "c8h==\n"), "not base64 in its canonical form"),
        (lambda d: NOTE(d, "c8g==\n", "c8g==\n- x AAAAAAAA\n"), "lines below it that are no signatures"),
    ],
)  # fmt: skip
def test_file_signature_with_a_change_is_refused(
    tmp_path: Path, root: Path, change: Callable[[Any], object], reason: str
) -> None:
    document = json.loads(SIGNED.read_bytes())
    change(document)
    (tmp_path / "changed.sigstore").write_text(json.dumps(document))
    outcome = verified(tmp_path, root, signature=tmp_path / "changed.sigstore")
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert reason in outcome.headline


def test_file_that_sigstores_command_line_signs_today_is_accepted(
    tmp_path: Path, sigstore: local_sigstore.LocalSigstore
) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"weights")
    program = Path(sys.executable).with_name("sigstore")
    token = oidc.identity_token(sigstore.environ(), lambda _: None)
    done = subprocess.run(
        [program, "--trust-config", sigstore.trust_config, "sign", "--identity-token", token, model],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    given = {
        "paths": (str(model),), "signature": tmp_path / "model.safetensors.sigstore.json", "repository": "octo/model",
    }  # fmt: skip
    outcome = verified(tmp_path, sigstore.trusted_root, **given)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline
    assert "the repository is" in verified(tmp_path, sigstore.trusted_root, **given | {"repository": "octo/x"}).headline
    model.write_bytes(b"Weights")
    assert "changed: model.safetensors" in verified(tmp_path, sigstore.trusted_root, **given).headline
