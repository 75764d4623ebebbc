"""What `build-image` makes of engines that are not here: one that calls images by their manifests, a racing one."""

import json
import os
from pathlib import Path

import pytest

import saved_images
from modelseal import station
from modelseal.commands import build_image
from modelseal.errors import InputError, ToolError
from modelseal.station import Context
from saved_images import config, docker_members, oci_members, tar

LAYER = tar([("etc/hostname", b"here\n")])
CONFIG = config([LAYER])
OTHER = config([LAYER], created="2026-01-01T00:00:00Z")


def manifest_digest(described: bytes) -> str:
    (index,) = (json.loads(content) for name, content in oci_members([LAYER], described) if name == "index.json")
    return str(index["manifests"][0]["digest"])


def engine(folder: Path, built: str, archive: bytes, pushed: str = "") -> dict[str, str]:
    """Make a client with buildx that builds, saves and pushes what it is told to; return the environment with it."""
    (folder / "saved.tar").write_bytes(archive)
    client = folder / "bin" / "docker"
    client.parent.mkdir()
    client.write_text(
        f"""#!/bin/sh
case "$1 $2" in
"version --format") echo '{{"Client": {{"Version": "28.0.0"}}}}';;
"buildx version") ;;
"buildx build") while [ $# -gt 1 ]; do [ "$1" = --iidfile ] && printf %s {built} >"$2"; shift; done;;
"save small:1") cat {folder}/saved.tar;;
"push small:1") echo 1: digest: sha256:{"5" * 64} size: 5;;
"image inspect") echo {pushed};;
*) exit 9;;
esac
"""
    )
    client.chmod(0o755)
    return {"PATH": f"{client.parent}:{os.environ['PATH']}"}


def run(folder: Path, environ: dict[str, str], **inputs: str) -> build_image.Outputs:
    context_folder = folder / "context"
    context_folder.mkdir(exist_ok=True)
    (context_folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "out").mkdir(exist_ok=True)
    masked: list[str] = []
    context = Context(folder / "out", environ, folder, masked.append)
    texts = {"image": "small:1", "context": str(context_folder)} | inputs
    outcome = build_image.run(station.read_inputs(build_image.Inputs, texts), context)
    assert set(masked) <= {"", "canary"}
    assert isinstance(outcome.outputs, build_image.Outputs)
    return outcome.outputs


def test_an_engine_that_calls_images_by_their_configuration(tmp_path: Path) -> None:
    environ = engine(tmp_path, saved_images.digest(CONFIG), tar(docker_members([LAYER], CONFIG)))
    assert run(tmp_path, environ).image_id == saved_images.digest(CONFIG)


def test_an_engine_that_calls_images_by_their_manifest(tmp_path: Path) -> None:
    archive = tar(docker_members([LAYER], CONFIG) + oci_members([LAYER], CONFIG))
    environ = engine(tmp_path, manifest_digest(CONFIG), archive)
    assert run(tmp_path, environ).image_id == saved_images.digest(CONFIG)


@pytest.mark.parametrize(
    ("built", "archive"),
    [
        (saved_images.digest(OTHER), tar(docker_members([LAYER], CONFIG))),
        (manifest_digest(OTHER), tar(docker_members([LAYER], CONFIG) + oci_members([LAYER], CONFIG))),
    ],
)
def test_another_image_under_the_name_is_an_error_and_not_kept(tmp_path: Path, built: str, archive: bytes) -> None:
    with pytest.raises(ToolError, match="taken this image's name"):
        run(tmp_path, engine(tmp_path, built, archive))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("pushed", [saved_images.digest(CONFIG), manifest_digest(CONFIG)])
def test_an_engine_may_call_what_it_pushed_by_another_name_than_what_it_built(tmp_path: Path, pushed: str) -> None:
    archive = tar(docker_members([LAYER], CONFIG) + oci_members([LAYER], CONFIG))
    environ = engine(tmp_path, saved_images.digest(CONFIG), archive, pushed)
    assert run(tmp_path, environ, push="true").digest == f"sha256:{'5' * 64}"


@pytest.mark.parametrize("pushed", [saved_images.digest(OTHER), manifest_digest(CONFIG), ""])
def test_another_image_that_was_pushed_is_an_error(tmp_path: Path, pushed: str) -> None:
    environ = engine(tmp_path, saved_images.digest(CONFIG), tar(docker_members([LAYER], CONFIG)), pushed)
    with pytest.raises(ToolError, match="Another image was pushed"):
        run(tmp_path, environ, push="true")


@pytest.mark.parametrize("built", ["''", "sha256:", "latest"])
def test_a_build_without_an_id_is_an_error(tmp_path: Path, built: str) -> None:
    with pytest.raises(ToolError, match="without saying its id"):
        run(tmp_path, engine(tmp_path, built, tar(docker_members([LAYER], CONFIG))))
    assert list((tmp_path / "out").iterdir()) == []


def test_secrets_are_masked_those_of_files_too(tmp_path: Path) -> None:
    environ = engine(tmp_path, saved_images.digest(CONFIG), tar(docker_members([LAYER], CONFIG)))
    masked: list[str] = []
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "npmrc").write_bytes(b"first\nof the file: \xff")
    secrets = f"id=a,env=TOKEN\nid=b,src={tmp_path}/npmrc"
    texts = {"image": "small:1", "context": str(tmp_path / "context"), "secrets": secrets}
    inputs = station.read_inputs(build_image.Inputs, texts)
    build_image.run(inputs, Context(tmp_path, environ | {"TOKEN": "canary"}, tmp_path, masked.append))
    assert masked == ["canary", "first\nof the file: \N{REPLACEMENT CHARACTER}"]


def test_a_secret_that_is_not_there_stops_the_build(tmp_path: Path) -> None:
    environ = engine(tmp_path, saved_images.digest(CONFIG), tar(docker_members([LAYER], CONFIG)))
    (tmp_path / "large").write_bytes(bytes(500 * 1024 + 1))
    os.mkfifo(tmp_path / "pipe")
    for secret in ("env=TOKEN", *(f"src={tmp_path}/{name}" for name in ("missing", "large", "pipe", "context"))):
        with pytest.raises(InputError, match="build secret a ") as caught:
            run(tmp_path, environ | {"TOKEN": ""}, secrets=f"id=a,{secret}")
        assert caught.value.mend


@pytest.mark.parametrize("inputs", [{"image": f"x@sha256:{'0' * 64}"}, {"context": "/nowhere"}, {"file": "/nowhere"}])
def test_wrong_inputs_never_reach_the_engine(tmp_path: Path, inputs: dict[str, str]) -> None:
    with pytest.raises(InputError):
        run(tmp_path, {"PATH": ""}, **inputs)
