"""What joblib wrote before version 0.10, and still reads: a length in hexadecimal digits, and a zlib stream.

https://github.com/joblib/joblib/blob/1.5.2/joblib/numpy_pickle_compat.py
"""

import re
import zlib
from collections.abc import Iterator

from modelseal.models.compressed import Compression, declared
from modelseal.models.content import Content
from modelseal.models.streams import Stream

_HEADER = re.compile(rb"ZF0x[0-9a-f]+L? *\Z")
_LENGTH = 21
_PADDING = b" "


def _begins(content: Content, start: int) -> bool:
    return start == 0 and _HEADER.match(content.read(0, _LENGTH)) is not None


def _pieces(stream: Stream) -> Iterator[bytes]:
    if stream.content.read(stream.end, 1) == _PADDING:  # joblib up to 0.8.4 under Python 2
        stream.end += 1
    return stream.deflate(zlib.MAX_WBITS)


FORMAT = declared(
    Compression(
        name="zfile",
        title="a compressed file of an old joblib",
        begins=_begins,
        pieces=_pieces,
        extensions=(".gz",),  # that is what joblib's users called them
        data=_LENGTH,
    )
)
