"""in-toto Statement v1: what is said about which bytes.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection, short

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAMELESS = "_"
_KEYS = frozenset({"_type", "subject", "predicateType", "predicate"})


@dataclass(frozen=True, order=True)
class Subject:
    """What a statement is about.

    Attributes:
        name: For people; what counts is the digest.
        sha256: 64 lower-case hexadecimal digits.
    """

    name: str
    sha256: str

    def __post_init__(self) -> None:
        """Refuse a subject that identifies nothing.

        Raises:
            Rejection: The name is empty, or the digest is not a SHA-256.
        """
        if not self.name:
            raise Rejection("a subject has no name")
        if not _SHA256.fullmatch(self.sha256):
            raise Rejection(f"subject {short(self.name)} has no SHA-256 digest of 64 lower-case hexadecimal digits")


@dataclass(frozen=True)
class Statement:
    """A statement that has been read strictly. `predicate` is JSON data and is not to be changed."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, object]

    def is_about(self, sha256: str) -> bool:
        """Tell whether one of the subjects has this digest."""
        return any(subject.sha256 == sha256 for subject in self.subjects)


def build(subjects: Sequence[Subject], predicate_type: str, predicate: Mapping[str, object]) -> bytes:
    """Write a statement, always in the same way.

    Raises:
        Rejection: There is no subject, or no predicate type.
    """
    if not subjects:
        raise Rejection("a statement needs a subject")
    if not predicate_type:
        raise Rejection("a statement needs a predicate type")
    return jsontext.encode(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject.name, "digest": {"sha256": subject.sha256}} for subject in subjects],
            "predicateType": predicate_type,
            "predicate": predicate,
        }
    )


def parse(payload: bytes) -> Statement:
    """Read a statement.

    Raises:
        Rejection: It is not a statement of this version, has no subject, or a subject without a SHA-256 digest.
    """
    document = jsontext.parse_object(payload)
    if unknown := sorted(document.keys() - _KEYS):
        raise Rejection(f"the statement has an unknown member {short(unknown[0])}")
    if document.get("_type") != STATEMENT_TYPE:
        raise Rejection(f"the statement's type is {short(document.get('_type'))}, not {STATEMENT_TYPE}")
    subjects = jsontext.as_list(document.get("subject"), "the statement's subject")
    if not subjects:
        raise Rejection("the statement is about nothing: its list of subjects is empty")
    return Statement(
        subjects=tuple(_subject(item) for item in subjects),
        predicate_type=jsontext.as_text(document.get("predicateType"), "the predicate type"),
        predicate=jsontext.as_object(document.get("predicate"), "the predicate"),
    )


def _subject(item: object) -> Subject:
    entry = jsontext.as_object(item, "a subject")
    digest = jsontext.as_object(entry.get("digest"), "a subject's digest")
    sha256 = digest.get("sha256")
    # What others sign may have none, as cosign's signatures of images: "leave the field unset or use `_`".
    name = jsontext.as_text(entry.get("name") if entry.get("name", "") != "" else _NAMELESS, "a subject's name")
    return Subject(name, sha256 if isinstance(sha256, str) else "")
