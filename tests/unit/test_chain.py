"""The chain where it stops early; where it goes through, see the end-to-end tests."""

import base64
import json
import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from modelseal import chain, process, station
from modelseal.errors import InputError
from modelseal.station import Context

STALE = ("fraud-1.verdict.json", "fraud-1.spdx.json", "fraud-1.cdx.json", "fraud-1.tar", "verification.json")


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


KEY = pem(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def context(tmp_path: Path) -> Context:
    output, temporary = tmp_path / "out", tmp_path / "temporary"
    for folder in (output, temporary, output / "bundles"):
        folder.mkdir()
    for name in STALE:
        (output / name).write_text("{}")
    (output / "bundles" / "image.vulns.sigstore.json").write_text("{}")
    return Context(output, {"PATH": os.environ["PATH"]}, temporary)


def run(context: Context, folder: Path, **texts: str) -> None:
    chain.run(station.read_inputs(chain.Inputs, {"image": "fraud:1", "context": str(folder), **texts}), context)


@pytest.mark.parametrize(
    "texts",
    [
        {"sign": "key", "private-key": KEY},  # the Dockerfile is missing
        {"sign": "key"},  # there is no key
        {"sign": "keyless"},  # there is no token
        {"sign": "keyless", "private-key": KEY},
    ],
    ids=["no Dockerfile", "no key", "no token", "a key too many"],
)
def test_whatever_stops_it_leaves_nothing_of_an_earlier_run(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str]
) -> None:
    monkeypatch.setattr(chain, "prepare", lambda *_: None)  # fetches tools
    with pytest.raises(InputError):
        run(context, tmp_path, **texts)
    assert list(context.output_dir.iterdir()) == []


def test_a_folder_of_somebody_else_is_not_removed(context: Context, tmp_path: Path) -> None:
    (context.output_dir / "bundles" / "thesis.pdf").write_text("years of work")
    with pytest.raises(InputError, match="something else"):
        run(context, tmp_path, sign="key", **{"private-key": KEY})
    assert (context.output_dir / "bundles" / "thesis.pdf").exists()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"store": "file,oci"}, "it is not pushed there"),
        ({"store": "github"}, "needs a token"),
        ({"store": "file,github", "github-token": "x"}, "repository is not known"),
        ({"store": "s3"}, "not one of"),
    ],
)
def test_store_that_cannot_be_used_stops_it_at_once(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(chain, "prepare", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(InputError, match=message):
        run(context, tmp_path, sign="key", **{"private-key": KEY}, **texts)


def test_what_cannot_be_signed_or_recorded_is_said_before_anything_is_built(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "_together", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(InputError, match="signature cannot be made with this key"):
        run(context, tmp_path, sign="key", models="model", **{"private-key": pem(ed25519.Ed25519PrivateKey.generate())})
    with pytest.raises(InputError, match="audit log"):
        run(context, tmp_path, sign="key", **{"private-key": KEY, "audit-log": str(tmp_path / "missing" / "log")})
    with pytest.raises(InputError, match="not a JSON Web Token"):
        run(replace(context, environ={"SIGSTORE_ID_TOKEN": "x"}), tmp_path)
    with pytest.raises(InputError, match="not a workflow's"):
        run(replace(context, environ={"SIGSTORE_ID_TOKEN": token(iss="https://accounts.google.com")}), tmp_path)


def test_audit_log_in_the_place_of_what_is_written_is_refused_and_kept(context: Context, tmp_path: Path) -> None:
    log = context.output_dir / "verification.json"
    with pytest.raises(InputError, match="writes that file anew"):
        run(context, tmp_path, sign="key", **{"private-key": KEY, "audit-log": str(log)})
    assert log.exists()


def token(**claims: str) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.e30"


def test_what_a_reusable_workflow_of_another_repository_signed_is_verified_by_that_workflow(
    context: Context, tmp_path: Path
) -> None:
    claims = dict.fromkeys(("repository_id", "repository_owner_id", "run_id", "run_attempt"), "1")
    claims |= {"repository": "octo/model", "ref": "refs/heads/main", "sha": "a" * 40, "event_name": "push",
               "workflow_ref": "octo/model/.github/workflows/ci.yml@refs/heads/main",
               "job_workflow_ref": "platform/ci/.github/workflows/seal.yml@refs/heads/v1",
               "runner_environment": "github-hosted"}  # fmt: skip
    inputs = station.read_inputs(chain.Inputs, {"image": "fraud:1", "context": str(tmp_path)})
    outputs = chain.Outputs(image="fraud:1", image_id=f"sha256:{'1' * 64}", bundles="bundles")
    job = replace(context, environ={"SIGSTORE_ID_TOKEN": token(**claims)})
    verified = chain._verify_inputs(inputs, outputs, chain._trusted(inputs, outputs, job))
    assert verified.repository == "octo/model"
    assert verified.source_digest == "a" * 40
    assert verified.signer_workflow == claims["job_workflow_ref"]


def test_nothing_is_left_of_an_earlier_look_into_the_model(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "prepare", lambda *_: None)
    for name in ("model.verdict.json", "model.sarif", "model.trace.txt", "model.manifest.json", "SHA256SUMS"):
        (context.output_dir / name).write_text("{}")
    with pytest.raises(InputError):
        run(context, tmp_path, sign="key", models=str(tmp_path / "model"), **{"private-key": KEY})
    assert list(context.output_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("models", "name"),
    [
        ("model", "model"),
        ("some/where/my model/", "my-model"),
        ("fraud-1", "fraud-1-model"),  # as the image's files are called
        ("Fraud-1", "Fraud-1-model"),
        ("image", "image-model"),  # as the image's statements are called
        ("IMAGE", "IMAGE-model"),
        ("a\nb", "here"),
        ("models/*.onnx", "here"),
    ],
)
def test_the_model_s_files_are_never_called_as_the_image_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: str, name: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert chain._model_name(station.read_inputs(chain.Inputs, {"image": "fraud:1", "models": models})) == name


def test_a_policy_that_models_cannot_be_held_to_is_said_before_anything_is_built(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "prepare", lambda *_: pytest.fail("it has begun"))
    (tmp_path / "p.yml").write_text("version: 1\nmodels: {denied-formats: [pickl]}\n")
    with pytest.raises(InputError, match="a format that there is not: pickl"):
        run(context, tmp_path, policy=str(tmp_path / "p.yml"), models="model", sign="key", **{"private-key": KEY})


def test_what_fails_first_ends_what_is_done_beside_it() -> None:
    def fail() -> None:
        time.sleep(0.3)
        raise InputError("it cannot be used")

    sleeping = partial(process.run, ["sleep", "60"], env={"PATH": os.environ["PATH"]})
    started = time.monotonic()
    with pytest.raises(InputError, match="cannot be used"):
        chain._together(sleeping, fail, sleeping)
    assert time.monotonic() - started < 30


def test_what_is_done_at_the_same_time_is_returned_in_order() -> None:
    assert chain._together(partial(time.sleep, 0.1), partial(int, "2"), partial(str, 3)) == [None, 2, "3"]
