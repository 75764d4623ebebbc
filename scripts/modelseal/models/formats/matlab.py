"""Arrays that MATLAB and SciPy save: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf.

Version 5 has a signature of its own; version 7.3 is HDF5.
"""

import struct
from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import Malformed
from modelseal.models.format import Format

_TEXT = b"MATLAB 5.0 MAT-file"
_ORDER, _ORDERS, _HEADER = 126, {b"IM": "<", b"MI": ">"}, 128
_TAG, _SMALL, _COMPRESSED = 8, 1 << 16, 15


def inspect(content: Content, budget: Budget) -> Iterator[Event]:
    """Go from array to array to the end. Readers in Python make nothing but arrays of them.

    Raises:
        Malformed: It ends within an array, or is in no byte order.
    """
    order = _ORDERS.get(content.exactly(_ORDER, 2))
    if order is None:
        raise Malformed("it is in no byte order that there is", _ORDER)
    at = _HEADER
    while at < len(content):
        budget.steps(1)
        kind, size = struct.unpack(f"{order}II", content.exactly(at, _TAG))
        if kind >= _SMALL:  # four bytes of data or less are in the tag itself
            size = 0
        elif kind != _COMPRESSED:
            size += -size % 8
        if size > len(content) - at - _TAG:
            raise Malformed("it ends within an array", at)
        at += _TAG + size
    yield from ()


FORMAT = Format(
    name="matlab",
    title="a MATLAB file",
    recognises=lambda content: content.read(0, len(_TEXT)) == _TEXT,
    inspect=inspect,
    data=True,
)
