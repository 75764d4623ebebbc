"""Which Sigstore signs for whom, and the root of trust of each, given or fetched from an update repository."""

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer._crypto_signer import CryptoSigner
from tuf.api import _payload as payload  # its names, as the library's own types know them
from tuf.api.metadata import Metadata

from modelseal.attestation import bundle, github_instance, keyless, sigstore_roots, unlogged
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError, ToolError

PRODUCTION = Path(__file__).parents[1] / "assets" / "signatures" / "production"
REFUSALS = Path(__file__).parents[1] / "assets" / "refusals"
GITHUB_ROOT = PRODUCTION / "github_trusted_root.json"
PUBLIC_ROOT = PRODUCTION / "trusted_root.json"
OF_GITHUB = PRODUCTION / "github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl"
ISSUER = "https://token.actions.githubusercontent.com"


def test_public_repository_signs_with_the_public_services_and_any_other_with_githubs() -> None:
    assert not github_instance.serves({"repository_visibility": "public"})
    assert not github_instance.serves({"email": "somebody@example.org"})
    for visibility in ("private", "internal", "", "Public", 1):
        assert github_instance.serves({"repository_visibility": visibility})


@pytest.mark.parametrize(
    ("issuer", "host"),
    [(ISSUER, "githubapp.com"), ("https://token.actions.octo-corp.ghe.com", "octo-corp.ghe.com")],
)
def test_addresses_follow_from_who_issued_the_token(issuer: str, host: str) -> None:
    expected = unlogged.Services(f"https://fulcio.{host}", (f"https://timestamp.{host}/api/v1/timestamp",))
    assert github_instance.services({"iss": issuer}) == expected


@pytest.mark.parametrize(
    "issuer",
    [
        None, "", "https://token.actions.githubusercontent.com.example", "https://token.actions.a.b.ghe.com",
        "http://token.actions.githubusercontent.com", "https://token.actions.x@y.ghe.com", f"{ISSUER}/",
        "https://token.actions.example/.ghe.com", "https://server.example/_services/token", f"{ISSUER}\n",
    ],
)  # fmt: skip
def test_no_other_server_is_given_a_token(issuer: object) -> None:
    with pytest.raises(InputError, match="no Sigstore of its own"):
        github_instance.services({"iss": issuer})


def test_private_repository_signs_with_githubs_own_and_a_given_root() -> None:
    claims = {"iss": ISSUER, "repository_visibility": "private"}
    where = sigstore_roots.services(GITHUB_ROOT, claims)
    assert where.config == github_instance.services(claims)
    assert len(where.roots) == 1
    with pytest.raises(InputError, match="names no services to sign with"):
        sigstore_roots.services(GITHUB_ROOT, claims | {"repository_visibility": "public"})


def test_lists_that_are_left_out_are_empty(tmp_path: Path) -> None:
    """GitHub's own root has no `tlogs` and no `ctlogs`."""
    assert not {"tlogs", "ctlogs"} & json.loads(GITHUB_ROOT.read_bytes()).keys()
    (root,) = sigstore_roots.given(GITHUB_ROOT)
    assert len(root.get_timestamp_authorities()) == 6
    root_without_any = tmp_path / "root.json"
    root_without_any.write_text('{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
    with pytest.raises(InputError, match="Fulcio certificates not found"):
        keyless.verifier(root_without_any)


ROOT = GITHUB_ROOT.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"null", b"{", b"\xff", b'{"mediaType": 1}', b'{"mediaType": "x", "mediaType": "x"}',
        b'{"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"}',
        b'{"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", "trustedRoot": []}',
        b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": 1}',
        b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=9"}',
        b"[" * 100_000, ROOT.replace(b"MII", b"MIJ"), ROOT.replace(b'"rawBytes"', b'"rawbytes"'),
        ROOT.replace(b"2023", b"20x3"), b'{"a": 1}\n{"b": 2}\n', b'{"a": 1}\n' * 40,
    ],
    ids=lambda content: content[-40:],
)  # fmt: skip
def test_what_is_no_root_of_trust_is_wrong_input(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "root.json").write_bytes(content)
    with pytest.raises(InputError, match="trust configuration cannot be used"):
        keyless.verifier(tmp_path / "root.json")
    with pytest.raises(InputError, match="trust configuration cannot be used"):
        sigstore_roots.services(tmp_path / "root.json", {})


def test_services_without_any_word_on_the_time_are_wrong_input(tmp_path: Path) -> None:
    service = {
        "url": "https://x.example",
        "majorApiVersion": 1,
        "operator": "x",
        "validFor": {"start": "2020-01-01T00:00:00Z"},
    }
    config: dict[str, Any] = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads(GITHUB_ROOT.read_bytes()),
        "signingConfig": {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service], "tsaUrls": [service], "tsaConfig": {"selector": "ANY"},
        },
    }  # fmt: skip
    path = tmp_path / "config.json"

    def chosen() -> object:
        path.write_text(json.dumps(config))
        return sigstore_roots.services(path, {}).config

    assert chosen() == unlogged.Services("https://x.example", ("https://x.example",))
    signing = config["signingConfig"]
    ended = {**service, "validFor": {"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}}
    for name in ("caUrls", "tsaUrls"):
        for without in ([], [ended], [{**service, "majorApiVersion": 2}]):
            signing[name] = without
            with pytest.raises(InputError, match="neither a log nor a timestamp authority"):
                chosen()
        signing[name] = [service]
    signing["tsaConfig"] = {"selector": "EXACT", "count": 2}
    with pytest.raises(InputError, match="Expected 2 services"):
        chosen()


# --- the root of GitHub's own instance, fetched -----------------------------------------------------------------------


class Repository:
    """An update repository (TUF) of one's own, and the root that its readers begin with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.first = folder / "repository", folder / "first.json"
        self.key = CryptoSigner.generate_ecdsa()
        self.version = 0
        (self.folder / "targets").mkdir(parents=True)

    def publish(self, content: bytes, *, days: float = 7, key: CryptoSigner | None = None) -> None:
        """Write the repository anew, with a trusted root in it."""
        expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)
        self.version += 1
        root = payload.Root(1, expires=expires, consistent_snapshot=False)
        for role in ("root", "timestamp", "snapshot", "targets"):
            root.add_key(self.key.public_key, role)
        targets = payload.Targets(self.version, expires=expires)
        targets.targets["trusted_root.json"] = payload.TargetFile.from_data("trusted_root.json", content)
        meta = payload.MetaFile(self.version)
        snapshot = payload.Snapshot(self.version, expires=expires, meta={"targets.json": meta})
        timestamp = payload.Timestamp(self.version, expires=expires, snapshot_meta=meta)
        (self.folder / "targets" / "trusted_root.json").write_bytes(content)
        for name, part in {"root": root, "targets": targets, "snapshot": snapshot, "timestamp": timestamp}.items():
            signed: Metadata[Any] = Metadata(part)
            signed.sign(self.key if name == "root" else key or self.key)
            signed.to_file(str(self.folder / f"{name}.json"))
        shutil.copy(self.folder / "root.json", self.first)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, and says nothing of it."""

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    """Put a repository on loopback in the place of GitHub's."""
    made = Repository(tmp_path)
    handler = functools.partial(Quiet, directory=str(made.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(github_instance, "_REPOSITORY", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setattr(github_instance, "_FIRST_ROOT", made.first)
        yield made
        server.shutdown()


def test_root_of_githubs_own_instance_is_fetched_for_its_certificates_only(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def public() -> None:
        raise ToolError("the public root was asked for")

    monkeypatch.setattr(sigstore_roots, "public", public)
    repository.publish(GITHUB_ROOT.read_bytes())
    verifier = keyless.verifier(None)
    verified = verifier.verify(bundle.parse(OF_GITHUB.read_bytes().strip()))
    assert verified.signer.repository == "https://github.com/actions/attest-demo"
    with pytest.raises(ToolError, match="the public root was asked for"):
        verifier.verify(bundle.parse((REFUSALS / "keyless/bundles/image.vulns.sigstore.json").read_bytes()))


def test_certificate_that_only_says_it_is_githubs_is_refused(repository: Repository) -> None:
    repository.publish((REFUSALS / "unlogged/trusted-root.jsonl").read_bytes())
    with pytest.raises(Rejection, match="no timestamp of it is from a trusted authority"):
        keyless.verifier(None).verify(bundle.parse(OF_GITHUB.read_bytes().strip()))


def test_repository_that_cannot_be_trusted_gives_no_root(repository: Repository) -> None:
    with pytest.raises(ToolError, match="cannot be refreshed"):  # there is nothing
        sigstore_roots.github()
    repository.publish(ROOT, key=CryptoSigner.generate_ecdsa())
    with pytest.raises(ToolError, match="cannot be refreshed"):  # somebody else signed
        sigstore_roots.github()
    repository.publish(ROOT, days=-1)
    with pytest.raises(ToolError, match="cannot be refreshed"):  # it is out of date
        sigstore_roots.github()
    repository.publish(ROOT)
    (repository.folder / "targets" / "trusted_root.json").write_bytes(ROOT.replace(b"2023", b"2022"))
    with pytest.raises(ToolError, match="cannot be refreshed"):  # another root than the one that is signed
        sigstore_roots.github()
    repository.publish(b"[]")
    with pytest.raises(ToolError, match="cannot be read"):
        sigstore_roots.github()
    repository.publish(ROOT)
    assert len(sigstore_roots.github().get_timestamp_authorities()) == 6


def test_first_root_that_comes_with_us_is_signed_by_as_many_as_it_demands() -> None:
    root: Metadata[payload.Root] = Metadata.from_file(str(github_instance._FIRST_ROOT))
    assert (root.signed.version, root.signed.roles["root"].threshold) == (3, 3)
    root.verify_delegate("root", root)
