"""Find what a function of an installed package may come to call, by reading its source. Nothing of it is called.

A function reaches what its body names: functions and classes of its own package are followed, everything else is
compared with the table of dangerous globals. Names that only running would tell (a method of an argument, say) are not
followed: what unpickling calls of a class is short, and everything else is only listed for review.
"""

import ast
import builtins
import importlib
import inspect
import linecache
import sys
import textwrap
import types

#: Calls that name their sink by an attribute of an object nobody knows: what these are called by is never harmless.
METHODS = {
    "system": "program",
    "popen": "program",
    "check_output": "program",
    "getoutput": "program",
    "exec_module": "import",
    "load_module": "import",
    "dlopen": "native",
    "urlopen": "network",
}


class Reach:
    """What functions of one package reach. Results are kept: frameworks call the same few functions everywhere.

    Args:
        dangerous: Names a global's technique, or None: `("os", "system") -> "program"`.
        package: Top-level name of the package whose functions are followed.
        followed: Whether those of a module of it are.
    """

    def __init__(self, dangerous, package, followed):
        self.dangerous = dangerous
        self.followed = followed
        self.package = package
        self.seen = {}
        self.calls = {}

    def of(self, function, cls=None, depth=12):
        """Return the techniques that a function may come to, each with the way there, and whether it could be read."""
        function = _plain(function)
        if function is None:
            return {}, True
        if not isinstance(function, types.FunctionType):
            return {}, False
        key = (function.__code__, cls)
        known = self.seen.get(key)
        if known is not None and known[2] >= depth:
            return known[0], known[1]
        self.seen[key] = ({}, True, depth)
        result = self._follow(function, cls, depth)
        self.seen[key] = (*result, depth)
        return result

    def _follow(self, function, cls, depth):
        tree = _tree(function)
        if tree is None:
            return {}, False
        found = {}
        for dotted, technique, callees in self._calls(function, cls, tree):
            if technique:
                found.setdefault(technique, [".".join(dotted)])
            for callee, owner in callees if depth else ():
                deeper, _ = self.of(callee, owner, depth - 1)
                for name, way in deeper.items():
                    found.setdefault(name, [".".join(dotted), *way])
        return found, True

    def _calls(self, function, cls, tree):
        """Return what a function's body names: whether that is dangerous, or else the functions that it is."""
        key = (function.__code__, cls)
        if key not in self.calls:
            imports = _imports(tree)
            self.calls[key] = []
            for dotted in sorted(set(_named(tree))):
                target = _resolve(dotted, function, cls, imports)
                technique = self._technique(target, dotted)
                callees = _callees(target, cls, dotted) if not technique and self._ours(target) else ()
                if technique or callees:
                    self.calls[key].append((dotted, technique, callees))
        return self.calls[key]

    def _technique(self, target, dotted):
        if target is None:
            return METHODS.get(dotted[-1]) if len(dotted) > 1 else None
        if isinstance(target, types.ModuleType):
            return None
        module, name = getattr(target, "__module__", None), getattr(target, "__qualname__", None)
        if not isinstance(module, str) or not isinstance(name, str):
            return None
        return self.dangerous(module, name)

    def _ours(self, target):
        module = getattr(target, "__module__", None)
        return (
            isinstance(target, (types.FunctionType, type))
            and isinstance(module, str)
            and module.split(".")[0] == self.package
            and self.followed(module)
        )


def _plain(function):
    """Unwrap what methods are wrapped in; None where object's own does the work."""
    for _ in range(5):
        if isinstance(function, (staticmethod, classmethod)):
            function = function.__func__
        elif type(function).__name__ == "_ArrayFunctionDispatcher":
            function = function._implementation
        elif isinstance(function, types.FunctionType) and hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            break
    return function


_TREES = {}


def _tree(function):
    """Return the syntax of a function's definition; None where there is no source."""
    code = function.__code__
    if code not in _TREES:
        try:
            lines = linecache.getlines(code.co_filename)
            block = inspect.getblock(lines[code.co_firstlineno - 1 :]) if lines else []
            _TREES[code] = ast.parse(textwrap.dedent("".join(block))) if block else None
        except (SyntaxError, IndentationError, IndexError, UnicodeError, ValueError, OSError):
            _TREES[code] = None
    return _TREES[code]


def _named(tree):
    """Yield every dotted name that is called, or given to something that may call it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            dotted = _dotted(node.func)
            if dotted:
                yield dotted
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                dotted = _dotted(argument)
                if dotted and not isinstance(argument, ast.Attribute):
                    yield dotted


def _dotted(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
        return ("super()", *reversed(parts))
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else None


def _resolve(dotted, function, cls, imports):
    """Return the object that a dotted name means inside a function; None where only running it would tell."""
    head, rest = dotted[0], dotted[1:]
    if head in ("self", "cls") and cls is not None and rest:
        return _attribute(cls, rest)
    if head == "super()" and cls is not None and rest:
        return _inherited(cls, function, rest[0]) if len(rest) == 1 else None
    imported = imports.get(head)
    if imported is not None:
        return _attribute(imported, rest)
    if head in function.__code__.co_varnames:
        return None
    for names in (function.__globals__, vars(builtins)):
        if head in names:
            return _attribute(names[head], rest)
    return None


def _attribute(target, names):
    for name in names:
        if not isinstance(target, (types.ModuleType, type)):
            return None
        try:
            target = inspect.getattr_static(target, name) if isinstance(target, type) else getattr(target, name)
        except Exception:  # a module's own __getattr__ raises what it likes
            return None
        target = _plain(target)
    return target


def _inherited(cls, function, name):
    owner = function.__qualname__.rpartition(".")[0]
    order = cls.__mro__
    places = [place for place, base in enumerate(order) if base.__qualname__ == owner]
    for base in order[places[0] + 1 if places else 1 :]:
        if name in vars(base):
            return _plain(vars(base)[name])
    return None


def _imports(tree):
    """Return what a function imports in its body, by the names it gives to it."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = _module(
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = _attribute(_module(node.module), (alias.name,))
    return {name: target for name, target in found.items() if target is not None}


def _module(name):
    if name in sys.modules:
        return sys.modules[name]
    if name.split(".")[0] not in {"os", "subprocess", "pickle", "importlib", "shutil", "urllib", "ctypes", "tempfile"}:
        return None
    return importlib.import_module(name)


def _callees(target, cls, dotted):
    """Return the functions that calling something runs, each with the class it runs for."""
    if isinstance(target, types.FunctionType):
        return [(target, cls if dotted[0] in ("self", "cls", "super()") else None)]
    return [
        (vars(base)[name], target) for base in target.__mro__ for name in ("__init__", "__new__") if name in vars(base)
    ]
