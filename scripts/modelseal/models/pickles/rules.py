"""The rules about pickles. They are the `pickle` format's, and of all formats that have pickles in them."""

from modelseal.gate.finding import Severity
from modelseal.models.rule import Rule

_SAFER = (
    "Do not load the file. Ask for the weights in a format that holds data alone: "
    "`safetensors.torch.save_file(model.state_dict(), 'model.safetensors')` where the model is trusted."
)
_ATLAS = ("AML.T0011.000", "AML.T0010.003")
_SCANNERS = "https://github.com/mmaitre314/picklescan/security/advisories"
_PICKLE = "https://docs.python.org/3/library/pickle.html"

DANGEROUS_CALL = Rule(
    id="pickle-dangerous-call",
    title="A pickle that attacks",
    severity=Severity.CRITICAL,
    happens="Loading the file calls what runs programs, evaluates code, reaches the network, the file system or into "
    "other objects, with the rights of whoever loads it.",
    remedy=_SAFER,
    atlas=_ATLAS,
    cwe=("CWE-502", "CWE-94"),
    references=(_PICKLE, _SCANNERS, "CVE-2025-1716", "CVE-2025-10157", "CVE-2025-46417"),
)
DANGEROUS_IMPORT = Rule(
    id="pickle-dangerous-import",
    title="A pickle that imports what attacks are made of",
    severity=Severity.HIGH,
    happens="Loading the file imports something that no model needs and that attacks do. It may be called in ways that "
    "cannot be seen here.",
    remedy=_SAFER,
    atlas=_ATLAS,
    cwe=("CWE-502", "CWE-829"),
    references=(_PICKLE, _SCANNERS),
)
UNKNOWN_GLOBAL = Rule(
    id="pickle-unknown-global",
    title="A pickle that uses what nobody has vetted",
    severity=Severity.UNKNOWN,
    happens="Loading the file imports or calls something that may be a class of your own, or an attack: its name alone "
    "does not tell.",
    remedy="If it is code of your own, or of a package that you trust, allow it by its exact name in the policy: "
    "`models.allowed-globals`. Else do not load the file.",
    atlas=("AML.T0011.000",),
    cwe=("CWE-502",),
    references=(_PICKLE,),
)
HIDDEN_NAME = Rule(
    id="pickle-hidden-name",
    title="A pickle that hides what it imports",
    severity=Severity.HIGH,
    happens="The name of what is imported is only made while the file is loaded, or is a number in a registry of the "
    "loader's. No program writes such pickles; attacks do, so that they cannot be read.",
    remedy=_SAFER,
    atlas=(*_ATLAS, "AML.T0074"),
    cwe=("CWE-502", "CWE-506"),
    references=("https://docs.python.org/3/library/copyreg.html", _SCANNERS),
)
OVERWRITES = Rule(
    id="pickle-overwrites",
    title="A pickle that changes code that is already loaded",
    severity=Severity.CRITICAL,
    happens="Loading the file writes into modules, classes or functions, or over methods of objects: what the program "
    "calls afterwards is the attacker's.",
    remedy=_SAFER,
    atlas=_ATLAS,
    cwe=("CWE-502", "CWE-915"),
    references=(_PICKLE,),
)
TRAILING = Rule(
    id="pickle-trailing-data",
    title="Bytes behind the end of a pickle",
    severity=Severity.MEDIUM,
    happens="The unpickler does not read them, and something else may: they hide what is not a part of the model.",
    remedy="Load the file where it can do no harm, and write it anew: what the model needs is written again, and "
    "nothing else.",
    atlas=("AML.T0011.000", "AML.T0074"),
    cwe=("CWE-506",),
)
BURIED = Rule(
    id="pickle-buried",
    title="A pickle in the midst of other bytes",
    severity=Severity.HIGH,
    happens="A loader that skips what comes before it, or that goes on behind an error, runs it; programs that look at "
    "a file's beginning never see it.",
    remedy=_SAFER,
    atlas=(*_ATLAS, "AML.T0074"),
    cwe=("CWE-502", "CWE-506"),
)
TORN_FRAME = Rule(
    id="pickle-torn-frame",
    title="A pickle whose frames lie about their lengths",
    severity=Severity.HIGH,
    happens="Python's two unpicklers read such a file differently: one runs what the other one, or a scanner, refuses "
    "or skips.",
    remedy="Do not load the file: no program writes such pickles by accident. Write it anew from its source.",
    atlas=("AML.T0011.000", "AML.T0074"),
    cwe=("CWE-130", "CWE-436"),
    references=("https://peps.python.org/pep-3154/#framing",),
)
UNFOLDS = Rule(
    id="pickle-unfolds",
    title="A pickle whose tuples unfold without end",
    severity=Severity.HIGH,
    happens="The same tuple lies in tuples over and over. Python hashes each of them anew: a few hundred bytes keep it "
    "busy for years where they are a dictionary's key or in a set.",
    remedy="Do not load the file. No data is like this.",
    atlas=("AML.T0029",),
    cwe=("CWE-400", "CWE-407"),
)
RULES = (
    DANGEROUS_CALL,
    DANGEROUS_IMPORT,
    UNKNOWN_GLOBAL,
    HIDDEN_NAME,
    OVERWRITES,
    TRAILING,
    BURIED,
    TORN_FRAME,
    UNFOLDS,
)
