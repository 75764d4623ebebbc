"""Look into an HDF5 file: where it leads, what its attributes say, and what is kept in it as mere bytes."""

from collections.abc import Iterator
from math import prod

from modelseal.models import format as formats
from modelseal.models.budget import MIB, Budget
from modelseal.models.content import Content
from modelseal.models.documents import parsing
from modelseal.models.event import Event, Fetches, Found, Member, Requires, Unread
from modelseal.models.faults import Malformed
from modelseal.models.hdf5 import attributes, payloads, rules, superblock, tree
from modelseal.models.hdf5.heaps import GlobalHeaps
from modelseal.models.hdf5.links import Leads
from modelseal.models.hdf5.storage import Storage
from modelseal.models.hdf5.superblock import Superblock
from modelseal.models.hdf5.tree import Dataset, Node
from modelseal.models.keras import judging

_ZEROS = bytes(MIB)
# The library's own, and what h5py and PyTables bring along: LZO, bzip2, LZF, Blosc, Blosc2.
_BUILT_IN = frozenset({1, 2, 3, 4, 5, 6, 305, 307, 32000, 32001, 32026})
_LARGE = 4096 * MIB
_BLOWN_UP = 1000


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Look into a file.

    Raises:
        Malformed: It has no superblock that can be read.
        LimitReached: It is too large.
    """
    places = superblock.places(content)
    if not places:
        raise Malformed("it has no superblock")
    block = superblock.read(content, places[0], budget)
    yield from _around(content, block)
    heaps = GlobalHeaps(block.source)
    for node in tree.walk(block):
        if isinstance(node, Unread):
            yield node
            continue
        yield from _links(node)
        yield from _attributes(node, heaps, block, budget)
        if node.dataset is not None:
            yield from _dataset(node.path, node.dataset, block)
            yield from payloads.of(node.path, node.dataset, heaps, block, budget)


def _around(content: Content, block: Superblock) -> Iterator[Event]:
    """Look at what is before and after what the library reads."""
    if block.start and not zeros(content.part(0, block.start)):
        used = content.read(0, block.start).rstrip(b"\0")
        yield Member("user block", Content(used))
    if block.end > len(content):
        yield Unread(f"it ends {block.end - len(content)} bytes before it should", len(content))
    rest = content.part(block.end)
    if len(rest) and not zeros(rest):
        yield Found(rules.TRAILING, f"{len(rest)} bytes follow its end", block.end, repr(rest.read(0, 64)))
        if formats.recognised(rest):
            yield Member("trailing bytes", rest)


def zeros(content: Content) -> bool:
    """Tell whether there is nothing but zeros."""
    return all(
        content.read(start, MIB) == _ZEROS[: min(MIB, len(content) - start)] for start in range(0, len(content), MIB)
    )


def _links(node: Node) -> Iterator[Event]:
    names: set[bytes] = set()
    for link in node.links:
        path = tree.below(node.path, link.name)
        if link.name in names:
            yield Found(rules.REPEATED, f"{path!r} is there twice", node.address)
        names.add(link.name)
        if link.leads is Leads.FILE:
            target = link.target.decode("utf-8", "backslashreplace")[:500]
            yield Found(rules.OUTSIDE, f"{path!r} leads to the file {target!r}", node.address, target, target)
            yield Requires(Fetches.FILE, target)
        elif link.leads is Leads.ELSEWHERE:
            yield Found(rules.USER_LINK, f"{path!r} is a link of the type {link.target.decode()}", node.address)


def _attributes(node: Node, heaps: GlobalHeaps, block: Superblock, budget: Budget) -> Iterator[Event]:
    names: set[bytes] = set()
    for attribute in node.attributes:
        where = f"{node.path}@{attribute.name.decode('utf-8', 'backslashreplace')[:200]}"
        if attribute.name in names:
            yield Found(rules.REPEATED, f"{where!r} is there twice", node.address)
        names.add(attribute.name)
        try:
            for value in attributes.values(attribute, heaps, block.source):
                yield from _value(where, value.rstrip(b"\0"), budget)
        except Malformed as fault:
            yield Unread(f"it has an attribute {where!r} that {fault.what.removeprefix('it ')}", node.address)


def _value(where: str, value: bytes, budget: Budget) -> Iterator[Event]:
    if value[:1] in {b"{", b"["}:
        try:
            document = parsing.parse(value)
        except Malformed as fault:
            if where.endswith(("@model_config", "@training_config")):
                yield Unread(f"it has an attribute {where!r} that {fault.what.removeprefix('it ')}")
            return
        if document.repeated:
            yield Found(rules.REPEATED, f"keys come twice in {where!r}: {', '.join(document.repeated)[:200]}")
        for found in parsing.nodes(document, budget):
            yield from judging.any_node(found)
            if judging.concerns(found):
                yield from judging.judge(found)
    elif payloads.pickled(value):
        yield Member(where, Content(value))


def _dataset(path: str, dataset: Dataset, block: Superblock) -> Iterator[Event]:
    for name in (*dataset.external, *payloads.virtual(dataset, block)):
        target = name.decode("utf-8", "backslashreplace")[:500]
        yield Found(rules.OUTSIDE, f"{path!r} keeps its data in the file {target!r}", None, target, target)
        yield Requires(Fetches.FILE, target)
    for item in dataset.filters:
        if item.number not in _BUILT_IN:
            called = item.name.decode("utf-8", "backslashreplace")[:200]
            yield Found(rules.PLUGIN, f"{path!r} passes the filter {item.number} {called!r}", subject=str(item.number))
    claimed = prod(dataset.shape or (0,)) * dataset.type.size
    plain = dataset.layout.storage is Storage.CONTIGUOUS and not dataset.external
    there = plain and not block.source.absent(dataset.layout.address)
    if there and dataset.layout.address + dataset.layout.size > len(block.source.content):
        yield Unread(f"it ends before the data of {path!r} do", dataset.layout.address)
    if claimed > _LARGE and claimed > _BLOWN_UP * len(block.source.content):
        yield Found(
            rules.SHAPE, f"{path!r} claims to be of {claimed:,} bytes in a file of {len(block.source.content):,}"
        )
