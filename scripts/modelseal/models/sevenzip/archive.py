"""Open a 7z archive, and unpack what its folders hold."""

import lzma
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modelseal.models import expansion
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import Malformed
from modelseal.models.sevenzip import header
from modelseal.models.sevenzip.header import Coder, File, Folder, Streams
from modelseal.models.sevenzip.reading import Reader
from modelseal.models.streams import LZMA_MEMORY, Stream

SIGNATURE = b"7z\xbc\xaf\x27\x1c"
ENCRYPTED = b"\x06\xf1\x07\x01"

_START = struct.Struct("<6s2sLQQL")
_COPY, _BZIP2, _DEFLATE = b"\x00", b"\x04\x02\x02", b"\x04\x01\x08"
_LZMA, _LZMA2 = b"\x03\x01\x01", b"\x21"
_RAW_DEFLATE = -15
_FILTERS = {
    _LZMA: lzma.FILTER_LZMA1,
    _LZMA2: lzma.FILTER_LZMA2,
    b"\x03": lzma.FILTER_DELTA,
    b"\x04": lzma.FILTER_X86,
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Archive:
    """A 7z archive.

    Attributes:
        content: Its bytes.
        streams: What is packed.
        files: Which files there are.
        end: Where it ends, as its first header says.
        checked: Whether its headers' checksums hold.
    """

    content: Content
    streams: Streams
    files: Sequence[File]
    end: int
    checked: bool

    def packed(self) -> Iterator[tuple[Folder, Content]]:
        """Return each folder, with its packed bytes."""
        return _packed(self.content, self.streams)


class Locked(Malformed):
    """It is encrypted."""


def opened(content: Content, budget: Budget) -> Archive:
    """Read an archive's headers.

    Raises:
        Locked: The names of its files are encrypted.
        Malformed: It is broken.
        LimitReached: Its headers are too large.
    """
    _, _, first_sum, offset, size, next_sum = content.unpack(_START, 0)
    end = _START.size + offset + size
    if end > len(content):
        raise Malformed("it ends before its directory: it is cut off", _START.size)
    checked = zlib.crc32(content.read(12, 20)) == first_sum
    own = content.part(_START.size + offset, size)
    checked = checked and zlib.crc32(own.read()) == next_sum
    for _ in range(_DEPTH):
        reader = Reader(own)
        kind = reader.byte() if size else header.HEADER
        if kind != header.ENCODED:
            streams, files = _read(reader) if size else (Streams(), [])
            return Archive(content, streams, files, end, checked)
        folder, packed = next(_packed(content, header.streams(reader)), (None, content))
        if folder is None:
            raise Malformed("it has no directory")
        own, fault = unpacked(folder, packed, budget)
        if fault is not None:
            raise fault
    raise Malformed("it has a directory that is packed too often")


def unpacked(folder: Folder, packed: Content, budget: Budget) -> tuple[Content, Malformed | None]:
    """Unpack a folder, as far as that goes, and return why it ended before its end.

    Raises:
        Locked: It is encrypted.
        Malformed: It is packed in a way that is not read.
        LimitReached: It is too large.
    """
    if any(coder.method == ENCRYPTED for coder in folder.coders):
        raise Locked("it is encrypted")
    chain = folder.chain
    if chain is None:
        raise Malformed("it is packed in several streams at once, which is not read")
    if [coder.method for coder in chain] == [_COPY]:
        return packed.part(0, folder.size), None
    stream = Stream(packed)
    content = expansion.expanded(_limited(_pieces(chain, stream), folder.size), len(packed), budget)
    return content, stream.fault if len(content) < folder.size else None


def _read(reader: Reader) -> tuple[Streams, list[File]]:
    streams, files = Streams(), list[File]()
    kind = reader.byte()
    while kind != header.END:
        if kind == 2:  # noqa: PLR2004 -- the archive's properties
            header.skip_properties(reader)
        elif kind in {3, header.MAIN}:
            read = header.streams(reader)
            streams = read if kind == header.MAIN else streams
        elif kind == header.FILES:
            files = header.files(reader)
        else:
            raise Malformed("it has a directory with a part that is not known")
        kind = reader.byte()
    return streams, files


def _packed(content: Content, streams: Streams) -> Iterator[tuple[Folder, Content]]:
    position = _START.size + streams.position
    sizes = iter(streams.packed)
    for folder in streams.folders:
        size = sum(next(sizes, 0) for _ in range(folder.packed))
        if position + size > len(content):
            raise Malformed("it ends before all of its files were there", position)
        yield folder, content.part(position, size)
        position += size


def _limited(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Stop where a folder ends: its packed bytes need no mark there."""
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return


def _pieces(chain: Sequence[Coder], stream: Stream) -> Iterator[bytes]:
    methods = [coder.method for coder in chain]
    if methods == [_BZIP2]:
        return stream.bzip2()
    if methods == [_DEFLATE]:
        return stream.deflate(_RAW_DEFLATE)
    if all(method in _FILTERS for method in methods):
        try:
            return stream.xz(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[_filter(coder) for coder in chain]))
        except (lzma.LZMAError, ValueError) as error:
            raise Malformed(f"it cannot be unpacked: {error}") from error
    raise Malformed(f"it is packed with method {'+'.join(method.hex() for method in methods)}, which is not read")


def _filter(coder: Coder) -> dict[str, int]:
    kind, properties = _FILTERS[coder.method], coder.properties
    chosen = {"id": kind}
    if coder.method == _LZMA and len(properties) == 5:  # noqa: PLR2004 -- a byte and a number
        rest, chosen["lc"] = divmod(properties[0], 9)
        chosen["pb"], chosen["lp"] = divmod(rest, 5)
        chosen["dict_size"] = int.from_bytes(properties[1:], "little")
    elif coder.method == _LZMA2 and len(properties) == 1 and properties[0] <= 40:  # noqa: PLR2004 -- 4 GiB
        chosen["dict_size"] = (2 | properties[0] & 1) << (properties[0] // 2 + 11)
    elif kind == lzma.FILTER_DELTA and len(properties) == 1:
        chosen["dist"] = properties[0] + 1
    elif kind in {lzma.FILTER_LZMA1, lzma.FILTER_LZMA2}:
        raise Malformed("it does not say how it is packed")
    if chosen.get("dict_size", 0) > LZMA_MEMORY:
        raise Malformed(f"it takes {chosen['dict_size']:,} bytes of memory to unpack")
    return chosen
