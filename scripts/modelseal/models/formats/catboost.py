"""CatBoost models: `.cbm`.

https://github.com/catboost/catboost/blob/master/catboost/libs/model/flatbuffers/model.fbs
"""

import re
import struct
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import Malformed
from modelseal.models.flatbuffers import Table
from modelseal.models.format import Format
from modelseal.models.rule import Rule

_MAGIC = b"CBM1"
_SIZE = struct.Struct("<I")
_CORE = 8
_PARTS = re.compile(r"(static_provider|text_process|embedding_process|emb_process|embed_process)_v\d\0*")
_REMEDY = "Do not use the file. Save the model anew: `CatBoost().load_model('OLD').save_model('NEW', format='json')`."

TRAILING = Rule(
    id="catboost-trailing",
    title="Bytes in a CatBoost file that belong to no part of the model",
    severity=Severity.HIGH,
    happens="CatBoost does not read them; they are there for something else: an archive, a pickle, a program.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-912",),
)
METADATA = Rule(
    id="catboost-metadata-code",
    title="CatBoost metadata that are a program or a serialised object",
    severity=Severity.HIGH,
    happens="CatBoost runs no metadata; a program that evaluates or unpickles them would run this.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502", "CWE-94"),
)


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    (size,) = content.unpack(_SIZE, 4)
    if _CORE + size > len(content):
        raise Malformed(f"it ends within {size:,} bytes of its trees", _CORE)
    core = Table.root(content.part(_CORE, size), budget)
    for entry in core.tables(2):
        yield from carried.judged(entry.text(0), entry.text(1), METADATA, budget, _CORE + entry.at)
    parts = list(core.texts(3))
    end = _CORE + size
    for name in parts:
        if not _PARTS.fullmatch(name):
            what = f"it has the part {short(name)}, which CatBoost does not have"
            yield Found(TRAILING, what, end, subject=name[:200], severity=Severity.UNKNOWN)
    if not parts and end < len(content):
        yield Found(TRAILING, f"{len(content) - end:,} bytes follow its trees", end, repr(content.read(end, 48)))
        yield Member("bytes behind the model", content.part(end))


FORMAT = Format(
    name="catboost",
    title="CatBoost",
    recognises=lambda content: content.read(0, 4) == _MAGIC,
    inspect=_inspect,
    rules=(TRAILING, METADATA, *carried.TEMPLATE_RULES),
    extensions=(".cbm",),
    data=True,
)
