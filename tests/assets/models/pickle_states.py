"""Pickles that attack through the state that they give to an object of a framework's own class."""

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
    yield one("pickle/state-cache", "malicious", whole(_cache(short("/tmp"))), "a folder of pickles")
    yield one("pickle/state-no-cache", "benign", whole(_cache(b"N")), "as hdbscan keeps it: switched off")
    yield one("pickle/state-scipy", "benign", whole(_NORM + _state(_TEMPLATE) + b"b"), "as SciPy writes it")
    yield one(
        "pickle/state-append", "benign", whole(_PIPELINE + b"}" + short("append") + b"\x88sb"), "an option's name"
    )


def _cache(location: bytes) -> bytes:
    fields = short("location") + location + short("store_backend") + b"N" + short("depth") + b"K\x03"
    return stacked("joblib.memory", "Memory") + b")\x81}(" + fields + b"ub"


def _state(template: str) -> bytes:
    return b"}(" + short("_parse_arg_template") + text(template) + short("numargs") + b"K\x00u"


_ATTACKS = (
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
