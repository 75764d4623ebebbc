"""Programs and libraries for processors and virtual machines, and files that start one."""

from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.format import Format
from modelseal.models.rule import Rule

RULE = Rule(
    id="executable-file",
    title="A program or a native library beside the model",
    severity=Severity.HIGH,
    happens="It runs with all rights of whoever starts it, or of the loader that imports it as an extension.",
    remedy="Take it out of the model's folder. Install what the model needs as packages, pinned by their digests.",
    atlas=("AML.T0011", "AML.T0010.003"),
    cwe=("CWE-506", "CWE-829"),
)
_PE_OFFSET = 60
_MAGIC_NUMBERS = range(0x0C, 0x10)
_KINDS = (
    (b"\x7fELF", "an ELF program or library"),
    (b"\xfe\xed\xfa\xce", "a Mach-O program or library"),
    (b"\xfe\xed\xfa\xcf", "a Mach-O program or library"),
    (b"\xce\xfa\xed\xfe", "a Mach-O program or library"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program or library"),
    (b"\xca\xfe\xba\xbe", "a Java class, or a Mach-O program for several processors"),
    (b"\0asm", "a WebAssembly module"),
    (b"dex\n03", "a program for Android"),
    (b"L\0\0\0\x01\x14\x02\0", "a Windows shortcut"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an installer or document of Microsoft that can hold macros"),
    (b"!<arch>\n", "a library of object files"),
    (b"[Desktop Entry]", "a desktop entry, which starts a program"),
    (b"[InternetShortcut]", "a shortcut"),
)


_LONGEST = max(len(magic) for magic, _ in _KINDS)


def kind(content: Content) -> str:
    """Return what program bytes are; empty when they are none."""
    head = content.read(0, _LONGEST)
    for magic, name in _KINDS:
        if head.startswith(magic):
            return name
    if head[:2] == b"MZ" and len(content) > _PE_OFFSET:
        return "a Windows program or library"
    # The magic number of CPython ends with a line's end, and marshalled code begins after 16 bytes:
    # https://github.com/python/cpython/blob/3.13/Lib/importlib/_bootstrap_external.py
    compiled = head[2:4] == b"\r\n" and head[1] in _MAGIC_NUMBERS and content.read(16, 1) in {b"\xe3", b"c"}
    return "compiled Python" if compiled else ""


def inspect(content: Content, _: Budget) -> Iterator[Event]:
    """Report the file."""
    yield Found(RULE, f"it is {kind(content)}", 0, repr(content.read(0, 32)))


FORMAT = Format(
    name="executable",
    title="a program",
    recognises=lambda content: bool(kind(content)),
    inspect=inspect,
    rules=(RULE,),
)
