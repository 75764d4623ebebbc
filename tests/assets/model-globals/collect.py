"""List what pickles of an installed framework may refer to. Run by hand in an environment that has the framework.

    /path/to/environment/bin/python tests/assets/model-globals/collect.py RAW sklearn numpy ...

writes RAW/<package>-<version>.json for each package: for each of its modules the classes of which objects can be made
without anything being reached that the table of dangerous globals names, those of compiled code, enumerations,
exceptions, and functions; and, with the way there, what reaches something dangerous. `merge.py` makes the tables of
that. docs/model-globals.md says more. It runs on every Python from 3.7 on, because old releases of frameworks do.
"""

import enum
import importlib
import json
import pkgutil
import sys
import types
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from reach import Reach  # the script's own folder is not on the path of -I
from sinks import followed, sink, whole

#: What is called while an object is unpickled, given to another one's class, compared, put into a set, or thrown away.
HOOKS = frozenset(
    [
        "__new__",
        "__setstate__",
        "__setattr__",
        "__getattr__",
        "__getattribute__",
        "__del__",
        "__hash__",
        "__eq__",
        "__lt__",
        "__bool__",
        "__len__",
        "__iter__",
        "__next__",
        "__getitem__",
        "__setitem__",
        "__contains__",
        "__index__",
        "__int__",
        "__float__",
        "__complex__",
        "__bytes__",
        "__str__",
        "__repr__",
        "__format__",
        "__fspath__",
        "__array__",
        "__enter__",
        "__exit__",
        "append",
        "extend",
        "add",
        "update",
        "keys",
        "items",
    ]
)
SKIPPED = (
    "test",
    "tests",
    "testing",
    "_testing",
    "conftest",
    "setup",
    "benchmarks",
    "examples",
    "__main__",
    "_build_utils",
)
FUNCTION_DEPTH = 2


def main():
    """Collect each package that was named."""
    raw, packages = Path(sys.argv[1]), sys.argv[2:]
    raw.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    for package in packages:
        collected = collect(package)
        (raw / "{package}-{version}.json".format(**collected)).write_text(
            json.dumps(collected, indent=0, sort_keys=True), encoding="utf-8"
        )
        counts = {kind: sum(len(names[kind]) for names in collected["modules"].values()) for kind in KINDS}
        print(collected["package"], collected["version"], counts, flush=True)


KINDS = ("instance", "native", "enumeration", "exception", "function", "flagged")


def collect(package):
    """Return all that is found in one package."""
    top = importlib.import_module(package)
    _import_all(top)
    reach = Reach(sink, package, followed)
    modules = {}
    for place, name in sorted(_places(package)):
        kind, found = _sort(place, reach)
        if kind:
            entry = modules.setdefault(name[0], {known: {} for known in KINDS})
            entry[kind][name[1]] = found
    return {"package": package, "version": _version(top), "python": sys.version.split()[0], "modules": modules}


def _version(top):
    try:
        from importlib.metadata import version

        return version(
            {"sklearn": "scikit-learn", "PIL": "pillow", "umap": "umap-learn"}.get(top.__name__, top.__name__)
        )
    except Exception:
        return str(getattr(top, "__version__", "0"))


def _import_all(top):
    """Import every module of a package, but for tests and what is dangerous as a whole."""
    for info in pkgutil.walk_packages(getattr(top, "__path__", []), top.__name__ + ".", onerror=lambda _: None):
        parts = info.name.split(".")
        if any(part in SKIPPED for part in parts) or whole(info.name):
            continue
        try:
            importlib.import_module(info.name)
        except BaseException as fault:  # whatever a module raises that misses an optional package
            if isinstance(fault, KeyboardInterrupt):
                raise


def _places(package):
    """Yield every class and function of a package once, with its module and name."""
    seen = {}
    for module_name, module in sorted(sys.modules.items()):
        if not isinstance(module, types.ModuleType) or not (module_name + ".").startswith(package + "."):
            continue
        if any(part in SKIPPED for part in module_name.split(".")) or whole(module_name):
            continue
        for attribute, target in sorted(vars(module).items(), key=lambda item: item[0]):
            for name, found in _named(module_name, attribute, target):
                if name[0].split(".")[0] == package and not whole(name[0]):
                    seen.setdefault(name, found)
    return [(_Sortable(found, name), name) for name, found in seen.items()]


class _Sortable:
    def __init__(self, target, name):
        self.target, self.name = target, name

    def __lt__(self, other):
        return self.name < other.name


def _named(module_name, attribute, target):
    if type(target).__name__ == "ufunc":
        yield (module_name, attribute), target
        return
    if not isinstance(target, (type, types.FunctionType)) and type(target).__name__ != "_ArrayFunctionDispatcher":
        return
    module, name = getattr(target, "__module__", None), getattr(target, "__qualname__", None)
    if isinstance(module, str) and isinstance(name, str) and _found(module, name) is target:
        yield (module, name), target
        if isinstance(target, type):
            for inner in list(vars(target).values()):
                if isinstance(inner, type) and str(getattr(inner, "__qualname__", "")).startswith(name + "."):
                    for deeper in _named(module, "", inner):
                        yield deeper


def _found(module, name):
    target = sys.modules.get(module)
    for part in name.split("."):
        try:
            target = getattr(target, part)
        except Exception:
            return None
    return target


def _sort(place, reach):
    """Return which kind something is of, and what it reaches where that is why."""
    target = place.target
    if isinstance(target, type):
        return _sort_class(target, reach)
    target = getattr(target, "_implementation", target)
    if not isinstance(target, types.FunctionType):
        return "function", {}
    found, _ = reach.of(target, None, FUNCTION_DEPTH)
    return ("flagged", {"function": found}) if found else ("function", {})


def _sort_class(cls, reach):
    acting = _acting(cls, reach)
    hooks = {name: way for name, (way, getter) in acting.items() if not getter}
    if hooks:
        return "flagged", hooks
    getters = {name: way for name, (way, getter) in acting.items() if getter}
    if issubclass(cls, enum.Enum):
        return "enumeration", getters
    if issubclass(cls, BaseException):
        return "exception", getters
    return ("native" if not cls.__flags__ & (1 << 9) or _compiled(cls) else "instance"), getters


def _acting(cls, reach):
    """Return the methods of a class that reach something, each with the way there, and whether it is only a getter."""
    hooks = HOOKS | {"__init__", "_missing_"} if issubclass(cls, (enum.Enum, BaseException)) else HOOKS
    # Without a __setstate__ of its own, a class has its attributes set, one by one.
    own = any("__setstate__" in vars(base) for base in cls.__mro__)
    found = {}
    for base in cls.__mro__[:-1]:
        for name, member in list(vars(base).items()):
            if isinstance(member, property):
                methods = ((member.fget, True),) if own else ((member.fget, True), (member.fset, False))
            else:
                methods = ((member, False),) if name in hooks and not (own and name == "__setattr__") else ()
            for method, getter in methods:
                reached, _ = reach.of(method, cls)
                if reached:
                    found[name] = reached, getter
    return found


def _compiled(cls):
    """Tell whether objects are laid out by compiled code other than Python's own."""
    plain = {
        "builtins",
        "collections",
        "enum",
        "abc",
        "typing",
        "_thread",
        "decimal",
        "datetime",
        "pathlib",
        "functools",
    }
    for base in cls.__mro__:
        if (
            not base.__flags__ & (1 << 9)
            and base.__module__ not in plain
            and base.__name__ not in {"ndarray", "Module"}
        ):
            return True
    return False


if __name__ == "__main__":
    main()
