"""What is looked for in the configurations of Keras."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_ARTIFACT = ("AML.T0011.000", "AML.T0010.003")
_WEIGHTS_ONLY = (
    "Do not load it. Get the weights alone (`model.save_weights('model.weights.h5')`), and build the layers in code "
    "that you have read."
)

LAMBDA = Rule(
    id="keras-lambda",
    title="Python bytecode in a layer",
    severity=Severity.CRITICAL,
    happens="The bytecode is unmarshalled and run when the model is loaded or first called. HDF5 files ignore "
    "`safe_mode`; for `.keras` files other parts of the same file have been able to switch it off.",
    remedy=_WEIGHTS_ONLY + " If it is your own model, make the lambda a registered function or layer.",
    atlas=_ARTIFACT,
    cwe=("CWE-502", "CWE-94"),
    references=("CVE-2024-3660", "CVE-2025-9905", "CVE-2025-9906"),
)
FOREIGN = Rule(
    id="keras-foreign-module",
    title="A class or function of a module that is not Keras's",
    severity=Severity.CRITICAL,
    happens="Loading the model imports the module, and calls what is named with arguments from the same file: any "
    "function of Python or of an installed package.",
    remedy=_WEIGHTS_ONLY,
    atlas=_ARTIFACT,
    cwe=("CWE-502", "CWE-470"),
    references=("CVE-2025-1550",),
)
DANGEROUS = Rule(
    id="keras-dangerous-function",
    title="A function of Keras that no model is made of",
    severity=Severity.CRITICAL,
    happens="Keras has functions that fetch and unpack files, load other models, and switch `safe_mode` off; a layer "
    "can call them when the model is loaded.",
    remedy=_WEIGHTS_ONLY,
    atlas=_ARTIFACT,
    cwe=("CWE-502", "CWE-470"),
    references=("CVE-2025-8747", "CVE-2025-9906", "CVE-2025-12060"),
)
OWN = Rule(
    id="keras-own-object",
    title="A class or function of the user's own",
    severity=Severity.UNKNOWN,
    happens="Whoever loads the model must have registered this name, and that code runs. The file itself does not say "
    "what it does.",
    remedy="If the name is your own, allow it in the policy by exactly this name.",
    atlas=_ARTIFACT,
    cwe=("CWE-470",),
)
UNSAFE = Rule(
    id="keras-unsafe-mode",
    title="An order to load without `safe_mode`",
    severity=Severity.HIGH,
    happens="A part of the configuration switches off the check that keeps Keras from running bytecode in the file.",
    remedy=_WEIGHTS_ONLY,
    atlas=_ARTIFACT,
    cwe=("CWE-502", "CWE-693"),
    references=("CVE-2025-9906",),
)
VOCABULARY = Rule(
    id="keras-vocabulary-path",
    title="A vocabulary that is read from a path or an address",
    severity=Severity.HIGH,
    happens="Loading the model reads a file of the machine, or fetches an address, and keeps what it got in the model.",
    remedy="Save the model anew with the vocabulary in it: `layer.set_vocabulary(list_of_words)`.",
    atlas=("AML.T0011.000", "AML.T0037"),
    cwe=("CWE-73", "CWE-918"),
    references=("CVE-2025-12058",),
)
EXTERNAL = Rule(
    id="keras-external-model",
    title="A layer that loads another model from a path",
    severity=Severity.HIGH,
    happens="The SavedModel at the path is loaded and run, `safe_mode` or not; what it does is not in this file.",
    remedy="Scan the SavedModel that the layer names, and save one model that needs no other.",
    atlas=_ARTIFACT,
    cwe=("CWE-502", "CWE-73"),
    references=("CVE-2026-1462",),
)
TORCH = Rule(
    id="keras-torch-module",
    title="A PyTorch module in a layer",
    severity=Severity.CRITICAL,
    happens="The layer keeps the module as a pickle, which loading the model unpickles with everything it may call.",
    remedy="Keep the module's weights in safetensors, and build the layer in code.",
    atlas=_ARTIFACT,
    cwe=("CWE-502",),
    references=("CVE-2025-49655",),
)
RENAMED = Rule(
    id="keras-renamed-class",
    title="A class of Keras under another registered name",
    severity=Severity.HIGH,
    happens="Keras looks for the registered name first: what reads like an ordinary layer is something else where that "
    "name is registered. Keras never writes such a name.",
    remedy=_WEIGHTS_ONLY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-470",),
)
OPERATION = Rule(
    id="keras-tensorflow-operation",
    title="A function of TensorFlow that is not mathematics",
    severity=Severity.HIGH,
    happens="The layer calls the function, with arguments from the same file, when the model is loaded: TensorFlow has "
    "functions that read and write files, load libraries and call Python.",
    remedy=_WEIGHTS_ONLY,
    atlas=_ARTIFACT,
    cwe=("CWE-470", "CWE-73"),
)
RULES = (LAMBDA, FOREIGN, DANGEROUS, OWN, UNSAFE, VOCABULARY, EXTERNAL, TORCH, RENAMED, OPERATION)
