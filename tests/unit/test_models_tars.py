"""Tar archives are read as each of their readers reads them, whatever their bytes."""

import io
import tarfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import Malformed
from modelseal.models.reading_rules import UNREAD
from modelseal.models.tars import archive as archives
from modelseal.models.tars.inspection import inspect

FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
NAMES = st.lists(st.text("abcü", min_size=1, max_size=40), min_size=1, max_size=4).map("/".join)


def packed(*members: tuple[str, bytes], form: int = tarfile.GNU_FORMAT, **fields: Any) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def events(content: bytes) -> list[Event]:
    found: list[Event] = []
    try:
        found.extend(inspect(Content(content), Budget()))
    except Malformed as fault:
        found.append(Found(UNREAD, fault.what))
    return found


def rules(content: bytes) -> set[str]:
    return {event.rule.id for event in events(content) if isinstance(event, Found)}


def members(content: bytes) -> dict[str, bytes]:
    return {event.name: event.content.read() for event in events(content) if isinstance(event, Member)}


def summed(content: bytes, offset: int, position: int, value: bytes) -> bytes:
    """Change bytes of the header at an offset, and make its checksum right."""
    block = bytearray(content[offset : offset + 512])
    block[position : position + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return content[:offset] + bytes(block) + content[offset + 512 :]


@pytest.mark.parametrize("form", FORMATS)
@given(st.dictionaries(NAMES, st.binary(min_size=1, max_size=1500), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_what_python_writes_is_read_without_a_finding(form: int, given_members: dict[str, bytes]) -> None:
    try:
        content = packed(*given_members.items(), form=form)
    except ValueError:  # names too long for the oldest of the formats
        return
    assert rules(content) == set()
    assert members(content) == given_members


def test_links_within_the_archive_are_left_alone() -> None:
    content = packed(("snapshots/main/model", b""), type=tarfile.SYMTYPE, linkname="../../blobs/0a1b")
    assert rules(content) == set()


@pytest.mark.parametrize(
    ("name", "fields", "rule"),
    [
        ("../../etc/cron.d/x", {}, "tar-path"),
        ("/etc/passwd", {}, "tar-path"),
        ("a/../../x", {}, "tar-path"),
        ("..\\x", {}, "tar-path"),
        ("a", {"type": tarfile.SYMTYPE, "linkname": "/etc"}, "tar-link"),
        ("a/b", {"type": tarfile.SYMTYPE, "linkname": "../../x"}, "tar-link"),
        ("a/b", {"type": tarfile.LNKTYPE, "linkname": "../x"}, "tar-link"),
        ("a", {"type": tarfile.CHRTYPE}, "tar-device"),
        ("a", {"type": tarfile.FIFOTYPE}, "tar-device"),
    ],
)
def test_what_unpacks_elsewhere_is_found(name: str, fields: dict[str, Any], rule: str) -> None:
    assert rules(packed((name, b""), **fields)) == {rule}


def test_a_member_that_is_unpacked_through_a_link_is_found() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        link = tarfile.TarInfo("a")
        link.type, link.linkname = tarfile.SYMTYPE, "b"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("a/x"))
    assert rules(file.getvalue()) == {"tar-link"}


def test_members_of_one_name_are_both_read() -> None:
    content = packed(("a", b"first"), ("./a", b"second"))
    assert rules(content) == {"tar-duplicate"}
    assert members(content) == {"a": b"first", "./a": b"second"}


def test_bytes_after_the_end_are_found_and_handed_over() -> None:
    content = packed(("a", b"1"))[: 3 * 512] + packed(("b", b"2"))
    assert rules(content) == {"tar-trailing"}
    assert members(content)["(after the end)"].startswith(b"b\0")


def test_two_sizes_of_one_member_are_found() -> None:
    content = packed(("a", b"x" * 1024), form=tarfile.PAX_FORMAT, pax_headers={"size": "512"})
    assert "tar-header" in rules(content)


def test_a_member_with_holes_is_found() -> None:
    assert "tar-sparse" in rules(summed(packed(("a", b"x" * 512)), 0, 156, b"S"))


def test_a_size_that_is_no_number_is_unread() -> None:
    assert "unread" in rules(summed(packed(("a", b"x")), 0, 124, b"9" * 12))


def test_a_broken_header_hides_nothing() -> None:
    content = packed(("a", b"1"), ("b", b"2"))
    broken = content[:1024] + b"c" + content[1025:]
    assert rules(broken) == {"tar-trailing"}


@pytest.mark.parametrize("length", [513, 700, 1536, 2100])
def test_an_archive_that_is_cut_off_is_never_read_as_whole(length: int) -> None:
    assert rules(packed(("a", b"x" * 600), ("b", b"2"))[:length]) & {"unread", "tar-trailing"}


@pytest.mark.parametrize("content", [b"", bytes(1024), b"a" * 512, bytes(range(256)) * 4])
def test_what_is_no_archive_is_not_taken_for_one(content: bytes) -> None:
    assert archives.of(Content(content)) is None


@pytest.mark.slow
@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_it_fail(data: st.DataObject) -> None:
    content = bytearray(packed(("abc/" * 30 + "a", b"1"), ("b", b"2"), form=data.draw(st.sampled_from(FORMATS))))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, 2047))] = data.draw(st.integers(0, 255))
    cut = bytes(content[: data.draw(st.integers(1, 4000))])
    block = data.draw(st.integers(0, 3)) * 512
    if len(cut) >= block + 512:
        cut = summed(cut, block, data.draw(st.integers(0, 500)), data.draw(st.binary(max_size=12)))
    walking.inspect(Content(cut), "x", Budget())
