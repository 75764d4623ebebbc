"""Make the releases in assets/refusals that must be refused; `refusals.py` says what is in them.

python tests/refusal_cases.py            # makes all anew: other keys, another certificate authority, other times

They are signed by the library that `attest` signs with, and keyless by a Sigstore of our own, so that nothing is wrong
with them but what a case is about.
"""

# ruff: noqa: E501 -- the cases are a table

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from cryptography import x509  # noqa: E402 -- found only since the line above
from cryptography.hazmat.primitives import serialization  # noqa: E402 -- found only since the line above
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402 -- found only since the line above
from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: E402 -- found only since the line above
from sigstore.models import ClientTrustConfig  # noqa: E402 -- found only since the line above
from sigstore.oidc import IdentityToken  # noqa: E402 -- found only since the line above
from sigstore.sign import SigningContext  # noqa: E402

import certificate_authority  # noqa: E402 -- found only since the line above
import local_sigstore  # noqa: E402 -- found only since the line above
from attestation_material import (  # noqa: E402
    GITHUB,
    IMAGE,
    IMAGE_ID,
    MODEL,
    attested,
    context,
    cyclonedx,
    key,
    manifest,
    project,
    public_pem,
    signed,
    spdx,
)  # fmt: skip
from modelseal.attestation import bundle, dsse, jsontext, keyless, keys, oidc, sigstore_roots, timestamps  # noqa: E402
from modelseal.commands import attest  # noqa: E402
from modelseal.station import Context  # noqa: E402
from refusals import CASES, PROVENANCE, Case, Peer, write  # noqa: E402
from refusals import ROOT as FOLDER  # noqa: E402

VULNS, SPDX = "bundles/image.vulns.sigstore.json", "bundles/image.sbom-spdx.sigstore.json"
CYCLONEDX = "bundles/image.sbom-cyclonedx.sigstore.json"
SIGNATURE, MODELS_PROVENANCE = "bundles/fraud-model.sig", "bundles/fraud-model.provenance.sigstore.json"
WORKFLOW = "octo/model/.github/workflows/release.yml"
OTHER_WORKFLOW = "octo/model/.github/workflows/other.yml"
OTHER = "3" * 64
GH = Peer("gh")
MODEL_SIGNING = Peer("model_signing", SIGNATURE)
_LATER = """
const RealDate = Date; let later = 0;
process.on('SIGUSR2', () => { later = 3600e3; });
global.Date = class extends RealDate {
  constructor(...given) { given.length ? super(...given) : super(RealDate.now() + later); }
  static now() { return RealDate.now() + later; }
};
"""

Made = Iterator[Case]


@dataclass(frozen=True)
class Keyless:
    """The good keyless release, and a way to sign more with the same authority."""

    server: local_sigstore.LocalSigstore
    bundles: Mapping[str, bytes]

    def sign(self, payload: bytes, **claims: str) -> bytes:
        """Sign anything, with a certificate of any claims."""
        token = oidc.identity_token(self.server.environ(**claims), lambda _: None)
        where = sigstore_roots.services(self.server.trust_config, {})
        (made,) = keyless.KeylessSigner(where, token).sign((payload,))
        return made

    def payload(self, path: str) -> bytes:
        """Return the statement in one of the good bundles."""
        return base64.b64decode(json.loads(self.bundles[path])["dsseEnvelope"]["payload"])

    def stamp(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return a timestamp of a bundle's signature by this instance's authority."""
        stamped = timestamps.request(self.stamping, base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"]))
        return {"rfc3161Timestamps": [{"signedTimestamp": base64.b64encode(stamped).decode()}]}

    @property
    def stamping(self) -> str:
        """The address of this instance's timestamp authority."""
        return f"{self.server.url}/unlogged/api/v1/timestamp"

    def signed_with(self, holder: certificate_authority.Holder, path: str) -> bytes:
        """Sign a good statement with a certificate that somebody else issued, and have it timestamped."""
        payload = self.payload(path)
        envelope = dsse.Envelope(payload, keys.sign(holder.key, dsse.pae(payload)))
        stamped = timestamps.request(self.stamping, envelope.signature)
        certificate = holder.certificate.public_bytes(serialization.Encoding.DER)
        return bundle.with_timestamps(envelope, certificate, [stamped])

    def signed_by(self, path: str = PROVENANCE, **claims: str) -> dict[str, bytes]:
        """Sign a good statement with a certificate of other claims."""
        return {path: self.sign(self.payload(path), **claims)}


# --- good releases ----------------------------------------------------------------------------------------------------


def lay_out(name: str, folder: Path, inputs: dict[str, str]) -> dict[str, bytes]:
    """Copy what was attested into the assets; returns its bundles."""
    target = FOLDER / name
    (target / "bundles").mkdir(parents=True)
    for path, data in MODEL.items():
        (target / "model" / path).parent.mkdir(parents=True, exist_ok=True)
        (target / "model" / path).write_bytes(data)
    for file in ("fraud.tar", "fraud.spdx.json", "fraud.cdx.json"):
        shutil.copy(folder / file, target)
    bundles = {f"bundles/{path.name}": path.read_bytes() for path in (folder / "out" / "bundles").iterdir()}
    for path, data in bundles.items():
        (target / path).write_bytes(data)
    usual = {
        "paths": "{}/model", "image": IMAGE, "digest": IMAGE_ID, "sbom": "{}/fraud.spdx.json\n{}/fraud.cdx.json",
        "bundles": "{}/bundles", "require": "provenance,spdx,cyclonedx,vulns,model-signature",
    }  # fmt: skip
    (target / "inputs.json").write_text(json.dumps(usual | inputs, indent=2) + "\n")
    return bundles


def with_key(folder: Path) -> dict[str, bytes]:
    """Make the release that is signed with a key."""
    attested(folder)
    bundles = lay_out("key", folder, {"public-key": "{}/key.pub"})
    (FOLDER / "key" / "key.pub").write_bytes(public_pem(key("P-256")))
    return bundles


def without_key(folder: Path, server: local_sigstore.LocalSigstore, name: str = "keyless") -> Keyless:
    """Make a release that is signed keyless."""
    given = {**project(folder).__dict__, "sign": "keyless", "private_key": "", "trust_config": server.trust_config}
    environ = GITHUB | server.environ()
    made = context(folder, environ)
    attest.run(attest.Inputs(**given), Context(made.output_dir, environ, made.temp_dir))
    inputs = {"repository": "octo/model", "trust-config": "{}/trusted-root.jsonl"}
    bundles = lay_out(name, folder, inputs)
    shutil.copy(server.trusted_root, FOLDER / name / "trusted-root.jsonl")
    return Keyless(server, bundles)


# --- ways to change something -----------------------------------------------------------------------------------------


def edited(bundle: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Change a bundle's JSON; what it signs stays as it was."""
    document = json.loads(bundle)
    change(document)
    return json.dumps(document).encode()


def flipped(text: str, place: int = -9) -> str:
    """Change one bit of what base64 stands for."""
    data = bytearray(base64.b64decode(text))
    data[place] ^= 1
    return base64.b64encode(data).decode()


def flip(*path: str | int) -> Callable[[dict[str, Any]], object]:
    """Return a change of one bit at a place in the JSON."""

    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = flipped(document[path[-1]])

    return change


def restated(bundle: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """Change a statement and sign it with the right key: only what it says is wrong."""
    statement = json.loads(base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"]))
    change(statement)
    return signed(statement)


ENVELOPE = ("dsseEnvelope", "signatures", 0)
LOG = ("verificationMaterial", "tlogEntries", 0)


# --- tampered ---------------------------------------------------------------------------------------------------------


def tampered_keyless(release: Keyless) -> Made:
    good = release.bundles[PROVENANCE]
    flips: dict[str, tuple[tuple[str | int, ...], str, str]] = {
        "payload": (("dsseEnvelope", "payload"), "in the statement", "Sigstore refuses it"),
        "signature": ((*ENVELOPE, "sig"), "in the signature", "Sigstore refuses it"),
        "certificate": (
            ("verificationMaterial", "certificate", "rawBytes"),
            "in the certificate",
            "Sigstore refuses it",
        ),
        "log-body": ((*LOG, "canonicalizedBody"), "in the log entry", "Sigstore refuses it"),
        "log-promise": ((*LOG, "inclusionPromise", "signedEntryTimestamp"), "in the log's promise", "Sigstore refuses"),
        "log-root": ((*LOG, "inclusionProof", "rootHash"), "in the root of the inclusion proof", "Sigstore refuses it"),
        "log-id": ((*LOG, "logId", "keyId"), "in the name of the log", "Sigstore refuses it"),
    }
    for name, (path, place, expect) in flips.items():
        yield Case(
            f"flipped-{name}", f"One bit {place} of a keyless bundle is another.", "keyless", expect,
            files={PROVENANCE: edited(good, flip(*path))}, peer=GH,
        )  # fmt: skip
    changes: dict[str, tuple[Callable[[Any], object], str, str, Peer | None]] = {
        "payload-type-changed": (
            lambda d: d["dsseEnvelope"].update(payloadType="application/json"),
            "The envelope says that the statement is of another type.", "the DSSE payload is", GH),
        "log-entry-missing": (
            lambda d: d["verificationMaterial"].update(tlogEntries=[]),
            "No log entry shows when it was signed, so the certificate may have expired long before.",
            "no entry of a transparency log", GH),
        "log-proof-missing": (
            lambda d: d["verificationMaterial"]["tlogEntries"][0].pop("inclusionProof"),
            "Nothing proves that the entry is in the log.", "no inclusion proof", GH),
        "log-proof-missing-old-format": (
            lambda d: (d["verificationMaterial"]["tlogEntries"][0].pop("inclusionProof"),
                       d.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.1")),
            "Bundles of version 0.1 could do without a proof that the entry is in the log; ours cannot.",
            "no inclusion proof", None),
        "log-promise-and-timestamp-missing": (
            lambda d: d["verificationMaterial"]["tlogEntries"][0].pop("inclusionPromise"),
            "Neither the log nor a timestamp authority vouches for the time.", "an inclusion promise or signed timestamp", GH),
        "log-time-changed": (
            lambda d: d["verificationMaterial"]["tlogEntries"][0].update(integratedTime=str(
                int(d["verificationMaterial"]["tlogEntries"][0]["integratedTime"]) - 1)),
            "The time at which it was logged is another than the log signed.", "Sigstore refuses it", GH),
        "log-index-changed": (
            lambda d: d["verificationMaterial"]["tlogEntries"][0].update(logIndex="4711"),
            "The number in the log is another than the log signed.", "Sigstore refuses it", GH),
        "log-checkpoint-changed": (
            lambda d: d["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"].update(
                envelope=d["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"]
                .replace("\n1\n", "\n2\n").replace("\n2\n", "\n9\n", 1)),
            "The checkpoint of the log is another than the log signed.", "Sigstore refuses it", GH),
        "certificate-missing": (
            lambda d: d["verificationMaterial"].pop("certificate"),
            "Nothing in the bundle says how to verify it.", "names 0 ways", GH),
        "two-ways-to-verify": (
            lambda d: d["verificationMaterial"].update(publicKey={"hint": "x"}),
            "It could be verified with a certificate or with a key: two readers could take different ones.",
            "names 2 ways", GH),
        "unknown-media-type": (
            lambda d: d.update(mediaType="application/vnd.dev.sigstore.bundle.v0.9+json"),
            "It is of a version of the format that nobody here knows.", "not a known Sigstore bundle", GH),
        "unknown-member": (
            lambda d: d.update(extra={}), "It has a part that nobody here understands.", "unknown member", GH),
        "signature-of-a-file": (
            lambda d: d.update(messageSignature={"messageDigest": {"algorithm": "SHA2_256", "digest": "AA=="},
                                                 "signature": d.pop("dsseEnvelope")["signatures"][0]["sig"]}),
            "It signs a file and states nothing about it.", "states nothing about it", GH),
    }  # fmt: skip
    for name, (change, why, expect, peer) in changes.items():
        yield Case(name, why, "keyless", expect, files={PROVENANCE: edited(good, change)}, peer=peer)
    yield Case("cut-off", "The second half of a bundle is missing.", "keyless", "not JSON",
               files={PROVENANCE: good[: len(good) // 2]}, peer=GH)  # fmt: skip
    twice = good.replace(b'"dsseEnvelope"', b'"dsseEnvelope": {}, "dsseEnvelope"', 1)
    yield Case("duplicate-key-in-bundle", "A key comes twice: two readers could take different ones.", "keyless",
               "comes twice", files={PROVENANCE: twice}, peer=GH)  # fmt: skip
    yield Case("envelope-of-another-bundle", "The envelope of the SBOM's bundle, with the provenance's certificate and "
               "log entry.", "keyless", "Sigstore refuses it",
               files={PROVENANCE: edited(good, lambda d: d.update(
                   dsseEnvelope=json.loads(release.bundles[SPDX])["dsseEnvelope"]))}, peer=GH)  # fmt: skip


def tampered_with_key(bundles: Mapping[str, bytes]) -> Made:
    good = bundles[PROVENANCE]
    changes: dict[str, tuple[Callable[[Any], object], str, str]] = {
        "key-flipped-payload": (flip("dsseEnvelope", "payload"), "One bit of the statement is another.",
                                "does not fit the public key"),
        "key-flipped-signature": (flip(*ENVELOPE, "sig"), "One bit of the signature is another.",
                                  "does not fit the public key"),
        "key-two-signatures": (lambda d: d["dsseEnvelope"]["signatures"].append(d["dsseEnvelope"]["signatures"][0]),
                               "Two signatures, of which a reader could look at either.", "2 signatures"),
        "key-no-signature": (lambda d: d["dsseEnvelope"].update(signatures=[]), "It is not signed.", "0 signatures"),
        "key-empty-signature": (lambda d: d["dsseEnvelope"]["signatures"][0].update(sig=""), "Its signature is empty.",
                                "not a text"),
        "key-base64-with-a-line-break": (
            lambda d: d["dsseEnvelope"].update(payload=d["dsseEnvelope"]["payload"][:8] + "\n"
                                               + d["dsseEnvelope"]["payload"][8:]),
            "Base64 that not every reader takes, and not as the same bytes.", "not base64"),
        "key-another-keys-hint": (lambda d: d["verificationMaterial"]["publicKey"].update(hint="0" * 64),
                                  "It says that it was signed with another key.", "another key"),
    }  # fmt: skip
    for name, (change, why, expect) in changes.items():
        yield Case(name, why, "key", expect, files={PROVENANCE: edited(good, change)})
    payload = base64.b64decode(json.loads(good)["dsseEnvelope"]["payload"])
    yield Case(
        "unsigned", "The bare statement, without any signature.", "key", "media type", files={PROVENANCE: payload}
    )
    yield Case("empty-file", "A bundle is an empty file.", "key", "not JSON", files={PROVENANCE: b""})
    yield Case("empty-object", "A bundle is an empty object.", "key", "media type", files={PROVENANCE: b"{}"})
    yield Case("byte-order-mark", "A byte order mark before the JSON, which some readers skip and others refuse.", "key",
               "not JSON", files={PROVENANCE: b"\xef\xbb\xbf" + good})  # fmt: skip
    yield Case("foreign-file-among-the-bundles", "A file that nobody knows lies among the bundles.", "key", "notes.txt",
               files={"bundles/notes.txt": b"hello\n"})  # fmt: skip
    names = [PROVENANCE, VULNS, SPDX, CYCLONEDX, SIGNATURE, MODELS_PROVENANCE]
    yield Case("no-bundles", "There is not a single attestation.", "key", "no attestation is about it",
               absent=tuple(names), files={"bundles/empty.jsonl": b"\n"})  # fmt: skip
    statement = jsontext.encode(json.loads(payload)).decode()
    twice = statement.replace('"predicate":', '"predicate":{"buildDefinition":{}},"predicate":', 1)
    yield Case("duplicate-key-in-statement", "The statement has two predicates under the same key.", "key",
               "'predicate' comes twice", files={PROVENANCE: signed(twice.encode())})  # fmt: skip
    twice = statement.replace('"subject":', f'"subject":[{{"name":"x","digest":{{"sha256":"{OTHER}"}}}}],"subject":', 1)
    yield Case("duplicate-subjects-in-statement", "The statement names its subjects twice.", "key",
               "'subject' comes twice", files={PROVENANCE: signed(twice.encode())})  # fmt: skip


# --- signed by somebody else ------------------------------------------------------------------------------------------


def of_another_identity(release: Keyless) -> Made:
    def case(  # noqa: PLR0913 # what differs
        name: str, why: str, expect: str, claims: dict[str, str], inputs: Mapping[str, str | None] | None = None,
        peer: Peer | None = GH,
    ) -> Case:  # fmt: skip
        return Case(name, why, "keyless", expect, inputs=inputs or {}, files=release.signed_by(**claims), peer=peer)

    def workflow(text: str, **more: str) -> dict[str, str]:
        return {"workflow_ref": text, "job_workflow_ref": text, **more}

    def at(ref: str) -> dict[str, str]:
        return workflow(f"{WORKFLOW}@{ref}", ref=ref)

    elsewhere = {"repository": "octo/other", "repository_id": "9"}
    yield case("other-repository", "Another repository of the same owner signed it.", "the repository is",
               elsewhere | workflow("octo/other/.github/workflows/release.yml@refs/heads/main"))  # fmt: skip
    yield case("other-owner-same-name", "A repository of the same name signed it, of another owner.",
               "the repository is",
               {"repository": "0cto/model", "repository_owner": "0cto", "repository_owner_id": "8"}
               | workflow("0cto/model/.github/workflows/release.yml@refs/heads/main"))  # fmt: skip
    yield case("look-alike-repository", "A repository signed it whose name only looks the same: its l is a 1.",
               "the repository is", {"repository": "octo/mode1"}
               | workflow("octo/mode1/.github/workflows/release.yml@refs/heads/main"))  # fmt: skip
    yield case("repository-made-anew", "A repository of the same name, made after the real one was deleted or renamed: "
               "its number is another.", "the repository's number is", {"repository_id": "77"},
               {"repository-id": "1"},
               Peer("gh", stricter="gh compares names; only the number tells the two apart"))  # fmt: skip
    yield case("owner-made-anew", "An account of the same name as the real owner's, which was deleted or renamed.",
               "the owner's number is", {"repository_owner_id": "77"}, {"owner-id": "2"},
               Peer("gh", stricter="gh compares names; only the number tells the two apart"))  # fmt: skip
    yield case("other-workflow", "Another workflow of the right repository signed it.", "the signer workflow is",
               workflow("octo/model/.github/workflows/ci.yml@refs/heads/main"), {"signer-workflow": WORKFLOW},
               Peer("gh", flags=("--signer-workflow", WORKFLOW)))  # fmt: skip
    yield case("other-workflow-same-beginning", "A workflow signed it whose name only begins as the expected one does.",
               "the signer workflow is", workflow("octo/model/.github/workflows/release.yml.bak@refs/heads/main"),
               {"signer-workflow": WORKFLOW},
               Peer("gh", flags=("--signer-workflow", WORKFLOW)))  # fmt: skip
    yield case("reusable-workflow-of-somebody-else", "A reusable workflow of another repository signed it, and nobody "
               "said that it may.", "not a workflow of https://github.com/octo/model",
               {"job_workflow_ref": "mallory/tools/.github/workflows/build.yml@refs/heads/main"}, None,
               GH)  # fmt: skip
    yield case("other-workflow-ref", "The workflow file is of another ref than the one that was reviewed.",
               "the signer workflow's ref is", at("refs/heads/feature"),
               {"signer-workflow": f"{WORKFLOW}@refs/heads/main"},
               Peer("gh", flags=("--cert-identity", f"https://github.com/{WORKFLOW}@refs/heads/main")))  # fmt: skip
    main = {"source-ref": "refs/heads/main"}
    on_main = Peer("gh", flags=("--source-ref", "refs/heads/main"))
    yield case("other-ref", "It was built from another branch.", "the source ref is", at("refs/heads/feature"), main,
               on_main)  # fmt: skip
    yield case("ref-that-begins-alike", "It was built from a branch whose name begins with the expected one.",
               "the source ref is", at("refs/heads/main2"), main, on_main)  # fmt: skip
    yield case("tag-called-as-the-branch", "It was built from a tag that is called as the branch is.",
               "the source ref is", at("refs/tags/main"), main, on_main)  # fmt: skip
    yield case("ref-beyond-the-pattern", "It was built from a ref that the pattern does not reach: `*` is no `/`.",
               "the source ref is", at("refs/tags/v1/evil"), {"source-ref": "refs/tags/v*"}, None)  # fmt: skip
    yield case("pull-request", "It was built from a pull request.", "the source ref is",
               at("refs/pull/1/merge") | {"event_name": "pull_request"}, main, on_main)  # fmt: skip
    yield case("other-commit", "It was built from another commit.", "the source commit is", {"sha": "b" * 40},
               {"source-digest": "a" * 40}, Peer("gh", flags=("--source-digest", "a" * 40)))  # fmt: skip
    yield case("older-release-replayed", "A genuine attestation of the same image, of the release before: the commit to "
               "deploy is a newer one.", "the source commit is", {}, {"source-digest": "c" * 40},
               Peer("gh", flags=("--source-digest", "c" * 40)))  # fmt: skip
    for name, issuer in {
        "wrong-issuer": "https://token.actions.example",
        "issuer-with-a-slash": "https://token.actions.githubusercontent.com/",
        "issuer-that-begins-alike": "https://token.actions.githubusercontent.com.example",
    }.items():
        yield case(name, "The right identity, vouched for by somebody else.", "the issuer is", {"iss": issuer})
    yield case("self-hosted-runner", "It was built on somebody's own machine.", "the runner is",
               {"runner_environment": "self-hosted"}, {"runner": "github-hosted"},
               Peer("gh", flags=("--deny-self-hosted-runners",)))  # fmt: skip
    yield case("dangerous-trigger", "The workflow ran because of a pull request from outside.", "the build trigger is",
               {"event_name": "pull_request_target"}, {"trigger": "push,release"}, None)  # fmt: skip


def contradicting_the_certificate(release: Keyless) -> Made:
    def case(name: str, why: str, expect: str, change: Callable[[Any], object]) -> Case:
        statement = json.loads(release.payload(PROVENANCE))
        change(statement["predicate"]["buildDefinition"])
        peer = Peer("gh", stricter="gh compares the certificate and leaves the predicate to a policy of one's own")
        return Case(
            name, why, "keyless", expect, files={PROVENANCE: release.sign(jsontext.encode(statement))}, peer=peer
        )

    github: Callable[[Any], Any] = lambda d: d["internalParameters"]["github"]  # noqa: E731 # a shorthand
    yield case("provenance-of-another-repository", "The provenance names another repository than its certificate.",
               "names the repository",
               lambda d: d["externalParameters"]["workflow"].update(repository="https://github.com/octo/other"))  # fmt: skip
    yield case("provenance-of-another-commit", "The provenance names another commit than its certificate.",
               "names the commit", lambda d: d["resolvedDependencies"][0]["digest"].update(gitCommit="b" * 40))  # fmt: skip
    yield case("provenance-of-another-ref", "The provenance names another ref than its certificate.", "names the ref",
               lambda d: d["resolvedDependencies"][0].update(uri="git+https://github.com/octo/model@refs/tags/v9"))  # fmt: skip
    yield case("provenance-of-another-workflow", "The provenance names another workflow file than its certificate.",
               "names the started workflow",
               lambda d: d["externalParameters"]["workflow"].update(path=".github/workflows/other.yml"))  # fmt: skip
    yield case("provenance-of-another-number", "The provenance has another repository's number than its certificate.",
               "names the repository id", lambda d: github(d).update(repository_id="77"))  # fmt: skip
    yield case("provenance-of-another-runner", "The provenance has another kind of runner than its certificate.",
               "names the runner", lambda d: github(d).update(runner_environment="self-hosted"))  # fmt: skip
    yield case("provenance-of-another-trigger", "The provenance has another event than its certificate.",
               "names the trigger", lambda d: github(d).update(event_name="release"))  # fmt: skip


def of_other_keys(release: Keyless, bundles: Mapping[str, bytes], folder: Path) -> Made:
    yield Case("key-where-a-workflow-must-sign", "Signed with a key, where the workflow must have signed.", "keyless",
               "signed with a key", files={PROVENANCE: bundles[PROVENANCE]}, peer=GH)  # fmt: skip
    yield Case("workflow-where-a-key-must-sign", "Signed keyless, where the key must have signed.", "key",
               "signed with a certificate", files={PROVENANCE: release.bundles[PROVENANCE]})  # fmt: skip
    payload = base64.b64decode(json.loads(bundles[PROVENANCE])["dsseEnvelope"]["payload"])
    other = edited(signed(payload, key("P-384")), lambda d: d["verificationMaterial"].update(publicKey={"hint": ""}))
    yield Case("another-key", "Signed with another key, and it does not say so.", "key", "does not fit the public key",
               files={PROVENANCE: other})  # fmt: skip
    other_model = edited(signed(manifest(), key("P-384")), lambda d: d["verificationMaterial"].update(publicKey={}))
    yield Case("model-signed-with-another-key", "The model's signature was made with another key.", "key",
               "does not fit the public key", files={SIGNATURE: other_model}, peer=MODEL_SIGNING)  # fmt: skip
    (folder / "other").mkdir()
    with local_sigstore.running(folder / "other") as server:
        stranger = Keyless(server, release.bundles)
        yield Case("another-authority", "The right identity, in a certificate of an authority that nobody trusts.",
                   "keyless", "Sigstore refuses it", files=stranger.signed_by(), peer=GH)  # fmt: skip
        mixed = json.loads(stranger.sign(release.payload(PROVENANCE)))["verificationMaterial"]["tlogEntries"]
        yield Case("log-entry-of-another-log", "The log entry is one of another log.", "keyless", "Sigstore refuses it",
                   files={PROVENANCE: edited(release.bundles[PROVENANCE], lambda d: d["verificationMaterial"].update(
                       tlogEntries=mixed))}, peer=GH)  # fmt: skip


def expired(folder: Path) -> Made:
    """Let an hour pass for the authority and its log, between the certificate and the log entry."""
    (folder / "late").mkdir()
    (folder / "later.js").write_text(_LATER)
    server_js = local_sigstore.installed() / "server.js"
    argv: list[str | Path] = ["node", "--require", folder / "later.js", server_js, "0", folder / "late"]
    with subprocess.Popen(argv, env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            late = folder / "late"
            server = local_sigstore.LocalSigstore(
                process.stdout.readline().strip(), late / "client-trust-config.json", late / "trusted-root.jsonl"
            )
            statement = (FOLDER / "keyless" / PROVENANCE).read_bytes()
            payload = base64.b64decode(json.loads(statement)["dsseEnvelope"]["payload"])
            token = oidc.identity_token(server.environ(), lambda _: None)
            inputs = {"require": "provenance", "paths": None, "sbom": None}
            alone = tuple(path for path in (VULNS, SPDX, CYCLONEDX, SIGNATURE, MODELS_PROVENANCE))
            files = {"trusted-root.jsonl": server.trusted_root.read_bytes()}
            signing = SigningContext.from_trust_config(ClientTrustConfig.from_json(server.trust_config.read_text()))
            with signing.signer(IdentityToken(token)) as signer:
                signer._signing_cert()  # the time passes between this and what follows
                process.send_signal(signal.SIGUSR2)
                made = signer.sign_dsse(keyless._Statement(payload)).to_json().encode()  # as above
            yield Case("expired-certificate", "It was logged an hour after it was signed: the certificate had expired "
                       "by then, and anybody could have had its key.", "keyless", "Sigstore refuses it", inputs=inputs,
                       files=files | {PROVENANCE: made}, absent=alone, peer=GH)  # fmt: skip
        finally:
            process.terminate()


# --- with a timestamp in place of a log entry -------------------------------------------------------------------------

STAMPS = ("verificationMaterial", "timestampVerificationData", "rfc3161Timestamps")


def stamps_of(document: Any) -> Any:
    for step in STAMPS:
        document = document[step]
    return document


def unlogged_case(name: str, why: str, expect: str, **given: Any) -> Case:
    return Case(f"unlogged-{name}", why, "unlogged", expect, **({"peer": GH} | given))


def tampered_unlogged(release: Keyless, other: Keyless, logged: Keyless) -> Made:
    """Change what is signed with a timestamp; `other` is an instance that nobody trusts."""
    good, verdict = release.bundles[PROVENANCE], json.loads(release.bundles[VULNS])
    flips: dict[str, tuple[tuple[str | int, ...], str, str]] = {
        "payload": (("dsseEnvelope", "payload"), "in the statement", "does not fit the public key"),
        "signature": ((*ENVELOPE, "sig"), "in the signature", "no timestamp of it is from a trusted authority"),
        "certificate": (
            ("verificationMaterial", "certificate", "rawBytes"),
            "in the certificate",
            "does not lead to the trusted root",
        ),
        "timestamp": ((*STAMPS, 0, "signedTimestamp"), "in the timestamp", "no timestamp of it is from"),
    }
    for name, (path, place, expect) in flips.items():
        yield unlogged_case(f"flipped-{name}", f"One bit {place} of a bundle with a timestamp is another.", expect,
                            files={PROVENANCE: edited(good, flip(*path))})  # fmt: skip
    foreign = json.loads(other.sign(release.payload(PROVENANCE)))
    entry = json.loads(logged.bundles[PROVENANCE])["verificationMaterial"]["tlogEntries"]
    material = "verificationMaterial"
    changes: dict[str, tuple[Callable[[Any], object], str, str]] = {
        "timestamp-missing": (
            lambda d: d[material].pop("timestampVerificationData"),
            "Nothing shows when it was signed: there is neither a log entry nor a timestamp.", "nor a timestamp"),
        "timestamps-empty": (
            lambda d: stamps_of(d).clear(), "The list of timestamps is empty.", "nor a timestamp"),
        "timestamp-of-another-bundle": (
            lambda d: stamps_of(d).__setitem__(0, stamps_of(verdict)[0]),
            "The timestamp is a genuine one, of another bundle.", "no timestamp of it is from"),
        "timestamp-of-an-unknown-authority": (
            lambda d: d[material].update(timestampVerificationData=other.stamp(d)),
            "The timestamp is of this bundle, and of an authority that is not trusted.", "no timestamp of it is from"),
        "timestamp-twice": (
            lambda d: stamps_of(d).append(stamps_of(d)[0]), "One timestamp stands for two.", "one of them twice"),
        "timestamp-cut-off": (
            lambda d: stamps_of(d)[0].update(signedTimestamp=stamps_of(d)[0]["signedTimestamp"][:400]),
            "The timestamp ends in the middle.", "a timestamp is malformed"),
        "bundle-of-an-unknown-authority": (
            lambda d: d.update(foreign), "Certificate and timestamp are of authorities that are not trusted.",
            "no timestamp of it is from"),
        "certificate-of-an-unknown-authority": (
            lambda d: (d.update(foreign), d[material].update(timestampVerificationData=release.stamp(d))),
            "The timestamp is of the trusted authority; the certificate is not.", "does not lead to the trusted root"),
    }  # fmt: skip
    for name, (change, why, expect) in changes.items():
        peer = Peer("gh", stricter="gh counts it once and has enough") if name == "timestamp-twice" else GH
        yield unlogged_case(name, why, expect, files={PROVENANCE: edited(good, change)}, peer=peer)
    yield unlogged_case(
        "with-a-log-entry", "A log entry was added that no trusted log can confirm.", "knows no log",
        files={PROVENANCE: edited(good, lambda d: d[material].update(tlogEntries=entry))},
        peer=Peer("gh", stricter="gh looks at no log entry if no log is trusted; what is not checked must not look so"),
    )  # fmt: skip
    yield unlogged_case(
        "logged-bundle", "A bundle with a log entry, and the trusted root knows neither log nor authority of it.",
        "knows no log", files={PROVENANCE: logged.bundles[PROVENANCE]},
    )  # fmt: skip
    for name, claims in {
        "other-repository": {"repository": "octo/mode"}, "other-owner": {"repository": "0cto/model"},
    }.items():  # fmt: skip
        yield unlogged_case(name, "A run of another repository signed.", "the repository is",
                            files=release.signed_by(**claims))  # fmt: skip
    yield unlogged_case(
        "other-workflow", "Another workflow of the same repository signed.", "the signer workflow is",
        inputs={"signer-workflow": WORKFLOW}, files=release.signed_by(job_workflow_ref=f"{OTHER_WORKFLOW}@refs/heads/main"),
        peer=Peer("gh", flags=("--signer-workflow", WORKFLOW)),
    )  # fmt: skip


def under_other_roots(release: Keyless, logged: Keyless) -> Made:
    """Leave the bundles as they are, and trust something else."""
    root = json.loads(release.server.trusted_root.read_bytes())
    ended = {"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
    public = json.loads(logged.server.trusted_root.read_bytes())
    authorities = "certificateAuthorities"
    both = {**public, authorities: public[authorities] + root[authorities],
            "timestampAuthorities": root["timestampAuthorities"]}  # fmt: skip
    changes: dict[str, tuple[dict[str, Any], str, str]] = {
        "timestamp-authority-ended": (
            {**root, "timestampAuthorities": [{**root["timestampAuthorities"][0], "validFor": ended}]},
            "The authority for timestamps was trusted only until long before.", "no timestamp of it is from"),
        "certificate-authority-ended": (
            {**root, authorities: [{**root[authorities][0], "validFor": ended}]},
            "The authority for certificates was trusted only until long before.", "no certificate authority was trusted"),
        "root-with-a-log": (
            both, "The trusted root knows a log, and who has a log must use it: a timestamp is no way around it.",
            "no entry of a transparency log"),
    }  # fmt: skip
    for name, (trusted, why, expect) in changes.items():
        files = {"trusted-root.jsonl": json.dumps(trusted).encode() + b"\n"}
        yield unlogged_case(name, why, expect, files=files)


def of_other_times(release: Keyless) -> Made:
    """Issue the signer's certificate again, from an authority that is trusted, and for another time or purpose."""
    good = json.loads(release.bundles[PROVENANCE])
    leaf = x509.load_der_x509_certificate(base64.b64decode(good["verificationMaterial"]["certificate"]["rawBytes"]))
    authority = ec.generate_private_key(ec.SECP256R1())
    root = json.loads(release.server.trusted_root.read_bytes())
    itself = certificate_authority.like(leaf.issuer, authority)
    root["certificateAuthorities"][0]["certChain"]["certificates"] = [
        {"rawBytes": certificate_authority.base64_of(itself)}
    ]
    hours: dict[str, tuple[tuple[float, float], Any, str, str]] = {
        "expired-certificate": ((-3, -2), ExtendedKeyUsageOID.CODE_SIGNING, "The certificate had expired before the timestamp.",
                                "the certificate was valid only from"),
        "certificate-of-tomorrow": ((20, 21), ExtendedKeyUsageOID.CODE_SIGNING, "The certificate was not valid yet at the timestamp.",
                                    "the certificate was valid only from"),
        "certificate-for-another-purpose": ((-1, 1), ExtendedKeyUsageOID.SERVER_AUTH,
                                            "The certificate is for servers, not for signing code.", "not for signing code"),
    }  # fmt: skip
    for name, (window, purpose, why, expect) in hours.items():
        made = release.signed_with(certificate_authority.again(leaf, authority, window, [purpose]), PROVENANCE)
        files = {"trusted-root.jsonl": json.dumps(root).encode() + b"\n", PROVENANCE: made}
        inputs = {"require": "provenance", "paths": None, "sbom": None}
        yield unlogged_case(name, why, expect, files=files, inputs=inputs,
                            absent=(VULNS, SPDX, CYCLONEDX, SIGNATURE, MODELS_PROVENANCE))  # fmt: skip


# --- signed by the right one, and wrong -------------------------------------------------------------------------------


def verdict_of(statement: Any) -> Any:
    return statement["predicate"]["modelseal_verdict"]


def stating_something_else(bundles: Mapping[str, bytes]) -> Made:
    of_other = lambda s: [item["digest"].update(sha256=OTHER) for item in s["subject"]]  # noqa: E731 # a shorthand
    changes: dict[str, tuple[str, Callable[[Any], object], str, str]] = {
        "swapped-subject": (PROVENANCE, of_other, "The provenance is about another image.",
                            "no attestation states provenance"),
        "swapped-subject-of-the-verdict": (VULNS, of_other, "The gate's verdict is about another image.",
                                           "no attestation states vulns"),
        "subject-by-name-only": (PROVENANCE, lambda s: [item.pop("digest") for item in s["subject"]],
                                 "The statement names the image, and no digest.", "digest is not an object"),
        "subject-by-another-algorithm": (PROVENANCE, lambda s: s["subject"][0].update(digest={"sha1": "1" * 40}),
                                         "The image's digest is of an algorithm that is broken.",
                                         "no attestation states provenance"),
        "subject-in-capital-letters": (PROVENANCE, lambda s: s["subject"][0]["digest"].update(sha256="1F" * 32),
                                       "The digest is written as not every reader reads it.", "no SHA-256"),
        "no-subject": (PROVENANCE, lambda s: s["subject"].clear(), "The statement is about nothing.", "about nothing"),
        "statement-of-an-unknown-version": (PROVENANCE, lambda s: s.update(_type="https://in-toto.io/Statement/v2"),
                                            "The statement is of a version that nobody here knows.", "type is"),
        "statement-with-an-unknown-member": (PROVENANCE, lambda s: s.update(predicates=[]),
                                             "The statement has a part that nobody here understands.", "unknown member"),
        "two-predicate-types": (PROVENANCE, lambda s: s.update(predicateType=["https://slsa.dev/provenance/v1", "x"]),
                                "The statement has two predicate types.", "the predicate type is not a text"),
        "predicate-missing": (PROVENANCE, lambda s: s.pop("predicate"), "The statement states nothing.",
                              "its predicate is empty"),
        "provenance-downgraded": (PROVENANCE, lambda s: s.update(predicateType="https://slsa.dev/provenance/v0.2"),
                                  "The provenance is called one of an older version.", "not understood"),
        "provenance-of-an-unknown-version": (
            PROVENANCE, lambda s: s.update(predicateType="https://slsa.dev/provenance/v2"),
            "The provenance is of a version that nobody here knows.", "not understood"),
        "provenance-type-in-capital-letters": (
            PROVENANCE, lambda s: s.update(predicateType="https://slsa.dev/Provenance/v1"),
            "The predicate type only looks like the one of provenance.", "no attestation states provenance"),
        "vulns-downgraded": (VULNS, lambda s: s.update(predicateType="https://in-toto.io/attestation/vulns/v0.1"),
                             "The gate's verdict is called one of an older version.", "not understood"),
        "cyclonedx-downgraded": (CYCLONEDX, lambda s: s.update(predicateType="https://cyclonedx.org/bom/v1.4"),
                                 "The SBOM is called one of an older version.", "not understood"),
        "spdx-downgraded": (SPDX, lambda s: s.update(predicateType="https://spdx.dev/Document/v2.2"),
                            "The SBOM is called one of an older version.", "not understood"),
        "verdict-failed": (VULNS, lambda s: verdict_of(s).update(result="failed"), "The gate's verdict is `failed`.",
                           "its verdict is failed"),
        "verdict-error": (VULNS, lambda s: verdict_of(s).update(result="error"), "The gate came to no verdict.",
                          "its verdict is"),
        "verdict-in-capital-letters": (VULNS, lambda s: verdict_of(s).update(result="PASSED"),
                                       "The verdict is a word that the gate does not write.", "its verdict is"),
        "verdict-true": (VULNS, lambda s: verdict_of(s).update(result=True), "The verdict is no word.", "no verdict"),
        "verdict-missing": (VULNS, lambda s: s["predicate"].pop("modelseal_verdict"),
                            "It lists vulnerabilities, and nobody judged them.", "no verdict"),
        "verdict-of-the-future": (
            VULNS, lambda s: s["predicate"]["metadata"].update(scanFinishedOn="2326-11-21T00:00:00Z"),
            "The verdict is of the future, so it would never be too old.", "in the future"),
        "sbom-of-another-image": (
            CYCLONEDX, lambda s: s["predicate"].update(metadata={"component": {
                "type": "container", "name": "fraud", "version": f"sha256:{OTHER}"}}),
            "The SBOM says itself that it is of another image.", "of another image"),
        "spdx-of-another-image": (
            SPDX, lambda s: s["predicate"].update(
                packages=[{"SPDXID": "SPDXRef-image", "name": "fraud", "versionInfo": f"sha256:{OTHER}"}],
                documentDescribes=["SPDXRef-image"]),
            "The SBOM says itself that it is of another image.", "of another image"),
        "provenance-of-nothing": (PROVENANCE, lambda s: s.update(predicate={"a": 1}),
                                  "The provenance says nothing that a provenance says.", "it lacks buildDefinition"),
        "provenance-without-a-builder": (PROVENANCE, lambda s: s["predicate"]["runDetails"]["builder"].update(id=""),
                                         "The provenance does not say who built.", "it lacks runDetails.builder.id"),
        "failing-finding-in-another-form": (
            VULNS, lambda s: s["predicate"]["scanner"]["result"][0].update(annotations={"decision": "fails"}),
            "A finding fails the verdict, and says so in an object instead of a list.", "findings are listed that fail it"),
        "count-of-failing-findings-that-is-none": (
            VULNS, lambda s: verdict_of(s).update(decisions={"fails": False}),
            "The count of findings that fail is no number.", "findings are listed that fail it"),
        "provenance-without-the-sbom": (PROVENANCE, lambda s: s["predicate"]["runDetails"].pop("byproducts"),
                                        "The provenance does not name the SBOM's file.", "byte for byte"),
        "model-provenance-of-another-model": (MODELS_PROVENANCE, of_other,
                                              "The model's provenance is about another manifest.",
                                              "no attestation is about it"),
    }  # fmt: skip
    for name, (path, change, why, expect) in changes.items():
        yield Case(name, why, "key", expect, files={path: restated(bundles[path], change)})
    yield Case("stale-verdict", "The verdict is older than it may be.", "key", "older than 1d",
               inputs={"max-age": "24h"})  # fmt: skip
    undated = restated(bundles[VULNS], lambda s: s["predicate"]["metadata"].pop("scanFinishedOn"))
    yield Case("verdict-without-a-time", "The verdict must not be old, and does not say how old it is.", "key",
               "does not say of when it is", inputs={"max-age": "9999d"}, files={VULNS: undated})  # fmt: skip
    zoneless = restated(
        bundles[VULNS], lambda s: s["predicate"]["metadata"].update(scanFinishedOn="2326-11-21T00:00:00")
    )
    yield Case("verdict-without-a-time-zone", "The verdict's time could be one or another.", "key",
               "does not say of when it is", inputs={"max-age": "9999d"}, files={VULNS: zoneless})  # fmt: skip
    failed = restated(bundles[VULNS], lambda s: verdict_of(s).update(result="failed"))
    yield Case("second-verdict-failed", "Of two verdicts one is `failed`: the other does not outvote it.", "key",
               "its verdict is failed", files={"bundles/image.vulns-2.sigstore.json": failed})  # fmt: skip
    second = restated(bundles[SPDX], lambda s: s["predicate"].update(name="other"))
    yield Case("second-sbom", "Two SBOMs of the same kind say different things.", "key", "different SBOMs",
               files={"bundles/image.sbom-spdx-2.sigstore.json": second})  # fmt: skip
    for name, type_, predicate, expect in (
        ("failed-tests", "https://in-toto.io/attestation/test-result/v0.1",
         {"result": "FAILED", "configuration": [], "failedTests": ["bias"]}, "its result is 'FAILED'"),
        ("passed-with-failed-tests", "https://in-toto.io/attestation/test-result/v0.1",
         {"result": "PASSED", "configuration": [], "failedTests": ["bias"]}, "its result is"),
        ("failed-summary", "https://slsa.dev/verification_summary/v1",
         {"verificationResult": "FAILED", "verifiedLevels": ["FAILED"]}, "its verification result is 'FAILED'"),
        ("unknown-summary", "https://slsa.dev/verification_summary/v0.2", {"verification_result": "PASSED"},
         "not understood"),
    ):  # fmt: skip
        statement = {
            "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": IMAGE, "digest": {"sha256": IMAGE_ID[7:]}}],
            "predicateType": type_, "predicate": predicate,
        }  # fmt: skip
        yield Case(name, "Something that was signed about the image speaks against it.", "key", expect,
                   files={"bundles/more.sigstore.json": signed(statement)})  # fmt: skip
    yield from of_summaries()
    yield Case("nothing-between-the-triggers", "The list of triggers is there, and empty: it would demand nothing.", "key",
               "The list is empty", 2, inputs={"trigger": ","})  # fmt: skip
    policy = "version: 1\nverify: {production: {public-key: key.pub}}\n"
    yield Case("unsigned-file-by-input-only", "The input lets a file be unsigned, and the policy does not.", "key",
               "`ignore` asks for 'evil.py'", 2, files={"model/evil.py": b"UNSIGNED = True\n", "policy.yml": policy.encode()},
               inputs={"ignore": "evil.py", "policy": "{}/policy.yml", "environment": "production"})  # fmt: skip
    for path, expect in {
        PROVENANCE: "states provenance",
        VULNS: "states vulns",
        SPDX: "states sbom-spdx",
        CYCLONEDX: "states sbom-cyclonedx",
        MODELS_PROVENANCE: "no attestation is about it",
    }.items():
        name = Path(path).name.removesuffix(".sigstore.json").replace(".", "-")
        yield Case(f"missing-{name}", "A statement that is required is not there.", "key", expect, absent=(path,))
    for name, content in {
        "sbom-exchanged": cyclonedx(serialNumber="other"),
        "sbom-with-a-space-more": cyclonedx() + b" ",
    }.items():
        yield Case(name, "The SBOM beside the image is not the attested one, byte for byte.", "key",
                   "fraud.cdx.json: ", files={"fraud.cdx.json": content})  # fmt: skip
    yield Case("sbom-of-another-kind", "Another document was put in the SBOM's place.", "key", "not that of the attested SBOM",
               files={"fraud.cdx.json": spdx(name="other")})  # fmt: skip
    yield Case("another-image", "The image to deploy is another one than was attested.", "key",
               "no attestation is about it", inputs={"digest": f"sha256:{OTHER}", "sbom": None})  # fmt: skip
    yield Case("tag-in-place-of-a-digest", "A tag was given as digest: it can be moved.", "key", "not a digest", 2,
               inputs={"digest": "1.0"})  # fmt: skip
    yield Case("two-digests", "The image's name has another digest than is given.", "key", "Give one of them", 2,
               inputs={"image": f"{IMAGE}@sha256:{OTHER}"})  # fmt: skip
    yield Case("nobody-named", "It is not said who must have signed: anybody can.", "keyless",
               "`repository` is required", 2, inputs={"repository": None})  # fmt: skip


def of_summaries() -> Made:
    """Take verification summaries that are signed as they should be, and are of somebody or something else."""
    good = {
        "verifier": {"id": "https://github.com/modelseal/modelseal/verify"}, "timeVerified": "2026-01-01T00:00:00Z",
        "resourceUri": f"pkg:oci/fraud@{IMAGE_ID.replace(':', '%3A')}", "verificationResult": "PASSED",
        "policy": {"uri": "file:policy.yml#production", "digest": {"sha256": OTHER}}, "slsaVersion": "1.1",
        "inputAttestations": [{"uri": "x", "digest": {"sha256": OTHER}}], "verifiedLevels": ["SLSA_BUILD_LEVEL_2"],
    }  # fmt: skip
    for name, why, expect, change in (
        ("summary-of-another-verifier", "Somebody else's verifier let it pass.", "the verifier is",
         {"verifier": {"id": "https://evil.example"}}),
        ("summary-of-another-image", "Its resource is another image than its subject.", "none of its subjects",
         {"resourceUri": f"pkg:oci/fraud@sha256%3A{OTHER}"}),
        ("summary-of-nothing", "It passed, and does not say what was verified or by what.", "the verifier is None",
         {"verifier": {}, "resourceUri": "", "policy": {}}),
        ("summary-without-evidence", "It passed, and nothing was looked at.", "no attestation was looked at",
         {"inputAttestations": []}),
    ):  # fmt: skip
        statement = {
            "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": IMAGE, "digest": {"sha256": IMAGE_ID[7:]}}],
            "predicateType": "https://slsa.dev/verification_summary/v1", "predicate": good | change,
        }  # fmt: skip
        yield Case(name, why, "key", expect, inputs={"require": "verification-summary"},
                   files={"bundles/more.sigstore.json": signed(statement)})  # fmt: skip


# --- models -----------------------------------------------------------------------------------------------------------


def of_models(bundles: Mapping[str, bytes]) -> Made:
    weights, config = "model/weights/model.onnx", "model/config.json"
    of_git = "model_signing leaves `.git*` out unless told otherwise: what is added there is never noticed"

    def case(name: str, why: str, expect: str, stricter: str = "", **changes: Any) -> Case:
        peer = Peer("model_signing", SIGNATURE, stricter=stricter)
        return Case(name, why, "key", expect, **({"peer": peer} | changes))

    yield case("weights-changed", "One byte of the weights is another.", "changed: weights/model.onnx",
               files={weights: b"W" + MODEL["weights/model.onnx"][1:]})  # fmt: skip
    yield case("weights-cut-off", "The weights' last byte is missing.", "changed: weights/model.onnx",
               files={weights: MODEL["weights/model.onnx"][:-1]})  # fmt: skip
    yield case("weights-of-another-model", "The bundles are right, and all files are another model's.", "changed: ",
               files={weights: b"other weights", config: b'{"other": true}'})  # fmt: skip
    yield case("missing-file", "A file is missing.", "missing: config.json", absent=(config,))
    yield case("extra-file", "A file is there that was not signed.", "added: adapter.bin",
               files={"model/adapter.bin": b"x"})  # fmt: skip
    yield case("extra-empty-file", "An empty file is there that was not signed: to Python it is a package.",
               "added: weights/__init__.py", files={"model/weights/__init__.py": b""})  # fmt: skip
    yield case("extra-hidden-file", "A hidden file is there that was not signed.", "added: .cache",
               files={"model/cache": b"x"}, renamed={"model/cache": "model/.cache"})  # fmt: skip
    yield case("extra-file-of-git", "A file that git reads is there that was not signed.", "added: .gitattributes",
               of_git, files={"model/attributes": b"* filter=x"}, renamed={"model/attributes": "model/.gitattributes"})  # fmt: skip
    yield case("extra-workflow", "A workflow is there that was not signed.", "added: .github/x.yml", of_git,
               files={"model/x.yml": b"on: push"}, renamed={"model/x.yml": "model/.github/x.yml"})  # fmt: skip
    yield case("renamed-file", "A file has another name.", "renamed: ", renamed={config: "model/settings.json"})
    yield case("case-only-rename", "A file's name is written with another letter case.", "renamed: ",
               renamed={config: "model/Config.json"})  # fmt: skip
    yield case("look-alike-name", "A file's name only looks the same: its o is Cyrillic.", "renamed: ",
               renamed={config: "model/c\u043enfig.json"})  # fmt: skip
    yield case("invisible-character", "A file's name has a character in it that nobody sees.", "renamed: ",
               renamed={config: "model/con\u200bfig.json"})  # fmt: skip
    yield case("moved-file", "A file is in another folder.", "renamed: ", renamed={config: "model/weights/config.json"})
    yield case("contents-exchanged", "Two files have each other's content; all digests are there.", "changed: ",
               files={weights: MODEL["config.json"], config: MODEL["weights/model.onnx"]})  # fmt: skip
    yield case("link-in-place-of-a-file", "A symbolic link stands where a file was signed.", "a symbolic link stands for",
               absent=(config,), links={config: "weights/model.onnx"})  # fmt: skip
    yield case("link-to-the-same-content", "A symbolic link leads to a file of the same content, which may change.",
               "symbolic link", files={"model/real.json": MODEL["config.json"]}, absent=(config,),
               links={config: "real.json"})  # fmt: skip
    yield case("link-out-of-the-model", "A symbolic link leads out of the model.", "leaves the tree", exit_code=2, absent=(config,),
               links={config: "../key.pub"})  # fmt: skip
    parent = {f"model/{name}": data for name, data in MODEL.items()}
    yield case("manifest-of-the-parent-folder", "The signature is one of the folder above, whose files have other names.",
               "renamed: model/config.json", files={SIGNATURE: signed(manifest(parent))})  # fmt: skip
    sub = {"model.onnx": MODEL["weights/model.onnx"]}
    yield case("manifest-of-a-folder-inside", "The signature is one of a folder inside.", "added: config.json",
               files={SIGNATURE: signed(manifest(sub))})  # fmt: skip
    older = MODEL | {"weights/model.onnx": b"older weights"}
    yield case("older-signature-replayed", "The signature is the genuine one of an older version.",
               "changed: weights/model.onnx", files={SIGNATURE: signed(manifest(older))})  # fmt: skip
    yield case("older-model-replayed", "Files and signature are those of an older version; the provenance to deploy is "
               "the newer one's.", "no attestation is about it",
               files={SIGNATURE: signed(manifest(older)), weights: b"older weights"},
               stricter="model_signing knows no provenance: by itself the older version is as good")  # fmt: skip
    yield case("signature-missing", "The model's signature is not there.", "no model signature", absent=(SIGNATURE,))
    yield case("two-signatures", "Two signatures are there, and none is named.", "several model signatures",
               files={"bundles/other.sig": bundles[SIGNATURE]}, peer=None)  # fmt: skip
    yield case("provenance-as-signature", "A genuine statement of another kind in the signature's place.", "manifest",
               files={SIGNATURE: bundles[MODELS_PROVENANCE]})  # fmt: skip
    yield case("signature-flipped", "One bit of what the model's signature signs is another.",
               "does not fit the public key",
               files={SIGNATURE: edited(bundles[SIGNATURE], flip("dsseEnvelope", "payload"))})  # fmt: skip
    yield case("signature-empty", "The model's signature is an empty file.", "not JSON", files={SIGNATURE: b""})

    def of_manifest(change: Callable[[Any], object]) -> dict[str, bytes]:
        return {SIGNATURE: restated(bundles[SIGNATURE], change)}

    resources: Callable[[Any], Any] = lambda s: s["predicate"]["resources"]  # noqa: E731 # a shorthand
    yield case("manifest-leading-out", "The signed manifest names a file outside of the model.", "not the name of a file within",
               files=of_manifest(lambda s: resources(s)[0].update(name="../key.pub")))  # fmt: skip
    yield case("manifest-with-a-name-twice", "The signed manifest has a file twice.", "comes twice",
               files=of_manifest(lambda s: resources(s).append(resources(s)[0])))  # fmt: skip
    yield case("manifest-of-nothing", "The signed manifest lists no file.", "lists no file",
               files=of_manifest(lambda s: resources(s).clear()))  # fmt: skip
    yield case("manifest-with-another-root", "The manifest's subject is not the digest of its files.", "the subject's SHA-256 is",
               files=of_manifest(lambda s: s["subject"][0]["digest"].update(sha256=OTHER)))  # fmt: skip
    yield case("manifest-of-an-unknown-method", "The files were hashed in a way that nobody here knows.", "serialization.method is",
               files=of_manifest(lambda s: s["predicate"]["serialization"].update(method="tree-v9")))  # fmt: skip
    yield case("manifest-of-a-weak-algorithm", "The files' digests are of an algorithm that is broken.",
               "the algorithm of",
               files=of_manifest(lambda s: [item.update(algorithm="md5", digest="0" * 32) for item in resources(s)]))  # fmt: skip


def unlogged(folder: Path, server: local_sigstore.LocalSigstore, logged: Keyless) -> Made:
    """Make the release with timestamps in place of log entries, and what must be refused of it."""
    (folder / "unknown").mkdir()
    release = without_key(folder / "unlogged", server.unlogged, "unlogged")
    with local_sigstore.running(folder / "unknown") as unknown:
        yield from tampered_unlogged(release, Keyless(unknown.unlogged, {}), logged)
    yield from under_other_roots(release, logged)
    yield from of_other_times(release)


def main() -> None:
    """Make everything anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    CASES.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name, local_sigstore.running(Path(name)) as server:
        folder = Path(name)
        for part in ("key", "keyless", "unlogged"):
            (folder / part).mkdir()
        bundles = with_key(folder / "key")
        release = without_key(folder / "keyless", server)
        for made in (
            unlogged(folder, server, release),
            tampered_keyless(release), tampered_with_key(bundles), of_another_identity(release),
            contradicting_the_certificate(release), of_other_keys(release, bundles, folder), expired(folder),
            stating_something_else(bundles), of_models(bundles),
        ):  # fmt: skip
            for case in made:
                write(case)


if __name__ == "__main__":
    main()
