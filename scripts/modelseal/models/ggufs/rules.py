"""What can be wrong with a GGUF file."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REMEDY = (
    "Do not load the file. Convert the model anew from safetensors that you trust: "
    "`python convert_hf_to_gguf.py DIR --outfile NEW.gguf`, and keep llama.cpp up to date."
)
_NATIVE = ("AML.T0011.000", "AML.T0010.003")
_GGML = (
    "CVE-2024-21802",
    "CVE-2024-21825",
    "CVE-2024-21836",
    "CVE-2024-23496",
    "CVE-2024-23605",
    "CVE-2025-53630",
)

COUNTS = Rule(
    id="gguf-counts",
    title="A count or a length in a GGUF file that cannot be true",
    severity=Severity.HIGH,
    happens="Loaders written in C and C++ compute memory sizes with it: they overflow, and write past what they have.",
    remedy=_REMEDY,
    atlas=_NATIVE,
    cwe=("CWE-190", "CWE-122", "CWE-787"),
    references=(*_GGML, "CVE-2025-49847"),
)
DUPLICATE = Rule(
    id="gguf-duplicate-key",
    title="A name that comes twice in a GGUF file",
    severity=Severity.HIGH,
    happens="Which of two values or tensors of one name is used depends on the loader: what was checked is not what "
    "runs.",
    remedy=_REMEDY,
    atlas=("AML.T0018", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-694"),
)
NESTED = Rule(
    id="gguf-nested-array",
    title="Arrays within arrays in a GGUF file",
    severity=Severity.HIGH,
    happens="No model needs them. llama.cpp refuses them, and other loaders read them without a limit of depth.",
    remedy=_REMEDY,
    atlas=("AML.T0029", "AML.T0011.000"),
    cwe=("CWE-674", "CWE-436"),
)
TENSORS = Rule(
    id="gguf-tensors",
    title="A tensor in a GGUF file of impossible type, shape or place",
    severity=Severity.HIGH,
    happens="A loader that trusts it reads or writes beyond the memory that it has taken for the tensor.",
    remedy=_REMEDY,
    atlas=_NATIVE,
    cwe=("CWE-125", "CWE-131", "CWE-190"),
    references=_GGML,
)
REGIONS = Rule(
    id="gguf-regions",
    title="Regions of a GGUF file that overlap, are missing, or belong to no tensor",
    severity=Severity.HIGH,
    happens="One tensor changes another, a loader reads past the end, or bytes that no tensor accounts for carry "
    "something else.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0074"),
    cwe=("CWE-125", "CWE-130", "CWE-912"),
)
METADATA = Rule(
    id="gguf-metadata-code",
    title="GGUF metadata that are a program or a serialised object",
    severity=Severity.HIGH,
    happens="No loader needs such metadata; a program that evaluates or unpickles them would run this.",
    remedy="Find out which program reads that key. Remove it: `gguf-new-metadata --remove-metadata KEY OLD NEW`.",
    atlas=("AML.T0011.000", "AML.T0010.003"),
    cwe=("CWE-502", "CWE-94"),
)
RULES = (COUNTS, DUPLICATE, NESTED, TENSORS, REGIONS, METADATA)
