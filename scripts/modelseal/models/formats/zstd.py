"""Files compressed with Zstandard: https://www.rfc-editor.org/rfc/rfc8878."""

from collections.abc import Iterable

from modelseal.gate.finding import Severity
from modelseal.models.compressed import Compression, declared
from modelseal.models.content import Content
from modelseal.models.event import Found
from modelseal.models.rule import Rule

SKIPPED = Rule(
    id="zstd-skippable",
    title="Bytes in a zstd file that readers skip",
    severity=Severity.MEDIUM,
    happens="Something is carried along that no reader of the file unpacks; who knows where it is can use it.",
    remedy="Unpack the file and compress it again: `zstd -dc OLD | zstd -o NEW`.",
    atlas=("AML.T0074",),
    cwe=("CWE-506",),
)

_FRAME = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = frozenset(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60))
_SEEK_TABLE = b"\xb1\xea\x92\x8f"  # https://github.com/facebook/zstd/tree/dev/contrib/seekable_format
_SHORT = 16  # pzstd writes the sizes of its frames: a number each
_SHOWN = 64


def _begins(content: Content, start: int) -> bool:
    """Tell whether a frame begins there; one that is skipped only counts when one that is not comes after it."""
    position = start
    while (signature := content.read(position, 4)) in _SKIPPABLE and len(signature) == 4:  # noqa: PLR2004
        position += 8 + int.from_bytes(content.read(position + 4, 4), "little")
    return signature == _FRAME or (position > start > 0 and position <= len(content))


def _remarks(content: Content, start: int, end: int) -> Iterable[Found]:
    frame = content.read(start, 8)
    if frame[:4] in _SKIPPABLE and end - start > 8 + _SHORT and content.read(end - 4, 4) != _SEEK_TABLE:
        yield Found(SKIPPED, f"{end - start - 8} bytes are skipped", start, repr(content.read(start + 8, _SHOWN)))


FORMAT = declared(
    Compression(
        name="zstd",
        title="a zstd file",
        begins=_begins,
        pieces=lambda stream: stream.zstd(),
        extensions=(".zst",),
        remarks=_remarks,
        rules=(SKIPPED,),
    )
)
