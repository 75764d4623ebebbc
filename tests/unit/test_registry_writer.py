"""Pushing what refers to an image, to registries with and without a list of it, that fail, lie, and change."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

import oci_registry
from modelseal import registry
from modelseal.registry import (
    Artifact,
    Client,
    Clock,
    Credentials,
    Limits,
    RegistryError,
    Unavailable,
    Writer,
    referrers,
)
from oci_registry import INDEX, MANIFEST, Handler, Registry, Reply, digest_of

pytestmark = pytest.mark.slow

TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
CANARY = "canary-5e1f-password"


@dataclass
class Time:
    """A clock that passes only when somebody sleeps."""

    passed: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.passed, lambda: self.passed, self.sleep, lambda: 0.0)


@pytest.fixture(params=[True, False], ids=["lists", "tags"])
def server(request: pytest.FixtureRequest) -> Iterator[Registry]:
    with oci_registry.serving() as made:
        made.lists_referrers = request.param
        yield made


@pytest.fixture
def plain() -> Iterator[Registry]:
    with oci_registry.serving() as made:
        yield made


def writer(**limits: float) -> Writer:
    return Writer({}, {}, Limits(**limits), Time().clock())  # type: ignore[arg-type]


def image_of(server: Registry) -> registry.Reference:
    return registry.Reference(server.address, "octo/fraud", digest=server.image())


def artifact(text: str = "{}") -> Artifact:
    return Artifact(TYPE, TYPE, text.encode(), {"dev.sigstore.bundle.predicateType": "https://x.example/1"})


def attach(server: Registry, text: str = "{}", made: Writer | None = None) -> registry.Attached:
    made = made or writer()
    image = image_of(server)
    attached = made.attach(image, made.manifest(image), artifact(text))
    made.settle(image, (attached,))
    return attached


def found(server: Registry) -> list[bytes]:
    """Read everything back that refers to the image."""
    client = Client({}, {}, Limits(), Time().clock())
    image = image_of(server)
    return [
        client.content(image, layer, 10**6)
        for entry in referrers.listed(client, image, (TYPE,))
        for layer in client.manifest(image.at(entry.descriptor.digest)).layers()
    ]


def test_what_is_attached_is_found_again(server: Registry) -> None:
    attached = attach(server, '{"a": 1}')
    assert attached.listed_by_registry == server.lists_referrers
    assert found(server) == [b'{"a": 1}']
    image = image_of(server)
    assert set(server.tags) == (set() if server.lists_referrers else {image.digest.replace(":", "-")})


def test_manifest_is_as_others_write_it(server: Registry) -> None:
    attached = attach(server)
    document = json.loads(server.manifests[attached.referrer.descriptor.digest][1])
    image = image_of(server)
    assert document == {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": TYPE,
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest_of(b"{}"), "size": 2},
        "layers": [{"mediaType": TYPE, "digest": digest_of(b"{}"), "size": 2}],
        "subject": {"mediaType": MANIFEST, "digest": image.digest, "size": len(server.manifests[image.digest][1])},
        "annotations": {"dev.sigstore.bundle.predicateType": "https://x.example/1"},
    }


def test_other_things_that_refer_to_the_image_are_kept_and_not_returned(server: Registry) -> None:
    image = image_of(server)
    made = writer()
    made.attach(image, made.manifest(image), Artifact("application/x.other", "application/x.other", b"other", {}))
    attach(server, "ours", made)
    assert found(server) == [b"ours"]
    if not server.lists_referrers:
        index = json.loads(server.manifests[server.tags[image.digest.replace(":", "-")]][1])
        assert [item["artifactType"] for item in index["manifests"]] == ["application/x.other", TYPE]


def test_list_of_several_pages_is_read_to_its_end(plain: Registry) -> None:
    plain.page = 2
    for number in range(5):
        attach(plain, str(number))
    assert sorted(found(plain)) == [b"0", b"1", b"2", b"3", b"4"]


def test_both_lists_are_read(plain: Registry) -> None:
    plain.lists_referrers = False
    attach(plain, "before")
    plain.lists_referrers = True
    attach(plain, "after")
    assert sorted(found(plain)) == [b"after", b"before"]


def test_blob_that_is_there_is_not_sent_again(plain: Registry) -> None:
    attach(plain, "same")
    sent = len([path for _, path in plain.methods("PUT") if "blobs" in path])
    attach(plain, "same")
    assert len([path for _, path in plain.methods("PUT") if "blobs" in path]) == sent == 2


def test_permission_is_asked_for_without_leaving_anything(plain: Registry) -> None:
    writer().require_permission(image_of(plain))
    assert [method for method, _ in plain.methods("POST", "PUT", "DELETE")] == ["POST", "DELETE"]
    assert len(plain.blobs) == 1  # the image's configuration


FAILS_FOR_NOW: list[tuple[str, str, Reply]] = [
    ("POST", "uploads", (500, {}, b"")),
    ("POST", "uploads", (429, {"Retry-After": "3"}, b"")),
    ("POST", "uploads", (0, {}, b"")),
    ("PUT", "uploads", (502, {}, b"")),
    ("PUT", "uploads", (0, {}, b"")),
    ("PUT", "manifests/sha256:", (503, {}, b"")),
    ("PUT", "manifests/sha256:", (0, {}, b"")),
    ("PUT", "uploads", (400, {"Content-Type": "application/json"}, b'{"errors":[{"code":"DIGEST_INVALID"}]}')),
    ("PUT", "uploads", (404, {"Content-Type": "application/json"}, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')),
    ("HEAD", "blobs", (500, {}, b"")),
    ("GET", "manifests/sha256:", (504, {}, b"")),
    ("GET", "blobs", (0, {}, b"")),
    ("PUT", "manifests/sha256-", (500, {}, b"")),
    ("GET", "manifests/sha256-", (429, {}, b"")),
    ("GET", "referrers", (500, {}, b"")),
]


@pytest.mark.parametrize(("method", "path", "reply"), FAILS_FOR_NOW)
def test_what_fails_for_now_is_tried_again(server: Registry, method: str, path: str, reply: Reply) -> None:
    server.once(method, path, reply, times=2)
    attach(server, "whole")
    assert found(server) == [b"whole"]


def test_acknowledgement_that_is_lost_does_no_harm(server: Registry) -> None:
    """The registry has done what it was asked to, and dies before it says so."""

    def served_and_dead(handler: Handler) -> Reply:
        with server.lock:
            handler._served()
        return 0, {}, b""

    server.once("PUT", "uploads", served_and_dead)
    server.once("PUT", "manifests", served_and_dead)
    attach(server, "once")
    assert found(server) == [b"once"]


@pytest.mark.parametrize(
    ("method", "path", "reply", "message"),
    [
        ("POST", "uploads", (403, {}, b""), "answered 403"),
        ("POST", "uploads", (401, {}, b""), "lets nobody write"),
        ("POST", "uploads", (202, {}, b""), "where an upload goes on"),
        ("POST", "uploads", (202, {"Location": "http://evil.example/x"}, b""), "where we do not go"),
        ("POST", "uploads", (202, {"Location": "https://user@evil.example/x"}, b""), "where we do not go"),
        ("POST", "uploads", (200, {"Location": "/x"}, b""), "answered 200"),
        ("POST", "uploads", (307, {"Location": "https://evil.example/"}, b""), "elsewhere"),
        ("PUT", "uploads", (301, {"Location": "/v2/other"}, b""), "elsewhere"),
        ("PUT", "uploads", (413, {}, b""), "answered 413"),
        ("PUT", "uploads", (201, {"Docker-Content-Digest": f"sha256:{'0' * 64}"}, b""), "kept something else"),
        ("PUT", "manifests", (400, {"Content-Type": "application/json"}, b'{"errors":[{"code":"MANIFEST_INVALID"}]}'),
         "MANIFEST_INVALID"),
        ("PUT", "manifests", (201, {"Docker-Content-Digest": f"sha256:{'0' * 64}"}, b""), "kept something else"),
        ("PUT", "manifests", (201, {}, b""), "404"),  # says yes and keeps nothing
        ("PUT", "uploads", (201, {}, b""), "BLOB_UNKNOWN"),
        ("GET", "blobs", (200, {}, b"else"), "bytes|another blob"),
        ("GET", "manifests", (200, {"Content-Type": "text/html"}, b"<p>"), "not a manifest"),
    ],
)  # fmt: skip
def test_what_is_wrong_for_good_is_refused(
    server: Registry, method: str, path: str, reply: Reply, message: str
) -> None:
    server.once(method, path, reply, times=99)
    with pytest.raises(RegistryError, match=message):
        attach(server, "whole")


@pytest.mark.parametrize("status", [500, 429])
def test_what_stays_so_is_given_up(server: Registry, status: int) -> None:
    server.once("PUT", "uploads", (status, {}, b""), times=99)
    with pytest.raises(Unavailable, match="5 times"):
        attach(server, "whole")


def test_registry_that_is_silent_is_given_up(plain: Registry) -> None:
    image = image_of(plain)

    def slow(_: Handler) -> Reply:
        time.sleep(1.0)
        return 201, {}, b""

    plain.once("PUT", "uploads", slow, times=9)
    made = Writer({}, {}, Limits(silence_seconds=0.1, attempts=2))
    with pytest.raises(Unavailable, match="cannot be reached"):
        made.put_blob(image, b"x", "application/x")


@pytest.mark.parametrize(
    ("content", "media_type", "message"),
    [
        (b"{", INDEX, "not JSON|as JSON"),
        (b"[]", INDEX, "malformed"),
        (b'{"schemaVersion": 1, "manifests": []}', INDEX, "malformed"),
        (b'{"schemaVersion": 2, "manifests": {}}', INDEX, "malformed"),
        (b'{"schemaVersion": 2, "manifests": [3]}', INDEX, "malformed"),
        (b'{"schemaVersion": 2, "manifests": [{"mediaType": "x", "digest": "sha256:1", "size": 1}]}', INDEX, "malf"),
        (json.dumps({"schemaVersion": 2, "manifests": [
            {"mediaType": "x", "digest": f"sha256:{n:064}", "size": 1} for n in range(1001)]}).encode(), INDEX, "malf"),
        (b'{"schemaVersion": 2, "mediaType": "other", "manifests": []}', INDEX, "malformed"),
    ],
)  # fmt: skip
def test_malformed_lists_are_refused(plain: Registry, content: bytes, media_type: str, message: str) -> None:
    plain.once("GET", "referrers", (200, {"Content-Type": media_type}, content))
    with pytest.raises(RegistryError, match=message):
        found(plain)


@pytest.mark.parametrize(
    "link",
    [
        '<https://evil.example/v2/>; rel="next"',
        "</v2/other/referrers/x>; rel=next",
        '<http://127.0.0.1:1/>; rel="next"',
    ],
)
def test_list_that_goes_on_elsewhere_is_refused(plain: Registry, link: str) -> None:
    content = b'{"schemaVersion": 2, "manifests": []}'
    plain.once("GET", "referrers", (200, {"Content-Type": INDEX, "Link": link}, content))
    with pytest.raises(RegistryError, match="somewhere else"):
        found(plain)


def test_list_without_end_is_refused(plain: Registry) -> None:
    def page(handler: Handler) -> Reply:
        return (
            200,
            {"Content-Type": INDEX, "Link": f"<{handler.path}>; rel=next"},
            b'{"schemaVersion": 2, "manifests": []}',
        )

    plain.once("GET", "referrers", page, times=10**6)
    with pytest.raises(RegistryError, match="no end"):
        found(plain)


@pytest.mark.parametrize("status", [400, 404, 405, 406])
def test_registry_that_does_not_know_the_question_is_asked_for_the_tag(plain: Registry, status: int) -> None:
    plain.lists_referrers = False
    attach(plain, "tagged")
    plain.once("GET", "referrers", (status, {}, b""))
    assert found(plain) == [b"tagged"]


@pytest.mark.parametrize("reply", [(401, {}, b""), (403, {}, b""), (302, {"Location": "http://evil.example"}, b"")])
def test_refusal_is_not_taken_for_an_empty_list(plain: Registry, reply: Reply) -> None:
    plain.once("GET", "referrers", reply, times=9)
    with pytest.raises(RegistryError):
        found(plain)


def test_foreign_manifest_under_the_tag_is_not_replaced(plain: Registry) -> None:
    plain.lists_referrers = False
    image = image_of(plain)
    plain.tags[image.digest.replace(":", "-")] = image.digest
    with pytest.raises(RegistryError, match="something else than an index"):
        attach(plain)


def test_list_that_somebody_else_overwrites_is_merged_again(plain: Registry) -> None:
    plain.lists_referrers = False
    image = image_of(plain)
    tag = image.digest.replace(":", "-")
    other = {"mediaType": MANIFEST, "digest": plain.image(3), "size": 9, "artifactType": "application/x.other"}
    theirs = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [other]}).encode()

    def overwritten(handler: Handler) -> Reply:
        with plain.lock:
            reply = handler._served()
            plain.put(INDEX, theirs, tag)
        return reply

    plain.once("PUT", tag, overwritten, times=2)
    attach(plain, "ours")
    listed = json.loads(plain.manifests[plain.tags[tag]][1])["manifests"]
    assert [item["artifactType"] for item in listed] == ["application/x.other", TYPE]


def test_list_that_is_overwritten_after_it_was_seen_is_mended_in_the_end(plain: Registry) -> None:
    plain.lists_referrers = False
    image = image_of(plain)
    made = writer()
    attached = made.attach(image, made.manifest(image), artifact("ours"))
    plain.put(INDEX, b'{"schemaVersion": 2, "manifests": []}', image.digest.replace(":", "-"))
    assert found(plain) == []
    made.settle(image, (attached,))
    assert found(plain) == [b"ours"]


def test_list_that_is_always_overwritten_is_an_error(plain: Registry) -> None:
    plain.lists_referrers = False
    tag = image_of(plain).digest.replace(":", "-")

    def overwritten(handler: Handler) -> Reply:
        with plain.lock:
            reply = handler._served()
            plain.put(INDEX, b'{"schemaVersion": 2, "manifests": []}', tag)
        return reply

    plain.once("PUT", tag, overwritten, times=99)
    with pytest.raises(RegistryError, match="by others again and again"):
        attach(plain)


def test_many_at_once_lose_nothing(plain: Registry) -> None:
    plain.lists_referrers = False
    image = image_of(plain)
    failures: list[Exception] = []

    def push(number: int) -> None:
        made = Writer({}, {}, Limits())
        try:
            attached = made.attach(image, made.manifest(image), artifact(str(number)))
            made.settle(image, (attached,))
        except RegistryError as error:
            failures.append(error)

    threads = [threading.Thread(target=push, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(found(plain)) == [b"0", b"1", b"2", b"3"]


# --- authorization ----------------------------------------------------------------------------------------------------


def guarded(server: Registry, check: Callable[[Handler], bool], challenge: str) -> None:
    def refuse(handler: Handler) -> Reply | None:
        if handler.path.startswith("/token") or check(handler):
            return None
        return 401, {"WWW-Authenticate": challenge}, b""

    server.faults.append(refuse)


def test_password_is_sent_to_the_registry(plain: Registry, caplog: pytest.LogCaptureFixture) -> None:
    credentials = Credentials("octo", CANARY)
    guarded(plain, lambda handler: handler.headers.get("Authorization") == credentials.header, 'Basic realm="x"')
    made = Writer({}, {plain.address: credentials}, Limits(), Time().clock())
    with caplog.at_level("DEBUG"):
        attach(plain, "in", made)
    assert CANARY not in caplog.text + repr(made)


def test_tokens_to_read_and_to_write_are_two(plain: Registry) -> None:
    scopes: list[str] = []

    def token(handler: Handler) -> Reply | None:
        if not handler.path.startswith("/token"):
            return None
        scope = handler.path.partition("scope=")[2]
        scopes.append(scope)
        return 200, {}, json.dumps({"token": "writes" if "push" in scope else "reads"}).encode()

    def allowed(handler: Handler) -> bool:
        given = handler.headers.get("Authorization")
        return given == "Bearer writes" or (given == "Bearer reads" and handler.command in ("GET", "HEAD"))

    plain.faults.append(token)
    guarded(plain, allowed, f'Bearer realm="http://{plain.address}/token",service="s"')
    attach(plain, "in")
    assert sorted(scopes) == ["repository%3Aocto%2Ffraud%3Apull", "repository%3Aocto%2Ffraud%3Apull%2Cpush"]


def test_identity_token_is_exchanged_in_a_body(plain: Registry) -> None:
    forms: list[str] = []

    def token(handler: Handler) -> Reply | None:
        if not handler.path.startswith("/token"):
            return None
        forms.append(f"{handler.command} {handler.path} {handler.content.decode()}")
        return 200, {}, b'{"access_token": "in"}'

    plain.faults.append(token)
    challenge = f'Bearer realm="http://{plain.address}/token",service="s"'
    guarded(plain, lambda handler: handler.headers.get("Authorization") == "Bearer in", challenge)
    credentials = Credentials("", CANARY, is_identity_token=True)
    attach(plain, "in", Writer({}, {plain.address: credentials}, Limits(), Time().clock()))
    assert all(form.startswith("POST /token ") and f"refresh_token={CANARY}" in form for form in forms)
    assert len(forms) == 2


def test_token_of_somebody_who_may_not_write_is_refused_with_what_to_do(plain: Registry) -> None:
    plain.once("POST", "uploads", (403, {"Content-Type": "application/json"}, b'{"errors":[{"code":"DENIED"}]}'), 9)
    with pytest.raises(RegistryError) as caught:
        writer().require_permission(image_of(plain))
    assert "may write to octo/fraud" in caught.value.mend


def test_upload_on_another_server_gets_no_password(plain: Registry) -> None:
    """Storage may be elsewhere; the login is the registry's alone."""
    with oci_registry.serving() as storage:
        credentials = Credentials("octo", CANARY)
        guarded(plain, lambda handler: handler.headers.get("Authorization") == credentials.header, 'Basic realm="x"')
        where = {"Location": f"http://{storage.address}/v2/octo/fraud/blobs/uploads/1?state=x"}
        plain.once("POST", "uploads", (202, where, b""))
        made = Writer({}, {plain.address: credentials}, Limits(), Time().clock())
        made.put_blob(image_of(plain), b"content", "application/x")
        assert storage.blobs == {digest_of(b"content"): b"content"}
        assert all("Authorization" not in headers for _, _, headers in storage.asked)
