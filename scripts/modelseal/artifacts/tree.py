"""Find the files that a list of paths means. Nothing is left out unasked."""
# Names are bytes here, which pathlib does not take.
# ruff: noqa: PTH100, PTH112, PTH118, PTH119

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelseal.artifacts import patterns
from modelseal.artifacts.search import File, Search, decoded, refuse
from modelseal.errors import ContentError, InputError
from modelseal.report.markdown import visible

__all__ = ["File", "Tree", "find", "name_order"]


@dataclass(frozen=True)
class Tree:
    """What the paths mean.

    Attributes:
        root: The folder that names are relative to: absolute, and without symbolic links.
        one_folder: Whether the paths are this one folder and nothing else.
        own_name: What the user would call it: the last part of the only path, or of the current directory.
        files: At least one, in `name_order`.
        ignored: Names of the files and folders left out because the caller said so, in the same order.
        folders: Every folder that was taken with all its contents; absolute, and without symbolic links.
        has_links: Whether a symbolic link within the tree stands for one of the files.
    """

    root: bytes
    one_folder: bool
    own_name: str
    files: tuple[File, ...]
    ignored: tuple[str, ...]
    folders: frozenset[bytes]
    has_links: bool

    @property
    def total_bytes(self) -> int:
        """Size of all files together."""
        return sum(file.size for file in self.files)


def name_order(name: str) -> str:
    """Return the key that sorts names as OpenSSF Model Signing 1.1.1 does: part by part, not letter by letter."""
    return name.replace("/", "\0")  # below every letter that a part can have


def find(
    paths: Sequence[str],
    ignore: Sequence[str],
    current: Path,
    *,
    on_files: Callable[[Iterable[File]], object] = lambda _: None,
) -> Tree:
    """Expand files, folders and globs to regular files.

    One path that is a folder gives names relative to that folder. Anything else gives names relative to the current
    directory, and must lie within it. A file that is reached twice counts once.

    A symbolic link to a file within the tree is hashed as that file, under the link's own name. A link to a folder is
    refused, also within the tree: tools disagree on whether they follow it, so two of them would see different trees.
    Only a folder that is itself one of the paths may be a link.

    Args:
        paths: Files, folders and globs (see `patterns`). A glob that matches a folder means all that is in it.
        ignore: Globs of names within the tree; what they match is left out, folders with all their contents.
        current: The current directory.
        on_files: Called with files as soon as they are found, for those who can begin with some; not with every file.

    Raises:
        InputError: A path does not exist, lies outside, or cannot be read; a glob matches nothing; a symbolic link
            leaves the tree, leads to a folder or nowhere; there is a device, socket or named pipe; or no file at all.
    """
    for text in (*paths, *ignore):
        if "\0" in text:
            raise InputError(f"{visible(text)} has a NUL character in it.", mend="Remove it.")
    base = os.path.realpath(os.fsencode(current))
    given = [os.path.join(base, os.fsencode(path)) for path in paths]
    one_folder = len(paths) == 1 and not patterns.has_magic(paths[0]) and os.path.isdir(given[0])
    search = Search(
        os.path.realpath(given[0]) if one_folder else base,
        tuple(patterns.parse(decoded(os.fsencode(text))) for text in ignore),
        on_files,
    )
    for text, path in zip(paths, given, strict=True):
        _take(search, path, is_glob=patterns.has_magic(text))
    if not search.files:
        raise ContentError(
            "There is no file.",
            where=", ".join(visible(path) for path in paths),
            mend="Check `paths` and `ignore`: an empty release proves nothing.",
        )
    own_path = os.path.abspath(given[0]) if one_folder else base
    if not one_folder and len(search.files) == 1:
        own_path = next(iter(search.files)).encode("utf-8", "surrogateescape")
    return Tree(
        root=search.root,
        one_folder=one_folder,
        own_name=decoded(os.path.basename(own_path)),
        files=tuple(sorted(search.files.values(), key=lambda file: name_order(file.name))),
        ignored=tuple(sorted(search.ignored, key=name_order)),
        folders=frozenset(search.folders),
        has_links=search.has_links,
    )


def _take(search: Search, path: bytes, *, is_glob: bool) -> None:
    """Add what one path means. If there is a file of the very name of a glob, both are meant: more is never less."""
    exists = _exists(path)
    matched = is_glob and _take_glob(search, path)
    if exists:
        _take_path(search, path)
    elif is_glob and not matched:
        refuse(path, "matches nothing.", "Check the pattern; `**` stands for any number of folders.")
    elif not is_glob:
        refuse(path, "does not exist.", "Check the path; it is relative to the current directory.")


def _exists(path: bytes) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        refuse(path, f"cannot be read: {error.strerror}.", "Make it readable, or leave it out of `paths`.", error)
    return True


def _take_path(search: Search, path: bytes) -> None:
    if os.path.isdir(path):
        search.take_folder(_within(search, path, os.path.realpath(path)))
    else:
        # The folder's own links are resolved, so that one file has one name; a link in the last place keeps its name.
        folder, name = os.path.split(path)
        search.take_file(_within(search, path, os.path.join(os.path.realpath(folder), name)))


def _take_glob(search: Search, path: bytes) -> bool:
    parts = path.split(b"/")
    fixed = next(index for index, part in enumerate(parts) if patterns.has_magic(decoded(part)))
    folder = os.path.realpath(b"/".join(parts[:fixed]) or b"/")
    if not os.path.isdir(folder):
        return False
    return search.take_matching(_within(search, path, folder), patterns.parse(decoded(b"/".join(parts[fixed:]))))


def _within(search: Search, given: bytes, real: bytes) -> bytes:
    if not search.contains(real):
        refuse(
            given,
            "lies outside of the current directory, which names are relative to.",
            "Run in a folder that contains all paths, or give one folder and nothing else.",
        )
    return real
