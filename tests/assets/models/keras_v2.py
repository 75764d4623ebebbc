"""Keras in HDF5: models that Keras wrote, and models whose configuration or file does what no model does."""

import base64
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assets.models.case import Case, one
from assets.models.hdf5_writing import (
    File,
    attribute,
    bytes_type,
    external_link,
    float_type,
    hard_link,
    opaque_type,
    other_link,
    with_attributes,
)

BENIGN = Path(__file__).parent / "benign" / "keras"
# Not bytecode of any version of Python: it cannot be loaded.
BYTECODE = base64.b64encode(b"\xe3" + b"\0" * 40 + b"os.system").decode()
PICKLE = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."


def layer(name: str, config: dict[str, Any] | list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"class_name": name, "config": {"name": name.lower()} if config is None else config, **more}


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return layer(
        "Sequential", {"name": "m", "layers": [layer("InputLayer", {"batch_input_shape": [None, 3]}), *layers]}
    )


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def saved(config: dict[str, Any], **more: str) -> bytes:
    return with_attributes(
        {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": json.dumps(config), **more}
    )


def attacks() -> Iterator[tuple[str, dict[str, Any], str, str]]:
    """Yield what a layer can be: a name, the layer, what is wrong with it, and the rule that says so."""
    code = {"function": [BYTECODE, None, None], "function_type": "lambda", "module": "__main__"}
    yield "lambda", layer("Lambda", code), "bytecode in a Lambda layer", "keras-lambda"
    marked = {"class_name": "__lambda__", "config": {"value": BYTECODE}}
    yield "lambda-marked", layer("Lambda", {"function": marked}), "bytecode in a marked lambda", "keras-lambda"
    shape = {"function": "relu", "function_type": "function", "output_shape": [BYTECODE, None, None]}
    shape["output_shape_type"] = "lambda"
    yield "lambda-output-shape", layer("Lambda", shape), "bytecode for the shape of the output", "keras-lambda"
    source = {"function": "lambda x: __import__('os').system('id')", "function_type": "function"}
    yield "lambda-source", layer("Lambda", source), "source code as a function's name", "keras-lambda"
    nested = model(layer("TimeDistributed", {"layer": layer("Lambda", code)}))
    yield "lambda-in-wrapper-in-model", nested, "bytecode in a layer in a wrapper in a model", "keras-lambda"
    named = {"function": "system", "function_type": "function", "module": "os"}
    yield "lambda-of-module", layer("Lambda", named), "a function of os by its name", "keras-foreign-module"
    for module, name in (("os", "system"), ("subprocess", "check_output"), ("builtins", "exec"), ("posix", "system")):
        call = layer("Lambda", {"function": function(module, name), "arguments": {}})
        yield f"function-{module}-{name}", call, f"{module}.{name} as a layer's function", "keras-foreign-module"
    yield (
        "class-popen",
        layer("Popen", {"args": ["id"]}, module="subprocess"),
        "a class of Python",
        "keras-foreign-module",
    )
    trick = layer("Popen", {}, module="subprocess", registered_name="MyPkg>Dense")
    yield "class-popen-registered", trick, "a class of Python under a harmless name", "keras-foreign-module"
    loader = function("keras.utils", "get_file")
    yield "get-file", layer("Lambda", {"function": loader}), "a download", "keras-dangerous-function"
    loader = function("keras.models", "load_model")
    yield "load-model", layer("Lambda", {"function": loader}), "another model", "keras-dangerous-function"
    switch = function("keras.config", "enable_unsafe_deserialization")
    yield "switch-off", layer("Lambda", {"function": switch}), "safe_mode switched off", "keras-dangerous-function"
    hidden = function("keras.src.utils.file_utils", "get_file")
    yield (
        "get-file-inside",
        layer("Lambda", {"function": hidden}),
        "a download by its inner path",
        "keras-dangerous-function",
    )
    arguments = {"function": function("keras.activations", "relu"), "arguments": {"safe_mode": False}}
    yield "safe-mode-false", layer("Lambda", arguments), "an argument that switches safe_mode off", "keras-unsafe-mode"
    renamed = layer("Dense", {}, module="keras.layers", registered_name="evil>Dense")
    yield "renamed-dense", renamed, "an ordinary layer under a registered name", "keras-renamed-class"
    for name in ("io.write_file", "io.read_file", "load_op_library", "py_function", "raw_ops.WriteFile", "print"):
        call = layer("TFOpLambda", {"name": "tf", "function": name})
        yield f"operation-{name}", call, f"tf.{name} as a layer", "keras-tensorflow-operation"
    old = layer("TensorFlowOpLayer", {"node_def": 'name: "x"\nop: "WriteFile"\n', "constants": {}})
    yield "graph-node", old, "an operation that writes a file", "keras-tensorflow-operation"
    dunder = layer("InstanceProperty", {"attr_name": "__class__"})
    yield "dunder-property", dunder, "an attribute that leads out of tensors", "keras-tensorflow-operation"
    for path in ("/etc/passwd", "https://example.com/words.txt"):
        words = layer("StringLookup", {"vocabulary": path})
        yield f"vocabulary-{len(path)}", words, "a vocabulary from elsewhere", "keras-vocabulary-path"
    texts = layer("TextVectorization", {"vocabulary": "../../secret"})
    yield "vocabulary-of-texts", texts, "a vocabulary from elsewhere", "keras-vocabulary-path"
    external = layer("TFSMLayer", {"filepath": "/tmp/saved", "call_endpoint": "serve"})
    yield "saved-model", external, "a SavedModel from a path", "keras-external-model"
    torch = layer("TorchModuleWrapper", {"module": {"class_name": "__bytes__", "config": {"value": "gASV"}}})
    yield "torch-module", torch, "a pickle in a layer", "keras-torch-module"


def other_files() -> Iterator[Case]:
    file = File()
    yield one(
        "keras_v2/external-storage",
        "malicious",
        file.done([hard_link("w", file.outside("/etc/passwd"))]),
        "weights in a file of the machine",
        "hdf5-outside-file",
        file="m.h5",
    )
    yield one(
        "keras_v2/external-link",
        "malicious",
        File().done([external_link("w", "/etc/passwd")]),
        "a link to another file",
        "hdf5-outside-file",
        file="m.weights.h5",
    )
    yield one(
        "keras_v2/user-link",
        "malicious",
        File().done([other_link("w", 99, b"x")]),
        "a link that needs a callback",
        "hdf5-user-defined-link",
        file="m.h5",
    )
    file = File()
    yield one(
        "keras_v2/plugin-filter",
        "malicious",
        file.done([hard_link("w", file.filtered(40000))]),
        "a filter that loads a library",
        "hdf5-plugin-filter",
        file="m.h5",
    )
    file = File()
    bomb = file.dataset(float_type(), (1 << 20, 1 << 20), b"")
    yield one(
        "keras_v2/shape-bomb",
        "malicious",
        file.done([hard_link("w", bomb)]),
        "a small file that claims terabytes",
        "hdf5-shape-bomb",
        file="m.h5",
    )
    file = File()
    parts = [file.dataset(float_type(), (1,), struct.pack("<f", value)) for value in (1, 2)]
    twice = file.done([hard_link("w", parts[0]), hard_link("w", parts[1])])
    yield one("keras_v2/link-twice", "malicious", twice, "two datasets of one name", "hdf5-repeated-name", file="m.h5")
    twice = File().done([attribute("model_config", b'{"a":1}'), attribute("model_config", b'{"a":2}')])
    yield one("keras_v2/attribute-twice", "malicious", twice, "two configurations", "hdf5-repeated-name", file="m.h5")
    keys = with_attributes({"model_config": '{"class_name": "Sequential", "config": {}, "config": {"layers": []}}'})
    yield one(
        "keras_v2/key-twice", "malicious", keys, "two configurations in one object", "hdf5-repeated-name", file="m.h5"
    )
    plain = with_attributes({"keras_version": "2.15.0"})
    yield one(
        "keras_v2/trailing-bytes",
        "malicious",
        plain + PICKLE,
        "a pickle behind the end",
        "hdf5-trailing-bytes",
        file="m.h5",
    )


def carriers() -> Iterator[Case]:
    """Pickles that lie in a file of data, and that its usual readers unpickle."""
    plain = with_attributes({"keras_version": "2.15.0"})
    shifted = PICKLE + bytes(512 - len(PICKLE)) + plain
    yield one("keras_v2/user-block-pickle", "malicious", shifted, "a pickle before the superblock", file="m.h5")
    yield one(
        "keras_v2/attribute-pickle",
        "malicious",
        with_attributes({"TITLE": PICKLE}),
        "PyTables unpickles it",
        file="m.h5",
    )
    file = File()
    yield one(
        "keras_v2/dataset-pickle",
        "malicious",
        file.done([hard_link("w", file.dataset(bytes_type(), (len(PICKLE),), PICKLE))]),
        "a pickle as a list of bytes",
        file="m.h5",
    )
    file = File()
    yield one(
        "keras_v2/opaque-pickle",
        "malicious",
        file.done([hard_link("w", file.dataset(opaque_type(len(PICKLE)), (), PICKLE))]),
        "a pickle as one opaque value, as h5py writes `numpy.void`",
        file="m.h5",
    )


def unread() -> Iterator[Case]:
    plain = saved(model(layer("Dense")))
    yield one("keras_v2/cut-off", "unknown", plain[:-40], "the file ends too early", "unread", file="m.h5")
    yield one(
        "keras_v2/broken-configuration",
        "unknown",
        with_attributes({"model_config": '{"class_name": "Sequ'}),
        "no JSON",
        "unread",
        file="m.h5",
    )
    own = layer("MyLayer", {}, module=None, registered_name="my_pkg>MyLayer")
    yield one(
        "keras_v2/own-layer", "unknown", saved(model(own)), "the user's own layer", "keras-own-object", file="m.h5"
    )
    new = layer("LayerOfTomorrow", {}, module="keras.layers")
    yield one(
        "keras_v2/new-layer", "unknown", saved(model(new)), "a layer of a newer Keras", "keras-own-object", file="m.h5"
    )


def benign() -> Iterator[Case]:
    for path in sorted(BENIGN.glob("*.h5")):
        yield one(f"keras_v2/{path.name}", "benign", path.read_bytes(), "written by Keras", file=path.name)
    calls = model(
        *(
            layer("TFOpLambda", {"function": name})
            for name in ("math.multiply", "__operators__.add", "compat.v1.transpose")
        )
    )
    yield one("keras_v2/operations", "benign", saved(calls), "arithmetic of TensorFlow as layers", file="m.h5")
    words = model(layer("StringLookup", {"vocabulary": ["a", "b"]}), layer("TextVectorization", {"vocabulary": None}))
    yield one("keras_v2/vocabularies", "benign", saved(words), "vocabularies in the model", file="m.h5")
    file = File()
    weights = file.done([hard_link("w", file.dataset(float_type(), (2,), bytes(8))), other_link("again", 1, b"/w")])
    yield one("keras_v2/soft-link", "benign", weights, "a link within the file", file="m.h5")
    yield one(
        "keras_v2/user-block",
        "benign",
        b"MATLAB 7.3 MAT-file".ljust(512, b"\0") + weights,
        "a text before it",
        file="m.h5",
    )
    yield one("keras_v2/zeros-behind", "benign", weights + bytes(4096), "space that was never used", file="m.h5")
    sentence = with_attributes({"TITLE": "Weights of a model, and os.system is only a text here."})
    yield one("keras_v2/sentence", "benign", sentence, "a text that ends with a full stop", file="m.h5")


def cases() -> Iterator[Case]:
    for name, made, why, rule in attacks():
        yield one(f"keras_v2/{name}", "malicious", saved(model(made)), why, rule, file="model.h5")
    compiled = {"optimizer_config": layer("Adam"), "loss": function("os", "system"), "metrics": []}
    yield one(
        "keras_v2/training-loss",
        "malicious",
        saved(model(), training_config=json.dumps(compiled)),
        "a loss that is no loss",
        "keras-foreign-module",
        file="m.h5",
    )
    tokenizer = {"num_words": None, "filters": '!"#$%', "lower": True, "word_index": '{"a": 1}'}
    saved_texts = json.dumps({"class_name": "Tokenizer", "config": tokenizer}).encode()
    yield one("keras_v2/tokenizer", "benign", saved_texts, "as its to_json writes it", file="tokenizer.json")
    for group in (other_files, carriers, unread, benign):
        yield from group()
