"""CycloneDX VEX: what is read, what its references lead to, and what is refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import gate_results
import vex_documents
from modelseal.errors import InputError
from modelseal.gate import vex
from modelseal.gate.statement import Statement, Status
from vex_documents import CVE, SERIAL, ZLIB, cyclonedx, packed, vulnerability

LINK = f"urn:cdx:{SERIAL}/1"
OTHER = "urn:cdx:11111111-1111-4111-8111-111111111111/1"
IMAGE = f"pkg:oci/fraud@sha256:{'2' * 64}"
COMPONENT = {"type": "library", "name": "zlib1g", "version": "1:1.2.13.dfsg-1", "purl": ZLIB, "bom-ref": "zlib"}
ROOT = {"type": "container", "name": "fraud", "bom-ref": "root"}


def about(document: Any, *products: str, **fields: Any) -> Statement | None:
    finding = gate_results.finding(**({"id": CVE, "aliases": ()} | fields))
    return vex.read([("bom.json", packed(document))]).about(finding, products)


def hidden(document: Any, *products: str, **fields: Any) -> bool:
    valid(document)
    statement = about(document, *products, **fields)
    return statement is not None and statement.status.hides


def valid(document: Any) -> None:
    version = SchemaVersion.from_version(document["specVersion"])
    problem = JsonStrictValidator(version).validate_str(json.dumps(document))
    assert problem is None, problem


def bom(*vulnerabilities: Any, root: Any = None, components: Any = (COMPONENT,), **fields: Any) -> dict[str, Any]:
    metadata = {"timestamp": "2026-01-01T00:00:00Z"} | ({"component": root} if root else {})
    return cyclonedx(*vulnerabilities, metadata=metadata, components=list(components), **fields)


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_a_statement_is_read(version: str) -> None:
    document = cyclonedx(vulnerability(detail="not called", response=["will_not_fix", "update"]), specVersion=version)
    valid(document)
    statement = about(document)
    assert statement is not None
    assert (statement.status, statement.justification) == (Status.NOT_AFFECTED, "code_not_reachable")
    assert (statement.impact, statement.action) == ("not called", "will not fix, update")
    assert (statement.author, statement.document) == ("Ada", "bom.json")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("resolved", Status.FIXED),
        ("resolved_with_pedigree", Status.FIXED),
        ("exploitable", Status.AFFECTED),
        ("in_triage", Status.UNDER_INVESTIGATION),
        ("false_positive", Status.NOT_AFFECTED),
        ("not_affected", Status.NOT_AFFECTED),
    ],
)
def test_each_state_has_its_status(state: str, status: Status) -> None:
    statement = about(cyclonedx(vulnerability(state=state)))
    assert statement is not None
    assert statement.status is status


@pytest.mark.parametrize(
    ("metadata", "author", "supplier"),
    [
        ({"authors": [{"name": "Ada"}, {"email": "eve@example.org"}]}, "Ada, eve@example.org", ""),
        ({"supplier": {"name": "Zlib"}}, "Zlib", ""),
        ({"authors": [{"name": "Ada"}], "supplier": {"name": "Zlib"}}, "Ada", "Zlib"),
        ({"manufacture": {"name": "Zlib"}}, "Zlib", ""),
        ({}, "", ""),
    ],
)
def test_who_says_it(metadata: Any, author: str, supplier: str) -> None:
    statement = about(cyclonedx(vulnerability(), metadata=metadata))
    assert statement is not None
    assert (statement.author, statement.supplier) == (author, supplier)
    assert (author or "does not name") in statement.reason


@pytest.mark.parametrize(
    ("ref", "products", "covered"),
    [
        ("zlib", (), True),
        (f"{LINK}#zlib", (), True),
        (ZLIB, (), True),
        ("pkg:deb/debian/zlib1g", (), True),
        ("pkg:deb/debian/zlib1g@1.2.12", (), False),
        ("pkg:deb/debian/tar", (), False),
        (f"{OTHER}#{ZLIB}", (), False),
        (f"{OTHER}#{ZLIB}", (OTHER,), True),
        (f"{OTHER}#{ZLIB.replace('/', '%2F')}", (OTHER,), True),
        (f"{OTHER}#pkg:deb/debian/zlib1g", (OTHER,), False),
        (f"{OTHER}#zlib", (OTHER,), False),
        (f"{OTHER}#{ZLIB}", (OTHER.replace("/1", "/2"),), False),
        (f"{LINK}#{ZLIB}", (), False),
        (f"{LINK}#{ZLIB}", (LINK,), True),
    ],
)
def test_where_a_reference_leads(ref: str, products: tuple[str, ...], *, covered: bool) -> None:
    assert hidden(bom(vulnerability(ref)), *products) is covered


def test_components_within_components_are_found() -> None:
    outer = {"type": "application", "name": "app", "bom-ref": "app", "components": [COMPONENT]}
    assert hidden(bom(vulnerability("zlib"), components=[outer]))
    assert not hidden(bom(vulnerability("app"), components=[outer]))


def test_a_component_without_a_package_url_is_no_package() -> None:
    nameless = {key: value for key, value in COMPONENT.items() if key != "purl"}
    assert not hidden(bom(vulnerability("zlib"), components=[nameless]))


@pytest.mark.parametrize(("version", "covered"), [("1:1.2.13.dfsg-1", True), ("1.2.12", False), ("", True)])
def test_a_components_version_counts_where_its_package_url_has_none(version: str, *, covered: bool) -> None:
    component = COMPONENT | {"purl": "pkg:deb/debian/zlib1g", "version": version}
    assert hidden(bom(vulnerability("zlib"), components=[component])) is covered


@pytest.mark.parametrize(
    ("products", "covered"), [((IMAGE,), True), ((LINK,), True), ((), False), (("pkg:oci/x",), False)]
)
def test_what_is_said_of_one_product_is_not_said_of_another(products: tuple[str, ...], *, covered: bool) -> None:
    document = bom(vulnerability("zlib"), root=ROOT | {"purl": IMAGE})
    assert hidden(document, *products) is covered
    assert hidden(bom(vulnerability("root"), root=ROOT | {"purl": IMAGE}), *products) is covered


def test_the_whole_of_a_product_without_a_package_url() -> None:
    document = bom(vulnerability("root"), root=ROOT)
    assert not hidden(document, IMAGE)
    assert hidden(document, LINK)
    assert hidden(bom(vulnerability("zlib"), root=ROOT))


@pytest.mark.parametrize(
    ("versions", "covered"),
    [
        ([{"version": "1:1.2.13.dfsg-1", "status": "unaffected"}], True),
        ([{"version": "1.2.12", "status": "unaffected"}], False),
        ([{"version": "1:1.2.13.dfsg-1", "status": "affected"}], False),
        ([{"version": "1:1.2.13.dfsg-1", "status": "unknown"}], False),
        ([{"version": "1:1.2.13.dfsg-1"}], False),
        ([{"range": "vers:deb/*", "status": "unaffected"}], False),
        ([], False),
    ],
)
def test_a_list_of_versions_narrows(versions: Any, *, covered: bool) -> None:
    assert hidden(cyclonedx(vulnerability({"ref": ZLIB, "versions": versions}))) is covered
    exploitable = vulnerability({"ref": ZLIB, "versions": versions}, state="exploitable")
    assert about(cyclonedx(exploitable)) is not None


def test_the_latest_counts_and_what_has_no_moment_overrules_nothing_that_warns() -> None:
    early, late = "2025-01-01T00:00:00Z", "2026-06-01T00:00:00Z"
    good, bad = vulnerability(lastUpdated=late), vulnerability(state="exploitable", lastUpdated=early)
    assert hidden(cyclonedx(good, bad))
    assert hidden(cyclonedx(bad, good))
    assert not hidden(cyclonedx(vulnerability(firstIssued=early), vulnerability(state="exploitable", lastUpdated=late)))
    assert not hidden(cyclonedx(vulnerability(), vulnerability(state="in_triage")))
    assert not hidden(cyclonedx(good, vulnerability(state="exploitable"), metadata={}))
    assert not hidden(cyclonedx(vulnerability(), bad, metadata={}))
    assert hidden(cyclonedx(vulnerability(), metadata={}))


def test_an_equivalent_vulnerability_is_the_same() -> None:
    entry = vulnerability(cve="X-1") | {"references": [{"id": CVE, "source": {"name": "NVD"}}]}
    assert hidden(cyclonedx(entry))
    assert not hidden(cyclonedx(vulnerability(cve="X-1")))


def test_a_vulnerability_that_is_only_listed_says_nothing() -> None:
    listed = {"id": "CVE-2024-0002", "affects": [{"ref": ZLIB}]}
    assert not hidden(cyclonedx(vulnerability(), listed), id="CVE-2024-0002")
    assert hidden(cyclonedx(vulnerability(), listed))


def without(entry: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}


REFUSED: Mapping[str, tuple[Any, str]] = {
    "no vulnerabilities": (bom(), "bill of materials"),
    "no list of vulnerabilities": (without(bom(), "vulnerabilities"), "bill of materials"),
    "vulnerabilities without an analysis": (bom(without(vulnerability(), "analysis")), "bill of materials"),
    "an analysis without a state": (cyclonedx(vulnerability(state=None, justification=None)), "bill of materials"),
    "another format": (cyclonedx(vulnerability(), bomFormat="SPDX"), "bomFormat"),
    "no version of the format": (cyclonedx(vulnerability(), specVersion=None), "specVersion"),
    "an old version of the format": (cyclonedx(vulnerability(), specVersion="1.3"), "1.3"),
    "a version of the format to come": (cyclonedx(vulnerability(), specVersion="2.0"), "2.0"),
    "version 0": (cyclonedx(vulnerability(), version=0), "version"),
    "true as version": (cyclonedx(vulnerability(), version=True), "version"),
    "an object of vulnerabilities": (cyclonedx(vulnerability()) | {"vulnerabilities": {}}, "vulnerabilities"),
    "a text as vulnerability": (cyclonedx(CVE), "vulnerability 1"),
    "no id": (cyclonedx(without(vulnerability(), "id")), "id"),
    "an unknown state": (cyclonedx(vulnerability(state="unaffected", justification=None)), "not_affected"),
    "OpenVEX' justification": (cyclonedx(vulnerability(justification=vex_documents.REASON)), "justification"),
    "an unknown response": (cyclonedx(vulnerability(response=["ignore"])), "response"),
    "a text as response": (cyclonedx(vulnerability(response="update")), "response"),
    "a misspelt key of the analysis": (cyclonedx(vulnerability(details="not called")), "detail"),
    "no reason": (cyclonedx(vulnerability(justification=None)), "justification"),
    "a false positive without a reason": (
        cyclonedx(vulnerability(state="false_positive", justification=None)), "justification"
    ),
    "nothing that it is about": (cyclonedx(without(vulnerability(), "affects")), "affects"),
    "an empty list of what it is about": (cyclonedx(vulnerability() | {"affects": []}), "affects"),
    "a text as what it is about": (cyclonedx(vulnerability() | {"affects": [ZLIB]}), "affects"),
    "no reference": (cyclonedx(vulnerability({})), "ref"),
    "a reference to nothing": (bom(vulnerability("zlib2")), "zlib2"),
    "no package URL": (cyclonedx(vulnerability("pkg:zlib1g")), "component"),
    "a misspelt key of what it is about": (cyclonedx(vulnerability({"ref": ZLIB, "version": "1"})), "versions"),
    "an unknown status of a version": (
        cyclonedx(vulnerability({"ref": ZLIB, "versions": [{"version": "1", "status": "fine"}]})), "unaffected"
    ),
    "two components of one reference": (bom(vulnerability("zlib"), components=[COMPONENT, COMPONENT]), "bom-ref"),
    "a component without a sound package URL": (
        bom(vulnerability("zlib"), components=[COMPONENT | {"purl": "zlib1g"}]), "package URL"
    ),
    "a moment in words": (cyclonedx(vulnerability(lastUpdated="yesterday")), "lastUpdated"),
    "a text as metadata": (cyclonedx(vulnerability(), metadata="Ada"), "metadata"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_says_nothing_or_too_much_is_refused(name: str) -> None:
    document, word = REFUSED[name]
    with pytest.raises(InputError) as caught:
        about(document)
    assert caught.value.where == "bom.json"
    assert word in str(caught.value)
    assert caught.value.mend
    assert len(str(caught.value)) < 600
