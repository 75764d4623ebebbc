"""What an ONNX model can do that models should not."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REMEDY = (
    "Do not load the model. Take it from its publisher again, or export it anew: "
    "`python -c \"import onnx; onnx.save(onnx.load('OLD'), 'NEW', save_as_external_data=False)\"` in a sandbox."
)

EXTERNAL = Rule(
    id="onnx-external-data",
    title="An ONNX tensor that is read from outside the model's folder",
    severity=Severity.HIGH,
    happens="Loading the model reads whatever file it names with the rights of the program, and its bytes become part "
    "of the model's answers; saving it again can overwrite that file.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-22", "CWE-36"),
    references=("CVE-2022-25882", "CVE-2024-27318", "CVE-2025-51480"),
)
EXTERNAL_ENTRY = Rule(
    id="onnx-external-entry",
    title="An ONNX tensor's reference to external data that makes no sense",
    severity=Severity.HIGH,
    happens="Loaders take what it says into attributes and offsets: they read beyond the file, or change themselves.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000",),
    cwe=("CWE-915", "CWE-1284"),
    references=("CVE-2026-34445",),
)
PYTHON = Rule(
    id="onnx-python-operator",
    title="An ONNX operator that runs Python or calls another machine",
    severity=Severity.HIGH,
    happens="Where its library is registered, running the model calls Python functions or remote services.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0018"),
    cwe=("CWE-94", "CWE-829"),
    references=("https://onnxruntime.ai/docs/extensions/add-op.html",),
)
CUSTOM = Rule(
    id="onnx-custom-operator",
    title="An ONNX operator of a domain that nobody has vetted",
    severity=Severity.UNKNOWN,
    happens="The model runs only with a native library beside it, which then runs in the program.",
    remedy="Find out which library has the operators and where it comes from; then allow the domain by its name.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-829",),
)
SIZES = Rule(
    id="onnx-sizes",
    title="An ONNX tensor whose shape does not fit its bytes",
    severity=Severity.HIGH,
    happens="A loader that trusts the shape takes too much memory, or reads and writes beyond what it has.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0029"),
    cwe=("CWE-131", "CWE-190", "CWE-125"),
)
FUNCTIONS = Rule(
    id="onnx-functions",
    title="ONNX functions that call each other without end, or replace operators",
    severity=Severity.HIGH,
    happens="Expanding them fills memory or never ends; or an operator of the standard does something else than its "
    "name says, in those runtimes that let it.",
    remedy=_REMEDY,
    atlas=("AML.T0029", "AML.T0018"),
    cwe=("CWE-674", "CWE-400"),
)
METADATA = Rule(
    id="onnx-metadata-code",
    title="ONNX metadata that are a program or a serialised object",
    severity=Severity.HIGH,
    happens="No runtime runs metadata; a program that evaluates or unpickles them would run this.",
    remedy="Find out which program reads that key. Remove it from `metadata_props` and save the model anew.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502", "CWE-94"),
)
RULES = (EXTERNAL, EXTERNAL_ENTRY, PYTHON, CUSTOM, SIZES, FUNCTIONS, METADATA)
