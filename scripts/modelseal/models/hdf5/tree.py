"""Walk through all objects of a file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modelseal.models.event import Unread
from modelseal.models.faults import Malformed
from modelseal.models.hdf5 import attributes, datatypes, headers, heaps, links, storage
from modelseal.models.hdf5.attributes import Attribute
from modelseal.models.hdf5.cursor import Source
from modelseal.models.hdf5.datatypes import Datatype
from modelseal.models.hdf5.headers import Kind, Message
from modelseal.models.hdf5.links import Leads, Link
from modelseal.models.hdf5.storage import Filter, Layout
from modelseal.models.hdf5.superblock import Superblock
from modelseal.models.hdf5.trees import records

_MAX_PATH = 1000


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is said of a dataset: what its elements are, how many, where they lie, in which other files."""

    type: Datatype
    shape: tuple[int, ...] | None
    layout: Layout
    filters: tuple[Filter, ...]
    external: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """An object of the file, under the first path that leads to it."""

    path: str
    address: int
    links: tuple[Link, ...]
    attributes: tuple[Attribute, ...]
    dataset: Dataset | None


def walk(superblock: Superblock) -> Iterator[Node | Unread]:
    """Return every object that hard links lead to, each once; where one is broken, the rest is read all the same."""
    source = superblock.source
    seen, waiting = {superblock.root}, [("/", superblock.root)]
    while waiting:
        path, address = waiting.pop()
        try:
            node = read(source, path, address)
        except Malformed as fault:
            yield Unread(f"it has an object {path!r} that {fault.what.removeprefix('it ')}", address)
            continue
        yield node
        for link in reversed(node.links):
            if link.leads is Leads.OBJECT and link.address not in seen:
                seen.add(link.address)
                waiting.append((below(path, link.name), link.address))


def read(source: Source, path: str, address: int) -> Node:
    """Read one object.

    Raises:
        Malformed: Its header, or something that it leads to, is broken.
    """
    said = tuple(headers.messages(source, address))
    return Node(path, address, tuple(_links(source, said)), tuple(_attributes(source, said)), _dataset(source, said))


def below(path: str, name: bytes) -> str:
    """Return the path of something in a group, short enough to be shown."""
    return f"{path.rstrip('/')}/{name.decode(errors='backslashreplace')}"[-_MAX_PATH:]


def _links(source: Source, said: tuple[Message, ...]) -> Iterator[Link]:
    for message in said:
        if message.kind == Kind.SYMBOL_TABLE:
            yield from links.of_table(source, message.body)
        elif message.kind == Kind.LINK:
            yield links.of_message(source, message.body)
        elif message.kind == Kind.LINK_INFO:
            for body in _dense(source, message.body, 8, links.dense_ids):
                yield links.of_message(source, body)


def _attributes(source: Source, said: tuple[Message, ...]) -> Iterator[Attribute]:
    for message in said:
        if message.kind == Kind.ATTRIBUTE:
            yield attributes.read(source, headers.resolved(source, message))
        elif message.kind == Kind.ATTRIBUTE_INFO:
            for body in _dense(source, message.body, 2, attributes.dense_ids):
                yield attributes.read(source, body)


def _dense(source: Source, body: bytes, order: int, ids: Callable[[int, bytes], bytes]) -> Iterator[bytes]:
    """Return what is in a heap by its index by name, then what is only in the one by age: both can be followed."""
    cursor = source.over(body).skip(1)
    flags = cursor.number(1)
    cursor.skip(order if flags & 1 else 0)
    heap = cursor.address()
    trees = [cursor.address() for _ in range(2 if flags & 2 else 1)]
    if source.absent(heap):
        return
    store = heaps.fractal(source, heap)
    found = {
        ids(kind, record): None for tree in trees if not source.absent(tree) for kind, record in records(source, tree)
    }
    for reference in found:
        yield store.find(reference)


def _dataset(source: Source, said: tuple[Message, ...]) -> Dataset | None:
    layouts = [message for message in said if message.kind == Kind.LAYOUT]
    if not layouts:
        return None
    parts = {kind: _part(source, said, kind) for kind in (Kind.DATATYPE, Kind.DATASPACE)}
    pipelines = (headers.resolved(source, item) for item in said if item.kind == Kind.FILTERS)
    externals = (item.body for item in said if item.kind == Kind.EXTERNAL_FILES)
    return Dataset(
        type=datatypes.read(source.over(parts[Kind.DATATYPE])),
        shape=datatypes.shape(source.over(parts[Kind.DATASPACE])),
        layout=storage.layout(source, layouts[0].body),
        filters=tuple(item for body in pipelines for item in storage.filters(source, body)),
        external=tuple(name for body in externals for name in storage.external_files(source, body)),
    )


def _part(source: Source, said: tuple[Message, ...], kind: Kind) -> bytes:
    for message in said:
        if message.kind == kind:
            return headers.resolved(source, message)
    raise Malformed(f"it has a dataset without its {kind.name.lower()}")
