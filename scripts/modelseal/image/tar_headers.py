"""That a tar file means the same to every program: to Python's reader, to the scanner's, which is Go's, and to engines.

Readers differ in what they make of the format's odd corners: headers for all members after them, several headers for
one member, name prefixes without the format that has them, numbers that are none. In those an archive can show the
scanner one layer, and an engine another. What writes archives of images needs none of them.

The format: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06; how Go reads it:
https://github.com/golang/go/blob/go1.24.0/src/archive/tar/reader.go
"""

import posixpath
import re
import tarfile
from collections.abc import Collection
from typing import IO

_BLOCK = tarfile.BLOCKSIZE
_SIZE = slice(124, 136)
_TYPE = slice(156, 157)
_MAGIC = slice(257, 265)
_REST = slice(345, _BLOCK)  # the prefix of long names, and what some writers put in its place
_GZIP = b"\x1f\x8b"  # at the start of a file it decides for some readers what the rest is
_TYPES = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE})
_MAGICS = frozenset({b"ustar\x0000", b"ustar  \x00"})
_OCTAL = re.compile(rb"[0-7]{11}[\0 ]")
_BINARY = re.compile(rb"\x80.{11}", re.DOTALL)
# Of an extended header all may be there that does not tell where or what a member is; the size is told in one way.
_RENAMING = frozenset({"path", "linkpath", "hdrcharset"})


def is_plain(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bool:
    """Tell whether every program reads the header of an archive's member in the same way."""
    file: IO[bytes] = archive.fileobj  # type: ignore[assignment] # there is one as long as the archive is open
    start, own = member.offset, member.offset_data - _BLOCK
    if start != own:
        extended = _block(file, start)
        if extended[_TYPE] != tarfile.XHDTYPE or not _OCTAL.fullmatch(extended[_SIZE]):
            return False
        padded = -(-int(extended[_SIZE][:11], 8) // _BLOCK) * _BLOCK
        if own != start + _BLOCK + padded or any(map(_renames, member.pax_headers)):
            return False
    header = _block(file, own)
    return (
        header[_TYPE] in _TYPES
        and not header.startswith(_GZIP)
        and header[_MAGIC] in _MAGICS
        and not any(header[_REST])
        and bool(_OCTAL.fullmatch(header[_SIZE]) or _BINARY.fullmatch(header[_SIZE]))
    )


def ambiguous(names: Collection[str]) -> str | None:
    """Return a name under which some programs find another file than others; None where there is none.

    `./a` is another name than `a` to those who compare names, as scanners do, and the same file to those who unpack, as
    engines do. So is `b/a`, where `b` is a link to the folder that it is in.

    Args:
        names: What is no folder.
    """
    for name in names:
        if name != posixpath.normpath(name).lstrip("/"):
            return name
        if any(name[: at.start()] in names for at in re.finditer("/", name)):
            return name
    return None


def _renames(keyword: str) -> bool:
    return keyword in _RENAMING or keyword.startswith("GNU.")


def _block(file: IO[bytes], offset: int) -> bytes:
    file.seek(offset)
    return file.read(_BLOCK)
