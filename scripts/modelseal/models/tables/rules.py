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
    happens="Reading the file, or the column's values, runs any code in it: PyArrow before 14.0.1 unpickles what "
    "describes an `arrow.py_extension_type`, Ray the values of a `ray.data.arrow_pickled_object`.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.002"),
    cwe=("CWE-502",),
    references=("CVE-2023-47248", "https://github.com/ray-project/ray/security/advisories/GHSA-2ch8-9c5v-84jf"),
)
PICKLED_METADATA = Rule(
    id="arrow-pickled-metadata",
    title="A table with a serialised object in its metadata",
    severity=Severity.HIGH,
    happens="A program that unpickles the metadata of the file or of a column runs any code in it, as Ray before "
    "2.55.0 does for columns of tensors.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000", "AML.T0010.002"),
    cwe=("CWE-502",),
    references=("CVE-2026-41486",),
)
JAVA_CLASS = Rule(
    id="arrow-java-class",
    title="A table whose Avro schema names a Java class",
    severity=Severity.HIGH,
    happens="Reading the file with parquet-avro before 1.15.2 makes an object of that class, where it reads into "
    "classes (its models `specific` and `reflect`) and not into generic records.",
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
