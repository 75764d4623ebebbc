"""What we say of an SPDX document against what spdx-tools says of it, unaided: the same, good or broken."""

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.json import json_parser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from modelseal.errors import ToolError
from modelseal.sbom import spdx
from modelseal.sbom.documents import Format

SMALL = Path(__file__).parent.parent / "assets" / "sbom" / "small.spdx.json"
DOCUMENT: dict[str, Any] = json.loads(SMALL.read_bytes())
FILE_ID = DOCUMENT["files"][0]["SPDXID"]
PACKAGE_ID = DOCUMENT["packages"][0]["SPDXID"]
ROOT_ID = next(each["SPDXID"] for each in DOCUMENT["packages"] if each["name"] == "example")

Path_ = tuple[str | int, ...]


def plain(document: dict[str, Any]) -> list[tuple[str, str]] | None:
    """All messages of spdx-tools, or None where it cannot even read the document."""
    with tempfile.NamedTemporaryFile("w", suffix=".spdx.json", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        try:
            parsed = json_parser.parse_from_file(file.name)
        except (SPDXParsingError, AttributeError, LookupError, TypeError, ValueError):
            return None
    return sorted((each.validation_message, repr(each.context)) for each in validate_full_spdx_document(parsed))


def ours(document: dict[str, Any]) -> list[tuple[str, str]] | None:
    try:
        parsed = spdx.parse(json.dumps(document).encode(), "document")
    except ToolError:
        return None
    return sorted((each.validation_message, repr(each.context)) for each in spdx.check(parsed))


def put(document: Any, path: Path_, value: object) -> None:
    for step in path[:-1]:
        document = document[step]
    document[path[-1]] = value


def relationship(one: str, type_: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": type_, "relatedSpdxElement": other}


def changed(path: Path_, value: object) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    put(document, path, value)
    return document


def with_more(part: str, *items: object) -> dict[str, Any]:
    return DOCUMENT | {part: [*DOCUMENT.get(part, ()), *items]}


def not_analysed_with_file(type_: str, *ends: str) -> dict[str, Any]:
    document = with_more("relationships", relationship(ends[0], type_, ends[1]))
    document["packages"] = [each | {"filesAnalyzed": False} for each in DOCUMENT["packages"]]
    return document


SNIPPET = {
    "SPDXID": "SPDXRef-Snippet",
    "snippetFromFile": FILE_ID,
    "ranges": [
        {
            "startPointer": {"offset": 9, "reference": FILE_ID},
            "endPointer": {"offset": 5, "reference": FILE_ID},
        }
    ],
}
ANNOTATION = {
    "annotationDate": "2026-01-01T00:00:00Z",
    "annotationType": "OTHER",
    "annotator": "Tool: x",
    "comment": "c",
}

BROKEN = {
    "an older version": changed(("spdxVersion",), "SPDX-2.2"),
    "an unknown version": changed(("spdxVersion",), "SPDX-9.9"),
    "another document id": changed(("SPDXID",), "SPDXRef-OTHER"),
    "another data licence": changed(("dataLicense",), "MIT"),
    "a namespace with a fragment": changed(("documentNamespace",), "https://example.org/x#y"),
    "a namespace that is no URI": changed(("documentNamespace",), "nowhere"),
    "a tool with an e-mail address": changed(
        ("creationInfo", "creators"), ["Person: a (b@example.org)", "Tool: t (x)"]
    ),
    "a bad id of a file": changed(("files", 0, "SPDXID"), "SPDXRef-a_b"),
    "an id of a file with a colon": changed(("files", 0, "SPDXID"), "DocumentRef-x:SPDXRef-a"),
    "an absolute file name": changed(("files", 0, "fileName"), "/etc/passwd"),
    "a short checksum": changed(("files", 0, "checksums", 0, "checksumValue"), "abc"),
    "an upper-case checksum": changed(("files", 0, "checksums", 1, "checksumValue"), "A" * 64),
    "no SHA-1": changed(("files", 0, "checksums"), DOCUMENT["files"][0]["checksums"][1:]),
    "the same file twice": with_more("files", DOCUMENT["files"][0]),
    "the same package twice": with_more("packages", DOCUMENT["packages"][0]),
    "a package with the id of a file": with_more("packages", DOCUMENT["packages"][0] | {"SPDXID": FILE_ID}),
    "an unknown licence": changed(("packages", 0, "licenseDeclared"), "No-Such-Licence"),
    "an undeclared licence reference": changed(("packages", 0, "licenseConcluded"), "LicenseRef-nowhere AND MIT"),
    "an exception as a licence": changed(("packages", 0, "licenseConcluded"), "Classpath-exception-2.0"),
    "an external licence": changed(("packages", 0, "licenseConcluded"), "DocumentRef-a:LicenseRef-b"),
    "an unknown licence of a file": changed(("files", 0, "licenseConcluded"), "Nonsense-1.0"),
    "a bad extracted licence": with_more("hasExtractedLicensingInfos", {"licenseId": "x", "extractedText": "y"}),
    "a bad package URL": changed(("packages", 0, "externalRefs", 1, "referenceLocator"), "no purl"),
    "a bad CPE": changed(("packages", 0, "externalRefs", 0, "referenceLocator"), "cpe:2.3:x"),
    "a bad homepage": changed(("packages", 0, "homepage"), "not a url"),
    "a bad download location": changed(("packages", 0, "downloadLocation"), "somewhere"),
    "a bad verification code": changed(
        ("packages", 0, "packageVerificationCode"), {"packageVerificationCodeValue": "123"}
    ),
    "a verification code of what was not analysed": changed(("packages", 0, "filesAnalyzed"), value=False),
    "a package not analysed that contains a file": not_analysed_with_file("CONTAINS", PACKAGE_ID, FILE_ID),
    "a file contained by a package not analysed": not_analysed_with_file("CONTAINED_BY", FILE_ID, ROOT_ID),
    "a package not analysed that contains a package": not_analysed_with_file("CONTAINS", ROOT_ID, PACKAGE_ID),
    "a dangling relationship": with_more("relationships", relationship(PACKAGE_ID, "CONTAINS", "SPDXRef-nowhere")),
    "a relationship from nowhere": with_more("relationships", relationship("SPDXRef-nowhere", "OTHER", FILE_ID)),
    "a relationship to NONE": with_more("relationships", relationship(PACKAGE_ID, "DEPENDS_ON", "NONE")),
    "a relationship to NOASSERTION": with_more("relationships", relationship(PACKAGE_ID, "OTHER", "NOASSERTION")),
    "a relationship to a document unknown": with_more(
        "relationships", relationship(PACKAGE_ID, "OTHER", "DocumentRef-x:SPDXRef-y")
    ),
    "a relationship with two colons": with_more("relationships", relationship(PACKAGE_ID, "OTHER", "a:b:c")),
    "a relationship with a bad id": with_more("relationships", relationship("SPDXRef_x", "OTHER", "y")),
    "a second description, dangling": with_more(
        "relationships", relationship("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-nowhere")
    ),
    "a description the other way round": with_more(
        "relationships", relationship(FILE_ID, "DESCRIBED_BY", "SPDXRef-DOCUMENT")
    ),
    "no relationships": DOCUMENT | {"relationships": []},
    "nothing described": DOCUMENT
    | {"relationships": [each for each in DOCUMENT["relationships"] if each["relationshipType"] != "DESCRIBES"]},
    "only described by": DOCUMENT | {"relationships": [relationship(ROOT_ID, "DESCRIBED_BY", "SPDXRef-DOCUMENT")]},
    "the older way to describe": DOCUMENT | {"relationships": [], "documentDescribes": [ROOT_ID, "SPDXRef-nowhere"]},
    "the older way to contain": changed(("packages", 0, "hasFiles"), [FILE_ID, "SPDXRef-nowhere"]),
    "a snippet that ends before it begins": DOCUMENT | {"snippets": [SNIPPET]},
    "a snippet of no file": DOCUMENT | {"snippets": [SNIPPET | {"snippetFromFile": "SPDXRef-nowhere"}]},
    "a relationship to a snippet": with_more("relationships", relationship("SPDXRef-Snippet", "OTHER", FILE_ID))
    | {"snippets": [SNIPPET]},
    "an annotation of nothing": DOCUMENT | {"annotations": [ANNOTATION | {"SPDXID": "SPDXRef-nowhere"}]},
    "an annotated file": changed(("files", 0, "annotations"), [ANNOTATION]),
    "control characters": changed(("packages", 0, "licenseComments"), "form\ffeed\band \\b"),
    "an id that is an id without its form feed": changed(("files", 0, "SPDXID"), FILE_ID + "\f"),
}
OF_SPDX_TOOLS = {case: plain(document) for case, document in BROKEN.items()}
UNREADABLE = {
    "no creation": {key: value for key, value in DOCUMENT.items() if key != "creationInfo"},
    "no version": {key: value for key, value in DOCUMENT.items() if key != "spdxVersion"},
    "no name": {key: value for key, value in DOCUMENT.items() if key != "name"},
    "no date": changed(("creationInfo", "created"), "yesterday"),
    "packages that are text": changed(("packages",), "adduser"),
    "a package that is a number": changed(("packages", 0), 7),
    "a package without a name": changed(("packages", 0, "name"), None),
    "a package without a download location": changed(("packages", 0, "downloadLocation"), None),
    "a file name that is a list": changed(("files", 0, "fileName"), ["a"]),
    "checksums that are text": changed(("files", 0, "checksums"), "abc"),
    "no checksums": changed(("files", 0, "checksums"), []),
    "an unknown algorithm": changed(("files", 0, "checksums", 0, "algorithm"), "ROT13"),
    "an unknown relationship": changed(("relationships", 0, "relationshipType"), "LOVES"),
    "a relationship without an end": changed(("relationships", 0, "relatedSpdxElement"), None),
    "a licence that cannot be parsed": changed(("packages", 0, "licenseDeclared"), "MIT AND (OR"),
    "an unknown category of references": changed(("packages", 0, "externalRefs", 0, "referenceCategory"), "X"),
}


def test_a_document_of_syft_is_valid_and_lists_its_packages_without_what_it_describes() -> None:
    inventory = spdx.inspect(SMALL.read_bytes(), "small")
    assert (inventory.format, inventory.name) == (Format.SPDX, "example")
    assert inventory.counts == (("deb", 7), ("pypi", 3))
    assert "example" not in {package.name for package in inventory.packages}
    assert plain(DOCUMENT) == ours(DOCUMENT) == []


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_document_gets_exactly_the_messages_of_spdx_tools(case: str) -> None:
    assert OF_SPDX_TOOLS[case] is not None
    assert ours(BROKEN[case]) == OF_SPDX_TOOLS[case]


@pytest.mark.parametrize("case", [case for case in BROKEN if OF_SPDX_TOOLS[case]])
def test_a_broken_document_is_an_error_that_names_its_fault(case: str) -> None:
    messages = OF_SPDX_TOOLS[case] or []
    with pytest.raises(ToolError) as error:
        spdx.inspect(json.dumps(BROKEN[case]).encode(), "document.spdx.json")
    assert any(message[:60] in str(error.value) for message, _ in messages)
    assert error.value.where == "document.spdx.json"


def test_the_corpus_has_many_broken_documents() -> None:
    assert sum(map(bool, OF_SPDX_TOOLS.values())) >= 35


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_spdx_tools_cannot_read_is_an_error(case: str) -> None:
    assert plain(UNREADABLE[case]) is None
    with pytest.raises(ToolError):
        spdx.inspect(json.dumps(UNREADABLE[case]).encode(), "document")


def test_another_version_is_refused_even_where_spdx_tools_would_take_it() -> None:
    document = {key: value for key, value in DOCUMENT.items() if key not in ("files", "packages", "relationships")}
    document |= {"spdxVersion": "SPDX-2.2", "packages": [], "hasExtractedLicensingInfos": []}
    document["relationships"] = [relationship("SPDXRef-DOCUMENT", "DESCRIBES", "NOASSERTION")]
    assert plain(document) == []
    with pytest.raises(ToolError, match=r"SPDX-2\.2.*and not.*SPDX-2\.3"):
        spdx.inspect(json.dumps(document).encode(), "document")


def paths(value: Any, here: Path_ = ()) -> list[Path_]:
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    return [path for key, child in children for path in ((*here, key), *paths(child, (*here, key)))]


IDS = [FILE_ID, PACKAGE_ID, ROOT_ID, "SPDXRef-DOCUMENT", "SPDXRef-nowhere", "DocumentRef-a:SPDXRef-b", "NONE"]
VALUES = st.sampled_from(
    [
        *(*IDS, None, "", 0, -1, True, False, 1.5, [], {}, [None], "NOASSERTION", "MIT OR GPL-2.0-only", "x\fy"),
        *("\ud800", "a" * 40, "CONTAINS", "CONTAINED_BY", "DESCRIBES", "DESCRIBED_BY", "SPDX-2.2"),
    ]
)
MUTATIONS = st.lists(
    st.tuples(st.sampled_from(["delete", "set", "twice"]), st.sampled_from(paths(DOCUMENT)), VALUES),
    min_size=1,
    max_size=4,
)


def mutate(document: Any, kind: str, path: Path_, value: object) -> None:
    try:
        parent: Any = document
        for step in path[:-1]:
            parent = parent[step]
        if kind == "delete":
            del parent[path[-1]]
        elif kind == "set":
            parent[path[-1]] = copy.deepcopy(value)
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[int(path[-1])]))
    except (LookupError, TypeError):
        pass  # an earlier mutation took the place away


@settings(max_examples=60, deadline=None)
@given(MUTATIONS)
@pytest.mark.slow
def test_whatever_is_done_to_a_document_we_say_what_spdx_tools_says(mutations: list[tuple[str, Path_, object]]) -> None:
    document = copy.deepcopy(DOCUMENT)
    for kind, path, value in mutations:
        mutate(document, kind, path, value)
    assert ours(document) == plain(document)


def test_the_work_grows_with_the_document_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    from spdx_tools.spdx.validation import spdx_id_validators  # noqa: PLC0415

    looked_through = 0
    original = spdx_id_validators.get_list_of_all_spdx_ids

    def counted(document: Any) -> list[str]:
        nonlocal looked_through
        ids = original(document)
        looked_through += len(ids)
        return ids

    monkeypatch.setattr(spdx_id_validators, "get_list_of_all_spdx_ids", counted)
    files = [DOCUMENT["files"][0] | {"SPDXID": f"SPDXRef-File-{number}"} for number in range(2000)]
    contained = [relationship(PACKAGE_ID, "CONTAINS", file["SPDXID"]) for file in files]
    document = with_more("files", *files) | {"relationships": [*DOCUMENT["relationships"], *contained]}
    assert ours(document) == []
    assert looked_through < 100 * len(contained)
