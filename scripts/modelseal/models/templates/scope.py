"""What the names of a template stand for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jinja2 import nodes

from modelseal.models.templates import constants

_DEPTH = 12
_ASSEMBLING = frozenset(
    {"join", "reverse", "replace", "format", "lower", "upper", "trim", "string", "first", "last", "center", "rjust"}
    | {"ljust", "zfill", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "wordwrap", "truncate", "indent"}
    | {"title", "capitalize", "swapcase", "casefold", "translate", "expandtabs"}
)
# Of texts they make others, or leave some out.
_PASSING = frozenset({"map", "select", "reject", "list", "sort", "unique", "slice", "batch"})


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of one template. Where a name is given several values, it may stand for each of them.

    Attributes:
        bound: Expressions that a name, or a member of a namespace, may stand for.
        assigned: Names to which the template itself gives a value, wherever in it.
        macros: Names of its macros.
        namespaces: Names that stand for a namespace, or for what a macro is given.
        own: Names that only ever stand for lists and dictionaries that the template makes itself.
        assembling: Which expressions put a text together, as far as that has been asked.
    """

    bound: constants.Bindings
    assigned: frozenset[str]
    macros: frozenset[str]
    namespaces: frozenset[str]
    own: frozenset[str]
    assembling: dict[int, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, template: nodes.Template) -> "Scope":
        """Collect the names of a template."""
        bound = constants.Bindings.of(template)
        stored = {node.name for node in template.find_all(nodes.Name) if node.ctx in ("store", "param")}
        macros = {node.name for node in template.find_all(nodes.Macro)}
        given_to_macros = {name.name for node in template.find_all(nodes.Macro) for name in node.args}
        namespaces = {name for name, given in bound.given.items() if any(map(_makes_namespace, given))}
        own = {
            name
            for name, given in bound.given.items()
            if all(isinstance(each, nodes.List | nodes.Dict) for each in given)
        }
        return cls(
            bound,
            frozenset(stored | macros),
            frozenset(macros),
            frozenset(namespaces | given_to_macros),
            frozenset(own - given_to_macros - _looped(template)),
        )

    def is_assembled(self, node: nodes.Node, depth: int = 0) -> bool:
        """Tell whether an expression puts a text together from constant pieces, directly or through names."""
        if depth > _DEPTH:
            return True
        if id(node) not in self.assembling:
            self.assembling[id(node)] = False
            self.assembling[id(node)] = self._assembles(node, depth)
        return self.assembling[id(node)]

    def _assembles(self, node: nodes.Node, depth: int) -> bool:
        match node:
            case nodes.Concat() | nodes.Add() | nodes.Mod() | nodes.Mul():
                return any(self._is_text(child, depth + 1) for child in node.iter_child_nodes())
            case nodes.Filter(node=nodes.Node() as given):
                return node.name in _ASSEMBLING and self._is_text(given, depth + 1)
            case nodes.Call(node=nodes.Getattr() as method):
                return method.attr in _ASSEMBLING and self._is_text(method.node, depth + 1)
            case nodes.Call(node=nodes.Name(name=name)):
                return any(self.is_assembled(value, depth + 1) for value in self.bound.get(f"{name}()"))
            case nodes.Getitem():
                return isinstance(node.node, nodes.Const) or self.is_assembled(node.node, depth + 1)
        return any(self.is_assembled(value, depth + 1) for value in self._stands_for(node))

    def _stands_for(self, node: nodes.Node) -> Sequence[nodes.Node]:
        match node:
            case nodes.CondExpr():
                return [child for child in (node.expr1, node.expr2) if child]
            case nodes.Name():
                return self.bound.get(node.name)
            case nodes.Getattr(node=nodes.Name(name=name), attr=attribute):
                return self.bound.get(f"{name}.{attribute}")
        return ()

    def _is_text(self, node: nodes.Node, depth: int) -> bool:
        if isinstance(node, nodes.Filter) and node.name in _PASSING and node.node is not None:
            return self._is_text(node.node, depth + 1)
        if isinstance(node, nodes.List | nodes.Tuple):
            return bool(node.items) and all(self._is_text(item, depth) for item in node.items)
        return any(isinstance(value, str | tuple) and value for value in constants.values(node, self.bound)) or (
            self.is_assembled(node, depth)
        )


def _looped(template: nodes.Template) -> set[str]:
    """Return the names that stand for what a loop goes through."""
    return {name.name for node in template.find_all(nodes.For) for name in _targets(node.target)}


def _targets(target: nodes.Node) -> list[nodes.Name]:
    return [target] if isinstance(target, nodes.Name) else list(target.find_all(nodes.Name))


def _makes_namespace(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "namespace"
