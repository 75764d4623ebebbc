"""What we say of a CycloneDX document against what the strict validator says of it, unaided."""

import copy
import functools
import json
from pathlib import Path
from typing import Any

import pytest
import rfc3987_syntax  # type: ignore[import-untyped]
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import FormatChecker
from jsonschema._utils import uniq

from modelseal.errors import ToolError
from modelseal.sbom import cyclonedx, iri
from modelseal.sbom.documents import Format

SMALL = Path(__file__).parent.parent / "assets" / "sbom" / "small.cdx.json"
DOCUMENT: dict[str, Any] = json.loads(SMALL.read_bytes())
COMPONENT = DOCUMENT["components"][0]

Path_ = tuple[str | int, ...]


@functools.cache
def grammar_accepts(text: str) -> bool:
    return bool(rfc3987_syntax.is_valid_syntax("iri_reference", text))


def grammar_says(value: object) -> bool:
    return not isinstance(value, str) or grammar_accepts(value)


def unaided() -> Any:
    """The library's own validator, with the check of IRIs that jsonschema would have registered."""
    validator: Any = JsonStrictValidator(SchemaVersion.V1_6)._validator
    formats = FormatChecker()
    formats.checkers = dict(validator.format_checker.checkers)
    formats.checkers["iri-reference"] = (grammar_says, ())
    return validator.evolve(format_checker=formats)


UNAIDED = unaided()


def plain(document: object) -> list[str]:
    return sorted(f"{error.json_path}: {error.message}" for error in UNAIDED.iter_errors(document))


def ours(document: object) -> list[str]:
    return sorted(cyclonedx.check(json.dumps(document)))


def changed(*changes: tuple[Path_, object]) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    for path, value in changes:
        parent: Any = document
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = value
    return document


BROKEN = {
    "another format": changed((("bomFormat",), "SPDX")),
    "no format": {key: value for key, value in DOCUMENT.items() if key != "bomFormat"},
    "no version of the specification": {key: value for key, value in DOCUMENT.items() if key != "specVersion"},
    "a serial number that is none": changed((("serialNumber",), "urn:uuid:1")),
    "version zero": changed((("version",), 0)),
    "a key that is not known": DOCUMENT | {"surprise": 1},
    "a key of a component that is not known": changed((("components", 0, "surprise"), 1)),
    "a component without a name": changed((("components", 0), {"type": "library"})),
    "an unknown type of component": changed((("components", 0, "type"), "thing")),
    "the same component twice": DOCUMENT | {"components": [*DOCUMENT["components"], COMPONENT]},
    "the same dependency twice": DOCUMENT | {"dependencies": DOCUMENT["dependencies"] * 2},
    "a bad hash": changed((("components", 0, "hashes"), [{"alg": "SHA-256", "content": "xyz"}])),
    "an unknown licence id": changed((("components", 0, "licenses"), [{"license": {"id": "No-Such"}}])),
    "a licence with id and name": changed((("components", 0, "licenses"), [{"license": {"id": "MIT", "name": "x"}}])),
    "a date that is none": changed((("metadata", "timestamp"), "yesterday")),
    "a URL with a space": changed(
        (("components", 0, "externalReferences"), [{"type": "website", "url": "http://a b"}])
    ),
    "a URL with a bad escape": changed(
        (("components", 0, "externalReferences"), [{"type": "website", "url": "http://a/%zz"}])
    ),
    "components that are text": changed((("components",), "adduser")),
    "a name that is a number": changed((("components", 0, "name"), 5)),
}


def test_a_document_of_syft_is_valid_and_lists_its_packages_without_the_operating_system() -> None:
    inventory = cyclonedx.inspect(SMALL.read_bytes(), "small")
    assert (inventory.format, inventory.name) == (Format.CYCLONEDX, "example")
    assert inventory.counts == (("deb", 7), ("pypi", 3))
    assert plain(DOCUMENT) == ours(DOCUMENT) == []


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_document_gets_exactly_the_messages_of_the_library(case: str) -> None:
    messages = plain(BROKEN[case])
    assert messages
    assert ours(BROKEN[case]) == messages


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_document_is_an_error(case: str) -> None:
    with pytest.raises(ToolError, match="SBOM is not valid"):
        cyclonedx.inspect(json.dumps(BROKEN[case]).encode(), "document")


@pytest.mark.parametrize("version", ["1.5", "1.7", "2.0", ""])
def test_another_version_is_refused_though_the_schema_takes_any_text(version: str) -> None:
    document = DOCUMENT | {"specVersion": version}
    assert plain(document) == []
    with pytest.raises(ToolError, match="specVersion"):
        cyclonedx.inspect(json.dumps(document).encode(), "document")


def test_components_inside_components_count() -> None:
    document = changed(
        (("components", 0, "components"), [{"type": "library", "name": "inner", "purl": "pkg:npm/inner@1"}])
    )
    counts = dict(cyclonedx.inspect(json.dumps(document).encode(), "document").counts)
    assert counts["npm"] == 1


def test_components_nested_beyond_measure_are_an_error() -> None:
    component: dict[str, Any] = {"type": "library", "name": "x"}
    for _ in range(300):
        component = {"type": "library", "name": "x", "components": [component]}
    with pytest.raises(ToolError, match="nested too deeply"):
        cyclonedx.inspect(json.dumps(DOCUMENT | {"components": [component]}).encode(), "document")


def test_every_format_that_the_schema_names_is_checked() -> None:
    def formats(schema: Any) -> set[str]:
        children = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
        named = {schema["format"]} if isinstance(schema, dict) and isinstance(schema.get("format"), str) else set()
        return named.union(*map(formats, children))

    validator: Any = cyclonedx.validator()._validator
    named = formats(validator.schema)
    assert named >= {"date-time", "iri-reference"}
    assert named <= set(validator.format_checker.checkers)


PLAIN = [
    "https://www.debian.org/",
    "http://localhost:8080",
    "git+https://github.com/a/b.git",
    "https://example.org/a%20b?c=d&e=/?#f/?g",
    "HTTP://EXAMPLE.org//x//",
    "ssh://host:/path",
]
OTHER = [
    "",
    "a",
    "/a/b",
    "//host/path",
    "urn:uuid:1",
    "mailto:a@b.c",
    "https://user@host/",
    "https://münchen.example/ä",
    "http://[::1]/",
    "http://[::1/",
    "http://a b",
    "http://a/%zz",
    "http://a/%2",
    "http://a\n",
    "http://a/\\b",
    "http://a/<b>",
    "http://a/#b#c",
    "http://a:b/",
    "1http://a",
    "git@github.com:a/b.git",
    "https://example.org/[x]",
    "https://example.org/\x00",
    "https://example.org/\u202e",
]


@pytest.mark.parametrize("text", PLAIN + OTHER)
def test_our_word_on_an_iri_reference_is_the_grammars(text: str) -> None:
    assert iri.is_iri_reference(text) is grammar_says(text)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_urls_need_no_grammar(text: str) -> None:
    assert iri._PLAIN_URL.fullmatch(text)


@settings(max_examples=15, deadline=None)
@given(st.from_regex(iri._PLAIN_URL, fullmatch=True).filter(lambda text: len(text) < 60))
@pytest.mark.slow
def test_what_the_expression_accepts_the_grammar_accepts(text: str) -> None:
    assert grammar_says(text)


VALUE = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 0.0, -0.0, "", "1", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(VALUE, max_size=6))
def test_items_are_unique_exactly_when_jsonschema_says_so(items: list[Any]) -> None:
    assert (not list(cyclonedx.unique_items(None, True, items, None))) is bool(uniq(items))  # noqa: FBT003


def paths(value: Any, here: Path_ = ()) -> list[Path_]:
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [path for key, child in children for path in ((*here, key), *paths(child, (*here, key)))]


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(paths(DOCUMENT)),
    st.sampled_from([None, "", 0, True, [], {}, [None], "https://a/ b", {"name": "x"}, COMPONENT, [COMPONENT] * 2]),
)
@pytest.mark.slow
def test_whatever_is_put_into_a_document_we_say_what_the_library_says(path: Path_, value: object) -> None:
    document = changed((path, value))
    assert ours(document) == plain(document)
