"""Unpack compressed bytes within limits: small ones in memory, large ones in a file that has no name."""

import mmap
import tempfile
from collections.abc import Iterable

from modelseal.models.budget import MIB, RATIO, RATIO_FROM, Budget
from modelseal.models.content import Content
from modelseal.models.faults import LimitReached

_IN_MEMORY = 32 * MIB
_ENORMOUS, _ENORMOUS_FROM = 500, 64 * MIB
_FACTOR = "expansion-factor"


def enormous(content: Content) -> int | None:
    """Tell how many times as large as its packed bytes it is, if that is more than data is that means anything."""
    factor = content.memo.get(_FACTOR, 0)
    return factor if isinstance(factor, int) and factor > _ENORMOUS and len(content) > _ENORMOUS_FROM else None


def expanded(pieces: Iterable[bytes], packed: int, budget: Budget) -> Content:
    """Collect what a decompressor gives, piece by piece.

    Args:
        pieces: What it gives; none of them large.
        packed: How many bytes it is made from.
        budget: Counts what is unpacked.

    Raises:
        LimitReached: It is too large, or far larger than what it is made from.
        Malformed: As the pieces raise it.
    """
    size = 0
    # A file without a name is gone with its last map, however this process ends.
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        for piece in pieces:
            size += len(piece)
            budget.expanded(len(piece))
            if size > RATIO_FROM and size > packed * RATIO:
                raise LimitReached(f"it unpacks to more than {RATIO:,} times its size")
            file.write(piece)
        file.seek(0)
        if size <= _IN_MEMORY:
            return Content(file.read())
        file.flush()
        content = Content(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))
        content.memo[_FACTOR] = size // max(packed, 1)
        return content
