"""What a scanner found: the words that every gate and every rendering use."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is, the worst first. `UNKNOWN`: the advisory's source has not rated it."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    UNKNOWN = "UNKNOWN"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
SERIOUS = frozenset({Severity.CRITICAL, Severity.HIGH})


class Kind(StrEnum):
    """What sort of thing was found. Each has its own threshold in a policy."""

    VULNERABILITY = "vulnerability"
    SECRET = "secret"  # noqa: S105 # a kind of finding
    MISCONFIGURATION = "misconfiguration"
    LICENSE = "license"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One vulnerability of one package, one secret or misconfiguration in one file, one package's licence.

    Or something in a model file. Its `package` is then the file's name, and its `path` goes on with the members in
    which it was found, each after a `!`: `model.pt!archive/data.pkl`.

    Texts are as the scanner wrote them, which may be as an attacker wrote them: escaping is the renderings' task.

    Attributes:
        kind: What sort of thing it is.
        id: The advisory's, the rule's, or the licence's id.
        severity: As the scanner rates it for this package's ecosystem.
        package: Its name; the file's path for a secret, a misconfiguration or something in a model.
        version: Of the package, as installed; empty where there is none.
        purl: The package's URL, where the scanner knows it.
        type: Of the package or file: `debian`, `python-pkg`, `dockerfile`; `secret` for a secret; in a model the
            format.
        path: Where it was found: the package's own file, or the scanned target.
        line: In the file; 0 when that is not known.
        fixed_version: The versions that mend it, as the advisory lists them; empty when there is none.
        status: Of the advisory: `fixed`, `affected`, `will_not_fix` and so on. In a model `unread` where something
            could not be read, `denied` where the policy does not allow the format.
        title: One line on what is wrong.
        description: What is wrong, at more length; at most 1,000 characters. In a model what exactly was found, a
            clause without its full stop.
        mend: What to do about it, where that is not a version to upgrade to.
        url: Where to read on.
        aliases: Other ids of the same advisory.
        published: When it became public; None when that is not known.
        score: The CVSS base score that belongs to the severity, 0 to 10; None when there is none.
        weaknesses: CWE ids, `CWE-79`.
        platform: `linux/arm64`, for an image that is an index of several; else empty.
        layer: The diff id of the layer that brought it.
        happens: What would happen, in a model: one or two sentences.
        offset: Where in a model file, or in the innermost member, in bytes from its beginning; None when that has no
            meaning.
        evidence: The bytes or text in a model that it rests on; empty when the description says it all.
        subject: What of several things it is about, by which a policy can allow it: `acme.features.Scaler`.
        root: The folder that a model's files are relative to, as the repository has it; empty for the repository's own.
        techniques: Ids of MITRE ATLAS, `AML.T0011.000`.
    """

    kind: Kind
    id: str
    severity: Severity
    package: str
    version: str = ""
    purl: str = ""
    type: str = ""
    path: str = ""
    line: int = 0
    fixed_version: str = ""
    status: str = ""
    title: str = ""
    description: str = ""
    mend: str = ""
    url: str = ""
    aliases: tuple[str, ...] = ()
    published: datetime | None = None
    score: float | None = None
    weaknesses: tuple[str, ...] = ()
    platform: str = ""
    layer: str = ""
    happens: str = ""
    offset: int | None = None
    evidence: str = ""
    subject: str = ""
    root: str = ""
    techniques: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The path, with line or byte where they are known: `/srv/cred:3`, `model.pkl at byte 31`."""
        if self.offset is not None:
            return f"{self.path} at byte {self.offset}"
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def file_paths(self) -> tuple[str, ...]:
        """What a model's file is called: by the report, and by the repository. Patterns may mean either."""
        return (self.package, f"{self.root}/{self.package}") if self.root else (self.package,)

    @property
    def members(self) -> str:
        """In which members of a model file it is, without the file's own name; empty for the file itself."""
        return self.path.removeprefix(self.package).removeprefix("!") if self.kind is Kind.MODEL else ""


def worst_first(finding: Finding) -> tuple[object, ...]:
    """Return a key that sorts findings, the worst first; no two different findings have the same."""
    return (
        finding.severity.rank, finding.package, finding.id, finding.version, finding.path, finding.platform,
        -1 if finding.offset is None else finding.offset, repr(finding),
    )  # fmt: skip
