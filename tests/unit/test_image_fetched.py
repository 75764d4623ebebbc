"""Images of registries by platform, with a client of Docker that answers from a folder as the real one does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import saved_images
from image_layouts import ATTESTATION, UNKNOWN, Layout
from modelseal import registry
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.image import fetched, platform, reference
from modelseal.image.docker import Docker
from modelseal.image.platforms import Images

HERE = {"etc/hostname": b"here\n"}
THERE = {"etc/hostname": b"there\n"}
NAME = "registry.example/team/app"

# `imagetools inspect --raw` prints the bytes and no line break after them:
# https://github.com/docker/buildx/blob/v0.17.0/util/imagetools/printers.go
CLIENT = """#!/bin/sh
echo "$@" >> {folder}/calls
case "$1 $2" in
  "buildx imagetools") cat "{folder}/$(echo "$5" | sed 's/.*[:@]//')" ;;
  "pull --quiet") test -e "{folder}/refused" && {{ echo denied >&2; exit 1; }}; echo pulled ;;
  save*) cat "{folder}/$(echo "$2" | sed 's/.*[:@]//').tar" ;;
  *) exit 9 ;;
esac
"""


class Registry:
    """A registry in the making, and the client that reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = Layout()
        client = folder / "docker"
        client.write_text(CLIENT.format(folder=folder))
        client.chmod(0o755)
        self.docker = Docker(client, buildx=True, environ={"PATH": "/usr/bin:/bin"})

    def image(self, files: dict[str, bytes], runs_on: str = "linux/amd64", **changes: Any) -> dict[str, Any]:
        entry = self.layout.image(files, runs_on, **changes)
        layer = saved_images.tar(list(files.items()))
        manifest = json.loads(self.layout.blobs[entry["digest"]])
        config = self.layout.blobs[manifest["config"]["digest"]]
        self.archive(entry, saved_images.docker_members([layer], config, tags=()))
        return entry

    def archive(self, entry: dict[str, Any], members: Any) -> None:
        (self.folder / f"{entry['digest'][7:]}.tar").write_bytes(saved_images.tar(members))

    def tagged(self, entry: dict[str, Any]) -> str:
        for digest, blob in self.layout.blobs.items():
            (self.folder / digest[7:]).write_bytes(blob)
        (self.folder / "1").write_bytes(self.layout.blobs[entry["digest"]])
        return str(entry["digest"])

    def get(self, *wanted: str, name: str = f"{NAME}:1") -> Images:
        (self.folder / "temporary").mkdir(exist_ok=True)
        return fetched.of_name(self.docker, reference.parse(name), platform.wanted(wanted), self.folder / "temporary")

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()


@pytest.fixture
def served(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def two(served: Registry) -> list[dict[str, Any]]:
    amd, arm = served.image(HERE), served.image(THERE, "linux/arm64")
    return [amd, arm, served.layout.attestation(amd)]


def test_every_platform_is_pulled_by_its_digest(served: Registry) -> None:
    entries = two(served)
    digest = served.tagged(served.layout.index(*entries))
    images = served.get("all")
    assert (images.name, images.digest, images.attestations) == (f"{NAME}:1", digest, 1)
    assert [item.platform for item in images.items] == ["linux/amd64", "linux/arm64"]
    assert [item.digest for item in images.items] == [entry["digest"] for entry in entries[:2]]
    for item in images.items:
        item.check()
        assert item.image_id == json.loads(served.layout.blobs[item.digest])["config"]["digest"]
    tagged = [call for call in served.calls if call.endswith(":1")]
    assert tagged == [f"buildx imagetools inspect --raw {NAME}:1"]  # the tag may move after that
    assert f"pull --quiet --platform linux/arm64 {NAME}@{entries[1]['digest']}" in served.calls
    assert f"save {NAME}@{entries[1]['digest']}" in served.calls


def test_only_what_was_asked_for_is_pulled(served: Registry) -> None:
    entries = two(served)
    served.tagged(served.layout.index(*entries))
    images = served.get("linux/arm64/v8")
    assert [item.platform for item in images.items] == ["linux/arm64"]
    assert images.left_out == ("linux/amd64",)
    assert not [call for call in served.calls if entries[0]["digest"] in call]
    with pytest.raises(InputError, match=r"no image for linux/s390x; there are: linux/amd64, linux/arm64\."):
        served.get("linux/s390x")


def test_an_index_by_digest(served: Registry) -> None:
    digest = served.tagged(served.layout.index(*two(served)))
    assert served.get("all", name=f"{NAME}@{digest}").digest == digest
    (served.folder / digest[7:]).write_bytes(b'{"manifests": []}')
    with pytest.raises(ToolError, match="another document"):
        served.get("all", name=f"{NAME}@{digest}")


def test_a_name_of_one_image(served: Registry) -> None:
    entry = served.image(HERE)
    served.tagged(entry)
    images = served.get("all")
    assert (images.digest, images.items[0].platform, images.items[0].digest) == ("", "", entry["digest"])
    assert served.get("linux/amd64").items[0].platform == "linux/amd64"
    with pytest.raises(InputError, match="no image for linux/arm64"):
        served.get("linux/arm64")


def test_without_platforms_the_engines_own_image_is_taken(served: Registry) -> None:
    layer = saved_images.tar(list(HERE.items()))
    (served.folder / "1.tar").write_bytes(
        saved_images.tar(saved_images.docker_members([layer], saved_images.config([layer])))
    )
    images = served.get()
    assert (images.name, images.digest, images.items[0].platform) == ("small:1", "", "")
    assert served.calls == [f"save {NAME}:1"]


def test_without_buildx_we_ask_ourselves(served: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = served.tagged(served.layout.index(*two(served)))
    asked = []

    def manifest(_self: registry.Client, name: registry.Reference) -> registry.Manifest:
        asked.append(str(name))
        content = (served.folder / (name.digest[7:] or name.tag)).read_bytes()
        return registry.Manifest(content, "", "")

    monkeypatch.setattr(registry.Client, "manifest", manifest)
    served.docker = Docker(served.docker.path, buildx=False, environ=served.docker.environ)
    assert served.get("all").digest == digest
    assert asked[0] == f"{NAME}:1"
    assert not [call for call in served.calls if call.startswith("buildx")]


def other_config(served: Registry) -> list[dict[str, Any]]:
    entry, other = served.image(HERE), saved_images.tar(list(THERE.items()))
    served.archive(entry, saved_images.docker_members([other], saved_images.config([other])))
    return [entry]


def refused(served: Registry) -> list[dict[str, Any]]:
    (served.folder / "refused").touch()
    return two(served)


def other_bytes(served: Registry) -> list[dict[str, Any]]:
    entry = served.image(HERE)
    served.layout.blobs[entry["digest"]] += b" "
    return [entry]


ARM64 = {"os": "linux", "architecture": "arm64"}
BAD: dict[str, tuple[Callable[[Registry], list[dict[str, Any]]], str, int]] = {
    "no image": (lambda served: [served.layout.attestation(served.image(HERE))], "no image", 2),
    "another platform": (lambda served: [served.image(HERE, entry={"platform": ARM64})], "says that it is for", 2),
    "no platform": (lambda served: [served.image(HERE, entry={"platform": None})], "does not say", 2),
    "windows": (lambda served: [served.image(HERE, "windows/amd64")], "Linux images only", 2),
    "unknown": (lambda served: [served.image(HERE, entry={"platform": UNKNOWN})], "neither an image", 3),
    "hidden": (lambda served: [served.image(HERE, entry={"annotations": ATTESTATION})], "neither an image", 3),
    "hidden well": (
        lambda served: [
            served.image(THERE), served.image(HERE, entry={"annotations": ATTESTATION, "platform": UNKNOWN})
        ],
        "called an attestation, but holds",
        3,
    ),
    "another image": (other_config, "another image", 3),
    "other bytes": (other_bytes, "another document", 3),
    "another size": (lambda served: [served.image(HERE) | {"size": 5}], "bytes, not 5", 3),
    "denied": (refused, "exit code 1", 3),
    "sha512": (lambda served: [served.image(HERE) | {"digest": "sha512:" + "0" * 128}], "SHA-256", 3),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_refuses(case: tuple[Callable[[Registry], list[dict[str, Any]]], str, int], served: Registry) -> None:
    make, what, code = case
    served.tagged(served.layout.index(*make(served)))
    with pytest.raises(ModelsealError, match=what) as caught:
        served.get("all")
    assert caught.value.exit_code == code


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b'{"manifests": [], "layers": []}', b"\xff", b"<html>"]
)
def test_refuses_what_is_no_manifest(content: bytes, served: Registry) -> None:
    (served.folder / "1").write_bytes(content)
    with pytest.raises(ToolError, match="cannot be used"):
        served.get("all")
