"""Checkpoints over the audit log, and the station that checks both. The oracles are other implementations' vectors."""

import base64
import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore._internal.trust import Keyring, RekorKeyring
from sigstore._utils import KeyID
from sigstore.errors import VerificationError
from sigstore_models.common.v1 import PublicKey, PublicKeyDetails

import audit_logs
from audit_logs import lines, run, written
from modelseal import station
from modelseal.attestation.rejection import Rejection
from modelseal.audit import chain, checkpoint, log
from modelseal.audit.checkpoint import Checkpoint
from modelseal.audit.merkle import Tree
from modelseal.commands import audit_log
from modelseal.errors import InputError, ModelsealError
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode

# https://github.com/transparency-dev/merkle: testonly/constants.go, which has them from RFC 6962's own code.
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# The example of https://pkg.go.dev/golang.org/x/mod/sumdb/note. It is a note and no checkpoint.
GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
# https://github.com/transparency-dev/formats: note/note_verifier_test.go, a log's production key and checkpoint.
PIXEL = (
    "pixel6_transparency_log+91c16e30+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN+4x0Jk1yTwvLFI9A4NDdGZcX0aiWVdWM5XJVy0M4VWD3"
    "AvyW5Q6Hs9A0mcDkpUoYgn+KKPNzFC0H3nN3q6JQ8="
)
REKOR = (
    "rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smGNM7n"
    "wZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc="
)
REKOR_NOTE = (
    "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n"
    "— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPe"
    "kyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n"
)
ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "example.com/audit-log"
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
P256 = ec.derive_private_key(7, ec.SECP256R1())
KEYS: list[checkpoint.PrivateKey] = [
    ED25519,
    P256,
    ec.derive_private_key(7, ec.SECP384R1()),
    ec.derive_private_key(7, ec.SECP521R1()),
]
NAMES = ["ed25519", "p256", "p384", "p521"]
WHOLE = lines(9)
SIGNED = checkpoint.sign(Checkpoint(ORIGIN, 7, b"r" * 32), ED25519)

each_key = pytest.mark.parametrize("key", KEYS, ids=NAMES)


def root_of(leaves: Sequence[bytes]) -> bytes:
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def defined_root(leaves: Sequence[bytes]) -> bytes:
    """Compute the root as RFC 6962, section 2.1, defines it."""
    if len(leaves) < 2:
        return hashlib.sha256(b"\0" + leaves[0] if leaves else b"").digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + defined_root(leaves[:half]) + defined_root(leaves[half:])).digest()


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Make the audit path as RFC 6962, section 2.1.1, defines it."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*inclusion(leaves[:half], index), defined_root(leaves[half:])]
    return [*inclusion(leaves[half:], index - half), defined_root(leaves[:half])]


# --- the tree ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_rfc_6962(size: int) -> None:
    assert root_of([bytes.fromhex(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=3), max_size=70))
def test_roots_are_as_the_definition_says(leaves: list[bytes]) -> None:
    assert root_of(leaves) == defined_root(leaves)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9])
def test_sigstore_finds_each_entry_in_the_tree(tmp_path: Path, size: int) -> None:
    found = chain.verify_chain(written(tmp_path / "log", WHOLE[:size]))
    leaves = [line[:-1] for line in WHOLE[:size]]
    for index, leaf in enumerate(leaves):
        proof = SimpleNamespace(log_index=index, tree_size=size, hashes=inclusion(leaves, index), root_hash=found.root)
        entry: Any = SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=leaf))
        verify_merkle_inclusion(entry)
        entry._inner.canonicalized_body = leaf + b" "
        with pytest.raises(VerificationError):
            verify_merkle_inclusion(entry)


# --- notes ---------------------------------------------------------------------------------------------------------


def go_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(GO_SIGNER.split("+", 4)[4])[1:])


def test_key_is_named_as_go_names_it() -> None:
    assert checkpoint.verifier_key("PeterNeumann", go_key().public_key()) == GO_VERIFIER


def test_note_is_signed_as_go_signs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Ed25519 has one signature for each text.
    monkeypatch.setattr(Checkpoint, "text", GO_TEXT)
    made = checkpoint.sign(Checkpoint("PeterNeumann", 1, b""), go_key())
    assert made.decode() == f"{GO_TEXT}\n— PeterNeumann {GO_SIGNATURE}\n"


@pytest.mark.parametrize("known", [PIXEL, REKOR])
def test_ec_key_is_named_as_others_name_it(known: str) -> None:
    name, _, material = known.split("+", 2)
    key = serialization.load_der_public_key(base64.b64decode(material)[1:])
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert checkpoint.verifier_key(name, key) == known


def test_production_checkpoint_of_another_log_verifies_under_its_own_name_only() -> None:
    _, _, material = PIXEL.split("+", 2)
    key: Any = serialization.load_der_public_key(base64.b64decode(material)[1:])
    note = (
        "DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=\n\n"
        "— pixel6_transparency_log kcFuMDBFAiEAhqMAP8P6qf6QxtUJ"
        "hzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0cNe47dHWBoPwYdgBCepB06/+g5O1FmYjXl06owL4\n"
    )
    # Its signer's name is not its origin, which the format recommends and we demand.
    with pytest.raises(Rejection, match="not signed with this key"):
        checkpoint.verify(note.encode(), key)
    # The same signature under the origin's name is accepted: an ECDSA key's ID does not depend on the name.
    renamed = note.replace("— pixel6_transparency_log ", "— DEFAULT ")
    assert checkpoint.verify(renamed.encode(), key).size == 10
    with pytest.raises(Rejection, match="does not fit"):
        checkpoint.verify(renamed.replace("\n10\n", "\n11\n").encode(), key)


def test_rekors_own_checkpoint_is_read() -> None:
    key: Any = serialization.load_der_public_key(base64.b64decode(REKOR.split("+", 2)[2])[1:])
    read = checkpoint.verify(REKOR_NOTE.replace("— rekor.sigstore.dev ", "— Rekor ").encode(), key, "Rekor")
    assert (read.origin, read.size) == ("Rekor", 798034)


@each_key
def test_checkpoint_verifies_with_its_key(key: checkpoint.PrivateKey) -> None:
    made = Checkpoint(ORIGIN, 12, b"\1" * 32)
    note = checkpoint.sign(made, key)
    assert checkpoint.verify(note, key.public_key()) == made
    assert checkpoint.verify(note, key.public_key(), ORIGIN) == made
    assert note.decode().split("\n")[:4] == [ORIGIN, "12", base64.b64encode(b"\1" * 32).decode(), ""]
    for other in KEYS:
        if other is not key:
            with pytest.raises(Rejection, match="not signed with this key"):
                checkpoint.verify(note, other.public_key())


@pytest.mark.parametrize(
    ("key", "details"),
    list(zip(KEYS[:2], ("PKIX_ED25519", "PKIX_ECDSA_P256_SHA_256"), strict=True)),
    ids=NAMES[:2],
)
def test_sigstore_accepts_the_checkpoint_and_refuses_a_changed_one(key: checkpoint.PrivateKey, details: str) -> None:
    note = checkpoint.sign(Checkpoint(ORIGIN, 12, b"\1" * 32), key).decode()
    read = SignedCheckpoint.from_text(note)
    assert (read.checkpoint.origin, read.checkpoint.log_size, read.checkpoint.log_hash) == (ORIGIN, 12, "01" * 32)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, form))
    keyring = RekorKeyring(Keyring([PublicKey(raw_bytes=der, key_details=PublicKeyDetails(details))]))
    key_id = KeyID(bytes.fromhex(checkpoint.verifier_key(ORIGIN, key.public_key()).split("+")[1]))
    read.signed_note.verify(keyring, key_id)
    changed = SignedCheckpoint.from_text(note.replace("\n12\n", "\n13\n"))
    with pytest.raises(VerificationError):
        changed.signed_note.verify(keyring, key_id)


def test_rsa_keys_sign_no_checkpoints() -> None:
    key = rsa.generate_private_key(65537, 2048)
    for attempt in (
        lambda: checkpoint.sign(Checkpoint(ORIGIN, 1, b"r" * 32), key),
        lambda: checkpoint.verify(SIGNED, key.public_key()),
        lambda: checkpoint.verifier_key(ORIGIN, key.public_key()),
    ):
        with pytest.raises(InputError, match="RSA"):
            attempt()


@pytest.mark.parametrize(
    "origin", ["", "a b", "a+b", "a\nb", "a\u2003b", "x" * 256, "DSSEv1 28 application/vnd.in-toto"]
)
def test_origin_that_cannot_be_a_keys_name(origin: str) -> None:
    with pytest.raises(InputError, match="name of a log"):
        checkpoint.sign(Checkpoint(origin, 1, b"r" * 32), ED25519)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(SIGNED) - 1), st.integers(0, 255))
def test_any_edited_byte_of_a_checkpoint_is_found(at: int, byte: int) -> None:
    edited = SIGNED[:at] + bytes([byte]) + SIGNED[at + 1 :]
    if edited != SIGNED:
        with pytest.raises(Rejection):
            checkpoint.verify(edited, ED25519.public_key())


def test_every_cut_of_a_checkpoint_is_found() -> None:
    for length in range(len(SIGNED)):
        with pytest.raises(Rejection):
            checkpoint.verify(SIGNED[:length], ED25519.public_key())


TEXT, LINE = SIGNED.decode().split("\n\n")


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        TEXT + "\n",
        SIGNED.decode() + "\n",
        SIGNED.decode().replace("\n", "\r\n"),
        SIGNED.decode() + "junk\n",
        f"{TEXT}\n\n{LINE}— x AAAA\n",
        f"{TEXT}\n\n" + LINE * 65,
        "\ufeff" + SIGNED.decode(),
        SIGNED.decode().replace("—", "-"),
        SIGNED.decode().replace("\n7\n", "\n07\n"),
        SIGNED.decode() + "\0" * (256 * 1024),
    ],
)
def test_what_is_no_checkpoint(note: str) -> None:
    with pytest.raises(Rejection):
        checkpoint.verify(note.encode(), ED25519.public_key())


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n07\n{'A' * 43}=\n",
        f"{ORIGIN}\n-7\n{'A' * 43}=\n",
        f"{ORIGIN}\n\u0667\n{'A' * 43}=\n",
        f"{ORIGIN}\n{'9' * 30}\n{'A' * 43}=\n",
        f"{ORIGIN}\n7\nAAAA\n",
        f"{ORIGIN}\n7\n{'A' * 42}B=\n",
        f"{ORIGIN}\n7\n{'A' * 43}=\n\nx\n",
        f" {ORIGIN}\n7\n{'A' * 43}=\n",
    ],
)
def test_genuine_signature_over_what_is_no_checkpoint(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Checkpoint, "text", text)
    note = checkpoint.sign(Checkpoint(ORIGIN, 1, b""), ED25519)
    monkeypatch.undo()
    with pytest.raises(Rejection):
        checkpoint.verify(note, ED25519.public_key())


def test_witnesses_may_sign_too_and_extensions_may_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    other = f"— witness.example {base64.b64encode(b'w' * 80).decode()}\n"
    note = f"{TEXT}\n\n{other}{LINE}{other}"
    assert checkpoint.verify(note.encode(), ED25519.public_key()).size == 7
    monkeypatch.setattr(Checkpoint, "text", f"{TEXT}\nextension\n")
    extended = checkpoint.sign(Checkpoint(ORIGIN, 1, b""), ED25519)
    monkeypatch.undo()
    assert checkpoint.verify(extended, ED25519.public_key()).size == 7


def test_one_bad_signature_of_the_known_key_spoils_the_note() -> None:
    blob = base64.b64decode(LINE.split(" ")[2])
    bad = f"— {ORIGIN} {base64.b64encode(blob[:-1] + bytes([blob[-1] ^ 1])).decode()}\n"
    with pytest.raises(Rejection, match="does not fit"):
        checkpoint.verify(f"{TEXT}\n\n{LINE}{bad}".encode(), ED25519.public_key())


def test_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(Rejection, match="of another log"):
        checkpoint.verify(SIGNED, ED25519.public_key(), "example.com/other")


# --- the station ---------------------------------------------------------------------------------------------------


def pem(key: checkpoint.PrivateKey, password: bytes = b"") -> str:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


def public(tmp_path: Path, key: checkpoint.PrivateKey = ED25519) -> str:
    path = tmp_path / "audit.pem"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    return str(path)


def audited(tmp_path: Path, environ: Mapping[str, str] = MappingProxyType({}), **texts: str) -> Outcome:
    given = {station.kebab(name): value for name, value in texts.items()}
    output = tmp_path / "out"
    output.mkdir(exist_ok=True)
    context = Context(output_dir=output, environ=environ, temp_dir=tmp_path)
    return audit_log.run(station.read_inputs(audit_log.Inputs, given), context)


def checkpointed(tmp_path: Path, content: Sequence[bytes], key: checkpoint.PrivateKey = ED25519) -> str:
    """Write a log and sign for it; return the checkpoint's path."""
    outcome = audited(tmp_path, log=str(written(tmp_path / "log", content)), private_key=pem(key), origin=ORIGIN)
    assert outcome.exit_code is ExitCode.PASSED
    return str(outcome.outputs.checkpoint)


@each_key
def test_log_is_signed_for_and_holds(tmp_path: Path, key: checkpoint.PrivateKey) -> None:
    signed = checkpointed(tmp_path, WHOLE, key)
    log.append(tmp_path / "log", run(9))
    outcome = audited(tmp_path, log=str(tmp_path / "log"), checkpoint=signed, public_key=public(tmp_path, key))
    assert outcome.exit_code is ExitCode.PASSED
    assert (outcome.outputs.entry_count, outcome.outputs.covered_count) == ("10", "9")
    assert "the first 9 of them signed for" in outcome.headline
    assert outcome.outputs.head == audit_logs.own_hash((tmp_path / "log").read_bytes().splitlines()[-1])


def test_pipe_is_not_waited_for_as_a_checkpoint(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = written(tmp_path / "log", WHOLE)
    with pytest.raises(InputError, match="no regular file"):
        audited(tmp_path, log=str(path), checkpoint=str(tmp_path / "pipe"), public_key=public(tmp_path))


@pytest.mark.parametrize("left", range(len(WHOLE)))
def test_truncation_at_every_line_is_found(tmp_path: Path, left: int) -> None:
    signed = checkpointed(tmp_path, WHOLE)
    path = written(tmp_path / "log", WHOLE[:left])
    outcome = audited(tmp_path, log=str(path), checkpoint=signed, public_key=public(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert f"the last {9 - left} were removed" in outcome.summary
    assert outcome.outputs.head == ""


def test_truncation_within_the_last_line_is_found(tmp_path: Path) -> None:
    signed = checkpointed(tmp_path, WHOLE)
    path = written(tmp_path / "log", [*WHOLE[:8], WHOLE[8][:100]])
    outcome = audited(tmp_path, log=str(path), checkpoint=signed, public_key=public(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    # A repair does not hide it.
    log.append(path, run(9))
    outcome = audited(tmp_path, log=str(path), checkpoint=signed, public_key=public(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED


def test_log_that_was_made_anew_is_found(tmp_path: Path) -> None:
    signed = checkpointed(tmp_path, WHOLE)
    forged = audit_logs.chained([run(number, message="nothing to see") for number in range(12)])
    path = written(tmp_path / "log", forged)
    assert audited(tmp_path, log=str(path)).exit_code is ExitCode.PASSED  # the chain alone cannot tell
    outcome = audited(tmp_path, log=str(path), checkpoint=signed, public_key=public(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "are not those that were signed for" in outcome.headline


def test_every_checkpoint_must_hold(tmp_path: Path) -> None:
    signed = []
    for size in (2, 5, 9):
        path = tmp_path / f"{size}.checkpoint"
        path.write_bytes(Path(checkpointed(tmp_path, WHOLE[:size])).read_bytes())
        signed.append(str(path))
    arguments = {"log": str(tmp_path / "log"), "checkpoint": "\n".join(signed), "public_key": public(tmp_path)}
    assert audited(tmp_path, {}, **arguments).exit_code is ExitCode.PASSED
    forged = audit_logs.chained([run(0), run(1), *(run(number, message="x") for number in range(9))])
    written(tmp_path / "log", forged)
    outcome = audited(tmp_path, {}, **arguments)
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "2.checkpoint" not in outcome.summary
    assert "5.checkpoint" in outcome.summary
    assert "9.checkpoint" in outcome.summary


def test_checkpoint_that_is_not_the_logs(tmp_path: Path) -> None:
    key = public(tmp_path)
    path = str(written(tmp_path / "log", WHOLE))
    root = chain.verify_chain(tmp_path / "log").root
    made = {
        "empty": checkpoint.sign(Checkpoint(ORIGIN, 0, hashlib.sha256().digest()), ED25519),
        "other-key": checkpoint.sign(Checkpoint(ORIGIN, 9, root), P256),
        "junk": b"junk",
        "none": b"",
    }
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
        outcome = audited(tmp_path, log=path, checkpoint=str(tmp_path / name), public_key=key)
        assert outcome.exit_code is ExitCode.VERIFICATION_FAILED, name
    (tmp_path / "a").write_bytes(checkpoint.sign(Checkpoint("a", 9, root), ED25519))
    (tmp_path / "b").write_bytes(checkpoint.sign(Checkpoint("b", 9, root), ED25519))
    both = f"{tmp_path / 'a'}\n{tmp_path / 'b'}"
    assert audited(tmp_path, log=path, checkpoint=both, public_key=key).exit_code is ExitCode.VERIFICATION_FAILED
    only = audited(tmp_path, log=path, checkpoint=str(tmp_path / "a"), public_key=key, origin="b")
    assert only.exit_code is ExitCode.VERIFICATION_FAILED


def test_nothing_is_signed_for_a_log_that_does_not_hold(tmp_path: Path) -> None:
    signed = checkpointed(tmp_path, WHOLE)
    Path(signed).rename(tmp_path / "old")
    written(tmp_path / "log", WHOLE[:5])
    outcome = audited(
        tmp_path,
        log=str(tmp_path / "log"),
        checkpoint=str(tmp_path / "old"),
        public_key=public(tmp_path),
        private_key=pem(ED25519),
    )
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert outcome.outputs.checkpoint == ""
    assert not Path(signed).exists()


@pytest.mark.parametrize(
    ("environ", "given", "origin"),
    [
        ({}, "", "audit-log"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo/model"}, "", "github.com/octo/model/audit-log"),
        (
            {
                "GITHUB_ACTIONS": "true",
                "GITHUB_REPOSITORY": "octo/model",
                "GITHUB_SERVER_URL": "https://octo.ghe.com",
            },
            "",
            "octo.ghe.com/octo/model/audit-log",
        ),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "octo/model"}, "mine", "mine"),
    ],
)
def test_log_has_a_name(tmp_path: Path, environ: dict[str, str], given: str, origin: str) -> None:
    path = str(written(tmp_path / "log", WHOLE))
    outcome = audited(tmp_path, environ, log=path, private_key=pem(ED25519), origin=given)
    assert Path(outcome.outputs.checkpoint).read_text("utf-8").startswith(f"{origin}\n9\n")
    assert outcome.outputs.verifier_key == checkpoint.verifier_key(origin, ED25519.public_key())


def test_next_checkpoint_keeps_the_name(tmp_path: Path) -> None:
    signed = checkpointed(tmp_path, WHOLE)
    Path(signed).rename(tmp_path / "old")
    outcome = audited(
        tmp_path,
        log=str(tmp_path / "log"),
        checkpoint=str(tmp_path / "old"),
        public_key=public(tmp_path),
        private_key=pem(ED25519, b"secret"),
        private_key_password="secret",
    )
    assert Path(outcome.outputs.checkpoint).read_text("utf-8").startswith(ORIGIN)


@pytest.mark.parametrize(
    "texts",
    [
        {"checkpoint": "x"},
        {"public_key": "x"},
        {"checkpoint": "missing", "public_key": "missing"},
        {"private_key": "not a key"},
        {"private_key": pem(rsa.generate_private_key(65537, 2048))},
        {"private_key": pem(ED25519), "private_key_password": "x"},
        {"private_key_password": "x"},
        {"origin": "a b"},
        {"log": "missing"},
        {"log": ""},
        {"log": "."},
        {"last": "-1"},
    ],
)
def test_wrong_inputs(tmp_path: Path, texts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "log", WHOLE)
    with pytest.raises(ModelsealError) as caught:
        audited(tmp_path, {}, **{"log": "log", **texts})
    assert caught.value.exit_code is ExitCode.INPUT
    assert "PRIVATE" not in str(caught.value)


def test_changed_log_is_shown_with_line_numbers(tmp_path: Path) -> None:
    edited = [*WHOLE[:2], WHOLE[2].replace(b"run 2", b"run 3"), *WHOLE[4:]]
    outcome = audited(tmp_path, log=str(written(tmp_path / "log", edited)))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert "line 3: its content does not fit its hash" in outcome.summary
    assert "line 4: it is entry 4, and 1 before it are missing" in outcome.summary


def test_hostile_texts_inject_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a`|<b>\x1b[2J"
    hostile = "|\n# x\n<script>`::error::\x1b[31m\u202e](http://x)"
    from modelseal.audit.entry import Subject  # noqa: PLC0415 -- for this test

    log.append(path, run(who={"actor": hostile}, subjects=(Subject(hostile, "a" * 64),), message=hostile))
    path.write_bytes(path.read_bytes() + b"\x1b[2J<script>\n" + b'{"event":"run"}\n' + b"[]\n")
    outcome = audited(tmp_path, log=str(path))
    for text in (outcome.summary, outcome.headline):
        assert "<script>" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "\n# x" not in outcome.summary
    assert "\n" not in outcome.headline


def test_cut_off_entry_is_a_warning(tmp_path: Path) -> None:
    outcome = audited(tmp_path, log=str(written(tmp_path / "log", [*WHOLE, WHOLE[0][:50]])))
    assert outcome.exit_code is ExitCode.PASSED
    assert outcome.annotations[0].level == "warning"
    log.append(tmp_path / "log", run(9))
    outcome = audited(tmp_path, log=str(tmp_path / "log"), last="3")
    assert "50 bytes of an entry that was cut off were removed" in outcome.summary
    assert "run 7" not in outcome.summary


@pytest.mark.slow
def test_long_log_is_checked_against_its_checkpoint_in_time(tmp_path: Path) -> None:
    # A tenth of a log of 100,000 entries, which is to take less than 2 seconds.
    path = tmp_path / "log"
    with path.open("wb") as file:
        content = json.loads(WHOLE[0])
        previous = "0" * 64
        for number in range(10_000):
            content |= {"sequence": number, "previous": previous}
            del content["hash"]
            previous = hashlib.sha256(compact(content)).hexdigest()
            content["hash"] = previous
            file.write(compact(content) + b"\n")
    made = audited(tmp_path, log=str(path), private_key=pem(ED25519))
    begun = time.process_time()
    outcome = audited(tmp_path, log=str(path), checkpoint=made.outputs.checkpoint, public_key=public(tmp_path))
    spent = time.process_time() - begun
    assert (outcome.exit_code, outcome.outputs.entry_count) == (ExitCode.PASSED, "10000")
    assert spent < 0.6


def compact(value: dict[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# --- what the documentation says to do with other tools ------------------------------------------------------------


def documented(tmp_path: Path, marker: str) -> subprocess.CompletedProcess[str]:
    """Run the documentation's shell commands that mention something, where a log, a checkpoint and a key are."""
    document = (ROOT / "docs" / "audit-log.md").read_text("utf-8")
    (block,) = [
        each for each in re.findall(r"^```sh\n(.*?)^```$", document, re.MULTILINE | re.DOTALL) if marker in each
    ]
    command = ["bash", "-euo", "pipefail", "-c", block]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_sha256sum_finds_the_hash_of_an_entry(tmp_path: Path) -> None:
    written(tmp_path / "audit.jsonl", WHOLE)
    assert documented(tmp_path, "sha256sum").stdout.split()[0] == audit_logs.own_hash(WHOLE[4])


@pytest.mark.parametrize(("key", "marker"), [(ED25519, "pkeyutl"), (P256, "dgst")], ids=NAMES[:2])
def test_openssl_verifies_the_checkpoint(tmp_path: Path, key: checkpoint.PrivateKey, marker: str) -> None:
    public(tmp_path, key)
    note = Path(checkpointed(tmp_path, WHOLE, key)).read_bytes()
    path = tmp_path / "audit.jsonl.checkpoint"
    path.write_bytes(note)
    accepted = documented(tmp_path, marker)
    assert accepted.returncode == 0, accepted.stderr
    path.write_bytes(note.replace(b"\n9\n", b"\n8\n"))
    assert documented(tmp_path, marker).returncode != 0
