"""Zip archives are read as each of their readers reads them, whatever their bytes."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models.archives import central_record, end_record, local_record
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.reading_rules import UNREAD
from modelseal.models.zips import archive as archives
from modelseal.models.zips.inspection import inspect
from modelseal.models.zips.unpacking import unpacked

METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def packed(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def events(content: bytes) -> list[Event]:
    found: list[Event] = []
    try:
        found.extend(inspect(Content(content), Budget()))
    except (Malformed, LimitReached) as fault:
        found.append(Found(rule=UNREAD, what=fault.what))
    return found


def rules(content: bytes) -> set[str]:
    return {event.rule.id for event in events(content) if isinstance(event, Found)}


def members(content: bytes) -> dict[str, bytes]:
    return {event.name: event.content.read() for event in events(content) if isinstance(event, Member)}


@pytest.mark.parametrize("method", METHODS)
@given(
    st.dictionaries(
        st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9), st.binary(max_size=300), max_size=5
    )
)
@settings(max_examples=30, deadline=None)
def test_what_python_writes_is_read_without_a_finding(method: int, given_members: dict[str, bytes]) -> None:
    content = packed(given_members, method)
    if given_members:
        assert rules(content) == set()
    assert members(content) == given_members


def test_what_python_streams_is_read_without_a_finding() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            self.written += bytes(piece)  # type: ignore[call-overload]
            return len(piece)  # type: ignore[arg-type]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"one" * 99)
        with archive.open("b", "w", force_zip64=True) as file:
            file.write(b"two")
    assert rules(bytes(pipe.written)) == set()
    assert members(bytes(pipe.written)) == {"a": b"one" * 99, "b": b"two"}


def test_an_archive_stored_as_the_last_member_of_another_is_that_members_and_no_second_directory() -> None:
    inner = packed({"a": b"1"})
    assert rules(packed({"inner.zip": inner}, zipfile.ZIP_STORED)) == set()


def test_bytes_before_an_archive_and_after_it_are_found_and_handed_over() -> None:
    content = packed({"a": b"1"})
    assert rules(b"before" + content) == {"zip-unaccounted"}
    assert members(b"before" + content) == {"a": b"1", "(bytes 0 to 6)": b"before"}
    assert members(content + b"after") == {"a": b"1", "(bytes 103 to 108)": b"after"}


def test_both_archives_are_read_where_the_comment_of_one_holds_another() -> None:
    inner = packed({"seen-by-most": b"1"})
    content = packed({"seen-by-few": b"2"}, comment=inner)
    assert {"zip-unaccounted", "zip-two-directories"} <= rules(content)
    assert members(content).keys() >= {"seen-by-most", "seen-by-few"}


def test_a_member_that_its_own_header_packs_differently_is_read_both_ways() -> None:
    content = bytearray(packed({"a": b"x" * 99}))
    struct.pack_into("<H", content, 8, zipfile.ZIP_STORED)
    assert "zip-local-header" in rules(bytes(content))
    found = members(bytes(content))
    assert found["a"] == b"x" * 99
    assert found["a (as its own header says)"] == bytes(content)[31 : 31 + len(found["a (as its own header says)"])]


@pytest.mark.parametrize(("record", "flags"), [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)])
def test_a_member_said_to_be_encrypted_is_read_all_the_same(record: bytes, flags: int) -> None:
    content = bytearray(packed({"a": b"x" * 99}, zipfile.ZIP_STORED))
    content[content.find(record) + flags] |= 1
    assert "zip-encrypted" in rules(bytes(content))
    assert members(bytes(content))["a"] == b"x" * 99


def test_what_was_unpacked_before_a_break_is_handed_over() -> None:
    content = packed({"a": bytes(range(256)) * 4096})
    archive = archives.of(Content(content[: len(content) // 2]))
    assert archive is not None
    with pytest.raises(Malformed):
        list(inspect(archive.content, Budget()))
    broken = bytearray(content)
    broken[60] ^= 0xFF
    found = unpacked(whole(bytes(broken)), whole(bytes(broken)).entries[0], Budget())
    assert found.fault is not None


def whole(content: bytes) -> archives.Archive:
    archive = archives.of(Content(content))
    assert archive is not None
    return archive


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_byte_that_is_changed_or_missing_makes_it_fail_or_passes_over_a_payload(data: st.DataObject) -> None:
    content = bytearray(packed({"a": b"payload" * 9, "b": b"x"}, zipfile.ZIP_STORED))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(1, len(content)))])
    if archives.of(Content(cut)) is not None:
        events(cut)


@pytest.mark.slow
def test_more_members_than_a_scan_may_take_are_a_limit() -> None:
    record = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = record * 200_001
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)
    with pytest.raises(Malformed, match="more than 200,000 members"):
        list(inspect(Content(directory + end), Budget()))


def test_an_archive_in_the_midst_of_other_bytes_is_not_what_those_are() -> None:
    assert archives.of(Content(b"before" + packed({"a": b"1"}) + b"after")) is None


def test_a_directory_whose_first_record_is_as_long_as_the_wide_end_records_is_one_directory() -> None:
    content = b"m" * 9
    record = central_record(b"n" * 30, content, 0)
    before = local_record(b"n" * 30, content)
    second = local_record(b"b", content)
    listed = record + central_record(b"b", content, len(before))
    assert len(record) == 56 + 20
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2, 2, len(listed), len(before + second))
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(before + second + listed), 1)
    archive = before + second + listed + wide + locator + end_record(2, len(listed), len(before + second))
    assert rules(archive) == set()
    assert len(whole(archive).directories) == 1
