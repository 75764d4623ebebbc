"""Work out which texts an expression of a template puts together from the constants in it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from jinja2 import nodes

Row = tuple[str | int, ...]
Value = str | int | Row

_DEPTH = 40
_VALUES = 32
_LENGTH = 4096
_WIDE = re.compile(r"%[-+ #0-9.]{0,12}?(\d{4}|\*)|\{[^{}:]{0,40}:[^{}]{0,12}?\d{4}")


@dataclass(frozen=True, slots=True)
class Bindings:
    """Which expressions each name may stand for: by `{% set %}`, as a member of a namespace, in a loop over a list.

    What is written in a block, `{% set name %}...{% endset %}`, is one, and what a macro writes is what `name()` gives.

    Attributes:
        given: The expressions by name, `name.member` for a namespace's.
        known: What expressions came to: names that stand for each other would otherwise be followed without end.
    """

    given: Mapping[str, Sequence[nodes.Node]]
    known: dict[int, tuple[Value, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, template: nodes.Template) -> "Bindings":
        """Collect the names of a template."""
        made: dict[str, list[nodes.Node]] = {}
        for node in template.find_all((nodes.Assign, nodes.AssignBlock, nodes.For, nodes.Macro, nodes.With)):
            for name, value in _bound(node):
                made.setdefault(name, []).append(value)
        for name, value in _handed(template):
            made.setdefault(name, []).append(value)
        return cls(made)

    def get(self, name: str) -> Sequence[nodes.Node]:
        """Return what a name may stand for."""
        return self.given.get(name, ())


def values(node: nodes.Node, bound: Bindings, depth: int = 0) -> tuple[Value, ...]:
    """Return what an expression can come to, as far as constants tell: no value when they do not."""
    if depth > _DEPTH:
        return ()
    if id(node) not in bound.known:
        bound.known[id(node)] = ()
        made: Iterable[Value] = _EVALUATED[type(node)](node, bound, depth + 1) if type(node) in _EVALUATED else ()
        bound.known[id(node)] = tuple(islice((each for each in made if _is_short(each)), _VALUES))
    return bound.known[id(node)]


def texts(node: nodes.Node, bound: Bindings) -> tuple[str, ...]:
    """Return the texts among the values of an expression."""
    return tuple(value for value in values(node, bound) if isinstance(value, str))


def _is_short(value: Value) -> bool:
    return isinstance(value, int) or len(value) <= _LENGTH


def _bound(node: nodes.Node) -> Iterator[tuple[str, nodes.Node]]:
    if isinstance(node, nodes.For):
        if isinstance(node.iter, nodes.List | nodes.Tuple):
            yield from (pair for item in node.iter.items for pair in _assigned(node.target, item))
    elif isinstance(node, nodes.With):
        for target, value in zip(node.targets, node.values, strict=True):
            yield from _assigned(target, value)
    elif isinstance(node, nodes.Assign):
        yield from _assigned(node.target, node.node)
    elif isinstance(node, nodes.AssignBlock):
        yield from _assigned(node.target, _written(node))
    elif isinstance(node, nodes.Macro):
        yield f"{node.name}()", _written(node)


def _handed(template: nodes.Template) -> Iterator[tuple[str, nodes.Expr]]:
    """Yield what macros, and blocks that they call back, are given, by the names that they have for it."""
    takers: dict[str, list[nodes.Macro | nodes.CallBlock]] = {}
    for taker in template.find_all((nodes.Macro, nodes.CallBlock)):
        if not isinstance(taker, nodes.Macro | nodes.CallBlock):  # a type checker cannot tell
            continue
        takers.setdefault(taker.name if isinstance(taker, nodes.Macro) else "caller", []).append(taker)
        names = [name.name for name in taker.args]
        yield from zip(reversed(names), reversed(taker.defaults), strict=False)
    for call in template.find_all(nodes.Call):
        for taker in takers.get(call.node.name, ()) if isinstance(call.node, nodes.Name) else ():
            names = [name.name for name in taker.args]
            yield from zip(names, call.args, strict=False)
            yield from ((keyword.key, keyword.value) for keyword in call.kwargs if keyword.key in names)


def _written(block: nodes.AssignBlock | nodes.Macro) -> nodes.Expr:
    """Return what a block writes, as if every branch in it were taken, by an expression."""
    pieces = [piece for output in block.find_all(nodes.Output) for piece in output.nodes]
    written: nodes.Expr = nodes.Concat(pieces, lineno=block.lineno)
    change = block.filter if isinstance(block, nodes.AssignBlock) else None
    while change is not None:
        written = nodes.Filter(written, change.name, change.args, change.kwargs, change.dyn_args, change.dyn_kwargs)
        change = change.node if isinstance(change.node, nodes.Filter) else None
    return written


def _assigned(target: nodes.Node, value: nodes.Node) -> Iterator[tuple[str, nodes.Node]]:
    if isinstance(target, nodes.NSRef):
        yield f"{target.name}.{target.attr}", value
    elif isinstance(target, nodes.Name):
        yield target.name, value
        if isinstance(value, nodes.Call):
            yield from ((f"{target.name}.{keyword.key}", keyword.value) for keyword in value.kwargs)
    elif isinstance(target, nodes.Tuple) and isinstance(value, nodes.Tuple | nodes.List):
        for each, item in zip(target.items, value.items, strict=False):
            yield from _assigned(each, item)


def _constant(node: nodes.Const, _bound: Bindings, _depth: int) -> Iterator[Value]:
    if isinstance(node.value, str | int):
        yield node.value


def _data(node: nodes.TemplateData, _bound: Bindings, _depth: int) -> Iterator[Value]:
    yield node.data


def _name(node: nodes.Name, bound: Bindings, depth: int) -> Iterator[Value]:
    for value in bound.get(node.name):
        yield from values(value, bound, depth)


def _member(node: nodes.Getattr, bound: Bindings, depth: int) -> Iterator[Value]:
    if isinstance(node.node, nodes.Name):
        for value in bound.get(f"{node.node.name}.{node.attr}"):
            yield from values(value, bound, depth)


def _either(node: nodes.CondExpr, bound: Bindings, depth: int) -> Iterator[Value]:
    for value in (node.expr1, node.expr2):
        if value is not None:
            yield from values(value, bound, depth)


def _items(node: nodes.List | nodes.Tuple, bound: Bindings, depth: int) -> Iterator[Value]:
    yield from _all(node.items, bound, depth)


def _joined(node: nodes.Concat, bound: Bindings, depth: int) -> Iterator[Value]:
    yield from ("".join(map(str, row)) for row in _all(node.nodes, bound, depth))


def _filtered(node: nodes.Filter, bound: Bindings, depth: int) -> Iterator[Value]:
    if node.node is not None:
        yield from _changed(node.name, node.node, node.args, bound, depth)


def _called(node: nodes.Call, bound: Bindings, depth: int) -> Iterator[Value]:
    if isinstance(node.node, nodes.Getattr):
        yield from _changed(f".{node.node.attr}", node.node.node, node.args, bound, depth)
    elif isinstance(node.node, nodes.Name) and node.node.name == "dict":
        yield tuple(keyword.key for keyword in node.kwargs)
    elif isinstance(node.node, nodes.Name):
        for value in bound.get(f"{node.node.name}()"):
            yield from values(value, bound, depth)


def _all(items: Sequence[nodes.Node], bound: Bindings, depth: int) -> Iterator[Row]:
    each = [[value for value in values(item, bound, depth) if not isinstance(value, tuple)] for item in items]
    yield from islice(product(*each), _VALUES)


def _computed(node: nodes.BinExpr, bound: Bindings, depth: int) -> Iterator[Value]:
    for left, right in islice(product(values(node.left, bound, depth), values(node.right, bound, depth)), _VALUES):
        match node, left, right:
            case nodes.Add(), str(), str():
                yield left + right
            case nodes.Add(), int(), int():
                yield left + right
            case nodes.Mul(), int(), int() if left.bit_length() + right.bit_length() < _LENGTH:
                yield left * right
            case (nodes.Mul(), str() as text, int() as count) | (nodes.Mul(), int() as count, str() as text):
                yield text * count if len(text) * count <= _LENGTH else ""
            case nodes.Mod(), str(), _:
                yield from _formatted(left, right if isinstance(right, tuple) else (right,))


def is_wide(text: str) -> bool:
    """Tell whether formatting a text pads something to thousands of characters."""
    return _WIDE.search(text) is not None


def _formatted(text: str, given: Row) -> Iterator[str]:
    if len(text) > _LENGTH or is_wide(text):
        return
    try:
        yield text % given
    except (TypeError, ValueError, OverflowError):
        return


def _taken(node: nodes.Getitem, bound: Bindings, depth: int) -> Iterator[Value]:
    for whole in values(node.node, bound, depth):
        if isinstance(whole, int):
            continue
        try:
            if isinstance(node.arg, nodes.Slice):
                ends = [value.as_const() if value else None for value in (node.arg.start, node.arg.stop, node.arg.step)]
                yield whole[slice(*ends)]
            else:
                yield from (whole[index] for index in values(node.arg, bound, depth) if isinstance(index, int))
        except (nodes.Impossible, IndexError, TypeError, ValueError):
            continue


def _changed(
    name: str, given: nodes.Node, arguments: Sequence[nodes.Node], bound: Bindings, depth: int
) -> Iterator[Value]:
    """Yield what a filter, or a method (its name begins with a dot), makes of values."""
    for value in values(given, bound, depth):
        for row in _all(arguments, bound, depth):
            yield from _made(name, value, row)


def _made(name: str, value: Value, given: Row) -> Iterator[Value]:
    if isinstance(value, int):
        return
    if name in _OF_TEXT and isinstance(value, str):
        yield _OF_TEXT[name](value)
    elif name in _OF_SERIES and value:
        yield _OF_SERIES[name](value)
    elif name == "join" or (name == ".join" and isinstance(value, str)):
        yield _with_separator(name, value, given)
    elif name.removeprefix(".") == "replace" and isinstance(value, str):
        yield from _replaced(value, given)
    elif name == "format" and isinstance(value, str):
        yield from _formatted(value, given)
    elif name == ".format" and isinstance(value, str):
        yield _filled(value, given)


def _with_separator(name: str, value: str | Row, given: Row) -> str:
    separator, pieces = (given[0] if given else "", value) if name == "join" else (value, given)
    return str(separator).join(map(str, pieces))


def _replaced(value: str, given: Row) -> Iterator[str]:
    match given:
        case (str() as old, str() as new, *_) if len(value) * (len(new) + 1) <= _LENGTH:
            yield value.replace(old, new)


def _filled(value: str, given: Row) -> str:
    waiting = iter(map(str, given))
    return re.sub(r"\{\d*\}", lambda _: next(waiting, ""), value)


_OF_TEXT: dict[str, Callable[[str], Value]] = {
    "list": tuple,
    "lower": str.lower,
    ".lower": str.lower,
    "upper": str.upper,
    ".upper": str.upper,
    "trim": str.strip,
    ".strip": str.strip,
    "string": str,
    "safe": str,
    "e": str,
    "escape": str,
}
_OF_SERIES: dict[str, Callable[[str | Row], Value]] = {
    "reverse": lambda series: series[::-1],
    "first": lambda series: series[0],
    "last": lambda series: series[-1],
    "list": lambda series: series,
}
_EVALUATED: dict[type[nodes.Node], Callable[[Any, Bindings, int], Iterator[Value]]] = {
    nodes.Const: _constant,
    nodes.TemplateData: _data,
    nodes.Name: _name,
    nodes.Getattr: _member,
    nodes.CondExpr: _either,
    nodes.List: _items,
    nodes.Tuple: _items,
    nodes.Concat: _joined,
    nodes.Add: _computed,
    nodes.Mul: _computed,
    nodes.Mod: _computed,
    nodes.Getitem: _taken,
    nodes.Filter: _filtered,
    nodes.Call: _called,
}
