"""Every request that we make is accepted by GitHub's own description of its API, and its examples are understood."""

import contextlib
import gzip
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gate_results
from github_server import HEAD_SHA, SHA, TOKEN, Clock, pull_request
from modelseal.github import attestations, code_scanning, comments, rest
from modelseal.github.attestations import Created
from modelseal.github.code_scanning import Uploaded
from modelseal.github.comments import Written
from modelseal.github.rest import Client, RestError
from modelseal.report import comment, sarif, sarif_identity

ASSETS = Path(__file__).parents[1] / "assets" / "github-api"
SIGNATURES = Path(__file__).parents[1] / "assets" / "signatures"
PRISM = ASSETS / "node_modules" / ".bin" / "prism"
SARIFS = "/repos/octo/model/code-scanning/sarifs"


@pytest.fixture(scope="module")
def prism() -> Iterator[str]:
    assert PRISM.exists(), "Prism is not installed: make node_modules"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [str(PRISM), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(ASSETS / "github-api.json")]
    environ = {"PATH": os.environ["PATH"], "SCARF_ANALYTICS": "false", "DO_NOT_TRACK": "1"}
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT) as server:
        try:
            _wait(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "Prism did not start"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError("Prism does not answer")


def environ_of(prism: str, folder: Path, event: str = "push", payload: Any = None, **more: str) -> dict[str, str]:
    file = folder / "event.json"
    file.write_text(json.dumps(payload or {}))
    return {
        "GITHUB_API_URL": prism, "GITHUB_REPOSITORY": "octo/model", "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(file), "GITHUB_SHA": SHA, "GITHUB_REF": "refs/heads/main",
    } | more  # fmt: skip


def client(prism: str) -> Client:
    return rest.client({"GITHUB_API_URL": prism}, TOKEN, Clock().patience())


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/heads/feature/x", "refs/tags/v1.0", "refs/pull/7/merge"])
def test_an_upload_is_accepted_and_its_end_understood(prism: str, tmp_path: Path, ref: str) -> None:
    category = sarif_identity.category("scan-image", "fraud:1")
    log = sarif.render(gate_results.large_result(100), category=category)
    outcome = code_scanning.upload(
        sarif.compress(log.content), environ_of(prism, tmp_path, GITHUB_REF=ref), TOKEN, Clock().patience()
    )
    assert outcome == Uploaded(complete=True, ref=ref)


def test_the_largest_upload_is_accepted(prism: str, tmp_path: Path) -> None:
    log = sarif.render(gate_results.large_result(20_000), category="modelseal/scan-image/fraud")
    compressed = sarif.compress(log.content)
    outcome = code_scanning.upload(compressed, environ_of(prism, tmp_path), TOKEN, Clock().patience())
    assert isinstance(outcome, Uploaded)


def test_an_upload_for_a_pull_requests_head_is_accepted(prism: str, tmp_path: Path) -> None:
    environ = environ_of(prism, tmp_path, "pull_request_target", pull_request())
    outcome = code_scanning.upload(gzip.compress(b"{}"), environ, TOKEN, Clock().patience())
    assert outcome == Uploaded(complete=True, ref="refs/pull/7/head")


def test_a_comment_is_accepted(prism: str, tmp_path: Path) -> None:
    environ = environ_of(prism, tmp_path, "pull_request", pull_request(), GITHUB_REF="refs/pull/7/merge")
    body = comment.render(gate_results.hostile_result())
    line = comments.marker("scan-image", "modelseal/scan-image/fraud")
    outcome = comments.write(body, line, environ, TOKEN, Clock().patience())
    assert isinstance(outcome, Written)
    assert outcome.url.startswith("https://github.com/")


def test_a_comment_that_is_too_many_is_removed(prism: str) -> None:
    assert client(prism).request("DELETE", "/repos/octo/model/issues/comments/1").status == 204


def test_attestations_are_accepted_and_listed(prism: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What GitHub's own examples name as storage is elsewhere, and is not asked here."""
    elsewhere: list[str] = []

    def fetched(url: str, *_: object, **__: object) -> bytes:
        elsewhere.append(url)
        return b"{}"

    monkeypatch.setattr(attestations, "fetched", fetched)
    store = attestations.store(environ_of(prism, tmp_path), "octo/model", TOKEN, Clock().patience())
    assert store.offered() is None
    made = store.create((SIGNATURES / "production" / "reusable-workflow-attestation.sigstore.json").read_bytes())
    assert isinstance(made, Created)
    assert len(store.about(f"sha256:{'0' * 64}", "https://slsa.dev/provenance/v1")) == len(elsewhere) == 2
    assert all(url.startswith("https://") for url in elsewhere)


FITS = {"commit_sha": HEAD_SHA, "ref": "refs/heads/main", "sarif": "H4sI"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", SARIFS, {}),
        ("POST", SARIFS, FITS | {"commit_sha": "main"}),
        ("POST", SARIFS, FITS | {"ref": "main"}),
        ("POST", SARIFS, FITS | {"sarif": 3}),
        ("POST", SARIFS, FITS | {"unknown": 1}),
        ("POST", "/repos/octo/model/issues/7/comments", {"text": "x"}),
        ("POST", "/repos/octo/model/issues/seven/comments", {"body": "x"}),
        ("PATCH", "/repos/octo/model/issues/comments/1", {}),
        ("POST", "/repos/octo/model/attestations", {}),
        ("POST", "/repos/octo/model/code-scanning/sarif", FITS),
        ("PUT", SARIFS, FITS),
    ],
)
def test_what_does_not_fit_is_refused(prism: str, method: str, path: str, body: Any) -> None:
    """Otherwise the tests above would say nothing."""
    with pytest.raises(RestError) as caught:
        client(prism).request(method, path, body=body)
    assert 400 <= caught.value.status < 500


@pytest.mark.parametrize("code", [403, 404, 503])
def test_the_refusals_that_github_describes_are_read(prism: str, code: int) -> None:
    request = urllib.request.Request(
        f"{prism}{SARIFS}", json.dumps(FITS).encode(),
        {"Content-Type": "application/json", "Prefer": f"code={code}"},
    )  # fmt: skip
    with pytest.raises(urllib.error.HTTPError) as caught, urllib.request.urlopen(request, timeout=30):
        pass
    with caught.value as answer:
        assert answer.code == code
        assert set(json.loads(answer.read())) >= {"message", "documentation_url"}
