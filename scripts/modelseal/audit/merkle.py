"""The Merkle tree over a log's entries, as transparency logs make it: RFC 6962, section 2.1.

A leaf is an entry's line without its line break. https://www.rfc-editor.org/rfc/rfc6962#section-2.1
"""

import hashlib

_EMPTY = hashlib.sha256().digest()


class Tree:
    """A tree that grows at its end and remembers no more than one hash for each power of two."""

    def __init__(self) -> None:
        self._size = 0
        self._subtrees: list[bytes] = []  # complete ones, the largest first

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self._size

    def add(self, leaf: bytes) -> None:
        """Add a leaf's content at the end."""
        node = hashlib.sha256(b"\0" + leaf).digest()
        subtrees, size = self._subtrees, self._size
        while size & 1:  # as many complete subtrees join as the size has ones at its end
            node = hashlib.sha256(b"\1" + subtrees.pop() + node).digest()
            size >>= 1
        subtrees.append(node)
        self._size += 1

    def root(self) -> bytes:
        """Return the root hash of what has been added so far."""
        if not self._subtrees:
            return _EMPTY
        node = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            node = hashlib.sha256(b"\1" + left + node).digest()
        return node
