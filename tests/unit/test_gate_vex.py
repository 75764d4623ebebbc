"""What VEX documents say of a finding: which statement is about it, which counts, and what is no VEX document."""

import itertools
import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_results
import vex_documents
from modelseal.errors import InputError
from modelseal.gate import package_url, vex
from modelseal.gate.finding import Finding, Kind
from modelseal.gate.vex import Statement, Status, Vex
from vex_documents import CVE, ZLIB, openvex, packed, product, said

IMAGE = f"pkg:oci/fraud@sha256:{'2' * 64}?arch=amd64&repository_url=registry.example/team/fraud"
DIGEST = f"sha256:{'2' * 64}"


def finding(**fields: Any) -> Finding:
    return gate_results.finding(**({"id": CVE} | fields))


def read(*documents: Any) -> Vex:
    return vex.read([(f"{number}.json", packed(document)) for number, document in enumerate(documents)])


def about(document: Any, *products: str, **fields: Any) -> Statement | None:
    return read(document).about(finding(**fields), products)


def hidden(document: Any, *products: str, **fields: Any) -> bool:
    statement = about(document, *products, **fields)
    return statement is not None and statement.status.hides


def test_a_statement_is_told_with_who_said_it_where_and_when() -> None:
    document = openvex(said(impact_statement="never called", supplier="Zlib", status_notes="x"))
    statement = about(document)
    assert statement is not None
    assert (statement.vulnerability, statement.status, statement.author) == (CVE, Status.NOT_AFFECTED, "Ada")
    assert (statement.document, statement.justification) == ("0.json", vex_documents.REASON)
    assert (statement.impact, statement.supplier) == ("never called", "Zlib")
    assert str(statement.timestamp) == "2026-01-01 00:00:00+00:00"
    assert statement.reason == (
        "not affected says Ada, supplier Zlib in 0.json: vulnerable code not in execute path: never called"
    )


def test_no_documents_say_nothing() -> None:
    assert read().about(finding(), (IMAGE,)) is None
    assert len(read()) == 0


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.VULNERABILITY])
def test_only_vulnerabilities_are_spoken_of(kind: Kind) -> None:
    assert not hidden(openvex(said("not_affected", IMAGE)), IMAGE, kind=kind)


@pytest.mark.parametrize(
    ("general", "covered"),
    [
        (ZLIB, True),
        ("pkg:deb/debian/zlib1g", True),
        ("pkg:deb/debian/zlib1g@1.2.13.dfsg-1", True),
        ("pkg:deb/debian/zlib1g?epoch=1", True),
        ("pkg:DEB/debian/zlib1g", True),
        ("pkg:deb/debian/zlib1g@1.2.13", False),
        ("pkg:deb/debian/zlib1g@1.2.13.dfsg-1%2Bdeb12u1", False),
        ("pkg:deb/debian/zlib1g@*", False),
        ("pkg:deb/debian/zlib1g@vers:deb/<2", False),
        ("pkg:deb/debian/zlib1g?epoch=2", False),
        ("pkg:deb/debian/zlib1g?vcs_url=x", False),
        ("pkg:deb/debian/zlib1", False),
        ("pkg:deb/debian/zlib1g-dev", False),
        ("pkg:deb/debian/*", False),
        ("pkg:deb/zlib1g", False),
        ("pkg:deb/ubuntu/zlib1g", False),
        ("pkg:apk/debian/zlib1g", False),
        ("pkg:deb/debian/zlib1g#doc", False),
    ],
)
def test_a_package_url_covers(general: str, *, covered: bool) -> None:
    assert hidden(openvex(said("not_affected", general))) is covered
    assert hidden(openvex(said("not_affected", product("pkg:oci/fraud", general))), IMAGE) is covered


@pytest.mark.parametrize(
    ("named", "covered"),
    [
        ("pkg:oci/fraud", True),
        (f"pkg:oci/fraud@{DIGEST}", True),
        ("pkg:oci/fraud?repository_url=registry.example/team/fraud", True),
        ("pkg:oci/fraud?repository_url=registry.example%2Fteam%2Ffraud", True),
        ("pkg:oci/fraud?arch=amd64", True),
        ("pkg:oci/fraud?arch=arm64", False),
        (f"pkg:oci/fraud@sha256:{'3' * 64}", False),
        ("pkg:oci/fraud?repository_url=registry.example/other/fraud", False),
        ("pkg:oci/fraud?tag=1.4", False),
        ("pkg:oci/frau", False),
        ("pkg:docker/fraud", False),
        ("registry.example/team/fraud", False),
    ],
)
def test_an_image_is_named(named: str, *, covered: bool) -> None:
    for document in (openvex(said("not_affected", named)), openvex(said("not_affected", product(named, ZLIB)))):
        assert hidden(document, IMAGE) is covered
        assert not hidden(document)
        assert not hidden(document, "pkg:oci/other")


def test_an_image_as_a_whole_covers_packages_without_a_package_url() -> None:
    assert hidden(openvex(said("not_affected", "pkg:oci/fraud")), IMAGE, purl="")
    assert not hidden(openvex(said("not_affected", product("pkg:oci/fraud", ZLIB))), IMAGE, purl="")
    assert not hidden(openvex(said()), IMAGE, purl="")


def test_an_image_has_other_names_too() -> None:
    document = openvex(said("not_affected", product("https://example.org/fraud", ZLIB)))
    assert hidden(document, "https://example.org/fraud")
    assert not hidden(document, "https://example.org/fraud/")


@pytest.mark.parametrize(
    ("platform", "covered"), [("", True), ("linux/amd64", True), ("linux/arm64", False), ("linux/arm/v7", False)]
)
def test_one_platform_of_an_image_is_not_another(platform: str, *, covered: bool) -> None:
    assert hidden(openvex(said("not_affected", "pkg:oci/fraud")), IMAGE, platform=platform) is covered


@pytest.mark.parametrize(
    ("fields", "covered"),
    [
        ({"id": CVE}, True),
        ({"id": CVE.lower()}, False),
        ({"id": f"{CVE}0"}, False),
        ({"id": "GHSA-aaaa-bbbb-cccc", "aliases": (CVE,)}, True),
        ({"id": "GHSA-aaaa-bbbb-cccc", "aliases": ()}, False),
        ({"id": "DSA-1-1", "aliases": (CVE, "CVE-2024-0002")}, False),
        ({"id": "CVE-2024-0002", "aliases": (CVE,)}, False),
        ({"id": CVE, "aliases": ("CVE-2024-0002",)}, True),
    ],
)
def test_a_vulnerability_has_several_names(fields: dict[str, Any], *, covered: bool) -> None:
    assert hidden(openvex(said()), **fields) is covered


def test_what_is_said_of_one_of_several_vulnerabilities_warns_all_the_same() -> None:
    document = openvex(said(cve="DSA-1-1"), said("affected", timestamp="2026-02-01T00:00:00Z"))
    assert not hidden(document, id="DSA-1-1", aliases=(CVE, "CVE-2024-0002"))
    assert hidden(openvex(said(cve="DSA-1-1")), id="DSA-1-1", aliases=(CVE, "CVE-2024-0002"))


@pytest.mark.parametrize("status", list(Status))
def test_only_two_statuses_hide(status: Status) -> None:
    assert hidden(openvex(said(status.value))) is (status in (Status.NOT_AFFECTED, Status.FIXED))


@pytest.mark.parametrize("first", list(Status))
@pytest.mark.parametrize("second", list(Status))
@pytest.mark.parametrize("apart", ["statements", "documents"])
def test_the_latest_counts_and_of_one_moment_the_worse(first: Status, second: Status, apart: str) -> None:
    for days in (1, 2):
        one = said(first.value, timestamp="2026-02-01T00:00:00Z")
        two = said(second.value, timestamp=f"2026-02-0{days}T00:00:00Z")
        expected = second if days == 2 else min(first, second, key=lambda status: status.rank)
        for pair in itertools.permutations((one, two)):
            documents = [openvex(*pair)] if apart == "statements" else [openvex(item) for item in pair]
            statement = read(*documents).about(finding())
            assert statement is not None
            assert statement.status is expected


def test_what_warns_needs_to_match_in_one_name_and_what_hides_in_all() -> None:
    both = {"@id": "pkg:deb/debian/zlib1g", "identifiers": {"purl": "pkg:deb/debian/zlib1g@9"}}
    assert not hidden(openvex(said("not_affected", both)))
    document = openvex(said(), said("affected", both, timestamp="2026-02-01T00:00:00Z"))
    assert not hidden(document)


STATEMENTS = st.lists(
    st.builds(
        lambda status, purl, cve, day, image: said(
            status, product("pkg:oci/fraud", purl) if image else purl, cve=cve, timestamp=f"2026-01-0{day}T00:00:00Z"
        ),
        st.sampled_from([status.value for status in Status]),
        st.sampled_from([ZLIB, "pkg:deb/debian/zlib1g", "pkg:deb/debian/tar", "pkg:deb/debian/zlib1g?arch=arm64"]),
        st.sampled_from([CVE, "CVE-2024-0002", "GHSA-aaaa-bbbb-cccc"]),
        st.integers(1, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
FINDINGS = [
    finding(),
    finding(aliases=("GHSA-aaaa-bbbb-cccc",)),
    finding(id="CVE-2024-0002", aliases=(CVE,)),
    finding(purl="pkg:deb/debian/tar@1"),
    finding(purl=""),
]


def shown(statements: list[Any], split: int = 0) -> set[int]:
    documents = [openvex(*part) for part in (statements[:split], statements[split:]) if part]
    everything = read(*documents)
    said_of = [everything.about(item, (IMAGE,)) for item in FINDINGS]
    return {number for number, statement in enumerate(said_of) if statement is None or not statement.status.hides}


@given(STATEMENTS)
@settings(max_examples=60, deadline=None)
def test_leaving_out_what_hides_never_hides_more(statements: list[Any]) -> None:
    before = shown(statements)
    for number, statement in enumerate(statements):
        rest = statements[:number] + statements[number + 1 :]
        if statement["status"] in ("not_affected", "fixed"):
            assert before <= shown(rest)
        else:
            assert before >= shown(rest)


@given(STATEMENTS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_and_division_into_documents_never_matter(statements: list[Any], randomly: random.Random) -> None:
    before = shown(statements)
    shuffled = randomly.sample(statements, len(statements))
    assert shown(shuffled) == before == shown(shuffled, randomly.randrange(len(statements)))


def test_a_warning_added_never_hides() -> None:
    for status in ("affected", "under_investigation"):
        added = said(status, "pkg:deb/debian/zlib1g", timestamp="2026-03-01T00:00:00Z")
        assert not hidden(openvex(said(), added))


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_package_url_or_not(text: str) -> None:
    for prefix in ("", "pkg:", "pkg:deb/debian/"):
        url = package_url.parse(prefix + text)
        assert url is None or package_url.covers(url, url)


NO_VEX = {
    "nothing": b"",
    "white space": b" \n",
    "a list": b"[]",
    "a text": b'"not_affected"',
    "an empty object": b"{}",
    "cut off": packed(openvex(said()))[:-20],
    "two documents in one": packed(openvex(said())) * 2,
    "not UTF-8": packed(openvex(said())).replace(b"Ada", b"\xff"),
    "UTF-16": packed(openvex(said())).decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + packed(openvex(said())),
    "NaN": packed(openvex(said())).replace(b'"version": 1', b'"version": NaN'),
    "a number of a megabyte": packed(openvex(said())).replace(b'"version": 1', b'"version": ' + b"1" * 1_000_000),
    "a key that comes twice": packed(openvex(said("affected"))).replace(
        b'"status": "affected"', b'"status": "affected", "status": "fixed"'
    ),
    "nested deeply": b'{"a":' * 200_000,
    "nested deeply, and whole": b'{"statements":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "too large": b" " * (32 * 1024 * 1024) + b"{}",
    "YAML": b"'@context': https://openvex.dev/ns/v0.2.0\n",
    "XML": b'<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"/>',
    "CSAF": packed({"document": {"category": "csaf_vex", "csaf_version": "2.0"}, "vulnerabilities": []}),
    "SPDX": packed({"spdxVersion": "SPDX-2.3"}),
    "SPDX 3": packed({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}),
    "Trivy's report": packed({"SchemaVersion": 2, "Results": []}),
    "an attestation": packed({"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://openvex.dev/ns"}),
    "an envelope": packed({"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": []}),
    "another context": packed(openvex(said(), at_context="https://example.org/ns")),
    "a context that is a list": packed(openvex(said()) | {"@context": ["https://openvex.dev/ns/v0.2.0"]}),
}


@pytest.mark.parametrize("name", NO_VEX)
def test_what_is_no_vex_document_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        vex.read([("good.json", packed(openvex(said()))), ("bad.json", NO_VEX[name])])
    assert caught.value.where == "bad.json"
    assert caught.value.mend
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("name", "word"),
    [("CSAF", "CSAF"), ("XML", "XML"), ("Trivy's report", "Trivy"), ("SPDX", "SPDX"), ("an envelope", "attestation"),
     ("a key that comes twice", "status"), ("too large", "32 MiB")],
)  # fmt: skip
def test_the_message_says_what_was_given(name: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        vex.read([("bad.json", NO_VEX[name])])


@pytest.mark.parametrize(
    ("name", "digests", "expected"),
    [
        ("ghcr.io/team/App:1", ["sha256:1"], ("pkg:oci/app@sha256:1?arch=amd64&repository_url=ghcr.io/team/App",)),
        ("ghcr.io/team/app@sha256:1", ["sha256:1"],
         ("pkg:oci/app@sha256:1?arch=amd64&repository_url=ghcr.io/team/app",)),
        ("localhost:5000/app", ["sha256:1"], ("pkg:oci/app@sha256:1?arch=amd64&repository_url=localhost:5000/app",)),
        ("debian:12", ["sha256:1"],
         ("pkg:oci/debian@sha256:1?arch=amd64&repository_url=index.docker.io/library/debian",)),
        ("docker.io/a/b", ["sha256:1"], ("pkg:oci/b@sha256:1?arch=amd64&repository_url=index.docker.io/a/b",)),
        ("a/b", ["sha256:1", "sha256:1"], ("pkg:oci/b@sha256:1?arch=amd64&repository_url=index.docker.io/a/b",)),
        ("app", [], ()),
        ("", ["sha256:1"], ()),
    ],
)  # fmt: skip
def test_package_urls_of_images(name: str, digests: list[str], expected: tuple[str, ...]) -> None:
    made = package_url.of_image(name, digests, "amd64")
    assert [package_url.parse(url) for url in made] == [package_url.parse(url) for url in expected]


EXAMPLES = re.findall(
    r"```json\n(.*?)```", (Path(__file__).parents[2] / "docs" / "vex.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize(("number", "one_image"), [(0, False), (1, True), (2, False)])
def test_the_examples_of_the_documentation_say_what_they_claim(number: int, *, one_image: bool) -> None:
    assert len(EXAMPLES) == 3
    everything = vex.read([("docs/vex.md", EXAMPLES[number].encode())])
    for image in ("", "pkg:oci/other", IMAGE):
        statement = everything.about(finding(), (image,) if image else ())
        assert (statement is not None and statement.status.hides) is (image == IMAGE or not one_image)
    assert everything.about(finding(purl="pkg:deb/debian/tar@1"), (IMAGE,)) is None


@pytest.mark.slow
def test_thousands_of_statements_and_findings_take_no_time() -> None:
    spread = [said("not_affected", f"pkg:deb/debian/p{n % 2000}@1", cve=f"CVE-2024-{n}") for n in range(5000)]
    same = [said("not_affected", "pkg:deb/debian/p1@1", impact_statement=str(n)) for n in range(5000)]
    everything = vex.read([("spread.json", packed(openvex(*spread))), ("same.json", packed(openvex(*same)))])
    items = [
        finding(id=f"CVE-2024-{n}", purl=f"pkg:deb/debian/p{n % 2000}@1?arch=amd64", path=str(n)) for n in range(20_000)
    ] + [finding(purl="pkg:deb/debian/p1@1", path=str(n)) for n in range(20_000)]
    before = time.process_time()
    hides = sum(statement is not None for statement in (everything.about(item, (IMAGE,)) for item in items))
    assert time.process_time() - before < 1
    assert hides == 25_000
