"""A registry in memory on loopback, for pushing and reading: with or without a list of referrers, good or bad."""

import hashlib
import json
import re
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

# Looks at a request before it is served; returns what to answer in its place, or None to serve it.
Reply = tuple[int, dict[str, str], bytes]
Fault = Callable[["Handler"], Reply | None]


@dataclass
class Registry:
    """What it holds and how it behaves."""

    address: str = ""
    lists_referrers: bool = True
    page: int = 100
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # by digest
    tags: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def once(
        self, method: str, pattern: str, reply: Reply | Callable[["Handler"], Reply | None], times: int = 1
    ) -> None:
        """Answer otherwise, as often as is said, where method and path match."""
        left = [times]

        def fault(handler: "Handler") -> Reply | None:
            if handler.command != method or not re.search(pattern, handler.path) or not left[0]:
                return None
            left[0] -= 1
            return reply(handler) if callable(reply) else reply

        self.faults.append(fault)

    def image(self, layers: int = 0, described: bytes = b'{"architecture":"amd64","os":"linux"}') -> str:
        """Put an image with a configuration there, and return its digest."""
        config = self._blob(described)
        config["mediaType"] = "application/vnd.oci.image.config.v1+json"
        content = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config,
            "layers": [self._blob(b"%d" % number) for number in range(layers)],
        }).encode()  # fmt: skip
        return self.put(MANIFEST, content)

    def put(self, media_type: str, content: bytes, tag: str = "") -> str:
        digest = digest_of(content)
        self.manifests[digest] = (media_type, content)
        if tag:
            self.tags[tag] = digest
        return digest

    def methods(self, *methods: str) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.asked if method in methods]

    def referrers(self, digest: str) -> list[dict[str, Any]]:
        """What it lists itself."""
        found = []
        for own, (media_type, content) in sorted(self.manifests.items()):
            document = json.loads(content)
            if document.get("subject", {}).get("digest") == digest:
                found.append({
                    "mediaType": media_type, "digest": own, "size": len(content),
                    "artifactType": document.get("artifactType", ""), "annotations": document.get("annotations", {}),
                })  # fmt: skip
        return found

    def _blob(self, content: bytes) -> dict[str, Any]:
        self.blobs[digest_of(content)] = content
        return {"mediaType": "application/octet-stream", "digest": digest_of(content), "size": len(content)}


class Handler(BaseHTTPRequestHandler):
    registry: Registry
    protocol_version = "HTTP/1.1"
    content = b""

    def _handle(self) -> None:
        self.close_connection = True
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.registry.lock:
            self.registry.asked.append((self.command, self.path, dict(self.headers)))
        reply = next((made for fault in self.registry.faults if (made := fault(self)) is not None), None)
        if reply is None:
            with self.registry.lock:
                reply = self._served()
        with suppress(ConnectionError):
            self._send(*reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        if status == 0:  # die in the middle
            self.connection.close()
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _served(self) -> Reply:
        parts = urllib.parse.urlsplit(self.path)
        match = re.fullmatch(r"/v2/(.+?)/(manifests|blobs/uploads|blobs|referrers)/(.*)", parts.path)
        if not match:
            return 404, {}, b""
        kind, name = match[2], match[3]
        query = dict(urllib.parse.parse_qsl(parts.query))
        if kind == "blobs/uploads":
            return self._upload(match[1], query)
        if kind == "blobs":
            found = self.registry.blobs.get(name)
            return (404, {}, b"") if found is None else (200, {"Docker-Content-Digest": name}, found)
        if kind == "referrers":
            return self._referrers(name, query)
        return self._put_manifest(name) if self.command == "PUT" else self._get_manifest(name)

    def _upload(self, repository: str, query: dict[str, str]) -> Reply:
        if self.command == "POST":
            return 202, {"Location": f"/v2/{repository}/blobs/uploads/1?state=x"}, b""
        if self.command == "DELETE":
            return 204, {}, b""
        digest = digest_of(self.content)
        if query.get("digest") != digest or query.get("state") != "x":
            return 400, {}, b""
        self.registry.blobs[digest] = self.content
        return 201, {"Docker-Content-Digest": digest}, b""

    def _put_manifest(self, name: str) -> Reply:
        document = json.loads(self.content)
        blobs = [document["config"], *document["layers"]] if "layers" in document else []
        if any(blob["digest"] not in self.registry.blobs for blob in blobs):
            return 404, {"Content-Type": "application/json"}, b'{"errors": [{"code": "BLOB_UNKNOWN"}]}'
        digest = self.registry.put(
            self.headers["Content-Type"], self.content, "" if name.startswith("sha256:") else name
        )
        subject = document.get("subject", {}).get("digest")
        noted = {"OCI-Subject": subject} if subject and self.registry.lists_referrers else {}
        return 201, {"Docker-Content-Digest": digest, **noted}, b""

    def _get_manifest(self, name: str) -> Reply:
        digest = name if name.startswith("sha256:") else self.registry.tags.get(name, "")
        if digest not in self.registry.manifests:
            return 404, {"Content-Type": "application/json"}, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'
        media_type, content = self.registry.manifests[digest]
        return 200, {"Content-Type": media_type, "Docker-Content-Digest": digest}, content

    def _referrers(self, digest: str, query: dict[str, str]) -> Reply:
        if not self.registry.lists_referrers:
            return 404, {}, b"404 page not found"
        found = self.registry.referrers(digest)
        only = query.get("artifactType")
        found = [item for item in found if not only or item["artifactType"] == only]
        start = int(query.get("last", "0"))
        page = found[start : start + self.registry.page]
        headers = {"Content-Type": INDEX}
        if start + len(page) < len(found):
            following = urllib.parse.urlencode({**query, "last": start + len(page)})
            headers["Link"] = f'</v2/octo/fraud/referrers/{digest}?{following}>; rel="next"'
        return 200, headers, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": page}).encode()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Registry]:
    registry = Registry()
    handler = type("OwnHandler", (Handler,), {"registry": registry})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        registry.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
