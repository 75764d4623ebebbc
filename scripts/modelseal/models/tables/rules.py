"""What tables of data can do that data should not."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REMEDY = (
    "Do not read the file with PyArrow before 14.0.1, Ray or parquet-avro. Write it anew without the type: "
    "`pyarrow.parquet.write_table(table.replace_schema_metadata(None), 'NEW')` in a sandbox."
)

PICKLED_TYPE = Rule(
    id="arrow-pickled-type",
    title="A table with a column type that is unpickled when it is read",
    severity=Severity.HIGH,
    happens="Reading the file unpickles what describes the column, which runs any code in it: by PyArrow before "
    "14.0.1 for `arrow.py_extension_type`, by Ray for its own types.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.002"),
    cwe=("CWE-502",),
    references=("CVE-2023-47248",),
)
PICKLED_METADATA = Rule(
    id="arrow-pickled-metadata",
    title="A table with a serialised object in its metadata",
    severity=Severity.HIGH,
    happens="A program that unpickles the metadata of the file or of a column runs any code in it.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.002"),
    cwe=("CWE-502",),
)
JAVA_CLASS = Rule(
    id="arrow-java-class",
    title="A table whose Avro schema names a Java class",
    severity=Severity.HIGH,
    happens="Reading the file with parquet-avro before 1.15.2 makes an object of that class.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.002"),
    cwe=("CWE-502", "CWE-470"),
    references=("CVE-2025-30065", "CVE-2025-46762"),
)
METADATA = Rule(
    id="arrow-metadata-code",
    title="Metadata of a table that are a program",
    severity=Severity.HIGH,
    happens="No reader runs metadata; a program that evaluates them would run this.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.002"),
    cwe=("CWE-94",),
)
RULES = (PICKLED_TYPE, PICKLED_METADATA, JAVA_CLASS, METADATA)
