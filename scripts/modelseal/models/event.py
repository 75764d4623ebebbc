"""What a format tells of the bytes that it reads, one thing at a time."""

from dataclasses import dataclass
from enum import StrEnum

from modelseal.gate.finding import Severity
from modelseal.models.content import Content
from modelseal.models.rule import Rule


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a rule is about.

    Attributes:
        rule: Which.
        what: What exactly was found, a clause without its full stop: `os.system is called with 'id'`. It can repeat
            what an attacker wrote: escaping is the renderings' task.
        offset: Where, in bytes from the beginning of the content; None when that has no meaning.
        evidence: The bytes or text it rests on, at most 500 characters; empty when `what` says it all.
        subject: What of several things the rule is about, for policies that allow it by its name: `sklearn.tree.Tree`.
        severity: In place of the rule's, where this case is milder or worse than usual.
    """

    rule: Rule
    what: str
    offset: int | None = None
    evidence: str = ""
    subject: str = ""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Something packed in what is being read, to be looked into like a file of its own.

    Attributes:
        name: As the container calls it; never trusted.
        content: Its bytes, unpacked.
        known: Name of the format that it must be, where the container says so; empty to go by its bytes alone.
    """

    name: str
    content: Content
    known: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A part that could not be read, while the rest could.

    Attributes:
        what: What and why, in words that begin with `it` and have no full stop.
        offset: Where, in bytes from the beginning of the content; None when that is not known.
    """

    what: str
    offset: int | None = None


class Fetches(StrEnum):
    """What loading a model takes from elsewhere."""

    CODE = "code"
    MODEL = "model"
    ADAPTER = "adapter"
    TOKENIZER = "tokenizer"
    DATA = "data"
    PACKAGE = "package"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Requires:
    """Something that loading the model would run or fetch: one entry of its runtime closure.

    Attributes:
        kind: What sort of thing it is.
        reference: Its name as the model gives it: a repository, a module and class, a path, an address.
        revision: The commit, tag or version that the model names; empty when it names none.
        pinned: Whether that is a digest or a whole commit id, which cannot come to mean something else.
        offset: Where the model says so; None when that has no meaning.
        size: How many bytes a file must have for what is read of it; 0 when the model does not say.
    """

    kind: Fetches
    reference: str
    revision: str = ""
    pinned: bool = False
    offset: int | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Traced:
    """A step of a program in a file, for people who ask what it would do.

    Attributes:
        offset: Of the instruction, in bytes from the beginning of the content.
        what: `import os.system`, `call os.system('id')`.
        judged: `safe`, `dangerous` or `unknown`.
    """

    offset: int
    what: str
    judged: str


Event = Found | Member | Unread | Requires | Traced
