"""Scan every model file of the corpus, and write down as JSON what the interpreter reports of it to audit hooks.

Of each event, its name and first argument: https://docs.python.org/3/library/audit_events.html.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from assets.models import case  # noqa: E402
from modelseal.models import format as formats  # noqa: E402
from modelseal.models import walking  # noqa: E402
from modelseal.models.budget import Budget  # noqa: E402
from modelseal.models.content import Content  # noqa: E402

watching = False
events: dict[str, None] = {}


def note(event: str, arguments: tuple[object, ...]) -> None:
    """Remember an event."""
    if watching:
        events[f"{event} {str(arguments[0])[:200] if arguments else ''}"] = None


def scanned(cases: tuple[case.Case, ...]) -> list[str]:
    """Scan all, and return the events meanwhile."""
    global watching  # noqa: PLW0603 # the hook cannot be taken away again
    events.clear()
    watching = True
    for item in cases:
        for name, content in item.files.items():
            walking.inspect(Content(content), name, Budget(traces=True))
    watching = False
    return list(events)


if __name__ == "__main__":
    every = tuple(case.every())
    formats.known()
    sys.addaudithook(note)
    # Some modules and tables are only read when they are first needed: the second time there is nothing left to read.
    print(json.dumps([scanned(every), scanned(every)]))  # noqa: T201 # what it is for
