"""A GitHub on loopback that refuses: whatever a test tells it to answer, and nothing that it was not told."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any

from modelseal.github.rest import Patience

TOKEN = "ghs_canaryCANARYcanaryCANARY0123456789ab"
SHA = "4b6472266afd7b471e86085a6659e8c7f2b119da"
HEAD_SHA = "1111111111111111111111111111111111111111"


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What to answer: JSON, or bytes as they are; with `cut` the connection ends in the middle."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: bool = False


@dataclass
class Server:
    """A running one. `answer` may be changed at any time."""

    url: str
    answer: Callable[[Request], Reply]
    requests: list[Request] = field(default_factory=list)

    def environ(self, folder: Path, event: str = "push", payload: object = None, **more: str) -> dict[str, str]:
        """What a job of octo/model has in its environment."""
        file = folder / "event.json"
        file.write_text(json.dumps(payload if payload is not None else {}))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": "octo/model",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(file),
            "GITHUB_SHA": SHA,
            "GITHUB_REF": "refs/heads/main",
            "GITHUB_ACTOR": "octocat",
        } | more

    def asked(self) -> list[tuple[str, str]]:
        """Method and path of each request, in order."""
        return [(request.method, request.path) for request in self.requests]


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, seconds: float = 180.0) -> Patience:
        return Patience(seconds, self.sleep, lambda: self.now, lambda: self.now)


def pull_request(number: int = 7, head: str | None = "octo/model") -> dict[str, Any]:
    """The payload of an event about a pull request."""
    repository = {"full_name": head} if head else None
    return {"pull_request": {"number": number, "head": {"sha": HEAD_SHA, "repo": repository}}}


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that all of them have ended when the server has

    def server_bind(self) -> None:
        """Ask no name server for our name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]


@contextlib.contextmanager
def running(answer: Callable[[Request], Reply] = lambda _request: Reply(500)) -> Iterator[Server]:
    """Start a server on a free port, and end it again."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, json.loads(content) if content else None)
            server.requests.append(request)
            reply = server.answer(request)
            made = b"" if reply.body is None else json.dumps(reply.body).encode()
            made = made if reply.raw is None else reply.raw
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(made) + (10 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(made)
            if reply.cut:
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 # what the standard library looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = _Server(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}", answer)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
