"""What `torch.package` writes: pickles with the Python code that they need.

https://docs.pytorch.org/docs/stable/package.html
"""

import re
from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Fetches, Member, Requires
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.torch_zips import records
from modelseal.models.zips import archive as archives
from modelseal.models.zips import inspection

_MARK = ".data/extern_modules"
_STORAGE = re.compile(r"\.data/[^/]+\.storage")
_CODE = re.compile(r"(?!\.data/).*\.py", re.DOTALL)
_MODULES = re.compile(rb"(?:[\w.]{1,200}(?:\n|$))*")


def _recognises(content: Content) -> bool:
    found = records.of(archives.of(content))
    return found is not None and _MARK in found.by_name


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    found = records.of(archives.of(content))
    if found is None:
        raise Malformed("it is no archive of PyTorch")
    yield from records.about_case(found, (_MARK, ".data/version"))

    def known(name: str) -> str | None:
        return None if found.plain(name) or _STORAGE.fullmatch(name.removeprefix(found.folder)) else ""

    for event in inspection.inspect(content, budget, known):
        if isinstance(event, Member):
            short = event.name.removeprefix(found.folder)
            if _CODE.fullmatch(short):
                yield Requires(Fetches.CODE, short)
            elif short == _MARK and _MODULES.fullmatch(event.content.read()):
                continue
        yield event


FORMAT = Format(
    name="torch-package",
    title="a package of PyTorch",
    recognises=_recognises,
    inspect=_inspect,
    refines=("zip", "pytorch-zip"),
)
