"""What a VEX document says: the words that the readers of each format and the gate share.

VEX is short for Vulnerability Exploitability eXchange; the statuses are those of its minimum requirements,
https://www.cisa.gov/sites/default/files/2023-04/minimum-requirements-for-vex-508c.pdf
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """What somebody says of a vulnerability in a product, the worst for us first."""

    AFFECTED = "affected"
    UNDER_INVESTIGATION = "under_investigation"
    FIXED = "fixed"
    NOT_AFFECTED = "not_affected"

    @property
    def hides(self) -> bool:
        """Whether a finding that this is said of does not count."""
        return self in (Status.FIXED, Status.NOT_AFFECTED)

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {status: rank for rank, status in enumerate(Status)}

# https://github.com/openvex/spec/blob/v0.2.0/OPENVEX-SPEC.md#status-justifications
JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One thing that somebody said of one vulnerability. Texts are as in the document: escape them.

    Attributes:
        vulnerability: The id that it is about, as it gives it.
        status: What it says.
        author: Who said it; empty where the document does not tell (CycloneDX need not).
        document: The name of the document that it is in.
        timestamp: Since when it is so, in UTC; None where the document does not tell (CycloneDX need not).
        justification: Why it is not affected, in one word of its format: see `JUSTIFICATIONS`; CycloneDX has other
            words. Empty where there is none.
        impact: Why it is not affected, in words.
        action: What to do about it, in words.
        supplier: Who supplies the product, where the document tells.
    """

    vulnerability: str
    status: Status
    author: str
    document: str
    timestamp: datetime | None
    justification: str = ""
    impact: str = ""
    action: str = ""
    supplier: str = ""

    @property
    def reason(self) -> str:
        """What it says and who says so, as one sentence without its full stop, for `Judged.reason`."""
        said = str(self.status).replace("_", " ")
        why = ": ".join(text for text in (self.justification.replace("_", " "), self.impact) if text)
        who = self.author or "an author it does not name"
        supplied = f", supplier {self.supplier}" if self.supplier else ""
        return f"{said} says {who}{supplied} in {self.document}" + (f": {why}" if why else "")


@dataclass(frozen=True, slots=True)
class Component:
    """A piece of software, by all that a document calls it.

    Attributes:
        purls: Package URLs.
        names: Other names: an IRI, a CPE, a BOM-Link.
    """

    purls: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about one product, or about one component in one product.

    Attributes:
        statement: What is said.
        ids: Every name of the vulnerability.
        product: What it is said of: an image, or a package wherever it is.
        part: The component of the product in which the vulnerability is; None for the product as a whole.
        versions: The package's versions for which it may hide a finding; None for those that the package URLs name.
    """

    statement: Statement
    ids: frozenset[str]
    product: Component | None
    part: Component | None = None
    versions: frozenset[str] | None = None
