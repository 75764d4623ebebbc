"""PaddlePaddle programs: `.pdmodel` and `__model__`.

https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/framework.proto
"""

import re
from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.gate.strict_json import short
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.protobuf import BYTES, VARINT, Message, begins_as
from modelseal.models.rule import Rule

_BLOCKS, _OPERATORS, _TYPE = 1, 4, 3
_PROGRAM = {_BLOCKS: BYTES, 4: BYTES, 5: BYTES}
_BLOCK = {1: VARINT, 2: VARINT, 3: BYTES, _OPERATORS: BYTES, 5: VARINT}
_PYTHON = re.compile(r"py_func|py_layer|.*python.*")
_FILES = re.compile(r"(load|save)(_combine)?|read_file|sparse_tensor_(load|save)|create_\w*_reader|read|open_files")
_NETWORK = re.compile(r"send|recv|send_v2_rpc|(heter_)?listen_and_serv|prefetch|checkpoint_notify|brpc_\w+")
_REMEDY = "Do not load the model. Export it anew from its source: `paddle.jit.save(layer, 'NEW')`."

OPERATOR = Rule(
    id="paddle-operator",
    title="A PaddlePaddle operator that does more than compute",
    severity=Severity.HIGH,
    happens="Running the model calls Python, reads or writes files, or speaks to other machines, with the rights of "
    "the program.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-94", "CWE-73", "CWE-829"),
    references=("https://github.com/PaddlePaddle/Paddle/blob/develop/SECURITY.md",),
)


def _recognises(content: Content) -> bool:
    """A block begins with its number and its parent's."""
    if content.read(0, 1) != b"\x0a" or not begins_as(content, _PROGRAM, {_BLOCKS}):
        return False
    try:
        for block in Message.whole(content, Budget()).messages(_BLOCKS):
            wires = [(field.number, field.wire) for field in block.fields()]
            return wires[:2] == [(1, VARINT), (2, VARINT)] and all(_BLOCK.get(key) == wire for key, wire in wires)
    except Malformed:
        return False
    return False


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    told: set[str] = set()
    whole = Message.whole(content, budget)
    for block in whole.messages(_BLOCKS):
        for operator in block.messages(_OPERATORS):
            for name in operator.texts(_TYPE):
                does = _does(name)
                if does and name not in told:
                    told.add(name)
                    yield Found(OPERATOR, f"{short(name)} {does}", operator.start, subject=name[:200])
        block.require(_BLOCK)
    whole.require(_PROGRAM)


def _does(name: str) -> str:
    if _PYTHON.fullmatch(name):
        return "calls Python"
    if _FILES.fullmatch(name):
        return "reads or writes files"
    return "speaks to other machines" if _NETWORK.fullmatch(name) else ""


FORMAT = Format(
    name="paddle",
    title="a PaddlePaddle program",
    recognises=_recognises,
    inspect=_inspect,
    rules=(OPERATOR,),
    extensions=(".pdmodel",),
)
