"""Images of several platforms with a real engine, a real registry, skopeo and Trivy."""

import contextlib
import hashlib
import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import loopback_registry
import trivy_db
from image_layouts import Layout
from modelseal import tools
from modelseal.errors import InputError, ToolError
from modelseal.image import docker, fetched, platform, platforms, reference
from modelseal.image.docker import Docker
from modelseal.image.platforms import Images
from modelseal.vulnerabilities import database, trivy, trivy_report
from saved_images import HARMLESS, debian

ZLIB = {"zlib1g": ("zlib", "1:1.2.13.dfsg-1")}
AMD64 = debian(HARMLESS)
ARM64 = debian(ZLIB)
ARM_V7 = debian(ZLIB | {"tar": ("tar", "1.34+dfsg-1.2+deb12u1")})
EXPECTED = {
    "linux/amd64": set(),
    "linux/arm64": {"CVE-2023-45853"},
    "linux/arm/v7": {"CVE-2023-45853", "CVE-2005-2541"},
}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with loopback_registry.running(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="module")
def executable() -> Path:
    return tools.provide("trivy", "", tools_dir=None, environ=dict(os.environ)).path


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> database.Database:
    return database.read(trivy_db.unpack(tmp_path_factory.mktemp("database"), updated_at=datetime.now(UTC)))


@pytest.fixture
def client(registry: str) -> Iterator[Docker]:
    """Return the engine's client, and have nothing of the registry in the engine afterwards."""
    found = docker.find(os.environ, to_build=False)
    yield found
    names = found.run("image", "ls", "--digests", "--format", "{{.Repository}}@{{.Digest}} {{.ID}}").stdout.decode()
    for line in names.splitlines():
        if line.startswith(registry):
            found.run("image", "rm", "--force", line.split()[1], check=False)


def three() -> tuple[Layout, dict[str, Any]]:
    layout = Layout()
    images = [layout.image(AMD64), layout.image(ARM64, "linux/arm64"), layout.image(ARM_V7, "linux/arm/v7")]
    index = layout.index(*images, layout.attestation(images[0]))
    layout.top = [index | {"annotations": {"org.opencontainers.image.ref.name": "1"}}]
    return layout, index


def pushed(layout: Layout, address: str, repository: str, tag: str, top: dict[str, Any]) -> str:
    """Push everything of a layout, tag one of its documents, and return its digest."""
    base = f"http://{address}/v2/{repository}"
    for digest, blob in layout.blobs.items():
        request = urllib.request.Request(f"{base}/blobs/uploads/", b"", method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            where = answer.headers["Location"]
        put(f"{where}{'&' if '?' in where else '?'}digest={digest}", blob, "application/octet-stream")
    documents = [
        json.loads(blob) | {"of": name} for name, blob in layout.blobs.items() if blob.startswith(b'{"schemaV')
    ]
    for document in sorted(documents, key=lambda document: "manifests" in document):
        put(f"{base}/manifests/{document['of']}", layout.blobs[document["of"]], document["mediaType"])
    put(f"{base}/manifests/{tag}", layout.blobs[top["digest"]], top["mediaType"])
    return str(top["digest"])


def put(url: str, content: bytes, media_type: str) -> None:
    request = urllib.request.Request(url, content, {"Content-Type": media_type}, method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


def found(images: Images, executable: Path, current: database.Database, folder: Path) -> dict[str, set[str]]:
    """Return what the real Trivy finds in each image, by its platform."""
    ids = {}
    for number, item in enumerate(images.items):
        private = folder / f"trivy-{number}"
        private.mkdir()
        scan = trivy.scan(
            trivy.Trivy(executable, dict(os.environ), private), item.source, ("vuln",), current,
            manifest="" if item.saved else item.digest,
        )  # fmt: skip
        item.check()
        # That it is of the image with this id is checked there.
        findings = trivy_report.parse(
            scan.report, image_id=item.image_id, platform=item.platform, scanners=("vuln",)
        ).findings
        assert {finding.platform for finding in findings} <= {item.platform}
        ids[item.platform] = {finding.id for finding in findings}
        assert json.loads(scan.report)["Metadata"]["ImageConfig"]["architecture"] == item.runs_on.architecture
    return ids


def at(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


@pytest.mark.parametrize("kind", ["archive", "folder", "folder@2: x"])
def test_each_platform_of_a_layout_has_its_own_findings(
    tmp_path: Path, executable: Path, current: database.Database, kind: str
) -> None:
    layout, index = three()
    path = layout.archive(tmp_path / "image.tar") if kind == "archive" else layout.folder(tmp_path / kind)
    images = platforms.of_archive(path, at(tmp_path, "temporary@1:x"))
    assert (images.name, images.digest, images.attestations) == ("1", index["digest"], 1)
    assert found(images, executable, current, tmp_path) == EXPECTED


@pytest.mark.docker
def test_each_platform_in_a_registry_has_its_own_findings(
    tmp_path: Path, executable: Path, current: database.Database, registry: str, client: Docker
) -> None:
    layout, index = three()
    digest = pushed(layout, registry, "team/all", "1", index)
    name = reference.parse(f"{registry}/team/all:1")
    images = fetched.of_name(client, name, platform.wanted(["all"]), tmp_path)
    assert images.digest == digest == loopback_digest(registry, "team/all", "1")
    assert images.attestations == 1
    assert found(images, executable, current, tmp_path) == EXPECTED


@pytest.mark.docker
def test_one_platform_of_a_registry_s_index(
    tmp_path: Path, executable: Path, current: database.Database, registry: str, client: Docker
) -> None:
    layout, index = three()
    digest = pushed(layout, registry, "team/one", "1", index)
    name = reference.parse(f"{registry}/team/one@{digest}")
    images = fetched.of_name(client, name, platform.wanted(["linux/arm/v7"]), tmp_path)
    assert found(images, executable, current, tmp_path) == {"linux/arm/v7": EXPECTED["linux/arm/v7"]}
    assert sorted(images.left_out) == ["linux/amd64", "linux/arm64"]
    with pytest.raises(InputError, match="there are: linux/amd64, linux/arm/v7, linux/arm64"):
        fetched.of_name(client, name, platform.wanted(["linux/s390x"]), tmp_path)


@pytest.mark.docker
def test_a_tag_that_moves_does_not_matter(
    tmp_path: Path, executable: Path, current: database.Database, registry: str, client: Docker
) -> None:
    layout, index = three()
    pushed(layout, registry, "team/moving", "1", index)
    moved = Layout()
    other = moved.index(moved.image(ARM64), moved.image(AMD64, "linux/arm64"))

    class Moving(Docker):
        def run(self, *arguments: str | Path, **options: object) -> Any:
            if arguments[0] == "pull":
                pushed(moved, registry, "team/moving", "1", other)
            return super().run(*arguments, **options)

    name = reference.parse(f"{registry}/team/moving:1")
    moving = Moving(client.path, client.buildx, client.environ)
    images = fetched.of_name(moving, name, platform.wanted(["all"]), tmp_path)
    assert images.digest == index["digest"]
    assert loopback_digest(registry, "team/moving", "1") == other["digest"]
    assert found(images, executable, current, tmp_path) == EXPECTED


@pytest.mark.docker
def test_what_the_engine_has_is_taken_when_no_platform_is_asked_for(
    tmp_path: Path, executable: Path, current: database.Database, registry: str, client: Docker
) -> None:
    layout, index = three()
    pushed(layout, registry, "team/native", "1", index)
    name = reference.parse(f"{registry}/team/native:1")
    client.run("pull", "--platform", "linux/arm64", name.text)
    if client.run("info", "--format", "{{.Driver}}").stdout == b"overlayfs\n":
        # Engine 26 with containerd's image store cannot save an index of which it has one platform; others may.
        with pytest.raises(ToolError, match="does not give the image") as caught:
            fetched.of_name(client, name, platform.wanted([]), tmp_path)
        assert "`platforms`" in caught.value.mend
        return
    images = fetched.of_name(client, name, platform.wanted([]), tmp_path)
    assert found(images, executable, current, tmp_path) == {"": EXPECTED["linux/arm64"]}
    assert str(images.items[0].runs_on) == "linux/arm64"


@pytest.mark.docker
def test_what_a_registry_does_not_have(tmp_path: Path, registry: str, client: Docker) -> None:
    for name in (f"{registry}/team/none:1", f"{registry}/team/none@sha256:{'0' * 64}"):
        with pytest.raises(ToolError) as caught:
            fetched.of_name(client, reference.parse(name), platform.wanted(["all"]), tmp_path)
        assert caught.value.mend


@pytest.mark.docker
def test_an_image_of_another_platform_than_its_index_says(tmp_path: Path, registry: str, client: Docker) -> None:
    layout = Layout()
    lying = layout.image(AMD64, entry={"platform": {"os": "linux", "architecture": "arm64"}})
    pushed(layout, registry, "team/lying", "1", layout.index(lying))
    name = reference.parse(f"{registry}/team/lying:1")
    with pytest.raises((InputError, ToolError)):
        fetched.of_name(client, name, platform.wanted(["all"]), tmp_path)


@pytest.mark.parametrize("form", ["oci", "oci-archive", "dir-of-one"])
def test_what_skopeo_writes(
    tmp_path: Path, executable: Path, current: database.Database, registry: str, form: str
) -> None:
    layout, index = three()
    pushed(layout, registry, f"team/{form}", "1", index)
    target = tmp_path / "image.any"
    options = () if form == "dir-of-one" else ("--all",)
    skopeo("copy", *options, "--src-tls-verify=false", f"docker://{registry}/team/{form}:1",
           f"{'oci' if form == 'dir-of-one' else form}:{target}:name")  # fmt: skip
    images = platforms.of_archive(target, at(tmp_path, "temporary"))
    assert images.name == "name"
    raw = skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{registry}/team/{form}:1")
    if form == "dir-of-one":
        assert found(images, executable, current, tmp_path) == {"": EXPECTED["linux/amd64"]}
    else:
        assert images.digest == f"sha256:{hashlib.sha256(raw).hexdigest()}"
        assert found(images, executable, current, tmp_path) == EXPECTED


def test_skopeo_reads_what_the_scanner_is_given(tmp_path: Path) -> None:
    layout, _ = three()
    images = platforms.of_archive(layout.archive(tmp_path / "image.tar"), at(tmp_path, "temporary"))
    for item in images.items:
        read = json.loads(skopeo("inspect", "--config", f"oci:{item.source}"))
        assert read["architecture"] == item.runs_on.architecture
        assert tuple(read["rootfs"]["diff_ids"]) == item.diff_ids
        raw = skopeo("inspect", "--raw", f"oci:{item.source}")
        assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == item.digest


def skopeo(*arguments: str) -> bytes:
    argv = ["skopeo", "--insecure-policy", *arguments]
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, timeout=60).stdout


def loopback_digest(address: str, repository: str, tag: str) -> str:
    accepted = "application/vnd.oci.image.index.v1+json"
    request = urllib.request.Request(
        f"http://{address}/v2/{repository}/manifests/{tag}", method="HEAD", headers={"Accept": accepted}
    )
    with contextlib.closing(urllib.request.urlopen(request, timeout=10)) as answer:
        return str(answer.headers["Docker-Content-Digest"])
