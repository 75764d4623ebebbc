"""Files compressed with zlib, as joblib writes: https://www.rfc-editor.org/rfc/rfc1950.

The two bytes it begins with can begin a text, too: what follows them must unpack.
"""

import zlib
from collections.abc import Iterator

from modelseal.models.compressed import Compression, declared, unpacks
from modelseal.models.content import Content
from modelseal.models.streams import Stream

_DEFLATE = 8
_LARGEST_WINDOW = 7
_PRESET = 1 << 5
_CHECK = 31


def _pieces(stream: Stream) -> Iterator[bytes]:
    return stream.deflate(zlib.MAX_WBITS)


def _begins(content: Content, start: int) -> bool:
    header = content.read(start, 2)
    if len(header) < 2 or int.from_bytes(header, "big") % _CHECK:  # noqa: PLR2004 -- a header has two bytes
        return False
    method, flags = header
    known = method & 15 == _DEFLATE and method >> 4 <= _LARGEST_WINDOW and not flags & _PRESET
    return known and unpacks(content, start, _pieces)


FORMAT = declared(
    Compression(
        name="zlib",
        title="a zlib stream",
        begins=_begins,
        pieces=_pieces,
        extensions=(".gz",),  # joblib 0.10 wrote it whatever the name
    )
)
