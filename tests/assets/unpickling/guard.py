"""Unpickle with CPython's own unpicklers, where nothing that is imported is real, and tell what they do.

A program of its own: for each pickle that it reads (its length in four bytes, then itself), it writes a line of JSON
with a list for the unpickler in C, one for that in Python. Both get the largest leeway a loader can give: texts of
Python 2 in Latin-1, buffers, persistent ids, registered extensions.
"""
# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ANN202, ANN204, ARG001, ARG002, ARG004

import _compat_pickle
import _pickle
import copyreg
import hashlib
import io
import itertools
import json
import pickle
import resource
import struct
import sys
import warnings

MOST = 5000  # steps of one pickle
EXTENSIONS = {1: ("extension", "one"), 200: ("extension", "two"), 70000: ("extension", "three")}


class TooMuch(Exception):
    """A pickle takes more steps than are compared."""


class Recorder:
    def __init__(self):
        self.steps = []

    def note(self, kind, label, arguments=()):
        if len(self.steps) >= MOST:
            raise TooMuch
        self.steps.append([kind, label, [canonical(item) for item in itertools.islice(arguments, 8)]])


recorder = Recorder()


def derived(kind, label):
    """Name what a call returns, the same way as the comparison does."""
    return "=" + hashlib.sha256(f"{kind} {label}".encode("utf-8", "surrogatepass")).hexdigest()[:12]


def canonical(value, depth=3):  # noqa: PLR0911 # one for each kind
    """Write a value down as far as the comparison looks at it."""
    kind = type(value)
    if value is None or kind is bool:
        return repr(value)
    if kind is int:
        return repr(value) if abs(value) < 1 << 31 else "?"
    if kind in (str, bytes):
        return repr(value) if len(value) <= 32 else "?"
    if kind in (tuple, list):
        if not depth or len(value) > 20:
            return kind.__name__
        return [kind.__name__, *(canonical(item, depth - 1) for item in value)]
    if kind in (dict, set, frozenset):
        return kind.__name__
    label = getattr(value, "guarded_label", None)
    return label if isinstance(label, str) else "?"


class Methods:
    """What an inert object, or an inert class, can be asked for."""

    def __setstate__(self, state):
        recorder.note("setstate", self.guarded_label, [state])

    def append(self, item):
        recorder.note("append", self.guarded_label, [item])

    def add(self, item):
        recorder.note("add", self.guarded_label, [item])

    def __setitem__(self, key, value):
        recorder.note("set", self.guarded_label, [key, value])

    def __call__(self, *arguments, **keywords):
        recorder.note("call", self.guarded_label, arguments)
        return instance("call", self)


class Extending(Methods):
    def extend(self, items):
        recorder.note("extend", self.guarded_label, items)


class Kind(Extending, type):
    """The class of what imports give: as a class, it can be given to NEWOBJ."""


class BareKind(Methods, type):
    """A class that has no `extend`."""


class Instance(Extending):
    def __new__(cls, *arguments, **keywords):
        recorder.note("new", cls.guarded_label, arguments)
        return instance("new", cls)


class BareInstance(Methods):
    def __new__(cls, *arguments, **keywords):
        recorder.note("new", cls.guarded_label, arguments)
        return instance("new", cls)


def instance(kind, maker):
    bare = maker.guarded_bare
    made = object.__new__(BareInstance if bare else Instance)
    made.__dict__.update(guarded_label=derived(kind, maker.guarded_label), guarded_bare=bare)
    return made


def named(module, name):
    """Write a global's name as Python 3 has it, whatever the protocol: that is compared elsewhere."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        module, name = _compat_pickle.NAME_MAPPING[module, name]
    return f"{_compat_pickle.IMPORT_MAPPING.get(module, module)}.{name}"


def imported(module, name):
    label = named(module, name)
    recorder.note("import", label)
    bare = name.startswith("bare")

    def make(cls, *arguments, **keywords):
        recorder.note("new", cls.guarded_label, arguments)
        return instance("new", cls)

    return (BareKind if bare else Kind)("Guarded", (), {"guarded_label": label, "guarded_bare": bare, "__new__": make})


def persistent(identity):
    recorder.note("persistent", "", [identity])
    made = object.__new__(Instance)
    made.__dict__.update(guarded_label=derived("persistent", ""), guarded_bare=False)
    return made


class InC(_pickle.Unpickler):
    def find_class(self, module, name):
        return imported(module, name)

    def persistent_load(self, identity):
        return persistent(identity)


class InPython(pickle._Unpickler):
    def find_class(self, module, name):
        return imported(module, name)

    def persistent_load(self, identity):
        return persistent(identity)


def steps(unpickler, data):
    recorder.steps = []
    copyreg._extension_cache.clear()
    buffers = [bytearray(b"guarded") for _ in range(64)]
    try:
        unpickler(io.BytesIO(data), encoding="latin-1", buffers=buffers).load()
    except BaseException as fault:  # noqa: BLE001 # a pickle can break in any way
        recorder.steps.append(["broken", type(fault).__name__, []])
    return recorder.steps


def main():
    warnings.simplefilter("ignore")  # of escapes that mean nothing
    limit = 1 << 28
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for code, (module, name) in EXTENSIONS.items():
        copyreg.add_extension(module, name, code)
    while header := sys.stdin.buffer.read(4):
        data = sys.stdin.buffer.read(struct.unpack("<I", header)[0])
        sys.stdout.write(json.dumps([steps(InC, data), steps(InPython, data)]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
