import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from attestation_material import GITHUB
from modelseal.attestation import oidc
from modelseal.errors import InputError, ToolError

BEARER = "canary-bearer-5512"
TOKEN = "canary-token.e30.x"  # a canary


@contextmanager
def endpoint(*answers: tuple[int, bytes]) -> Iterator[tuple[dict[str, str], list[http.server.BaseHTTPRequestHandler]]]:
    """Serve answers one after the other, the last one for ever."""
    seen: list[http.server.BaseHTTPRequestHandler] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[min(len(seen), len(answers) - 1)]
            seen.append(self)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", body.decode())
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/token?api-version=2.0"
        yield {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}, seen
        server.shutdown()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc.time, "sleep", lambda _: None)  # type: ignore[attr-defined]


GOOD = (200, json.dumps({"value": TOKEN}).encode())


def test_token_is_asked_for_with_sigstores_audience_and_masked() -> None:
    masked: list[str] = []
    with endpoint(GOOD) as (environ, seen):
        assert oidc.identity_token(environ, masked.append) == TOKEN
    assert seen[0].path == "/token?api-version=2.0&audience=sigstore"
    assert seen[0].headers["Authorization"] == f"Bearer {BEARER}"
    assert masked == [BEARER, TOKEN]


def test_given_token_is_used_and_masked() -> None:
    masked: list[str] = []
    assert oidc.identity_token({"SIGSTORE_ID_TOKEN": TOKEN}, masked.append) == TOKEN
    assert masked == [TOKEN]


@pytest.mark.parametrize("trouble", [(500, b""), (503, b"busy"), (429, b""), (200, b"{}"), (200, b""), (200, b"[]")])
def test_passing_trouble_is_waited_out(trouble: tuple[int, bytes]) -> None:
    with endpoint(trouble, trouble, GOOD) as (environ, seen):
        assert oidc.identity_token(environ, lambda _: None) == TOKEN
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("answer", "attempts"),
    [
        ((500, b"x"), 4), ((200, b""), 4), ((200, b'{"value": ""}'), 4), ((200, b'{"value": 1}'), 4),
        ((200, b'{"value": "a", "value": "b"}'), 4), ((200, b"\xff"), 4),
        ((400, b""), 1), ((401, b""), 1), ((403, b""), 1), ((404, b""), 1),
    ],
)  # fmt: skip
def test_endpoint_that_gives_no_token(
    answer: tuple[int, bytes], attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"), endpoint(answer) as (environ, seen), pytest.raises(ToolError) as caught:
        oidc.identity_token(environ, lambda _: None)
    assert len(seen) == attempts
    assert BEARER not in str(caught.value) + caplog.text


def test_redirect_is_not_followed() -> None:
    with endpoint(GOOD) as (target, followed):
        location = target["ACTIONS_ID_TOKEN_REQUEST_URL"].encode()
        with endpoint((302, location)) as (environ, _), pytest.raises(ToolError, match="302"):
            oidc.identity_token(environ, lambda _: None)
    assert followed == []


def test_endpoint_that_is_not_there() -> None:
    environ = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/?canary-in-url",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
    }
    with pytest.raises(ToolError) as caught:
        oidc.identity_token(environ, lambda _: None)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://example.org/token", "file:///etc/passwd", "ftp://127.0.0.1/", "http://127.0.0.1.example/", "x"]
)
def test_bearer_does_not_travel_in_the_open(url: str) -> None:
    environ = {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}
    with pytest.raises(InputError, match="not an https address"):
        oidc.identity_token(environ, lambda _: None)


@pytest.mark.parametrize(
    "environ", [{}, {"ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"}, {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER}]
)
def test_without_permission(environ: dict[str, str]) -> None:
    with pytest.raises(InputError, match="outside of GitHub Actions"):
        oidc.identity_token(environ, lambda _: None)
    with pytest.raises(InputError, match="id-token: write"):
        oidc.identity_token(GITHUB | environ, lambda _: None)


def test_claims_are_read() -> None:
    assert oidc.claims_of("e30.eyJpc3MiOiAieCJ9.c2ln") == {"iss": "x"}


@pytest.mark.parametrize(
    "token", ["", "canary", "canary.canary", "a.b.c.d", "a.e30x.c", "a.W10.c", "a.\u00e4.c", "a.eyJhIjoxLCJhIjoxfQ.c"]
)
def test_token_that_is_none_is_not_repeated(token: str) -> None:
    with pytest.raises(InputError) as caught:
        oidc.claims_of(token)
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
