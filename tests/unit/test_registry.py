"""The registry client against servers that lie, break, stall, and send it elsewhere."""

import datetime as dt
import http.server
import json
import logging
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

import hostile_registry as hostile
from hostile_registry import INDEX, MANIFEST, Hostile, body, digest_of, redirect, status
from modelseal import registry
from modelseal.errors import InputError, ToolError
from modelseal.registry import (
    Client,
    Clock,
    Credentials,
    Descriptor,
    Limits,
    RateLimited,
    RegistryError,
    Unavailable,
    authorization,
    opening,
)
from modelseal.registry.content import Manifest
from modelseal.registry.reference import is_loopback

CONTENT = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}).encode()
BLOB = bytes(range(256)) * 2000
DESCRIPTOR = Descriptor("application/octet-stream", digest_of(BLOB), len(BLOB))
BLOB_PATH = f"/v2/team/thing/blobs/{DESCRIPTOR.digest}"
MANIFEST_PATH = "/v2/team/thing/manifests/1"
SECRET = "very-secret-password"


@dataclass
class Time:
    """Time that passes while somebody sleeps, and a hundredth of a second whenever it is asked for."""

    moment: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        self.moment += 0.01
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds


@pytest.fixture
def server() -> Iterator[Hostile]:
    with hostile.serving() as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Hostile]:
    with hostile.serving() as running:
        yield running


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
def client(clock: Time) -> Client:
    return made(clock)


def made(clock: Time, credentials: dict[str, Credentials] | None = None, **limits: float) -> Client:
    wanted = {"answer_seconds": 5.0, "silence_seconds": 5.0, **limits}
    return Client(
        {}, credentials or {}, Limits(**wanted),  # type: ignore[arg-type]
        Clock(clock.now, lambda: 1_800_000_000.0, clock.sleep, lambda: 0.0),
    )  # fmt: skip


def thing(server: Hostile, digest: str = "") -> registry.Reference:
    return registry.Reference(server.address, "team/thing", "1", digest)


# Names.


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("ghcr.io/a/b", "ghcr.io", "a/b", "latest", ""),
        ("ghcr.io/a/b:2", "ghcr.io", "a/b", "2", ""),
        ("localhost/a", "localhost", "a", "latest", ""),
        ("localhost:5000/a/b:x", "localhost:5000", "a/b", "x", ""),
        ("[::1]:5000/a", "[::1]:5000", "a", "latest", ""),
        ("127.0.0.1:1/x/trivy-db", "127.0.0.1:1", "x/trivy-db", "latest", ""),
        ("alpine", "docker.io", "library/alpine", "latest", ""),
        ("aquasec/trivy-db:2", "docker.io", "aquasec/trivy-db", "2", ""),
        ("docker.io/alpine", "docker.io", "library/alpine", "latest", ""),
        (f"ghcr.io/a/b@{digest_of(b'')}", "ghcr.io", "a/b", "", digest_of(b"")),
        (f"ghcr.io/a/b:2@{digest_of(b'')}", "ghcr.io", "a/b", "2", digest_of(b"")),
    ],
)
def test_names_are_taken_apart(text: str, host: str, repository: str, tag: str, digest: str) -> None:
    reference = registry.parse(text)
    assert (reference.host, reference.repository, reference.tag, reference.digest) == (host, repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "not a name", "--help", "ghcr.io/", "ghcr.io/A/b", "https://ghcr.io/a/b", "ghcr.io/a/../b", "a//b",
        "ghcr.io/a/b:", "ghcr.io/a/b@sha256:123", "ghcr.io/a/b@sha512:" + "0" * 128, "user:pw@ghcr.io/a", "ghcr.io:x/a",
        "ghcr.io/a/b\n", "ghcr.io/a/b?x", "ghcr.io/a#b", "evil.com#ghcr.io/a", "ghcr.io/a%2f", "é.io/a", "a" * 600,
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        registry.parse(text)
    assert caught.value.mend


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("ghcr.io", "https://ghcr.io"),
        ("docker.io", "https://registry-1.docker.io"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("localhost", "http://localhost"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("localhost.example.com", "https://localhost.example.com"),
        ("127.0.0.1.example.com", "https://127.0.0.1.example.com"),
        ("127.evil.com:80", "https://127.evil.com:80"),
        ("10.0.0.1:5000", "https://10.0.0.1:5000"),
        ("0.0.0.0:5000", "https://0.0.0.0:5000"),
    ],
)
def test_http_is_spoken_to_this_machine_alone(host: str, origin: str) -> None:
    assert registry.Reference(host, "a", "1").origin == origin
    assert is_loopback(host) == origin.startswith("http:")


# Manifests.


def test_tag_is_resolved_and_the_manifest_read_by_its_digest(client: Client, server: Hostile) -> None:
    digest = server.serve_manifest("team/thing", "1", CONTENT)
    assert client.resolve(thing(server)) == digest
    assert client.manifest(thing(server, digest)) == Manifest(CONTENT, MANIFEST, digest)
    assert [(method, path) for method, path, _ in server.asked] == [
        ("HEAD", MANIFEST_PATH),
        ("GET", f"/v2/team/thing/manifests/{digest}"),
    ]


def test_digest_needs_no_question(client: Client, server: Hostile) -> None:
    assert client.resolve(thing(server, digest_of(b"x"))) == digest_of(b"x")
    assert server.asked == []


@pytest.mark.parametrize("said", ["", "sha256:1", "md5:x", "sha512:" + "0" * 128])
def test_registry_that_does_not_say_the_digest_is_asked_for_the_manifest(
    said: str, client: Client, server: Hostile
) -> None:
    server.on(MANIFEST_PATH, body(CONTENT, MANIFEST, {"Docker-Content-Digest": said} if said else {}))
    assert client.resolve(thing(server)) == digest_of(CONTENT)


def test_index_is_told_from_a_manifest(client: Client, server: Hostile) -> None:
    digest = server.serve_manifest("team/thing", "1", b'{"manifests": []}', INDEX)
    index = client.manifest(thing(server, digest))
    assert index.is_index
    with pytest.raises(RegistryError, match="layers are malformed"):
        index.layers()


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (body(b"other", MANIFEST), "gave another manifest, sha256:d9298a10"),
        (body(CONTENT, "text/html"), "gave text/html, not a manifest. A proxy or a login page may stand between"),
        (body(CONTENT, "text/html; charset=utf-8"), "login page"),
        (body(CONTENT, "application/json"), "gave application/json, not a manifest"),
        (body(CONTENT, "application/vnd.docker.distribution.manifest.v1+prettyjws"), "not a manifest"),
        (body(CONTENT, ""), "gave something without a type"),
        (body(CONTENT, MANIFEST, {"Content-Encoding": "gzip", "Content-Length": "3"}), "gave another manifest"),
        (hostile.endless, "answered with more than 4194304 bytes"),
        (hostile.endless_chunks, "answered with more than 4194304 bytes"),
        (status(404), "answered 404 Not Found"),
        (status(403), "answered 403 Forbidden"),
        (status(204), "answered 204 No Content"),
        (status(400), "answered 400 Bad Request"),
        (redirect("file:///etc/passwd"), "sends us to file://, where we do not go"),
        (redirect("ftp://127.0.0.1/x"), "sends us to ftp://127.0.0.1"),
        (redirect("http://example.com/x"), "sends us to http://example.com, where we do not go: only HTTPS"),
        (redirect("https://user:pw@example.com/x"), "sends us to https://example.com, where we do not go"),
        (redirect("https://exa mple.com/x"), "where we do not go"),
        (redirect("https://[::1/x"), "redirects to an address that is none"),
        (redirect("http://127.0.0.1:99999999/x"), "an address that is none"),
        (redirect("https:///x"), "where we do not go"),
        (redirect(MANIFEST_PATH), "redirects without end"),
        (redirect(""), "redirects without end"),
    ],
)
def test_what_is_no_manifest_is_refused_at_once(
    behaviour: hostile.Behaviour, message: str, client: Client, server: Hostile, clock: Time
) -> None:
    reference = thing(server, digest_of(CONTENT))
    server.on(f"/v2/team/thing/manifests/{digest_of(CONTENT)}", behaviour)
    server.on(MANIFEST_PATH, behaviour)
    with pytest.raises(RegistryError) as caught:
        client.manifest(reference)
    assert message in str(caught.value)
    assert not isinstance(caught.value, Unavailable)
    assert clock.slept == []
    assert "pw" not in str(caught.value)


def test_manifest_of_a_gigabyte_is_not_waited_for(client: Client, server: Hostile) -> None:
    server.on(MANIFEST_PATH, body(b"x" * 5_000_000, MANIFEST, {"Content-Length": str(10**9)}))
    with pytest.raises(RegistryError, match="more than 4194304 bytes"):
        client.manifest(thing(server))


def test_header_that_lies_about_the_digest_is_noticed(client: Client, server: Hostile) -> None:
    server.on(MANIFEST_PATH, body(CONTENT, MANIFEST, {"Docker-Content-Digest": digest_of(b"other")}))
    with pytest.raises(RegistryError, match="gave another manifest"):
        client.manifest(thing(server))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"{}", b'{"layers": 5}', b'{"layers": null}', b'{"layers": [5]}',
        b'{"layers": [{}]}',
        b"[" * 100_000, b"\xff", b'{"layers": [], "manifests": []}', b'{"mediaType": "x/y", "layers": []}',
        b'{"layers": [{"mediaType": "a/b", "digest": "sha256:1", "size": 1}]}',
        *(
            b'{"layers": [{"mediaType": "a/b", "digest": "%s", "size": %s}]}' % (digest_of(b"").encode(), size)
            for size in (b"-1", b"true", b"1.5", b'"1"', b"9223372036854775808", b"1" * 5000, b"1e400", b"NaN")
        ),
    ],
)  # fmt: skip
def test_malformed_manifests_are_refused(content: bytes) -> None:
    with pytest.raises(RegistryError):
        Manifest(content, MANIFEST, digest_of(content)).layers()


# Faults that pass.


@pytest.mark.parametrize(
    "faults",
    [
        [status(500)], [status(502), status(503), status(504), status(408)], [hostile.hang_up], [hostile.no_http],
        [body(CONTENT, MANIFEST, {"Content-Length": str(len(CONTENT) + 10)})],
        [status(429)], [status(429, {"Retry-After": "7"})],
    ],
)  # fmt: skip
def test_what_passes_is_waited_for(
    faults: list[hostile.Behaviour], client: Client, server: Hostile, clock: Time
) -> None:
    server.on(MANIFEST_PATH, *faults, body(CONTENT, MANIFEST))
    assert client.manifest(thing(server)).content == CONTENT
    assert len(clock.slept) == len(faults)


def test_pauses_grow(client: Client, server: Hostile, clock: Time) -> None:
    server.on(MANIFEST_PATH, status(500))
    with pytest.raises(Unavailable, match=r"answered 500 Internal Server Error. It was tried 5 times") as caught:
        client.resolve(thing(server))
    assert clock.slept == [1, 2, 4, 8]
    assert caught.value.where == f"{server.address}/team/thing:1"


@pytest.mark.parametrize(
    ("header", "waited"),
    [
        ("30", 30), ("0", 1), ("-5", 1), ("soon", 1), ("", 1), ("Fri, 15 Jan 2027 08:00:20 GMT", 20),
        ("Fri, 15 Jan 1999 08:00:20 GMT", 1), ("Fri, 99 Jan 2027 08:00:20 GMT", 1),
    ],
)  # fmt: skip
def test_registry_that_says_how_long_to_wait_is_waited_for(
    header: str, waited: float, client: Client, server: Hostile, clock: Time
) -> None:
    server.on(MANIFEST_PATH, status(429, {"Retry-After": header}), body(CONTENT, MANIFEST))
    client.manifest(thing(server))
    assert clock.slept == [waited]


def test_rate_limit_without_end_is_explained(client: Client, server: Hostile) -> None:
    error = {"errors": [{"code": "TOOMANYREQUESTS", "message": "retry-after: 1ms, allowed: 44000/minute\x1b[31m\n::x"}]}
    server.on(MANIFEST_PATH, body(json.dumps(error).encode(), "application/json", code=429))
    with pytest.raises(RateLimited) as caught:
        client.manifest(thing(server))
    assert caught.value.what.startswith(
        f"Rate limited by {server.address}, which has been asked too often from this address: "
        f"{server.address} answered 429 Too Many Requests: TOOMANYREQUESTS retry-after: 1ms, allowed: 44000/minute"
    )
    assert "tried 5 times" in caught.value.what
    assert caught.value.mend == (
        "Wait and run again; keep what was fetched between jobs, or name a mirror of your own."
    )
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rate_limit_for_an_hour_is_not_waited_for(client: Client, server: Hostile, clock: Time) -> None:
    server.on(MANIFEST_PATH, status(429, {"Retry-After": "3600"}))
    with pytest.raises(RateLimited, match="It asks to wait 3600 seconds"):
        client.manifest(thing(server))
    assert clock.slept == []


def test_rate_limit_under_another_status_is_one(client: Client, server: Hostile) -> None:
    server.on(MANIFEST_PATH, body(b'{"errors":[{"code":"toomanyrequests"}]}', "application/json", code=403))
    with pytest.raises(RateLimited):
        client.manifest(thing(server))


@pytest.mark.parametrize(
    "error",
    [b"", b"{", b"[]", b'{"errors":[]}', b'{"errors":{}}', b'{"errors":[5]}', b'{"errors":null}', b"[" * 99_999,
     b'{"errors":[{"code":{"a":[]},"message":null}]}', b'"' + b"x" * 300_000 + b'"'],
)  # fmt: skip
def test_strange_explanations_do_no_harm(error: bytes, client: Client, server: Hostile) -> None:
    server.on(MANIFEST_PATH, body(error, "application/json", code=404))
    with pytest.raises(RegistryError, match="404 Not Found") as caught:
        client.manifest(thing(server))
    assert len(caught.value.what) < 400


def test_hasty_client_leaves_for_somebody_else(client: Client, server: Hostile, clock: Time) -> None:
    server.on(MANIFEST_PATH, status(429, {"Retry-After": "5"}))
    with pytest.raises(RateLimited):
        client.hasty().resolve(thing(server))
    server.on(MANIFEST_PATH, status(503))
    with pytest.raises(Unavailable):
        client.hasty().resolve(thing(server))
    assert clock.slept == [1]


def test_time_for_everything_is_bounded(server: Hostile, clock: Time) -> None:
    client = made(clock, seconds=10, attempts=100)
    server.on(MANIFEST_PATH, status(503))
    with pytest.raises(Unavailable):
        client.manifest(thing(server))
    assert sum(clock.slept) < 10


@pytest.mark.parametrize("behaviour", [hostile.silent, hostile.dripping, hostile.dripping_headers])
def test_server_that_hardly_answers_is_not_waited_for(
    behaviour: hostile.Behaviour, server: Hostile, clock: Time
) -> None:
    client = made(clock, attempts=2, answer_seconds=0.3, silence_seconds=0.2)
    server.on(MANIFEST_PATH, behaviour)
    started = time.monotonic()
    # The server is done with it sooner where the machine has much else to do: that is an end, too.
    with pytest.raises(Unavailable, match=r"cannot be reached: (its time was over|timed out|Connection reset)"):
        client.manifest(thing(server))
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("host", ["127.0.0.1:9", "no-such-host.invalid"])
def test_nobody_there_is_said_so(host: str, client: Client, clock: Time) -> None:
    with pytest.raises(Unavailable, match=f"{host} cannot be reached: .*tried 5 times") as caught:
        client.resolve(registry.Reference(host, "a", "1"))
    assert caught.value.mend == "Check the network and the proxy's settings."
    assert len(clock.slept) == 4


# Blobs.


def test_blob_is_fetched(client: Client, server: Hostile, tmp_path: Path) -> None:
    server.serve_blob("team/thing", BLOB)
    client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == BLOB


def test_empty_blob_needs_no_question(client: Client, server: Hostile, tmp_path: Path) -> None:
    client.blob(thing(server), Descriptor("a/b", digest_of(b""), 0), tmp_path / "blob")
    assert server.asked == []


@pytest.mark.parametrize(
    "behaviours",
    [
        [hostile.cut_off(BLOB, 100_000), hostile.ranged(BLOB)],
        [hostile.cut_off(BLOB, 100_000), body(BLOB)],
        [hostile.cut_off(BLOB, 100_000), status(416), hostile.ranged(BLOB)],
        [hostile.cut_off(BLOB, 100_000), body(BLOB[:99], code=206, headers={"Content-Range": "bytes 0-98/99"}),
         hostile.ranged(BLOB)],
        [hostile.cut_off(BLOB, 100_000), body(BLOB[:99], code=206), hostile.ranged(BLOB)],
        [hostile.cut_off(BLOB, 150_000)],
        [status(503), hostile.hang_up, hostile.ranged(BLOB)],
        [body(BLOB, headers={"Content-Length": "many"})],
    ],
)  # fmt: skip
def test_blob_is_had_in_the_end(
    behaviours: list[hostile.Behaviour], client: Client, server: Hostile, tmp_path: Path
) -> None:
    server.on(BLOB_PATH, *behaviours)
    client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == BLOB


def test_only_what_is_missing_is_asked_for(client: Client, server: Hostile, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(BLOB[:300_000])
    server.serve_blob("team/thing", BLOB)
    client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert [headers["Range"] for headers in server.headers(BLOB_PATH)] == ["bytes=300000-"]
    assert (tmp_path / "blob").read_bytes() == BLOB


def test_whole_blob_of_an_earlier_run_needs_no_network(client: Client, server: Hostile, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(BLOB)
    client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert server.asked == []


@pytest.mark.parametrize("garbage", [b"garbage", b"x" * len(BLOB), BLOB + b"more", BLOB[:-1] + b"x"])
def test_garbage_of_an_earlier_run_is_thrown_away(
    garbage: bytes, client: Client, server: Hostile, tmp_path: Path
) -> None:
    (tmp_path / "blob").write_bytes(garbage)
    server.serve_blob("team/thing", BLOB)
    client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == BLOB


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (body(b"x" * len(BLOB)), "gave another blob: sha256:"),
        (body(BLOB + b"x"), "announces 512001 bytes where 512000 are missing"),
        (body(BLOB[:-1]), "announces 511999 bytes where 512000 are missing"),
        (body(b"<html>", "text/html"), "announces 6 bytes"),
        (hostile.endless, "gave more than the 512000 bytes of a blob"),
        (hostile.endless_chunks, "gave more than the 512000 bytes of a blob"),
        (status(404), "404"),
        (status(416), "announces 0 bytes"),
        (redirect("http://example.com/blob?signature=very-secret"), "where we do not go"),
    ],
)
def test_wrong_blob_is_refused_at_once(  # noqa: PLR0913
    behaviour: hostile.Behaviour, message: str, client: Client, server: Hostile, clock: Time, tmp_path: Path
) -> None:
    server.on(BLOB_PATH, behaviour)
    with pytest.raises(RegistryError) as caught:
        client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert message in str(caught.value)
    assert "very-secret" not in str(caught.value)
    assert clock.slept == []
    assert (tmp_path / "blob").read_bytes() == b""


def test_blob_that_never_comes_is_given_up(client: Client, server: Hostile, tmp_path: Path) -> None:
    server.on(BLOB_PATH, hostile.cut_off(BLOB, 10))
    with pytest.raises(Unavailable, match=r"ended after 50 of 512000 bytes\. It was tried 5 times"):
        client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")


def test_progress_is_more_patience(server: Hostile, clock: Time, tmp_path: Path) -> None:
    content = bytes(12_000_000)
    descriptor = Descriptor("a/b", digest_of(content), len(content))
    server.on(f"/v2/team/thing/blobs/{descriptor.digest}", hostile.cut_off(content, 1_500_000))
    made(clock, attempts=2).blob(thing(server), descriptor, tmp_path / "blob")
    assert (tmp_path / "blob").stat().st_size == len(content)
    assert clock.slept == []


def test_slow_drip_is_not_waited_for(server: Hostile, clock: Time, tmp_path: Path) -> None:
    client = made(clock, attempts=2, stall_seconds=0.05)
    server.on(BLOB_PATH, hostile.dripping)
    with pytest.raises(Unavailable, match="is too slow: "):
        client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")


def test_long_fetch_tells_how_far_it_is(
    server: Hostile, clock: Time, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock.now = lambda: time.monotonic() * 1e6  # type: ignore[method-assign]
    server.serve_blob("team/thing", BLOB)
    made(clock, seconds=1e9, stall_seconds=1e12).blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert "of 0 MB" in caplog.text


def test_full_disk_is_not_taken_for_a_fault_of_the_registry(client: Client, server: Hostile, tmp_path: Path) -> None:
    server.serve_blob("team/thing", BLOB)
    (tmp_path / "blob").symlink_to("/dev/full")
    with pytest.raises(ToolError, match=r"disk is full|cannot be written") as caught:
        client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert not isinstance(caught.value, RegistryError)


# Who is asked, and who sees what.


def bearer(server: Hostile, realm: str) -> None:
    """Let the server want a token, which the realm gives."""
    wanted = f'Bearer realm="{realm}",service="the service",scope="repository:team/thing:pull,push"'

    def guarded(answer: hostile.Answer) -> None:
        right = answer.headers.get("Authorization") == "Bearer good-token"
        (body(CONTENT, MANIFEST) if right else status(401, {"WWW-Authenticate": wanted}))(answer)

    server.on(MANIFEST_PATH, guarded)


def test_token_is_fetched_once_and_asks_to_read_alone(client: Client, server: Hostile) -> None:
    bearer(server, f"http://{server.address}/token")
    server.on("/token", body(b'{"token": "good-token"}', "application/json"))
    for _ in range(3):
        client.manifest(thing(server))
    assert [path for path in server.paths() if path.startswith("/token")] == [
        "/token?service=the+service&scope=repository%3Ateam%2Fthing%3Apull"
    ]


def test_token_that_has_expired_is_fetched_again(client: Client, server: Hostile) -> None:
    bearer(server, f"http://{server.address}/token?x=1")
    server.on("/token", body(b'{"access_token": "old"}'), body(b'{"access_token": "good-token"}'))
    with pytest.raises(RegistryError, match="answered 401"):
        client.manifest(thing(server))
    assert client.manifest(thing(server)).content == CONTENT


def test_token_server_on_another_host_gets_no_credentials(
    server: Hostile, elsewhere: Hostile, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = made(clock, {server.address: Credentials("me", SECRET)})
    bearer(server, f"http://localhost:{elsewhere.port}/token")
    elsewhere.on("/token", body(b'{"token": "good-token"}'))
    assert client.manifest(thing(server)).content == CONTENT
    assert "Authorization" not in elsewhere.headers("/token")[0]
    assert SECRET not in caplog.text + repr(client)
    assert "gets no credentials" in caplog.text


def test_own_token_server_gets_credentials(server: Hostile, clock: Time, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = Credentials("me", SECRET)
    bearer(server, f"http://{server.address}/token")
    server.on("/token", body(b'{"token": "good-token"}'))
    made(clock, {server.address: credentials}).manifest(thing(server))
    assert server.headers("/token")[0]["Authorization"] == credentials.header
    assert SECRET not in caplog.text + repr(credentials)


@pytest.mark.parametrize(
    ("realm", "origin", "may"),
    [
        ("https://ghcr.io/token", "https://ghcr.io", True),
        ("https://auth.docker.io/token", "https://registry-1.docker.io", True),
        ("https://gitlab.com/jwt/auth", "https://registry.gitlab.com", True),
        ("https://evil.com/token", "https://ghcr.io", False),
        ("https://evilghcr.io/token", "https://ghcr.io", False),
        ("https://ghcr.io.evil.com/token", "https://ghcr.io", False),
        ("https://sub.ghcr.io/token", "https://ghcr.io", False),
        ("https://io/token", "https://ghcr.io", False),
        ("https://gitlab.com:8443/jwt/auth", "https://registry.gitlab.com", False),
        ("http://ghcr.io/token", "https://ghcr.io", False),
        ("https://auth.docker.io/token", "https://ghcr.io", False),
        ("http://127.0.0.1:1/token", "http://127.0.0.1:2", False),
        ("https://0.0.1/token", "https://127.0.0.1", False),
    ],
)
def test_who_may_see_credentials(realm: str, origin: str, *, may: bool) -> None:
    assert authorization.may_see_credentials(realm, origin) is may


@pytest.mark.parametrize(
    ("realm", "message"),
    [
        ("http://example.com/token", "where we do not go"),
        ("file:///etc/passwd", "where we do not go"),
        ("", "where we do not go"),
        ("https://a:b@example.com/", "where we do not go"),
        ("http://[/token", "an address that is none"),
    ],
)
def test_token_server_must_be_one(realm: str, message: str, client: Client, server: Hostile) -> None:
    bearer(server, realm)
    with pytest.raises(RegistryError, match=message):
        client.manifest(thing(server))


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (body(b"{}"), "gave none that can be used"),
        (body(b"[]"), "gave none that can be used"),
        (body(b"<html>"), "gave none that can be used"),
        (body(b'{"token": 5}'), "gave none that can be used"),
        (body(b'{"token": "a\\r\\nX-Evil: 1"}'), "gave none that can be used"),
        (body(b'{"token": "a b"}'), "gave none that can be used"),
        (body(b"[" * 99_999), "gave none that can be used"),
        (body(b'{"token": "' + b"x" * 300_000 + b'"}'), "more than 262144 bytes"),
        (hostile.endless, "more than 262144 bytes"),
        (status(401), "answered 401"),
        (status(403), "answered 403"),
        (redirect("http://example.com/"), "where we do not go"),
    ],
)
def test_token_that_is_none(behaviour: hostile.Behaviour, message: str, client: Client, server: Hostile) -> None:
    bearer(server, f"http://{server.address}/token")
    server.on("/token", behaviour)
    with pytest.raises(RegistryError, match=message):
        client.manifest(thing(server))


def test_token_server_that_limits_is_waited_for(client: Client, server: Hostile, clock: Time) -> None:
    bearer(server, f"http://{server.address}/token")
    server.on("/token", status(429, {"Retry-After": "9"}), body(b'{"token": "good-token"}'))
    client.manifest(thing(server))
    assert clock.slept == [9]


def basic(server: Hostile, credentials: Credentials) -> None:
    def guarded(answer: hostile.Answer) -> None:
        right = answer.headers.get("Authorization") == credentials.header
        (body(CONTENT, MANIFEST) if right else status(401, {"WWW-Authenticate": 'Basic realm="x"'}))(answer)

    server.on(MANIFEST_PATH, guarded)


def test_password_is_given_where_it_is_asked_for(server: Hostile, clock: Time) -> None:
    credentials = Credentials("me", SECRET)
    basic(server, credentials)
    made(clock, {server.address: credentials}).manifest(thing(server))
    assert [headers.get("Authorization") for headers in server.headers(MANIFEST_PATH)] == [None, credentials.header]


@pytest.mark.parametrize("headers", [{}, {"WWW-Authenticate": 'Basic realm="x"'}, {"WWW-Authenticate": "Negotiate"}])
def test_registry_that_wants_a_login_says_so(headers: dict[str, str], client: Client, server: Hostile) -> None:
    server.on(MANIFEST_PATH, status(401, headers))
    with pytest.raises(RegistryError, match="lets nobody read this without logging in") as caught:
        client.manifest(thing(server))
    assert caught.value.mend


def test_wrong_password_is_tried_once(server: Hostile, clock: Time) -> None:
    basic(server, Credentials("me", "another"))
    with pytest.raises(RegistryError, match="answered 401"):
        made(clock, {server.address: Credentials("me", SECRET)}).manifest(thing(server))
    assert len(server.asked) == 2


def test_redirect_takes_no_credentials_to_another_host_and_back(
    server: Hostile, elsewhere: Hostile, clock: Time, tmp_path: Path
) -> None:
    def guarded(answer: hostile.Answer) -> None:
        good = "Authorization" in answer.headers
        target = redirect(f"http://localhost:{elsewhere.port}/store?signature=1")
        (target if good else status(401, {"WWW-Authenticate": "Basic"}))(answer)

    server.on(BLOB_PATH, guarded)
    elsewhere.on("/store", redirect(f"http://{server.address}/back"))
    server.on("/back", hostile.ranged(BLOB))
    client = made(clock, {server.address: Credentials("me", SECRET)})
    client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == BLOB
    assert "Authorization" not in elsewhere.headers("/store")[0]
    assert "Authorization" not in server.headers("/back")[0]


def test_other_port_of_the_same_machine_is_another_server(
    server: Hostile, elsewhere: Hostile, clock: Time, tmp_path: Path
) -> None:
    server.on(BLOB_PATH, status(401, {"WWW-Authenticate": "Basic"}), redirect(f"http://{elsewhere.address}/store"))
    elsewhere.on("/store", status(401, {"WWW-Authenticate": "Basic"}))
    client = made(clock, {server.address: Credentials("me", SECRET)})
    with pytest.raises(RegistryError, match="answered 401"):
        client.blob(thing(server), DESCRIPTOR, tmp_path / "blob")
    assert [dict(headers).get("Authorization") for headers in elsewhere.headers("/store")] == [None]


def test_certificate_that_does_not_hold_is_not_asked_again(
    client: Client, server: Hostile, clock: Time, tmp_path: Path
) -> None:
    with tls(tmp_path) as port:
        server.on(MANIFEST_PATH, redirect(f"https://127.0.0.1:{port}/x"))
        with pytest.raises(
            RegistryError, match=r"The certificate of 127.0.0.1:\d+ does not hold: self-signed"
        ) as caught:
            client.manifest(thing(server))
    assert not isinstance(caught.value, Unavailable)
    assert clock.slept == []


class tls:  # noqa: N801 # used as a function
    """A server with a certificate of its own making."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        pem = serialization.Encoding.PEM
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "tls.pem").write_bytes(private + certificate.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.pem")
        self._server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return self._server.server_address[1]

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.mark.parametrize(
    ("environ", "host", "chosen"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "ghcr.io", {"https": "http://p:1"}),
        ({"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"}, "ghcr.io", {"https": "http://p:1"}),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.com,ghcr.io"}, "ghcr.io", {}),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "ghcr.io", {}),
        ({"HTTP_PROXY": "http://p:1"}, "ghcr.io", {}),
        ({}, "ghcr.io", {}),
    ],
)
def test_proxy_of_the_environment(environ: dict[str, str], host: str, chosen: dict[str, str]) -> None:
    assert opening.chosen_proxies(host, environ) == chosen


def test_proxy_that_refuses_is_named(server: Hostile, clock: Time) -> None:
    client = Client({"https_proxy": f"http://{server.address}"}, {}, Limits(attempts=1), Clock(clock.now))
    with pytest.raises(Unavailable, match=r"ghcr.io cannot be reached: Tunnel connection failed"):
        client.resolve(registry.parse("ghcr.io/a/b"))


# Challenges.


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        ('Bearer realm="https://a/b",service="c, d",scope="e"', ["bearer"]),
        ('Basic realm="x", Bearer realm="y"', ["basic", "bearer"]),
        ('Bearer realm="a\\"b"', ["bearer"]),
        ("Negotiate, Basic", ["negotiate", "basic"]),
        ("", []), (",,,", []), ('="x"', []), ('realm="x"', []), ('Bearer "', ["bearer"]),
    ],
)  # fmt: skip
def test_challenges_are_read(header: str, schemes: list[str]) -> None:
    assert [challenge.scheme for challenge in authorization.challenges([header])] == schemes


def test_quoted_values_of_challenges() -> None:
    (challenge,) = authorization.challenges(['BEARER Realm="a\\"b", service=c'])
    assert (challenge.get("realm"), challenge.get("service"), challenge.get("scope")) == ('a"b', "c", "")


@given(st.text(max_size=200))
def test_any_challenge_is_read_or_not(header: str) -> None:
    authorization.challenges([header])


def test_long_challenges_take_no_time() -> None:
    started = time.process_time()
    for header in (
        'Bearer realm="' + "\\" * 60_000,
        "Bearer " + "a=" * 30_000,
        "a " * 30_000,
        "Bearer " + 'a="",' * 15_000,
    ):
        authorization.challenges([header])
    assert time.process_time() - started < 5
