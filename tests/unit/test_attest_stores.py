"""`attest` and `verify` with statements at GitHub and in registries: nothing is lost, nothing believed too easily."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import certificate_authority
import github_server
import oci_registry
from attestation_material import (
    CONFIG,
    GITHUB,
    IMAGE,
    IMAGE_ID,
    context,
    key,
    pem,
    project,
    public_pem,
    release,
    signed,
    verdict,
)
from github_server import TOKEN, Reply, Request, Server
from modelseal import station
from modelseal.attestation import registry_store
from modelseal.commands import attest, verify
from modelseal.errors import InputError, ModelsealError, ToolError, VerificationFailed
from modelseal.registry import Limits
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode
from oci_registry import Handler, Registry

pytestmark = pytest.mark.slow  # whole stations, one after the other

CANARY = "canary-login-77aa"
TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IMAGE_STATEMENTS = 4  # provenance, two SBOMs, the verdict
ALL_STATEMENTS = 6


@pytest.fixture
def registry() -> Iterator[Registry]:
    with oci_registry.serving() as made:
        yield made


@pytest.fixture(params=[True, False], ids=["lists", "tags"])
def either(request: pytest.FixtureRequest, registry: Registry) -> Registry:
    """One that lists what refers to an image, and one that does not."""
    registry.lists_referrers = request.param
    return registry


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelseal.registry.limits.time.sleep", lambda _: None)
    monkeypatch.setattr("modelseal.github.rest._PAUSE_SECONDS", 0.001)
    monkeypatch.setattr("modelseal.registry.limits.Clock.sleep", lambda *_: None, raising=False)
    monkeypatch.setattr(registry_store, "_LIMITS", Limits(seconds=60.0, attempts=2))
    monkeypatch.setattr("modelseal.registry.session._MOST_PAUSE", 0.01)
    monkeypatch.setattr("modelseal.registry.writer._SETTLED_SECONDS", 0.0)


class GitHub:
    """Attestations in memory."""

    def __init__(self) -> None:
        self.bundles: list[Any] = []
        self.private_of_user = False

    def __call__(self, request: Request) -> Reply:
        if request.method == "POST":
            self.bundles.append(request.body["bundle"])
            return Reply(201, {"id": len(self.bundles)})
        if "/attestations/" not in request.path:
            return Reply(200, {"private": self.private_of_user, "owner": {"type": "User"}})
        digest = request.path.partition("sha256:")[2][:64]
        found = [{"bundle": item} for item in self.bundles if digest in subjects(item)]
        return Reply(200, {"attestations": found})


def subjects(bundle: Any) -> list[str]:
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    return [item["digest"]["sha256"] for item in statement["subject"]]


@pytest.fixture
def github() -> Iterator[tuple[Server, GitHub]]:
    made = GitHub()
    with github_server.running(made) as server:
        yield server, made


def image_inputs(folder: Path, registry: Registry, **changes: Any) -> attest.Inputs:
    """What attests an image that is in a registry."""
    digest = registry.image()
    inputs = project(folder)
    (folder / "fraud.verdict.json").write_bytes(verdict(image_id=digest))
    given = {"image": f"{registry.address}/octo/fraud:1.0", "digest": digest, "archive": None, "store": ("oci",)}
    return replace(inputs, **(given | changes))


def verify_inputs(folder: Path, **changes: Any) -> verify.Inputs:
    (folder / "key.pub").write_bytes(public_pem(key("P-256")))
    given: dict[str, Any] = {
        "public_key": folder / "key.pub", "require": ("provenance", "spdx", "cyclonedx", "vulns"),
    }  # fmt: skip
    return replace(station.read_inputs(verify.Inputs, {}), **(given | changes))


def from_registry(folder: Path, registry: Registry, **changes: Any) -> Outcome:
    image = {"image": f"{registry.address}/octo/fraud", "digest": registry.image(), "bundles_from": "oci"}
    return verify.run(verify_inputs(folder, **(image | changes)), context(folder))


def bundles(folder: Path) -> set[str]:
    return {path.name for path in (folder / "out" / "bundles").iterdir()}


def put(registry: Registry, content: bytes, media_type: str = TYPE) -> None:
    """Attach something to the image, as anybody who may push can."""
    from modelseal.registry import Artifact, Reference, Writer  # noqa: PLC0415 - for this alone

    writer = Writer({})
    image = Reference(registry.address, "octo/fraud", digest=registry.image())
    writer.attach(image, writer.manifest(image), Artifact(media_type, media_type, content, {}))


# --- registry ---------------------------------------------------------------------------------------------------------


def test_what_is_attested_in_a_registry_is_verified_from_there(tmp_path: Path, either: Registry) -> None:
    registry = either
    outcome = attest.run(image_inputs(tmp_path, registry), context(tmp_path))
    assert outcome.exit_code is ExitCode.PASSED
    assert len(bundles(tmp_path)) == ALL_STATEMENTS
    referrers = outcome.outputs.referrers.split("\n")
    assert len(set(referrers)) == IMAGE_STATEMENTS
    assert all(name.startswith(f"{registry.address}/octo/fraud@sha256:") for name in referrers)
    assert outcome.outputs.attestation_ids == ""
    verified = from_registry(tmp_path, registry)
    assert verified.exit_code is ExitCode.PASSED, verified.headline


def test_annotations_are_as_others_write_them(tmp_path: Path, registry: Registry) -> None:
    attest.run(image_inputs(tmp_path, registry), context(tmp_path))
    stated = set()
    for entry in registry.referrers(registry.image()):
        annotations = entry["annotations"]
        assert entry["artifactType"] == TYPE
        assert set(annotations) == {
            "dev.sigstore.bundle.content", "dev.sigstore.bundle.predicateType", "org.opencontainers.image.created"
        }  # fmt: skip
        assert annotations["dev.sigstore.bundle.content"] == "dsse-envelope"
        stated.add(annotations["dev.sigstore.bundle.predicateType"])
    assert stated == {
        "https://slsa.dev/provenance/v1", "https://spdx.dev/Document/v2.3", "https://cyclonedx.org/bom",
        "https://in-toto.io/attestation/vulns/v0.2",
    }  # fmt: skip


def test_several_images_and_registries_in_one_run(tmp_path: Path, registry: Registry) -> None:
    with oci_registry.serving() as other:
        digest = registry.image()
        assert other.image() == digest
        names = (
            f"{registry.address}/octo/fraud",
            f"{other.address}/mirror/fraud@{digest}",
            f"{other.address}/third/fraud:2",
        )
        outcome = attest.run(image_inputs(tmp_path, registry, registry_images=names), context(tmp_path))
        assert len(outcome.outputs.referrers.split("\n")) == 3 * IMAGE_STATEMENTS
        assert len(other.referrers(digest)) >= IMAGE_STATEMENTS
        assert from_registry(tmp_path, other, image=f"{other.address}/mirror/fraud").exit_code is ExitCode.PASSED


def test_storing_again_adds_nothing(tmp_path: Path, either: Registry) -> None:
    registry = either
    inputs = image_inputs(tmp_path, registry)
    first = attest.run(inputs, context(tmp_path))
    count = len(registry.manifests)
    again = replace(inputs, bundles=tmp_path / "out" / "bundles", manifest=None, sign="keyless", private_key="")
    second = attest.run(replace(again, audit_log=tmp_path / "audit.jsonl"), context(tmp_path))
    entry = json.loads((tmp_path / "audit.jsonl").read_bytes())
    assert len(entry["statements"]) == ALL_STATEMENTS
    assert {"name": inputs.image, "sha256": inputs.digest.removeprefix("sha256:")} in entry["subjects"]
    assert set(second.outputs.referrers.split("\n")) == set(first.outputs.referrers.split("\n"))
    assert "not verified, as `private-key` was not given" in str(second.annotations)
    assert "not verified" in second.summary
    assert not attest.run(replace(again, private_key=inputs.private_key), context(tmp_path)).annotations
    assert len(registry.manifests) == count
    assert len(bundles(tmp_path)) == ALL_STATEMENTS


@pytest.mark.parametrize(
    ("method", "path", "status", "after"),
    [
        ("PUT", "uploads", 500, 0), ("PUT", "uploads", 403, 3), ("PUT", "uploads", 0, 3), ("PUT", "uploads", 429, 3),
        ("PUT", "manifests/sha256:", 500, 1), ("PUT", "manifests/sha256:", 401, 3), ("PUT", "manifests", 0, 2),
        ("PUT", "manifests/sha256:", 400, 0), ("PUT", "manifests/sha256-", 500, 1), ("GET", "manifests/sha256-", 0, 9),
    ],
)  # fmt: skip
def test_registry_that_dies_midway_loses_nothing(  # noqa: PLR0913
    tmp_path: Path, registry: Registry, method: str, path: str, status: int, after: int
) -> None:
    registry.lists_referrers = "sha256-" not in path
    inputs = image_inputs(tmp_path, registry)
    seen: list[int] = []

    def die(handler: Handler) -> oci_registry.Reply | None:
        if handler.command != method or path not in handler.path:
            return None
        seen.append(1)
        return (status, {}, b"") if len(seen) > after else None

    registry.faults.append(die)
    with pytest.raises(ToolError) as caught:
        attest.run(inputs, context(tmp_path))
    assert "every bundle is in" in caught.value.what
    assert str(tmp_path / "out" / "bundles") in caught.value.mend
    stored, missing = caught.value.where.count("\nstored: "), caught.value.where.count("not stored: ")
    assert stored + caught.value.where.startswith("stored: ") + missing == IMAGE_STATEMENTS
    assert missing >= 1
    assert len(bundles(tmp_path)) == ALL_STATEMENTS
    registry.faults.clear()

    again = replace(inputs, bundles=tmp_path / "out" / "bundles")
    assert attest.run(again, context(tmp_path)).exit_code is ExitCode.PASSED
    verified = from_registry(tmp_path, registry)
    assert verified.exit_code is ExitCode.PASSED, verified.headline


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (("POST", "uploads", (401, {}, b"")), "without logging in"),
        (("POST", "uploads", (403, {}, b"")), "answered 403"),
        (("POST", "uploads", (500, {}, b"")), "answered 500"),
        (("GET", "manifests", (404, {}, b"")), "not in this registry"),
        (("GET", "manifests", (429, {}, b"")), "Rate limited"),
        (("GET", "manifests", (0, {}, b"")), "cannot be reached"),
    ],
)
def test_registry_is_checked_before_anything_is_signed(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, fault: Any, message: str
) -> None:
    registry.once(fault[0], fault[1], fault[2], times=99)
    monkeypatch.setattr("modelseal.attestation.keys.KeySigner.sign", lambda *_: pytest.fail("it was signed"))
    with pytest.raises(ModelsealError, match=message):
        attest.run(image_inputs(tmp_path, registry), context(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"store": ("file",), "registry_images": ("x.example/a",)}, "is for `store: oci`"),
        ({"image": "", "digest": "", "sbom": (), "verdicts": (), "archive": None}, "none was given"),
        ({"registry_images": ("UPPER/case",)}, "does not name anything"),
        ({"store": ("file",), "bundles": Path("x")}, "stored already"),
        ({"store": ("github",)}, "needs a token"),
        ({"store": ("github",), "github_token": TOKEN}, "repository is not known"),
    ],
)
def test_wrong_inputs_are_refused(tmp_path: Path, registry: Registry, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        attest.run(image_inputs(tmp_path, registry, **changes), context(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []


def test_image_in_the_registry_is_the_one_with_the_id(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = replace(project(tmp_path), image=f"{registry.address}/octo/fraud", image_id=IMAGE_ID, store=("oci",))
    pushed = registry.image(described=CONFIG)
    assert attest.run(replace(inputs, digest=pushed), context(tmp_path)).exit_code is ExitCode.PASSED
    entry = {"mediaType": oci_registry.MANIFEST, "digest": pushed, "size": len(registry.manifests[pushed][1])}
    index = "application/vnd.oci.image.index.v1+json"
    several = registry.put(index, json.dumps({"schemaVersion": 2, "mediaType": index, "manifests": [entry]}).encode())
    monkeypatch.setattr("modelseal.attestation.keys.KeySigner.sign", lambda *_: pytest.fail("it was signed"))
    for digest, why in ((registry.image(), "its ID is sha256:"), (several, "for several platforms")):
        with pytest.raises(InputError, match=f"not the one with the ID {IMAGE_ID}: .*{why}"):
            attest.run(replace(inputs, digest=digest), context(tmp_path))


def test_another_images_registry_is_refused_before_signing(tmp_path: Path, registry: Registry) -> None:
    content = registry.manifests[registry.image()][1] + b" "
    other = registry.put(oci_registry.MANIFEST, content)
    names = (f"{registry.address}/octo/fraud@{other}",)
    with pytest.raises(InputError, match="nothing would be stored"):
        attest.run(image_inputs(tmp_path, registry, registry_images=names), context(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []


def test_what_others_put_beside_the_image_does_no_harm(tmp_path: Path, registry: Registry) -> None:
    attest.run(image_inputs(tmp_path, registry), context(tmp_path))
    put(registry, b"nonsense")
    put(registry, b"x", "application/x.other")
    statement = {
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1", "predicate": {},
        "subject": [{"name": "x", "digest": {"sha256": registry.image().removeprefix("sha256:")}}],
    }  # fmt: skip
    put(registry, signed(statement, key("P-384")))
    outcome = from_registry(tmp_path, registry)
    assert outcome.exit_code is ExitCode.PASSED, outcome.headline


def test_what_others_put_beside_the_image_is_no_evidence(tmp_path: Path, registry: Registry) -> None:
    attest.run(image_inputs(tmp_path, registry, private_key=pem(key("P-384"))), context(tmp_path))
    outcome = from_registry(tmp_path, registry)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert outcome.headline.count("key") >= IMAGE_STATEMENTS


def test_statements_of_another_image_moved_here_are_no_evidence(tmp_path: Path, registry: Registry) -> None:
    attest.run(image_inputs(tmp_path, registry), context(tmp_path))
    content = registry.manifests[registry.image()][1] + b" "
    other = registry.put(oci_registry.MANIFEST, content)
    from modelseal.registry import Artifact, Reference, Writer  # noqa: PLC0415 - for this alone

    writer = Writer({})
    image = Reference(registry.address, "octo/fraud", digest=other)
    for path in (tmp_path / "out" / "bundles").glob("image.*"):
        writer.attach(image, writer.manifest(image), Artifact(TYPE, TYPE, path.read_bytes(), {}))
    outcome = from_registry(tmp_path, registry, digest=other)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "no attestation is about it" in outcome.headline


def test_empty_registry_is_no_pass(tmp_path: Path, registry: Registry) -> None:
    outcome = from_registry(tmp_path, registry)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "not a single attestation" in outcome.headline


@pytest.mark.parametrize("status", [401, 403, 429, 500, 0])
def test_registry_that_does_not_answer_is_no_pass(tmp_path: Path, registry: Registry, status: int) -> None:
    attest.run(image_inputs(tmp_path, registry), context(tmp_path))
    registry.once("GET", "blobs|manifests|referrers", (status, {}, b""), times=99)
    with pytest.raises(ToolError):
        from_registry(tmp_path, registry)


def test_bundle_that_the_registry_swapped_is_noticed(tmp_path: Path, registry: Registry) -> None:
    attest.run(image_inputs(tmp_path, registry), context(tmp_path))
    for digest, content in registry.blobs.items():
        if b"dsseEnvelope" in content:
            registry.blobs[digest] = content[:-1] + b" "
    with pytest.raises(ToolError, match="another blob"):
        from_registry(tmp_path, registry)


@pytest.mark.parametrize("fails", [False, True])
def test_login_is_used_and_never_told(
    tmp_path: Path, registry: Registry, caplog: pytest.LogCaptureFixture, *, fails: bool
) -> None:
    login = base64.b64encode(f"octo:{CANARY}".encode()).decode()
    (tmp_path / "docker").mkdir()
    settings = {"auths": {registry.address: {"auth": login}, "other.example": {"auth": "b3RoZXI6b3RoZXI="}}}
    (tmp_path / "docker" / "config.json").write_text(json.dumps(settings))

    def guard(handler: Handler) -> oci_registry.Reply | None:
        if handler.headers.get("Authorization") != f"Basic {login}":
            return 401, {"WWW-Authenticate": 'Basic realm="x"'}, b""
        echo = json.dumps({"errors": [{"code": "DENIED", "message": "no"}]}).encode()
        return (403, {"Content-Type": "application/json"}, echo) if fails and handler.command == "PUT" else None

    inputs = image_inputs(tmp_path, registry)
    registry.faults.append(guard)
    masked: list[str] = []
    made = context(tmp_path, {"DOCKER_CONFIG": str(tmp_path / "docker")})
    told = ""
    with caplog.at_level("DEBUG"):
        try:
            outcome = attest.run(inputs, Context(made.output_dir, made.environ, made.temp_dir, masked.append))
            assert not fails
            told = repr(outcome) + outcome.summary
        except ToolError as error:
            assert fails
            told = str(error)
    assert CANARY not in caplog.text + told + repr(inputs) + repr(made)
    assert login not in caplog.text + told
    assert {CANARY, login} <= set(masked)


# --- GitHub -----------------------------------------------------------------------------------------------------------


def github_context(folder: Path, server: Server) -> Context:
    return context(folder, GITHUB | {"GITHUB_API_URL": server.url})


def github_inputs(folder: Path, **changes: Any) -> attest.Inputs:
    return replace(project(folder), **({"store": ("file", "github"), "github_token": TOKEN} | changes))


def test_what_is_attested_at_github_is_verified_from_there(tmp_path: Path, github: tuple[Server, GitHub]) -> None:
    server, made = github
    inputs = release(tmp_path)
    outcome = attest.run(github_inputs(tmp_path), github_context(tmp_path, server))
    assert outcome.outputs.attestation_ids.split("\n") == [str(number) for number in range(1, ALL_STATEMENTS + 1)]
    assert outcome.outputs.attestation_urls.split("\n")[0] == "https://github.com/octo/model/attestations/1"
    assert len(made.bundles) == ALL_STATEMENTS == len(bundles(tmp_path))
    signature = tmp_path / "model.sig"
    signature.write_bytes((tmp_path / "out" / "bundles" / "fraud-model.sig").read_bytes())
    given = replace(
        inputs, bundles=None, bundles_from="github", repository="octo/model", signature=signature
    )  # fmt: skip
    verified = verify.run(given, github_context(tmp_path, server))
    assert verified.exit_code is ExitCode.PASSED, verified.headline
    assert all("authorization" not in request.headers for request in server.requests if request.method == "GET"
               and "/attestations/" in request.path)  # fmt: skip


def test_nothing_at_github_is_no_pass(
    tmp_path: Path, github: tuple[Server, GitHub], caplog: pytest.LogCaptureFixture
) -> None:
    inputs = replace(
        release(tmp_path), bundles=None, bundles_from="github", repository="https://github.com/octo/model", paths=()
    )
    outcome = verify.run(inputs, github_context(tmp_path, github[0]))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "not a single attestation" in outcome.headline
    assert "there is none, or the token may not see that repository" in caplog.text


def test_github_that_does_not_offer_it_is_told_and_the_folder_is_there(
    tmp_path: Path, github: tuple[Server, GitHub]
) -> None:
    server, made = github
    made.private_of_user = True
    outcome = attest.run(github_inputs(tmp_path), github_context(tmp_path, server))
    assert outcome.exit_code is ExitCode.PASSED
    (notice,) = outcome.annotations
    assert notice.level == "warning"
    assert "user-owned private" in notice.text
    assert made.bundles == []
    assert len(bundles(tmp_path)) == ALL_STATEMENTS


def test_github_that_dies_midway_loses_nothing_and_the_registry_gets_its_own(
    tmp_path: Path, github: tuple[Server, GitHub], registry: Registry
) -> None:
    server, made = github

    def dying(request: Request) -> Reply:
        if request.method == "POST" and len(made.bundles) == 2:
            return Reply(403, {"message": f"Resource not accessible by integration {TOKEN}"})
        return made(request)

    server.answer = dying
    inputs = image_inputs(tmp_path, registry, store=("file", "github", "oci"), github_token=TOKEN)
    with pytest.raises(ToolError) as caught:
        attest.run(inputs, github_context(tmp_path, server))
    text = str(caught.value)
    assert "attestations: write" in text
    assert "`store: github`" in text
    assert text.count("in GitHub's attestations of octo/model") == ALL_STATEMENTS
    assert TOKEN not in text
    assert len(registry.referrers(registry.image())) == IMAGE_STATEMENTS
    assert len(bundles(tmp_path)) == ALL_STATEMENTS

    server.answer = made
    again = replace(inputs, bundles=tmp_path / "out" / "bundles", store=("github",))
    assert attest.run(again, github_context(tmp_path, server)).exit_code is ExitCode.PASSED


@pytest.mark.parametrize("by", ["certificate", "key"])
def test_bundle_that_does_not_hold_is_not_stored(tmp_path: Path, github: tuple[Server, GitHub], by: str) -> None:
    server, made = github
    inputs = project(tmp_path)
    if by == "certificate":
        signer = certificate_authority.signer()
        (tmp_path / "chain.pem").write_bytes(signer.pem + certificate_authority.authority().pem)
        inputs = replace(inputs, private_key=pem(signer.key), certificate_chain=tmp_path / "chain.pem")
    attest.run(inputs, context(tmp_path))
    again = replace(inputs, bundles=tmp_path / "out" / "bundles", store=("github",), github_token=TOKEN)
    file = tmp_path / "out" / "bundles" / "image.provenance.sigstore.json"
    whole = file.read_bytes()
    bundle = json.loads(whole)
    (signature,) = bundle["dsseEnvelope"]["signatures"]
    broken = bytearray(base64.b64decode(signature["sig"]))
    broken[-1] ^= 1
    signature["sig"] = base64.b64encode(broken).decode()
    file.write_bytes(json.dumps(bundle).encode())
    with pytest.raises(VerificationFailed, match="does not fit"):
        attest.run(replace(again, private_key="") if by == "certificate" else again, github_context(tmp_path, server))
    assert made.bundles == []
    file.write_bytes(whole)
    assert attest.run(again, github_context(tmp_path, server)).exit_code is ExitCode.PASSED


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b'{"mediaType": "x"}'])
def test_folder_with_something_else_is_not_stored(
    tmp_path: Path, github: tuple[Server, GitHub], content: bytes
) -> None:
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "a.sigstore.json").write_bytes(content)
    with pytest.raises(InputError, match="not an attestation"):
        attest.run(github_inputs(tmp_path, bundles=tmp_path / "given"), github_context(tmp_path, github[0]))
    assert github[1].bundles == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"bundles_from": "oci", "bundles": Path("x"), "image": IMAGE, "digest": f"sha256:{'0' * 64}"},
            "for `bundles-from",
        ),
        ({"bundles_from": "oci", "paths": ("x",), "signature": Path("x.sig")}, "about the images there"),
        ({"bundles_from": "github", "image": IMAGE, "digest": f"sha256:{'0' * 64}"}, "whose attestations"),
        ({"bundles_from": "github", "paths": ("x",), "repository": "octo/model"}, "travels with the model"),
        ({"image": IMAGE, "digest": f"sha256:{'0' * 64}"}, "no attestations to verify with"),
    ],
)
def test_sources_that_contradict_themselves_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        verify.run(verify_inputs(tmp_path, **changes), context(tmp_path))
