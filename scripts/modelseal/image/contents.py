"""What is in an archive of an image, read warily: it may have been made to mean one thing to us, another to others."""

import posixpath
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from modelseal.errors import InputError
from modelseal.files import open_regular
from modelseal.image import documents, tar_headers
from modelseal.image.documents import Unusable

_DOCUMENT_LIMIT = 16 * 1024 * 1024  # manifests and configurations are a few kilobytes
_MEMBERS_LIMIT = 20_000  # an image has some hundred layers at most


@contextmanager
def opened(path: Path) -> Iterator["Contents"]:
    """Open an archive.

    Raises:
        InputError: There is no such file, or it is no uncompressed tar file.
    """
    try:
        with open_regular(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            yield Contents(archive, path)
    except tarfile.TarError as error:
        raise InputError(
            f"The archive cannot be read: {error}.",
            where=str(path),
            mend="Save the image again, uncompressed: docker save -o FILE IMAGE.",
        ) from error
    except OSError as error:
        raise InputError(
            f"The archive cannot be opened: {error.strerror or error}.",
            where=str(path),
            mend="Name the file that build-image or docker save wrote.",
        ) from error


class Contents:
    """The members of an archive by name; each name once, so that all who read it read the same."""

    def __init__(self, archive: tarfile.TarFile, path: Path) -> None:
        self.path = path
        self._archive = archive
        self._members: dict[str, tarfile.TarInfo] = {}
        self._odd: str | None = None
        for number, member in enumerate(archive):
            if number == _MEMBERS_LIMIT:
                raise self.refused(f"The archive has more than {_MEMBERS_LIMIT:,} members.")
            if self._odd is None and not tar_headers.is_plain(archive, member):
                self._odd = member.name
            if self._members.setdefault(member.name, member) is not member and not member.isdir():
                raise self.refused(f"The archive has {member.name} twice.")
        if self._odd is None:
            files = {name: member for name, member in self._members.items() if not member.isdir()}
            self._odd = tar_headers.ambiguous(files)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def check_plain(self) -> None:
        """Refuse an archive in which another program may find other files than are found here."""
        if self._odd is not None:
            raise self.refused(f"The archive's {self._odd[:100]!r} means different things to different programs.")

    def refused(self, what: str, mend: str = "Save the image again: docker save -o FILE IMAGE.") -> InputError:
        """Return the error for an archive that cannot be used."""
        return InputError(what, where=str(self.path), mend=mend)

    def opened(self, name: str) -> IO[bytes]:
        """Open a file of the archive."""
        member = self._members.get(name)
        stream = self._archive.extractfile(member) if member is not None and member.isfile() else None
        if stream is None:
            raise self.refused(f"The archive has no file {name}.")
        return stream

    def layer(self, name: str) -> str:
        """Return where a layer's file is: engines before version 25 write the second of two equal layers as a link."""
        member = self._members.get(name)
        if member is not None and member.issym():
            if member.linkname.startswith("/"):  # of the archive, or of the folder that the link is in
                raise self.refused(f"The archive's link {name} leads out of it.")
            return posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
        return name

    def document(self, name: str) -> bytes:
        """Return a whole file, if it is small enough for a document."""
        content = self.opened(name).read(_DOCUMENT_LIMIT + 1)
        if len(content) > _DOCUMENT_LIMIT:
            raise self.refused(f"{name} in the archive is larger than 16 MiB.")
        return content

    def parsed(self, content: bytes, kind: type) -> Any:
        """Return a JSON document of a kind, `dict` or `list`."""
        try:
            document = documents.parsed(content)
        except Unusable as error:
            raise self.refused(f"A document in the archive cannot be used. {error}") from error
        return self.typed(document, kind, "document")

    def fields(self, value: Any, name: str) -> dict[str, Any]:
        """Return an object of the image's configuration or manifest, in which no name has a double in other case."""
        try:
            return documents.fields(self.typed(value, dict, name))
        except Unusable as error:
            raise self.refused(f"A document in the archive cannot be used. {error}") from error

    def typed(self, value: Any, kind: type, name: str) -> Any:
        """Return a value that has to be of a kind."""
        if not isinstance(value, kind):
            raise self.refused(f"The archive's {name} is missing, or not what it should be.")
        return value

    def texts(self, value: Any, name: str) -> tuple[str, ...]:
        """Return a list of texts; null counts as an empty one."""
        return tuple(self.typed(item, str, name) for item in self.typed(value or [], list, name))

    def only(self, entries: list[Any]) -> dict[str, Any]:
        """Return the description of the only image."""
        if len(entries) != 1:
            raise self.refused(f"The archive holds {len(entries)} images, not one.", mend="Save one image an archive.")
        entry: dict[str, Any] = self.typed(entries[0], dict, "description of the image")
        if len({name.casefold() for name in entry}) < len(entry):  # Go takes either for the other
            raise self.refused("The archive's description of the image has one name in two cases.")
        return entry
