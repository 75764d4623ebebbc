import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.artifacts import manifest
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError

A, B = "a" * 64, "b" * 64
MADE = manifest.make("model", [("b", B), ("a/x", A)], ignored=["tmp", "logs"], allow_symlinks=True)

parts = st.text(st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1, max_size=6).filter(
    lambda part: part not in (".", "..")
)
names = st.lists(parts, min_size=1, max_size=3).map("/".join)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


def test_layout() -> None:
    root = hashlib.sha256(bytes.fromhex(A + B)).hexdigest()
    assert json.loads(manifest.encode(MADE)) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": root}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": True,
                "ignore_paths": ["logs", "tmp"],
            },
            "resources": [
                {"name": "a/x", "algorithm": "sha256", "digest": A},
                {"name": "b", "algorithm": "sha256", "digest": B},
            ],
        },
    }


def test_nothing_ignored_is_not_written() -> None:
    assert b"ignore_paths" not in manifest.encode(manifest.make("m", [("a", A)]))


@settings(max_examples=100)
@given(st.dictionaries(names, digests, min_size=1, max_size=8), st.randoms(), st.lists(names, max_size=3, unique=True))
def test_round_trip_whatever_the_names_and_their_order(files: dict[str, str], random: Any, ignored: list[str]) -> None:
    items = list(files.items())
    ignored = [f"left out/{name}" for name in ignored]  # nothing is listed and left out at once
    made = manifest.make("m", items, ignored=ignored)
    random.shuffle(items)
    assert manifest.make("m", items, ignored=ignored) == made
    data = manifest.encode(made)
    assert data.isascii()
    assert manifest.parse(data) == made


def put(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        target: Any = document
        for key in way:
            target = target[key]
        target[last] = value

    return change


FIRST = "predicate.resources.0"


@pytest.mark.parametrize(
    "change",
    [
        put("_type", "https://in-toto.io/Statement/v0.1"),
        put("predicateType", "https://slsa.dev/provenance/v1"),
        put("predicateType", "https://model_signing/Digests/v0.1"),
        put("predicateType", None),
        put("subject", []),
        put("subject", [{"name": "a"}, {"name": "b"}]),
        put("subject.0", "model"),
        put("subject.0.name", 1),
        put("subject.0.digest", {}),
        put("subject.0.digest.sha256", A),
        put("subject.0.digest.sha256", ""),
        put("predicate", None),
        put("predicate.serialization", None),
        put("predicate.serialization.method", "shards"),
        put("predicate.serialization.hash_type", "blake3"),
        put("predicate.serialization.allow_symlinks", "false"),
        put("predicate.serialization.ignore_paths", "logs"),
        put("predicate.serialization.ignore_paths", [1]),
        put("predicate.resources", []),
        put("predicate.resources", {}),
        put(FIRST, None),
        *(
            put(f"{FIRST}.name", name)
            for name in ("", "/a", "..", "../a", "a/../b", "a//b", "./a", "a/", "a\0b", "b", 1)
        ),
        *(put(f"{FIRST}.digest", digest) for digest in ("", A[:-1], A + "a", A.upper(), "g" * 64, B, None, 1, [], [A])),
        put(f"{FIRST}.algorithm", "sha512"),
        put(f"{FIRST}.algorithm", None),
        put(f"{FIRST}.algorithm", ["sha256"]),
        put(f"{FIRST}.name", None),
        put(f"{FIRST}.name", ["a"]),
        put(f"{FIRST}.name", {}),
        put("predicate.resources.1", [{"name": "b", "algorithm": "sha256", "digest": B}]),
    ],
)
def test_a_document_that_is_not_right_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(manifest.encode(MADE))
    before = copy.deepcopy(document)
    change(document)
    assert document != before
    with pytest.raises(InputError, match="not a manifest"):
        manifest.parse(json.dumps(document).encode())


def is_name(name: str) -> bool:
    try:
        return bool(manifest.check_name(name))
    except Rejection:
        return False


@settings(max_examples=300)
@given(st.lists(st.text("/.a\0\n", max_size=6), min_size=1, max_size=4))
def test_many_files_are_read_as_each_alone_would_be(given_names: list[str]) -> None:
    data = manifest.encode(manifest.Manifest("m", tuple((name, A) for name in given_names)))
    if len(set(given_names)) == len(given_names) and all(map(is_name, given_names)):
        assert [name for name, _ in manifest.parse(data).digests] == given_names
    else:
        with pytest.raises(InputError):
            manifest.parse(data)


@pytest.mark.parametrize(
    "digest", ["aa " * 22, " " * 64, "a" * 63 + "\n", "\uff41" * 64, "é" * 64, "-" + "a" * 63, "0x" + "a" * 62]
)
def test_what_only_resembles_a_digest_is_refused(digest: str) -> None:
    data = manifest.encode(MADE).replace(B.encode(), json.dumps(digest)[1:-1].encode())
    with pytest.raises(InputError, match="hexadecimal digits"):
        manifest.parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"{",
        manifest.encode(MADE)[:-10],
        manifest.encode(MADE) + b"{}",
        b"\xef\xbb\xbf" + manifest.encode(MADE),
        b"[" * 100_000,
        b'{"_type":' * 50_000,
        b"\xff",
        b'{"a": NaN}',
        b"1" * 5000,
        manifest.encode(MADE).replace(b'"name": "b"', b'"name": "b", "name": "c"'),
        manifest.encode(MADE).replace(b'"_type"', b'"_type": "x", "_type"', 1),
    ],
)
def test_what_is_not_strict_json_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        manifest.parse(data)


def test_unknown_fields_are_passed_over() -> None:
    document = json.loads(manifest.encode(MADE))
    document["predicate"]["claims"] = {}
    document["predicate"]["resources"][0]["size"] = 1
    assert manifest.parse(json.dumps(document).encode()) == MADE


def test_any_two_files_swapped_is_another_manifest() -> None:
    swapped = manifest.make("model", [("b", A), ("a/x", B)])
    assert swapped.root_digest != MADE.root_digest


# --- manifests that only others make ----------------------------------------------------------------------------------


def shards(**changes: Any) -> bytes:
    """Return a manifest of one file in two shards."""
    resources = [
        {"name": f"a:{start}:{end}", "algorithm": "sha256-sharded-10", "digest": digest}
        for start, end, digest in ((0, 10, A), (10, 12, B))
    ]
    serialization = {"method": "shards", "hash_type": "sha256", "shard_size": 10.0, "allow_symlinks": False}
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "m", "digest": {"sha256": hashlib.sha256(bytes.fromhex(A + B)).hexdigest()}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {"serialization": serialization | changes, "resources": resources},
    }
    return json.dumps(document).encode()


def test_shards_are_read_with_numbers_as_protobuf_writes_them() -> None:
    read = manifest.parse_any(shards())
    assert read.shard_size == 10
    assert not read.is_ours
    assert manifest.parse_any(shards(shard_size=10)) == read
    assert manifest.parse_any(shards(hash_type="sha256-sharded-10")) == read  # as before model_signing 1.0


@pytest.mark.parametrize("kind", ["sha256-sharded-11", "sha256-sharded-", "-sharded-10", "md5-sharded-10", None, []])
def test_shards_of_another_hash_are_refused(kind: object) -> None:
    with pytest.raises(InputError, match="hash_type is"):
        manifest.parse_any(shards(hash_type=kind))


def test_shards_of_the_only_file_have_no_name() -> None:
    names = [name for name, _ in manifest.parse_any(shards()).digests]
    alone = shards()
    for name in names:
        alone = alone.replace(name.encode(), f".{name[name.index(':') :]}".encode())
    assert [name for name, _ in manifest.parse_any(alone).digests] == [".:0:10", ".:10:12"]
    for mixed in (shards().replace(names[0].encode(), b".:0:10"), shards().replace(names[1].encode(), b".:10:12")):
        with pytest.raises(InputError, match="not the name of a file"):
            manifest.parse_any(mixed)


def early(*changes: dict[str, Any]) -> bytes:
    """Return what model_signing 0.2 signed."""
    annotated = {"annotations": {"actual_hash_algorithm": "file-sha256"}}
    subjects = [{"name": name, "digest": {"sha256": digest}} | annotated for name, digest in (("a", A), ("d/b", B))]
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject | change for subject, change in zip(subjects, (*changes, {}, {}), strict=False)],
        "predicateType": "https://model_signing/Digests/v0.1",
        "predicate": {"unused": "Unused, just passed due to API requirements"},
    }
    return json.dumps(document).encode()


def test_early_manifest_is_read_of_others_only() -> None:
    assert manifest.parse_any(early()).digests == (("a", A), ("d/b", B))
    with pytest.raises(InputError, match="predicateType"):
        manifest.parse(early())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../a"}, "not the name of a file"),
        ({"name": "d/b"}, "comes twice"),
        ({"name": ""}, "name is not a text"),
        ({"digest": {"sha256": "A" * 64}}, "lower-case"),
        ({"digest": {"sha1": "0" * 40}}, "64 lower-case"),
        ({"digest": None}, "64 lower-case"),
        ({"annotations": {"actual_hash_algorithm": "file-blake2b"}}, "hashed by 'file-blake2b'"),
        ({"annotations": {"actual_hash_algorithm": "file-sha256-1000000"}}, "hashed by"),
        ({"annotations": None}, "hashed by None"),
    ],
)
def test_early_manifest_with_a_file_that_cannot_be_compared_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        manifest.parse_any(early(change))


@pytest.mark.parametrize("subjects", [[], {}, ["a"], None])
def test_early_manifest_of_nothing_is_refused(subjects: object) -> None:
    with pytest.raises(InputError, match="not a manifest"):
        manifest.parse_any(json.dumps(json.loads(early()) | {"subject": subjects}).encode())


@pytest.mark.parametrize("size", [0, -1, 1.5, "10", True, None, 1e300, [], 11])
def test_shards_of_no_size_or_another_are_refused(size: object) -> None:
    with pytest.raises(InputError, match="not a manifest"):
        manifest.parse_any(shards(shard_size=size))


@pytest.mark.parametrize(
    "name", ["a", "a:0", "a:0:0", "a:1:0", "a:01:2", "a:-1:2", ":0:1", "../a:0:1", "/a:0:1", "a:0:x"]
)
def test_names_that_are_no_shards(name: str) -> None:
    with pytest.raises(Rejection):
        manifest.shard_of(name)


def test_what_only_others_make_is_not_taken_for_ours() -> None:
    with pytest.raises(InputError, match="each whole file"):
        manifest.parse(shards())
    alone = manifest.encode(manifest.make("m", [("a", A)])).replace(b'"name": "a"', b'"name": "."')
    assert manifest.parse_any(alone).digests == ((".", A),)
    with pytest.raises(InputError, match="each whole file"):
        manifest.parse(alone)
