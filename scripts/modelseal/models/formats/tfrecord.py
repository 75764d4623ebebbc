"""Records of TensorFlow: examples to train on, and the events that TensorBoard shows.

The format: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details.
"""

import struct
from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import Malformed
from modelseal.models.format import Format

_LENGTH, _CHECKSUM = 8, 4
_POLYNOMIAL, _MASK = 0x82F63B78, 0xA282EAD8
_WORD = 0xFFFFFFFF


def _checksum(data: bytes) -> int:
    """Return the masked CRC-32C of a few bytes."""
    value = _WORD
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    value ^= _WORD
    return ((value >> 15 | value << 17) + _MASK) & _WORD


def _recognises(content: Content) -> bool:
    head = content.read(0, _LENGTH + _CHECKSUM)
    if len(head) < _LENGTH + _CHECKSUM or head[4:_LENGTH] != bytes(4):
        return False
    return int.from_bytes(head[_LENGTH:], "little") == _checksum(head[:_LENGTH])


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Go from record to record to the end; their bytes are data."""
    at = 0
    while at < len(content):
        budget.steps(1)
        (size,) = struct.unpack("<Q", content.exactly(at, _LENGTH))
        following = at + _LENGTH + _CHECKSUM + size + _CHECKSUM
        if following > len(content):
            raise Malformed("it ends within a record", at)
        at = following
    yield from ()


FORMAT = Format(
    name="tfrecord",
    title="records of TensorFlow",
    recognises=_recognises,
    inspect=_inspect,
    extensions=(".tfrecord", ".tfrecords"),
    data=True,
)
