"""A registry on this machine: Debian's own `docker-registry`, with a storage folder of its own."""

import contextlib
import hashlib
import io
import json
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

_EXECUTABLE = "docker-registry"
_START_SECONDS = 60
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a registry and yield its address, `127.0.0.1:port`; loopback addresses need no TLS."""
    executable = shutil.which(_EXECUTABLE)
    if executable is None:
        raise RuntimeError(f"{_EXECUTABLE} is missing; on Debian: apt-get install docker-registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    settings = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": address},
    }
    (folder / "registry.yml").write_text(json.dumps(settings))
    with (
        (folder / "registry.log").open("wb") as log,
        subprocess.Popen([executable, "serve", folder / "registry.yml"], stdout=log, stderr=log) as process,
    ):
        try:
            _wait(address)
            yield address
        finally:
            process.terminate()


def served_digest(address: str, repository: str, tag: str) -> str:
    """Return the digest that the registry itself gives for a tag."""
    accepted = f"application/vnd.docker.distribution.manifest.v2+json, {_OCI_MANIFEST}"
    request = urllib.request.Request(
        f"http://{address}/v2/{repository}/manifests/{tag}", method="HEAD", headers={"Accept": accepted}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers["Docker-Content-Digest"])


def push_database(address: str, repository: str, cache: Path) -> None:
    """Push a Trivy database as the OCI artifact that Trivy downloads, tagged 2 for its schema."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("trivy.db", "metadata.json"):
            archive.add(cache / "db" / name, name)
    manifest = {
        "schemaVersion": 2,
        "mediaType": _OCI_MANIFEST,
        "config": _blob(address, repository, b"{}", "application/vnd.aquasec.trivy.config.v1+json"),
        "layers": [
            _blob(address, repository, packed.getvalue(), "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip")
            | {"annotations": {"org.opencontainers.image.title": "db.tar.gz"}}
        ],
    }
    _send("PUT", f"http://{address}/v2/{repository}/manifests/2", json.dumps(manifest).encode(), _OCI_MANIFEST)


def _blob(address: str, repository: str, content: bytes, media_type: str) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    where = _send("POST", f"http://{address}/v2/{repository}/blobs/uploads/", b"", "application/octet-stream")
    _send("PUT", f"{where}{'&' if '?' in where else '?'}digest={digest}", content, "application/octet-stream")
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _send(method: str, url: str, content: bytes, media_type: str) -> str:
    request = urllib.request.Request(url, content, {"Content-Type": media_type}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.headers.get("Location", ""))


def _wait(address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://{address}/v2/", timeout=2).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
