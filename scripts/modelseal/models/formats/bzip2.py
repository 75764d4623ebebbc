"""Files compressed with bzip2: https://en.wikipedia.org/wiki/Bzip2#File_format."""

import re

from modelseal.models.compressed import Compression, declared
from modelseal.models.content import Content

# A size of blocks, and the sign of a block or that of the end, which comes at once when there is nothing in it.
_BEGIN = re.compile(rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)")


def _begins(content: Content, start: int) -> bool:
    return _BEGIN.match(content.read(start, 10)) is not None


FORMAT = declared(
    Compression(
        name="bzip2",
        title="a bzip2 stream",
        begins=_begins,
        pieces=lambda stream: stream.bzip2(),
        extensions=(".bz2",),
    )
)
