"""XGBoost models as versions before 3 wrote them: the learner's memory, with or without `binf` before it.

https://github.com/dmlc/xgboost/blob/v1.7.6/src/learner.cc (LearnerModelParamLegacy) and src/tree/tree_model.cc
"""

import re
import struct
from collections.abc import Iterator

from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.xgboost import rules

_MAGIC = b"binf"
_LEARNER = struct.Struct("<fIiii116x")
_COUNT = struct.Struct("<Q")
_TREES = struct.Struct("<i156x")
_TREE = struct.Struct("<ii8xii124x")
_LINEAR = 136
_NODE = 20 + 16  # a node, and its statistics
_NAMES = re.compile(rb"(?s)[\x01-\x40]\0{7}[a-z]+:[a-z0-9:_-]+[\x01-\x10]\0{7}(gbtree|gblinear|dart)")
_LONGEST = 1 << 26


class _Cursor:
    """Where reading has got to."""

    def __init__(self, content: Content, budget: Budget) -> None:
        self._content = content
        self._budget = budget
        self.at = len(_MAGIC) if content.read(0, len(_MAGIC)) == _MAGIC else 0

    def take(self, layout: struct.Struct) -> tuple[int, ...]:
        self._budget.steps(1)
        values = self._content.unpack(layout, self.at)
        self.at += layout.size
        return values

    def skip(self, size: int) -> None:
        if size < 0 or size > len(self._content) - self.at:
            raise Malformed(f"it ends within {size:,} bytes", self.at)
        self.at += size

    def text(self) -> str:
        (size,) = self.take(_COUNT)
        start = self.at
        self.skip(size)
        return self._content.read(start, min(size, _LONGEST)).decode("utf-8", "backslashreplace")


def _recognises(content: Content) -> bool:
    start = len(_MAGIC) if content.read(0, len(_MAGIC)) == _MAGIC else 0
    return _NAMES.match(content.read(start + _LEARNER.size, 128)) is not None


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    cursor = _Cursor(content, budget)
    _, _, _, has_attributes, has_metrics = cursor.take(_LEARNER)
    objective, booster = cursor.text(), cursor.text()
    _booster(cursor, booster)
    if has_attributes:
        for _ in range(cursor.take(_COUNT)[0]):
            name = cursor.text()
            yield from carried.judged(name[:200], cursor.text(), rules.METADATA, budget, cursor.at)
    if objective == "count:poisson":
        cursor.text()
    if has_metrics:
        for _ in range(cursor.take(_COUNT)[0]):
            cursor.text()
    if cursor.at < len(content):
        what = f"{len(content) - cursor.at:,} bytes follow the model"
        yield Found(rules.TRAILING, what, cursor.at, repr(content.read(cursor.at, 48)))
        yield Member("bytes behind the model", content.part(cursor.at))


def _booster(cursor: _Cursor, kind: str) -> None:
    if kind == "gblinear":
        cursor.skip(_LINEAR)
        cursor.skip(cursor.take(_COUNT)[0] * 4)
        return
    (trees,) = cursor.take(_TREES)
    for _ in range(trees):
        _, nodes, _, leaf_size = cursor.take(_TREE)
        cursor.skip(nodes * _NODE)
        if leaf_size:
            cursor.skip(cursor.take(_COUNT)[0] * 4)
    cursor.skip(trees * 4)
    if kind == "dart":
        cursor.skip(cursor.take(_COUNT)[0] * 4)


FORMAT = Format(
    name="xgboost-binary",
    title="XGBoost in its old binary format",
    recognises=_recognises,
    inspect=_inspect,
    rules=(*rules.RULES, *carried.TEMPLATE_RULES),
    data=True,
)
