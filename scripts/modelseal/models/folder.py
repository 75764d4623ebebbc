"""Look at the files of a model together: what one of them names, and what another one then is."""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from modelseal.models import folders
from modelseal.models.event import Found, Requires
from modelseal.models.rule import Rule
from modelseal.models.walking import Placed, Report


@dataclass(frozen=True, slots=True)
class Told:
    """Something that is known of a file because of others.

    Attributes:
        name: Of the file, relative to the folder.
        found: What is found in it.
        requires: What loading it would run or fetch.
        settles: A rule of which findings in the file, not in its members, are explained by others, and end.
    """

    name: str
    found: Found | None = None
    requires: Requires | None = None
    settles: Rule | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look for in several files. A module in `folders` declares it as `CHECK`, and nothing else knows it.

    Attributes:
        name: Lower case, with hyphens.
        look: Looks at what is known of every file, by its name relative to the folder, with `/` between folders.
        rules: All that it may report.
    """

    name: str
    look: Callable[[Mapping[str, Report]], Iterable[Told]]
    rules: tuple[Rule, ...]


@functools.cache
def known() -> tuple[Check, ...]:
    """Return every check there is, by name."""
    modules = sorted(info.name for info in pkgutil.iter_modules(folders.__path__))
    return tuple(importlib.import_module(f"{folders.__name__}.{name}").CHECK for name in modules)


def together(files: Mapping[str, Report]) -> dict[str, Report]:
    """Return the reports of files, by their names, with what is only known of them together."""
    told: dict[str, list[Told]] = {}
    for check in known():
        for item in check.look(files):
            told.setdefault(item.name, []).append(item)
    return {name: _with(report, told.get(name, ())) for name, report in files.items()}


def _with(report: Report, told: Iterable[Told]) -> Report:
    items = tuple(told)
    settled = {item.settles for item in items if item.settles is not None}
    kept = [placed for placed in report.findings if placed.members or placed.found.rule not in settled]
    own = report.formats[0] if report.formats else ""
    found = [Placed(item.found, (), own) for item in items if item.found is not None]
    requires = [(item.requires, ()) for item in items if item.requires is not None]
    return replace(
        report,
        findings=tuple(dict.fromkeys([*kept, *found])),
        requires=tuple(dict.fromkeys([*report.requires, *requires])),
    )
