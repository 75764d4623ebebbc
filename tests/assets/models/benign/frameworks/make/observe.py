"""Tell what loading pickles calls, as CPython's own unpickler does it. Run by hand: `python observe.py FILE...`.

For making the tables only: it loads what it is given.
"""

import collections
import pickle
import sys
import warnings


def name(target):
    if isinstance(target, (type, type(name), type(len))) or hasattr(target, "__qualname__"):
        return "{}.{}".format(getattr(target, "__module__", None), getattr(target, "__qualname__", target))
    if type(target).__name__ == "ufunc":
        return "ufunc " + target.__name__
    return "<{}>".format(type(target).__name__)


SEEN = collections.Counter()
EXAMPLES = {}


FILE = [""]


def main():
    warnings.simplefilter("ignore")
    for module in ("joblib.numpy_pickle", "joblib.numpy_pickle_compat"):
        try:
            __import__(module)
        except ImportError:
            pass
    base = pickle._Unpickler
    original = base.find_class

    def find(self, module, attribute):
        SEEN[("import", module, attribute)] += 1
        return original(self, module, attribute)

    base.find_class = find
    _patch(base)
    for path in sys.argv[1:]:
        FILE[0] = path.split("/")[-1]
        try:
            if path.endswith((".joblib",)):
                import joblib

                joblib.load(path)
            elif path.endswith((".pt", ".pth", ".ckpt", ".bin")):
                import torch

                pickle.Unpickler = base
                torch.load(path, weights_only=False)
            else:
                with open(path, "rb") as file:
                    base(file).load()
        except Exception as fault:
            print("FAILED", path, repr(fault)[:200])
    for key, count in sorted(SEEN.items(), key=str):
        if key[0] == "call":
            print(*key, count, *EXAMPLES.get(key, ()))


def _patch(base):
    reduce, build = _REDUCE, _BUILD

    def load_reduce(self):
        arguments, callee = self.stack[-1], self.stack[-2]
        key = ("call", getattr(callee, "__module__", None), getattr(callee, "__qualname__", repr(callee)[:60]))
        SEEN[key] += 1
        shown = [
            name(item) if not isinstance(item, (str, int, float, bytes, type(None))) else repr(item)[:40]
            for item in arguments
        ]
        EXAMPLES.setdefault(key, (FILE[0], shown))
        reduce(self)

    def load_build(self):
        target = self.stack[-2]
        SEEN[("build", type(target).__module__, type(target).__qualname__)] += 1
        build(self)

    base.dispatch[pickle.REDUCE[0]] = load_reduce
    base.dispatch[pickle.BUILD[0]] = load_build


_REDUCE, _BUILD = pickle._Unpickler.load_reduce, pickle._Unpickler.load_build

if __name__ == "__main__":
    main()
