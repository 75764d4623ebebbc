"""What the first versions of PyTorch wrote, and all still read: a tar archive of pickles with numbers between them.

https://github.com/pytorch/pytorch/blob/v2.9.0/torch/serialization.py (`legacy_load`)
"""

import posixpath
import struct
from collections.abc import Generator, Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.pickles import rules
from modelseal.models.pickles.legacy_torch import STORAGES
from modelseal.models.pickles.storages import element_size
from modelseal.models.pickles.stream import Findings, Stream
from modelseal.models.pickles.trace import Value
from modelseal.models.tars import archive as archives
from modelseal.models.tars.archive import Entry
from modelseal.models.tars.inspection import inspect

_BETWEEN = frozenset({"storages", "tensors"})
_PARTS = _BETWEEN | {"pickle"}
_COUNT = struct.Struct("<q")
_DIMENSIONS = struct.Struct("<i4x")  # eight bytes, of which PyTorch reads four
_MOST_DIMENSIONS = 64
_FIELDS = 3


def _recognises(content: Content) -> bool:
    archive = archives.of(content)
    return archive is not None and {_part(entry.name) for entry in archive.entries} >= _PARTS


def _part(name: str) -> str:
    return posixpath.normpath(name)


def _known(name: str) -> str | None:
    if _part(name) in _BETWEEN:
        return None
    return "pickle" if _part(name) in {"pickle", "sys_info"} else ""


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    yield from inspect(content, budget, _known)
    archive = archives.of(content)
    for entry in archive.entries if archive is not None else ():
        if _part(entry.name) in _BETWEEN:
            yield from _Between(content, entry, budget).events()


class _Between:
    """A member of pickles with numbers after each but the first, which counts the others."""

    def __init__(self, content: Content, entry: Entry, budget: Budget) -> None:
        self._content = content.part(0, entry.data + entry.size)
        self._name = _part(entry.name)
        self._budget = budget
        self._findings = Findings()
        self._position = entry.data

    def events(self) -> Iterator[Event]:
        """Tell what the pickles do, and what follows the last of them.

        Raises:
            Malformed: It is not as PyTorch wrote it.
            LimitReached: It takes more than a file may.
        """
        count = yield from self._pickle()
        if type(count) is not int or count < 0:
            raise Malformed(f"it does not count its {self._name}", self._position)
        for _ in range(count):
            described = yield from self._pickle()
            if type(described) is not tuple or len(described) != _FIELDS:
                raise Malformed(f"it does not describe its {self._name}", self._position)
            self._position += self._storage(described[2]) if self._name == "storages" else self._tensor()
            if self._position > len(self._content):
                raise Malformed(f"it ends before its {self._name} do", len(self._content))
        if self._name == "storages":
            yield from self._pickle()  # which storages are parts of others
        if self._position < len(self._content):
            what = f"{len(self._content) - self._position} bytes follow its {self._name}"
            yield Found(STORAGES, what, self._position, repr(self._content.read(self._position, 64)))

    def _pickle(self) -> Generator[Event, None, Value]:
        self._budget.steps(1)
        stream = Stream(self._content, self._position, self._budget, self._findings)
        yield from stream.events()
        if not stream.whole:
            raise Malformed(f"it has a broken pickle among its {self._name}", stream.end)
        self._position = stream.end
        return stream.result

    def _storage(self, kind: Value) -> int:
        size = element_size(kind)
        elements = self._content.unpack(_COUNT, self._position)[0]
        if size is None or elements < 0:
            raise Malformed("it has a storage of a size that is not known", self._position)
        return int(_COUNT.size + elements * size)

    def _tensor(self) -> int:
        dimensions = self._content.unpack(_DIMENSIONS, self._position)[0]
        if not 0 <= dimensions <= _MOST_DIMENSIONS:
            raise Malformed("it has a tensor of too many dimensions", self._position)
        return int(_DIMENSIONS.size + (2 * dimensions + 1) * _COUNT.size)


FORMAT = Format(
    name="pytorch-tar",
    title="a PyTorch file of its first versions",
    recognises=_recognises,
    inspect=_inspect,
    rules=(*rules.RULES, STORAGES),
    refines=("tar",),
)
