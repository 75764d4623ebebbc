"""Where a template takes more memory or time than any chat template needs."""

from collections.abc import Iterator

from jinja2 import nodes

from modelseal.models.rule import Rule
from modelseal.models.templates import constants, rules
from modelseal.models.templates.scope import Scope

_RANGE = 100_000  # what a sandbox allows: jinja2.sandbox, MAX_RANGE
_NUMBER = 1_000_000


def judged(node: nodes.Node, parents: tuple[nodes.Node, ...], scope: Scope) -> Iterator[tuple[Rule, str]]:
    """Judge one node by how much it makes."""
    match node:
        case nodes.Const(value=int() as number) if abs(number) >= _NUMBER:
            yield rules.EXHAUSTS, "it computes with a number of more than a million"
        case nodes.Const(value=str() as text) if constants.is_wide(text):
            yield rules.EXHAUSTS, "it pads something to thousands of characters"
        case nodes.Pow():
            yield rules.EXHAUSTS, "it raises numbers to a power"
        case nodes.Mul() if _product(node, scope) > _RANGE:
            yield rules.EXHAUSTS, "it multiplies to something very large"
        case nodes.For() if (turns := _turns(node, parents, scope)) > _RANGE:
            yield rules.EXHAUSTS, f"it repeats something {min(turns, 10**18):,} times"
        case nodes.Assign() if any(isinstance(parent, nodes.For) for parent in parents) and _doubles(node):
            yield rules.EXHAUSTS, "it doubles a value in a loop"


def _product(node: nodes.Mul, scope: Scope) -> int:
    sizes = [_size(constants.values(side, scope.bound)) for side in (node.left, node.right)]
    return sizes[0] * sizes[1]


def _size(values: tuple[constants.Value, ...]) -> int:
    return max((min(abs(value), _NUMBER) if isinstance(value, int) else len(value) for value in values), default=0)


def _turns(node: nodes.For, parents: tuple[nodes.Node, ...], scope: Scope) -> int:
    turns = 1
    for loop in (*parents, node):
        if isinstance(loop, nodes.For):
            turns *= max(_ranged(loop.iter, scope), 1)
    return turns


def _ranged(node: nodes.Node, scope: Scope) -> int:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range":
        return max((_size(constants.values(argument, scope.bound)) for argument in node.args), default=0)
    return 0


def _doubles(node: nodes.Assign) -> bool:
    name = _named(node.target)
    for child in node.node.find_all((nodes.Add, nodes.Concat)) if name else ():
        if sum(_named(part) == name for part in child.iter_child_nodes()) > 1:
            return True
    return isinstance(node.node, nodes.Add | nodes.Concat) and (
        sum(_named(part) == name for part in node.node.iter_child_nodes()) > 1
    )


def _named(node: nodes.Node) -> str:
    match node:
        case nodes.Name(name=name):
            return name
        case nodes.NSRef(name=name, attr=attribute) | nodes.Getattr(node=nodes.Name(name=name), attr=attribute):
            return f"{name}.{attribute}"
    return ""
