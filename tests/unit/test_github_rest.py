"""A REST client against a server that does everything wrong."""

import logging
import socket
from collections.abc import Iterator

import pytest

import github_server
from github_server import TOKEN, Clock, Reply, Request, Server
from modelseal.errors import InputError
from modelseal.github import rest, transport
from modelseal.github.rest import RestError


@pytest.fixture
def server() -> Iterator[Server]:
    with github_server.running() as running:
        yield running


def client(server: Server, clock: Clock | None = None, seconds: float = 180.0) -> rest.Client:
    return rest.client({"GITHUB_API_URL": server.url}, TOKEN, (clock or Clock()).patience(seconds))


def in_turn(*replies: Reply) -> "Replies":
    return Replies(list(replies))


class Replies:
    def __init__(self, replies: list[Reply]) -> None:
        self.replies = replies

    def __call__(self, _request: Request) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def test_a_request_is_as_github_wants_it(server: Server) -> None:
    server.answer = lambda _request: Reply(body={"a": "\u00e9"}, headers={"X-Thing": "1"})
    answer = client(server).request("POST", "/repos/o/r/x", query={"page": 2}, body={"text": "\u202e"})
    assert (answer.status, answer.body, answer.headers["x-thing"]) == (200, {"a": "\u00e9"}, "1")
    (asked,) = server.requests
    assert (asked.method, asked.path, asked.body) == ("POST", "/repos/o/r/x?page=2", {"text": "\u202e"})
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["accept"] == "application/vnd.github+json, application/json"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["user-agent"].startswith("modelseal/")


def test_no_content_is_no_error(server: Server) -> None:
    server.answer = lambda _request: Reply(204)
    assert client(server).request("DELETE", "/x").body is None


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_malfunctions_are_tried_again_with_growing_pauses(server: Server, status: int) -> None:
    clock = Clock()
    server.answer = in_turn(Reply(status, raw=b"<html>"), Reply(status), Reply(body=[1]))
    assert client(server, clock).request("GET", "/x").body == [1]
    assert clock.slept == [1.0, 2.0]


def test_malfunctions_come_to_an_end(server: Server) -> None:
    clock = Clock()
    server.answer = lambda _request: Reply(503, {"message": "No server is currently available"})
    with pytest.raises(RestError, match=r"it answered 503, No server is currently available\.") as caught:
        client(server, clock).request("GET", "/x")
    assert len(server.requests) == 5
    assert clock.slept == [1.0, 2.0, 4.0, 8.0]
    assert caught.value.status == 503


def test_what_must_not_happen_twice_is_not_sent_twice(server: Server) -> None:
    server.answer = lambda _request: Reply(502)
    with pytest.raises(RestError):
        client(server).request("POST", "/x", body={}, repeatable=False)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422])
def test_refusals_are_final_and_say_what_github_said(server: Server, status: int) -> None:
    body = {"message": "Validation Failed", "errors": [{"message": "commit_sha is wrong"}, "and so"],
            "documentation_url": "https://docs.github.com/x"}  # fmt: skip
    server.answer = lambda _request: Reply(status, body)
    with pytest.raises(RestError) as caught:
        client(server).request("POST", "/repos/o/r/x", query={"q": "1"}, body={})
    error = caught.value
    assert error.message == "Validation Failed / commit_sha is wrong / and so"
    assert (error.status, error.documentation_url) == (status, "https://docs.github.com/x")
    assert error.where == f"POST {server.url}/repos/o/r/x"
    assert error.mend
    assert len(server.requests) == 1


class TestRateLimits:
    def test_the_named_time_is_waited(self, server: Server) -> None:
        clock = Clock()
        limited = Reply(429, {"message": "slow down"}, {"Retry-After": "17"})
        server.answer = in_turn(limited, Reply(body={}))
        client(server, clock).request("POST", "/x", body={}, repeatable=False)  # it was refused, not done
        assert clock.slept == [17.0]

    def test_the_reset_is_waited_for(self, server: Server) -> None:
        clock = Clock()
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(clock.now) + 42)}
        server.answer = in_turn(Reply(403, {"message": "API rate limit exceeded"}, headers), Reply(body={}))
        client(server, clock).request("GET", "/x")
        assert clock.slept == [42.0]

    def test_a_secondary_one_without_a_time_is_a_minute(self, server: Server) -> None:
        clock = Clock()
        message = {"message": "You have exceeded a secondary rate limit. Please wait."}
        server.answer = in_turn(Reply(403, message), Reply(body={}))
        client(server, clock).request("GET", "/x")
        assert clock.slept == [60.0]

    @pytest.mark.parametrize("headers", [{"Retry-After": "3600"},
                                         {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999"}])  # fmt: skip
    def test_nobody_waits_for_an_hour(self, server: Server, headers: dict[str, str]) -> None:
        clock = Clock()
        server.answer = lambda _request: Reply(403, {"message": "rate limit exceeded"}, headers)
        with pytest.raises(RestError) as caught:
            client(server, clock).request("GET", "/x")
        assert clock.slept == []
        assert "rate limit" in caught.value.mend

    @pytest.mark.parametrize("headers", [{"Retry-After": "-1"}, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"},
                                         {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"},
                                         {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "99999"}])  # fmt: skip
    def test_what_cannot_be_read_is_no_limit(self, server: Server, headers: dict[str, str]) -> None:
        server.answer = lambda _request: Reply(403, {"message": "Forbidden"}, headers)
        with pytest.raises(RestError):
            client(server).request("GET", "/x")
        assert len(server.requests) == 1

    def test_the_whole_is_bounded(self, server: Server) -> None:
        clock = Clock()
        server.answer = lambda _request: Reply(429, headers={"Retry-After": "50"})
        with pytest.raises(RestError):
            client(server, clock, seconds=120).request("GET", "/x")
        assert sum(clock.slept) <= 120


class TestUnusableAnswers:
    @pytest.mark.parametrize(
        "raw",
        [b"<html>sign in</html>", b'{"a": ', b'{"a": 1, "a": 2}', b'{"a": NaN}', b"\xff\xfe", b"[" * 200_000,
         b'{"a": 1}{"b": 2}'],
    )  # fmt: skip
    def test_what_is_not_json_is_no_answer(self, server: Server, raw: bytes) -> None:
        server.answer = lambda _request: Reply(200, raw=raw)
        with pytest.raises(RestError, match="not JSON") as caught:
            client(server).request("GET", "/x")
        assert caught.value.status == 0
        assert len(server.requests) == 1

    def test_an_answer_that_is_cut_off_is_asked_for_again(self, server: Server) -> None:
        server.answer = in_turn(Reply(body={"a": 1}, cut=True), Reply(body={"a": 1}))
        assert client(server).request("GET", "/x").body == {"a": 1}

    def test_an_answer_that_stays_cut_off_is_an_error(self, server: Server) -> None:
        server.answer = lambda _request: Reply(body={"a": 1}, cut=True)
        with pytest.raises(RestError, match="cannot be reached"):
            client(server).request("GET", "/x")

    def test_too_large_an_answer_is_not_read(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(transport, "ANSWER_BYTES", 1000)
        server.answer = lambda _request: Reply(raw=b'"' + b"a" * 10_000 + b'"')
        with pytest.raises(RestError, match="larger than 1000 bytes"):
            client(server).request("GET", "/x")

    def test_a_compressed_bomb_is_not_unpacked(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        import gzip  # noqa: PLC0415 -- for this test

        monkeypatch.setattr(transport, "ANSWER_BYTES", 1024 * 1024)
        bomb = gzip.compress(b" " * 64 * 1024 * 1024)
        server.answer = lambda _request: Reply(raw=bomb, headers={"Content-Encoding": "gzip"})
        with pytest.raises(RestError, match="larger than"):
            client(server).request("GET", "/x")

    def test_an_answer_that_never_ends_is_left(self, server: Server) -> None:
        clock = Clock()
        patience = rest.Patience(10.0, clock.sleep, lambda: clock.now, lambda: clock.now)

        def late(_request: Request) -> Reply:
            clock.now += 11
            return Reply(body={})

        server.answer = late
        with pytest.raises(RestError, match="takes too long"):
            rest.client({"GITHUB_API_URL": server.url}, TOKEN, patience).request("GET", "/x")


def test_an_unreachable_server_is_an_error_that_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        clock = Clock()
        with pytest.raises(RestError, match="cannot be reached") as caught:
            rest.client({"GITHUB_API_URL": url}, TOKEN, clock.patience()).request("GET", "/x")
    assert caught.value.status == 0
    assert len(clock.slept) == 4


class TestRedirects:
    def test_on_the_same_server_they_are_followed_with_method_and_body(self, server: Server) -> None:
        server.answer = in_turn(Reply(307, headers={"Location": "/repositories/1/x"}), Reply(201, {"id": 1}))
        assert client(server).request("POST", "/repos/o/r/x", body={"a": 1}).body == {"id": 1}
        assert [(request.method, request.path, request.body) for request in server.requests] == [
            ("POST", "/repos/o/r/x", {"a": 1}), ("POST", "/repositories/1/x", {"a": 1}),
        ]  # fmt: skip

    @pytest.mark.parametrize("scheme", ["http://127.0.0.2:{port}/x", "https://127.0.0.1:{port}/x", "//127.0.0.2/x",
                                        "http://127.0.0.1:{other}/x", "http://127.0.0.1:{port}@evil.example/x",
                                        "file:///etc/passwd"])  # fmt: skip
    def test_to_another_server_the_token_does_not_go(self, server: Server, scheme: str) -> None:
        with github_server.running(lambda _request: Reply(body={})) as other:
            port, other_port = server.url.rpartition(":")[2], other.url.rpartition(":")[2]
            location = scheme.format(port=port, other=other_port)
            server.answer = lambda _request: Reply(302, headers={"Location": location})
            with pytest.raises(RestError, match="another server"):
                client(server).request("GET", "/x")
            assert other.requests == []
        assert len(server.requests) == 1

    def test_round_in_circles_they_are_not(self, server: Server) -> None:
        server.answer = lambda _request: Reply(301, headers={"Location": "/x"})
        with pytest.raises(RestError, match="circles"):
            client(server).request("GET", "/x")
        assert len(server.requests) == 4

    def test_an_address_of_another_server_is_not_asked(self, server: Server) -> None:
        with pytest.raises(RestError, match="another server"):
            client(server).request("GET", "https://api.github.com/x")
        assert server.requests == []


class TestSecrets:
    def test_the_token_is_in_no_error_and_in_no_log(self, server: Server, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        echo = {"message": f"bad token {TOKEN}", "documentation_url": f"https://docs.github.com/{TOKEN}",
                "errors": [f"{TOKEN}"]}  # fmt: skip
        server.answer = in_turn(Reply(503, echo), Reply(401, echo))
        with pytest.raises(RestError) as caught:
            client(server).request("GET", "/x")
        error = caught.value
        for text in (
            str(error),
            repr(error),
            error.message,
            error.documentation_url,
            caplog.text.replace(f"/x/{TOKEN}", ""),
        ):
            assert TOKEN not in text
        assert TOKEN not in repr(client(server))

    @pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "a\r\nX-Evil: 1", "\u00e9", "a\0", "x" * 5000])
    def test_what_cannot_be_a_token_is_refused_and_not_repeated(self, token: str) -> None:
        with pytest.raises(InputError) as caught:
            rest.client({}, token)
        assert token.strip() == "" or token not in str(caught.value)

    @pytest.mark.parametrize("url", ["http://api.github.com", "ftp://api.github.com", "api.github.com",
                                     "http://127.0.0.1.evil.example"])  # fmt: skip
    def test_it_does_not_travel_in_the_open(self, url: str) -> None:
        with pytest.raises(InputError, match="https"):
            rest.client({"GITHUB_API_URL": url}, TOKEN)


@pytest.mark.parametrize(
    ("url", "server", "graphql"),
    [
        ("", False, "https://api.github.com/graphql"),
        ("https://api.github.com/", False, "https://api.github.com/graphql"),
        ("https://api.octo.ghe.com", False, "https://api.octo.ghe.com/graphql"),
        ("https://git.example/api/v3", True, "https://git.example/api/graphql"),
        ("https://api.github.com.evil.example", True, "https://api.github.com.evil.example/graphql"),
    ],
)
def test_hosts(url: str, server: bool, graphql: str) -> None:  # noqa: FBT001 # a parameter of a test
    made = rest.client({"GITHUB_API_URL": url}, TOKEN)
    assert (made.is_server, made.graphql) == (server, graphql)


class TestProxies:
    def test_requests_go_through_the_proxy_that_the_environment_names(self, server: Server) -> None:
        server.answer = lambda _request: Reply(body={})
        environ = {"GITHUB_API_URL": "http://localhost:1", "http_proxy": server.url.replace("//", "//me:se%20cret@")}
        rest.client(environ, TOKEN, Clock().patience()).request("GET", "/x")
        (asked,) = server.requests
        assert asked.path == "http://localhost:1/x"
        assert asked.headers["proxy-authorization"].startswith("Basic ")

    @pytest.mark.parametrize("exceptions", ["127.0.0.1", "*", "example.org, 127.0.0.1"])
    def test_or_past_it(self, server: Server, exceptions: str) -> None:
        server.answer = lambda _request: Reply(body={})
        environ = {"GITHUB_API_URL": server.url, "HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": exceptions}
        rest.client(environ, TOKEN, Clock().patience()).request("GET", "/x")
        assert server.asked() == [("GET", "/x")]
