"""What a person reads about a tree: in the job summary, in Markdown."""

import heapq
import shlex
import unicodedata
from collections.abc import Sequence

from modelseal.artifacts.comparison import Differences
from modelseal.artifacts.search import File
from modelseal.report.markdown import code, table

_LARGEST = 10
_LISTED = 500
_STEP = 1000
# What `model_signing` leaves out of a folder unless it is told otherwise.
_GIT_NAMES = frozenset({".git", ".gitattributes", ".github", ".gitignore"})


def size(count: int) -> str:
    """Show a number of bytes with a unit, in powers of 1000."""
    if count < _STEP:
        return f"{count} byte" if count == 1 else f"{count} bytes"
    amount = float(count)
    for unit in ("kB", "MB", "GB"):
        amount /= _STEP
        if round(amount, 1) < _STEP:
            return f"{amount:.1f} {unit}"
    return f"{amount / _STEP:.1f} TB"


def quantity(count: int, noun: str) -> str:
    """Show a number of things."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def largest(files: Sequence[File], digests: Sequence[str]) -> str:
    """List the largest files with their sizes and digests."""
    ranked = heapq.nlargest(_LARGEST, zip(files, digests, strict=True), key=lambda item: item[0].size)
    rows = [(code(file.name), size(file.size), code(digest)) for file, digest in ranked]
    rest = len(files) - len(rows)
    more = f"\nand {quantity(rest, 'smaller file')}.\n" if rest else ""
    return table(("File", "Size", "SHA-256"), rows) + more


def differences(found: Differences) -> str:
    """List every difference, up to a number that job summaries can hold."""
    rows = [(kind, code(name)) for kind, name in described(found)]
    rest = len(rows) - _LISTED
    more = f"\nand {quantity(rest, 'more difference')}, all of them in the log.\n" if rest > 0 else ""
    return table(("What", "File"), rows[:_LISTED]) + more


def described(found: Differences) -> list[tuple[str, str]]:
    """Return each difference as what happened and to which file."""
    return [
        *(("changed", name) for name in found.changed),
        *(("missing", name) for name in found.missing),
        *(("added", name) for name in found.added),
        *(("renamed", _renamed(old, new)) for old, new in found.renamed),
    ]


def _renamed(old: str, new: str) -> str:
    """Show two names; where they may look the same, each with its characters' numbers too."""
    folded = [unicodedata.normalize("NFKC", name).strip() for name in (old, new)]
    alike = folded[0] == folded[1] or old.isascii() != new.isascii()
    return f"{old} → {new} ({old!a} → {new!a})" if alike else f"{old} → {new}"


def ignored(names: Sequence[str]) -> str:
    """Say what was left out."""
    listed = ", ".join(code(name) for name in names[:_LISTED])
    more = f" and {quantity(len(names) - _LISTED, 'other')}" if len(names) > _LISTED else ""
    return f"Left out, because `ignore` says so ({len(names):,}): {listed}{more}.\n"


def how_to_check(folder: str | None, checksums: str) -> str:
    """Give the command that checks the files again.

    Args:
        folder: Where to run it; None for the current directory.
        checksums: The path of `SHA256SUMS`.
    """
    change = "" if folder is None else f"cd {shlex.quote(folder)} && "
    return f"Check the files again with {code(f'{change}sha256sum -c {shlex.quote(checksums)}')}.\n"


def git_note(files: Sequence[File]) -> str:
    """Warn of files that `model_signing` would not look for; empty where there are none."""
    hidden = (file.name for file in files if file.name.startswith(".git"))
    found = sorted({part for name in hidden if (part := name.partition("/")[0]) in _GIT_NAMES})
    if not found:
        return ""
    return (
        f"{', '.join(map(code, found))} counts as part of the tree, like everything else. `model_signing verify` looks "
        "for it only with `--no-ignore-git-paths`; `ignore` leaves it out.\n"
    )
