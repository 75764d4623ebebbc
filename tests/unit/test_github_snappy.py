"""Snappy's block format: vectors of its definition, whatever an encoder may do, and whatever an attacker may."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.github.snappy import SnappyError, decompress

LIMIT = 1 << 20


def length(size: int) -> bytes:
    made = bytearray()
    while size >= 128:
        made.append(size & 127 | 128)
        size >>= 7
    return bytes([*made, size])


def literal(data: bytes, wide: int) -> bytes:
    """Encode bytes as they are, their length in the tag (0) or in 1 to 4 bytes after it."""
    size = len(data) - 1
    if wide == 0:
        return bytes([size << 2]) + data
    return bytes([(59 + wide) << 2]) + size.to_bytes(wide, "little") + data


def copy(offset: int, size: int, kind: int) -> bytes:
    if kind == 1:
        return bytes([(offset >> 8) << 5 | (size - 4) << 2 | 1, offset & 255])
    return bytes([(size - 1) << 2 | kind]) + offset.to_bytes(2 if kind == 2 else 4, "little")


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"\x00", b""),
        (b"\x03\x08\xff\xfe\xfd", b"\xff\xfe\xfd"),
        (b"\x08\x0cabcd\x01\x04", b"abcdabcd"),
        (b"\x08\x0cabcd\x01\x02", b"abcdcdcd"),
        (b"\x08\x0cabcd\x01\x01", b"abcddddd"),
        (b"\x0d\x0cabcd\x15\x04", b"abcdabcdabcda"),
        (b"\x06\x0cabcd\x06\x03\x00", b"abcdbc"),
        (b"\x06\x0cabcd\x07\x03\x00\x00\x00", b"abcdbc"),
        (b"\x01\xf0\x00x", b"x"),
        (b"\x01\xf4\x00\x00x", b"x"),
        (b"\x01\xf8\x00\x00\x00x", b"x"),
        (b"\x01\xfc\x00\x00\x00\x00x", b"x"),
        (b"\x40\x00a\xfa\x01\x00", b"a" * 64),
    ],
)
def test_blocks_of_the_definition(encoded: bytes, expected: bytes) -> None:
    assert decompress(encoded, LIMIT) == expected


@pytest.mark.parametrize(
    "encoded",
    [
        b"", b"\x80", b"\xff\xff\xff\xff\xff\x00", b"\xff\xff\xff\xff\x7f",  # no length
        b"\x04", b"\x00\x00a", b"\x01\x04ab", b"\x03\x04ab",  # another length than it says
        b"\x08\x0cabc", b"\x08\x0cabcd\x01", b"\x08\x0cabcd\x02\x01", b"\x08\x0cabcd\x03\x01\x00\x00", b"\x05\xf0",
        b"\x05\xfc\x04\x00\x00",  # cut off
        b"\x08\x0cabcd\x01\x00", b"\x08\x0cabcd\x01\x05", b"\x04\x01\x01", b"\x08\x0cabcd\x0e\x00\x00",  # nothing there
        b"\xff\x06\x00\x00sNaPpY",  # the framing format
        b'{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json"}',
    ],
)  # fmt: skip
def test_what_is_no_block_is_refused(encoded: bytes) -> None:
    with pytest.raises(SnappyError):
        decompress(encoded, LIMIT)


def test_limit_is_kept_before_anything_comes_out() -> None:
    assert decompress(length(10) + literal(b"0123456789", 0), 10) == b"0123456789"
    with pytest.raises(SnappyError, match="larger than 9"):
        decompress(length(10) + literal(b"0123456789", 0), 9)
    bomb = length(2**32 - 1) + literal(b"a", 0) + copy(1, 64, 2) * 1000
    with pytest.raises(SnappyError, match="larger than"):
        decompress(bomb, LIMIT)


def test_more_than_it_says_never_comes_out() -> None:
    with pytest.raises(SnappyError, match="more than the 4 bytes"):
        decompress(length(4) + literal(b"a", 0) + copy(1, 64, 2) * 100_000, LIMIT)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Draw what an encoder may write, and what it stands for."""
    plain, encoded = bytearray(), bytearray()
    for _ in range(draw(st.integers(0, 12))):
        if not plain or draw(st.booleans()):
            data = draw(st.binary(min_size=1, max_size=300))
            encoded += literal(data, draw(st.integers(0 if len(data) <= 60 else 1 if len(data) <= 256 else 2, 4)))
            plain += data
            continue
        kind = draw(st.sampled_from((1, 2, 3)))
        offset = draw(st.integers(1, min(len(plain), 2047 if kind == 1 else 65535)))
        size = draw(st.integers(4, 11) if kind == 1 else st.integers(1, 64))
        encoded += copy(offset, size, kind)
        for _ in range(size):  # as the definition says: byte for byte
            plain.append(plain[-offset])
    return length(len(plain)) + bytes(encoded), bytes(plain)


@given(blocks())
@settings(max_examples=150, deadline=None)
def test_whatever_an_encoder_may_write_is_read(block: tuple[bytes, bytes]) -> None:
    assert decompress(block[0], LIMIT) == block[1]


@given(blocks(), st.data())
@settings(max_examples=100, deadline=None)
def test_every_truncation_is_noticed(block: tuple[bytes, bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(block[0]) - 1))
    with pytest.raises(SnappyError):
        decompress(block[0][:cut], LIMIT)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_anything_else_is_refused_or_read_within_bounds(data: bytes) -> None:
    with contextlib.suppress(SnappyError):
        assert len(decompress(data, 4096)) <= 4096
