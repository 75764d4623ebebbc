"""Files that others name: data without a format of their own, code that is run, and what is not there."""

import posixpath
from collections.abc import Iterator, Mapping

from modelseal.gate.finding import Severity
from modelseal.models.event import Fetches, Found, Requires
from modelseal.models.folder import Check, Told
from modelseal.models.reading_rules import UNRECOGNISED
from modelseal.models.rule import Rule
from modelseal.models.walking import Report

RUN = Rule(
    id="folder-code-is-run",
    title="A script that another file of the model has run",
    severity=Severity.HIGH,
    happens="A loader that trusts the repository's code runs the script when it loads the model.",
    remedy="Read the script, and load the model at the commit that you have read.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-829",),
)
MISSING = Rule(
    id="folder-missing-file",
    title="A file that the model needs, and that is not there",
    severity=Severity.LOW,
    happens="The model cannot be loaded from this folder alone: something else will be put or fetched in its place.",
    remedy="Get the whole model, and scan it again.",
    atlas=("AML.T0010.003",),
    cwe=("CWE-829",),
)
SHORT = Rule(
    id="folder-short-file",
    title="A file that ends before what is read of it",
    severity=Severity.UNKNOWN,
    happens="The model says that a tensor is where its file has ended: readers that trust it read memory of the "
    "program, or another file will take this one's place.",
    remedy="Get the whole model, and scan it again.",
    atlas=("AML.T0010.003", "AML.T0011.000"),
    cwe=("CWE-125", "CWE-1284"),
)
_SCRIPTS = ("python", "script")
_DATA = frozenset({Fetches.FILE, Fetches.DATA})
_SHARD = ".data-"  # of a checkpoint of TensorFlow, whose index is called the same up to here
_REPORTED = 100


def look(files: Mapping[str, Report]) -> Iterator[Told]:
    """Follow every relative name in every file to the file of that name."""
    reported = 0
    for name, report in files.items():
        for required in (required for required, members in report.requires if not members):
            target = _target(name, required, files)
            if target in files:
                yield from _present(name, target, files[target])
                if required.size > files[target].size:
                    what = f"{target!r} has {files[target].size:,} bytes, and is read up to {required.size:,}"
                    yield Told(name, Found(SHORT, what, required.offset, subject=target[:200]))
            elif target and reported < _REPORTED:
                reported += 1
                yield Told(name, Found(MISSING, f"{target!r} is not in the folder", subject=target[:200]))


def _target(name: str, required: Requires, files: Mapping[str, Report]) -> str:
    """Return which file of the folder is meant; empty where none can be."""
    reference = required.reference
    if reference.startswith(_SHARD):
        return name.removesuffix(".index") + reference
    found = posixpath.normpath(posixpath.join(posixpath.dirname(name), reference))
    code = required.kind is Fetches.CODE and reference.endswith(".py")
    # A name without an ending may mean something else, unless there is such a file: ONNX calls tensors' files so.
    data = required.kind in _DATA and (bool(posixpath.splitext(reference)[1]) or found in files)
    if not (code or data) or "://" in reference or "--" in reference or reference.startswith("/"):
        return ""
    return "" if found.startswith("../") else found


def _present(name: str, target: str, report: Report) -> Iterator[Told]:
    if any(kind in report.formats for kind in _SCRIPTS):
        yield Told(target, Found(RUN, f"{name!r} has it run"))
    yield Told(target, settles=UNRECOGNISED)


CHECK = Check("named-files", look, (RUN, MISSING, SHORT))
