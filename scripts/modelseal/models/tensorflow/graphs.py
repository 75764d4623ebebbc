"""Walk over the nodes of a TensorFlow graph and of the functions in it.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from modelseal.gate.strict_json import short
from modelseal.models.event import Event, Found
from modelseal.models.protobuf import BYTES, Field, Message
from modelseal.models.tensorflow import operators, rules

# Numbers of fields: of GraphDef, FunctionDefLibrary and FunctionDef; of NodeDef; of TensorProto.
_NODE, _LIBRARY, _FUNCTION, _FUNCTION_NODE = 1, 2, 1, 3
_NAME, _OPERATOR, _INPUT, _ATTRIBUTE = 1, 2, 3, 5
_STRINGS = 8
_OUTSIDE = re.compile(r"^[\\/~]|^[A-Za-z]:[\\/]|^[a-z0-9]+://|(^|[\\/])\.\.([\\/]|$)")
_CHECKPOINTS = frozenset({"SaveV2", "RestoreV2", "Save", "Restore", "SaveSlices", "RestoreSlice", "MergeV2Checkpoints"})
# Their second input is the file.
_TABLES = frozenset({"InitializeTableFromTextFile", "InitializeTableFromTextFileV2"})
_SOURCES = 2
_DESCRIPTORS = frozenset({"", "local://"})
_STREAMS = frozenset({"", "stdout", "stderr", "log(info)", "log(warning)", "log(error)"})
_LONGEST = 4096


def graph(message: Message, assets: AbstractSet[str] = frozenset()) -> Iterator[Event]:
    """Judge a graph (`GraphDef`), and the functions in its library. Each operator is told of once a graph.

    Args:
        message: The graph.
        assets: Names of nodes that are given the paths of the model's own files when it is loaded.
    """
    told: set[str] = set()
    yield from _nodes(message, _NODE, told, assets)
    for library in message.messages(_LIBRARY):
        for function in library.messages(_FUNCTION):
            yield from _nodes(function, _FUNCTION_NODE, told, assets)


def names_outside(path: str) -> bool:
    """Tell whether a path leads out of the folder that it is relative to."""
    return _OUTSIDE.search(path) is not None


@dataclass(frozen=True, slots=True)
class _Node:
    """What is read of a `NodeDef`; `sources` are the names of the nodes that its first inputs come from."""

    message: Message
    name: str
    kind: str
    sources: tuple[str, ...]
    attributes: tuple[Field, ...]


def _nodes(message: Message, number: int, told: set[str], assets: AbstractSet[str]) -> Iterator[Event]:
    constants: dict[str, str] = {}
    readers: list[tuple[_Node, str]] = []
    for each in message.messages(number):
        node = _read(each)
        # Only paths that lead out count, which takes no memory for the constants of a large graph.
        if node.kind == "Const" and names_outside(path := _constant(node)):
            constants[node.name] = path
        place = 0 if node.kind in _CHECKPOINTS else 1 if node.kind in _TABLES else len(node.sources)
        readers.extend((node, source) for source in node.sources[place : place + 1] if source not in assets)
        yield from _node(node, told)
    for node, source in readers:
        if outside := constants.get(source):
            yield Found(
                rules.PATH, f"{node.kind} has the path {short(outside)}", node.message.start, subject=outside[:200]
            )


def _read(message: Message) -> _Node:
    texts: dict[int, str] = {}
    sources: list[str] = []
    attributes: list[Field] = []
    for part in message.fields():
        if part.wire == BYTES and part.number in (_NAME, _OPERATOR):
            texts[part.number] = message.text(part)
        elif part.wire == BYTES and part.number == _INPUT and len(sources) < _SOURCES:
            sources.append(message.text(part).split(":")[0])
        elif part.wire == BYTES and part.number == _ATTRIBUTE:
            attributes.append(part)
    return _Node(message, texts.get(_NAME, ""), texts.get(_OPERATOR, ""), tuple(sources), tuple(attributes))


def _node(node: _Node, told: set[str]) -> Iterator[Found]:
    offset = node.message.start
    if node.kind == "PrintV2" or node.kind.startswith(("Debug", "DecodeProto", "EncodeProto")):
        for key, value in _texts(node):
            yield from stream(node.kind, key, value, offset)
    if node.kind in told:
        return
    told.add(node.kind)
    if (found := operators.judged(node.kind)) is not None:
        rule, severity = found
        what = f"it has the operator {short(node.kind)}"
        yield Found(rule, what, offset, subject=node.kind[:200], severity=severity)


def stream(kind: str, key: str, value: str, offset: int | None = None) -> Iterator[Found]:
    """Judge an attribute of an operator that is a text: where it writes, or what it reads descriptions from."""
    if (key == "output_stream" and value not in _STREAMS) or key == "debug_urls":
        yield Found(rules.WRITES, f"{kind} writes to {short(value)}", offset, subject=kind[:200])
    elif key == "descriptor_source" and value not in _DESCRIPTORS and not value.startswith("bytes://"):
        yield Found(rules.READS, f"{kind} reads {short(value)}", offset, subject=kind[:200])


def _values(node: _Node) -> Iterator[tuple[str, Message]]:
    """Yield the entries of the map `attr`: keys, and `AttrValue`s."""
    for entry in node.attributes:
        inner = node.message.inner(entry)
        key = next(iter(inner.texts(1)), "")
        for value in inner.messages(2):
            yield key, value


def _texts(node: _Node) -> Iterator[tuple[str, str]]:
    """Yield the attributes that are texts or lists of texts."""
    for key, value in _values(node):
        for text in value.texts(2):
            yield key, text
        for items in value.messages(1):
            for text in items.texts(2):
                yield key, text


def _constant(node: _Node) -> str:
    """Return the text that a constant node holds; an empty one when it holds something else."""
    for key, value in _values(node):
        for tensor in value.messages(8) if key == "value" else ():
            for part in tensor.fields():
                if part.number == _STRINGS and part.wire == BYTES and part.end - part.start < _LONGEST:
                    return tensor.text(part)
    return ""
