"""OpenVEX documents: what is read, what is refused, and what a result says as OpenVEX."""

import copy
import functools
import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import gate_results
import vex_documents
from modelseal.errors import InputError
from modelseal.gate import openvex, vex
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Waiver
from modelseal.gate.result import Decision, Judged
from modelseal.gate.statement import JUSTIFICATIONS, Statement, Status
from vex_documents import CVE, ZLIB, packed, product, said

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "assets" / "vex" / "openvex-0.2.0.schema.json").read_text(encoding="utf-8")
)
FORMATS = jsonschema.FormatChecker(formats=tuple(jsonschema.FormatChecker.checkers))
FORMATS.checkers["iri"] = (functools.cache(FORMATS.checkers["iri"][0]), ())  # half a second for a thousand characters
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=FORMATS)
IMAGE = f"pkg:oci/fraud@sha256:{'2' * 64}"
FINDING = gate_results.finding(id=CVE)


def about(document: Any, finding: Finding = FINDING, *products: str) -> Statement | None:
    return vex.read([("ours.json", packed(document))]).about(finding, products)


def status(document: Any, *products: str) -> str:
    statement = about(document, FINDING, *products)
    return statement.status.value if statement is not None else "nothing"


GOOD: Mapping[str, tuple[Any, str]] = {
    "the least": (vex_documents.openvex(said()), "not_affected"),
    "fixed": (vex_documents.openvex(said("fixed")), "fixed"),
    "affected": (vex_documents.openvex(said("affected")), "affected"),
    "under investigation": (vex_documents.openvex(said("under_investigation")), "under_investigation"),
    "an impact statement alone": (
        vex_documents.openvex(said(justification=None, impact_statement="never called")), "not_affected"
    ),
    "both reasons": (vex_documents.openvex(said(impact_statement="never called")), "not_affected"),
    "everything": (
        vex_documents.openvex(
            said(
                "not_affected",
                {"@id": IMAGE, "identifiers": {"purl": IMAGE, "cpe23": "cpe:2.3:a:b:c"}, "hashes": {"sha-256": "0"},
                 "subcomponents": [{"@id": ZLIB, "identifiers": {"purl": ZLIB}, "hashes": {"md5": "0"}}]},
                cve={"@id": "https://nvd.example/1", "name": "X-1", "description": "d", "aliases": [CVE]},
                at_id="x", status_notes="n", supplier="s", version=2, last_updated="2026-01-02T00:00:00.123456789Z",
                timestamp="2026-01-02T00:00:00+01:00", impact_statement="i",
            ) | {"@id": "https://example.org/s"},
            role="r", tooling="t", last_updated="2026-01-01T00:00:00Z",
        ),
        "not_affected",
    ),
    "several of each": (
        vex_documents.openvex(said("fixed", "pkg:deb/debian/tar"), said("affected", "pkg:deb/debian/curl", ZLIB)),
        "affected",
    ),
}  # fmt: skip
del GOOD["everything"][0]["statements"][0]["at_id"]


@pytest.mark.parametrize("name", GOOD)
def test_what_is_said_is_read(name: str) -> None:
    document, expected = GOOD[name]
    VALIDATOR.validate(document)
    assert status(document, IMAGE) == expected


OLD = {
    "vulnerability": CVE,
    "products": ["pkg:oci/fraud"],
    "subcomponents": ["pkg:deb/debian/zlib1g", "pkg:deb/debian/tar"],
    "status": "not_affected",
    "justification": "component_not_present",
}


@pytest.mark.parametrize("context", ["https://openvex.dev/ns", "https://openvex.dev/ns/v0.0.1"])
def test_documents_from_before_are_read(context: str) -> None:
    document = vex_documents.openvex(OLD, at_context=context, version="1")
    assert status(document, IMAGE) == "not_affected"
    assert status(document) == "nothing"
    other = OLD | {"subcomponents": ["pkg:deb/debian/curl"]}
    assert status(vex_documents.openvex(other, at_context=context), IMAGE) == "nothing"
    plain = {key: value for key, value in OLD.items() if key != "subcomponents"} | {"products": [ZLIB]}
    assert status(vex_documents.openvex(plain, at_context=context)) == "not_affected"
    assert status(vex_documents.openvex(said(), at_context=context)) == "not_affected"
    for shape in (OLD, OLD | {"status": "affected", "justification": None}):
        with pytest.raises(InputError):
            about(vex_documents.openvex(shape))


def test_a_moment_that_is_none_is_the_documents() -> None:
    statement = about(vex_documents.openvex(said(timestamp="0001-01-01T00:00:00Z")))
    assert statement is not None
    assert statement.timestamp is not None
    assert statement.timestamp.year == 2026


def changed(*path: str | int, **change: Any) -> Any:
    """Return a valid document with keys set (or, with None, taken away) in the object at a path."""
    document = vex_documents.openvex(said("not_affected", product(IMAGE, ZLIB)))
    target = document
    for step in path:
        target = target[step]  # type: ignore[index]
    for key, value in change.items():
        name = f"@{key[3:]}" if key.startswith("at_") else key
        if value is None:
            target.pop(name, None)
        else:
            target[name] = value
    return document


STATEMENT = ("statements", 0)
PRODUCT = (*STATEMENT, "products", 0)
PART = (*PRODUCT, "subcomponents", 0)
# Each with a word that its message must have; the schema refuses them, too.
INVALID: Mapping[str, tuple[Any, str]] = {
    "no id": (changed(at_id=None), "@id"),
    "no author": (changed(author=None), "author"),
    "a number as author": (changed(author=7), "author"),
    "no moment": (changed(timestamp=None), "timestamp"),
    "no version": (changed(version=None), "version"),
    "version 0": (changed(version=0), "version"),
    "a text as version": (changed(version="1"), "version"),
    "true as version": (changed(version=True), "version"),
    "no statements": (changed(statements=None), "statements"),
    "an empty list of statements": (changed(statements=[]), "statements"),
    "an object of statements": (changed(statements={}), "statements"),
    "a text as statement": (changed(statements=["not_affected"]), "statement 1"),
    "an unknown key in the document": (changed(statement=[]), "statements"),
    "no vulnerability": (changed(*STATEMENT, vulnerability=None), "vulnerability"),
    "a text as vulnerability": (changed(*STATEMENT, vulnerability=CVE), "vulnerability"),
    "a vulnerability without a name": (changed(*STATEMENT, vulnerability={"@id": "https://x.example"}), "name"),
    "a misspelt key of the vulnerability": (changed(*STATEMENT, "vulnerability", alias=[CVE]), "aliases"),
    "a text as aliases": (changed(*STATEMENT, "vulnerability", aliases=CVE), "aliases"),
    "a number in aliases": (changed(*STATEMENT, "vulnerability", aliases=[1]), "aliases"),
    "no status": (changed(*STATEMENT, status=None), "status"),
    "a status with a hyphen": (changed(*STATEMENT, status="not-affected"), "not_affected"),
    "a status in capital letters": (changed(*STATEMENT, status="FIXED"), "status"),
    "a list as status": (changed(*STATEMENT, status=["fixed"]), "status"),
    "an unknown justification": (changed(*STATEMENT, justification="not_reachable"), "justification"),
    "CycloneDX' justification": (changed(*STATEMENT, justification="code_not_reachable"), "justification"),
    "no reason": (changed(*STATEMENT, justification=None), "justification"),
    "affected without an action": (changed(*STATEMENT, status="affected", justification=None), "action_statement"),
    "a misspelt key of a statement": (changed(*STATEMENT, impact="never called"), "impact_statement"),
    "a text as products": (changed(*STATEMENT, products=ZLIB), "products"),
    "texts as products": (changed(*STATEMENT, products=[ZLIB]), "product 1"),
    "a product without a name": (changed(*STATEMENT, products=[{}]), "@id"),
    "a product of a hash alone": (changed(*STATEMENT, products=[{"hashes": {"md5": "0"}}]), "@id"),
    "a misspelt key of a product": (changed(*PRODUCT, subcomponent=[{"@id": ZLIB}]), "subcomponents"),
    "an object as subcomponents": (changed(*PRODUCT, subcomponents={"@id": ZLIB}), "subcomponents"),
    "a text as subcomponent": (changed(*PRODUCT, subcomponents=[ZLIB]), "subcomponent 1"),
    "a subcomponent without a name": (changed(*PRODUCT, subcomponents=[{}]), "@id"),
    "a subcomponent in a subcomponent": (changed(*PART, subcomponents=[{"@id": ZLIB}]), "subcomponents"),
    "a text as identifiers": (changed(*PRODUCT, identifiers=ZLIB), "identifiers"),
    "an unknown identifier": (changed(*PRODUCT, identifiers={"PURL": ZLIB}), "purl"),
    "subcomponents beside the products": (changed(*STATEMENT, subcomponents=[ZLIB]), "subcomponents"),
}


@pytest.mark.parametrize("name", INVALID)
def test_what_the_schema_refuses_is_refused(name: str) -> None:
    document, word = INVALID[name]
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(InputError, match=r"\.") as caught:
        about(document)
    assert caught.value.where == "ours.json"
    assert word in str(caught.value)
    assert caught.value.mend


# The schema takes these, and they would be misunderstood.
MISLEADING: Mapping[str, tuple[Any, str]] = {
    "an empty author": (changed(author=" "), "author"),
    "a moment without its time zone": (changed(timestamp="2026-01-01T00:00:00"), "time zone"),
    "a day as moment": (changed(timestamp="2026-01-01"), "time zone"),
    "the 30th of February": (changed(timestamp="2026-02-30T00:00:00Z"), "timestamp"),
    "a moment before all time zones": (changed(timestamp="0001-01-01T00:00:00+14:00"), "timestamp"),
    "a statement's moment in words": (changed(*STATEMENT, timestamp="yesterday"), "Statement 1"),
    "an empty moment": (changed(*STATEMENT, timestamp=""), "timestamp"),
    "a version of OpenVEX to come": (changed(at_context="https://openvex.dev/ns/v0.3.0"), "v0.3.0"),
    "an empty name": (changed(*STATEMENT, "vulnerability", name=""), "name"),
    "an empty alias": (changed(*STATEMENT, "vulnerability", aliases=[""]), "aliases"),
    "no products": (changed(*STATEMENT, products=None), "products"),
    "an empty list of products": (changed(*STATEMENT, products=[]), "products"),
    "an empty reason": (changed(*STATEMENT, justification=None, impact_statement=" "), "justification"),
    "an empty justification": (changed(*STATEMENT, justification="", impact_statement="x"), "justification"),
    "no package URL": (changed(*PRODUCT, at_id="pkg:zlib1g"), "package URL"),
    "no package URL as identifier": (changed(*PRODUCT, identifiers={"purl": "zlib1g"}), "package URL"),
    "no package URL as subcomponent": (changed(*PART, at_id="pkg:deb"), "package URL"),
    "an empty package URL": (changed(*PRODUCT, identifiers={"purl": ""}), "purl"),
}


@pytest.mark.parametrize("name", MISLEADING)
def test_what_could_be_misunderstood_is_refused(name: str) -> None:
    document, word = MISLEADING[name]
    with pytest.raises(InputError) as caught:
        about(document)
    assert word in str(caught.value)
    assert caught.value.mend


def complaint(document: Any) -> str:
    try:
        about(document)
    except InputError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("value", [None, 1, True, "x", [], {}, [1], {"a": 1}, "\ud800", "x" * 1_000_000])
def test_any_value_in_any_place_is_read_or_refused(value: Any) -> None:
    whole = GOOD["everything"][0]
    paths: list[tuple[str | int, ...]] = [(), STATEMENT, (*STATEMENT, "vulnerability"), PRODUCT, PART]
    paths += [(*PRODUCT, "identifiers"), (*PRODUCT, "hashes")]
    for path in paths:
        target = whole
        for step in path:
            target = target[step]
        for key in target:
            document = copy.deepcopy(whole)
            inner = document
            for step in path:
                inner = inner[step]
            inner[key] = value
            assert len(complaint(document)) < 1000


def test_the_message_suggests_the_nearest_word() -> None:
    with pytest.raises(InputError) as caught:
        about(changed(*PRODUCT, subcomponent=[{"@id": ZLIB}]))
    assert str(caught.value).startswith(
        "A document cannot be used: Product 1 of statement 1 has a key that is not known: 'subcomponent'. (ours.json) "
        "Did you mean `subcomponents`?"
    )


WAIVER = Waiver(CVE, "never reached", "Grace", date(2026, 12, 31))
SAID = Statement(
    vulnerability=CVE, status=Status.NOT_AFFECTED, author="Ada", document="ada.json",
    timestamp=gate_results.NOW - timedelta(days=9), justification=JUSTIFICATIONS[2], impact="not called",
    supplier="Zlib",
)  # fmt: skip


def written(*judged: Judged | Finding, **options: Any) -> dict[str, Any]:
    content = openvex.write(gate_results.result(judged), **options)
    assert content is not None
    document: dict[str, Any] = json.loads(content)
    VALIDATOR.validate(document)
    return document


def only(judged: Judged, **options: Any) -> dict[str, Any]:
    (statement,) = written(judged, **options)["statements"]
    assert statement.pop("vulnerability")["name"] == judged.finding.id
    assert statement.pop("products")
    return dict(statement)


def test_a_statement_that_was_honoured_is_passed_on() -> None:
    assert only(Judged(FINDING, Decision.NOT_AFFECTED, "said", statement=SAID)) == {
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "impact_statement": "not called",
        "status_notes": "said by Ada in ada.json",
        "supplier": "Zlib",
        "timestamp": "2026-05-23T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("word", "justification", "impact"),
    [
        ("code_not_reachable", "vulnerable_code_not_in_execute_path", "not called"),
        ("protected_by_compiler", "inline_mitigations_already_exist", "not called"),
        ("requires_environment", None, "requires environment: not called"),
        ("protected_at_perimeter", None, "protected at perimeter: not called"),
        ("", None, "not called"),
    ],
)
def test_a_justification_of_cyclonedx_is_translated_where_openvex_has_the_same(
    word: str, justification: str | None, impact: str
) -> None:
    fields = {name: getattr(SAID, name) for name in Statement.__dataclass_fields__} | {"justification": word}
    made = only(Judged(FINDING, Decision.NOT_AFFECTED, "said", statement=Statement(**fields)))
    assert (made.get("justification"), made["impact_statement"]) == (justification, impact)


@pytest.mark.parametrize("said_status", list(Status))
def test_whatever_status_was_said_is_passed_on(said_status: Status) -> None:
    statement = Statement(vulnerability=CVE, status=said_status, author="", document="d", timestamp=None, impact="i")
    assert only(Judged(FINDING, Decision.FAILS, "fails", statement=statement))["status"] == said_status.value


def test_a_waiver_is_an_accepted_risk() -> None:
    assert only(Judged(FINDING, Decision.WAIVED, "waived", waiver=WAIVER)) == {
        "status": "affected",
        "action_statement": "accepted until 2026-12-31 by Grace: never reached",
    }


def test_a_waiver_with_a_justification_says_not_affected() -> None:
    waiver = Waiver(CVE, "never reached", "Grace", date(2026, 12, 31), justification=JUSTIFICATIONS[0])
    assert only(Judged(FINDING, Decision.WAIVED, "waived", statement=SAID, waiver=waiver)) == {
        "status": "not_affected",
        "justification": "component_not_present",
        "impact_statement": "never reached",
        "status_notes": "waived until 2026-12-31 by Grace",
    }


def test_what_fails_and_can_be_mended_is_affected() -> None:
    made = only(Judged(FINDING, Decision.FAILS, "CRITICAL fails"))
    assert (made["status"], made["action_statement"]) == ("affected", "upgrade zlib1g to 1:1.2.13.dfsg-2")


@pytest.mark.parametrize(
    ("decision", "fixed"),
    [(Decision.FAILS, ""), *((item, "2") for item in Decision if item not in (Decision.FAILS, Decision.NOT_AFFECTED))],
)
def test_what_nobody_has_looked_at_is_under_investigation(decision: Decision, fixed: str) -> None:
    item = gate_results.finding(id=CVE, fixed_version=fixed)
    made = only(Judged(item, decision, "so it is"))
    assert made == {"status": "under_investigation", "status_notes": f"{decision.value}: so it is"}


def test_only_vulnerabilities_of_packages_with_a_package_url_are_written() -> None:
    others = [gate_results.finding(kind=kind) for kind in Kind if kind is not Kind.VULNERABILITY]
    nameless = gate_results.finding(purl="")
    assert openvex.write(gate_results.result([*others, nameless]), products=(IMAGE,)) is None
    assert openvex.write(gate_results.result()) is None


def test_the_image_is_the_product_and_the_package_its_component() -> None:
    (statement,) = written(FINDING, products=(IMAGE,), packages=False)["statements"]
    assert statement["products"] == [{"@id": IMAGE, "subcomponents": [{"@id": FINDING.purl}]}]
    (statement,) = written(FINDING, products=(IMAGE,))["statements"]
    assert statement["products"][1:] == [{"@id": FINDING.purl}]
    (statement,) = written(FINDING, packages=False)["statements"]
    assert statement["products"] == [{"@id": FINDING.purl}]


def test_what_is_written_is_read_as_it_was_decided() -> None:
    waived = Judged(
        FINDING, Decision.WAIVED, "w", waiver=Waiver(CVE, "r", "o", date(2027, 1, 1), justification=JUSTIFICATIONS[1])
    )
    other = gate_results.finding(id="CVE-2024-0002", aliases=())
    document = written(waived, other, products=(IMAGE,), packages=False)
    assert status(document, IMAGE) == "not_affected"
    assert status(document) == "nothing"
    statement = about(document, other, IMAGE)
    assert statement is not None
    assert statement.status is Status.AFFECTED


def test_equal_results_give_equal_bytes_and_others_another_name() -> None:
    items = [gate_results.finding(id=f"CVE-2024-{number}", aliases=("B", "A")) for number in range(9)]
    first, again = (openvex.write(gate_results.result(order)) for order in (items, items[::-1]))
    assert first == again
    other = openvex.write(gate_results.result(items[1:]))
    assert json.loads(first or b"")["@id"] != json.loads(other or b"")["@id"]
    assert json.loads(openvex.write(gate_results.result(items), author="Eve") or b"")["author"] == "Eve"


@pytest.mark.slow
def test_hostile_texts_are_written_as_they_are() -> None:
    items = gate_results.hostile_findings()
    judged = [
        Judged(item, decision, text, waiver=Waiver(item.id, text, text, date(2027, 1, 1)))
        for item, text in zip(items, gate_results.HOSTILE_TEXTS * (len(items) + 1), strict=False)
        for decision in (Decision.WAIVED, Decision.FAILS)
    ]
    content = openvex.write(gate_results.result(judged), products=(IMAGE,))
    assert content is not None
    assert content.isascii()
    assert vex.read([("ours.json", content)])
    # Checking whether a megabyte is an IRI takes ten minutes and ten gigabytes.
    short = [item for item in judged if len(item.finding.purl) < 300 and item.finding.kind is Kind.VULNERABILITY][::2]
    assert len(short) >= len(gate_results.HOSTILE_TEXTS)
    VALIDATOR.validate(json.loads(openvex.write(gate_results.result(short), products=(IMAGE,)) or b""))


@pytest.mark.slow
def test_many_findings_are_written_soon() -> None:
    import time  # noqa: PLC0415

    items = [
        gate_results.finding(id=f"CVE-2024-{n % 9000}", purl=f"pkg:deb/debian/p{n % 2000}@1", severity=Severity.HIGH)
        for n in range(20_000)
    ]
    result = gate_results.result(items)
    before = time.process_time()
    assert openvex.write(result, products=(IMAGE,))
    assert time.process_time() - before < 1.5
