"""MessagePack, in which Flax keeps parameters: https://github.com/msgpack/msgpack/blob/master/spec.md.

Flax has extensions of its own for arrays; msgpack-numpy has maps, of which it unpickles some.
"""

import re
import struct
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import LimitReached, Malformed
from modelseal.models.format import Format
from modelseal.models.rule import Rule

_DEPTH = 64
_LONGEST_KEY = 256
_FLAX = {1: "ndarray", 2: "complex", 3: "scalar", -1: "timestamp"}
# By the first byte: how many bytes of length follow, and the bytes an element of the payload has.
_SIZED = {0xC4: "B", 0xC5: "H", 0xC6: "I", 0xD9: "B", 0xDA: "H", 0xDB: "I"}
_EXTENSIONS = {0xC7: "B", 0xC8: "H", 0xC9: "I"}
_FIXED_EXTENSIONS = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_SCALARS = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2}
_SCALARS |= {0xD2: 4, 0xD3: 8}
_ARRAYS, _MAPS = {0xDC: "H", 0xDD: "I"}, {0xDE: "H", 0xDF: "I"}
# A map whose first key is a text that names something.
_BEGINNING = re.compile(
    rb"(?s)([\x81-\x8f]|\xde..|\xdf\0...)([\xa1-\xbf]|\xd9[\x01-\xff]|\xc4[\x01-\x40])[\w.{'\[/ -]",
)
_EMPTY = b"\x80"  # and nothing behind it: a map without a key
_OBJECTS = re.compile(rb"\x93.{0,64}?(\xa6object|\xa1O|\xa3\|O8?)\xc4", re.DOTALL)

PICKLED = Rule(
    id="msgpack-pickled-array",
    title="A MessagePack array of Python objects",
    severity=Severity.CRITICAL,
    happens="msgpack-numpy unpickles such an array when it reads the file, which runs any code in it.",
    remedy="Do not read the file. Keep parameters in safetensors: `safetensors.flax.save_file(params, 'NEW')`.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502",),
    references=("https://github.com/lebedov/msgpack-numpy",),
)
EXTENSION = Rule(
    id="msgpack-extension",
    title="A MessagePack extension that Flax does not have",
    severity=Severity.UNKNOWN,
    happens="A reader hands it to a function of its own, of which nothing is known.",
    remedy="Find out which program wrote the file; then allow the extension by its number, or write the file anew.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502",),
)
TRAILING = Rule(
    id="msgpack-trailing",
    title="Bytes behind a MessagePack value",
    severity=Severity.HIGH,
    happens="Readers of parameters do not read them; they are there for something else: an archive, a pickle.",
    remedy="Do not use the file. Write it anew: `flax.serialization.msgpack_serialize(params)`.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-912",),
)


class _Reader:
    """Reads one value, and tells what is in it; `at` is where it has got to."""

    def __init__(self, content: Content, budget: Budget) -> None:
        self._content = content
        self._budget = budget
        self.at = 0

    def value(self, depth: int = 0) -> Iterator[Event]:
        self._budget.steps(1)
        if depth > _DEPTH:
            raise LimitReached(f"it is nested more than {_DEPTH} deep")
        start = self.at
        (head,) = self._take(1)
        if head <= 0x7F or head >= 0xE0:  # noqa: PLR2004 -- small numbers are their own first byte
            return
        if head in _SCALARS:
            self._take(_SCALARS[head])
        elif 0xA0 <= head <= 0xBF:  # noqa: PLR2004
            self._skip(head & 31)
        elif head in _SIZED:
            self._skip(self._number(_SIZED[head]))
        elif head in _EXTENSIONS or head in _FIXED_EXTENSIONS:
            size = _FIXED_EXTENSIONS[head] if head in _FIXED_EXTENSIONS else self._number(_EXTENSIONS[head])
            yield from self._extension(size, start)
        else:
            yield from self._container(head, depth)

    def _container(self, head: int, depth: int) -> Iterator[Event]:
        start = self.at - 1
        if head in _ARRAYS or 0x90 <= head <= 0x9F:  # noqa: PLR2004
            for _ in range(self._number(_ARRAYS[head]) if head in _ARRAYS else head & 15):
                yield from self.value(depth + 1)
        elif head in _MAPS or 0x80 <= head <= 0x8F:  # noqa: PLR2004
            keys: dict[bytes, bytes] = {}
            for _ in range(self._number(_MAPS[head]) if head in _MAPS else head & 15):
                key = self._content.read(self.at, _LONGEST_KEY)
                begins = self.at
                yield from self.value(depth + 1)
                key, middle = key[: self.at - begins], self.at
                yield from self.value(depth + 1)
                if len(key) <= 8:  # noqa: PLR2004 -- the longest key that matters
                    keys[key[-4:]] = self._content.read(middle, min(self.at - middle, 64))
            yield from self._numpy(keys, start)
        else:
            raise Malformed(f"it has a value that begins with {head:#x}", start)

    def _numpy(self, keys: dict[bytes, bytes], offset: int) -> Iterator[Event]:
        """Judge a map by which msgpack-numpy keeps an array: `nd`, `type`, `kind`, `shape`, `data`."""
        kinds = [value for key, value in keys.items() if key.endswith((b"kind", b"type"))]
        has_array = any(key.endswith(b"nd") for key in keys)
        if has_array and any(value in (b"\xa1O", b"\xc4\x01O", b"\xa2|O", b"\xc4\x02|O") for value in kinds):
            yield Found(PICKLED, "an array in it is one of Python objects", offset)

    def _extension(self, size: int, start: int) -> Iterator[Event]:
        (kind,) = struct.unpack("b", self._take(1))
        payload = self._content.part(self.at, size)
        self._skip(size)
        if kind not in _FLAX:
            yield Found(EXTENSION, f"it has the extension {kind}", start, repr(payload.read(0, 32)), subject=str(kind))
            if payload.read(0, 1) == b"\x80":
                yield Member(f"extension {kind}", payload)
        elif kind in (1, 3) and _OBJECTS.match(payload.read(0, 128)):
            yield Found(PICKLED, "an array in it is one of Python objects", start)

    def _number(self, layout: str) -> int:
        number = struct.Struct(f">{layout}")
        (value,) = number.unpack(self._take(number.size))
        return int(value)

    def _take(self, size: int) -> bytes:
        taken = self._content.exactly(self.at, size)
        self.at += size
        return taken

    def _skip(self, size: int) -> None:
        if size > len(self._content) - self.at:
            raise Malformed(f"it ends within {size:,} bytes", self.at)
        self.at += size


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    reader = _Reader(content, budget)
    yield from reader.value()
    if reader.at < len(content):
        what = f"{len(content) - reader.at:,} bytes follow its value"
        yield Found(TRAILING, what, reader.at, repr(content.read(reader.at, 48)))
        yield Member("bytes behind the value", content.part(reader.at))


FORMAT = Format(
    name="msgpack",
    title="MessagePack",
    recognises=lambda content: content.read(0, 2) == _EMPTY or _BEGINNING.match(content.read(0, 16)) is not None,
    inspect=_inspect,
    rules=(PICKLED, EXTENSION, TRAILING),
    extensions=(".msgpack",),
    data=True,
)
