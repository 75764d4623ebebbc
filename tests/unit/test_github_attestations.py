"""GitHub's store of attestations: what is sent and to whom, where it is not offered, and what is not believed."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import github_server
from github_server import TOKEN, Clock, Reply, Request, Server, pull_request
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.github import attestations
from modelseal.github.attestations import Created, NotOffered, Store
from modelseal.github.rest import RestError

DIGEST = f"sha256:{'1f' * 32}"
BUNDLE = {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": {"payload": "é"}}
PATH = "/repos/octo/model/attestations"
PUBLIC = {"private": False, "owner": {"type": "User"}}


@pytest.fixture
def server() -> Iterator[Server]:
    with github_server.running() as made:
        yield made


def store(server: Server, folder: Path, token: str = TOKEN, **environ: Any) -> Store:
    made = server.environ(folder, **environ)
    return attestations.store(made, "octo/model", token, Clock().patience(), anonymous=True)


def block(document: object) -> bytes:
    """Encode as one snappy block of literals."""
    data = json.dumps(document).encode()
    size, made = len(data), bytearray()
    while size >= 128:
        made.append(size & 127 | 128)
        size >>= 7
    made.append(size)
    for start in range(0, len(data), 60):
        part = data[start : start + 60]
        made += bytes([(len(part) - 1) << 2]) + part
    return bytes(made)


def answers(*replies: Reply) -> Callable[[Request], Reply]:
    waiting = list(replies)
    return lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def test_bundle_is_sent_as_it_is(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: Reply(201, {"id": 17})
    made = store(server, tmp_path, GITHUB_SERVER_URL="https://github.com").create(json.dumps(BUNDLE).encode())
    assert made == Created(17, "https://github.com/octo/model/attestations/17")
    (request,) = server.requests
    assert (request.method, request.path, request.body) == ("POST", PATH, {"bundle": BUNDLE})
    assert request.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500), Reply(502), Reply(503), Reply(504), Reply(429, headers={"Retry-After": "2"}), Reply(200, cut=True),
        Reply(403, {"message": "You have exceeded a secondary rate limit"}),
        Reply(403, {"message": "API rate limit"}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1010"}),
    ],
)  # fmt: skip
def test_what_fails_for_now_is_tried_again(server: Server, tmp_path: Path, reply: Reply) -> None:
    server.answer = answers(reply, Reply(201, {"id": 1}))
    assert isinstance(store(server, tmp_path).create(b"{}"), Created)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (403, "Feature not available for user-owned private repositories. To enable this feature, please make this "
         "repository public.", "user-owned private"),
        (403, "Feature not available for the octo organization. Please upgrade to GitHub Enterprise.", "organization"),
        (404, "Upgrade to GitHub Enterprise to enable this feature.", "Upgrade"),
        (400, "Feature not available for user-owned private repositories.", "user-owned private"),
    ],
)  # fmt: skip
def test_plan_that_does_not_offer_it_is_no_error(
    server: Server, tmp_path: Path, status: int, message: str, expected: str
) -> None:
    server.answer = lambda _: Reply(status, {"message": message})
    made = store(server, tmp_path).create(b"{}")
    assert isinstance(made, NotOffered)
    assert expected in made.reason
    assert "oci" in made.mend


@pytest.mark.parametrize(
    ("reply", "mend"),
    [
        (Reply(403, {"message": "Resource not accessible by integration"}), "attestations: write"),
        (Reply(404, {"message": "Not Found"}), "attestations: write"),
        (Reply(422, {"message": "Validation Failed", "errors": ["predicate too large"]}), "16 MiB"),
        (Reply(401, {"message": f"Bad credentials {TOKEN}"}), "github-token"),
        (Reply(500), ""), (Reply(201, {"id": "7"}), ""), (Reply(201, {"id": True}), ""), (Reply(201, []), ""),
        (Reply(201, raw=b"<html>"), ""), (Reply(302, headers={"Location": "https://evil.example/"}), ""),
    ],
)  # fmt: skip
def test_refusals_are_errors_that_say_what_to_do(server: Server, tmp_path: Path, reply: Reply, mend: str) -> None:
    server.answer = lambda _: reply
    with pytest.raises(ToolError) as caught:
        store(server, tmp_path).create(b"{}")
    assert mend in caught.value.mend
    assert TOKEN not in str(caught.value)


# --- before anything is signed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "offered"),
    [
        (PUBLIC, True),
        ({"private": True, "owner": {"type": "Organization"}}, True),  # whether its plan has it, only storing shows
        ({"private": True, "owner": {"type": "User"}}, False),
    ],
)
def test_private_repository_of_a_user_is_known_before(
    server: Server, tmp_path: Path, about: Mapping[str, Any], *, offered: bool
) -> None:
    server.answer = lambda _: Reply(200, about)
    assert (store(server, tmp_path).offered() is None) == offered
    assert server.asked() == [("GET", "/repos/octo/model")]


@pytest.mark.parametrize(
    ("event", "payload", "environ"),
    [
        ("pull_request", pull_request(head="somebody/model"), {}),
        ("pull_request", pull_request(head=None), {}),
        ("push", {}, {"GITHUB_ACTOR": "dependabot[bot]"}),
    ],
)
def test_token_that_only_reads_is_known_before(
    server: Server, tmp_path: Path, event: str, payload: Any, environ: dict[str, str]
) -> None:
    refusal = store(server, tmp_path, event=event, payload=payload, **environ).offered()
    assert refusal is not None
    assert "only reads" in refusal.reason
    assert server.requests == []


def test_server_of_an_enterprise_is_known_before() -> None:
    made = attestations.store({"GITHUB_API_URL": "https://git.example/api/v3"}, "octo/model", TOKEN)
    refusal = made.offered()
    assert refusal is not None
    assert "Enterprise Server" in refusal.reason


def test_cloud_of_its_own_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    made = attestations.store({"GITHUB_API_URL": "https://api.octo.ghe.com"}, "octo/model", TOKEN)
    asked: list[str] = []

    def request(_client: object, _method: str, path: str) -> Reply:
        asked.append(path)
        return Reply(200, PUBLIC)

    monkeypatch.setattr("modelseal.github.rest.Client.request", request)
    assert made.offered() is None
    assert asked == ["/repos/octo/model"]


def test_repository_that_cannot_be_seen_is_an_error(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: Reply(404, {"message": "Not Found"})
    with pytest.raises(InputError, match="knows no repository"):
        store(server, tmp_path).offered()


@pytest.mark.parametrize(
    "name", ["", "octo", "octo/", "/model", "octo/model/x", "octo/..", "oc to/model", "o/m?x", "o/m#"]
)
def test_what_is_no_repository_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        attestations.store({}, name, TOKEN)


def test_storing_needs_a_token() -> None:
    with pytest.raises(InputError):
        attestations.store({}, "octo/model", "")


# --- finding ----------------------------------------------------------------------------------------------------------


def listed(*entries: object, **headers: str) -> Reply:
    return Reply(200, {"attestations": list(entries)}, headers)


def test_inline_bundles_are_found(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: listed({"bundle": BUNDLE, "bundle_url": "https://never.example/asked"})
    (found,) = store(server, tmp_path).about(DIGEST, "https://slsa.dev/provenance/v1")
    assert json.loads(found) == BUNDLE
    path = f"{PATH}/{DIGEST}?per_page=10&predicate_type=https%3A%2F%2Fslsa.dev%2Fprovenance%2Fv1"
    assert server.asked() == [("GET", path)]


def test_pages_are_followed(server: Server, tmp_path: Path) -> None:
    following = f'<{server.url}{PATH}/{DIGEST}?after=x>; rel="next", <https://evil.example/>; rel="last"'
    server.answer = answers(listed({"bundle": BUNDLE}, Link=following), listed({"bundle": BUNDLE | {"n": 2}}))
    assert len(store(server, tmp_path).about(DIGEST)) == 2
    assert server.asked()[1] == ("GET", f"{PATH}/{DIGEST}?after=x")


def test_without_a_token_public_attestations_are_read(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: listed({"bundle": BUNDLE})
    assert store(server, tmp_path, "").about(DIGEST)
    assert "authorization" not in server.requests[0].headers


def test_nothing_there_is_nothing_found(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: Reply(404, {"message": "Not Found"})
    assert store(server, tmp_path).about(DIGEST) == ()
    server.answer = lambda _: listed()
    assert store(server, tmp_path).about(DIGEST) == ()


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(401, {"message": "Bad credentials"}), "401"),
        (Reply(403, {"message": "Resource not accessible by integration"}), "403"),
        (Reply(500), "500"),
        (Reply(200, {}), "malformed"),
        (Reply(200, {"attestations": {}}), "malformed"),
        (Reply(200, []), "malformed"),
        (Reply(200, raw=b'{"attestations": [], "attestations": [1]}'), "twice"),
        (listed("x"), "without its bundle"),
        (listed({"bundle": None, "bundle_url": ""}), "without its bundle"),
        (listed({"bundle": "x"}), "without its bundle"),
        (listed(Link='<https://evil.example/>; rel="next"'), "another server"),
    ],
)
def test_no_answer_is_not_taken_for_an_empty_one(server: Server, tmp_path: Path, reply: Reply, message: str) -> None:
    server.answer = lambda _: reply
    with pytest.raises(ModelsealError, match=message):
        store(server, tmp_path).about(DIGEST)


@pytest.mark.parametrize("status", [404, 410, 204])
def test_list_that_ends_in_the_middle_is_not_taken_for_all(server: Server, tmp_path: Path, status: int) -> None:
    first = listed({"bundle": BUNDLE}, Link=f'<{server.url}{PATH}/{DIGEST}?after=1>; rel="next"')
    server.answer = answers(first, Reply(status, {"message": "Not Found"}))
    with pytest.raises(ToolError):
        store(server, tmp_path).about(DIGEST)


def test_list_without_end_is_refused(server: Server, tmp_path: Path) -> None:
    server.answer = lambda request: listed(Link=f'<{server.url}{request.path.partition("?")[0]}?after=x>; rel="next"')
    with pytest.raises(ToolError, match="no end"):
        store(server, tmp_path).about(DIGEST)


def test_more_than_a_thousand_are_refused(server: Server, tmp_path: Path) -> None:
    def page(request: Request) -> Reply:
        number = int(request.path.partition("after=")[2] or 0) + 1
        return listed(*[{"bundle": BUNDLE}] * 90, Link=f'<{server.url}{PATH}/{DIGEST}?after={number}>; rel="next"')

    server.answer = page
    with pytest.raises(ToolError, match="more than 1000"):
        store(server, tmp_path).about(DIGEST)
    assert len(server.requests) == 12


def test_more_than_half_a_gigabyte_is_refused(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attestations, "_ALL_BYTES", 100)
    server.answer = lambda _: listed({"bundle": BUNDLE}, {"bundle": BUNDLE})
    with pytest.raises(ToolError, match="512 MiB"):
        store(server, tmp_path).about(DIGEST)


# --- storage elsewhere ------------------------------------------------------------------------------------------------


def test_bundle_elsewhere_is_fetched_without_the_token(server: Server, tmp_path: Path) -> None:
    with github_server.running(lambda _: Reply(200, raw=block(BUNDLE))) as storage:
        server.answer = lambda _: listed({"bundle": None, "bundle_url": f"{storage.url}/4.json.sn?sig=canary"})
        (found,) = store(server, tmp_path).about(DIGEST)
        assert json.loads(found) == BUNDLE
        (request,) = storage.requests
        assert request.path == "/4.json.sn?sig=canary"
        assert "authorization" not in request.headers
        assert TOKEN not in str(request.headers)


def test_storage_that_fails_for_now_is_asked_again(server: Server, tmp_path: Path) -> None:
    with github_server.running(answers(Reply(503), Reply(200, raw=block(BUNDLE)))) as storage:
        server.answer = lambda _: listed({"bundle_url": f"{storage.url}/4"})
        assert len(store(server, tmp_path).about(DIGEST)) == 1


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(500), "500"), (Reply(403), "403"), (Reply(404), "404"), (Reply(200, raw=b"{}"), "decompressed"),
        (Reply(200, raw=b""), "decompressed"), (Reply(200, raw=block(BUNDLE)[:-1]), "decompressed"),
        (Reply(200, raw=b"\xff\xff\xff\xff\x0f"), "larger than"), (Reply(200, raw=block(BUNDLE), cut=True), "reached"),
        (Reply(302, headers={"Location": "https://evil.example/"}), "302"),
    ],
)  # fmt: skip
def test_storage_that_fails_is_an_error_without_its_address(
    server: Server, tmp_path: Path, reply: Reply, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    with github_server.running(lambda _: reply) as storage:
        server.answer = lambda _: listed({"bundle_url": f"{storage.url}/4?sig=canary-signature"})
        with caplog.at_level("INFO"), pytest.raises(ToolError, match=message) as caught:
            store(server, tmp_path).about(DIGEST)
    assert "canary-signature" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.example/4", "ftp://storage.example/4", "file:///etc/passwd", "//storage.example/4", "storage",
        "https://user:password@storage.example/4", "https://", "https://[::1", "http://169.254.169.254/latest",
    ],
)  # fmt: skip
def test_addresses_that_are_not_followed(server: Server, tmp_path: Path, url: str) -> None:
    server.answer = lambda _: listed({"bundle_url": url})
    with pytest.raises(ToolError, match="do not go"):
        store(server, tmp_path).about(DIGEST)


def test_loopback_is_not_followed_from_elsewhere() -> None:
    with pytest.raises(ToolError, match="do not go"):
        attestations.fetched("http://127.0.0.1:1/4", {}, Clock().patience(), near="https://api.github.com")


def test_error_is_githubs_own(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: Reply(403, {"message": "Resource not accessible by integration"})
    with pytest.raises(RestError):
        store(server, tmp_path).about(DIGEST)
