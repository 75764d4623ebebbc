"""Files compressed with LZMA alone, as joblib writes: https://www.7-zip.org/sdk.html, lzma-specification.txt.

There is no signature. What all writers have in common is a window of a round size, and a length that is unknown or
below what any file has.
"""

import lzma
import struct
from collections.abc import Iterator

from modelseal.models.compressed import Compression, declared, unpacks
from modelseal.models.content import Content
from modelseal.models.streams import LZMA_MEMORY, Stream

_HEADER = struct.Struct("<BLQ")
_PROPERTIES = 9 * 5 * 5
_UNKNOWN = (1 << 64) - 1
_LARGEST = 1 << 38
_WINDOWS = frozenset(size for power in range(32) for size in (1 << power, (1 << power) + (1 << power >> 1)))


def _pieces(stream: Stream) -> Iterator[bytes]:
    return stream.xz(lzma.LZMADecompressor(lzma.FORMAT_ALONE, LZMA_MEMORY))


def _begins(content: Content, start: int) -> bool:
    if start + _HEADER.size > len(content):
        return False
    properties, window, size = content.unpack(_HEADER, start)
    plausible = properties < _PROPERTIES and window in _WINDOWS and (size < _LARGEST or size == _UNKNOWN)
    return plausible and size > 0 and unpacks(content, start, _pieces)


FORMAT = declared(
    Compression(
        name="lzma", title="an LZMA stream", begins=_begins, pieces=_pieces, extensions=(".lzma",)
    )
)  # fmt: skip
