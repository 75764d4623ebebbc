"""Pointers of Git LFS: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md. The file itself is elsewhere."""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.format import Format
from modelseal.models.rule import Rule

POINTER = Rule(
    id="git-lfs-pointer",
    title="A pointer of Git LFS in place of a file",
    severity=Severity.UNKNOWN,
    happens="The file itself was not fetched: nobody has looked into what a checkout will put in its place.",
    remedy="Fetch the files before the scan: `git lfs pull`, or `lfs: true` for actions/checkout.",
    atlas=("AML.T0010.003",),
    cwe=("CWE-829",),
    references=("https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md",),
)
# The specification limits a pointer to 1,024 bytes, and says in which order its keys stand.
_MOST = 1024
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[0-9]-[\w.-]+ sha256:[0-9a-f]{64}\n){0,10}"
    rb"oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,20})\n?"
)


def _recognises(content: Content) -> bool:
    return len(content) < _MOST and _POINTER.fullmatch(content.read()) is not None


def _inspect(content: Content, _budget: Budget) -> Iterator[Event]:
    pointer = _POINTER.fullmatch(content.read())
    if pointer is not None:
        digest, size = (part.decode("ascii") for part in pointer.groups())
        yield Found(POINTER, f"a file of {size} bytes is not here: sha256:{digest}")


FORMAT = Format(
    name="git-lfs",
    title="a pointer of Git LFS",
    recognises=_recognises,
    inspect=_inspect,
    rules=(POINTER,),
    stands_in=True,
)
