"""SPDX 2.3 in JSON, checked by spdx-tools: all that it checks, in linear time.

`validate_full_spdx_document` looks the ends of each relationship up in a list of all ids that it makes anew each time,
and goes through all relationships for each package: 18 seconds for 7,876 relationships among 7,414 files. Nothing of
spdx-tools is replaced here. It is given smaller documents: one with only the relationships that its other rules look
at, and then the rest a few at a time, each few with the elements they name. Tests hold that its messages are the same.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from spdx_tools.spdx.model.document import Document
from spdx_tools.spdx.model.package import Package
from spdx_tools.spdx.model.relationship import Relationship, RelationshipType
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.json.json_parser import remove_json_control_chars_hook
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_tools.spdx.validation.relationship_validator import validate_relationships
from spdx_tools.spdx.validation.validation_message import ValidationMessage

from modelseal.errors import ToolError
from modelseal.sbom import documents
from modelseal.sbom.documents import Format, Inventory, invalid, read_object

_VERSION = f"SPDX-{Format.SPDX.spec_version}"
# With other versions spdx-tools stops at once: its rules are for these.
_VERSIONS_KNOWN_TO_SPDX_TOOLS = frozenset({"SPDX-2.2", "SPDX-2.3"})
# How JSON may write backspace and form feed, which spdx-tools takes out of every text before it looks at it.
_CONTROL_CHARACTER = re.compile(rb"\\(?:b|f|u000[8cC])")
# What spdx-tools raises by accident when a value has another type than it expects.
_UNEXPECTED = (AttributeError, LookupError, TypeError, ValueError, RecursionError)
_AT_A_TIME = 8  # few enough that lists are short, enough that making documents does not count


def inspect(data: bytes, where: str) -> Inventory:
    """Check a document and return what it lists.

    Args:
        data: The document.
        where: Its name, for the error.

    Raises:
        ToolError: It does not hold what SPDX 2.3 demands; the message names the first faults.
    """
    document = parse(data, where)
    version = document.creation_info.spdx_version
    try:
        faults = tuple(_fault(message) for message in check(document))
    except _UNEXPECTED as error:
        raise _unexpected(where, error) from error
    if not faults and version != _VERSION:
        faults = (f"its spdxVersion is {version!r}, and not {_VERSION!r}",)
    if faults:
        raise invalid(where, faults)
    return Inventory(Format.SPDX, document.creation_info.name, tuple(_packages(document)))


def parse(data: bytes, where: str) -> Document:
    """Read a document into spdx-tools' model, as its own `parse_file` does.

    Raises:
        ToolError: It is no JSON object, or not of the shape of an SPDX document.
    """
    content: dict[str, Any] = read_object(data, where)
    if _CONTROL_CHARACTER.search(data):
        content = json.loads(data, object_pairs_hook=remove_json_control_chars_hook)
    try:
        return JsonLikeDictParser().parse(content)  # type: ignore[no-untyped-call]
    except SPDXParsingError as error:
        raise invalid(where, map(str, error.messages)) from error
    except _UNEXPECTED as error:
        raise _unexpected(where, error) from error


def check(document: Document) -> tuple[ValidationMessage, ...]:
    """Return the messages of `validate_full_spdx_document`, in another order."""
    if document.creation_info.spdx_version not in _VERSIONS_KNOWN_TO_SPDX_TOOLS:
        return tuple(validate_full_spdx_document(document))
    looked_at, rest = _divided(document)
    reduced = Document(
        creation_info=document.creation_info,
        packages=document.packages,
        files=document.files,
        snippets=document.snippets,
        annotations=document.annotations,
        relationships=looked_at,
        extracted_licensing_info=document.extracted_licensing_info,
    )
    return (*validate_full_spdx_document(reduced), *_check_relationships(rest, document))


def _divided(document: Document) -> tuple[list[Relationship], list[Relationship]]:
    """Divide the relationships: those that rules on the document and its packages look at, and the others.

    The rules: something is described by the document, for which one relationship is evidence enough; and a package
    whose files were not analysed contains no files.
    """
    document_id = document.creation_info.spdx_id
    files = {file.spdx_id for file in document.files}
    not_analysed = {package.spdx_id for package in document.packages if not package.files_analyzed}
    looked_at: list[Relationship] = []
    rest: list[Relationship] = []
    describes = False
    for relationship in document.relationships:
        whole, part = _ends(relationship)
        if not describes and whole == document_id and relationship.relationship_type in _DESCRIPTION:
            describes = True
            looked_at.append(relationship)
        elif whole in not_analysed and part in files and relationship.relationship_type in _CONTAINMENT:
            looked_at.append(relationship)
        else:
            rest.append(relationship)
    return looked_at, rest


_DESCRIPTION = (RelationshipType.DESCRIBES, RelationshipType.DESCRIBED_BY)
_CONTAINMENT = (RelationshipType.CONTAINS, RelationshipType.CONTAINED_BY)
_PASSIVE = (RelationshipType.DESCRIBED_BY, RelationshipType.CONTAINED_BY)


def _ends(relationship: Relationship) -> tuple[str, str]:
    """Return the ids of the describing or containing end and of the other; NONE and NOASSERTION as their texts."""
    ends = (relationship.spdx_element_id, str(relationship.related_spdx_element_id))
    return ends[::-1] if relationship.relationship_type in _PASSIVE else ends


def _check_relationships(relationships: list[Relationship], document: Document) -> Iterator[ValidationMessage]:
    packages = {package.spdx_id: package for package in document.packages}
    files = {file.spdx_id: file for file in document.files}
    snippets = {snippet.spdx_id: snippet for snippet in document.snippets}
    for start in range(0, len(relationships), _AT_A_TIME):
        few = relationships[start : start + _AT_A_TIME]
        named = dict.fromkeys(end for relationship in few for end in _ends(relationship))
        part = Document(
            creation_info=document.creation_info,
            packages=[packages[name] for name in named if name in packages],
            files=[files[name] for name in named if name in files],
            snippets=[snippets[name] for name in named if name in snippets],
        )
        yield from validate_relationships(few, document.creation_info.spdx_version, part)


def _unexpected(where: str, error: Exception) -> ToolError:
    return invalid(where, (f"a part of it is not what it should be: {type(error).__name__}: {error}",))


def _fault(message: ValidationMessage) -> str:
    place = message.context.spdx_id or message.context.parent_id
    return f"{place}: {message.validation_message}" if place else message.validation_message


def _packages(document: Document) -> Iterator[documents.Package]:
    """List the packages, without those that the document is about."""
    described = {part for whole, part in map(_ends, _of_type(document.relationships, _DESCRIPTION))}
    for package in document.packages:
        if package.spdx_id not in described:
            yield documents.Package(package.name, package.version or "", _purl(package))


def _of_type(relationships: Iterable[Relationship], types: tuple[RelationshipType, ...]) -> Iterator[Relationship]:
    return (relationship for relationship in relationships if relationship.relationship_type in types)


def _purl(package: Package) -> str:
    locators = (each.locator for each in package.external_references if each.reference_type == "purl")
    return next(locators, "")
