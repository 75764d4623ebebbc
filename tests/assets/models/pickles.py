"""Pickles: attacks in every protocol, with every trick of the opcodes, and the harmless pickles that look like them."""

import collections
import datetime as dt
import decimal
import fractions
import pickle
import struct
import uuid
from collections.abc import Iterator

from assets.models.case import Case, one
from assets.models.pickle_writing import (
    ATTACK,
    SHELL,
    SYSTEM,
    called,
    framed,
    line,
    raw,
    several,
    short,
    stacked,
    text,
    whole,
)

_CALL = "pickle-dangerous-call"
_IMPORT = "pickle-dangerous-import"
_HIDDEN = "pickle-hidden-name"
_WRITES = "pickle-overwrites"
_SYSTEM_0 = b"cos\nsystem\n"
_ATTACK_0 = b"cos\nsystem\n(S'echo harmless'\ntR"


class _Reduced:
    """Pickled as the call of a function."""

    def __init__(self, *call: object) -> None:
        self._call = call

    def __reduce__(self) -> tuple[object, ...]:
        return self._call


def cases() -> Iterator[Case]:
    for protocol in range(6):
        content = pickle.dumps(_Reduced(eval, ("1 + 1",)), protocol)
        yield one(f"pickle/eval-protocol-{protocol}", "malicious", content, "`__reduce__` evaluates code", _CALL)
        content = pickle.dumps(_DATA, protocol)
        yield one(f"pickle/data-protocol-{protocol}", "benign", content, "plain data of the standard library")
    for name, content, why, rule in _TRICKS:
        yield one(f"pickle/trick-{name}", "malicious", content, why, rule)
    for name, content, why in _HARMLESS:
        yield one(f"pickle/harmless-{name}", "benign", content, why)
    for name, content, why in _UNKNOWN:
        yield one(f"pickle/unknown-{name}", "unknown", content, why)


_DATA = {
    "numbers": [0, -1, 255, 256, 65536, 1 << 40, 1.5, float("inf"), 2j, True, None],
    "texts": ["", "os.system", "naïve", "cos\nsystem\n(S'id'\ntR.", "x" * 300],
    "bytes": [b"", b"\x80\x04", b"y" * 300, bytearray(b"z")],
    "containers": [(), (1,), (1, 2), (1, 2, 3), tuple(range(9)), {1, 2}, frozenset({3}), {}],
    "values": [
        dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
        dt.timedelta(3),
        decimal.Decimal("1.5"),
        fractions.Fraction(1, 3),
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        collections.deque([1, 2], 5),
        uuid.UUID(int=5),
        complex(1, 2),
        slice(1, 2),
        range(3),
    ],
}  # fmt: skip

_ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in "system").encode()
_HEXADECIMAL = "".join(f"\\x{ord(letter):02x}" for letter in "system").encode()
_LOADS = line("pickle", "loads")
_INNER = pickle.dumps(_Reduced(eval, ("1",)), 2)

_TRICKS = (
    # Opcodes that import and call.
    ("inst", b"(S'echo harmless'\nios\nsystem\n.", "INST imports and calls", _CALL),
    ("inst-no-mark", b"ios\nsystem\n.", "INST imports before it looks for its mark", _IMPORT),
    ("obj", whole(b"(" + SYSTEM + short(SHELL) + b"o"), "OBJ calls", _CALL),
    ("newobj", whole(SYSTEM + several(short(SHELL)) + b"\x81"), "NEWOBJ makes an object of what is no class", _CALL),
    ("newobj-ex", whole(SYSTEM + several(short(SHELL)) + b"}\x92"), "NEWOBJ_EX, likewise", _CALL),
    ("newobj-popen", whole(stacked("subprocess", "Popen") + several(short(SHELL)) + b"\x81"), "of a class", _CALL),
    ("global-in-protocol-4", whole(line("os", "system") + several(short(SHELL)) + b"R"), "GLOBAL in protocol 4", _CALL),
    ("stack-global-in-protocol-2", whole(ATTACK, 2), "an opcode of a later protocol", _CALL),
    ("no-signature", ATTACK + b".", "protocol 4 without its signature", _CALL),
    ("list-for-arguments", whole(SYSTEM + b"](" + short(SHELL) + b"eR"), "a list in place of a tuple", _CALL),
    ("text-for-arguments", whole(SYSTEM + short("x") + b"R"), "a text in place of a tuple", _CALL),
    ("extension-1", whole(b"\x82\x01" + several(short(SHELL)) + b"R"), "a number in the registry", _HIDDEN),
    ("extension-2", whole(b"\x83\x00\x10)R"), "likewise", _HIDDEN),
    ("extension-4", whole(b"\x84\x00\x00\x10\x00)R"), "likewise", _HIDDEN),
    ("extension-made", whole(called(stacked("copyreg", "add_extension"), short("os"), short("system"), b"K\x07") + b"0"
     b"\x82\x07" + several(short(SHELL)) + b"R"), "the registry is written to first", _HIDDEN),
    ("call-and-setstate", whole(called(stacked("smtplib", "SMTP"), short("localhost")) + b"}b"),
     "REDUCE and BUILD: GHSA-mhc9-48gj-9gp3", _CALL),
    ("setstate", whole(ATTACK + b"}b"), "what a call gives is given state", _CALL),
    # Names.
    ("memoized-name", whole(short("system") + b"\x940" + short("os") + b"h\x00\x93" + several(short(SHELL)) + b"R"),
     "a name comes from the memo", _CALL),
    ("overwritten-name", whole(short("safe") + b"q\x05" + b"0" + short("system") + b"q\x050" + short("os")
     + b"h\x05\x93" + several(short(SHELL)) + b"R"), "a name in the memo is overwritten", _CALL),
    ("swapped-names", whole(short("system") + b"q\x00" + short("os") + b"q\x01" + b"00" + b"h\x01h\x00\x93"
     + several(short(SHELL)) + b"R"), "names come in another order", _CALL),
    ("sparse-memo", whole(short("system") + b"r\xff\xff\xff\x7f0" + short("os") + b"j\xff\xff\xff\x7f\x93"
     + several(short(SHELL)) + b"R"), "a name lies far out in the memo", _CALL),
    ("confused-memo", b"U\x02osq\x000U\x06systemq\x010" + short("torch._utils") + b"\x94" + short("_rebuild_tensor_v2")
     + b"\x9400h\x00h\x01\x93" + several(short(SHELL)) + b"R.", "MEMOIZE beside PUT: picklescan issue 14", _CALL),
    ("text-memo", b"Vsystem\np77\n0Vos\ng77\n\x93(Vecho harmless\ntR.", "the memo of protocol 0", _CALL),
    ("padded-index", b"Vsystem\np 7_7\n0Vos\ng7_7 \n\x93(Vecho harmless\ntR.", "numbers as Python reads them", _CALL),
    ("memoize-after-gap", whole(b"Nr\x05\x00\x00\x000" + short("system") + b"\x940" + short("os") + b"h\x01\x93"
     + several(short(SHELL)) + b"R"), "MEMOIZE counts what there is", _CALL),
    ("unicode-escapes", b"Vos\nV" + _ESCAPED + b"\n\x93(Vecho harmless\ntR.", "escapes of UNICODE", _CALL),
    ("string-escapes", b"S'os'\nS'" + _HEXADECIMAL + b"'\n\x93(S'echo harmless'\ntR.", "escapes of STRING", _CALL),
    ("string-octal", b"S'\\157\\163'\nS\"s\\171stem\"\n\x93(S'echo harmless'\ntR.", "in octal", _CALL),
    ("old-text", b"U\x02osU\x06system\x93(U\x04echotR.", "texts of Python 2", _CALL),
    ("long-text", whole(b"\x8d\x02\0\0\0\0\0\0\0os" + text("system") + b"\x93" + several(short(SHELL)) + b"R"),
     "texts with longer lengths than they need", _CALL),
    ("renamed", b"c__builtin__\neval\n(S'1'\ntR.", "a name of Python 2", _CALL),
    ("renamed-module", b"ccommands\ngetoutput\n(S'echo harmless'\ntR.", "a module of Python 2", _CALL),
    ("not-renamed", whole(called(line("__builtin__", "eval"), short("1"))), "such a name in protocol 4", _CALL),
    ("dotted", whole(called(stacked("os", "path.os.system"), short(SHELL))), "dots lead to another module", _CALL),
    ("dotted-allowed", whole(called(stacked("collections", "abc.sys.modules.get"), short("os"))), "and on", _CALL),
    ("dotted-numpy", whole(called(stacked("numpy", "testing._private.utils.runstring"), short("1"), b"}")),
     "dots lead out of an allowed package", _CALL),
    ("dotted-protocol-2", whole(called(line("os", "path.os.system"), short(SHELL)), 2), "dots where none work", _CALL),
    ("long-dotted", whole(text("os") + text("path.os." * 60 + "system") + b"\x93" + several(short(SHELL)) + b"R"),
     "a name of five hundred letters", _CALL),
    ("name-from-call", whole(short("os") + called(stacked("builtins", "str"), short("system")) + b"\x93"
     + several(short(SHELL)) + b"R"), "a name that a call makes", _HIDDEN),
    ("name-joined", whole(short("os") + called(stacked("_operator", "add"), short("sys"), short("tem")) + b"\x93"
     + several(short(SHELL)) + b"R"), "a name of two halves", _HIDDEN),
    ("module-from-call", whole(called(stacked("builtins", "bytes.decode"), raw(b"os")) + short("system") + b"\x93"
     + several(short(SHELL)) + b"R"), "a module's name that a call makes", _HIDDEN),
    ("name-that-is-none", whole(b"NN\x93"), "no text at all", _HIDDEN),
    # What is done with it.
    ("popped", whole(ATTACK + b"0N"), "the result is thrown away", _CALL),
    ("popped-mark", whole(b"(" + ATTACK + b"1N"), "with the mark", _CALL),
    ("in-key", whole(b"}" + ATTACK + b"Ns"), "as a key", _CALL),
    ("in-set", whole(b"\x8f(" + ATTACK + b"\x90"), "in a set", _CALL),
    ("import-only", whole(SYSTEM), "it is imported, and not called", _IMPORT),
    ("relayed", whole(called(stacked("builtins", "map"), SYSTEM, b"]")), "handed to what calls it", _IMPORT),
    ("getattr", whole(called(called(stacked("builtins", "getattr"), stacked("os", "path"), short("os")), short("x"))),
     "attributes by their names", _CALL),
    ("reduced", whole(called(stacked("functools", "reduce"), SYSTEM, b"](" + short(SHELL) + b"e")), "likewise", _CALL),
    ("result-called", whole(called(called(stacked("operator", "attrgetter"), short("system")), stacked("os", "path"))),
     "what a call gives is called", _CALL),
    ("nested", whole(called(_LOADS, raw(_INNER)), 3), "a pickle in a pickle", _CALL),
    ("nested-deep", whole(called(_LOADS, called(_LOADS, raw(_INNER))), 3), "in a pickle", _CALL),
    ("write-module", whole(line("sys", "modules") + short("os") + b"Ns"), "a module is replaced", _WRITES),
    ("write-dictionary", whole(stacked("collections", "OrderedDict.__dict__") + short("a") + b"Ns"), "of a class",
     _WRITES),
    ("write-class", whole(stacked("collections", "OrderedDict") + b"N}" + short("__init__") + SYSTEM + b"s\x86b"),
     "a method of a class is overwritten", _WRITES),
    ("write-name", whole(line("numpy", "prod") + b"N}" + short("a") + short("os") + b"s\x86b0" + line("numpy", "prod.a")
     + short("system") + b"\x93" + several(short(SHELL)) + b"R"), "a name comes from an attribute that it writes: "
     "modelscan issue 85", _HIDDEN),
    ("write-function", whole(line("copyreg", "_reconstructor") + b"N}" + short("__code__") + b"Ns\x86b"),
     "a function's code is overwritten", _WRITES),
    ("append-to-module", whole(line("sys", "path") + short("/tmp") + b"a"), "the search path is added to", _WRITES),
    ("extend-module", whole(line("sys", "meta_path") + b"(" + SYSTEM + b"e"), "a finder is added", _WRITES),
    ("add-to-module", whole(line("sys", "builtin_module_names") + b"(N\x90"), "a set of a module is added to", _WRITES),
    # Streams.
    ("second-stream", pickle.dumps([1], 4) + whole(ATTACK), "behind a harmless pickle", _CALL),
    ("tenth-stream", pickle.dumps([1], 0) * 9 + _ATTACK_0 + b".", "behind nine", _CALL),
    ("after-garbage", pickle.dumps([1], 4) + b"\0garbage" + whole(ATTACK), "behind bytes of nothing", "pickle-buried"),
    ("after-garbage-0", pickle.dumps([1], 4) + b"\0garbage" + _ATTACK_0 + b".", "in protocol 0", "pickle-buried"),
    (
        "after-overlap",
        b"\0garbage\xffcard\ncos\nsystem\n(S'id'\ntR.",
        "behind a word that reads like an import with it",
        "pickle-buried",
    ),
    ("after-garbage-inst", b"\0garbage\xff(S'id'\nios\nsystem\n.", "an argument comes first", "pickle-buried"),
    ("first-garbage", b"\0\1\2garbage" * 100 + whole(ATTACK), "behind a file's own header", "pickle-buried"),
    ("trailing", pickle.dumps([1], 4) + b"\xfe\xed" * 100, "bytes that nobody reads", "pickle-trailing-data"),
    ("cut-off", whole(ATTACK)[:-1], "the end is missing", _CALL),
    ("broken", whole(ATTACK + b"0\xff"), "it breaks behind the call", _CALL),
    ("broken-stack", whole(ATTACK + b"000"), "the stack is empty behind the call", _CALL),
    ("cut-off-name", b"cos\nsystemX", "the last letter stands for the line's end", _IMPORT),
    ("cut-off-0", _ATTACK_0, "protocol 0 without its end", _CALL),
    # Frames.
    ("frame-too-long", framed(ATTACK + b".", 5000), "a frame reaches beyond the file", _CALL),
    ("frame-too-short", framed(ATTACK + b"0N.", 9), "a frame ends within an opcode", "pickle-torn-frame"),
    ("frame-in-frame", framed(b"\x95" + struct.pack("<Q", 3) + ATTACK + b".", 60), "frames overlap",
     "pickle-torn-frame"),
    ("frame-forgotten", framed(b"Nc" + b"collections\nabc", 14) + b"OrderedDict\n0cos\nsystem\n(Vid\ntR.",
     "the unpickler in C forgets what is left of a frame", _CALL),
    ("frame-hides-name", framed(b"cos\nxx", 6) + b"system\n(Vecho harmless\ntR.",
     "in C, a name begins behind the frame", _CALL),
    ("empty-frames", framed(b"\x95" + bytes(8) + b"\x95" + bytes(8) + ATTACK + b"."), "frames of nothing", _CALL),
    # Size.
    ("padding", whole(b"N0" * 200_000 + ATTACK), "much that does nothing comes first", _CALL),
    ("padding-bytes", whole(raw(bytes(1 << 20)) + b"0" + ATTACK), "a megabyte comes first", _CALL),
    ("padding-0", b"N0" * 50_000 + _ATTACK_0 + b".", "in protocol 0", _CALL),
    ("padding-marks", b"(1" * 50_000 + _ATTACK_0 + b".", "marks, likewise", _CALL),
    ("padding-nothing", b"N" * 50_000 + _ATTACK_0 + b".", "that is never taken away", _CALL),
    ("huge-number", whole(b"\x8b" + struct.pack("<i", 1 << 20) + b"\xff" * (1 << 20) + b"0" + ATTACK),
     "a number", _CALL),
    ("deep", whole(b")" + b"\x85" * 100_000 + b"0" + ATTACK), "a tuple in a tuple, a hundred thousand deep", _CALL),
    ("hash-bomb", whole(b")" + b"2\x86" * 60 + b"0}h\x00Ns".replace(b"h\x00", b")" + b"2\x86" * 60) + b"0" + ATTACK),
     "a key that takes for ever to hash", _CALL),
    ("self-contained", whole(b"]q\x00h\x00a0" + called(SYSTEM, b"h\x00")), "a list within itself", _CALL),
)  # fmt: skip

_HARMLESS = (
    ("words", b"hat\ncheot\nos\ncritasmie\ntmse\nawl\n" * 9, "a list of words, one of which is a module's name"),
    ("two-streams", pickle.dumps([1], 4) + pickle.dumps({"a": 2}, 2), "several pickles in a file"),
    ("sixty-streams", pickle.dumps([1.5], 4) * 60, "many of them"),
    ("shared", pickle.dumps([_DATA, _DATA], 4), "the memo is used"),
    ("long-list", pickle.dumps(list(range(30_000)), 4), "many frames"),
    ("long-bytes", pickle.dumps([bytes(100_000), b"a" * 70_000], 4), "bytes outside of frames"),
    ("recursive", b"\x80\x04]\x94h\x00a.", "a list within itself"),
    ("text-of-attack", pickle.dumps("cos\nsystem\n(S'id'\ntR.", 4), "the text of an attack"),
    ("bytes-of-attack", pickle.dumps(whole(ATTACK), 4), "the bytes of an attack, which nobody loads"),
    ("padded", pickle.dumps([1], 4) + b"\n", "a line's end behind it"),
    ("none", pickle.dumps(None, 0), "the shortest"),
    ("partial-of-data", pickle.dumps(collections.defaultdict(list, {"a": [1]}), 4), "a class as an argument"),
)

_UNKNOWN = (
    ("own-class", whole(stacked("mypackage.models", "Net") + b")\x81}b"), "a class of the user's own"),
    ("own-main", whole(stacked("__main__", "Preprocessor") + b")\x81}" + short("a") + b"K\x01sb"), "of a script"),
    ("own-nested", whole(stacked("mypackage.models", "Outer.Inner") + b")\x81"), "a class within a class"),
    ("own-function", whole(called(line("mypackage", "make"), b"K\x01"), 2), "a function of the user's own"),
    ("persistent", whole(short("somewhere") + b"Q"), "what its loader has to know"),
    ("cut-off", pickle.dumps(_DATA, 4)[:-5], "cut off, and nothing in it attacks"),
    ("cut-off-early", pickle.dumps([1, 2, 3], 4)[:14], "likewise"),
)
