import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.attestation import jsontext, statement
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.statement import Subject

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
GOOD: dict[str, Any] = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "a", "digest": {"sha256": "0" * 64}}],
    "predicateType": "https://example.org/v1",
    "predicate": {"a": 1},
}


@given(JSON)
@settings(max_examples=150)
def test_what_is_encoded_is_read_back(value: object) -> None:
    data = jsontext.encode(value)
    assert jsontext.encode(jsontext.parse(data)) == data
    assert data.isascii()


@given(st.dictionaries(st.text(), JSON, max_size=4), st.lists(st.text(min_size=1), min_size=1, max_size=4))
@settings(max_examples=100)
def test_statements_survive_the_way_there_and_back(predicate: dict[str, object], names: list[str]) -> None:
    subjects = tuple(Subject(name, f"{index:064x}") for index, name in enumerate(names))
    payload = statement.build(subjects, "https://example.org/v1", predicate)
    assert payload == statement.build(subjects, "https://example.org/v1", dict(reversed(predicate.items())))
    read = statement.parse(payload)
    assert (read.subjects, read.predicate_type, read.predicate) == (subjects, "https://example.org/v1", predicate)
    assert all(read.is_about(subject.sha256) for subject in subjects)
    assert not read.is_about("f" * 64)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_no_bytes_do_anything_but_parse_or_be_refused(data: bytes) -> None:
    try:
        statement.parse(data)
    except Rejection:
        return
    pytest.fail("random bytes are no statement")


@given(st.binary(max_size=60))
@settings(max_examples=200)
def test_our_reader_takes_no_more_than_pythons(data: bytes) -> None:
    try:
        ours = jsontext.parse(data)
    except Rejection:
        return
    assert ours == json.loads(data)


def test_numbers_and_truth_are_told_apart() -> None:
    assert len({jsontext.encode(value) for value in (1, 1.0, True, "1")}) == 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": 1} {}', "not JSON"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'{"b": {"a": 1, "c": 2, "a": 3}}', "'a' comes twice"),
        (b'{"a": 1, "\\u0061": 1}', "twice"),
        (b"NaN", "not a JSON number"),
        (b'{"a": Infinity}', "not a JSON number"),
        (b"-Infinity", "not a JSON number"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" * 501 + b"]" * 501, "nested too deeply"),
        (b'[1, {"a":' * 251 + b"1" + b"}]" * 251, "nested too deeply"),
        (b"1" * 5000, "not JSON"),
    ],
)
def test_json_with_two_meanings_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(Rejection, match=message):
        jsontext.parse(data)


@pytest.mark.parametrize("data", [b"[" * 500 + b"]" * 500, b'{"a":' * 500 + b"1" + b"}" * 500])
def test_what_is_read_can_be_written_too(data: bytes) -> None:
    assert jsontext.encode(jsontext.parse(data)) == data


def test_nan_is_not_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        jsontext.encode(float("nan"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"_type": None}, "type is None"),
        ({"_type": "https://in-toto.io/Statement/v0.2"}, "type is"),
        ({"_type": "https://in-toto.io/Statement/v2"}, "type is"),
        ({"_type": "https://in-toto.io/Statement/v1 "}, "type is"),
        ({"subject": []}, "about nothing"),
        ({"subject": None}, "not a list"),
        ({"subject": {}}, "not a list"),
        ({"subject": [1]}, "not an object"),
        ({"subject": [{"name": "a"}]}, "digest is not an object"),
        ({"subject": [{"name": None, "digest": {"sha256": "0" * 64}}]}, "name is not a text"),
        ({"subject": [{"name": ["a"], "digest": {"sha256": "0" * 64}}]}, "name is not a text"),
        ({"subject": [{"name": "a", "digest": {}}]}, "no SHA-256"),
        ({"subject": [{"name": "a", "digest": {"sha1": "0" * 40}}]}, "no SHA-256"),
        ({"subject": [{"name": "a", "digest": {"sha256": "0" * 63}}]}, "no SHA-256"),
        ({"subject": [{"name": "a", "digest": {"sha256": "0" * 64 + "\n"}}]}, "no SHA-256"),
        ({"subject": [{"name": "a", "digest": {"sha256": "A" * 64}}]}, "no SHA-256"),
        ({"subject": [{"name": "a", "digest": {"sha256": 0}}]}, "no SHA-256"),
        ({"subject": [GOOD["subject"][0], {"name": "b", "digest": {}}]}, "no SHA-256"),
        ({"subject": [GOOD["subject"][0], {"name": "b", "digest": {"sha256": None, "sha1": "0"}}]}, "no SHA-256"),
        ({"subject": [GOOD["subject"][0], {"name": "b"}]}, "digest is not an object"),
        ({"predicateType": ""}, "predicate type"),
        ({"predicateType": 1}, "predicate type"),
        ({"predicate": []}, "predicate is not an object"),
        ({"predicate": ""}, "predicate is not an object"),
        ({"predicate": False}, "predicate is not an object"),
        ({"subjects": []}, "unknown member 'subjects'"),
    ],
)
def test_statement_that_is_none_is_refused(changes: dict[str, Any], message: str) -> None:
    assert statement.parse(json.dumps(GOOD).encode())
    with pytest.raises(Rejection, match=message):
        statement.parse(json.dumps(GOOD | changes).encode())


@pytest.mark.parametrize("named", [{}, {"name": ""}, {"name": "_"}], ids=["unset", "empty", "underscore"])
def test_subject_of_others_may_be_known_by_its_digest_alone(named: dict[str, str]) -> None:
    subject = {**named, "digest": {"sha256": "0" * 64}, "annotations": {}}
    found = statement.parse(json.dumps(GOOD | {"subject": [subject]}).encode())
    assert found.subjects == (Subject("_", "0" * 64),)
    assert found.is_about("0" * 64)


def test_statement_of_the_version_before_is_read_unless_only_ours_will_do() -> None:
    payload = json.dumps(GOOD | {"_type": "https://in-toto.io/Statement/v0.1"}).encode()
    assert statement.parse(payload) == statement.parse(json.dumps(GOOD).encode())
    with pytest.raises(Rejection, match="type is"):
        statement.parse(payload, [statement.STATEMENT_TYPE])


def test_statement_is_not_about_its_subjects_by_other_algorithms() -> None:
    commit = {"uri": "pkg:github/octo/model@v1", "digest": {"sha1": "0" * 40}}
    many = {"name": "b", "digest": {"sha512": "1" * 128, "sha256": "1" * 64, "gitCommit": "1" * 40}}
    found = statement.parse(json.dumps(GOOD | {"subject": [commit, *GOOD["subject"], many]}).encode())
    assert found.subjects == (Subject("a", "0" * 64), Subject("b", "1" * 64))


@pytest.mark.parametrize("nothing", [{"predicate": None}, {"predicate": {}}, {}])
def test_predicate_may_be_left_out(nothing: dict[str, object]) -> None:
    rest = {name: value for name, value in GOOD.items() if name != "predicate"}
    assert statement.parse(json.dumps(rest | nothing).encode()).predicate == {}


@pytest.mark.parametrize("missing", sorted(GOOD.keys() - {"predicate"}))
def test_statement_without_a_member_is_refused(missing: str) -> None:
    rest = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(Rejection):
        statement.parse(json.dumps(rest).encode())


def test_statement_about_nothing_is_not_made() -> None:
    with pytest.raises(Rejection, match="needs a subject"):
        statement.build((), "https://example.org/v1", {})
    with pytest.raises(Rejection, match="predicate type"):
        statement.build((Subject("a", "0" * 64),), "", {})


@pytest.mark.parametrize(("name", "digest"), [("", "0" * 64), ("a", ""), ("a", "0" * 65), ("a", "sha256:" + "0" * 64)])
def test_subject_that_identifies_nothing_is_not_made(name: str, digest: str) -> None:
    with pytest.raises(Rejection):
        Subject(name, digest)
