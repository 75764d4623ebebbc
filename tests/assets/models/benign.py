"""Files that frameworks have written, by the scripts in `benign/frameworks/make`: nothing may be found in any of them.

Those in `benign/frameworks/own` hold classes of somebody's own, which a scan cannot know.
"""

from collections.abc import Iterator
from pathlib import Path

from assets.models.case import Case, one

FOLDER = Path(__file__).parent / "benign" / "frameworks"
MADE_BY = "make"
OWN = "own"


def cases() -> Iterator[Case]:
    """Read them, by the framework and its version."""
    for path in sorted(FOLDER.glob("*/*")):
        folder = path.parent.name
        if folder == OWN:
            yield one(f"own/{path.name}", "unknown", path.read_bytes(), "a class of one's own", file=path.name)
        elif folder != MADE_BY:
            yield one(
                f"benign/{folder}/{path.name}", "benign", path.read_bytes(), f"written by {folder}", file=path.name
            )
