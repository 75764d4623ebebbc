"""What a format is to the scanner: how its bytes are recognised, and who reads them."""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from modelseal.models import formats
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format. A module in `formats` declares it as `FORMAT`, and nothing else needs to know of it.

    Attributes:
        name: Lower case, with hyphens, as policies name it: `safetensors`.
        title: As people call it.
        recognises: Whether bytes are of it, by the bytes alone and without raising; it is asked for every content, so
            it looks at few bytes.
        inspect: Reads it, and tells what is in it. It may raise `Malformed` or `LimitReached`: what it has told until
            then counts, and the rest is reported as unread.
        rules: All that it may report.
        extensions: Endings of names that promise this format, or another one that has them too: `.safetensors`.
        refines: Names of formats that its bytes are of, too, and that need not be looked into then: `zip` for `keras`.
        data: Whether it can only hold data: nothing that a loader would run or follow.
        last: Whether it is asked only where no other format recognises the bytes, as most things can be read as text.
        stands_in: Whether it stands in for a file of any other format, so that no name contradicts it.
    """

    name: str
    title: str
    recognises: Callable[[Content], bool]
    inspect: Callable[[Content, Budget], Iterable[Event]]
    rules: tuple[Rule, ...] = ()
    extensions: tuple[str, ...] = ()
    refines: tuple[str, ...] = ()
    data: bool = False
    last: bool = False
    stands_in: bool = False


@functools.cache
def known() -> tuple[Format, ...]:
    """Return every format there is, by name."""
    modules = sorted(info.name for info in pkgutil.iter_modules(formats.__path__))
    found: list[Format] = [importlib.import_module(f"{formats.__name__}.{name}").FORMAT for name in modules]
    return tuple(sorted(found, key=lambda item: item.name))


def recognised(content: Content) -> tuple[Format, ...]:
    """Return the formats that content is of, by its bytes: none, one, or several where it is ambiguous."""
    matching = [item for item in known() if not item.last and item.recognises(content)]
    matching = matching or otherwise(content)
    refined = {name for item in matching for name in item.refines}
    return tuple(item for item in matching if item.name not in refined)


def otherwise(content: Content) -> list[Format]:
    """Return the formats that are asked last which content is of, whatever else it may be."""
    return [item for item in known() if item.last and item.recognises(content)]
