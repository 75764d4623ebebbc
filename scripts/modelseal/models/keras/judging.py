"""Judge the objects of a configuration, one by one, by what Keras would look up for them.

How it does: https://github.com/keras-team/keras/blob/v3.9.0/keras/src/saving/serialization_lib.py (newer versions
refuse some of it) and https://github.com/keras-team/tf-keras/blob/v2.15.0/tf_keras/saving/serialization_lib.py.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelseal.gate.strict_json import short
from modelseal.models.event import Event, Fetches, Found, Requires
from modelseal.models.keras import rules
from modelseal.models.keras.names import known, modelling

_MARKS = frozenset({"config", "module", "registered_name", "spec_name", "inbound_nodes", "build_config"})
# They stand for plain values, and are looked up nowhere.
_PLAIN = frozenset(
    {
        "CompositeTensor",
        "TensorShape",
        "TypeSpec",
        "__bytes__",
        "__ellipsis__",
        "__keras_tensor__",
        "__numpy__",
        "__slice__",
        "__tensor__",
        "__tuple__",
    }
)
_SPECIFICATIONS = frozenset({"DenseSpec", "RaggedTensorSpec", "SparseTensorSpec", "TensorSpec", "IndexedSlicesSpec"})
_CLASSES_OF_METHODS = frozenset({"RaggedTensor", "SparseTensor", "Tensor", "Variable", "IndexedSlices"})
_EVIL_OPERATIONS = (
    "io.",
    "load_",
    "py_f",
    "numpy_f",
    "raw_ops.",
    "saved_model.",
    "keras.utils.",
    "keras.models.",
    "data.",
)
# A node that a layer of TensorFlow 1 and 2.0 to 2.3 keeps as text.
_EVIL_NODES = (
    "File",
    "PyFunc",
    "SaveV2",
    "SaveSlices",
    "RestoreV2",
    "MergeV2",
    "DebugIdentity",
    "PrintV2",
    "Rpc",
    "Library",
)


def concerns(node: Mapping[str, Any]) -> bool:
    """Tell whether an object of a JSON document describes an object of Keras."""
    return isinstance(node.get("class_name"), str) and not _MARKS.isdisjoint(node)


def judge(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge an object of a configuration, without those in it."""
    name, module = node["class_name"], node.get("module")
    config = node.get("config")
    inner: Mapping[str, Any] = config if isinstance(config, dict) else {}
    if name == "__lambda__":
        yield Found(rules.LAMBDA, "a lambda is kept as bytecode", evidence=short(config))
    elif name == "function":
        yield from _function(module, config)
    elif name == "__typespec__":
        yield from _specification(node.get("spec_name"), module)
    elif name not in _PLAIN:
        yield from _class(node, name, module)
        special = _SPECIAL.get(name.rpartition(">")[2])
        if special is not None:
            yield from special(inner)
    if inner.get("safe_mode") is False or node.get("safe_mode") is False:
        yield Found(rules.UNSAFE, f"the configuration of {short(name)} sets safe_mode to false")


def any_node(node: Mapping[str, Any]) -> Iterator[Event]:
    """Judge what counts wherever it is: arguments that switch `safe_mode` off."""
    if node.get("safe_mode") is False and "class_name" not in node:
        yield Found(rules.UNSAFE, "arguments in it set safe_mode to false")


def _class(node: Mapping[str, Any], name: str, module: object) -> Iterator[Event]:
    registered = node.get("registered_name")
    if module is not None and not isinstance(module, str):
        yield Found(rules.FOREIGN, f"the module of {short(name)} is {short(module)}, which Keras never writes")
        return
    if known().knows_class(module, name):
        if registered not in {None, name} and not _builtin(registered, name):
            yield Found(rules.RENAMED, f"{name} is registered as {short(registered)}", subject=str(registered)[:200])
        return
    full = f"{module}.{name}" if module else name
    if module is None:
        shown = registered if isinstance(registered, str) else name
        yield Found(rules.OWN, f"{short(shown)} is no class of Keras", subject=shown[:200])
    elif module.split(".", maxsplit=1)[0] in {"keras", "tf_keras"}:
        yield from _of_keras(full, module)
    elif known().foreign_to(module):
        yield Found(rules.FOREIGN, f"{short(full)} is named as a class", subject=full[:200])
    else:
        yield Found(rules.OWN, f"{short(full)} is no class of Keras", subject=str(registered or full)[:200])


def _builtin(registered: object, name: str) -> bool:
    """Tell whether a registered name is the one under which Keras itself has registered a class."""
    return isinstance(registered, str) and registered in {f"keras>{name}", f"Keras>{name}", f"tf_keras>{name}"}


def _of_keras(full: str, module: str) -> Iterator[Event]:
    if modelling(module):
        yield Found(rules.OWN, f"{short(full)} is in no version of Keras that is known", subject=full[:200])
    else:
        yield Found(rules.DANGEROUS, f"{short(full)} is named, which no model is made of", subject=full[:200])


def _function(module: object, name: object) -> Iterator[Event]:
    full = f"{module}.{name}"
    if isinstance(module, str) and isinstance(name, str):
        if known().knows_function(module, name) or known().knows_class(module, name):
            return
        if module == "builtins":
            yield from _by_name(name)
            return
        if module.split(".", maxsplit=1)[0] in {"keras", "tf_keras"}:
            yield from _of_keras(full, module)
            return
        if module == "__main__" or ">" in name:
            yield Found(rules.OWN, f"{short(full)} is no function of Keras", subject=full[:200])
            return
    yield Found(rules.FOREIGN, f"{short(full)} is named as a function", subject=full[:200])


def _by_name(name: str) -> Iterator[Event]:
    """Judge a function that is named without its module: Keras's, the user's own, or else Python's."""
    if name in _PYTHON_FUNCTIONS:
        yield Found(rules.FOREIGN, f"{name} of Python itself is named as a function", subject=f"builtins.{name}")
    else:
        yield Found(rules.OWN, f"{short(name)} is no function of Keras", subject=name[:200])


def _specification(name: object, module: object) -> Iterator[Event]:
    if not isinstance(module, str) or module.split(".", maxsplit=1)[0] != "tensorflow" or name not in _SPECIFICATIONS:
        full = f"{module}.{name}"
        yield Found(rules.FOREIGN, f"{short(full)} is named as what describes a tensor", subject=full[:200])


def _lambda(config: Mapping[str, Any]) -> Iterator[Event]:
    """Judge what a Lambda layer calls: bytecode, or a function by its name."""
    for role in ("function", "output_shape", "mask"):
        function, kind = config.get(role), config.get(f"{role}_type")
        if kind == "lambda" or (isinstance(function, list) and role == "function"):
            yield Found(rules.LAMBDA, f"a Lambda layer keeps its {role} as bytecode", evidence=short(function)[:500])
        elif isinstance(function, str) and function and kind != "raw":
            module = config.get("module" if role == "function" else f"{role}_module")
            yield from _named(function, module)


def _named(function: str, module: object) -> Iterator[Event]:
    """Judge the name of a Lambda layer's function, which is looked for in a module that is already imported."""
    if isinstance(module, str) and known().foreign_to(module):
        yield Found(
            rules.FOREIGN, f"{short(f'{module}.{function}')} is what a Lambda layer calls", subject=function[:200]
        )
    elif (
        len(function) > _LONGEST_NAME or not function.replace(".", "").replace(">", "").replace(" ", "").isidentifier()
    ):
        yield Found(rules.LAMBDA, "a Lambda layer keeps its function as code", evidence=short(function))
    else:
        yield from _by_name(function) if not known().knows_function("builtins", function) else ()


def _operation(config: Mapping[str, Any]) -> Iterator[Event]:
    """Judge the function of TensorFlow that a layer calls."""
    function = config.get("function")
    name = str(function).removeprefix("tf.").removeprefix("compat.v1.").removeprefix("compat.v2.")
    if not isinstance(function, str) or name not in known().operations:
        worst = rules.FOREIGN.severity if name.startswith(_EVIL_OPERATIONS) else None
        yield Found(rules.OPERATION, f"a layer calls tf.{name[:200]}", subject=f"tf.{name}"[:200], severity=worst)


def _method(config: Mapping[str, Any]) -> Iterator[Event]:
    """Judge a method or property of tensors that a layer uses."""
    names = [config.get(key) for key in ("attr_name", "method_name") if key in config]
    for name in names:
        if not isinstance(name, str) or name.startswith("_"):
            yield Found(
                rules.OPERATION, f"a layer uses the attribute {short(name)} of a tensor", subject=str(name)[:200]
            )
    owner = config.get("cls_ref", config.get("cls_symbol"))
    if owner is not None and str(owner).rpartition(".")[2] not in _CLASSES_OF_METHODS:
        yield Found(rules.OPERATION, f"a layer calls a method of {short(owner)}", subject=str(owner)[:200])


def _graph_node(config: Mapping[str, Any]) -> Iterator[Event]:
    definition = str(config.get("node_def"))
    found = [word for word in _EVIL_NODES if word in definition]
    if found:
        yield Found(
            rules.OPERATION, "a layer is an operation that reaches out of the model", evidence=definition.strip()[:500]
        )


def _vocabulary(config: Mapping[str, Any]) -> Iterator[Event]:
    path = config.get("vocabulary")
    if isinstance(path, str):
        yield Found(rules.VOCABULARY, f"the vocabulary of a layer is read from {short(path)}", evidence=short(path))
        yield Requires(Fetches.FILE, path[:500])


def _external(config: Mapping[str, Any]) -> Iterator[Event]:
    path = str(config.get("filepath"))[:500]
    yield Found(rules.EXTERNAL, f"a TFSMLayer loads {short(path)}", evidence=short(path))
    yield Requires(Fetches.MODEL, path)


def _torch(config: Mapping[str, Any]) -> Iterator[Event]:
    yield Found(rules.TORCH, "a TorchModuleWrapper keeps a pickle", evidence=short(config.get("module"))[:500])


def _hub(config: Mapping[str, Any]) -> Iterator[Event]:
    handle = config.get("handle")
    if isinstance(handle, str):
        yield Requires(Fetches.MODEL, handle[:500])


_LONGEST_NAME = 200
_PYTHON_FUNCTIONS = frozenset(
    {"__build_class__", "__import__", "breakpoint", "classmethod", "compile", "copyright", "credits", "delattr", "eval"}
    | {"exec", "exit", "getattr", "globals", "help", "input", "license", "locals", "memoryview", "object", "open"}
    | {"property", "quit", "setattr", "staticmethod", "super", "type", "vars", "__loader__", "__spec__"}
)
_SPECIAL: dict[str, Callable[[Mapping[str, Any]], Iterator[Event]]] = {
    "ClassMethod": _method,
    "IndexLookup": _vocabulary,
    "InstanceMethod": _method,
    "InstanceProperty": _method,
    "IntegerLookup": _vocabulary,
    "KerasLayer": _hub,
    "Lambda": _lambda,
    "SlicingOpLambda": _operation,
    "StringLookup": _vocabulary,
    "TFOpLambda": _operation,
    "TFSMLayer": _external,
    "TFSlicingOpLambda": _operation,
    "TensorFlowOpLayer": _graph_node,
    "TextVectorization": _vocabulary,
    "TorchModuleWrapper": _torch,
}
