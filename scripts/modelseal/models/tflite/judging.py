"""Whether a TensorFlow Lite model points only into itself, and what its operators do."""

import re
from collections.abc import Iterator
from itertools import islice

from modelseal.gate.strict_json import short
from modelseal.models.event import Event, Found
from modelseal.models.flatbuffers import Table
from modelseal.models.tensorflow import operators
from modelseal.models.tflite import rules

_CUSTOM = 32  # BuiltinOperator.CUSTOM
_TOLD = 20
_OPTIONAL = -1
_BYTES = {0: 4, 1: 2, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 8: 8, 9: 1, 10: 8, 11: 16, 12: 8, 15: 4, 16: 2, 18: 2}
_VETTED = re.compile(
    r"TFLite_Detection_PostProcess|NumericVerify|Mfcc|AudioSpectrogram|edgetpu-custom-op|HASHTABLE\w*|"
    r"Convolution2DTransposeBias|MaxPoolingWithArgmax2D|MaxUnpooling2D|TransformLandmarks|TransformTensorBilinear|"
    r"Landmarks2TransformMatrix|aten::\w+|TFSentencepiece\w+|tftext:[\w:]+|RaggedTensorTo\w+|Bucketize|AvgPool3D|"
    r"MaxPool3D\w*|Conv3DTranspose|RandomUniform|RandomStandardNormal|Multinomial|Roll|Table|Atan2|Sign|SignalFft\w*"
)


def judged(model: Table) -> Iterator[Event]:
    """Judge a model: its operators, and every index that leads from one of its parts to another."""
    kinds = list(model.tables(1))
    for kind in kinds:
        yield from _kind(kind)
    sizes: list[int] = []
    for buffer in model.tables(4):
        size, fault = _buffer(buffer)
        sizes.append(size)
        if fault:
            yield Found(rules.INDEXES, fault, buffer.at)
    for graph in model.tables(2):
        yield from islice(_graph(graph, len(kinds), sizes), _TOLD)


def reached(model: Table) -> int:
    """Return where the last of a model's buffers ends, or its last table begins, as far as they have been looked at."""
    ends = [model.at]
    for buffer in model.tables(4):
        data = buffer.vector(0, 1)
        ends += [buffer.at, data.start + data.count if data else 0, buffer.number(1, "Q") + buffer.number(2, "Q")]
    return max(ends)


def _kind(kind: Table) -> Iterator[Found]:
    code = max(kind.number(0, "b"), kind.number(3, "i"))
    name = kind.text(1)
    if code != _CUSTOM or not name:
        return
    if name.startswith("Flex"):
        if (found := operators.judged(name.removeprefix("Flex"))) is not None:
            rule, severity = found
            yield Found(rule, f"it has the operator {short(name)}", kind.at, subject=name[:200], severity=severity)
    elif not _VETTED.fullmatch(name):
        yield Found(rules.CUSTOM, f"it has the operator {short(name)}", kind.at, subject=name[:200])


def _buffer(buffer: Table) -> tuple[int, str]:
    """Return a buffer's size, and what is wrong with it."""
    data = buffer.vector(0, 1)
    offset, size = buffer.number(1, "Q"), buffer.number(2, "Q")
    if offset > 1 and offset + size > len(buffer.content):
        return 0, f"a buffer is at {offset:,} to {offset + size:,} of {len(buffer.content):,} bytes"
    return (size if offset > 1 else data.count if data else 0), ""


def _graph(graph: Table, kinds: int, sizes: list[int]) -> Iterator[Found]:
    count = 0
    for tensor in graph.tables(0):
        count += 1
        number = tensor.number(2, "I")
        if number >= len(sizes):
            yield Found(rules.INDEXES, f"a tensor is in buffer {number:,} of {len(sizes):,}", tensor.at)
        elif fault := _tensor(tensor, sizes[number]):
            yield Found(rules.INDEXES, fault, tensor.at)
    for place in (1, 2):
        yield from _tensors(graph, place, count)
    for operator in graph.tables(3):
        kind = operator.number(0, "I")
        if kind >= kinds:
            yield Found(rules.INDEXES, f"an operator is of kind {kind:,} of {kinds:,}", operator.at)
        for place in (1, 2):
            yield from _tensors(operator, place, count)


def _tensors(table: Table, place: int, count: int) -> Iterator[Found]:
    for index in table.numbers(place, "i"):
        if index >= count or index < _OPTIONAL:
            yield Found(rules.INDEXES, f"tensor {index:,} of {count:,} is used", table.at)
            return


def _tensor(tensor: Table, size: int) -> str:
    """Say what is wrong with a constant tensor's size; sparse ones and those of packed types are not compared."""
    width = _BYTES.get(tensor.number(1, "b"))
    sparse = tensor.table(6) is not None
    needed = width or 0
    for extent in tensor.numbers(0, "i"):
        if extent < _OPTIONAL:
            return f"a tensor has an extent of {extent:,}"
        needed = min(needed * max(extent, 0), 1 << 63)
    if size and width and not sparse and needed > size:
        return f"the tensor {short(tensor.text(3))} needs {needed:,} bytes and has {size:,}"
    return ""
