"""The artifact that Trivy's databases are published as, and the files that they are, looked at from outside.

What publishes them: https://github.com/aquasecurity/trivy-db/blob/main/.github/workflows/cron.yml
"""

import gzip
import hashlib
import struct
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from modelseal import registry
from modelseal.errors import ToolError
from modelseal.files import open_regular
from modelseal.vulnerabilities import database
from modelseal.vulnerabilities.database import Database, Kind

_CHUNK = 1024 * 1024
_HEADER_BYTES = 1024 * 1024  # what a tar may say between its members
_MOST_MEMBERS = 4  # two files, their folder, and the end
_METADATA_BYTES = 64 * 1024
_RATIO = 200  # the real ones unpack to ten times their size
_RATIO_COUNTS_FROM = 64 * 1024 * 1024
_BOLT_META = struct.Struct("<16xIIII16xQQQQ")  # a page's header, then `meta` of bbolt's internal/common/meta.go
_BOLT_MAGIC, _BOLT_VERSION, _BOLT_SUMMED = 0xED0CDAED, 2, slice(16, 72)
_BOLT_SECOND_PAGES = (1024, 2048, 4096, 8192, 16384, 32768, 65536)
_SQLITE_MAGIC = b"SQLite format 3\0"
_SQLITE_HEADER = struct.Struct(">16xH6xII60xI")  # https://www.sqlite.org/fileformat2.html#the_database_header


@dataclass(frozen=True)
class Packed:
    """How a database is packed: its layer's type, and how large it may be, packed and unpacked, in bytes."""

    media_type: str
    most_packed: int
    most_unpacked: int


VULNERABILITIES = Packed("application/vnd.aquasec.trivy.db.layer.v1.tar+gzip", 1024**3, 8 * 1024**3)
JAVA = Packed("application/vnd.aquasec.trivy.javadb.layer.v1.tar+gzip", 4 * 1024**3, 24 * 1024**3)


def layer(manifest: registry.Manifest, packed: Packed, where: str) -> registry.Descriptor:
    """Return the one layer of a database's manifest.

    Raises:
        ToolError: The manifest is of something else, or the layer is larger than any database.
    """
    if manifest.is_index:
        raise ToolError("This is an index of images, not a database.", where=where, mend=_NAME)
    layers = manifest.layers()
    if len(layers) != 1 or layers[0].media_type != packed.media_type:
        raise ToolError(
            "This is not one of Trivy's databases, but an image or something else.", where=where, mend=_NAME
        )
    if layers[0].size > packed.most_packed:
        raise ToolError(
            f"The database is said to be {layers[0].size} bytes large; at most {packed.most_packed} are fetched.",
            where=where,
            mend=_NAME,
        )
    return layers[0]


def unpack(file: Path, folder: Path, kind: Kind, packed: Packed) -> dict[str, str]:
    """Unpack a database's layer, which has its two files and nothing else in it.

    Args:
        file: The layer; its digest has been checked.
        folder: Where to; it is empty.
        kind: Which files these are.
        packed: How large they may be.

    Returns:
        The SHA-256 of each file.

    Raises:
        ToolError: There is something else in it, it is too large, or it is broken.
    """
    limits = {kind.file: packed.most_unpacked, database.METADATA: _METADATA_BYTES}
    limits[kind.file] = min(limits[kind.file], max(_RATIO * file.stat().st_size, _RATIO_COUNTS_FROM))
    digests: dict[str, str] = {}
    try:
        with gzip.open(file) as unzipped:
            guarded = _Guarded(cast("IO[bytes]", unzipped))
            with tarfile.open(fileobj=cast("IO[bytes]", guarded), mode="r|") as archive:
                for _ in range(_MOST_MEMBERS):
                    if (member := _next(archive, guarded)) is None:
                        break
                    name = member.name.removeprefix("./")
                    if member.isdir() and name in ("", "."):
                        continue
                    _check(member, name, limits, digests)
                    guarded.allowance = member.size + 2 * tarfile.RECORDSIZE
                    digests[name] = _copied(archive, member, folder / name)
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile, ValueError, RecursionError) as error:
        raise ToolError("The database's archive cannot be read.", where=str(error)[:200], mend=_OTHER) from error
    if missing := limits.keys() - digests.keys():
        raise ToolError(f"The database's archive lacks {', '.join(sorted(missing))}.", mend=_OTHER)
    return digests


def check_whole(current: Database, kind: Kind) -> None:
    """Stop if a database's file is not one, or is cut off: the scanner would crash, or find less than there is.

    Raises:
        ToolError: It is.
    """
    path = current.folder / kind.file
    try:
        with open_regular(path) as file:
            expected = _bolt_size(file) if kind == database.VULNERABILITIES else _sqlite_size(file)
            size = file.seek(0, 2)
    except OSError as error:
        raise ToolError(f"The {kind.title} cannot be read: {error.strerror}.", where=str(path)) from error
    if expected is None:
        raise ToolError(f"The {kind.title} is no database.", where=str(path), mend="Fetch it again.")
    if size < expected:
        raise ToolError(
            f"The {kind.title} is cut off: {size} of at least {expected} bytes are there.",
            where=str(path),
            mend="Fetch it again.",
        )


class _Guarded:
    """A stream that ends with an error when more is read than was allowed: a header of a tar can be of any size."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.allowance = _HEADER_BYTES

    def read(self, size: int) -> bytes:
        self.allowance -= size
        if self.allowance < 0:
            raise ValueError("it says more between its files than it may")
        return self._stream.read(size)


def _next(archive: tarfile.TarFile, guarded: _Guarded) -> tarfile.TarInfo | None:
    guarded.allowance = _HEADER_BYTES
    return archive.next()


def _check(member: tarfile.TarInfo, name: str, limits: dict[str, int], there: dict[str, str]) -> None:
    if name not in limits or name in there or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse:
        shown = ascii(name[:80])
        raise ToolError(f"The database's archive has something in it that does not belong there: {shown}.", mend=_OTHER)
    if member.size > limits[name]:
        raise ToolError(
            f"{name} would be {member.size} bytes large unpacked; at most {limits[name]} are allowed.", mend=_OTHER
        )


def _copied(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    digest = hashlib.sha256()
    with cast("IO[bytes]", archive.extractfile(member)) as stream, target.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _bolt_size(file: IO[bytes]) -> int | None:
    """Return how large a bbolt file is at least, after the newer of its two valid descriptions of itself."""
    found: list[tuple[int, int]] = []
    for offset in (0, *_BOLT_SECOND_PAGES):
        file.seek(offset)
        page = file.read(_BOLT_META.size)
        if len(page) < _BOLT_META.size:
            break
        magic, version, page_size, _, _, pages, transaction, checksum = _BOLT_META.unpack(page)
        if (magic, version) == (_BOLT_MAGIC, _BOLT_VERSION) and checksum == _fnv64a(page[_BOLT_SUMMED]):
            found.append((transaction, pages * page_size))
    return max(found)[1] if found else None


def _sqlite_size(file: IO[bytes]) -> int | None:
    header = file.read(_SQLITE_HEADER.size)
    if len(header) < _SQLITE_HEADER.size or not header.startswith(_SQLITE_MAGIC):
        return None
    page_size, changes, pages, valid_for = _SQLITE_HEADER.unpack(header)
    return int(pages * (65536 if page_size == 1 else page_size)) if changes == valid_for else 0


def _fnv64a(content: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in content:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


_NAME = "Check the name of the repository."
_OTHER = "Do not use this repository; name another with `db-repository`."
