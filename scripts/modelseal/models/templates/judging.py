"""What the syntax tree of a chat template shows: where it does what none should do."""

import re
from collections.abc import Iterator

from jinja2 import nodes

from modelseal.models.budget import Budget
from modelseal.models.event import Found
from modelseal.models.rule import Rule
from modelseal.models.templates import calls, constants, exhaustion, rules, vocabulary
from modelseal.models.templates.parsing import Unparsed, parse
from modelseal.models.templates.scope import Scope

_EVIDENCE = 300
_ADDRESS = re.compile(r"https?://[^\s\"'<>]*[?=&/][^\s\"'<>]*$")
_MARKUP = re.compile(r"<(?:script|iframe)\b[^>]{0,200}|!\[[^\]\n]*\]\(https?://", re.IGNORECASE)

Finding = tuple[Rule, str]


def judge(source: str, budget: Budget, offset: int | None = None) -> Iterator[Found]:
    """Judge a template; see `chat.judge`."""
    try:
        template = parse(source)
    except Unparsed as fault:
        yield Found(rules.UNPARSED, fault.what, offset, source[:_EVIDENCE])
        return
    try:
        scope = Scope.of(template)
    except RecursionError:
        yield Found(rules.UNPARSED, "it is nested too deeply", offset, source[:_EVIDENCE])
        return
    lines = source.splitlines()
    told: set[Finding] = set()
    for node, parents in _walk(template):
        budget.steps(1)
        for rule, what in _judged(node, parents, scope):
            if (rule, what) not in told:
                told.add((rule, what))
                shown = lines[node.lineno - 1].strip() if 0 < node.lineno <= len(lines) else ""
                yield Found(
                    rule, f"line {node.lineno}: {what}", offset, shown[:_EVIDENCE], subject=_subject(rule, what)
                )


def _subject(rule: Rule, what: str) -> str:
    return what.split("`")[1] if rule is rules.UNVETTED and "`" in what else ""


def _walk(template: nodes.Template) -> Iterator[tuple[nodes.Node, tuple[nodes.Node, ...]]]:
    """Yield every node with those it is in, the innermost last."""
    waiting: list[tuple[nodes.Node, tuple[nodes.Node, ...]]] = [(template, ())]
    while waiting:
        node, parents = waiting.pop()
        yield node, parents
        waiting.extend((child, (*parents, node)) for child in node.iter_child_nodes())


def _judged(node: nodes.Node, parents: tuple[nodes.Node, ...], scope: Scope) -> Iterator[Finding]:
    match node:
        case nodes.Getattr():
            yield from _attribute(node, parents)
        case nodes.Getitem():
            yield from _item(node, scope)
        case nodes.Filter():
            yield from _filter(node, scope)
        case nodes.Call():
            yield from calls.judged(node, scope)
        case nodes.Name():
            yield from _name(node, parents, scope)
        case nodes.Output():
            yield from _output(node)
    yield from _statement(node, scope)
    yield from _texts(node, scope)
    yield from exhaustion.judged(node, parents, scope)


def _statement(node: nodes.Node, scope: Scope) -> Iterator[Finding]:
    match node:
        case nodes.NSRef() if vocabulary.is_internal(node.attr):
            yield rules.ESCAPE, f"it sets the attribute `{node.attr}`"
        case nodes.NSRef() if node.name not in scope.namespaces:
            yield rules.REFUSED, f"it sets an attribute of `{node.name}`, which is no namespace"
        case nodes.Include() | nodes.Import() | nodes.FromImport() | nodes.Extends():
            yield rules.LOADS, f"it has `{type(node).__name__.lower()}`"
        case nodes.Test() if node.name not in vocabulary.TESTS:
            yield rules.UNVETTED, f"it uses the test `{node.name}`"
        case nodes.Keyword() if node.key.startswith("__"):
            yield rules.ESCAPE, f"it names an argument `{node.key}`"


def _attribute(node: nodes.Getattr, parents: tuple[nodes.Node, ...]) -> Iterator[Finding]:
    if vocabulary.is_internal(node.attr):
        # A single underscore may be a key of data, which Jinja then takes.
        rule = rules.ESCAPE if "__" in node.attr or not node.attr.startswith("_") else rules.REFUSED
        yield rule, f"it takes the attribute `{node.attr}`"
    elif node.attr in ("format", "format_map") and not _is_called(node, parents):
        yield rules.BUILT_NAME, f"it keeps the method `{node.attr}` for later, which a sandbox may then not recognise"
    elif node.attr in vocabulary.MUTATORS and not _is_called(node, parents):
        yield rules.REFUSED, f"it takes the method `{node.attr}`, which changes a value"


def _is_called(node: nodes.Node, parents: tuple[nodes.Node, ...]) -> bool:
    return bool(parents) and isinstance(parents[-1], nodes.Call) and parents[-1].node is node


def _item(node: nodes.Getitem, scope: Scope) -> Iterator[Finding]:
    if isinstance(node.arg, nodes.Slice):
        return
    literal = node.arg.value if isinstance(node.arg, nodes.Const) else None
    found = constants.texts(node.arg, scope.bound)
    internal = [name for name in found if name.startswith("__") or name in vocabulary.INTERNAL]
    if internal:
        yield rules.ESCAPE, f"it takes the item or attribute `{internal[0]}`"
    elif literal is None and scope.is_assembled(node.arg):
        yield rules.BUILT_NAME, "it takes an item or attribute whose name it puts together"
    elif changing := vocabulary.MUTATORS.difference(vocabulary.COMMON_KEYS).intersection(found):
        yield rules.REFUSED, f"it takes the method `{min(changing)}`, which changes a value"


def _filter(node: nodes.Filter, scope: Scope) -> Iterator[Finding]:
    if node.name not in vocabulary.FILTERS:
        yield rules.UNVETTED, f"it uses the filter `{node.name}`"
    if node.name == "attr":
        yield rules.BUILT_NAME, "it takes an attribute by the filter `attr`"
    if node.name in ("map", "select", "reject") and node.args:
        yield from _named_filter(node.name, node.args[0], scope)
    if node.name in vocabulary.BY_ATTRIBUTE:
        position, keyword = vocabulary.BY_ATTRIBUTE[node.name]
        given = [*node.args[position : position + 1], *(each.value for each in node.kwargs if each.key == keyword)]
        for argument in given:
            yield from _attribute_argument(node.name, argument, scope)
    if node.dyn_args or node.dyn_kwargs:
        yield rules.BUILT_NAME, f"it gives the filter `{node.name}` arguments that cannot be told"
    if node.name == "list" and isinstance(node.node, nodes.Filter) and node.node.name in ("string", "pprint", "e"):
        yield rules.BUILT_NAME, "it takes the text of a value apart into characters"


def _named_filter(name: str, argument: nodes.Expr, scope: Scope) -> Iterator[Finding]:
    """`map`, `select` and `reject` run another filter or test, by its name."""
    found = constants.texts(argument, scope.bound)
    allowed = vocabulary.FILTERS - {"attr", "map"} if name == "map" else vocabulary.TESTS
    if not found:
        yield rules.BUILT_NAME, f"it runs by `{name}` what cannot be told"
    for each in found:
        if each in ("attr", "map"):
            yield rules.BUILT_NAME, f"it takes attributes by `{name}('{each}')`"
        elif each not in allowed:
            yield rules.UNVETTED, f"it runs `{each}` by the filter {name}"


def _attribute_argument(name: str, argument: nodes.Expr, scope: Scope) -> Iterator[Finding]:
    found = constants.texts(argument, scope.bound)
    internal = [each for each in found if vocabulary.is_internal(each)]
    if internal:
        yield rules.ESCAPE, f"it takes the attribute `{internal[0]}` by the filter `{name}`"
    elif not isinstance(argument, nodes.Const) and scope.is_assembled(argument):
        yield rules.BUILT_NAME, f"it takes an attribute whose name it puts together by the filter `{name}`"
    elif changing := vocabulary.MUTATORS.intersection(part for each in found for part in each.split(".")):
        yield rules.REFUSED, f"it takes the method `{min(changing)}`, which changes a value, by the filter `{name}`"


def _name(node: nodes.Name, parents: tuple[nodes.Node, ...], scope: Scope) -> Iterator[Finding]:
    if node.ctx != "load" or node.name in scope.assigned:
        return
    if node.name.startswith("__"):
        yield rules.ESCAPE, f"it uses the name `{node.name}`"
    elif node.name in vocabulary.OBJECTS:
        yield rules.UNUSUAL, f"it uses `{node.name}`"
    elif node.name == "namespace" and not _is_called(node, parents):
        yield rules.UNUSUAL, "it uses `namespace` otherwise than to make one"
    elif node.name in vocabulary.FOREIGN and isinstance(parents[-1], nodes.Getattr | nodes.Getitem):
        yield rules.UNUSUAL, f"it reaches into `{node.name}`"


def _texts(node: nodes.Node, scope: Scope) -> Iterator[Finding]:
    if isinstance(node, nodes.Const | nodes.Concat | nodes.Add | nodes.Mod | nodes.Filter | nodes.Call):
        for text in constants.texts(node, scope.bound):
            if (found := vocabulary.DUNDER.search(text)) is not None:
                yield rules.ESCAPE, f"it has the name `{found[0]}` in a text that it computes with"
                return


def _output(node: nodes.Output) -> Iterator[Finding]:
    for part in node.nodes:
        written = part.data if isinstance(part, nodes.TemplateData) else str(getattr(part, "value", ""))
        if (markup := _MARKUP.search(written)) is not None:
            yield rules.MARKUP, f"it writes {markup[0]!r}"
    for before, after in zip(node.nodes, node.nodes[1:], strict=False):
        if isinstance(before, nodes.TemplateData) and not isinstance(after, nodes.TemplateData | nodes.Const):
            found = _ADDRESS.search(before.data[-300:])
            if found is not None:
                yield rules.SENDS, f"it puts a value into the address {found[0]}"
