"""Compare what a tree was with what it is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Differences:
    """What has become of the files, by name, each list sorted.

    Attributes:
        changed: The name is still there, the content is another.
        missing: The name is gone, and so is the content.
        added: The name is new, and so is the content.
        renamed: Earlier and present name of the same content.
    """

    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.changed) + len(self.missing) + len(self.added) + len(self.renamed)


def compare(earlier: Mapping[str, str], present: Mapping[str, str]) -> Differences:
    """Tell changed, missing, added and renamed files apart.

    Where several files with the same content have gone and come, the names are paired in sorted order; what is left
    over is missing or added.

    Args:
        earlier: Digests by name, as they were.
        present: Digests by name, as they are.
    """
    gone = _by_digest(earlier, earlier.keys() - present.keys())
    come = _by_digest(present, present.keys() - earlier.keys())
    renamed = [pair for digest in gone.keys() & come.keys() for pair in zip(gone[digest], come[digest], strict=False)]
    left = {old for old, _ in renamed}
    arrived = {new for _, new in renamed}
    return Differences(
        changed=tuple(sorted(name for name in earlier.keys() & present.keys() if earlier[name] != present[name])),
        missing=tuple(sorted(earlier.keys() - present.keys() - left)),
        added=tuple(sorted(present.keys() - earlier.keys() - arrived)),
        renamed=tuple(sorted(renamed)),
    )


def _by_digest(digests: Mapping[str, str], names: Iterable[str]) -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        found[digests[name]].append(name)
    return found
