"""Small images with known packages in them, made without an engine."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any


def layer(more: Mapping[str, str]) -> bytes:
    """A root file system with two Debian packages, one of which has files, and a Python package; and more files."""
    text = (
        "Package: {0}\nStatus: install ok installed\nVersion: {1}\nArchitecture: all\nMaintainer: x <x@example.org>\n\n"
    )
    files = {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
        "var/lib/dpkg/status": text.format("alpha", "1.0-1") + text.format("beta", "2:3.4+dfsg-5"),
        "var/lib/dpkg/info/alpha.list": "/.\n/usr/share/alpha/data\n",
        "var/lib/dpkg/info/alpha.md5sums": "d41d8cd98f00b204e9800998ecf8427e  usr/share/alpha/data\n",
        "usr/share/alpha/data": "hello\n",
        "usr/lib/python3/dist-packages/gamma.dist-info/METADATA": "Metadata-Version: 2.1\nName: gamma\nVersion: 5\n",
        "usr/lib/python3/dist-packages/gamma.dist-info/RECORD": "gamma.py,,\n",
    } | dict(more)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content.encode())
            tar.addfile(member, io.BytesIO(content.encode()))
    return data.getvalue()


def oci_archive(path: Path, more: Mapping[str, str] = MappingProxyType({})) -> Path:
    """An image in the OCI layout alone, as `skopeo copy` writes it."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": f"sha256:{digest}", "size": len(data)}

    root = layer(more)
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(root).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": put(json.dumps(config).encode(), "config.v1+json"),
        "layers": [put(gzip.compress(root), "layer.v1.tar+gzip")],
    }
    index = {"schemaVersion": 2, "manifests": [put(json.dumps(manifest).encode(), "manifest.v1+json")]}
    members = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": json.dumps(index).encode()} | blobs
    with tarfile.open(path, "w") as tar:
        for name in ("blobs", "blobs/sha256"):  # Syft 1.18.1 unpacks no file into a folder that it has not seen
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path
