"""Files compressed with LZ4, in frames: https://github.com/lz4/lz4/blob/v1.10.0/doc/lz4_Frame_format.md."""

from collections.abc import Iterator

from modelseal.models.compressed import Compression, declared
from modelseal.models.streams import Stream

_FRAME = b"\x04\x22\x4d\x18"


def _pieces(stream: Stream) -> Iterator[bytes]:
    import lz4.frame  # type: ignore[import-untyped]  # noqa: PLC0415 -- few files need it

    engine = lz4.frame.LZ4FrameDecompressor()
    return stream.unpacked(
        engine, lambda taken: engine.decompress(taken, stream.piece), lambda: engine.needs_input, (RuntimeError,)
    )


FORMAT = declared(
    Compression(
        name="lz4",
        title="an LZ4 file",
        begins=lambda content, start: content.read(start, len(_FRAME)) == _FRAME,
        pieces=_pieces,
        extensions=(".lz4",),
    )
)
