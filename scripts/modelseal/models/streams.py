"""Decompressors that give what they unpack in pieces of bounded size, and tell where their input ended."""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from modelseal.models.budget import MIB
from modelseal.models.content import Content
from modelseal.models.faults import Malformed

_TAKEN = 64 * 1024
_WINDOW_LOG = 27  # the same for zstd, as a power of two
LZMA_MEMORY = 128 * MIB  # what decompressors may take for their window; `xz -9` needs 65 MiB


class _Engine(Protocol):
    """What the decompressors have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes | None: ...


class Stream:
    """One run of compressed bytes.

    Args:
        content: What it is in.
        start: Where it begins.

    Attributes:
        content: What it is in.
        end: Where it ends, when all of it was unpacked.
        fault: Why it could not be unpacked to its end. Loaders run what was unpacked until then: it counts.
        piece: The most that a decompressor may give at once, in bytes.
    """

    piece = MIB

    def __init__(self, content: Content, start: int = 0) -> None:
        self.end = start
        self.fault: Malformed | None = None
        self.content = content

    def deflate(self, bits: int) -> Iterator[bytes]:
        """Unpack DEFLATE.

        Args:
            bits: What is around it: -15 for nothing, 15 for zlib, 31 for gzip.
        """
        engine = zlib.decompressobj(bits)
        rest = b""

        def step(taken: bytes) -> bytes:
            nonlocal rest
            given = engine.decompress(rest + taken, self.piece)
            rest = engine.unconsumed_tail
            return given

        return self.unpacked(engine, step, lambda: not rest)

    def bzip2(self) -> Iterator[bytes]:
        """Unpack bzip2."""
        engine = bz2.BZ2Decompressor()
        return self.unpacked(engine, lambda taken: engine.decompress(taken, self.piece), lambda: engine.needs_input)

    def xz(self, engine: lzma.LZMADecompressor) -> Iterator[bytes]:
        """Unpack xz, or one of its relatives, as the decompressor was told."""
        return self.unpacked(engine, lambda taken: engine.decompress(taken, self.piece), lambda: engine.needs_input)

    def zstd(self) -> Iterator[bytes]:
        """Unpack one frame of Zstandard."""
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 -- few files need it
        else:
            from backports import zstd  # noqa: PLC0415 -- few files need it

        engine = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
        return self.unpacked(
            engine, lambda taken: engine.decompress(taken, self.piece), lambda: engine.needs_input, (zstd.ZstdError,)
        )

    def unpacked(
        self,
        engine: _Engine,
        step: Callable[[bytes], bytes],
        hungry: Callable[[], bool],
        broken: tuple[type[Exception], ...] = (zlib.error, OSError, EOFError, lzma.LZMAError),
    ) -> Iterator[bytes]:
        """Let a decompressor take its input, a little at a time.

        Args:
            engine: The decompressor.
            step: Takes some more input, and gives a piece of bounded size.
            hungry: Whether it can do no more without input.
            broken: What it raises where its input is broken.
        """
        while not engine.eof:
            taken = self.content.read(self.end, _TAKEN) if hungry() else b""
            ended = not taken and hungry()
            self.end += len(taken)
            try:
                given = step(taken)
            except broken as error:
                self.fault = Malformed(f"it cannot be unpacked: {error}", self.end)
                return
            if given:
                yield given
            elif ended:
                self.fault = Malformed("it ends before its packed bytes do", self.end)
                return
        self.end -= len(engine.unused_data or b"")
