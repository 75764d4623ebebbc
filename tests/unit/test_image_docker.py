import os
from pathlib import Path

import pytest

from modelseal.errors import ToolError
from modelseal.image import docker

ENGINE = '{"Client":{"Version":"%s"},"Server":{}}'
DIGEST = f"sha256:{'a' * 64}"


def client(folder: Path, version: str, *, buildx: bool, engine: bool = True) -> Path:
    """Make a docker client that only knows how to introduce itself."""
    folder.mkdir()
    answer = f"printf '%s' '{ENGINE % version}'" if engine else "echo 'Cannot connect to the Docker daemon' >&2; exit 1"
    file = folder / "docker"
    file.write_text(
        f'#!/bin/sh\ncase "$1" in\nversion) {answer};;\nbuildx) exit {0 if buildx else 1};;\n*) exit 9;;\nesac\n'
    )
    file.chmod(0o755)
    return file


def environ(*folders: Path, **extra: str) -> dict[str, str]:
    return {"PATH": os.pathsep.join(map(str, folders))} | extra


def test_a_new_client_without_buildx_is_passed_over(tmp_path: Path) -> None:
    new = client(tmp_path / "new", "28.2.2", buildx=False)
    old = client(tmp_path / "old", "20.10.24+dfsg1", buildx=False)
    path = environ(new.parent, old.parent)
    found = docker.find(path, to_build=True)
    assert (found.path, found.buildx) == (old, False)
    assert docker.find(path, to_build=False).path == new


@pytest.mark.parametrize("version", ["20.10.24", "23.0.0", "28.2.2", "dev", "v99"])
def test_a_client_with_buildx_is_chosen(tmp_path: Path, version: str) -> None:
    first = client(tmp_path / "a", version, buildx=True)
    second = client(tmp_path / "b", "20.10.24", buildx=False)
    found = docker.find(environ(first.parent, second.parent), to_build=True)
    assert (found.path, found.buildx) == (first, True)


def test_no_client_can_build(tmp_path: Path) -> None:
    folders = [client(tmp_path / name, "28.2.2", buildx=False).parent for name in ("a", "b")]
    with pytest.raises(ToolError, match="BuildKit") as caught:
        docker.find(environ(*folders), to_build=True)
    assert all(str(folder) in caught.value.where for folder in folders)
    assert "buildx" in caught.value.mend


def test_no_client(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    for path in ({}, {"PATH": ""}, {"PATH": str(tmp_path)}, {"PATH": "/nowhere:relative:."}):
        with pytest.raises(ToolError, match="No docker client"):
            docker.find(path, to_build=True)


def test_a_client_in_the_current_folder_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = client(tmp_path / "planted", "20.10.24", buildx=True)
    monkeypatch.chdir(planted.parent)
    with pytest.raises(ToolError, match="No docker client"):
        docker.find({"PATH": ":.:./"}, to_build=True)


def test_no_engine(tmp_path: Path) -> None:
    mute = client(tmp_path / "a", "20.10.24", buildx=False, engine=False)
    with pytest.raises(ToolError, match="does not answer") as caught:
        docker.find(environ(mute.parent), to_build=True)
    assert "Cannot connect" in caught.value.where
    assert "DOCKER_HOST" in caught.value.mend


def test_a_client_that_cannot_speak_to_the_engine_or_not_run_is_passed_over(tmp_path: Path) -> None:
    mute = client(tmp_path / "a", "29.0.0", buildx=True, engine=False)
    broken = tmp_path / "b" / "docker"
    broken.parent.mkdir()
    broken.write_bytes(b"\x7fELF is not all it takes")
    broken.chmod(0o755)
    good = client(tmp_path / "c", "20.10.24", buildx=False)
    assert docker.find(environ(mute.parent, broken.parent, good.parent), to_build=True).path == good


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"Client":null}', "null", "nonsense"])
def test_a_client_that_does_not_say_its_version(tmp_path: Path, answer: str) -> None:
    file = client(tmp_path / "a", "1", buildx=False)
    file.write_text(f"#!/bin/sh\ntest $1 = version && printf '%s' '{answer}'\n")
    with pytest.raises(ToolError, match="version"):
        docker.find(environ(file.parent), to_build=True)


def test_the_client_sees_no_token(tmp_path: Path) -> None:
    file = client(tmp_path / "a", "20.10.24", buildx=False)
    secrets = {
        "GITHUB_TOKEN": "t",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
        "AWS_SECRET_ACCESS_KEY": "t",
        "LD_PRELOAD": "x",
    }
    found = docker.find(environ(file.parent, DOCKER_HOST="unix:///x", HOME="/root", **secrets), to_build=True)
    assert not secrets.keys() & found.environ.keys()
    assert found.environ["DOCKER_HOST"] == "unix:///x"


def pushing(folder: Path, printed: str, *, inspected: str = f"sha256:{'1' * 64}", exit_code: int = 0) -> docker.Docker:
    file = folder / "docker"
    file.write_text(
        f'#!/bin/sh\ncase "$1" in\npush) printf %s "{printed}"; exit {exit_code};;\n'
        f'image) test "$5" = "r/x@{DIGEST}" && echo {inspected};;\nesac\n'
    )
    file.chmod(0o755)
    return docker.Docker(file, buildx=False, environ={"PATH": os.environ["PATH"]})


PUSHED = f"The push refers to repository [r/x]\n5f70: Pushed\n1: digest: {DIGEST} size: 528\n"


def test_the_digest_is_the_one_that_was_pushed(tmp_path: Path) -> None:
    built = f"sha256:{'1' * 64}"
    assert docker.push(pushing(tmp_path, PUSHED), "r/x:1", "r/x", expected=(built,)) == DIGEST
    assert docker.push(pushing(tmp_path, PUSHED), "r/x:1", "r/x") == DIGEST


@pytest.mark.parametrize(
    "printed", ["", "1: digest: sha256:abc size: 3\n", PUSHED + PUSHED.replace("a" * 64, "b" * 64)]
)
def test_a_push_without_one_digest_is_an_error(tmp_path: Path, printed: str) -> None:
    with pytest.raises(ToolError, match="digests"):
        docker.push(pushing(tmp_path, printed), "r/x:1", "r/x")


def test_a_failed_push_is_an_error_whatever_it_prints(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="exit code 1"):
        docker.push(pushing(tmp_path, PUSHED, exit_code=1), "r/x:1", "r/x")


def test_a_push_of_another_image_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="Another image"):
        docker.push(pushing(tmp_path, PUSHED), "r/x:1", "r/x", expected=(f"sha256:{'2' * 64}",))
