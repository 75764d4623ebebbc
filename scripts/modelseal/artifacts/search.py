"""Look through folders for regular files, and refuse what cannot be hashed."""
# Names are bytes here, which pathlib does not take.
# ruff: noqa: PTH116, PTH118

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from modelseal.artifacts.patterns import Pattern, State
from modelseal.errors import ContentError, InputError
from modelseal.report.markdown import visible

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
# The one glob that takes a folder with all its contents.
_EVERYTHING = Pattern((None,))


class File(NamedTuple):
    """One file to hash; a tuple because there can be very many of them.

    Attributes:
        name: Its name within the tree, with slashes; bytes that are not UTF-8 as surrogate escapes.
        path: Where to read it: absolute, and without symbolic links.
        size: In bytes, when it was found.
        modified: When it was last written to, when it was found; nanoseconds since 1970.
    """

    name: str
    path: bytes
    size: int
    modified: int


def decoded(path: bytes) -> str:
    """Turn a path's bytes into text in the one way that does not depend on the locale."""
    return path.decode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class _Visit:
    """A folder that is still to be listed, and how far the patterns have got on the way to it."""

    folder: bytes
    wanted: Pattern
    reached: State
    ignoring: tuple[State, ...]


class Search:
    """Collects files below one root folder.

    Attributes:
        root: Absolute, and without symbolic links.
        files: What was found, by name.
        ignored: Names of what was left out because the caller said so.
        folders: Folders that were taken with all their contents.
        has_links: Whether a symbolic link stands for one of the files.

    Args:
        root: As above.
        ignore: Patterns of names to leave out.
        on_files: Called with what a folder contained, as soon as it is known; not with every file that is found.
    """

    def __init__(
        self, root: bytes, ignore: tuple[Pattern, ...], on_files: Callable[[Iterable[File]], object] = lambda _: None
    ) -> None:
        self.root = root
        self.files: dict[str, File] = {}
        self.ignored: set[str] = set()
        self.folders: set[bytes] = set()
        self.has_links = False
        self._ignore = ignore
        self._on_files = on_files

    def take_folder(self, folder: bytes) -> None:
        """Add all that is in a folder, which is the root or lies below it."""
        self._walk(folder, _EVERYTHING)

    def take_file(self, path: bytes) -> None:
        """Add a file, or a link to one, whose folder is the root or lies below it."""
        if self._ignoring(path) is not None:
            self._take_entry(path, self._name(path))

    def take_matching(self, folder: bytes, wanted: Pattern) -> bool:
        """Add what matches below a folder; a folder that matches means all that is in it.

        Returns:
            Whether anything matched, be it new, known already or ignored.
        """
        return self._walk(folder, wanted)

    def contains(self, path: bytes) -> bool:
        """Whether a path without symbolic links is the root or lies below it."""
        return path == self.root or path.startswith(self._root_slash)

    @property
    def _root_slash(self) -> bytes:
        return self.root if self.root.endswith(b"/") else self.root + b"/"

    def _name(self, path: bytes) -> str:
        return decoded(path[len(self._root_slash) :])

    def _ignoring(self, path: bytes) -> tuple[State, ...] | None:
        """Return how far the ignore patterns have got at this path; None, and a note, where one of them matches."""
        states = tuple(pattern.start for pattern in self._ignore)
        seen = b""
        below = path[len(self._root_slash) :]
        for part in below.split(b"/") if below else ():
            seen = os.path.join(seen, part)
            states = tuple(p.step(state, decoded(part)) for p, state in zip(self._ignore, states, strict=True))
            if self._ignores(states):
                self.ignored.add(decoded(seen))
                return None
        return states

    def _ignores(self, states: tuple[State, ...]) -> bool:
        return any(p.accepts(state) for p, state in zip(self._ignore, states, strict=True))

    def _walk(self, top: bytes, wanted: Pattern) -> bool:
        ignoring = self._ignoring(top)
        if ignoring is None:
            return True
        todo = [_Visit(top, wanted, wanted.start, ignoring)]
        matched = wanted is _EVERYTHING
        while todo:
            visit = todo.pop()
            if visit.wanted is _EVERYTHING:
                self.folders.add(visit.folder)
            with _readable(visit.folder), os.scandir(visit.folder) as entries:
                if visit.wanted is _EVERYTHING and not self._ignore:
                    self._take_all(entries, visit, todo)
                    continue
                for entry in entries:
                    matched = self._look_at(entry, visit, todo) or matched
        return matched

    def _take_all(self, entries: Iterable[os.DirEntry[bytes]], visit: _Visit, todo: list[_Visit]) -> None:
        """Do what `_look_at` does, where there is nothing to match: as fast as large trees need it."""
        name = self._name(visit.folder)
        prefix = f"{name}/" if name else ""
        found = []
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                name = prefix + entry.name.decode("utf-8", "surrogateescape")
                status = entry.stat(follow_symlinks=False)
                found.append(File(name, entry.path, status.st_size, status.st_mtime_ns))
            elif entry.is_dir(follow_symlinks=False):
                todo.append(_Visit(entry.path, _EVERYTHING, visit.reached, visit.ignoring))
            else:
                self._take_entry(entry.path, self._name(entry.path))
        unknown = [file for file in found if file.name not in self.files]
        self.files.update([(file.name, file) for file in found])
        self._on_files(unknown)

    def _look_at(self, entry: os.DirEntry[bytes], visit: _Visit, todo: list[_Visit]) -> bool:
        """Take an entry or pass over it, and return whether it matched."""
        part = decoded(entry.name)
        everything = visit.wanted is _EVERYTHING
        reached = visit.reached if everything else visit.wanted.step(visit.reached, part)
        if not reached:
            return False
        taken = everything or visit.wanted.accepts(reached)
        states = visit.ignoring
        if self._ignore:
            states = tuple(p.step(state, part) for p, state in zip(self._ignore, states, strict=True))
            if self._ignores(states):
                self.ignored.add(self._name(entry.path))
                return taken
        if entry.is_dir(follow_symlinks=False):
            wanted = _EVERYTHING if taken else visit.wanted
            todo.append(_Visit(entry.path, wanted, _EVERYTHING.start if taken else reached, states))
        elif taken and entry.is_file(follow_symlinks=False):
            name = self._name(entry.path)
            status = entry.stat(follow_symlinks=False)
            self.files[name] = File(name, entry.path, status.st_size, status.st_mtime_ns)
        elif taken or (entry.is_symlink() and entry.is_dir()):
            self._take_entry(entry.path, self._name(entry.path))
        return taken

    def _take_entry(self, path: bytes, name: str) -> None:
        with _readable(path):
            status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            path, status = self._resolved(path)
            self.has_links = True
        if not stat.S_ISREG(status.st_mode):
            kind = _KINDS.get(stat.S_IFMT(status.st_mode), "not a regular file")
            _refuse_content(path, f"is {kind}, which cannot be hashed.", "Remove it, or name it in `ignore`.")
        self.files[name] = File(name, path, status.st_size, status.st_mtime_ns)

    def _resolved(self, link: bytes) -> tuple[bytes, os.stat_result]:
        """Follow a symbolic link to a file within the tree."""
        try:
            target = os.path.realpath(link, strict=True)
            status = os.stat(target)
        except OSError as error:
            what = f"is a symbolic link that leads nowhere: {error.strerror}."
            _refuse_content(link, what, "Remove it, or ignore it.", error)
        if not self.contains(target):
            _refuse_content(
                link,
                f"is a symbolic link that leaves the tree, to {visible(decoded(target))}.",
                "Put the file itself in its place (`cp -L`), or name the link in `ignore`.",
            )
        if stat.S_ISDIR(status.st_mode):
            _refuse_content(
                link,
                "is a symbolic link to a folder.",
                "Put the folder itself in its place (`cp -rL`), or name the link in `ignore`.",
            )
        return target, status


def refuse(path: bytes, what: str, mend: str, cause: OSError | None = None) -> NoReturn:
    """Raise the input error that says what is wrong with a path."""
    raise InputError(f"{visible(decoded(path))} {what}", mend=mend) from cause


def _refuse_content(path: bytes, what: str, mend: str, cause: OSError | None = None) -> NoReturn:
    raise ContentError(f"{visible(decoded(path))} {what}", mend=mend) from cause


@contextmanager
def _readable(path: bytes) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        seen = error.filename if isinstance(error.filename, bytes) else path
        refuse(seen, f"cannot be read: {error.strerror}.", "Make it readable, or name it in `ignore`.", error)
