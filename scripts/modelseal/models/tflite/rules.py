"""What a TensorFlow Lite model can do that models should not."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

INDEXES = Rule(
    id="tflite-indexes",
    title="A TensorFlow Lite model that points outside itself",
    severity=Severity.HIGH,
    happens="An index or an offset leads beyond what the model has; an interpreter that trusts it reads and writes "
    "memory of the program.",
    remedy="Do not load the model. Convert it anew from its source: `tf.lite.TFLiteConverter.from_saved_model(DIR)`.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-125", "CWE-787", "CWE-129"),
    references=("CVE-2020-15211", "CVE-2022-23561"),
)
CUSTOM = Rule(
    id="tflite-custom-operator",
    title="A TensorFlow Lite operator that nobody has vetted",
    severity=Severity.UNKNOWN,
    happens="The model runs only with native code that the program registers for it.",
    remedy="Find out which library has the operator and where it comes from; then allow the operator by its name.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-829",),
)
RULES = (INDEXES, CUSTOM)
