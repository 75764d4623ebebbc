"""Files compressed with gzip: https://www.rfc-editor.org/rfc/rfc1952."""

import re
from collections.abc import Iterable, Iterator

from modelseal.gate.finding import Severity
from modelseal.models.compressed import Compression, declared
from modelseal.models.content import Content
from modelseal.models.event import Found
from modelseal.models.rule import Rule
from modelseal.models.streams import Stream

NAME = Rule(
    id="gzip-name",
    title="A gzip file that names another folder",
    severity=Severity.HIGH,
    happens="Programs that unpack it under the name that it gives (`gunzip -N`) write over a file elsewhere.",
    remedy="Do not use the file. Where you need what is in it, unpack it to the standard output: `gunzip -c`.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-22",),
)

_SIGNATURE = b"\x1f\x8b\x08"
_BITS = 31
_EXTRA, _NAME = 1 << 2, 1 << 3
_HEADER = 10
_LONGEST = 4096
_OUTSIDE = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)|^[/\\]|^[A-Za-z]:[/\\]")


def _begins(content: Content, start: int) -> bool:
    return content.read(start, len(_SIGNATURE)) == _SIGNATURE


def _pieces(stream: Stream) -> Iterator[bytes]:
    return stream.deflate(_BITS)


def _name(content: Content, start: int = 0) -> str:
    header = content.read(start, _HEADER + 2)
    if len(header) < _HEADER or not header[3] & _NAME:
        return ""
    skipped = 2 + int.from_bytes(header[_HEADER:], "little") if header[3] & _EXTRA else 0
    return content.read(start + _HEADER + skipped, _LONGEST).partition(b"\0")[0].decode("latin-1")


def _remarks(content: Content, start: int, _: int) -> Iterable[Found]:
    name = _name(content, start)
    if _OUTSIDE.search(name):
        yield Found(NAME, f"what is packed is called {name!r}", start, subject=name)


FORMAT = declared(
    Compression(
        name="gzip",
        title="a gzip file",
        begins=_begins,
        pieces=_pieces,
        extensions=(".gz", ".tgz"),
        inner=lambda content: _name(content) or "(unpacked)",
        remarks=_remarks,
        rules=(NAME,),
    )
)
