"""The images that a user names, by name or as archives, and what the files about each are called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from modelseal.errors import InputError
from modelseal.image import docker, fetched, file_names, platforms
from modelseal.image.platform import Wanted
from modelseal.image.platforms import Images
from modelseal.image.reference import Reference


@dataclass(frozen=True)
class Target:
    """One image to look at.

    Attributes:
        name: What it is called in reports.
        stem: What the names of files about it begin with.
        reference: Its name, where one was given.
        archive: Where it is saved, where it is.
    """

    name: str
    stem: str
    reference: Reference | None
    archive: Path | None

    def images(self, wanted: Wanted, environ: Mapping[str, str], temp_dir: Path) -> Images:
        """Return what there is to look at: the image itself, or each platform of an index.

        Raises:
            InputError: The archive cannot be used, or lacks a platform that was asked for.
            ToolError: The engine or the registry does not give it.
        """
        if self.archive is not None:
            return platforms.of_archive(self.archive, temp_dir, wanted)
        if self.reference is None:
            raise ValueError(self)
        return fetched.of_name(docker.find(environ, to_build=False), self.reference, wanted, temp_dir)


def given(names: Sequence[Reference], archives: Sequence[Path]) -> tuple[Target, ...]:
    """Return the targets that names and archives stand for; with both, the first name is the first archive's.

    Raises:
        InputError: There are none, not as many names as archives, or two that are the same.
    """
    count = max(len(names), len(archives))
    if not count:
        raise InputError("There is nothing to scan.", mend="Give `archive` (what `build-image` saved) or `image`.")
    if names and archives and len(names) != len(archives):
        raise InputError(
            f"`image` has {len(names)} lines, `archive` has {len(archives)}.",
            mend="Give each archive its name, in the same order; or leave `image` out.",
        )
    pairs = list(zip_longest(names, archives))
    texts = [name.text if name else str(archive) for name, archive in pairs]
    stems = file_names.stems(texts) if count > 1 else (_stem(*pairs[0]),)
    return tuple(
        Target(text, stem, name, archive) for text, stem, (name, archive) in zip(texts, stems, pairs, strict=True)
    )


def require(targets: Sequence[Target]) -> None:
    """Stop if an archive is not there, before anything is fetched to scan it with.

    Raises:
        InputError: It is not.
    """
    for archive in (target.archive for target in targets):
        if archive is not None and not (archive.is_file() or archive.is_dir()):
            raise InputError(
                "There is no such archive.",
                where=str(archive),
                mend="Name the file that build-image or docker save wrote; of several, one a line.",
            )


def _stem(name: Reference | None, archive: Path | None) -> str:
    """Call the files about an only image as every other station does."""
    if name is not None:
        return name.file_name
    return archive.stem if archive is not None else "image"
