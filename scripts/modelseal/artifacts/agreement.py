"""Whether the files that are here are those of a signed manifest: every one of them, by name and content.

Stricter than the format. It lets a signature say which files it does not cover (`ignore_paths`, always with `.git`,
`.gitattributes`, `.github` and `.gitignore`), passes over empty files where it cuts files into shards, and gives a
single file no name. Here whatever is on the disk must be covered, unless the one who verifies names it.
"""

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modelseal.artifacts import comparison, hashing, manifest, rehashing, summary, tree
from modelseal.artifacts.manifest import Manifest
from modelseal.artifacts.tree import Tree
from modelseal.report.markdown import visible


@dataclass(frozen=True)
class Agreement:
    """What speaks against the files, and what was not looked at.

    Attributes:
        reasons: One phrase for each thing that does not agree; nothing if all of it does.
        left_out: Names that are here, and that the caller wants to be left out.
    """

    reasons: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where files are compared.

    Attributes:
        current: The current directory.
        temp_dir: A folder for the processes that hash together.
        environ: The environment, for what their interpreter needs of it.
    """

    current: Path
    temp_dir: Path
    environ: Mapping[str, str] = field(repr=False)


def check(
    paths: Sequence[str], signed: Manifest, place: Place, *, ignore: Sequence[str] = (), signature: Path | None = None
) -> Agreement:
    """Compare the files that paths mean with those that were signed.

    Args:
        paths: As for `tree.find`.
        signed: What was signed.
        place: Where.
        ignore: Names, no patterns, of files and folders that may be there without being covered.
        signature: The file that the signature was read from. Where it lies among the files, it need not cover itself.

    Raises:
        InputError: The paths cannot be used, or a file cannot be read.
        ToolError: A worker died.
    """
    current = place.current
    if not signed.is_ours and len(paths) == 1 and (only := current / paths[0]).is_file():
        paths, current = [only.name], only.parent  # a file that was signed alone can be anywhere
    own = _own_name(paths, signature, current)
    patterns = [glob.escape(name) for name in (*ignore, *own)]
    with hashing.Pool(workers=hashing.available_cores(), temp_dir=place.temp_dir, environ=place.environ) as pool:
        found = tree.find(paths, patterns, current, on_files=pool.offer if signed.is_ours else lambda _: None)
        if signed.is_ours:
            digests = pool.digests(found.files)
            expected, present = dict(signed.digests), _by_name(found, digests)
        else:
            expected, present = rehashing.compared(signed, found)
    return Agreement(
        (
            *_nameless(signed, paths, current),
            *_contradictions(signed, found, own),
            *_differences(signed, expected, present),
            *_links(signed, found),
        ),
        tuple(name for name in found.ignored if name not in own),
    )


def _own_name(paths: Sequence[str], signature: Path | None, current: Path) -> tuple[str, ...]:
    """Return the signature's name among the files of the one folder that is verified; nothing if it is elsewhere."""
    if signature is None or len(paths) != 1 or not (current / paths[0]).is_dir():
        return ()
    root, file = os.path.realpath(current / paths[0]), os.path.realpath(current / signature)
    return (file.removeprefix(f"{root}/"),) if file.startswith(f"{root}/") else ()


def _by_name(found: Tree, digests: Sequence[str]) -> dict[str, str]:
    return {file.name: digest for file, digest in zip(found.files, digests, strict=True)}


def _nameless(signed: Manifest, paths: Sequence[str], current: Path) -> list[str]:
    """Refuse to let a folder say what the name of a file is where the signature does not."""
    if signed.name or manifest.ITSELF not in dict(signed.digests) or (current / paths[0]).is_file():
        return []
    return ["the signature is of one file, without its name: give the file itself, not its folder"]


def _contradictions(signed: Manifest, found: Tree, own: Sequence[str]) -> list[str]:
    """Refuse to leave out what was signed: one of both is a mistake, and nobody can tell which."""
    names = {manifest.shard_of(name)[0] if signed.shard_size else name for name, _ in signed.digests}
    left_out = {name for name in found.ignored if name not in own}
    return [
        f"signed, and to be left out: {visible(name)}"
        for name in sorted(names)
        if left_out and any(name == item or name.startswith(f"{item}/") for item in left_out)
    ]


def _differences(signed: Manifest, expected: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    differences = comparison.compare(expected, present)
    reasons = []
    for what, name in summary.described(differences):
        reason = f"{what}: {visible(name)}"
        if what == "added" and any(name == item or name.startswith(f"{item}/") for item in signed.ignored):
            reason += " (the signature says that it does not cover this; name it in `ignore` to accept it unsigned)"
        reasons.append(reason)
    return reasons


def _links(signed: Manifest, found: Tree) -> list[str]:
    if found.has_links and not signed.allow_symlinks:
        return ["a symbolic link stands for one of the files, and there was none when it was signed"]
    return []
