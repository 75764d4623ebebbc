import errno
import gzip
import hashlib
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import saved_images
from image_layouts import ATTESTATION, DOCKER_LIST, OCI, UNKNOWN, Layout
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.image import platform, platforms
from modelseal.image.platforms import Images

HERE = {"etc/hostname": b"here\n"}
THERE = {"etc/hostname": b"there\n"}
ELSEWHERE = {"etc/hostname": b"elsewhere\n"}


def two(layout: Layout) -> Layout:
    """Fill a layout as `buildx build --platform linux/amd64,linux/arm64 --output type=oci` does."""
    amd, arm = layout.image(HERE), layout.image(THERE, "linux/arm64")
    index = layout.index(amd, arm, layout.attestation(amd), layout.attestation(arm))
    layout.top = [index | {"annotations": {"org.opencontainers.image.ref.name": "small:1"}}]
    return layout


def of(layout: Layout, folder: Path, *wanted: str) -> Images:
    (folder / "temporary").mkdir(exist_ok=True)
    return platforms.of_archive(layout.archive(folder / "image.tar"), folder / "temporary", platform.wanted(wanted))


def names(images: Images) -> tuple[str, ...]:
    return tuple(item.platform for item in images.items)


@pytest.mark.parametrize("as_folder", [False, True])
def test_every_platform_of_an_index_is_laid_out_alone(tmp_path: Path, *, as_folder: bool) -> None:
    layout = two(Layout())
    path = layout.folder(tmp_path / "layout") if as_folder else layout.archive(tmp_path / "image.tar")
    (tmp_path / "temporary").mkdir()
    images = platforms.of_archive(path, tmp_path / "temporary")
    assert names(images) == ("linux/amd64", "linux/arm64")
    assert images.digest == layout.top[0]["digest"]
    assert images.attestations == 2
    assert images.left_out == ()
    assert images.name == "small:1"
    for item, files in zip(images.items, (HERE, THERE), strict=True):
        item.check()
        (entry,) = json.loads((item.source / "index.json").read_bytes())["manifests"]
        assert entry["digest"] == item.digest
        manifest = json.loads((item.source / "blobs/sha256" / item.digest[7:]).read_bytes())
        assert manifest["config"]["digest"] == item.image_id
        (layer,) = manifest["layers"]
        blob = (item.source / "blobs/sha256" / layer["digest"][7:]).read_bytes()
        assert f"sha256:{hashlib.sha256(gzip.decompress(blob)).hexdigest()}" == item.diff_ids[0]
        assert gzip.decompress(blob) == saved_images.tar(list(files.items()))


def test_one_image_needs_no_platform_in_its_name(tmp_path: Path) -> None:
    layout = Layout()
    layout.top = [layout.image(HERE)]
    images = of(layout, tmp_path)
    assert (names(images), images.digest) == (("",), "")
    assert images.items[0].digest == layout.top[0]["digest"]
    assert names(of(layout, tmp_path, "linux/amd64")) == ("linux/amd64",)
    assert names(of(layout, tmp_path, "all")) == ("",)


def test_an_index_of_one_image_and_its_attestation_is_one_image(tmp_path: Path) -> None:
    layout = Layout()
    image = layout.image(HERE)
    layout.top = [layout.index(image, layout.attestation(image))]
    images = of(layout, tmp_path)
    assert (names(images), images.digest, images.attestations) == (("",), layout.top[0]["digest"], 1)


def test_indexes_in_indexes_and_dockers_own_lists(tmp_path: Path) -> None:
    layout = Layout()
    inner = layout.index(layout.image(THERE, "linux/arm64"), media_type=DOCKER_LIST)
    layout.top = [layout.index(layout.image(HERE), layout.index(inner), inner, inner)]
    assert names(of(layout, tmp_path)) == ("linux/amd64", "linux/arm64")


def test_asking_for_platforms(tmp_path: Path) -> None:
    layout = two(Layout())
    images = of(layout, tmp_path, "linux/arm64/v8")
    assert names(images) == ("linux/arm64",)
    assert images.left_out == ("linux/amd64",)
    with pytest.raises(InputError, match=r"no image for linux/s390x; there are: linux/amd64, linux/arm64"):
        of(layout, tmp_path, "linux/s390x")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("linux/arm/v7", True),
        ("linux/arm", True),
        ("LINUX/armhf", True),
        ("linux/arm/v6", False),
        ("linux/arm64", False),
    ],
)
def test_variants(tmp_path: Path, asked: str, *, found: bool) -> None:
    layout = Layout()
    # Many configurations leave out the variant that the index names.
    layout.top = [
        layout.image(HERE, "linux/arm", entry={"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}})
    ]
    if found:
        assert names(of(layout, tmp_path, asked)) == ("linux/arm/v7",)
    else:
        with pytest.raises(InputError, match="no image for"):
            of(layout, tmp_path, asked)


def test_two_images_for_one_platform_are_both_there_by_digest(tmp_path: Path) -> None:
    layout = Layout()
    layout.top = [layout.image(HERE), layout.image(THERE), layout.image(ELSEWHERE, "linux/arm64")]
    images = of(layout, tmp_path)
    first, second, third = names(images)
    assert first == f"linux/amd64@{layout.top[0]['digest'][:19]}"
    assert second == f"linux/amd64@{layout.top[1]['digest'][:19]}"
    assert third == "linux/arm64"


def test_names_that_begin_alike_are_written_out() -> None:
    amd = platform.parse("linux/amd64")
    digests = [f"sha256:{'0' * 12}{end * 52}" for end in "ab"]
    assert platforms.named([(amd, digest) for digest in digests], asked=False) == tuple(
        f"linux/amd64@{digest}" for digest in digests
    )


def test_the_same_image_twice_is_one(tmp_path: Path) -> None:
    layout = Layout()
    image = layout.image(HERE)
    layout.top = [image, image | {"annotations": {"org.opencontainers.image.ref.name": "other"}}]
    assert names(of(layout, tmp_path)) == ("",)


def test_what_docker_save_wrote_stays_as_it_is(tmp_path: Path) -> None:
    file = saved_images.saved(tmp_path / "small.tar", HERE, variant="v3")
    images = platforms.of_archive(file, tmp_path)
    (item,) = images.items
    assert (images.name, images.digest, item.platform, item.source) == ("small:1", "", "", file)
    assert str(item.runs_on) == "linux/amd64/v3"
    item.check()
    with pytest.raises(InputError, match="no image for linux/arm64"):
        platforms.of_archive(file, tmp_path, platform.wanted(["linux/arm64"]))


def test_layers_of_a_docker_archive_are_checked_on_demand(tmp_path: Path) -> None:
    layer = saved_images.tar(list(HERE.items()))
    other = saved_images.tar(list(THERE.items()))
    members = saved_images.docker_members([layer], saved_images.config([layer]))
    (tmp_path / "x.tar").write_bytes(
        saved_images.tar([(name, other if content == layer else content) for name, content in members])
    )
    (item,) = platforms.of_archive(tmp_path / "x.tar", tmp_path).items
    with pytest.raises(InputError, match="not the image's"):
        item.check()


def engine_archive(layout: Layout, files: dict[str, bytes]) -> Layout:
    """Add Docker's own layout, as an engine with containerd's image store does."""
    layer = saved_images.tar(list(files.items()))
    (config,) = [
        blob for blob in layout.blobs.values() if blob[:1] == b"{" and saved_images.digest(layer).encode() in blob
    ]
    (packed,) = [blob for blob in layout.blobs.values() if blob[:2] == b"\x1f\x8b" and gzip.decompress(blob) == layer]
    place = "blobs/sha256/{}"
    manifest = [{
        "Config": place.format(saved_images.digest(config)[7:]),
        "RepoTags": ["small:1"],
        "Layers": [place.format(saved_images.digest(packed)[7:])],
    }]  # fmt: skip
    layout.extra.append(("manifest.json", json.dumps(manifest).encode()))
    return layout


def test_an_engine_saves_the_platforms_that_it_has(tmp_path: Path) -> None:
    layout = engine_archive(two(Layout()), HERE)
    assert names(of(layout, tmp_path)) == ("linux/amd64", "linux/arm64")
    arm = layout.image(THERE, "linux/arm64")
    del layout.blobs[arm["digest"]]  # not pulled
    images = of(layout, tmp_path)
    assert names(images) == ("",)
    assert images.items[0].saved is not None
    images.items[0].check()


def test_an_engines_two_layouts_must_be_of_the_same_images(tmp_path: Path) -> None:
    layout = Layout()
    layout.image(ELSEWHERE)
    with pytest.raises(InputError, match="different images"):
        of(engine_archive(two(layout), ELSEWHERE), tmp_path)


def entry_of(change: Callable[[Layout], Any]) -> Layout:
    """Return a layout of two images, changed."""
    layout = Layout()
    layout.top = [layout.image(HERE), layout.image(THERE, "linux/arm64")]
    change(layout)
    return layout


def with_top(make: Callable[[Layout], list[Any]]) -> Layout:
    layout = Layout()
    layout.top = make(layout)
    return layout


def index_twice(layout: Layout) -> None:
    layout.extra.append(("index.json", b'{"manifests": []}'))


def without(layout: Layout, start: bytes) -> None:
    layout.blobs.pop(next(name for name, blob in layout.blobs.items() if blob.startswith(start)))


def swapped(layout: Layout, start: bytes, content: bytes) -> None:
    name = next(name for name, blob in layout.blobs.items() if blob.startswith(start))
    layout.blobs[name] = content


def linked(layout: Layout, start: bytes, kind: bytes = tarfile.SYMTYPE) -> None:
    name = next(name for name, blob in layout.blobs.items() if blob.startswith(start))
    content = layout.blobs.pop(name)
    layout.extra.append(("elsewhere", content))
    member = tarfile.TarInfo(f"blobs/sha256/{name[7:]}")
    member.type, member.linkname = kind, "elsewhere"
    layout.extra.append((member.name, member))


def deep(layout: Layout, levels: int) -> list[Any]:
    entry = layout.image(HERE)
    for level in range(levels):
        entry = layout.index(entry, annotations={"level": str(level)})
    return [entry]


def other_size(layout: Layout) -> list[Any]:
    entry = layout.image(HERE)
    return [entry | {"size": entry["size"] + 1}]


def layers_of(files: dict[str, bytes], name: str) -> Callable[[Layout], list[Any]]:
    """Return what makes an image whose manifest names its layers twice, in different spellings."""

    def make(layout: Layout) -> list[Any]:
        other = json.loads(layout.blobs[layout.image(files, "linux/arm64")["digest"]])
        return [layout.image(HERE, **{name: other["layers"]})]

    return make


GZIP = b"\x1f\x8b"
BAD: dict[str, tuple[Callable[[], Layout], str]] = {
    "no image": (lambda: with_top(lambda _: []), "no image"),
    "only an attestation": (lambda: with_top(lambda made: [made.attestation({"digest": "x"})]), "no image"),
    "unknown without the annotation": (
        lambda: with_top(lambda made: [made.image(HERE), made.image(THERE, entry={"platform": UNKNOWN})]),
        "neither an image nor an attestation",
    ),
    "an image that is called an attestation": (
        lambda: with_top(lambda made: [made.image(HERE), made.image(THERE, entry={"annotations": ATTESTATION})]),
        "neither an image nor an attestation",
    ),
    "an image that is called an attestation, for no platform": (
        lambda: with_top(
            lambda made: [made.image(HERE), made.image(THERE, entry={"annotations": ATTESTATION, "platform": UNKNOWN})]
        ),
        "called an attestation, but holds",
    ),
    "an index that is called an attestation": (
        lambda: with_top(lambda made: [made.index(made.image(HERE), annotations=ATTESTATION, platform=UNKNOWN)]),
        "is an index",
    ),
    "a chart": (
        lambda: with_top(
            lambda made: [
                made.image(HERE, config_type=1)
                | made.put(
                    json.dumps(
                        {"config": made.put(b"{}", "application/vnd.cncf.helm.config.v1+json"), "layers": []}
                    ).encode(),
                    f"{OCI}.manifest.v1+json",
                )
            ]
        ),
        "not an image",
    ),
    "something else": (
        lambda: with_top(lambda made: [made.image(HERE), made.put(b"{}", "application/json")]),
        "of the type 'application/json'",
    ),
    "schema 1": (
        lambda: with_top(lambda made: [made.put(b"{}", "application/vnd.docker.distribution.manifest.v1+prettyjws")]),
        "type",
    ),
    "a layer missing": (lambda: entry_of(lambda made: without(made, GZIP)), "does not have the layer"),
    "an image missing": (
        lambda: entry_of(lambda made: made.blobs.pop(made.top[1]["digest"])),
        "does not have the image for linux/arm64",
    ),
    "an index missing": (
        lambda: entry_of(lambda made: made.top.append(made.index() | {"digest": f"sha256:{'0' * 64}"})),
        "does not have the index",
    ),
    "a config missing": (lambda: entry_of(lambda made: without(made, b'{"os"')), "configuration is not there"),
    "a layer changed": (lambda: entry_of(lambda made: swapped(made, GZIP, gzip.compress(b"x" * 9999))), "bytes, not"),
    "a config changed": (
        lambda: entry_of(lambda made: swapped(made, b'{"os"', b'{"os": "linux"}')),
        "not what its digest",
    ),
    "a manifest changed": (
        lambda: entry_of(lambda made: swapped(made, b'{"schema', b'{"schemaVersion": 2}')),
        "not what its digest",
    ),
    "another size": (lambda: with_top(other_size), "not what its digest and size say"),
    "another platform": (
        lambda: with_top(lambda made: [made.image(HERE, entry={"platform": {"os": "linux", "architecture": "arm64"}})]),
        "says that it is for linux/arm64, its configuration that it is for linux/amd64",
    ),
    "another variant": (
        lambda: with_top(
            lambda made: [
                made.image(
                    HERE, "linux/arm/v6", entry={"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}
                )
            ]
        ),
        "says that it is for linux/arm/v7",
    ),
    "windows": (
        lambda: with_top(lambda made: [made.image(HERE), made.image(THERE, "windows/amd64")]),
        "Linux images only",
    ),
    "no platform at all": (
        lambda: with_top(
            lambda made: [made.image(HERE, config={"os": "", "architecture": ""}, entry={"platform": None})]
        ),
        "does not say its operating system",
    ),
    "layers of another image": (
        lambda: with_top(lambda made: [made.image(HERE, config={"rootfs": {"diff_ids": [f"sha256:{'1' * 64}"]}})]),
        "not the one of the image's configuration",
    ),
    "another number of layers": (
        lambda: with_top(lambda made: [made.image(HERE, config={"rootfs": {"diff_ids": []}})]),
        "another number of layers",
    ),
    "two names for the layers": (lambda: with_top(layers_of(THERE, "Layers")), "read differently"),
    "two names for the layers, of Go's": (
        lambda: with_top(layers_of(THERE, "layer\N{LATIN SMALL LETTER LONG S}")),
        "read differently",
    ),
    "too deep": (lambda: with_top(lambda made: deep(made, 5)), "indexes deep"),
    "too long": (
        lambda: with_top(
            lambda made: [
                made.image(HERE, entry={"platform": {"os": "linux", "architecture": f"a{n}"}}) for n in range(1001)
            ]
        ),
        "more than 1,000",
    ),
    "endless": (lambda: entry_of(lambda made: made.extra.extend((f"x{n}", b"") for n in range(20_000))), "members"),
    "larger than any index": (
        lambda: entry_of(lambda made: made.top.append(made.image(HERE, entry={"annotations": {"x": "y" * 5_000_000}}))),
        "4 MiB",
    ),
    "sha512": (lambda: with_top(lambda made: [made.image(HERE) | {"digest": "sha512:" + "0" * 128}]), "SHA-256"),
    "a path for a digest": (
        lambda: with_top(lambda made: [made.image(HERE) | {"digest": "sha256:../../../etc/passwd"}]),
        "SHA-256",
    ),
    "a number for a digest": (lambda: with_top(lambda made: [made.image(HERE) | {"digest": 5}]), "not a text"),
    "a negative size": (lambda: with_top(lambda made: [made.image(HERE) | {"size": -1}]), "size"),
    "a true size": (lambda: with_top(lambda made: [made.image(HERE) | {"size": True}]), "size"),
    "an endless size": (lambda: with_top(lambda made: [made.image(HERE) | {"size": 10**30}]), "size"),
    "a type that lies": (
        lambda: with_top(lambda made: [made.image(HERE) | {"mediaType": f"{OCI}.index.v1+json"}]),
        "calls itself",
    ),
    "an image that is an index too": (
        lambda: with_top(lambda made: [made.image(HERE, manifests=[])]),
        "both an image index and an image manifest",
    ),
    "an encrypted layer": (
        lambda: with_top(lambda made: [made.image(HERE, layers=[made.put(b"", f"{OCI}.layer.v1.tar+gzip+encrypted")])]),
        "looked into",
    ),
    "a layer that is not the zstd that it begins as": (
        lambda: with_top(
            lambda made: [made.image(HERE, layers=[made.put(b"\x28\xb5\x2f\xfdx", f"{OCI}.layer.v1.tar+zstd")])]
        ),
        "cannot be uncompressed",
    ),
    "a layer of zstd cut off": (
        lambda: with_top(
            lambda made: [
                made.image(
                    HERE, layers=[made.put(saved_images.packed(b"a" * 99, "zstd")[:-1], f"{OCI}.layer.v1.tar+zstd")]
                )
            ]
        ),
        "cannot be uncompressed",
    ),
    "a layer of zstd with an appendix": (
        lambda: with_top(
            lambda made: [
                made.image(
                    HERE, layers=[made.put(saved_images.packed(b"a", "zstd") + b"more", f"{OCI}.layer.v1.tar+zstd")]
                )
            ]
        ),
        "cannot be uncompressed",
    ),
    "a layer of zstd of another image": (
        lambda: with_top(
            lambda made: [
                made.image(HERE, layers=[made.put(saved_images.packed(b"a", "zstd"), f"{OCI}.layer.v1.tar+zstd")])
            ]
        ),
        "not the one of the image's configuration",
    ),
    "a layer cut off": (
        lambda: with_top(
            lambda made: [
                made.image(HERE, layers=[made.put(gzip.compress(b"a" * 99)[:-9], f"{OCI}.layer.v1.tar+gzip")])
            ]
        ),
        "cannot be uncompressed",
    ),
    "a layer with an appendix": (
        lambda: with_top(
            lambda made: [
                made.image(HERE, layers=[made.put(gzip.compress(b"a") + b"more", f"{OCI}.layer.v1.tar+gzip")])
            ]
        ),
        "cannot be uncompressed",
    ),
    "index.json twice": (lambda: entry_of(index_twice), "twice"),
    "index.json twice, otherwise spelled": (
        lambda: entry_of(lambda made: made.extra.append(("./index.json", b'{"manifests": []}'))),
        "twice",
    ),
    "index.json twice, by a detour": (
        lambda: entry_of(lambda made: made.extra.append(("blobs/../index.json", b'{"manifests": []}'))),
        "different things",
    ),
    "index.json twice, from the root": (
        lambda: entry_of(lambda made: made.extra.append(("/index.json", b'{"manifests": []}'))),
        "different things",
    ),
    "a layer that is a link": (lambda: entry_of(lambda made: linked(made, GZIP)), "not a plain file"),
    "a layer that is a hard link": (
        lambda: entry_of(lambda made: linked(made, GZIP, tarfile.LNKTYPE)),
        "not a plain file",
    ),
    "a layer that is a pipe": (lambda: entry_of(lambda made: linked(made, GZIP, tarfile.FIFOTYPE)), "not a plain file"),
    "a manifest that is a link": (lambda: entry_of(lambda made: linked(made, b'{"schema')), "not a plain file"),
    "a platform with a line break": (
        lambda: with_top(lambda made: [made.image(HERE, "linux/amd64\n::error::x", entry={"platform": None})]),
        "control character",
    ),
    "a platform without end": (lambda: with_top(lambda made: [made.image(HERE, "linux/" + "a" * 999)]), "too long"),
    "a platform that is a text": (
        lambda: with_top(lambda made: [made.image(HERE) | {"platform": "linux/amd64"}]),
        "not an object",
    ),
    "entries of numbers": (lambda: with_top(lambda _: [5]), "not an object"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_refuses(case: tuple[Callable[[], Layout], str], tmp_path: Path) -> None:
    make, what = case
    layout = make()
    with pytest.raises(InputError, match=what) as caught:
        of(layout, tmp_path)
    assert str(tmp_path / "image.tar") in caught.value.where
    assert caught.value.mend
    with_links = any(isinstance(content, tarfile.TarInfo) for _, content in layout.extra)
    if not layout.extra and not with_links:  # a folder cannot hold one name twice
        with pytest.raises(InputError, match=what):
            platforms.of_archive(layout.folder(tmp_path / "layout"), tmp_path / "temporary")


DOCUMENTS: dict[str, bytes] = {
    "empty": b"",
    "list": b"[]",
    "deep": b'{"manifests":' + b"[" * 100_000,
    "latin": b'{"manifests": ["\xff"]}',
    "twice": b'{"manifests": [], "manifests": []}',
    "infinite": b'{"manifests": [Infinity]}',
    "no list": b'{"manifests": {}}',
    "other case": b'{"Manifests": []}',
}


@pytest.mark.parametrize("content", DOCUMENTS.values(), ids=DOCUMENTS.keys())
@pytest.mark.parametrize("name", ["index.json", "oci-layout"])
def test_refuses_documents(content: bytes, name: str, tmp_path: Path) -> None:
    members = [(place, content if place == name else old) for place, old in two(Layout()).members()]
    (tmp_path / "image.tar").write_bytes(saved_images.tar(members))
    with pytest.raises(InputError):
        platforms.of_archive(tmp_path / "image.tar", tmp_path)


def test_refuses_what_is_no_layout(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_bytes(b"text")
    (tmp_path / "packed").write_bytes(gzip.compress(saved_images.tar(two(Layout()).members())))
    for name in ("empty", "text", "packed", "missing"):
        with pytest.raises(InputError) as caught:
            platforms.of_archive(tmp_path / name, tmp_path)
        assert caught.value.mend


def test_an_archive_made_by_hand_has_dots_before_its_names(tmp_path: Path) -> None:
    members = [(f"./{name}", content) for name, content in two(Layout()).members()]
    (tmp_path / "image.tar").write_bytes(saved_images.tar(members))
    assert len(platforms.of_archive(tmp_path / "image.tar", tmp_path).items) == 2


def test_sparse_members_are_refused(tmp_path: Path) -> None:
    layout = two(Layout())
    folder = layout.folder(tmp_path / "layout")
    name = next(name for name, blob in layout.blobs.items() if blob.startswith(GZIP))
    blob = folder / "blobs/sha256" / name[7:]
    with blob.open("r+b") as file:
        file.truncate(1 << 20)
    subprocess.run(["tar", "--sparse", "-cf", tmp_path / "image.tar", "-C", folder, "."], check=True)
    with pytest.raises(InputError, match="not a plain file"):
        platforms.of_archive(tmp_path / "image.tar", tmp_path)


@pytest.mark.parametrize("what", ["layer", "manifest", "blobs", "algorithm", "pipe", "folder"])
def test_a_folder_with_links_is_refused(tmp_path: Path, what: str) -> None:
    layout = two(Layout())
    folder = layout.folder(tmp_path / "layout")
    start = b'{"schema' if what == "manifest" else GZIP
    name = next(name for name, blob in layout.blobs.items() if blob.startswith(start))
    victim = {"blobs": folder / "blobs", "algorithm": folder / "blobs/sha256"}.get(
        what, folder / "blobs/sha256" / name[7:]
    )
    victim.rename(tmp_path / "moved")
    if what == "pipe":
        os.mkfifo(victim)
    elif what == "folder":
        victim.mkdir()
    else:
        victim.symlink_to(tmp_path / "moved")
    with pytest.raises(InputError):
        platforms.of_archive(folder, tmp_path)


def test_a_folder_on_another_disk_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    folder = two(Layout()).folder(tmp_path / "layout")
    linked = platforms.of_archive(folder, tmp_path)
    monkeypatch.setattr(os, "link", refuse)
    copied = platforms.of_archive(folder, tmp_path)
    for one, other in zip(linked.items, copied.items, strict=True):
        blobs = [
            {file.name: file.read_bytes() for file in (item.source / "blobs/sha256").iterdir()} for item in (one, other)
        ]
        assert blobs[0] == blobs[1]
        assert not [file for file in (other.source / "blobs/sha256").iterdir() if file.is_symlink()]


def test_a_full_disk_is_said_to_be_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = two(Layout()).archive(tmp_path / "image.tar")
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ToolError, match="No space left"):
        platforms.of_archive(file, tmp_path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_archive_is_read_or_refused(tmp_path: Path, damage: list[tuple[int, int]]) -> None:
    layout = two(Layout())
    content = bytearray(saved_images.tar(layout.members()))
    for place, value in damage:
        content[place % len(content)] = value
    file = tmp_path / "image.tar"
    file.write_bytes(content)
    try:
        images = platforms.of_archive(file, tmp_path)
    except InputError:
        return
    known = set(layout.blobs)
    assert {item.image_id for item in images.items} <= known
    assert {item.digest for item in images.items} <= known


@pytest.mark.parametrize(
    "texts", [["linux"], ["linux/"], ["linux/arm/v7/x"], ["linux/a b"], ["../x"], ["all", "linux/amd64"],
              ["linux/arm64", "linux/arm64/v8"], ["linux/arm", "linux/arm/v7"], [""]]
)  # fmt: skip
def test_refuses_platforms(texts: list[str]) -> None:
    with pytest.raises(ModelsealError):
        platform.wanted(texts)


@pytest.mark.slow
def test_a_thousand_entries_are_read_in_a_moment(tmp_path: Path) -> None:
    layout = Layout()
    layout.top = [layout.image({"n": str(number).encode()}) for number in range(300)]
    started = time.process_time()
    assert len(of(layout, tmp_path).items) == 300
    assert time.process_time() - started < 5
