"""What judges the objects of documents: one judge for each kind of loader that follows them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modelseal.models.budget import Budget
from modelseal.models.event import Event
from modelseal.models.rule import Rule


@dataclass(frozen=True, slots=True)
class Judge:
    """One kind of loader.

    Attributes:
        judge: Tells what it would do with an object of a document, the objects in it apart.
        rules: All that it may report.
        keys: An object has at least one of them if it is any of this loader's business; empty where any object may be.
    """

    judge: Callable[[Mapping[str, Any], Budget], Iterator[Event]]
    rules: tuple[Rule, ...]
    keys: frozenset[str] = frozenset()
