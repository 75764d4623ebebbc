"""Snappy's block format, to be read only: GitHub keeps large attestations in it.

https://github.com/google/snappy/blob/main/format_description.txt
"""

_LITERAL, _COPY_1, _COPY_2 = 0, 1, 2
_LENGTH_IN_TAG = 60


class SnappyError(ValueError):
    """The data are not in the format, or become larger than they may."""


def decompress(data: bytes, limit: int) -> bytes:
    """Return what was compressed.

    Args:
        data: One block.
        limit: The most bytes that may come out; checked before there are any.

    Raises:
        SnappyError: The data are malformed, incomplete or longer than they say, or more than `limit` would come out.
    """
    size, position = _size(data)
    if size > limit:
        raise SnappyError(f"it would become larger than {limit} bytes")
    made = bytearray()
    try:
        while position < len(data):
            tag = data[position]
            if tag & 3 == _LITERAL:
                position = _literal(data, position, made, size)
            else:
                position = _copy(data, position, made, size)
    except IndexError as error:
        raise SnappyError("it is cut off") from error
    if len(made) != size:
        raise SnappyError(f"it says {size} bytes and holds {len(made)}")
    return bytes(made)


def _size(data: bytes) -> tuple[int, int]:
    """Read how much will come out, seven bits a byte, the lowest first."""
    size = 0
    for position in range(5):
        if position >= len(data):
            break
        size |= (data[position] & 0x7F) << (7 * position)
        if data[position] < 0x80:  # noqa: PLR2004 - the highest bit says whether more follow
            if size >= 2**32:
                break
            return size, position + 1
    raise SnappyError("it does not begin with a length")


def _literal(data: bytes, position: int, made: bytearray, size: int) -> int:
    """Take bytes as they are; return where the next element begins."""
    length = data[position] >> 2
    start = position + 1
    if length >= _LENGTH_IN_TAG:
        wide = length - _LENGTH_IN_TAG + 1
        length = _number(data, start, wide)
        start += wide
    end = start + length + 1
    if end > len(data):
        raise SnappyError("it is cut off")
    _must_fit(made, length + 1, size)
    made += data[start:end]
    return end


def _copy(data: bytes, position: int, made: bytearray, size: int) -> int:
    """Repeat bytes that came out before; return where the next element begins."""
    tag = data[position]
    if tag & 3 == _COPY_1:
        length, offset, end = 4 + (tag >> 2 & 7), (tag >> 5) << 8 | data[position + 1], position + 2
    else:
        wide = 2 if tag & 3 == _COPY_2 else 4
        length, offset, end = 1 + (tag >> 2), _number(data, position + 1, wide), position + 1 + wide
    if not 0 < offset <= len(made):
        raise SnappyError("it repeats what is not there")
    _must_fit(made, length, size)
    start = len(made) - offset
    if offset >= length:
        made += made[start : start + length]
    else:  # it overlaps what it makes
        made += (bytes(made[start:]) * (length // offset + 1))[:length]
    return end


def _number(data: bytes, start: int, wide: int) -> int:
    if start + wide > len(data):
        raise SnappyError("it is cut off")
    return int.from_bytes(data[start : start + wide], "little")


def _must_fit(made: bytearray, length: int, size: int) -> None:
    if len(made) + length > size:
        raise SnappyError(f"more than the {size} bytes that it says come out")
