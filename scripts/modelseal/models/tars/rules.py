"""The rules about tar archives. They are the `tar` format's."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REMEDY = "Do not unpack the file. Write it anew with the framework that made it."
_FILTERED = (
    "Do not unpack the file; if you must, with `tarfile.extractall(filter='data')` of a Python with its latest fixes."
)

HEADER = Rule(
    id="tar-header",
    title="A member that programs read in different ways",
    severity=Severity.HIGH,
    happens="Programs disagree about its name, its size or where the next one begins: what one checks is not what "
    "another one unpacks.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-843"),
    references=("CVE-2025-62518",),
)
DUPLICATE = Rule(
    id="tar-duplicate",
    title="Two members of one name",
    severity=Severity.MEDIUM,
    happens="Who reads the archive as it is takes the last, who looks for a name in it the first.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-694"),
)
PATH = Rule(
    id="tar-path",
    title="A member that unpacks outside of its folder",
    severity=Severity.HIGH,
    happens="Unpacking the archive writes over files elsewhere: start-up files, keys, other models.",
    remedy=_FILTERED,
    atlas=("AML.T0011.000",),
    cwe=("CWE-22",),
    references=("CVE-2007-4559", "CVE-2024-5187", "https://peps.python.org/pep-0706/"),
)
LINK = Rule(
    id="tar-link",
    title="A link out of the archive's folder",
    severity=Severity.HIGH,
    happens="Members after it are written through the link to elsewhere, or what lies elsewhere is read as if it were "
    "the model's.",
    remedy=_FILTERED,
    atlas=("AML.T0011.000",),
    cwe=("CWE-59", "CWE-61"),
    references=("CVE-2025-4517", "https://peps.python.org/pep-0706/"),
)
DEVICE = Rule(
    id="tar-device",
    title="A device or a pipe",
    severity=Severity.HIGH,
    happens="Unpacked by an administrator it gives access to a disk or to memory; a pipe blocks whoever reads it.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000",),
    cwe=("CWE-66",),
)
SPARSE = Rule(
    id="tar-sparse",
    title="A member with holes",
    severity=Severity.MEDIUM,
    happens="Its bytes are put together when it is unpacked, which not every program does: a scan that does not sees "
    "other bytes. A few bytes can unpack to terabytes.",
    remedy="Pack the files anew without `--sparse`.",
    atlas=("AML.T0074", "AML.T0029"),
    cwe=("CWE-436", "CWE-409"),
)
TRAILING = Rule(
    id="tar-trailing",
    title="Bytes after the end of the archive",
    severity=Severity.HIGH,
    happens="Most programs never see them, others read on: what one checks is not what another one unpacks.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-506"),
)
RULES = (HEADER, DUPLICATE, PATH, LINK, DEVICE, SPARSE, TRAILING)
