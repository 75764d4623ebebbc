"""Arrays of Zarr whose chunks are pickles: https://numcodecs.readthedocs.io/en/stable/other/pickles.html."""

from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Found
from modelseal.models.rule import Rule

PICKLED = Rule(
    id="zarr-pickled-array",
    title="A Zarr array of Python objects",
    severity=Severity.CRITICAL,
    happens="Reading the array unpickles its chunks, which runs any code in them.",
    remedy="Do not read the array. Write it anew with a type of numbers, or of texts.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502",),
    references=("https://zarr.readthedocs.io/en/stable/",),
)
_CODECS = frozenset({"pickle", "numcodecs.pickle"})


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Judge an array's description by its codecs."""
    for key in ("filters", "codecs", "compressor", "object_codec"):
        listed = node.get(key)
        for codec in listed if isinstance(listed, list) else [listed]:
            name = (codec.get("id") or codec.get("name")) if isinstance(codec, dict) else None
            if isinstance(name, str) and name in _CODECS:
                yield Found(PICKLED, f"its codec is {name}")


JUDGE = Judge(judge, (PICKLED,), frozenset({"zarr_format"}))
