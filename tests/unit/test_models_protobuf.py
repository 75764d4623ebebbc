"""Protocol buffers are read as Google's own library reads them."""

import pytest
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from google.protobuf.unknown_fields import UnknownFieldSet  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models.protobuf import chunk, number, real, varint
from modelseal.models.budget import STEPS, Budget
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.protobuf import BYTES, FIXED32, FIXED64, VARINT, Message, begins_as

PLACES = st.integers(1, 2**29 - 1)
FIELDS = st.one_of(
    st.builds(number, PLACES, st.integers(0, 2**64 - 1)),
    st.builds(chunk, PLACES, st.binary(max_size=40)),
    st.builds(real, PLACES, st.floats(width=32, allow_nan=False)),
    st.builds(lambda place, value: varint(place << 3 | 1) + value, PLACES, st.binary(min_size=8, max_size=8)),
)


def ours(content: bytes) -> list[tuple[int, int, int | bytes]]:
    message = Message.whole(Content(content), Budget())
    return [
        (field.number, field.wire, field.value if field.wire == VARINT else message.raw(field))
        for field in message.fields()
    ]


def theirs(content: bytes) -> list[tuple[int, int, int | bytes]]:
    """Read the fields of a message that is known to have none, as those that are not known."""
    message = Empty()
    message.ParseFromString(content)
    made: list[tuple[int, int, int | bytes]] = []
    for field in UnknownFieldSet(message):
        data = field.data
        if field.wire_type in (FIXED32, FIXED64):
            data = data.to_bytes(4 if field.wire_type == FIXED32 else 8, "little")
        made.append((field.field_number, field.wire_type, data))
    return made


@given(st.lists(FIELDS, max_size=8))
@settings(max_examples=100, deadline=None)
def test_fields_are_those_that_the_library_finds(fields: list[bytes]) -> None:
    content = b"".join(fields)
    assert ours(content) == theirs(content)


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_nothing_is_read_that_the_library_refuses(content: bytes) -> None:
    try:
        found = ours(content)
    except Malformed:
        return
    try:
        assert sorted(map(repr, theirs(content))) == sorted(map(repr, found))
    except DecodeError:
        # A field's number has 29 bits, and a key 32: we read what the library does not, and nobody's fields are there.
        assert any(place >= 2**29 for place, _, _ in found)


@pytest.mark.parametrize(
    "content",
    [b"\x08", b"\x08\xff", b"\x0a\x05abc", b"\x0d\x00", b"\x09\x00", b"\x00\x00", b"\x0b\x0c", b"\x08" + b"\xff" * 11],
    ids=["no value", "cut number", "cut bytes", "cut 32", "cut 64", "field 0", "group", "long number"],
)
def test_what_is_no_message_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        ours(content)


def test_numbers_are_signed_where_that_is_asked_for() -> None:
    message = Message.whole(Content(number(1, -5) + chunk(2, varint(-1) + varint(7))), Budget())
    single, packed = message.fields()
    assert single.signed == -5
    assert list(message.numbers(packed)) == [-1, 7]


def test_every_field_is_a_step() -> None:
    budget = Budget()
    budget.steps(STEPS - 1)
    with pytest.raises(LimitReached):
        list(Message.whole(Content(number(1, 1) * 3), budget).fields())


def test_message_is_recognised_by_its_first_fields() -> None:
    content = number(1, 8) + chunk(7, b"x" * 300)
    fields = {1: VARINT, 7: BYTES}
    assert begins_as(Content(content), fields, {1, 7})
    assert begins_as(Content(content[:90]), fields, {1, 7})
    assert not begins_as(Content(number(1, 8)), fields, {7})
    assert not begins_as(Content(content + number(9, 1)), fields, {7})
    assert not begins_as(Content(b"no message"), fields, {7})
