"""CycloneDX 1.6 in JSON, checked by the strict validator of cyclonedx-python-lib: all that it checks, in less time."""

import functools
from collections.abc import Hashable, Iterator
from typing import Any

from modelseal.sbom import models
from modelseal.sbom.documents import Format, Inventory, Package, invalid, read_object
from modelseal.sbom.iri import grammar_postponed, is_iri_reference

with grammar_postponed():
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from jsonschema import Draft7Validator, ValidationError, validators

Draft7Validator.FORMAT_CHECKER.checks("iri-reference")(is_iri_reference)

# Single files and the operating system are in CycloneDX components like any other; in SPDX they are not packages.
# Nor are models, which are in the CycloneDX document alone.
_NO_PACKAGES = frozenset({"file", "operating-system", "machine-learning-model", "data"})


def inspect(data: bytes, where: str) -> Inventory:
    """Check a document and return what it lists.

    Args:
        data: The document.
        where: Its name, for the error.

    Raises:
        ToolError: It does not hold what CycloneDX 1.6 demands; the message names the first faults.
    """
    document: Any = read_object(data, where)
    faults = check(data.decode())
    if not faults and document["specVersion"] != Format.CYCLONEDX.spec_version:
        faults = (f"its specVersion is {document['specVersion']!r}, and not {Format.CYCLONEDX.spec_version!r}",)
    if faults:
        raise invalid(where, faults)
    described = document.get("metadata", {}).get("component", {})
    return Inventory(Format.CYCLONEDX, described.get("name", ""), tuple(_packages(document.get("components", ()))))


def check(text: str) -> tuple[str, ...]:
    """Return all that the strict validator finds wrong with a JSON text, as `place: fault`."""
    try:
        errors = tuple(validator().validate_str(text, all_errors=True) or ())
    except RecursionError:
        return ("it is nested too deeply",)
    return tuple(f"{error.data.json_path}: {error.data.message}" for error in errors)


@functools.cache
def validator() -> JsonStrictValidator:
    """Return the validator for CycloneDX 1.6; made once, which takes some milliseconds."""
    made = _StrictValidator(SchemaVersion.V1_6)
    made.validate_str("{}")  # reads the schemas now, and not when a document is waiting
    return made


def unique_items(_validator: object, unique: bool, items: Any, _schema: object) -> Iterator[ValidationError]:  # noqa: FBT001
    """Check the keyword `uniqueItems` in linear time; jsonschema compares each item with each other one.

    Equality is JSON Schema's: 1 and 1.0 are equal, 1 and true are not
    (https://json-schema.org/draft/2020-12/json-schema-core#name-instance-equality).
    """
    if unique and isinstance(items, list) and len({_comparable(item) for item in items}) < len(items):
        yield ValidationError(f"{items!r} has non-unique elements")


def _comparable(value: Any) -> Hashable:
    if isinstance(value, dict):
        return (dict, frozenset((key, _comparable(item)) for key, item in value.items()))
    if isinstance(value, list):
        return (list, tuple(_comparable(item) for item in value))
    return (bool, value) if isinstance(value, bool) else value


_LinearValidator: Any = validators.extend(Draft7Validator, {"uniqueItems": unique_items})  # type: ignore[no-untyped-call]


class _StrictValidator(JsonStrictValidator):
    """The library's validator, with the one keyword replaced that takes quadratic time (4 s for 2,000 components)."""

    @property
    def _validator(self) -> Any:
        return self._linear

    @functools.cached_property
    def _linear(self) -> Any:
        strict: Any = super()._validator
        registry = strict._registry  # noqa: SLF001
        return _LinearValidator(strict.schema, registry=registry, format_checker=strict.format_checker)


def _packages(components: Any) -> Iterator[Package]:
    for component in components:
        if component["type"] not in _NO_PACKAGES and not str(component.get("bom-ref")).startswith(models.PREFIX):
            yield Package(component["name"], component.get("version", ""), component.get("purl", ""))
        yield from _packages(component.get("components", ()))
