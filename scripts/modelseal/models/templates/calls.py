"""What a template calls."""

import re
from collections.abc import Iterator

from jinja2 import nodes

from modelseal.models.rule import Rule
from modelseal.models.templates import constants, rules, vocabulary
from modelseal.models.templates.scope import Scope

_NESTED = re.compile(r"\{[^{}]{1,100}\{")
_FIELD = re.compile(r"\{([^{}!:]*)")


def judged(node: nodes.Call, scope: Scope) -> Iterator[tuple[Rule, str]]:
    """Judge one call by what is called."""
    match node.node:
        case nodes.Name(name=name):
            yield from _function(name, scope)
        case nodes.Getattr(attr=("format" | "format_map") as name, node=text):
            yield from _formatting(name, text, scope)
        case nodes.Getattr(attr=name):
            yield from _method(name, node.node, scope)
        case nodes.Getitem(arg=nodes.Const(value=str() as name)):
            yield from _method(name, node.node, scope)
        case _:
            yield rules.UNUSUAL, "it calls what it has looked up or been given by a call"


def _function(name: str, scope: Scope) -> Iterator[tuple[Rule, str]]:
    if name in scope.macros or name in vocabulary.FUNCTIONS or name.startswith("__") or name in vocabulary.OBJECTS:
        return  # those that must not be there are told of by their names
    if name in vocabulary.FOREIGN or name in vocabulary.RUNS:
        yield rules.UNUSUAL, f"it calls `{name}`"
    else:
        yield rules.UNVETTED, f"it calls `{name}`"


def _method(name: str, node: nodes.Getattr | nodes.Getitem, scope: Scope) -> Iterator[tuple[Rule, str]]:
    if name in vocabulary.METHODS or vocabulary.is_internal(name):
        return
    if name in vocabulary.MUTATORS:
        yield (
            rules.CHANGES_OWN if _is_own(node.node, scope) else rules.REFUSED,
            f"it calls `.{name}()`, which changes a value",
        )
    elif name in vocabulary.RUNS:
        yield rules.UNUSUAL, f"it calls `.{name}()`"
    elif not (isinstance(node.node, nodes.Name) and node.node.name in scope.namespaces):
        yield rules.UNVETTED, f"it calls `.{name}()`"


def _is_own(node: nodes.Node, scope: Scope) -> bool:
    """Tell whether something is a list or dictionary that the template has made: by a name, or in a namespace."""
    match node:
        case nodes.Name(name=name):
            return name in scope.own
        case nodes.Getattr(node=nodes.Name(name=name), attr=attribute):
            return name in scope.namespaces and f"{name}.{attribute}" in scope.own
    return False


def _formatting(name: str, text: nodes.Expr, scope: Scope) -> Iterator[tuple[Rule, str]]:
    """`"{0.x}".format(value)` takes attributes: https://nvd.nist.gov/vuln/detail/CVE-2016-10745."""
    found = constants.texts(text, scope.bound)
    fields = [field for each in found for field in _FIELD.findall(each)]
    if internal := [field for field in fields if vocabulary.is_internal(field)]:
        yield rules.ESCAPE, f"it takes `{internal[0]}` by a format"
    elif not found or name == "format_map":
        yield rules.BUILT_NAME, f"it calls `.{name}()` of a text that cannot be told"
    elif any(_NESTED.search(each) for each in found) or any("." in each or "[" in each for each in fields):
        yield rules.BUILT_NAME, "it takes attributes by a format"
