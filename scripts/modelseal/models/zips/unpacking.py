"""Unpack a member of a zip archive: what is stored without copying it."""

import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from modelseal.models import expansion
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.faults import Malformed
from modelseal.models.streams import LZMA_MEMORY, Stream
from modelseal.models.zips.archive import Archive
from modelseal.models.zips.records import BZIP2, DEFLATED, LZMA, STORED, XZ, ZSTANDARD, Entry

# A checksum of gigabytes of numbers proves nothing: whoever changes them changes it, too.
_CHECKED = 64 * MIB
_CHECKED_IN_LARGE = MIB // 16
_LARGE = 256 * MIB
_LZMA_HEADER = 9  # a version, a length, and what the decompressor must know: APPNOTE.TXT, 5.8.8
_RAW_DEFLATE = -15


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a member holds.

    Attributes:
        content: Its bytes, as far as they could be unpacked.
        unused: How many of its packed bytes were left over.
        fault: Why it could not be unpacked to its end; None when it could.
    """

    content: Content
    unused: int = 0
    fault: Malformed | None = None


def unpacked(archive: Archive, entry: Entry, budget: Budget) -> Unpacked:
    """Unpack a member, whatever its flags say of encryption: many a flag lies.

    Raises:
        Malformed: It is not there, or packed in a way that no loader of models knows.
        LimitReached: It is too large.
    """
    source = _packed(archive, entry)
    if entry.method == STORED:
        return Unpacked(source)
    stream = Stream(source, _LZMA_HEADER if entry.method == LZMA else 0)
    content = expansion.expanded(_pieces(stream, source, entry), len(source), budget)
    if entry.method == LZMA and len(content) == entry.size:
        return Unpacked(content)  # it needs no mark at its end
    return Unpacked(content, 0 if stream.fault else len(source) - stream.end, stream.fault)


def intact(archive: Archive, content: Content, entry: Entry) -> bool:
    """Tell whether a member's checksum holds; it is not asked for where the member, or the archive, is large."""
    if len(content) > (_CHECKED if archive.unpacked_size <= _LARGE else _CHECKED_IN_LARGE):
        return True
    buffer, start, end = content.window()
    with memoryview(buffer) as whole, whole[start:end] as own:
        return zlib.crc32(own) == entry.crc


def _packed(archive: Archive, entry: Entry) -> Content:
    header = archive.own_header(entry)
    if header is None:
        raise Malformed("it has no header where the directory says that a member begins", entry.header)
    start = header.record + header.length
    if start + entry.packed > len(archive.content):
        raise Malformed("it ends before all bytes of a member were there", start)
    return archive.content.part(start, entry.packed)


def _pieces(stream: Stream, source: Content, entry: Entry) -> Iterator[bytes]:
    if entry.method == DEFLATED:
        return stream.deflate(_RAW_DEFLATE)
    if entry.method == BZIP2:
        return stream.bzip2()
    if entry.method == LZMA:
        return stream.xz(_lzma(source))
    if entry.method == XZ:
        return stream.xz(lzma.LZMADecompressor(lzma.FORMAT_XZ, LZMA_MEMORY))
    if entry.method == ZSTANDARD:
        return stream.zstd()
    raise Malformed(f"it has a member that is packed with method {entry.method}, which is not read", entry.header)


def _lzma(source: Content) -> lzma.LZMADecompressor:
    """Make the decompressor that a member's first bytes ask for: https://www.7-zip.org/sdk.html, lzma-specification."""
    header = source.exactly(0, _LZMA_HEADER)
    window = int.from_bytes(header[5:], "little")
    rest, lc = divmod(header[4], 9)
    pb, lp = divmod(rest, 5)
    if window > LZMA_MEMORY:
        raise Malformed(f"it has a member that takes {window:,} bytes of memory to unpack")
    try:
        return lzma.LZMADecompressor(
            lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": window, "lc": lc, "lp": lp, "pb": pb}]
        )
    except (lzma.LZMAError, ValueError) as error:
        raise Malformed(f"it has a member that cannot be unpacked: {error}") from error
