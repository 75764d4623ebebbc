"""Files compressed with xz: https://tukaani.org/xz/xz-file-format.txt."""

import lzma
from collections.abc import Iterator

from modelseal.models.compressed import Compression, declared
from modelseal.models.streams import LZMA_MEMORY, Stream

_SIGNATURE = b"\xfd7zXZ\0"


def _pieces(stream: Stream) -> Iterator[bytes]:
    return stream.xz(lzma.LZMADecompressor(lzma.FORMAT_XZ, LZMA_MEMORY))


FORMAT = declared(
    Compression(
        name="xz",
        title="an xz stream",
        begins=lambda content, start: content.read(start, len(_SIGNATURE)) == _SIGNATURE,
        pieces=_pieces,
        extensions=(".xz",),
    )
)
