"""Compressed files of every kind are unpacked within limits, up to where they break, and what follows them is seen."""

import bz2
import gzip
import io
import lzma
import random
import sys
import zlib
from collections.abc import Callable

import lz4.frame  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.models import format as formats
from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member, Unread
from modelseal.models.faults import LimitReached

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def zfile(content: bytes) -> bytes:
    """As joblib 0.9 wrote: https://github.com/joblib/joblib/blob/0.9.4/joblib/numpy_pickle.py."""
    return b"ZF" + hex(len(content)).ljust(19).encode() + zlib.compress(content)


def alone(content: bytes) -> bytes:
    return lzma.compress(content, lzma.FORMAT_ALONE)


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


WRITERS: dict[str, Callable[[bytes], bytes]] = {
    "bzip2": bz2.compress,
    "gzip": gzipped,
    "lz4": lz4.frame.compress,
    "lzma": alone,
    "xz": lzma.compress,
    "zfile": zfile,
    "zlib": zlib.compress,
    "zstd": zstd.compress,
}
SEVERAL = sorted(WRITERS.keys() - {"zfile"})
every_kind = pytest.mark.parametrize("kind", sorted(WRITERS))


def events(content: bytes, kind: str) -> list[Event]:
    chosen = {item.name: item for item in formats.known()}[kind]
    return list(chosen.inspect(Content(content), Budget()))


def unpacked(content: bytes, kind: str) -> bytes:
    return next(event.content.read() for event in events(content, kind) if isinstance(event, Member))


def rules(content: bytes, kind: str) -> set[str]:
    return {event.rule.id for event in events(content, kind) if isinstance(event, Found)}


@every_kind
@given(st.binary(max_size=2000), st.integers(1, 2000))
@settings(max_examples=20, deadline=None)
def test_what_the_libraries_write_is_recognised_and_unpacked(kind: str, content: bytes, times: int) -> None:
    packed = WRITERS[kind](content * times)
    assert kind in {item.name for item in formats.recognised(Content(packed))}
    assert events(packed, kind)[1:] == []
    assert unpacked(packed, kind) == content * times


@pytest.mark.parametrize("kind", SEVERAL)
def test_streams_in_a_row_are_unpacked_as_one(kind: str) -> None:
    packed = WRITERS[kind](b"one" * 99) + WRITERS[kind](b"") + WRITERS[kind](b"two" * 99)
    assert unpacked(packed, kind) == b"one" * 99 + b"two" * 99
    assert rules(packed, kind) == set()


@every_kind
def test_bytes_after_the_end_are_found_and_handed_over(kind: str) -> None:
    found = events(WRITERS[kind](b"one" * 99) + b"\0\0behind", kind)
    assert {event.rule.id for event in found if isinstance(event, Found)} == {f"{kind}-trailing"}
    assert [event.content.read() for event in found if isinstance(event, Member)] == [b"one" * 99, b"\0\0behind"]


@every_kind
def test_what_was_unpacked_before_the_file_ends_is_handed_over_and_the_rest_is_unread(kind: str) -> None:
    content = bytes(range(256)) * 2048 + random.Random(1).randbytes(300_000)
    found = events(WRITERS[kind](content)[:-200], kind)
    assert any(isinstance(event, Unread) for event in found)
    member = next(event for event in found if isinstance(event, Member))
    assert content.startswith(member.content.read())
    assert len(member.content) > 0 or kind == "bzip2"  # which unpacks blocks of 900,000 bytes as a whole


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_zeros_after_the_end_are_padding(kind: str) -> None:
    assert rules(WRITERS[kind](b"one") + bytes(512), kind) == set()


def test_a_gzip_file_that_names_another_folder_is_found() -> None:
    file = io.BytesIO()
    with gzip.GzipFile("../../.bashrc", "wb", fileobj=file) as packer:
        packer.write(b"one")
    assert rules(file.getvalue(), "gzip") == set()  # Python leaves the folder out
    header, rest = file.getvalue()[:10], file.getvalue()[10:].partition(b"\0")[2]
    assert rules(header + b"../../.bashrc\0" + rest, "gzip") == {"gzip-name"}
    assert rules(header + b"/etc/cron.d/x\0" + rest, "gzip") == {"gzip-name"}


def test_what_zstd_readers_skip_is_found_but_not_a_table_of_frames() -> None:
    frame = zstd.compress(b"one")
    hidden = b"\x50\x2a\x4d\x18" + (50).to_bytes(4, "little") + b"h" * 50
    table = b"\x5e\x2a\x4d\x18" + (50).to_bytes(4, "little") + b"t" * 46 + b"\xb1\xea\x92\x8f"
    for packed in (hidden + frame, frame + hidden, frame + hidden + frame):
        assert rules(packed, "zstd") == {"zstd-skippable"}
        assert unpacked(packed, "zstd").startswith(b"one")
    assert rules(frame + table, "zstd") == set()


@pytest.mark.parametrize(
    "text", [b"x^2 + y", b"x\x9c and then some text", b"]\0\0\0", b"BZh9 is how bzip2 begins", b"(S'os'\n"]
)
def test_what_only_begins_alike_is_not_taken_for_compressed(text: bytes) -> None:
    names = {item.name for item in formats.recognised(Content(text * 20))}
    assert names & WRITERS.keys() == set()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bzip2", "xz", "zstd"])
def test_a_bomb_ends_at_the_limit(kind: str) -> None:
    packed = WRITERS[kind](bytes(200 << 20))
    assert len(packed) < 40_000
    with pytest.raises(LimitReached, match="unpacks to more than"):
        events(packed, kind)


@every_kind
@given(st.data())
@settings(max_examples=25, deadline=None)
def test_a_broken_file_is_unread_and_ends_nothing(kind: str, data: st.DataObject) -> None:
    packed = bytearray(WRITERS[kind](b"some content of a file" * 20))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    walking.inspect(Content(bytes(packed[: data.draw(st.integers(1, len(packed)))])), "x", Budget())


def test_a_window_that_takes_more_memory_than_a_scan_may_is_unread() -> None:
    packed = lzma.compress(b"one", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 29}])
    assert any(isinstance(event, Unread) for event in events(packed, "xz"))
