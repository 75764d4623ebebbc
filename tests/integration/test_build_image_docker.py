"""`build-image` with a real engine: what ends up in the image, the archive, the registry, and what never does."""

import json
import logging
import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import loopback_registry
from modelseal import station
from modelseal.commands import build_image
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.image.archive import read as saved_image
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode

pytestmark = pytest.mark.docker

ASSETS = Path(__file__).resolve().parents[1] / "assets"
BASE_IMAGE = "modelseal-base:bookworm"
CANARY = "canary-9f86d081884c7d659a2feaa0c55ad015"
PREFIX = f"modelseal-test-build-{os.getpid()}"


@pytest.fixture(scope="module", autouse=True)
def base_image() -> None:
    subprocess.run(["sh", ASSETS / "make_base_image.sh", BASE_IMAGE], check=True, timeout=600)


@pytest.fixture(scope="module", autouse=True)
def removed_afterwards() -> Iterator[None]:
    yield
    listed = subprocess.run(
        ["docker", "image", "ls", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    for line in listed.stdout.splitlines():
        id_, _, name = line.partition(" ")
        if PREFIX in name:
            image = id_ if name.endswith(":<none>") else name
            subprocess.run(["docker", "image", "rm", "--force", image], check=False, stdout=subprocess.DEVNULL)


Build = Callable[..., Outcome]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "data.txt").write_text("data\n")
    dockerfile(folder, "FROM scratch\nCOPY data.txt /data.txt\n")
    return folder


@pytest.fixture
def build(tmp_path: Path, project: Path) -> Build:
    """Return what runs the station as the command line does; inputs are texts."""
    numbers = iter(range(100))

    def run(
        name: str = "small", environ: dict[str, str] | None = None, out: Path | None = None, **inputs: str
    ) -> Outcome:
        texts = {"image": f"{PREFIX}-{name}", "context": str(project), "pull": "false"}
        texts |= {key.replace("_", "-"): text for key, text in inputs.items()}
        temporary = tmp_path / f"temporary-{next(numbers)}"
        temporary.mkdir()
        folder = out or tmp_path / "out"
        folder.mkdir(exist_ok=True)
        context = Context(output_dir=folder, environ=os.environ | (environ or {}), temp_dir=temporary)
        return build_image.run(station.read_inputs(build_image.Inputs, texts), context)

    return run


def dockerfile(folder: Path, text: str) -> None:
    (folder / "Dockerfile").write_text(text)


def outputs(outcome: Outcome) -> build_image.Outputs:
    assert isinstance(outcome.outputs, build_image.Outputs)
    assert outcome.exit_code is ExitCode.PASSED
    return outcome.outputs


def inspected(image: str) -> dict[str, Any]:
    done = subprocess.run(["docker", "image", "inspect", image], check=True, capture_output=True, timeout=60)
    (read,) = json.loads(done.stdout)
    return dict(read)


def files(archive: str) -> dict[str, bytes]:
    """Return the files of an image, of all its layers, by their names."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as saved:
        (manifest,) = json.loads(_member(saved, "manifest.json"))
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=saved.extractfile(layer)) as opened:
                found |= {member.name: _member(opened, member.name) for member in opened if member.isfile()}
    return found


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    assert stream is not None
    return stream.read()


def test_the_archive_holds_the_image_that_the_engine_has(build: Build) -> None:
    built = outputs(build("plain:1.4"))
    assert inspected(f"{PREFIX}-plain:1.4")["Id"] in saved_image(Path(built.archive)).engine_ids
    assert Path(built.archive).name == f"{PREFIX}-plain-1.4.tar"
    with tarfile.open(built.archive) as saved:
        (manifest,) = json.loads(_member(saved, "manifest.json"))
        config = _member(saved, manifest["Config"])
    oracle = subprocess.run(["sha256sum"], input=config, check=True, capture_output=True).stdout.decode()[:64]
    assert built.image_id == f"sha256:{oracle}"
    assert files(built.archive)["data.txt"] == b"data\n"
    assert built.digest == ""


def test_twice_gives_the_same_content_and_a_fresh_archive(build: Build, project: Path) -> None:
    first = outputs(build("twice"))
    (project / "data.txt").write_text("other\n")
    second = outputs(build("twice"))
    assert first.archive == second.archive
    assert first.image_id != second.image_id
    assert files(second.archive)["data.txt"] == b"other\n"


def test_a_name_without_a_tag_means_the_latest_alone(build: Build, project: Path) -> None:
    build("tags:other")
    (project / "data.txt").write_text("latest\n")
    built = outputs(build("tags"))
    assert files(built.archive)["data.txt"] == b"latest\n"
    assert inspected(f"{PREFIX}-tags:latest")["Id"] in saved_image(Path(built.archive)).engine_ids


def test_labels_and_arguments_arrive_as_they_were_given(build: Build, project: Path) -> None:
    dockerfile(
        project,
        f"FROM {BASE_IMAGE}\nARG STRANGE\nARG SOURCE_DATE_EPOCH\n"
        'RUN printf "%s|%s" "$STRANGE" "$SOURCE_DATE_EPOCH" >/strange\n',
    )
    git = ["git", "-C", str(project), "-c", "user.name=A", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run(
        [*git, "commit", "-q", "--allow-empty", "-m", "x"],
        check=True, env=os.environ | {"GIT_COMMITTER_DATE": "1700000000 +0100"},
    )  # fmt: skip
    strange = "a  b'\"$(touch /x)`id`\\ ;&|ä"
    built = outputs(
        build(
            "labels", build_args=f"STRANGE={strange}", labels=f"org.example.x={strange}",
            environ={"GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "1" * 40, "GITHUB_SERVER_URL": "https://ghes.example"},
        )
    )  # fmt: skip
    assert inspected(built.image)["Config"]["Labels"] == {
        "org.opencontainers.image.source": "https://ghes.example/o/r",
        "org.opencontainers.image.revision": "1" * 40,
        "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
        "org.example.x": strange,
    }
    assert files(built.archive)["strange"].decode() == f"{strange}|1700000000"


def test_a_secret_is_in_no_argument_no_layer_no_history_and_no_log(
    build: Build, project: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "with, comma"
    folder.mkdir()
    (folder / "secret").write_text(CANARY)
    monkeypatch.chdir(folder)
    dockerfile(
        project,
        f"FROM {BASE_IMAGE}\nRUN --mount=type=secret,id=a --mount=type=secret,id=b "
        "sha256sum /run/secrets/a /run/secrets/b | cut -c1-64 >/digests; sleep 0.3; "
        'cat /proc/[0-9]*/cmdline | tr "\\0" " " >/arguments\n',
    )
    wrapper = tmp_path / "bin" / "docker"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >>{tmp_path}/argv\nexec /usr/bin/docker "$@"\n')
    wrapper.chmod(0o755)
    built = outputs(
        build(
            "secrets",
            secrets="id=a,env=TOKEN\nid=b,src=secret",
            environ={"TOKEN": CANARY, "PATH": f"{wrapper.parent}:{os.environ['PATH']}"},
        )
    )
    content = files(built.archive)
    digest = subprocess.run(["sha256sum"], input=CANARY.encode(), check=True, capture_output=True).stdout[:64]
    assert content["digests"].split() == [digest, digest]  # it was there
    assert CANARY.encode() not in Path(built.archive).read_bytes()
    history = subprocess.run(["docker", "history", "--no-trunc", built.image], check=True, capture_output=True).stdout
    assert CANARY.encode() not in history
    assert CANARY not in (tmp_path / "argv").read_text()
    assert "--secret" in (tmp_path / "argv").read_text()
    assert CANARY not in caplog.text
    assert caplog.text.count("sleep 0.3") > 0  # the log is there


def test_a_dockerfile_outside_the_context_and_a_stage_of_it(build: Build, project: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere.Dockerfile"
    other.write_text("FROM scratch AS one\nCOPY data.txt /one\nFROM scratch AS two\nCOPY data.txt /two\n")
    (project / "Dockerfile").unlink()
    assert "one" in files(outputs(build("target", file=str(other), target="one")).archive)
    assert "two" in files(outputs(build("target", file=str(other))).archive)
    with pytest.raises(InputError, match="Dockerfile is not there"):
        build("target")
    with pytest.raises(ToolError, match="could not be built"):
        build("target", file=str(other), target="three")


def test_a_context_may_have_any_name_and_any_names_in_it(build: Build, tmp_path: Path) -> None:
    context = tmp_path / "-a 'b\" $(touch x)\nc"
    context.mkdir()
    dockerfile(context, "FROM scratch\nCOPY . /\n")
    for name in ("with space", "new\nline", "$(id)", "::error::x", "-flag", "q'\""):
        (context / name).write_text("x")
    built = files(outputs(build("names", context=str(context))).archive)
    assert {"with space", "new\nline", "$(id)", "::error::x", "-flag", "q'\""} <= built.keys()


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ({"context": "/nowhere"}, InputError),
        ({"file": "/nowhere"}, InputError),
        ({"image": "Not A Name"}, InputError),
        ({"image": f"x@sha256:{'0' * 64}"}, InputError),
        ({"image": ""}, InputError),
        ({"push": "yes"}, InputError),
        ({"secrets": "id=a,env=MODELSEAL_NOT_SET"}, InputError),
        ({"secrets": f"id=a,env={CANARY}"}, InputError),
        ({"build_args": "no assignment"}, InputError),
        ({"platform": "no/such/thing/as/this"}, InputError),
        ({"platform": "linux/amd64,linux/arm64"}, InputError),
        ({"target": "missing"}, ToolError),
    ],
)
def test_wrong_inputs(inputs: dict[str, str], error: type[ModelsealError], build: Build) -> None:
    with pytest.raises(error) as caught:
        build("wrong", **inputs)
    assert CANARY not in str(caught.value)
    assert caught.value.mend or caught.value.where


def test_a_failing_build_shows_why_and_leaves_no_earlier_archive(build: Build, project: Path) -> None:
    archive = Path(outputs(build("failing")).archive)
    dockerfile(project, f"FROM {BASE_IMAGE}\nRUN echo why-it-failed >&2; exit 42\n")
    with pytest.raises(ToolError) as caught:
        build("failing")
    assert "why-it-failed" in caught.value.where
    assert caught.value.exit_code == 3
    assert not archive.exists()


def test_without_an_engine_nothing_earlier_is_left(build: Build, tmp_path: Path) -> None:
    archive = Path(outputs(build("engine")).archive)
    with pytest.raises(ToolError, match="does not answer") as caught:
        build("engine", environ={"DOCKER_HOST": f"unix://{tmp_path}/nothing"})
    assert caught.value.exit_code == 3
    assert not archive.exists()
    with pytest.raises(ToolError, match="No docker client"):
        build("engine", environ={"PATH": str(tmp_path)})


def test_a_full_disk_leaves_nothing(build: Build, project: Path, tmp_path: Path) -> None:
    out = tmp_path / "small-disk"
    out.mkdir()
    (project / "big").write_bytes(os.urandom(6_000_000))
    dockerfile(project, "FROM scratch\nCOPY big /big\n")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", out], check=True)
    try:
        with pytest.raises(ToolError, match=r"docker failed|disk is full") as caught:
            build("full", out=out)
        assert "space" in str(caught.value)
        assert list(out.iterdir()) == []
    finally:
        subprocess.run(["umount", out], check=True)


def test_a_save_that_is_killed_leaves_nothing(build: Build, tmp_path: Path) -> None:
    wrapper = tmp_path / "bin" / "docker"
    wrapper.parent.mkdir()
    wrapper.write_text(
        '#!/bin/sh\nif [ "$1" = save ]; then /usr/bin/docker "$@" | head -c 2000; kill -9 $$; fi\n'
        'exec /usr/bin/docker "$@"\n'
    )
    wrapper.chmod(0o755)
    with pytest.raises(ToolError, match="signal 9"):
        build("killed", environ={"PATH": f"{wrapper.parent}:{os.environ['PATH']}"})
    assert list((tmp_path / "out").iterdir()) == []


def test_two_jobs_with_one_tag_never_mix_their_images(build: Build, project: Path, tmp_path: Path) -> None:
    ended: dict[str, Outcome | ModelsealError] = {}

    def job(number: str) -> None:
        context = Path(shutil.copytree(project, tmp_path / f"context-{number}"))
        (context / "data.txt").write_text(number)
        try:
            ended[number] = build("race:1", context=str(context), out=tmp_path / f"out-{number}")
        except ModelsealError as error:
            ended[number] = error

    threads = [threading.Thread(target=job, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 4
    for number, end in ended.items():
        if isinstance(end, ModelsealError):
            assert "taken this image's name" in end.what
            assert not list((tmp_path / f"out-{number}").iterdir())
        else:
            assert files(outputs(end).archive)["data.txt"] == number.encode()


def test_the_digest_is_the_one_that_the_registry_serves(build: Build, tmp_path: Path, project: Path) -> None:
    (tmp_path / "registry").mkdir()
    with loopback_registry.running(tmp_path / "registry") as address:
        for text in ("one", "two"):
            (project / "data.txt").write_text(text)
            built = outputs(build(image=f"{address}/team/{PREFIX}:1", push="true"))
            assert built.digest == loopback_registry.served_digest(address, f"team/{PREFIX}", "1")
            assert f"{address}/team/{PREFIX}@{built.digest}" in inspected(built.image)["RepoDigests"]
        untagged = outputs(build(image=f"{address}/team/{PREFIX}-bare", push="true"))
        assert untagged.digest == loopback_registry.served_digest(address, f"team/{PREFIX}-bare", "latest")
    with pytest.raises(ToolError, match="docker failed"):
        build(image=f"{address}/team/{PREFIX}:1", push="true")
