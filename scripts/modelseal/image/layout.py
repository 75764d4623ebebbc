"""An OCI image layout, in a folder or in a tar file: what it holds, verified, and laid out anew for the scanner.

The format: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md. `docker buildx build --output
type=oci`, `podman save --format oci-archive` and `skopeo copy ... oci:` write it.
"""

import errno
import hashlib
import json
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from modelseal.errors import InputError
from modelseal.files import open_regular
from modelseal.image import documents, streams, tar_headers
from modelseal.image.documents import Unusable
from modelseal.image.index import Descriptor

_WORKERS = 4  # hashing and uncompressing need one core each, and disks do not get faster by more
_MEMBERS_LIMIT = 20_000
_MEND = "Make the layout again, with buildx, podman or skopeo."
_VERSION_FILE = b'{"imageLayoutVersion":"1.0.0"}'


@dataclass(frozen=True)
class _Piece:
    """Where some bytes are: a whole file, or a part of one; of size -1 when it is something else than a plain file."""

    path: Path
    offset: int
    size: int


@dataclass(frozen=True)
class Layout:
    """A layout that is open for reading.

    Attributes:
        path: The folder, or the tar file.
        unpacked: Whether it is a folder.
        find: Where a file of it is; None when it has none of that name.
    """

    path: Path
    unpacked: bool
    find: Callable[[str], _Piece | None]

    def refused(self, what: str, mend: str = _MEND) -> InputError:
        """Return the error for a layout that cannot be used."""
        return InputError(what, where=str(self.path), mend=mend)

    def index(self) -> bytes:
        """Return its `index.json`.

        Raises:
            InputError: There is none, or the layout is of another version than this.
        """
        try:
            version = documents.fields(documents.parsed(self._whole("oci-layout"))).get("imageLayoutVersion")
        except Unusable as error:
            raise self.refused(f"The layout's oci-layout cannot be used. {error}") from error
        if version != "1.0.0":
            raise self.refused("The layout is not of version 1.0.0, the only one there is.")
        return self._whole("index.json")

    def document(self, descriptor: Descriptor) -> bytes | None:
        """Return a document that another one names; None where the layout does not have it.

        Raises:
            InputError: It is not what its digest and size say.
        """
        piece = self.find(_blob(descriptor.digest))
        if piece is None:
            return None
        content = self._read(piece, descriptor.digest)
        if len(content) != descriptor.size or f"sha256:{hashlib.sha256(content).hexdigest()}" != descriptor.digest:
            raise self.refused(f"The layout's {descriptor.digest} is not what its digest and size say.")
        return content

    def measured(self, layer: Descriptor, target: Path) -> str:
        """Put a layer where the scanner reads it, and return the digest of what it is uncompressed.

        Every byte is read once: hashed as it is, hashed uncompressed, and copied unless it can be linked to.

        Raises:
            InputError: It is not there, is not what its digest and size say, or cannot be uncompressed.
            ToolError: The disk is full.
        """
        piece = self.find(_blob(layer.digest))
        if piece is None:
            raise self.refused(
                f"The layout does not have the layer {layer.digest}: it is not complete.",
                "Make the layout with all layers of all its platforms.",
            )
        if piece.size < 0:
            raise self.refused(f"The layer {layer.digest} is not a plain file in the layout.")
        if piece.size != layer.size:
            raise self.refused(f"The layer {layer.digest} has {piece.size:,} bytes, not {layer.size:,}.")
        linked = self.unpacked and _linked(piece.path, target)
        if linked:
            piece = replace(piece, path=target)  # whoever replaces the file now does not replace what is looked into
        sum_, uncompressed = hashlib.sha256(), hashlib.sha256()
        try:
            with streams.copying(None if linked else target) as copy:
                for chunk in streams.uncompressed(streams.each(self._chunks(piece), sum_.update, copy)):
                    uncompressed.update(chunk)
        except streams.Damaged as error:
            raise self.refused(f"The layer {layer.digest} cannot be uncompressed: {error}.") from error
        if f"sha256:{sum_.hexdigest()}" != layer.digest:
            raise self.refused(f"The layer {layer.digest} is not what its digest says.")
        return f"sha256:{uncompressed.hexdigest()}"

    def _whole(self, name: str) -> bytes:
        piece = self.find(name)
        if piece is None:
            raise self.refused(
                f"There is no {name}: this is neither an image layout nor an archive of docker save.",
                "Give what docker save, buildx --output type=oci, podman save or skopeo copy wrote.",
            )
        return self._read(piece, name)

    def _read(self, piece: _Piece, name: str) -> bytes:
        if piece.size < 0:
            raise self.refused(f"The layout's {name} is not a plain file.")
        if piece.size > documents.LIMIT:
            raise self.refused(f"The layout's {name} is larger than 4 MiB.")
        return b"".join(self._chunks(piece))

    def _chunks(self, piece: _Piece) -> Iterator[bytes]:
        """Read a piece, in pieces."""
        try:
            with _opened(piece.path, follow=not self.unpacked) as file:
                file.seek(piece.offset)
                left = piece.size
                while left and (chunk := file.read(min(left, streams.CHUNK))):
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise self.refused(f"The layout cannot be read: {error.strerror or error}.") from error
        if left:
            raise self.refused("The layout is cut off, or was changed while it was read.")


@contextmanager
def opened(path: Path) -> Iterator[Layout]:
    """Open a layout, a folder or a tar file.

    Raises:
        InputError: It is not there, is no uncompressed tar file, or has a name twice.
    """
    try:
        unpacked = path.is_dir()
        find = _in_folder(path.absolute()) if unpacked else _in_tar(path)
    except tarfile.TarError as error:
        raise InputError(
            f"The archive cannot be read: {error}.",
            where=str(path),
            mend="Uncompress it if it is compressed; otherwise save the image again.",
        ) from error
    except OSError as error:
        raise InputError(
            f"The archive cannot be opened: {error.strerror or error}.",
            where=str(path),
            mend="Name the archive or the folder that holds the image.",
        ) from error
    yield Layout(path, unpacked, find)


def measure(layout: Layout, layers: Iterable[Descriptor], blobs: Path) -> dict[str, str]:
    """Put layers where the scanner reads them, several at a time; return for each digest that of it uncompressed.

    Raises:
        InputError: One cannot be used.
        ToolError: The disk is full.
    """
    wanted = {(layer.digest, layer.size): layer for layer in layers}
    if len({digest for digest, _ in wanted}) != len(wanted):
        raise layout.refused("The layout gives one layer two sizes.")
    with ThreadPoolExecutor(_WORKERS) as pool:
        running = {
            layer.digest: pool.submit(layout.measured, layer, blobs / _hex(layer.digest)) for layer in wanted.values()
        }
        try:
            return {digest: future.result() for digest, future in running.items()}
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def put(document: bytes, blobs: Path) -> None:
    """Put a verified document beside the layers."""
    with streams.explained():
        (blobs / hashlib.sha256(document).hexdigest()).write_bytes(document)


def present(folder: Path, blobs: Path, manifest: Descriptor) -> None:
    """Make a folder that is the layout of one image alone, for a scanner that would choose one of several itself.

    Trivy takes the first image of an index in an index, whatever it is told:
    https://github.com/aquasecurity/trivy/blob/v0.74.0/pkg/fanal/image/oci.go
    """
    entry = {"mediaType": manifest.media_type, "digest": manifest.digest, "size": manifest.size}
    with streams.explained():
        (folder / "blobs").mkdir(parents=True)
        (folder / "blobs" / "sha256").symlink_to(blobs.absolute())
        (folder / "oci-layout").write_bytes(_VERSION_FILE)
        (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))


def _blob(digest: str) -> str:
    return f"blobs/sha256/{_hex(digest)}"


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _in_tar(path: Path) -> Callable[[str], _Piece | None]:
    pieces: dict[str, _Piece] = {}
    with open_regular(path) as file, tarfile.open(fileobj=file, mode="r:") as archive:
        for number, member in enumerate(archive):
            if number == _MEMBERS_LIMIT:
                raise tarfile.ReadError(f"it has more than {_MEMBERS_LIMIT:,} members")
            name = member.name.removeprefix("./")
            if member.isdir():
                continue
            if name in pieces:
                raise tarfile.ReadError(f"it has {name!r} twice")
            # What is no plain file has no bytes of its own here, and is refused when it is read.
            plain = member.isreg() and not member.issparse()
            pieces[name] = _Piece(path, member.offset_data, member.size if plain else -1)
    if odd := tar_headers.ambiguous(pieces):
        raise tarfile.ReadError(f"its {odd[:100]!r} means different things to different programs")
    return pieces.get


def _in_folder(folder: Path) -> Callable[[str], _Piece | None]:
    for name in ("", "blobs", "blobs/sha256"):
        if name and (folder / name).is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, f"its {name} is a symbolic link")

    def find(name: str) -> _Piece | None:
        try:
            found = (folder / name).lstat()
        except OSError:
            return None
        return _Piece(folder / name, 0, found.st_size if stat.S_ISREG(found.st_mode) else -1)

    return find


def _linked(path: Path, target: Path) -> bool:
    """Give a file a second name, if both are on one disk; Trivy refuses blobs that are symbolic links."""
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        return False
    return True


@contextmanager
def _opened(path: Path, *, follow: bool) -> Iterator[IO[bytes]]:
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    with os.fdopen(os.open(path, flags), "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "a blob is not a file")
        yield file
