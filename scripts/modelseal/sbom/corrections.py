"""Leave out of an SBOM what packages say of themselves and what its format cannot hold.

Syft copies a package's homepage and repository as the package gives them. npm's `"repository": "github:a/b"` is no
download location in SPDX, and pip's `git@github.com:a/b` is no IRI in CycloneDX, so one such package among thousands
makes the whole document invalid. Both values are optional in their formats. Nothing else is ever touched: names,
versions, package URLs, licences, files and relationships stay as they are, and each value left out is named.
"""

import json
from collections.abc import Iterator
from typing import Any

from modelseal.sbom.documents import Format, read_object
from modelseal.sbom.iri import is_iri_reference

_NO_VALUE = frozenset({"NONE", "NOASSERTION"})


def correct(data: bytes, format_: Format, where: str) -> tuple[bytes, tuple[str, ...]]:
    """Return a document without such values, and a sentence for each; the very same bytes when there are none.

    Args:
        data: The document.
        format_: Its format.
        where: Its name, for the error.

    Raises:
        ToolError: It is no JSON object.
    """
    document = read_object(data, where)
    leave_out = _in_spdx if format_ is Format.SPDX else _in_cyclonedx
    left_out = tuple(leave_out(document))
    if not left_out:
        return data, ()
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n", left_out


def _in_spdx(document: dict[str, Any]) -> Iterator[str]:
    """Take out homepages and download locations (https://spdx.github.io/spdx-spec/v2.3/package-information/)."""
    from spdx_tools.spdx.validation.uri_validators import validate_download_location, validate_url  # noqa: PLC0415

    for package in _objects(document, "packages"):
        homepage, location = package.get("homepage"), package.get("downloadLocation")
        if isinstance(homepage, str) and homepage not in _NO_VALUE and validate_url(homepage):
            del package["homepage"]
            yield f"{package.get('name')}: its homepage {homepage!r}"
        if isinstance(location, str) and location not in _NO_VALUE and validate_download_location(location):
            package["downloadLocation"] = "NOASSERTION"
            yield f"{package.get('name')}: its download location {location!r}"


def _in_cyclonedx(parent: dict[str, Any]) -> Iterator[str]:
    """Take out external references (https://cyclonedx.org/docs/1.6/json/#components_items_externalReferences)."""
    for component in _objects(parent, "components"):
        references = _objects(component, "externalReferences")
        wrong = [each for each in references if not is_iri_reference(each.get("url"))]
        if wrong:
            component["externalReferences"] = [each for each in component["externalReferences"] if each not in wrong]
        yield from (f"{component.get('name')}: its {each.get('type')} {each['url']!r}" for each in wrong)
        yield from _in_cyclonedx(component)


def _objects(parent: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of a list; what is not of that shape is for the format's own check to refuse."""
    value = parent.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
