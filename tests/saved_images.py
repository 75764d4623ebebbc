"""Archives of images, made here byte by byte: small ones that a scanner understands, and hostile ones."""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelseal.image.streams import compression

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# Of two layers: alike, as registries have them, or not, as engines with containerd's image store may save them.
COMPRESSIONS = [("", "gzip"), ("gzip", ""), ("gzip", "gzip"), ("zstd", "zstd"), ("gzip", "zstd"), ("zstd", "")]

Members = list[tuple[str, bytes]]

# What the test database knows of Debian 12: see assets/trivy-db/advisories.tsv.
HARMLESS = {"base-files": ("base-files", "12.4")}


def tar(members: Sequence[tuple[str, bytes | tarfile.TarInfo]], *, plain: bool = True) -> bytes:
    """Return a tar file; a `TarInfo` in place of the content is written as it is."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w" if plain else "w:gz") as archive:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def packed(content: bytes, how: str) -> bytes:
    """Compress with `gzip` or `zstd`, or with nothing."""
    if how == "gzip":
        return gzip.compress(content, mtime=0)
    return zstd.compress(content) if how == "zstd" else content


def link(name: str, target: str) -> tuple[str, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return name, info


def debian(packages: Mapping[str, tuple[str, str]] = HARMLESS, release: str = "12.15") -> dict[str, bytes]:
    """Return the files by which a scanner knows Debian, with packages by name: source package and version."""
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nSource: {source}\nVersion: {version}\n"
        f"Maintainer: Nobody <nobody@example.org>\nDescription: a package\n"
        for name, (source, version) in packages.items()
    )
    return {
        "etc/debian_version": f"{release}\n".encode(),
        "etc/os-release": f'ID=debian\nVERSION_ID="{release.partition(".")[0]}"\n'.encode(),
        "var/lib/dpkg/status": status.encode(),
    }


def python_packages(versions: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files by which a scanner knows installed Python packages."""
    return {
        f"usr/lib/python3/dist-packages/{name}-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        ).encode()
        for name, version in versions.items()
    }


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def config(layers: Sequence[bytes], **extra: Any) -> bytes:
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": ["PATH=/usr/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
            "history": [{"created_by": "COPY . /"} for _ in layers],
        }
        | extra
    ).encode()


def docker_members(layers: Sequence[bytes], described: bytes, tags: Sequence[str] = ("small:1",)) -> Members:
    """Return the members of an archive in Docker's own layout."""
    name = f"{digest(described).removeprefix('sha256:')}.json"
    places = [f"{digest(layer).removeprefix('sha256:')}/layer.tar" for layer in layers]
    manifest = json.dumps([{"Config": name, "RepoTags": list(tags), "Layers": places}]).encode()
    return [*dict(zip(places, layers, strict=True)).items(), (name, described), ("manifest.json", manifest)]


def oci_members(layers: Sequence[bytes], described: bytes, *, nested: bool = False) -> Members:
    """Return the members of an OCI image layout: of one image, or with an index in its index."""
    blobs: dict[str, bytes] = {}

    def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
        blobs[f"blobs/sha256/{digest(content).removeprefix('sha256:')}"] = content
        return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": digest(content), "size": len(content)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor(described, "config.v1+json"),
        "layers": [descriptor(layer, "+".join(filter(None, ("layer.v1.tar", compression(layer))))) for layer in layers],
    }
    entry = descriptor(json.dumps(manifest).encode(), "manifest.v1+json")
    if nested:
        index = {"schemaVersion": 2, "manifests": [entry | {"platform": {"os": "linux", "architecture": "amd64"}}]}
        entry = descriptor(json.dumps(index).encode(), "index.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": "small:1"}
    top = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    return [*blobs.items(), ("index.json", top), ("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')]


def containerd_members(
    layers: Sequence[bytes], described: bytes, *, nested: bool = False
) -> list[tuple[str, bytes] | tuple[str, tarfile.TarInfo]]:
    """Return the members of an archive of an engine with containerd's image store: both layouts, of the same blobs."""
    members = oci_members(layers, described, nested=nested)
    places = {content: name for name, content in members}
    entry = {"Config": places[described], "RepoTags": ["small:1"], "Layers": [places[layer] for layer in layers]}
    return [*map(_folder, ("blobs", "blobs/sha256")), *members, ("manifest.json", json.dumps([entry]).encode())]


def _folder(name: str) -> tuple[str, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, 0o755
    return name, info


def saved(file: Path, *trees: Mapping[str, bytes], **extra: Any) -> Path:
    """Save an image in Docker's own layout, one layer for each tree of files, and return its archive."""
    layers = [tar(list(tree.items())) for tree in trees]
    file.write_bytes(tar(docker_members(layers, config(layers, **extra))))
    return file
