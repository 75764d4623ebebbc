"""in-toto Statement: what is said about which bytes. Written in version 1; the version before it is read too.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
https://github.com/in-toto/attestation/blob/main/spec/v0.1.0/README.md#statement
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection, short

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# What cosign, BuildKit and npm write: the same members with the same meaning.
EARLIER_STATEMENT_TYPE = "https://in-toto.io/Statement/v0.1"
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


def parse(payload: bytes, types: Sequence[str] = (STATEMENT_TYPE, EARLIER_STATEMENT_TYPE)) -> Statement:
    """Read a statement. Subjects by another algorithm, as a release's commit, stay out: nothing is compared with them.

    Args:
        payload: Its JSON text.
        types: The versions to accept.

    Raises:
        Rejection: It is not a statement of these versions, or has no subject with a SHA-256 digest.
    """
    document = jsontext.parse_object(payload)
    if unknown := sorted(document.keys() - _KEYS):
        raise Rejection(f"the statement has an unknown member {short(unknown[0])}")
    if document.get("_type") not in types:
        raise Rejection(f"the statement's type is {short(document.get('_type'))}, not {types[0]}")
    subjects = jsontext.as_list(document.get("subject"), "the statement's subject")
    if not subjects:
        raise Rejection("the statement is about nothing: its list of subjects is empty")
    known = tuple(filter(None, map(_subject, subjects)))
    if not known:
        raise Rejection("the statement's subjects have no SHA-256 digest")
    predicate = document.get("predicate")
    return Statement(
        subjects=known,
        predicate_type=jsontext.as_text(document.get("predicateType"), "the predicate type"),
        # Some types say it all: PyPI's attestations of publishing have null there, and the format allows none.
        predicate={} if predicate is None else jsontext.as_object(predicate, "the predicate"),
    )


def _subject(item: object) -> Subject | None:
    entry = jsontext.as_object(item, "a subject")
    digest = jsontext.as_object(entry.get("digest"), "a subject's digest")
    if digest and "sha256" not in digest:
        return None
    sha256 = digest.get("sha256")
    # What others sign may have none, as cosign's signatures of images: "leave the field unset or use `_`".
    name = jsontext.as_text(entry.get("name") if entry.get("name", "") != "" else _NAMELESS, "a subject's name")
    return Subject(name, sha256 if isinstance(sha256, str) else "")
