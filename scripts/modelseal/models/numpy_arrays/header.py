"""The header of a .npy file: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html."""

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelseal.models.content import Content
from modelseal.models.faults import Malformed

SIGNATURE = b"\x93NUMPY"
KEYS = frozenset({"descr", "fortran_order", "shape"})

_START = len(SIGNATURE) + 2
_LENGTHS = {1: 2, 2: 4, 3: 4}
_LONGEST = 65_536  # NumPy takes 10,000 unless it is told to trust the file
_LONG = re.compile(r"(?<=\d)L\b")  # how Python 2 wrote whole numbers
_EVALUATED = (ast.Call, ast.Attribute, ast.Lambda, ast.Subscript, ast.comprehension, ast.NamedExpr, ast.JoinedStr)


class Expression(Malformed):
    """The header is code that calculates its values, rather than the values."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says.

    Attributes:
        values: The last value of each key, as Python takes it.
        others: Values of keys that come again.
        data: Where the array begins.
    """

    values: Mapping[str, object]
    others: Sequence[tuple[str, object]]
    data: int


def read(content: Content) -> Header:
    """Read a header, without evaluating it.

    Raises:
        Expression: It must be evaluated.
        Malformed: There is none, or it is no dictionary of plain values.
    """
    version = content.exactly(len(SIGNATURE), 2)[0]
    if version not in _LENGTHS:
        raise Malformed(f"it has version {version}, which is not known", len(SIGNATURE))
    length = int.from_bytes(content.exactly(_START, _LENGTHS[version]), "little")
    start = _START + _LENGTHS[version]
    if length > _LONGEST:
        raise Malformed(f"it has a header of {length:,} bytes, which NumPy does not read", _START)
    text = content.exactly(start, length).decode("utf-8" if version > 2 else "latin-1", "replace")  # noqa: PLR2004
    pairs = _pairs(text, start)
    values = dict(pairs)
    return Header(values, [pair for index, pair in enumerate(pairs) if _again(pairs, index)], start + length)


def _again(pairs: Sequence[tuple[str, object]], index: int) -> bool:
    return any(name == pairs[index][0] for name, _ in pairs[index + 1 :])


def _pairs(text: str, start: int) -> list[tuple[str, object]]:
    try:
        tree = _tree(text)
    except SyntaxError:
        try:
            tree = _tree(_LONG.sub("", text))
        except (SyntaxError, ValueError) as error:
            raise Malformed("it has a header that is no dictionary", start) from error
    except ValueError as error:  # there are zero bytes in it
        raise Malformed("it has a header that is no text", start) from error
    if any(isinstance(node, _EVALUATED) for node in ast.walk(tree)):
        raise Expression("it has a header that must be evaluated", start)
    if not isinstance(tree, ast.Dict) or len(tree.keys) > 2 * len(KEYS):
        raise Malformed("it has a header that is no dictionary of three values", start)
    names = [key.value if isinstance(key, ast.Constant) else None for key in tree.keys]
    return [(str(name), _plain(value, start)) for name, value in zip(names, tree.values, strict=True)]


def _tree(text: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about escapes in what an attacker wrote
        return ast.parse(text.strip(), mode="eval").body


def _plain(node: ast.expr, start: int) -> object:
    """Return a value of plain texts, numbers, lists and tuples."""
    match node:
        case ast.Constant(value=str() | int() as value):
            return value
        case ast.Tuple():
            return tuple(_plain(item, start) for item in node.elts)
        case ast.List():
            return [_plain(item, start) for item in node.elts]
    raise Malformed("it has a header with values that NumPy does not write", start)
