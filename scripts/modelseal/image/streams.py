"""Bytes on their way from an archive to where the scanner reads them: copied, hashed and uncompressed in one go."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modelseal.errors import ToolError
from modelseal.image.documents import Unusable

CHUNK = 1024 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


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


def uncompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Uncompress gzip, member for member and as strictly as Go does; what is not compressed passes through.

    Raises:
        Unusable: It is compressed with zstd, which Python 3.11 does not know.
        EOFError: It is cut off.
        zlib.error: It is damaged.
    """
    first = next(chunks, b"")
    if first.startswith(_ZSTD):
        raise Unusable("is compressed with zstd, which cannot be checked.")
    if not first.startswith(_GZIP):
        yield first
        yield from chunks
        return
    engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in _again(first, chunks):
        rest = chunk
        while rest:
            if engine.eof:
                engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield engine.decompress(rest, CHUNK)
            rest = engine.unused_data if engine.eof else engine.unconsumed_tail
    yield engine.flush()
    if not engine.eof:
        raise EOFError("it is cut off")


def _again(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
