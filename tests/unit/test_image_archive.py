import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import saved_images
from modelseal.errors import InputError, ToolError
from modelseal.image import archive, layers, platforms
from modelseal.image.docker import Docker
from saved_images import config, docker_members, link, oci_members, packed, tar

LAYER = tar([("etc/hostname", b"here\n")])
OTHER = tar([("etc/hostname", b"there\n")])
CONFIG = config([LAYER])
EVIL = config([OTHER])


def written(folder: Path, members: list[Any], *, plain: bool = True) -> Path:
    file = folder / "image.tar"
    file.write_bytes(tar(members, plain=plain))
    return file


def manifest(**fields: Any) -> list[Any]:
    """Return Docker's layout with fields of its manifest replaced."""
    members = dict(docker_members([LAYER], CONFIG))
    (entry,) = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps([entry | fields]).encode()
    return list(members.items())


def config_with(**fields: Any) -> list[Any]:
    return docker_members([LAYER], json.dumps(json.loads(CONFIG) | fields).encode())


def test_reads_dockers_own_layout(tmp_path: Path) -> None:
    image = archive.read(written(tmp_path, docker_members([LAYER, OTHER], config([LAYER, OTHER], variant="v8"))))
    described = config([LAYER, OTHER], variant="v8")
    (tmp_path / "config").write_bytes(described)
    oracle = subprocess.run(["sha256sum", tmp_path / "config"], check=True, capture_output=True, text=True).stdout[:64]
    assert image.image_id == f"sha256:{oracle}"
    assert image.tags == ("small:1",)
    assert len(image.layers) == 2
    assert image.platform == "linux/amd64/v8"
    assert image.manifest == ""
    layers.check(image)


def test_reads_an_oci_layout(tmp_path: Path) -> None:
    image = archive.read(written(tmp_path, oci_members([LAYER], CONFIG)))
    assert image.image_id == saved_images.digest(CONFIG)
    assert image.tags == ("small:1",)
    assert image.manifest.startswith("sha256:")
    layers.check(image)


@pytest.mark.parametrize("nested", [False, True])
def test_reads_both_layouts_together(tmp_path: Path, *, nested: bool) -> None:
    image = archive.read(
        written(tmp_path, docker_members([LAYER], CONFIG) + oci_members([LAYER], CONFIG, nested=nested))
    )
    assert image.image_id == saved_images.digest(CONFIG)
    assert bool(image.manifest) is not nested
    layers.check(image)


def test_an_image_may_have_no_layer_and_no_name(tmp_path: Path) -> None:
    image = archive.read(written(tmp_path, docker_members([], config([]), tags=())))
    assert (image.layers, image.tags) == ((), ())
    image = archive.read(written(tmp_path, manifest(RepoTags=None)))
    assert image.tags == ()


def test_equal_layers_are_links_in_archives_of_older_engines(tmp_path: Path) -> None:
    members: list[Any] = docker_members([LAYER], config([LAYER, LAYER]))
    place = members[0][0]
    members[-1] = (
        "manifest.json",
        json.dumps([{"Config": members[1][0], "RepoTags": [], "Layers": [place, "b/layer.tar"]}]).encode(),
    )
    image = archive.read(written(tmp_path, [*members, link("b/layer.tar", f"../{place}")]))
    assert image.layers == (place, place)
    layers.check(image)


BAD: dict[str, list[Any]] = {
    "nothing in it": [],
    "no manifest": [("a", b"b")],
    "no index content": [("index.json", b"{}")],
    "two images": [
        *docker_members([LAYER], CONFIG)[:-1],
        ("manifest.json", json.dumps([{"Config": "a", "Layers": []}, {"Config": "b", "Layers": []}]).encode()),
    ],
    "no image": [("manifest.json", b"[]")],
    "manifest is an object": [("manifest.json", b"{}")],
    "manifest is no JSON": [("manifest.json", b"{")],
    "manifest of something else": [("manifest.json", b"[5]")],
    "deep manifest": [("manifest.json", b"[" * 200_000)],
    "deep index": [("index.json", b'{"a":' * 100_000)],
    "not UTF-8": [("manifest.json", b'[{"Config": "\xff\xfe"}]')],
    "huge manifest": [("manifest.json", b" " * (16 * 1024 * 1024 + 1))],
    "config missing": [member for member in docker_members([LAYER], CONFIG) if not member[0].endswith(".json")],
    "config not there": manifest(Config="elsewhere.json"),
    "config outside": manifest(Config="../../../../etc/passwd"),
    "config is a number": manifest(Config=5),
    "config is a list": manifest(Config=["a"]),
    "layers are a number": manifest(Layers=5),
    "layers of numbers": manifest(Layers=[5]),
    "layer not there": manifest(Layers=["nowhere/layer.tar"]),
    "layer outside": manifest(Layers=["../../etc/passwd"]),
    "too few layers": manifest(Layers=[]),
    "tags are a text": manifest(RepoTags="small:1"),
    "tags of numbers": manifest(RepoTags=[1]),
    "config is no object": docker_members([], b"[]"),
    "config without rootfs": docker_members([], b"{}"),
    "rootfs is null": config_with(rootfs=None),
    "diff ids are numbers": config_with(rootfs={"diff_ids": [1]}),
    "platform is a number": config_with(os=5),
    "variant is a list": config_with(variant=["v8"]),
    "manifest twice": [*docker_members([LAYER], CONFIG), *docker_members([OTHER], EVIL)[-2:]],
    "layer twice": [*docker_members([LAYER], CONFIG), (docker_members([LAYER], CONFIG)[0][0], OTHER)],
    "manifest twice, otherwise spelled": [
        *docker_members([LAYER], CONFIG),
        *[
            (f"./{name}" if name == "manifest.json" else name, content)
            for name, content in docker_members([OTHER], EVIL)
        ],
    ],
    "manifest twice, from the root": [*docker_members([LAYER], CONFIG), ("/manifest.json", b"[]")],
    "manifest twice, by a detour": [*docker_members([LAYER], CONFIG), ("a/../manifest.json", b"[]")],
    "manifest twice, through a link": [
        *docker_members([LAYER], CONFIG),
        link("here", "."),
        ("here/manifest.json", docker_members([OTHER], EVIL)[-1][1]),
    ],
    "a file in a file": [*docker_members([LAYER], CONFIG), ("manifest.json/x", b"")],
    "config is another": [
        (name, EVIL if content == CONFIG else content) for name, content in docker_members([LAYER], CONFIG)
    ],
    "manifest is a link": [
        *docker_members([LAYER], CONFIG)[:-1],
        ("real.json", docker_members([LAYER], CONFIG)[-1][1]),
        link("manifest.json", "real.json"),
    ],
    "manifest links to itself": [link("manifest.json", "manifest.json")],
    "layer links to itself": [
        *docker_members([LAYER], CONFIG)[1:],
        link(docker_members([LAYER], CONFIG)[0][0], "layer.tar"),
    ],
    "layer links outside": [
        *docker_members([LAYER], CONFIG)[1:],
        link(docker_members([LAYER], CONFIG)[0][0], "/etc/passwd"),
    ],
    "an index of several platforms": oci_members([LAYER], CONFIG, nested=True),
    "contradicting layouts": docker_members([LAYER], CONFIG) + oci_members([OTHER], EVIL),
    "oci manifest is another": [
        (name, content.replace(b'"schemaVersion": 2', b'"schemaVersion": 3') if name.startswith("blobs/") else content)
        for name, content in oci_members([LAYER], CONFIG)
    ],
    "oci config is another": [
        (name, EVIL if content == CONFIG else content) for name, content in oci_members([LAYER], CONFIG)
    ],
    "digest of another kind": [("index.json", b'{"manifests": [{"digest": "sha512:00"}]}')],
    "digest that leads outside": [("index.json", b'{"manifests": [{"digest": "sha256:../../../etc/passwd"}]}')],
    "digest is a number": [("index.json", b'{"manifests": [{"digest": 5}]}')],
    "descriptor is a number": [("index.json", b'{"manifests": [5]}')],
    "manifests are a number": [("index.json", b'{"manifests": 5}')],
}


@pytest.mark.parametrize("members", BAD.values(), ids=BAD.keys())
def test_refuses(members: list[Any], tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        archive.read(written(tmp_path, members))
    assert str(tmp_path) in caught.value.where
    assert caught.value.mend


@pytest.mark.parametrize("content", [b"", b"not a tar", b"\0" * 10240, b"PK\x03\x04" * 500])
def test_refuses_what_is_no_archive(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "image.tar").write_bytes(content)
    with pytest.raises(InputError):
        archive.read(tmp_path / "image.tar")


def test_refuses_a_compressed_archive_and_says_so(tmp_path: Path) -> None:
    file = written(tmp_path, docker_members([LAYER], CONFIG), plain=False)
    with pytest.raises(InputError, match="uncompressed"):
        archive.read(file)


def test_refuses_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "x" / "y", tmp_path / "pipe"):
        with pytest.raises(InputError, match="opened"):
            archive.read(path)
        with pytest.raises(InputError):
            platforms.of_archive(path, tmp_path)


def test_refuses_every_truncation_in_the_middle(tmp_path: Path) -> None:
    whole = tar(docker_members([LAYER], CONFIG))
    end = whole.rindex(b"]") + 1  # of manifest.json, the last member
    file = tmp_path / "image.tar"
    for size in range(0, end, 997):
        file.write_bytes(whole[:size])
        with pytest.raises(InputError):
            archive.read(file)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=8), st.booleans())
def test_a_damaged_archive_is_read_or_refused(
    tmp_path: Path,
    damage: list[tuple[int, int]],
    oci: bool,  # noqa: FBT001 # hypothesis names them
) -> None:
    content = bytearray(tar(oci_members([LAYER], CONFIG) if oci else docker_members([LAYER], CONFIG)))
    for place, value in damage:
        content[place % len(content)] = value
    file = tmp_path / "image.tar"
    file.write_bytes(content)
    try:
        image = archive.read(file)
        layers.check(image)
    except InputError:
        return
    # What passes both is the image, whatever the damage hit; a changed configuration is another image.
    with tarfile.open(file) as opened:
        contents = {member.name: opened.extractfile(member).read() for member in opened if member.isfile()}  # type: ignore[union-attr]
    assert image.image_id in {f"sha256:{hashlib.sha256(content).hexdigest()}" for content in contents.values()}
    assert saved_images.digest(LAYER) in image.diff_ids


def test_layers_of_another_image_are_found_out(tmp_path: Path) -> None:
    swapped = [(name, OTHER if content == LAYER else content) for name, content in docker_members([LAYER], CONFIG)]
    image = archive.read(written(tmp_path, swapped))
    with pytest.raises(InputError, match="not the image's"):
        layers.check(image)


SKIPPABLE = b"\x50\x2a\x4d\x18\x04\0\0\0skip"


@pytest.mark.parametrize(
    "bad",
    [
        tar([("a", b"b")], plain=False),
        b"\x1f\x8b\x08\0broken",
        b"\x28\xb5\x2f\xfdzstd",
        b"",
        *(packed(LAYER, how) + b"more" for how in ("gzip", "zstd")),
        *(packed(LAYER, how)[:-3] for how in ("gzip", "zstd")),
        *(packed(OTHER, how) for how in ("gzip", "zstd")),
    ],
)
@pytest.mark.parametrize(
    "good",
    [
        *(packed(LAYER, how) for how in ("gzip", "zstd")),
        *(packed(LAYER[:700], how) + packed(LAYER[700:], how) for how in ("gzip", "zstd")),
        packed(LAYER[:700], "zstd") + SKIPPABLE + packed(LAYER[700:], "zstd"),
    ],
)
def test_compressed_layers_are_checked_uncompressed_or_refused(tmp_path: Path, good: bytes, bad: bytes) -> None:
    places = [(name, good if content == LAYER else content) for name, content in docker_members([LAYER], CONFIG)]
    layers.check(archive.read(written(tmp_path, places)))
    places = [(name, bad if content == LAYER else content) for name, content in docker_members([LAYER], CONFIG)]
    with pytest.raises(InputError):
        layers.check(archive.read(written(tmp_path, places)))


def fake_docker(folder: Path, script: str) -> Docker:
    client = folder / "docker"
    client.write_text(f"#!/bin/sh\n{script}\n")
    client.chmod(0o755)
    return Docker(client, buildx=False, environ={"PATH": os.environ["PATH"]})


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("cat {whole} | head -c 3000", "cannot be used"),
        ("cat {whole} | head -c 3000; exit 1", "exit code 1"),
        ("cat {whole} | head -c 3000; kill -9 $$", "signal 9"),
        ("echo 'No such image' >&2; exit 1", "exit code 1"),
        ("true", "cannot be used"),
        ("cat {whole}; echo 'no space left on device' >&2; exit 1", "exit code 1"),
    ],
)
def test_a_save_that_fails_leaves_nothing(tmp_path: Path, script: str, what: str) -> None:
    (tmp_path / "out").mkdir()
    whole = written(tmp_path, docker_members([LAYER], CONFIG))
    docker = fake_docker(tmp_path, script.format(whole=whole))
    with pytest.raises(ToolError, match=what):
        archive.save(docker, "small:1", tmp_path / "out" / "small.tar")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_save_is_read_once_complete(tmp_path: Path) -> None:
    whole = written(tmp_path, docker_members([LAYER], CONFIG))
    docker = fake_docker(tmp_path, f'test "$*" = "save small:1" && cat {whole}')
    saved = archive.save(docker, "small:1", tmp_path / "small.tar")
    assert saved == archive.read(tmp_path / "small.tar")


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be written"):
        archive.save(fake_docker(tmp_path, "true"), "small:1", tmp_path / "missing" / "small.tar")
