"""Wherever a bundle or a root of trust has a value of another kind, it is refused or wrong input, and never a bug."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import refusals
from modelseal.attestation import identity, keyless, keys, verification
from modelseal.attestation.trust import IdentityTrust, KeyTrust, Trust
from modelseal.errors import InputError

ODD: tuple[object, ...] = (None, [], {}, 1, -1, 1.5, True, "", "x", [None], {"a": 1}, 10**30, "\ud800", "MA==")
OCTO = identity.Expected("https://github.com/octo/model")
# What says nothing: hints, names for people, the tree of a log with a single entry, what may be left out.
SILENT = {
    "keyid", "publicKey", "hint", "commonName", "organization", "uri", "baseUrl", "keyId", "validFor", "hashes",
    "tlogEntries", "timestampVerificationData", "rfc3161Timestamps", "timestampAuthorities",
}  # fmt: skip
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Attribute's length")]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from places(item, (*path, key))


def changed(document: Any, path: tuple[str | int, ...], value: object) -> bytes:
    if not path:
        return json.dumps(value).encode()
    made = copy.deepcopy(document)
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(made).encode()


def reasons(data: bytes, trust: Trust) -> tuple[str, ...]:
    return verification.collect({"x": data}, trust).reasons


def trust_of(base: str, root: Path) -> Trust:
    if base == "key":
        return KeyTrust(keys.load_public_key((refusals.ROOT / "key" / "key.pub").read_bytes()), None)
    return IdentityTrust(keyless.verifier(root).verify, OCTO)


@pytest.mark.parametrize("base", ["key", "keyless", "unlogged"])
def test_bundle_with_a_value_of_another_kind(base: str) -> None:
    trust = trust_of(base, refusals.ROOT / base / "trusted-root.jsonl")
    document = json.loads((refusals.ROOT / base / refusals.PROVENANCE).read_bytes())
    assert not reasons(json.dumps(document).encode(), trust)
    passed = {path for path in places(document) for value in ODD if not reasons(changed(document, path, value), trust)}
    assert {path[-1] for path in passed} <= SILENT, passed


@pytest.mark.parametrize("base", ["keyless", "unlogged"])
def test_root_with_a_value_of_another_kind(tmp_path: Path, base: str) -> None:
    bundle = (refusals.ROOT / base / refusals.PROVENANCE).read_bytes()
    document = json.loads((refusals.ROOT / base / "trusted-root.jsonl").read_bytes())
    root, passed = tmp_path / "root.json", set()
    for path in places(document):
        for value in ODD:
            root.write_bytes(changed(document, path, value))
            try:
                trust = trust_of(base, root)
            except InputError:
                continue
            if not reasons(bundle, trust):
                passed.add(path)
    assert {path[-1] for path in passed} <= SILENT, passed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("dsseEnvelope", "signatures", 0, "keyid"), 1),
        (("dsseEnvelope", "signatures", 0, "keyid"), []),
        (("verificationMaterial", "tlogEntries"), {}),
        (("verificationMaterial", "tlogEntries"), ""),
        (("verificationMaterial", "timestampVerificationData"), []),
        (("verificationMaterial", "timestampVerificationData"), "x"),
    ],
    ids=str,
)
@pytest.mark.parametrize("base", ["key", "keyless", "unlogged"])
def test_what_says_nothing_must_be_of_its_kind_too(base: str, path: tuple[str | int, ...], value: object) -> None:
    trust = trust_of(base, refusals.ROOT / base / "trusted-root.jsonl")
    document = json.loads((refusals.ROOT / base / refusals.PROVENANCE).read_bytes())
    assert reasons(changed(document, path, value), trust)
