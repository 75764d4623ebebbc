"""What is looked for in HDF5 files, whoever wrote them."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REWRITE = "Write the file anew: load the weights in a sandbox, and save them to a new file or to safetensors."

OUTSIDE = Rule(
    id="hdf5-outside-file",
    title="Data that are read from other files",
    severity=Severity.HIGH,
    happens="Reading the weights reads files of the machine that the model names, and keeps what is in them: secrets "
    "leave with the model when it is saved or its predictions are shown.",
    remedy=_REWRITE,
    atlas=("AML.T0011.000", "AML.T0037"),
    cwe=("CWE-73", "CWE-200"),
    references=("CVE-2026-1669",),
)
USER_LINK = Rule(
    id="hdf5-user-defined-link",
    title="A link that a program of its own must follow",
    severity=Severity.HIGH,
    happens="Only a callback that someone has registered in the library knows where such a link leads.",
    remedy=_REWRITE,
    atlas=("AML.T0011.000",),
    cwe=("CWE-829",),
)
REPEATED = Rule(
    id="hdf5-repeated-name",
    title="Two links or attributes of one name",
    severity=Severity.HIGH,
    happens="One reader finds the first and another the last of them: what is checked is not what is loaded.",
    remedy=_REWRITE,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-694"),
)
PLUGIN = Rule(
    id="hdf5-plugin-filter",
    title="Data that only a plugin of the library can read",
    severity=Severity.MEDIUM,
    happens="Reading them loads a native library from the folders of HDF5's plugins, and runs it.",
    remedy="Store the data with `compression='gzip'` or without any.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-829", "CWE-114"),
    references=("https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md",),
)
SHAPE = Rule(
    id="hdf5-shape-bomb",
    title="A dataset that claims to be far larger than what is stored of it",
    severity=Severity.HIGH,
    happens="Loading it takes all the memory of the machine: a small file stops a service.",
    remedy=_REWRITE,
    atlas=("AML.T0029",),
    cwe=("CWE-770", "CWE-400"),
    references=("CVE-2026-0897", "CVE-2026-12570"),
)
TRAILING = Rule(
    id="hdf5-trailing-bytes",
    title="Bytes behind the end of the file",
    severity=Severity.HIGH,
    happens="The library does not look at them; whoever knows of them can carry anything in the file.",
    remedy=_REWRITE,
    atlas=("AML.T0011.000", "AML.T0074"),
    cwe=("CWE-434", "CWE-912"),
)
RULES = (OUTSIDE, USER_LINK, REPEATED, PLUGIN, SHAPE, TRAILING)
