"""Make pickles that no pickler makes: every opcode, in orders that mostly run and sometimes break."""

import struct
from collections.abc import Callable, Sequence

from hypothesis import strategies as st

_NAMES = (b"a", b"bare", b"b.c", b"bare.x", b"os", b"system", b"__builtin__", b"eval", b"copy_reg")
_PLAIN = (
    b"N", b"\x88", b"\x89", b")", b"]", b"}", b"\x8f", b"K\x01", b"M\x02\x01", b"J\xff\xff\xff\xff", b"I01\n", b"I7\n",
    b"I0x1f\n", b"I010\n", b"L5L\n", b"L-3\n", b"\x8a\x01\x05", b"\x8a\x00", b"\x8b\x02\x00\x00\x00\x05\x01", b"F1.5\n",
    b"G?\xf8\0\0\0\0\0\0", b"\x97", b"\x97\x98", b"C\x02ab", b"B\x02\0\0\0ab", b"\x8e\x02\0\0\0\0\0\0\0ab",
    b"\x96\x02\0\0\0\0\0\0\0ab", b"U\x02os", b"T\x02\0\0\0os", b"U\x01\xe9", b"I00\n", b"F1e5\n", b"K\x00",
)  # fmt: skip
_KEEPING = (b"", b"", b"\x94", b"q\x00", b"q\x01", b"r\x02\0\0\0", b"p3\n", b"p 0\n", b"q\xc8", b"\x94\x94", b"p1_0\n")
_TAKING = (
    b"h\x00",
    b"h\x01",
    b"j\x02\0\0\0",
    b"g3\n",
    b"g0\n",
    b"g01\n",
    b"h\xc8",
    b"g1_0\n",
    b"g0\x009\n",
    b"h\x00",
    b"h\x01",
)
_FILLED = (b"q\x00", b"q\x01", b"r\x02\0\0\0", b"p3\n", b"q\xc8", b"p10\n")
_EXTENDED = (b"\x82\x01", b"\x83\xc8\x00", b"\x84\x70\x11\x01\x00", b"\x82\x09", b"\x82\x00")
_NOISE = (b"N0", b"(1", b"(N1", b"(0", b"20", b"\x80\x00", b"\x80\x04", b"\x80\x02", b"0", b"2", b"(", b"1")
_RAW = b"()012acdegijlopqrstuFIJKLMNPQRSTUVXGBC.]}\x80\x81\x82\x85\x86\x87\x8c\x8f\x90\x91\x92\x93\x94\x95\x97\x98\n"


class _Maker:
    """Makes one pickle by choices: `choose(n)` gives a number below n."""

    def __init__(self, choose: Callable[[int], int]) -> None:
        self._choose = choose
        self._left = 40

    def stream(self) -> bytes:
        opening = self._of((b"", b"", *(bytes([0x80, number]) for number in range(6))))
        kept = b"".join(self.value() + put for put in _FILLED) if self._choose(4) else b""
        body = b"".join(self.value() for _ in range(1 + self._choose(5)))
        return self._damaged(opening + kept + body + b".")

    def value(self) -> bytes:
        self._left -= 1
        makers = (
            self._plain,
            self._taken if self._choose(3) else self._plain,
            self._global,
            self._tuple,
            self._container,
            self._call,
            self._change,
        )
        made = makers[self._choose(len(makers) if self._left > 0 else 3)]()
        return made + (self._of(_KEEPING) if self._choose(2) else b"") + (b"" if self._choose(8) else self._of(_NOISE))

    def _of(self, choices: Sequence[bytes]) -> bytes:
        return choices[self._choose(len(choices))]

    def _several(self) -> bytes:
        return b"".join(self.value() for _ in range(self._choose(4)))

    def _plain(self) -> bytes:
        return self._of(_PLAIN) if self._choose(2) else self._text()

    def _text(self) -> bytes:
        name = self._of(_NAMES)
        escaped = "".join(f"\\x{byte:02x}" for byte in name).encode()
        wide = "".join(f"\\u{byte:04x}" for byte in name).encode()
        octal = "".join(f"\\{byte:03o}" for byte in name).encode()
        return self._of(
            (
                b"\x8c" + bytes([len(name)]) + name,
                b"X" + struct.pack("<I", len(name)) + name,
                b"\x8d" + struct.pack("<Q", len(name)) + name,
                b"V" + name + b"\n",
                b"V" + wide + b"\n",
                b"S'" + name + b"'\n",
                b'S"' + escaped + b'"\n',
                b"S'" + octal + b"'\n",
                b"U" + bytes([len(name)]) + name,
                b"S'a\\\n" + name + b"'\n",
                b"S'\\q\\\\" + name + b"'\n",
            )
        )

    def _taken(self) -> bytes:
        return self._of(_TAKING)

    def _global(self) -> bytes:
        match self._choose(4):
            case 0:
                return self._of(_EXTENDED)
            case 1:
                return b"c" + self._of(_NAMES) + b"\n" + self._of(_NAMES) + b"\n"
        name = self._text() if self._choose(3) else self.value()
        return self._text() + self._of(_KEEPING) + name + self._of(_KEEPING) + b"\x93"

    def _tuple(self) -> bytes:
        match self._choose(4):
            case 0:
                return self.value() + b"\x85"
            case 1:
                return self.value() + self.value() + b"\x86"
            case 2:
                return self.value() + self.value() + self.value() + b"\x87"
        return b"(" + self._several() + b"t"

    def _container(self) -> bytes:
        match self._choose(6):
            case 0:
                return b"](" + self._several() + b"e"
            case 1:
                return b"}" + self._plain() + self.value() + b"s"
            case 2:
                return b"(" + self._plain() + self.value() + b"d"
            case 3:
                return b"\x8f(" + self._several() + b"\x90"
        return b"(" + self._several() + self._of((b"l", b"\x91"))

    def _call(self) -> bytes:
        callee = self._global() if self._choose(3) else self.value()
        given = self._tuple() if self._choose(3) else self.value()
        return self._of(
            (
                callee + given + b"R",
                callee + given + b"\x81",
                callee + given + self._of((b"}", b"N", b"](X\0\0\0\0K\x01e")) + b"\x92",
                b"(" + callee + self._several() + b"o",
                b"(" + self._several() + b"i" + self._of(_NAMES) + b"\n" + self._of(_NAMES) + b"\n",
                given + b"Q",
                b"P" + self._of(_NAMES) + b"\n",
            )
        )

    def _change(self) -> bytes:
        changed = self._call() if self._choose(2) else self.value()
        return self._of(
            (
                changed + self.value() + b"b",
                changed + self.value() + b"a",
                changed + b"(" + self._several() + b"e",
                changed + b"(" + self._several() + b"\x90",
                changed + self._plain() + self.value() + b"s",
                changed + b"(" + self._several() + b"u",
            )
        )

    def _damaged(self, stream: bytes) -> bytes:
        match self._choose(12):
            case 0:
                return stream[: 1 + self._choose(len(stream))]
            case 1:
                return b"\x80\x04\x95" + struct.pack("<Q", self._choose(len(stream) + 20)) + stream
            case 2:
                changed = bytearray(stream)
                for _ in range(1 + self._choose(3)):
                    changed[self._choose(len(changed))] = _RAW[self._choose(len(_RAW))]
                return bytes(changed)
        return stream


def made(choose: Callable[[int], int]) -> bytes:
    """Make a pickle.

    Args:
        choose: Gives a number from 0 to below the one that it is given.
    """
    return _Maker(choose).stream()


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    return made(lambda below: draw(st.integers(0, below - 1)))
