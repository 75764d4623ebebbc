"""Modules in TorchScript: `torch.jit.save` writes their code beside their tensors."""

import re
from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.torch_zips import records, scripts
from modelseal.models.torch_zips.loading import loaded
from modelseal.models.torch_zips.records import Records
from modelseal.models.zips import archive as archives
from modelseal.models.zips import inspection

_MARK = "constants.pkl"
_PICKLES = {"data.pkl": "data/", _MARK: "constants/", "attributes.pkl": "attributes/"}
_STEP = 100
_CODE = re.compile(r"code/.*\.py", re.DOTALL)


def _recognises(content: Content) -> bool:
    found = records.of(archives.of(content))
    return found is not None and _MARK in found.by_name


def _is_code(name: str) -> bool:
    return _CODE.fullmatch(name) is not None


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    found = records.of(archives.of(content))
    if found is None:
        raise Malformed("it is no archive of PyTorch")
    yield from records.about_case(found, (*sorted(_PICKLES), "version", "byteorder"))
    yield from _judged(found, budget)
    yield from loaded(found, budget, _PICKLES, _is_code)


def _judged(found: Records, budget: Budget) -> Iterator[Event]:
    for entry in inspection.every(found.archive):
        if not _is_code(found.name(entry)):
            continue
        for event in inspection.member(found.archive, entry, budget):
            if isinstance(event, Member):
                yield from _code(event, budget)
            else:
                yield event


def _code(record: Member, budget: Budget) -> Iterator[Event]:
    source = record.content.read()
    budget.steps(len(source) // _STEP)
    try:
        text = source.decode()
    except UnicodeDecodeError:
        yield Found(scripts.FOREIGN, f"{record.name!r} is no text", subject=record.name)
        return
    yield from scripts.judged(record.name, text)


FORMAT = Format(
    name="torchscript",
    title="a TorchScript module",
    recognises=_recognises,
    inspect=_inspect,
    rules=scripts.RULES,
    refines=("zip", "pytorch-zip"),
)
