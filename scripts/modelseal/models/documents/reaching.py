"""Names in configurations that lead, through any package, to what no model is made of.

Packages have imported others, and looking a dotted name up follows them: `torch.os.system`.
"""

from modelseal.models.pickles import dangerous
from modelseal.models.pickles.technique import Technique

LONGEST = 500  # characters; those of the deepest classes have about 120
_GRAVE = frozenset(
    {Technique.PROGRAM, Technique.CODE, Technique.IMPORT, Technique.NATIVE, Technique.INSTALL, Technique.INTERPRETER}
)
# Modules of Python that no framework has a module of its own named like, and what leads from any object to any other.
_PASSED = frozenset(
    {"os", "sys", "subprocess", "builtins", "__builtin__", "importlib", "runpy", "pickle", "cPickle", "_pickle", "dill"}
    | {"marshal", "shutil", "ctypes", "socket", "posix", "nt", "pty", "cloudpickle", "gc", "pkgutil", "webbrowser"}
)
# What configurations do name: it is called with an object that is made, and not with text.
_USUAL = frozenset({"torch.compile", "torch.jit.script", "torch.jit.trace", "torch.profiler.profile"})
_USUAL_NAMES = frozenset({"LightningCLI", "instantiate"})
# They run what they load, or fetch code.
_LOADERS = frozenset(
    {"torch.load", "torch.serialization.load", "torch.hub.load", "torch.package.PackageImporter", "numpy.load"}
    | {"torch.ops.load_library", "torch.classes.load_library", "torch.utils.cpp_extension.load", "torch.jit.load"}
    | {"transformers.dynamic_module_utils.get_class_from_dynamic_module", "numpy.lib.npyio.load"}
    | {"torch.storage._load_from_bytes", "torch.serialization._load", "torch.serialization._legacy_load"}
)


def reaches(name: str) -> bool:
    """Tell whether a dotted name, whatever package it begins with, is that of something which runs or loads code."""
    if len(name) > LONGEST or name in _LOADERS:
        return True
    parts = name.split(".")[1:]
    if any(part in _PASSED or (part.startswith("__") and part.endswith("__")) for part in parts):
        return True
    if name in _USUAL or not parts or parts[-1] in _USUAL_NAMES:
        return False
    return dangerous.listed(name) in _GRAVE or dangerous.reached(parts[-1]) in _GRAVE
