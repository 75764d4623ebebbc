"""What is known to be used in attacks: `tables/dangerous.txt`, where the longest match counts."""

import functools
from importlib import resources
from typing import Final

from modelseal.models.pickles.technique import Technique

_WHOLE: Final = ""
# Names that mean what they say wherever they are imported from: `pandas.io.clipboard.Popen`.
_TELLING: Final = {
    Technique.PROGRAM: frozenset(
        {"system", "popen", "Popen", "check_output", "check_call", "getoutput", "getstatusoutput", "run_command"}
        | {"execv", "execve", "execvp", "execl", "spawnl", "spawnv", "posix_spawn", "exec_command", "runscript"}
    ),
    Technique.CODE: frozenset({"eval", "exec", "execfile", "compile", "literal_eval", "FunctionType", "CodeType"}),
    Technique.IMPORT: frozenset({"import_module", "__import__", "exec_module", "load_module", "load_source"}),
    Technique.NETWORK: frozenset({"urlopen", "urlretrieve"}),
    Technique.NATIVE: frozenset({"CDLL", "LoadLibrary", "dlopen"}),
    Technique.LOAD: frozenset(
        {"from_pretrained", "load_from_checkpoint", "load_model", "load_weights", "cached_file", "cached_path"}
        | {"hf_hub_download", "snapshot_download", "load_state_dict_from_url", "load_dataset", "load_learner"}
        | {"read_pickle", "unpickle", "unsafe_load", "full_load", "from_hub", "load_pretrained", "load_checkpoint"}
    ),
}
# What leads from any object to any other.
_WALKING: Final = frozenset(
    {"__builtins__", "__globals__", "__class__", "__base__", "__bases__", "__mro__", "__subclasses__", "__dict__"}
    | {"__code__", "__closure__", "__func__", "__self__", "__loader__", "__spec__", "__getattribute__", "__init__"}
    | {"__reduce__", "__reduce_ex__", "__import__", "__call__", "__wrapped__", "__defaults__", "__kwdefaults__"}
    | {"f_globals", "f_locals", "gi_frame", "tb_frame", "mro"}
)
# Modules that are found as attributes of nearly every other one.
_MODULES: Final = frozenset(
    {"os", "sys", "subprocess", "builtins", "__builtin__", "importlib", "runpy", "pickle", "cPickle", "marshal"}
    | {"shutil", "ctypes", "socket", "posix", "nt", "pty", "tempfile", "inspect", "pkgutil", "urllib", "gc", "io"}
    | {"types", "functools", "operator", "threading", "multiprocessing", "copyreg", "codecs", "sqlite3", "webbrowser"}
)


@functools.lru_cache(maxsize=4096)
def technique(module: str, name: str) -> Technique | None:
    """Return what a global is used for in attacks; None when it is not known to be dangerous.

    Args:
        module: Where it is imported from.
        name: What is imported; dots lead through attributes.
    """
    return listed(f"{module}.{name}") or reached(name)


def listed(dotted: str) -> Technique | None:
    """Look a name up in every module that it can be of: names before modules, and the longest first."""
    whole = None
    end = len(dotted)
    while (end := dotted.rfind(".", 0, end)) >= 0:
        entry = _table().get(dotted[:end])
        if entry is not None:
            named = _named(entry, dotted[end + 1 :])
            if named is not None:
                return named
            whole = whole or entry.get(_WHOLE)
    return whole


def _named(entry: dict[str, Technique], name: str) -> Technique | None:
    for known, technique in entry.items():
        if known and (name == known or name.startswith((f"{known}.", known[:-1] if known[-1] == "*" else f"{known}."))):
            return technique
    return None


def reached(name: str) -> Technique | None:
    """Follow a name through attributes, which can be modules that others have imported, wherever it begins.

    Args:
        name: Dots lead through attributes.
    """
    names = name.split(".")[:20]
    for place, part in enumerate(names):
        if part in _MODULES:
            return listed(".".join(names[place:])) or Technique.ATTRIBUTES
        if part in _WALKING:
            return Technique.ATTRIBUTES
    return next((technique for technique, telling in _TELLING.items() if names[-1] in telling), None)


@functools.cache
def _table() -> dict[str, dict[str, Technique]]:
    """Read the table: for each module its names, and itself where all of it is meant."""
    text = (resources.files(__package__) / "tables" / "dangerous.txt").read_text(encoding="utf-8")
    table: dict[str, dict[str, Technique]] = {}
    section = Technique.PROGRAM
    for line in text.splitlines():
        if line.startswith("["):
            section = Technique(line.strip("[]"))
        elif line and not line.startswith("#"):
            module, _, names = line.partition(":")
            for name in names.split() or [_WHOLE]:
                table.setdefault(module, {}).setdefault(name, section)
    return table
