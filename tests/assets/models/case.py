"""Model files with what a scan must say of them. A module beside this one has a function `cases()` that makes some.

Payloads are harmless, and no case is ever loaded.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Expected = Literal["malicious", "benign", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file, or a folder of files.

    Attributes:
        name: Tells it apart from all others: `pickle/os-system-protocol-0`.
        expected: `malicious`: a finding of severity CRITICAL, HIGH or MEDIUM. `unknown`: none of those, but one of
            UNKNOWN severity. `benign`: neither.
        files: Their bytes by their names, in which slashes are folders.
        why: What an attack does, or where a benign file comes from; one line.
        rules: Ids of rules that must be among those that are reported.
    """

    name: str
    expected: Expected
    files: Mapping[str, bytes] = field(repr=False)
    why: str
    rules: frozenset[str] = frozenset()


def one(name: str, expected: Expected, content: bytes, why: str, *rules: str, file: str = "model.bin") -> Case:
    """Make a case of one file."""
    return Case(name=name, expected=expected, files={file: content}, why=why, rules=frozenset(rules))


def every() -> Iterator[Case]:
    """Make every case there is, of every module in this folder but those that are run by hand, with frameworks."""
    for info in sorted(pkgutil.iter_modules([str(Path(__file__).parent)]), key=lambda info: info.name):
        if info.name.startswith("make_"):
            continue
        module = importlib.import_module(f"assets.models.{info.name}")
        made: Iterable[Case] = module.cases() if hasattr(module, "cases") else ()
        yield from made
