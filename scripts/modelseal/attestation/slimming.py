"""Make a predicate fit where it must be stored, and say in it what was left out.

GitHub takes predicates of at most 16 MiB, and an image's SBOM with every file of it is larger. What is left out is
always the same for the same document, so whoever has the full one can make the small one from it and compare.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from modelseal.attestation import jsontext
from modelseal.attestation.rejection import Rejection

LIMIT = 16 * 1024 * 1024  # https://github.com/actions/attest: the size of the predicate as JSON
_FULL = re.compile(rb"The full document has the SHA-256 [0-9a-f]{64}\.")
_PROPERTY = "modelseal:left-out"

Json = dict[str, object]


@dataclass(frozen=True)
class _Step:
    """One thing that can be left out: what it is called, and what removes it."""

    what: str
    remove: Callable[[Json], object]


def spdx(data: bytes, document: Json, limit: int = LIMIT) -> Json:
    """Return an SPDX 2 document that is small enough: the same one, or without its files.

    Args:
        data: The document as it is in its file.
        document: The same, read; it is changed.
        limit: In bytes.

    Raises:
        Rejection: It is too large without them, too.
    """

    def note(what: str) -> None:
        earlier = f"{document['comment']} " if document.get("comment") else ""
        document["comment"] = f"{earlier}{_sentence(what, data)}"

    steps = (
        _Step("files, snippets, and the relationships with them", _remove_files),
        _Step("annotations", lambda whole: _remove_everywhere(whole, "annotations")),
    )
    return _fitted(document, steps, note, limit)


def cyclonedx(data: bytes, document: Json, limit: int = LIMIT) -> Json:
    """Return a CycloneDX document that is small enough: the same one, or without evidence, or without properties too.

    Args:
        data: The document as it is in its file.
        document: The same, read; it is changed.
        limit: In bytes.

    Raises:
        Rejection: It is too large without them, too.
    """
    metadata = document.get("metadata")
    note_in: Json = metadata if isinstance(metadata, dict) else {}
    kept = note_in.get("properties")

    def note(what: str) -> None:
        said = {"name": _PROPERTY, "value": _sentence(what, data)}
        note_in["properties"] = [*(kept if isinstance(kept, list) else []), said]
        document["metadata"] = note_in

    steps = (
        _Step("evidence", lambda whole: _remove_everywhere(whole, "evidence")),
        _Step("properties of components", _remove_properties),
        _Step("external references", lambda whole: _remove_everywhere(whole, "externalReferences")),
    )
    return _fitted(document, steps, note, limit)


def vulns(data: bytes, predicate: Json, verdict: Json, limit: int = LIMIT) -> Json:
    """Return a `vulns` predicate that is small enough: the same one, or without annotations.

    Args:
        data: The verdict as it is in its file.
        predicate: The predicate; it is changed.
        verdict: The part of the predicate that says what was left out.
        limit: In bytes.

    Raises:
        Rejection: It is too large without them, too.
    """

    def note(what: str) -> None:
        verdict["left_out"] = _sentence(what, data)

    steps = (_Step("annotations of findings", lambda whole: _remove_everywhere(whole, "annotations")),)
    return _fitted(predicate, steps, note, limit)


def is_slim(data: bytes, predicate: Mapping[str, object]) -> bool:
    """Tell whether something was left out of a predicate that was made of a document."""
    metadata = predicate.get("metadata")
    properties = metadata.get("properties") if isinstance(metadata, dict) else None
    said = [
        predicate.get("comment"),
        *(item.get("value") for item in (properties if isinstance(properties, list) else []) if isinstance(item, dict)),
        *(item.get("left_out") for item in predicate.values() if isinstance(item, dict)),
    ]
    return any(isinstance(text, str) and text.endswith(_end(data)) for text in said)


def without_digest(encoded: bytes) -> bytes:
    """Take out of a slim document, as JSON, which full one it was made of."""
    return _FULL.sub(b"", encoded)


def _fitted(document: Json, steps: tuple[_Step, ...], note: Callable[[str], None], limit: int) -> Json:
    if len(jsontext.encode(document)) <= limit:
        return document
    gone: list[str] = []
    comment = document.get("comment")
    for step in steps:
        step.remove(document)
        gone.append(step.what)
        if comment is None:
            document.pop("comment", None)
        else:
            document["comment"] = comment
        note("; ".join(gone))
        if len(jsontext.encode(document)) <= limit:
            return document
    raise Rejection(f"it has more than {limit:,} bytes even without {', '.join(gone)}, and nobody would store it")


def _sentence(what: str, data: bytes) -> str:
    return f"Modelseal left out: {what}. {_end(data)}"


def _end(data: bytes) -> str:
    return f"The full document has the SHA-256 {hashlib.sha256(data).hexdigest()}."


def _remove_files(document: Json) -> None:
    gone = set()
    for kind in ("files", "snippets"):
        entries = document.pop(kind, None)
        gone |= (
            {str(entry.get("SPDXID")) for entry in entries if isinstance(entry, dict)}
            if isinstance(entries, list)
            else set()
        )
    relationships = document.get("relationships")
    if isinstance(relationships, list):
        document["relationships"] = [
            item
            for item in relationships
            if not isinstance(item, dict)
            or not {str(item.get("spdxElementId")), str(item.get("relatedSpdxElement"))} & gone
        ]
    packages = document.get("packages")
    for package in packages if isinstance(packages, list) else []:
        if isinstance(package, dict):
            package.pop("hasFiles", None)
            if package.pop("packageVerificationCode", None) is not None:  # it is over the files
                package["filesAnalyzed"] = False


def _remove_properties(document: Json) -> None:
    for component in _objects(document.get("components")):
        component.pop("properties", None)


def _remove_everywhere(document: Json, key: str) -> None:
    for item in list(_objects(document)):
        item.pop(key, None)


def _objects(value: object) -> Iterator[Json]:
    """Yield every object within a value, from the outside in."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
