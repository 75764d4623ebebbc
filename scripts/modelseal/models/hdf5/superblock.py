"""Where the HDF5 part of a file begins and ends, and where its root is."""

from dataclasses import dataclass

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.faults import Malformed
from modelseal.models.hdf5.cursor import Cursor, Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FIRST_BLOCK = 512
_SIZES = frozenset({2, 4, 8})


@dataclass(frozen=True, slots=True)
class Superblock:
    """What a file says of itself.

    Attributes:
        source: The file from the superblock on.
        start: Where that is in the whole file: the size of the user block before it.
        end: Where it says that it ends, in the whole file.
        root: Address of its root group.
    """

    source: Source
    start: int
    end: int
    root: int


def places(content: Content) -> tuple[int, ...]:
    """Return where superblocks are: the library takes the first, at 0, 512, 1,024, 2,048 and so on."""
    found, place = [], 0
    while place < len(content):
        if content.read(place, len(SIGNATURE)) == SIGNATURE:
            found.append(place)
        place = place * 2 or _FIRST_BLOCK
    return tuple(found)


def read(content: Content, start: int, budget: Budget) -> Superblock:
    """Read the superblock.

    Raises:
        Malformed: It is cut off, or of a version that is not known.
    """
    version = content.exactly(start + 8, 1)[0]
    if version in {0, 1}:
        offsets, lengths = content.exactly(start + 13, 2)
        fields = start + (24 if version == 0 else 28)
    elif version in {2, 3}:
        offsets, lengths = content.exactly(start + 9, 2)
        fields = start + 12
    else:
        raise Malformed(f"it has a superblock of version {version}, which is not known", start + 8)
    if offsets not in _SIZES or lengths not in _SIZES:
        raise Malformed(f"it has addresses of {offsets} and lengths of {lengths} bytes", start)
    cursor = Cursor(Source(content, budget, offsets, lengths), fields)
    base, _, end = cursor.address(), cursor.address(), cursor.address()
    if version in {0, 1}:
        cursor.skip(2 * offsets)  # the driver's block, and the name of the root
    root = cursor.address()
    # The library moves what was stored when a user block was put before the file or taken away:
    # https://github.com/HDFGroup/hdf5/blob/hdf5_1.14.6/src/H5Fsuper.c
    return Superblock(Source(content.part(start), budget, offsets, lengths), start, end + start - base, root)
