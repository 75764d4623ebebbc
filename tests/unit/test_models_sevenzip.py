"""7z archives are read from their headers, whatever those say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models.archives import sevenzipped
from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Unread
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.formats.sevenzip import FORMAT
from modelseal.models.sevenzip.reading import Reader

METHODS = ["lzma2", "copy"]


def events(content: bytes) -> list[Event]:
    found: list[Event] = []
    try:
        found.extend(FORMAT.inspect(Content(content), Budget()))
    except (Malformed, LimitReached) as fault:
        found.append(Unread(fault.what))
    return found


def rules(content: bytes) -> set[str]:
    return {event.rule.id for event in events(content) if isinstance(event, Found)}


def members(content: bytes) -> dict[str, bytes]:
    return {event.name: event.content.read() for event in events(content) if isinstance(event, Member)}


@pytest.mark.parametrize("method", METHODS)
@given(st.dictionaries(st.text("abcü/", min_size=1).map("x{}".format), st.binary(min_size=1), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_files_are_unpacked_with_their_names(method: str, files: dict[str, bytes]) -> None:
    content = sevenzipped(files, method)
    assert members(content) == files
    assert rules(content) == set()


def test_what_is_encrypted_is_found_and_unread() -> None:
    found = events(sevenzipped({"a": b"1"}, "aes"))
    assert {event.rule.id for event in found if isinstance(event, Found)} == {"7z-encrypted"}
    assert any(isinstance(event, Unread) for event in found)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "C:\\x", "a\\..\\..\\x"])
def test_a_file_that_unpacks_elsewhere_is_found(name: str) -> None:
    assert rules(sevenzipped({name: b"1"})) == {"7z-path"}


def test_a_wrong_checksum_of_the_headers_is_found_and_the_files_are_read_all_the_same() -> None:
    content = bytearray(sevenzipped({"a": b"1"}))
    content[8] ^= 1
    assert rules(bytes(content)) == {"7z-header"}
    assert members(bytes(content)) == {"a": b"1"}


def test_bytes_after_the_end_are_found_and_handed_over() -> None:
    content = sevenzipped({"a": b"1"}) + b"\0behind"
    assert rules(content) == {"7z-trailing"}
    assert members(content)["(after the end)"] == b"\0behind"


@pytest.mark.parametrize(
    ("packed", "number"),
    [
        (b"\x7f", 0x7F),
        (b"\x80\x80", 0x80),
        (b"\xbf\xff", 0x3FFF),
        (b"\xc0\x00\x40", 0x4000),
        (b"\xff" + b"\1" * 8, 0x0101010101010101),
    ],
)
def test_numbers_are_as_long_as_their_first_byte_says(packed: bytes, number: int) -> None:
    assert Reader(Content(packed)).number() == number


@pytest.mark.slow
@pytest.mark.parametrize("method", [*METHODS, "aes"])
@given(st.data())
@settings(max_examples=120, deadline=None)
def test_no_bytes_make_it_fail(method: str, data: st.DataObject) -> None:
    content = bytearray(sevenzipped({"a": b"1" * 99, "b": b"2"}, method))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    walking.inspect(Content(bytes(content[: data.draw(st.integers(6, len(content)))])), "x", Budget())


@pytest.mark.parametrize("length", [6, 31, 32, 60])
def test_an_archive_that_is_cut_off_is_unread(length: int) -> None:
    assert any(isinstance(event, Unread) for event in events(sevenzipped({"a": b"1" * 99})[:length]))
