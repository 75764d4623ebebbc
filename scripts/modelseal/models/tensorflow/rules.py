"""What a TensorFlow graph can do that models should not."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REMEDY = (
    "Do not load the model. Build it anew from its source and safetensors weights, and look at what it has with "
    "`saved_model_cli scan --dir DIR`."
)
_GRAPHS_ARE_PROGRAMS = "https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md"

PYTHON = Rule(
    id="tensorflow-python-call",
    title="A TensorFlow operator that calls Python",
    severity=Severity.HIGH,
    happens="Running the model calls a Python function of the program that has loaded it.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-94", "CWE-829"),
    references=(_GRAPHS_ARE_PROGRAMS,),
)
WRITES = Rule(
    id="tensorflow-file-write",
    title="A TensorFlow operator that writes files",
    severity=Severity.HIGH,
    happens="Running the model, or only loading it, writes to files with the rights of the program: start scripts, "
    "keys, code.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-73", "CWE-829"),
    references=(_GRAPHS_ARE_PROGRAMS,),
)
READS = Rule(
    id="tensorflow-file-read",
    title="A TensorFlow operator that reads files",
    severity=Severity.HIGH,
    happens="Running the model reads files with the rights of the program; what is in them leaves with its answers.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-73", "CWE-200"),
    references=(_GRAPHS_ARE_PROGRAMS, "https://hiddenlayer.com/innovation-hub/models-are-code/"),
)
NETWORK = Rule(
    id="tensorflow-network",
    title="A TensorFlow operator that speaks to other machines",
    severity=Severity.HIGH,
    happens="Running the model connects to a server that the model names, and sends it what it is given.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-918", "CWE-829"),
    references=(_GRAPHS_ARE_PROGRAMS,),
)
PATH = Rule(
    id="tensorflow-path",
    title="A TensorFlow model that names a file outside its folder",
    severity=Severity.HIGH,
    happens="Loading or saving the model reads or writes that file with the rights of the program.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000",),
    cwe=("CWE-22", "CWE-36"),
)
CUSTOM = Rule(
    id="tensorflow-custom-operator",
    title="A TensorFlow operator that TensorFlow does not have",
    severity=Severity.UNKNOWN,
    happens="The model runs only with a native library beside it, which then runs in the program.",
    remedy="Find out which library has the operator and where it comes from; then allow the operator by its name.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-829",),
)
RULES = (PYTHON, WRITES, READS, NETWORK, PATH, CUSTOM)
