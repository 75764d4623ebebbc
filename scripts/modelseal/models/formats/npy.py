"""NumPy arrays in files: numbers, or pickled objects."""

from collections.abc import Iterator

from modelseal.gate.finding import Severity
from modelseal.models import carried
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.numpy_arrays import dtypes, header
from modelseal.models.numpy_arrays.header import Header
from modelseal.models.rule import Rule

HEADER = Rule(
    id="npy-header",
    title="A NumPy header that readers understand differently",
    severity=Severity.HIGH,
    happens="A key comes twice, or there are keys that NumPy does not know: one reader takes the array for numbers, "
    "another one unpickles it.",
    remedy="Do not use the file. Write it anew: `numpy.save(file, array, allow_pickle=False)`.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436",),
)
EXPRESSION = Rule(
    id="npy-expression",
    title="A NumPy header that is code",
    severity=Severity.HIGH,
    happens="NumPy refuses it; a reader that evaluates the header, as many small ones do, runs the code.",
    remedy="Do not use the file, and read headers with `ast.literal_eval`.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-95",),
)
DTYPE = Rule(
    id="npy-dtype",
    title="A NumPy array of a type that NumPy does not write",
    severity=Severity.HIGH,
    happens="NumPy may make of the description what this scan cannot tell: objects to unpickle, for instance.",
    remedy="Write the array anew: `numpy.save(file, array, allow_pickle=False)`.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-20",),
)
TRAILING = Rule(
    id="npy-trailing",
    title="Bytes after the end of a NumPy array",
    severity=Severity.HIGH,
    happens="NumPy ignores them; whoever knows that they are there can load something else than the array.",
    remedy="Write the array anew: `numpy.save(file, array, allow_pickle=False)`.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-506",),
)

_SHOWN = 64


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    position = 0
    while content.read(position, len(header.SIGNATURE)) == header.SIGNATURE:  # several arrays can follow each other
        budget.steps(1)
        try:
            read = header.read(content.part(position))
        except header.Expression as fault:
            yield Found(EXPRESSION, fault.what, position, repr(content.read(position, 2 * _SHOWN)))
            raise
        yield from _oddities(read, position)
        data = position + read.data
        elements = [dtypes.element(value) for value in _all(read, "descr")]
        if None in elements:
            yield Found(DTYPE, f"it is {_all(read, 'descr')[-1]!r}"[:200], position)
        if None in elements or any(item is not None and item.pickled for item in elements):
            yield Member("(pickled objects)", content.part(data), "" if None in elements else "pickle")
            return
        position = data + _size(read, elements[-1])
        if _are_bytes(read):
            yield from carried.packed("(elements)", (position - data,), content.part(data, position - data))
        if position > len(content):
            raise Malformed("it ends before its array does", data)
    if position < len(content):
        what = f"{len(content) - position} bytes follow the end of the array"
        yield Found(TRAILING, what, position, repr(content.read(position, _SHOWN)))
        yield Member("(after the end)", content.part(position))


def _all(read: Header, name: str) -> list[object]:
    return [*(value for key, value in read.others if key == name), read.values.get(name)]


def _are_bytes(read: Header) -> bool:
    """Tell whether an array is a row of bytes, or one value of which NumPy knows nothing."""
    kind, extents = str(read.values.get("descr")).lstrip("|<>="), read.values.get("shape")
    is_row = isinstance(extents, tuple) and len(extents) <= 1
    return is_row and (kind in ("u1", "i1", "b", "B") or (kind[:1] == "V" and not extents))


def _size(read: Header, element: dtypes.Element | None) -> int:
    number = dtypes.count(read.values.get("shape"))
    if number is None or element is None:
        raise Malformed("it has a header without the shape of an array")
    return number * element.size


def _oddities(read: Header, position: int) -> Iterator[Event]:
    for name, _ in read.others:
        yield Found(HEADER, f"the key {name[:50]!r} comes twice", position)
    unknown = sorted(read.values.keys() - header.KEYS)
    if unknown:
        yield Found(HEADER, f"the key {unknown[0][:50]!r} is none of NumPy's", position)


FORMAT = Format(
    name="npy",
    title="a NumPy array",
    recognises=lambda content: content.read(0, len(header.SIGNATURE)) == header.SIGNATURE,
    inspect=_inspect,
    rules=(HEADER, EXPRESSION, DTYPE, TRAILING),
    extensions=(".npy",),
)
