"""What the files of frameworks refer to, and how: one table a framework, made by `tests/assets/model-globals`.

docs/model-globals.md says what the tables rest on. A table is read when its framework is first named.
"""

import functools
from dataclasses import dataclass
from importlib import resources
from typing import Final

from modelseal.models.pickles.technique import Technique

_TABLES: Final = resources.files(__package__) / "tables"
_RESERVED: Final = "dangerous.txt"
_STANDARD: Final = "python.txt"


@dataclass(frozen=True, slots=True)
class Use:
    """How a global may be used. It may be imported and passed on as a value in any case.

    Attributes:
        instance: Objects of it may be made by `__new__`, with any arguments, and be given state.
        state: The state must be such that this check accepts it (see `arguments`); empty when it may be any.
        call: It may be called with arguments that this check accepts (see `arguments`); empty when it may not.
        members: It is an enumeration, whose members may be taken by their names.
        shared: What the call gives is not the caller's own: it may not be given state.
    """

    instance: bool = False
    state: str = ""
    call: str = ""
    members: bool = False
    shared: bool = False


# Classes of a TorchScript archive, whose code lies in it. Python can import no module of this name.
_ARCHIVED: Final = "__torch__"
# Cython makes one for each of its classes. It makes an object of that class alone, and gives its state to it.
_COMPILED: Final = "__pyx_unpickle_"


@functools.lru_cache(maxsize=4096)
def use(module: str, name: str) -> Use | None:
    """Return how a global may be used; None when it is not known.

    Args:
        module: Where it is imported from.
        name: What is imported; dots lead through attributes.
    """
    if module.partition(".")[0] == _ARCHIVED:
        return Use(instance=True)
    found = _names(module).get(name)
    if (
        found is None
        and name.startswith(_COMPILED)
        and "." not in name
        and f"{module.partition('.')[0]}.txt" in _files()
    ):
        return Use(call="any")
    return found if isinstance(found, Use) else None


def acts(module: str, name: str) -> Technique | None:
    """Return what a function of a framework comes to, which its source shows; None when nothing is known of it."""
    found = _names(module).get(name)
    return found if isinstance(found, Technique) else None


@functools.lru_cache(maxsize=256)
def _names(module: str) -> dict[str, Use | Technique]:
    known: dict[str, Use | Technique] = {}
    for line in _lines(module.partition(".")[0]).get(module, ()):
        kind, *names = line.split(" ")
        if kind == "!":
            known.update(dict.fromkeys(names[1:], Technique(names[0])))
            continue
        for entry in names:
            name, _, check = entry.partition("=")
            known[name] = _joined(known.get(name), kind, check)
    return known


def _joined(earlier: Use | Technique | None, kind: str, check: str) -> Use:
    if not isinstance(earlier, Use):
        earlier = Use()
    return Use(
        instance=earlier.instance or kind in "io",
        state=earlier.state or (check if kind == "i" else ""),
        call=earlier.call or (check or "any" if kind in "coes" else ""),
        members=earlier.members or kind == "e",
        shared=earlier.shared or kind == "s",
    )


@functools.lru_cache(maxsize=64)
def _lines(package: str) -> dict[str, list[str]]:
    """Read a package's table: for each module lines that begin with a kind, and names after it.

    The kinds: `v`alue, `i`nstance, `c`all, `o`bject (both), `e`numeration, `s`hared (a
    call that gives what is not the caller's own), and `!` with a technique for what comes to something dangerous.
    """
    lines: dict[str, list[str]] = {}
    name = f"{package}.txt" if f"{package}.txt" in _files() else _STANDARD
    if name:
        for line in (_TABLES / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                module, _, rest = line.partition(" ")
                lines.setdefault(module, []).append(rest)
    return lines


@functools.cache
def _files() -> frozenset[str]:
    return frozenset(item.name for item in _TABLES.iterdir()) - {_RESERVED}
