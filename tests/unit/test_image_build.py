import csv
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.errors import InputError, ToolError
from modelseal.image import build
from modelseal.image.docker import Docker

CANARY = "canary-d41d8cd98f00b204"
ID = f"sha256:{'1' * 64}"
RECIPE = build.Recipe(
    image="small:1",
    context=Path("/context"),
    dockerfile=Path("/context/Dockerfile"),
    build_args=(),
    secrets=(),
    target="",
    platform="",
    labels=(),
    pull=False,
    source_date=None,
)
COMMIT = b"tree 0\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1700000000 +0100\n\ncommitter A <a@b> 5 +0000\n"


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("id=token,env=TOKEN", build.Secret("token", "TOKEN", "")),
        ("id=npm.rc-1,src=a b/c", build.Secret("npm.rc-1", "", "a b/c")),
        ("id=x,source=/a", build.Secret("x", "", "/a")),
    ],
)
def test_takes_references_to_secrets(line: str, secret: build.Secret) -> None:
    assert build.secrets((line,)) == (secret,)


@pytest.mark.parametrize(
    "line",
    [
        CANARY,
        f"token={CANARY}",
        f"id=x,value={CANARY}",
        f"id=x,env={CANARY}",
        f"id=x,env=A,src={CANARY}",
        f"id=x,src=a,id={CANARY}",
        "id=,env=A",
        "id=x",
        "env=A",
        "id=x,env=",
        "id=x,env=1A",
        "id=x,env=A B",
        "id=x y,env=A",
        "id=x,env=A,type=file",
        "id=x,src=",
    ],
)
def test_refuses_what_is_no_reference_and_does_not_repeat_it(line: str) -> None:
    with pytest.raises(InputError) as caught:
        build.secrets(("id=a,env=A", line))
    assert CANARY not in str(caught.value)
    assert "Line 2" in caught.value.what


@pytest.mark.parametrize("line", ["A=", "A=b c", "_A1='\"$(id)`x`", "A=b=c", "A=ä", "A=%0A", "A=\nb"])
def test_takes_build_arguments(line: str) -> None:
    assert build.assignments((line,)) == (line,)


@pytest.mark.parametrize("line", ["A", "=b", "1A=b", "A B=c", "--label=x", "A-B=c", "", "Ä=b"])
def test_refuses_what_is_no_build_argument(line: str) -> None:
    with pytest.raises(InputError):
        build.assignments((line,))


@pytest.mark.parametrize("line", ["a", "=b", "-a=b", "A=b", " a=b", ""])
def test_refuses_what_is_no_label(line: str) -> None:
    with pytest.raises(InputError, match="begins with a small letter or a digit"):
        build.labels((line,))
    assert build.labels(("org.example/a_b-1=$(id) '\n",)) == ("org.example/a_b-1=$(id) '\n",)


def labels(environ: dict[str, str], commit: bytes | None, **given_: object) -> dict[str, str]:
    recipe = build.with_origin(replace(RECIPE, **given_), environ, commit)  # type: ignore[arg-type]
    return dict(label.split("=", 1) for label in recipe.labels)


def test_labels_tell_the_origin() -> None:
    environ = {"GITHUB_REPOSITORY": "o/r", "GITHUB_SHA": "1" * 40, "GITHUB_SERVER_URL": "https://ghes.example"}
    assert labels(environ, COMMIT) == {
        "org.opencontainers.image.source": "https://ghes.example/o/r",
        "org.opencontainers.image.revision": "1" * 40,
        "org.opencontainers.image.created": "2023-11-14T22:13:20Z",
    }
    own = labels(environ, COMMIT, labels=("org.opencontainers.image.source=mine",))
    assert own["org.opencontainers.image.source"] == "mine"
    assert labels({}, None) == {}


def test_the_commits_own_date_counts_not_its_message() -> None:
    assert build.with_origin(RECIPE, {}, COMMIT).source_date == 1700000000
    assert build.with_origin(RECIPE, {}, COMMIT.replace(b"1700000000", b"no date")).source_date is None
    assert build.with_origin(replace(RECIPE, source_date=7), {}, COMMIT).source_date == 7


@settings(max_examples=60)
@given(st.one_of(st.binary(max_size=80), st.integers(0, 10**30).map(lambda n: b"committer A <a@b> %d +0000\n\n" % n)))
def test_no_commit_object_is_too_strange(commit: bytes) -> None:
    build.with_origin(RECIPE, {}, commit)


def test_the_commit_is_found_and_nothing_of_the_repository_runs(tmp_path: Path) -> None:
    assert build.commit_object(tmp_path, os.environ) is None
    assert build.commit_object(tmp_path, {"PATH": "/nowhere"}) is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert build.commit_object(tmp_path, os.environ) is None
    env = os.environ | {"GIT_COMMITTER_DATE": "1700000000 +0100"}
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True, env=env)
    for name in ("core.pager", "core.fsmonitor", "core.sshCommand", "diff.external"):
        subprocess.run([*git, "config", name, f"touch {tmp_path}/ran"], check=True)
    assert build.with_origin(RECIPE, {}, build.commit_object(tmp_path, os.environ)).source_date == 1700000000
    assert not (tmp_path / "ran").exists()


WAYS = {
    "all": build._WARY_GIT,
    "no such repository": {name: value for name, value in build._WARY_GIT.items() if name.startswith("GIT_CONFIG")},
    "no way to fetch": {"GIT_ALLOW_PROTOCOL": "none"},
}


@pytest.mark.parametrize("transport", ["uploadpack", "vcs"])
@pytest.mark.parametrize("wary", [*WAYS, "not at all"])
def test_a_folder_that_git_takes_for_a_repository_runs_nothing(
    wary: str, transport: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a folder can be committed. Its HEAD is missing, and git fetches what is missing as the folder says."""
    for folder in ("refs/heads", "objects/info"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "refs" / "heads" / "main").write_text("1" * 40 + "\n")
    programs = {
        "uploadpack": f'uploadpack = "touch {tmp_path}/ran; false"',
        "vcs": f'vcs = "ext::touch {tmp_path}/ran"',
    }
    (tmp_path / "config").write_text(
        "[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\npartialClone = origin\n"
        f'[remote "origin"]\nurl = .\npromisor = true\n{programs[transport]}\n'
        '[protocol]\nallow = always\n[protocol "file"]\nallow = always\n[protocol "ext"]\nallow = always\n'
    )
    monkeypatch.setattr(build, "_WARY_GIT", WAYS.get(wary, {}))
    assert build.commit_object(tmp_path, os.environ) is None
    assert (tmp_path / "ran").exists() == (wary == "not at all" and transport == "uploadpack")


def fake(folder: Path, *, buildx: bool = False, script: str = f'printf {ID} >"$id"') -> Docker:
    """Make a client that notes its arguments and environment, NUL after each, and writes an image's id."""
    client = folder / "docker"
    client.write_text(
        f'#!/bin/sh\nfor a; do printf "%s\\0" "$a"; done >{folder}/argv\ncat /proc/$$/environ >{folder}/environ\n'
        f'while [ $# -gt 1 ]; do [ "$1" = --iidfile ] && id=$2; shift; done\n{script}\n'
    )
    client.chmod(0o755)
    return Docker(client, buildx, {"PATH": os.environ["PATH"]})


def noted(folder: Path, name: str) -> list[str]:
    return (folder / name).read_text().rstrip("\0").split("\0")


@pytest.mark.parametrize("buildx", [False, True])
def test_arguments_arrive_as_they_are(tmp_path: Path, *, buildx: bool) -> None:
    strange = ("A=b c", "B='\"`$(touch x)`", "C=one\ntwo", "D=", "E=--push", "F=ä;|&")
    recipe = replace(
        RECIPE,
        build_args=strange,
        labels=("x=$(id)\n'",),
        target="-x",
        platform="linux/arm64",
        pull=True,
        source_date=5,
    )
    assert build.build(fake(tmp_path, buildx=buildx), recipe, {}, tmp_path) == ID
    argv = noted(tmp_path, "argv")
    assert argv[:2] == (["buildx", "build"] if buildx else ["build", "--progress"])
    given_ = [argv[place + 1] for place, part in enumerate(argv) if part == "--build-arg"]
    assert given_ == ["SOURCE_DATE_EPOCH=5", *strange]
    assert argv[argv.index("--label") + 1] == "x=$(id)\n'"
    assert argv[argv.index("--target") + 1] == "-x"
    assert argv[argv.index("--platform") + 1] == "linux/arm64"
    assert ("--load" in argv) is buildx
    assert "--pull" in argv
    assert argv[-1] == "/context"
    assert {"DOCKER_BUILDKIT=1", "SOURCE_DATE_EPOCH=5"} <= set(noted(tmp_path, "environ"))


def test_secrets_go_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / 'a,id=other "quoted"\nline'
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "secret").write_text(CANARY)
    recipe = replace(RECIPE, secrets=build.secrets(("id=a,env=TOKEN", "id=b,src=secret")))
    build.build(fake(tmp_path), recipe, {"TOKEN": CANARY, "OTHER": "x"}, tmp_path)
    argv = noted(tmp_path, "argv")
    assert CANARY not in "\0".join(argv)
    first, second = (argv[place + 1] for place, part in enumerate(argv) if part == "--secret")
    assert first == "id=a,env=TOKEN"
    # As the client reads it: one record of comma separated values.
    ((*fields,),) = csv.reader([second.replace("\n", "\r")])
    assert [field.replace("\r", "\n") for field in fields] == ["id=b", f"src={folder}/secret"]
    environ = noted(tmp_path, "environ")
    assert f"TOKEN={CANARY}" in environ
    assert not any(part.startswith("OTHER=") for part in environ)


def test_a_failed_build_shows_its_last_lines(tmp_path: Path) -> None:
    docker = fake(tmp_path, script="seq 1 9999 >&2; echo 'RUN false: exit code 7' >&2; exit 1")
    with pytest.raises(ToolError, match="could not be built") as caught:
        build.build(docker, RECIPE, {}, tmp_path)
    assert "RUN false: exit code 7" in caught.value.where
    assert len(caught.value.where) < 2200
    assert caught.value.mend
