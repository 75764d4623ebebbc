"""B-trees of both versions: the indexes of groups, attributes and chunks."""

from collections.abc import Iterator

from modelseal.models.faults import Malformed
from modelseal.models.hdf5.cursor import Cursor, Source, enough_for

_MAX_DEPTH = 32
_NODE_PREFIX = 10  # signature, version, type and checksum


def leaves(source: Source, address: int, kind: int, key: int) -> Iterator[tuple[bytes, int]]:
    """Walk a tree of version 1, and return what it points to, each with the key before it.

    Args:
        source: The file.
        address: Of the tree's root.
        kind: 0 for groups, 1 for chunks.
        key: Size of a key in bytes.

    Raises:
        Malformed: It is cut off, or a node of it comes twice.
    """
    stack, seen = [address], {address}
    while stack:
        cursor = source.at(stack.pop(), b"TREE")
        own, level, entries = cursor.number(1), cursor.number(1), cursor.number(2)
        if own != kind:
            raise Malformed("it has a tree of another kind than it should be", cursor.at)
        cursor.skip(2 * source.offsets)
        source.budget.steps(entries)
        below = [(cursor.take(key), cursor.address()) for _ in range(entries)]
        if not level:
            yield from below
            continue
        for _, child in below:
            if child in seen:
                raise Malformed("it has a tree that grows into itself", child)
            seen.add(child)
        stack += [child for _, child in reversed(below)]


def records(source: Source, address: int) -> Iterator[tuple[int, bytes]]:
    """Walk a tree of version 2, and return its records, each with the number of their type.

    Raises:
        Malformed: It is cut off, too deep, or a node of it comes twice.
    """
    cursor = source.at(address, b"BTHD").skip(1)
    kind, node, size, depth = cursor.number(1), cursor.number(4), cursor.number(2), cursor.number(2)
    root, count = cursor.skip(2).address(), cursor.number(2)
    if source.absent(root):
        return
    if not size or node <= _NODE_PREFIX + size or depth > _MAX_DEPTH:
        raise Malformed("it has an index with impossible sizes", address)
    counts, totals = _number_sizes(source, node, size, depth)
    stack, seen = [(root, count, depth)], {root}
    while stack:
        place, count, level = stack.pop()
        cursor = source.at(place, b"BTIN" if level else b"BTLF").skip(2)
        source.budget.steps(count)
        yield from ((kind, cursor.take(size)) for _ in range(count))
        for child in _children(cursor, count, counts, totals[level - 1] if level > 1 else 0) if level else ():
            if child[0] in seen:
                raise Malformed("it has an index that grows into itself", child[0])
            seen.add(child[0])
            stack.append((*child, level - 1))


def _children(cursor: Cursor, count: int, counts: int, totals: int) -> list[tuple[int, int]]:
    found = []
    for _ in range(count + 1):
        found.append((cursor.address(), cursor.number(counts)))
        cursor.skip(totals)
    return found


def _number_sizes(source: Source, node: int, size: int, depth: int) -> tuple[int, list[int]]:
    """Return how many bytes count the records of a child, and those of all that is below one, by its level."""
    most = (node - _NODE_PREFIX) // size
    counts, below, totals = enough_for(most), most, [0]
    for _ in range(depth):
        pointer = source.offsets + counts + totals[-1]
        most = max(node - _NODE_PREFIX - pointer, 0) // (size + pointer)
        below = (most + 1) * below + most
        totals.append(enough_for(below))
    return counts, totals
