"""Image layouts of several platforms, made here byte by byte: as builders write them, and hostile ones."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saved_images import digest, tar

OCI = "application/vnd.oci.image"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}
UNKNOWN = {"os": "unknown", "architecture": "unknown"}
Json = dict[str, Any]


class Layout:
    """A layout in the making: blobs by digest, and what its `index.json` names."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.top: list[Json] = []
        self.extra: list[tuple[str, bytes | tarfile.TarInfo]] = []

    def put(self, content: bytes, media_type: str) -> Json:
        self.blobs[digest(content)] = content
        return {"mediaType": media_type, "digest": digest(content), "size": len(content)}

    def image(
        self, files: Mapping[str, bytes], platform: str = "linux/amd64", *, packed: bool = True, **changes: Any
    ) -> Json:
        """Put an image, and return its entry; `changes` are the manifest's, `config`'s and `entry`'s theirs."""
        layer = tar(list(files.items()))
        os, architecture, variant = [*platform.split("/"), ""][:3]
        described = {"os": os, "architecture": architecture} | ({"variant": variant} if variant else {})
        config = described | {"config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}
        config |= changes.pop("config", {})
        entry = changes.pop("entry", {})
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": self.put(json.dumps(config).encode(), f"{OCI}.config.v1+json"),
            "layers": [
                self.put(gzip.compress(layer, mtime=0) if packed else layer, f"{OCI}.layer.v1.tar{'+gzip' * packed}")
            ],
        } | changes
        found = self.put(json.dumps(manifest).encode(), f"{OCI}.manifest.v1+json")
        made: Json = found | {"platform": described} | entry
        return made

    def attestation(self, about: Json, **entry: Any) -> Json:
        """Put what BuildKit puts beside an image, and return its entry."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": self.put(b'{"os":"unknown","architecture":"unknown"}', f"{OCI}.config.v1+json"),
            "layers": [self.put(json.dumps({"subject": about["digest"]}).encode(), "application/vnd.in-toto+json")],
        }
        annotations = ATTESTATION | {"vnd.docker.reference.digest": about["digest"]}
        found = self.put(json.dumps(manifest).encode(), f"{OCI}.manifest.v1+json")
        return found | {"platform": UNKNOWN, "annotations": annotations} | entry

    def index(self, *entries: Json, media_type: str = f"{OCI}.index.v1+json", **entry: Any) -> Json:
        """Put an index, and return its entry."""
        document = {"schemaVersion": 2, "mediaType": media_type, "manifests": list(entries)}
        found = self.put(json.dumps(document).encode(), media_type)
        return found | entry

    def members(self) -> list[tuple[str, bytes | tarfile.TarInfo]]:
        top = json.dumps({"schemaVersion": 2, "manifests": self.top}).encode()
        files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": top}
        files |= {f"blobs/sha256/{name.removeprefix('sha256:')}": blob for name, blob in self.blobs.items()}
        return [*files.items(), *self.extra]

    def archive(self, file: Path) -> Path:
        file.write_bytes(tar(self.members()))
        return file

    def folder(self, folder: Path) -> Path:
        with tarfile.open(fileobj=io.BytesIO(tar(self.members()))) as archive:
            archive.extractall(folder, filter="data")
        return folder
