"""Pickles that attack through the state that they give to an object of a framework's own class."""

import struct
from collections.abc import Iterator

from assets.models.case import Case, one
from assets.models.pickle_writing import ATTACK, called, line, raw, several, short, stacked, text, whole

_NORM = stacked("scipy.stats._continuous_distns", "norm_gen") + b")\x81"
_TEMPLATE = (
    "\ndef _parse_args(self,  loc=0, scale=1):\n    return (), loc, scale\n\n"
    "def _parse_args_rvs(self,  loc=0, scale=1, size=None):\n"
    "    return self._argcheck_rvs( loc, scale, size=size)\n\n"
    "def _parse_args_stats(self,  loc=0, scale=1, moments='mv'):\n    return (), loc, scale, moments\n"
)
_PIPELINE = stacked("sklearn.pipeline", "Pipeline") + b")\x81"
_PARTIAL = called(stacked("functools", "partial"), stacked("numpy", "mean"))


def cases() -> Iterator[Case]:
    for name, content, why in _ATTACKS:
        yield one(f"pickle/state-{name}", "malicious", whole(content), why)
    for name, content, why in _TYPES:
        yield one(f"pickle/type-{name}", "malicious", whole(content), why, "pickle-overwrites")
    yield one("pickle/type-objects", "benign", whole(_dtype("O8")), "as NumPy writes it")
    yield one("pickle/type-record", "benign", whole(_RECORD), "as NumPy writes it")
    for name, content in _UNFOLDING:
        yield one(f"pickle/unfolds-{name}", "malicious", whole(content), "hashing ends in years", "pickle-unfolds")
    yield one("pickle/state-cache", "malicious", whole(_cache(short("/tmp"))), "a folder of pickles")
    yield one("pickle/state-no-cache", "benign", whole(_cache(b"N")), "as hdbscan keeps it: switched off")
    yield one("pickle/state-scipy", "benign", whole(_NORM + _state(_TEMPLATE) + b"b"), "as SciPy writes it")
    for module, name in (("numpy", "nan_to_num"), ("sklearn.feature_selection._mutual_info", "mutual_info_classif")):
        kept = whole(_PIPELINE + b"}" + short("func") + stacked(module, name) + b"sb")
        yield one(f"pickle/state-{name}", "benign", kept, "a function that transformers are often given")
    cyclic = stacked("torch.optim.lr_scheduler", "CyclicLR")
    kept = called(stacked("builtins", "getattr"), cyclic, short("_triangular_scale_fn"))
    cycle = whole(cyclic + b")\x81}" + short("_scale_fn_ref") + kept + b"sb")
    yield one("pickle/state-cyclic", "benign", cycle, "a scheduler that keeps a function of its class")
    option = whole(_PIPELINE + b"}" + short("func") + _PARTIAL + b"sb")
    yield one("pickle/state-function", "benign", option, "a function that a transformer keeps")
    yield one(
        "pickle/state-append", "benign", whole(_PIPELINE + b"}" + short("append") + b"\x88sb"), "an option's name"
    )


def _dtype(code: str, fields: bytes = b"N", names: bytes = b"N", size: int = -1, flags: int = 63) -> bytes:
    made = called(stacked("numpy", "dtype"), short(code), b"\x89", b"\x88")
    numbers = b"".join(b"J" + struct.pack("<i", number) for number in (size, size, flags))
    return made + several(b"K\x03", short("|"), b"N", names, fields, numbers) + b"b"


def _record(offset: int, flags: int = 27) -> bytes:
    field = several(_dtype("O8"), b"J" + struct.pack("<i", offset))
    return _dtype("V8", b"}" + short("a") + field + b"s", short("a") + b"\x85", 8, flags)


def _cache(location: bytes) -> bytes:
    fields = short("location") + location + short("store_backend") + b"N" + short("depth") + b"K\x03"
    return stacked("joblib.memory", "Memory") + b")\x81}(" + fields + b"ub"


def _state(template: str) -> bytes:
    return b"}(" + short("_parse_arg_template") + text(template) + short("numargs") + b"K\x00u"


_RECORD = _record(0)
_TYPES = (
    ("no-objects", _dtype("O8", flags=0), "the bytes of an array are taken for addresses of objects"),
    ("no-objects-in-record", _record(0, flags=0), "the same in a record"),
    ("field-outside", _record(64), "an object outside of the record"),
    ("field-before", _record(-8), "an object before the record"),
    ("other-name", _dtype("object", flags=0), "a name for it that NumPy does not write"),
)
_AGAIN = b"".join(b"h%ch%c\x86\x94" % (number, number) for number in range(60))
_UNFOLDING = (
    ("key", b"})" + b"2\x86" * 60 + b"Ns"),
    ("memo", b"})\x940" + _AGAIN + b"Ns"),
    ("set", b"\x8f()" + b"2\x86" * 60 + b"\x90"),
)
_PICKS = stacked("builtins", "getattr")
_ATTACKS = (
    (
        "own-method",
        stacked("pmdarima.arima.arima", "ARIMA") + b")\x81}" + short("_warn_for_older_version") + _PARTIAL + b"sb",
        "a method that the object calls on itself when it is given its state",
    ),
    (
        "address",
        called(
            stacked("numpy.ma", "MaskedArray"),
            stacked("types", "SimpleNamespace") + b")\x81}" + short("__array_interface__") + b"}sb",
        ),
        "an object that says which memory it is an array of",
    ),
    ("hands-on", _PIPELINE + b"}" + short("steps") + _PICKS + b"sb", "getattr, for somebody to call it"),
    ("hands-on-partial", called(stacked("functools", "partial"), _PICKS, stacked("numpy", "mean")), "the same"),
    (
        "hands-on-import",
        _PIPELINE + b"}" + short("memory") + stacked("numpy.core", "_ufunc_reconstruct") + b"sb",
        "what imports anything, for somebody to call it",
    ),
    ("calls-in-turn", called(stacked("difflib", "SequenceMatcher"), stacked("numpy", "mean")), "it calls it"),
    ("scipy-code", _NORM + _state("print()") + b"b", "SciPy evaluates a text of the state"),
    ("scipy-more-code", _NORM + _state(_TEMPLATE + "print()\n") + b"b", "SciPy's own text, and a line more"),
    ("scipy-default", _NORM + _state(_TEMPLATE.replace("loc=0", "loc=print()")) + b"b", "code in a default"),
    (
        "scipy-pairs",
        _NORM + b"](" + several(short("_parse_arg_template"), text("print()")) + b"eb",
        "a dictionary is updated from pairs, too",
    ),
    (
        "hook",
        _PIPELINE + b"}" + short("__setstate__") + _PARTIAL + b"sb" + b"}b",
        "the second state is given to what the first one put there",
    ),
    (
        "class",
        _PIPELINE + several(b"N", b"}" + short("__class__") + stacked("numpy", "ndarray") + b"s") + b"b",
        "the object becomes one of another class",
    ),
    (
        "bound",
        called(called(stacked("builtins", "getattr"), _PIPELINE, short("fit")), short("x")),
        "a method of an object is called",
    ),
    (
        "partial",
        called(_PARTIAL + several(stacked("os", "system"), b")", b"}", b"N") + b"b"),
        "a state replaces the function",
    ),
    ("nested", called(stacked("torch.storage", "_load_from_bytes"), raw(whole(ATTACK))), "a pickle in a pickle"),
    (
        "relayed",
        called(
            stacked("torch._tensor", "_rebuild_from_type_v2"),
            line("os", "system"),
            stacked("torch", "Tensor"),
            several(short("x")),
            b"N",
        ),
        "PyTorch calls the first argument with the third",
    ),
)
