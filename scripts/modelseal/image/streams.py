"""Bytes on their way from an archive to where the scanner reads them: copied, hashed and uncompressed in one go."""

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modelseal.errors import ToolError

CHUNK = 1024 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


class Damaged(Exception):
    """What is compressed cannot be uncompressed; the text says why."""


@contextmanager
def copying(target: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Yield what writes to a new file; without one, what does nothing."""
    if target is None:
        yield len  # nothing to do with it
        return
    with explained(), target.open("xb") as file:
        yield file.write


@contextmanager
def explained() -> Iterator[None]:
    """Turn what goes wrong with writing into an error that says so."""
    try:
        yield
    except OSError as error:
        raise ToolError(
            f"The image cannot be unpacked: {error.strerror or error}.", mend="Free some space for temporary files."
        ) from error


def each(chunks: Iterable[bytes], *actions: Callable[[bytes], object]) -> Iterator[bytes]:
    """Show every chunk to each action, and pass it on."""
    for chunk in chunks:
        for action in actions:
            action(chunk)
        yield chunk


def compression(start: bytes) -> str:
    """Tell how bytes are compressed, `gzip` or `zstd`, by the first four of them; empty where they are not."""
    return "gzip" if start.startswith(_GZIP) else "zstd" if start.startswith(_ZSTD) else ""


def uncompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Uncompress gzip or zstd to the end, as strictly as Go does; what is not compressed passes through.

    Both may come in several members or frames, one after the other.

    Raises:
        Damaged: It is cut off or damaged, or something else follows.
    """
    first = next(chunks, b"")
    unpack = {"gzip": _from_gzip, "zstd": _from_zstd}.get(compression(first), iter)
    yield from unpack(_again(first, chunks))


def _from_gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if engine.eof:
                    engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
                yield engine.decompress(rest, CHUNK)
                rest = engine.unused_data if engine.eof else engine.unconsumed_tail
        yield engine.flush()
    except zlib.error as error:
        raise Damaged(str(error)) from error
    if not engine.eof:
        raise Damaged("it is cut off")


def _from_zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 # few images need it
    else:
        from backports import zstd  # noqa: PLC0415 # few images need it

    engine = zstd.ZstdDecompressor()
    try:
        for chunk in chunks:
            rest = chunk
            while rest or not (engine.needs_input or engine.eof):
                if engine.eof:
                    engine = zstd.ZstdDecompressor()
                yield engine.decompress(rest, CHUNK)
                rest = engine.unused_data if engine.eof else b""
    except zstd.ZstdError as error:
        raise Damaged(str(error)) from error
    if not engine.eof:
        raise Damaged("it is cut off")


def _again(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
