"""Read YAML by its events alone: no tag is ever resolved, and no alias is ever followed.

The language: https://yaml.org/spec/1.1/; what PyYAML makes of tags:
https://github.com/yaml/pyyaml/blob/6.0.2/lib/yaml/constructor.py
"""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml import events

from modelseal.models.budget import Budget
from modelseal.models.faults import LimitReached, Malformed

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 200
_PLAIN = {"true": True, "True": True, "false": False, "False": False, "null": None, "~": None, "": None}
_MERGE = "<<"


class _Open:
    """A list or mapping that is being read."""

    __slots__ = ("anchor", "key", "size", "value", "waiting")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key = ""
        self.waiting = True
        self.size = 1


class Reading:
    """What was read: values, tags, and what aliases would come to.

    Attributes:
        values: Of the documents; a list or mapping stands in the place of its anchor only.
        tags: Every tag that is written out, with its line.
        repeated: Keys that come twice, with their lines.
        expanded: How many values there would be if every alias were followed.
        whole: Whether it was read to its end.
    """

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.tags: list[tuple[str, int]] = []
        self.repeated: list[tuple[str, int]] = []
        self.expanded = 0
        self.whole = False
        self._open: list[_Open] = []
        self._scalars: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}

    def take(self, event: Any) -> None:
        """Take the next event.

        Raises:
            LimitReached: It is nested too deeply.
        """
        if getattr(event, "tag", None) and event.tag != "!":
            self.tags.append((event.tag, event.start_mark.line + 1))
        if isinstance(event, events.AliasEvent):
            anchor = event.anchor or ""
            self._add(self._scalars.get(anchor), self._sizes.get(anchor, 1), event)
        elif isinstance(event, events.ScalarEvent):
            plain = not event.style and not event.tag
            value = _PLAIN.get(event.value, event.value) if plain else event.value
            if event.anchor:
                self._scalars[event.anchor], self._sizes[event.anchor] = value, 1
            self._add(value, 1, event)
        elif isinstance(event, events.SequenceStartEvent | events.MappingStartEvent):
            if len(self._open) >= _MAX_DEPTH:
                raise LimitReached(f"it is nested more than {_MAX_DEPTH} times")
            self._open.append(_Open([] if isinstance(event, events.SequenceStartEvent) else {}, event.anchor))
        elif isinstance(event, events.SequenceEndEvent | events.MappingEndEvent):
            done = self._open.pop()
            if done.anchor:
                self._scalars.pop(done.anchor, None)
                self._sizes[done.anchor] = done.size
            self._add(done.value, done.size, event)

    def _add(self, value: Any, size: int, event: Any) -> None:
        if not self._open:
            self.values.append(value)
            self.expanded += size
            return
        within = self._open[-1]
        within.size += size
        if isinstance(within.value, list):
            within.value.append(value)
        elif within.waiting:
            within.key = value if isinstance(value, str) else repr(value)[:200]
            within.waiting = False
        else:
            key = within.key
            if key in within.value and key != _MERGE:
                self.repeated.append((key, event.start_mark.line + 1))
            within.value[key] = value
            within.waiting = True


def read(text: str, budget: Budget) -> Iterator[Reading]:
    """Read a stream of documents, and return what was read up to its end or to where it breaks.

    Raises:
        Malformed: It is no YAML; raised after what was read has been returned.
        LimitReached: It is too large or nested too deeply.
    """
    reading = Reading()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            budget.steps(1)
            reading.take(event)
    except yaml.YAMLError as error:
        yield reading
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise Malformed(f"it is YAML that cannot be read{where}") from error
    reading.whole = True
    yield reading
