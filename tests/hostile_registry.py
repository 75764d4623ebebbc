"""A registry on this machine that answers as it is told to: well, badly, or not at all."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

Behaviour = Callable[["Answer"], None]


@dataclass
class Hostile:
    """Its address, what it answers for each path (the last behaviour of a path for ever), and what it was asked."""

    address: str
    routes: dict[str, list[Behaviour]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> str:
        return self.address.rpartition(":")[2]

    def on(self, path: str, *behaviours: Behaviour) -> None:
        self.routes[path] = list(behaviours)

    def paths(self, method: str = "GET") -> list[str]:
        return [path for verb, path, _ in self.asked if verb == method]

    def headers(self, path: str) -> list[dict[str, str]]:
        return [headers for _, asked, headers in self.asked if asked.partition("?")[0] == path]

    def serve_manifest(self, repository: str, tag: str, content: bytes, media_type: str = MANIFEST) -> str:
        digest = digest_of(content)
        for name in (tag, digest):
            self.on(f"/v2/{repository}/manifests/{name}", body(content, media_type, {"Docker-Content-Digest": digest}))
        return digest

    def serve_blob(self, repository: str, content: bytes) -> str:
        digest = digest_of(content)
        self.on(f"/v2/{repository}/blobs/{digest}", ranged(content))
        return digest

    def serve_artifact(self, repository: str, tag: str, layer: bytes, media_type: str) -> str:
        descriptor = {"mediaType": media_type, "digest": self.serve_blob(repository, layer), "size": len(layer)}
        config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [descriptor]}
        return self.serve_manifest(repository, tag, json.dumps(manifest).encode())


class Answer(BaseHTTPRequestHandler):
    hostile: Hostile
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.close_connection = True
        path = self.path.partition("?")[0]
        with self.hostile.lock:
            self.hostile.asked.append((self.command, self.path, dict(self.headers)))
            behaviours = self.hostile.routes.get(path, [status(404)])
            behaviour = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        with suppress(ConnectionError):  # the client has gone, as it should
            behaviour(self)

    do_HEAD = do_GET  # noqa: N815

    def start(self, code: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Connection": "close", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Hostile]:
    handler = type("Handler", (Answer,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        hostile = Hostile(f"127.0.0.1:{server.server_address[1]}")
        handler.hostile = hostile  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield hostile
        finally:
            hostile.over.set()
            server.shutdown()
            thread.join()


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def body(
    content: bytes, media_type: str = "application/octet-stream", headers: dict[str, str] | None = None, code: int = 200
) -> Behaviour:
    def behave(answer: Answer) -> None:
        answer.start(code, {"Content-Type": media_type, "Content-Length": str(len(content)), **(headers or {})})
        if answer.command != "HEAD":
            answer.wfile.write(content)

    return behave


def status(code: int, headers: dict[str, str] | None = None) -> Behaviour:
    return body(b"", headers=headers, code=code)


def redirect(target: str) -> Behaviour:
    return status(307, {"Location": target})


def ranged(content: bytes) -> Behaviour:
    def behave(answer: Answer) -> None:
        wanted = answer.headers.get("Range")
        if not wanted:
            return body(content)(answer)
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        place = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        return body(content[start:], headers=place, code=206)(answer)

    return behave


def cut_off(content: bytes, after: int) -> Behaviour:
    """Announce all and give a part, from where it was asked to go on."""

    def behave(answer: Answer) -> None:
        start = int((answer.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        place = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        answer.start(206 if start else 200, {"Content-Length": str(len(content) - start), **place})
        answer.wfile.write(content[start : start + after])

    return behave


def endless(answer: Answer) -> None:
    answer.start(200, {"Content-Type": MANIFEST})
    while not answer.hostile.over.is_set():
        answer.wfile.write(b"x" * 65536)


def endless_chunks(answer: Answer) -> None:
    answer.start(200, {"Content-Type": MANIFEST, "Transfer-Encoding": "chunked"})
    while not answer.hostile.over.is_set():
        answer.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def dripping(answer: Answer) -> None:
    """Give a byte now and then."""
    answer.start(200, {"Content-Type": MANIFEST})
    while not answer.hostile.over.wait(0.02):
        answer.wfile.write(b"x")


def dripping_headers(answer: Answer) -> None:
    answer.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not answer.hostile.over.wait(0.02):
        answer.wfile.write(b"x")


def silent(answer: Answer) -> None:
    answer.hostile.over.wait(60)


def no_http(answer: Answer) -> None:
    answer.wfile.write(b"\0\1\2 what is this?\r\n\r\n")


def hang_up(answer: Answer) -> None:
    answer.connection.close()
