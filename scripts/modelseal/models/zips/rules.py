"""The rules about zip archives in which two readers find different things. They are the `zip` format's."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_REMEDY = "Do not use the file. Write it anew with the framework that made it, or unpack it where it can do no harm."
_DIFFER = "What one program checks is not what another one loads."
_SCANNERS = "https://github.com/mmaitre314/picklescan/security/advisories"

TWO_DIRECTORIES = Rule(
    id="zip-two-directories",
    title="An archive with more than one directory",
    severity=Severity.HIGH,
    happens=f"Which members it has depends on who looks: readers search the directory in different ways. {_DIFFER}",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-115"),
    references=("CVE-2025-8291", "https://github.com/python/cpython/issues/139700"),
)
LOCAL_HEADER = Rule(
    id="zip-local-header",
    title="A member whose own header contradicts the directory",
    severity=Severity.HIGH,
    happens=f"Python refuses such a member or reads less of it, PyTorch reads it as the directory says, and readers of "
    f"streams as its header says. {_DIFFER}",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-345"),
    references=("CVE-2025-1944", _SCANNERS),
)
DUPLICATE = Rule(
    id="zip-duplicate",
    title="Two members of one name",
    severity=Severity.HIGH,
    happens=f"Python takes the last, other readers the first or any. {_DIFFER}",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-694"),
)
OVERLAP = Rule(
    id="zip-overlap",
    title="Members that share their bytes",
    severity=Severity.HIGH,
    happens="Bytes are checked as one thing and loaded as another, or a small archive unpacks to far more than it.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0029"),
    cwe=("CWE-436", "CWE-409"),
    references=("https://www.bamsoftware.com/hacks/zipbomb/",),
)
HIDDEN = Rule(
    id="zip-hidden-member",
    title="A member that the directory does not list",
    severity=Severity.HIGH,
    happens="Readers of streams unpack it; programs that go by the directory, scanners among them, never see it.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-506"),
)
UNACCOUNTED = Rule(
    id="zip-unaccounted",
    title="Bytes in an archive that belong to no member",
    severity=Severity.HIGH,
    happens="Something is carried along that the archive's readers do not see; a loader of another format, or one that "
    "looks at the beginning of the file only, reads it instead of the archive.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-506", "CWE-436"),
    references=("https://github.com/trailofbits/fickling#pytorch-polyglots",),
)
ENCRYPTED = Rule(
    id="zip-encrypted",
    title="A member that is said to be encrypted",
    severity=Severity.HIGH,
    happens="Scanners cannot read it or give up; a loader that ignores the flag reads it all the same. No framework "
    "encrypts what is in its models.",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-693"),
    references=("CVE-2025-1945", _SCANNERS),
)
CHECKSUM = Rule(
    id="zip-checksum",
    title="A member with a wrong checksum",
    severity=Severity.HIGH,
    happens="Python and scanners refuse the member; PyTorch does not check and loads it. Else the file is damaged.",
    remedy="Fetch the file again. If it is the same, do not use it: write it anew with the framework that made it.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-354", "CWE-436"),
    references=("CVE-2025-10156", _SCANNERS),
)
PATH = Rule(
    id="zip-path",
    title="A member that unpacks outside of its folder",
    severity=Severity.HIGH,
    happens="Unpacking the archive writes over files elsewhere: start-up files, keys, other models.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000",),
    cwe=("CWE-22",),
    references=("https://security.snyk.io/research/zip-slip-vulnerability",),
)
LINK = Rule(
    id="zip-link",
    title="A member that is a link out of its folder",
    severity=Severity.HIGH,
    happens="Unpacking it makes a link, and members after it are then written through the link to elsewhere, or what "
    "lies elsewhere is read as if it were the model's.",
    remedy=_REMEDY,
    atlas=("AML.T0011.000",),
    cwe=("CWE-59", "CWE-61"),
)
NAME = Rule(
    id="zip-name",
    title="A member with a name that readers understand differently",
    severity=Severity.HIGH,
    happens=f"Some readers end the name at a zero byte, take a second name, or cannot decode it. {_DIFFER}",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-436", "CWE-158", "CWE-176"),
)
SIZES = Rule(
    id="zip-sizes",
    title="A member that is larger or smaller than the archive says",
    severity=Severity.HIGH,
    happens=f"Python reads as much as the archive says, others all there is or nothing. {_DIFFER}",
    remedy=_REMEDY,
    atlas=("AML.T0074", "AML.T0029"),
    cwe=("CWE-436", "CWE-130"),
)
RULES = (
    TWO_DIRECTORIES,
    LOCAL_HEADER,
    DUPLICATE,
    OVERLAP,
    HIDDEN,
    UNACCOUNTED,
    ENCRYPTED,
    CHECKSUM,
    PATH,
    LINK,
    NAME,
    SIZES,
)
