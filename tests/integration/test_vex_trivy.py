"""Trivy's own `--vex` and our reading of the same documents, on the same image: what the one hides the other hides.

Where we hide less on purpose, or refuse a document that Trivy takes, the case says why.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import gate_results
import loopback_registry
import saved_images
import trivy_db
import vex_documents
from modelseal import tools
from modelseal.errors import InputError
from modelseal.gate import openvex, package_url, vex
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Waiver
from modelseal.gate.result import Decision, Judged, Result
from vex_documents import packed, product, said

Found = tuple[str, str]

PACKAGES = {
    "zlib1g": ("zlib", "1:1.2.13.dfsg-1"),
    "perl-base": ("perl", "5.36.0-7+deb12u3"),
    "tar": ("tar", "1.34+dfsg-1.2+deb12u1"),
}
FILES = saved_images.debian(PACKAGES) | saved_images.python_packages({"aiohttp": "3.8.5", "searchor": "2.4.1"})
ZLIB = vex_documents.ZLIB
PERL = "pkg:deb/debian/perl-base@5.36.0-7%2Bdeb12u3?arch=amd64&distro=debian-12.15"
AIOHTTP = "pkg:pypi/aiohttp@3.8.5"
AIO_CVE = "CVE-2024-23334"
PERL_CVE = "CVE-2023-31486"
IMAGE = "pkg:oci/app"
EARLY, LATE = "2025-01-01T00:00:00Z", "2026-06-01T00:00:00Z"
ZLIB_FOUND = ("zlib1g", vex_documents.CVE)
AIO_FOUND = ("aiohttp", AIO_CVE)
NOTHING: frozenset[Found] = frozenset()


@dataclass(frozen=True)
class Bench:
    """Trivy, an image in a registry and as an archive, and what Trivy finds in it."""

    trivy: Path
    cache: Path
    image: str
    archive: Path
    bom: Path
    purls: tuple[str, ...]
    found: tuple[Finding, ...]

    def run(self, *arguments: str | Path, folder: Path, documents: tuple[Any, ...] = ()) -> dict[str, Any]:
        options: list[str | Path] = []
        for number, document in enumerate(documents):
            file = folder / f"{number}.vex.json"
            file.write_bytes(document if isinstance(document, bytes) else packed(document))
            options += ["--vex", file]
        done = subprocess.run(
            [self.trivy, *arguments, *options, "--show-suppressed", "--format", "json", "--cache-dir", self.cache,
             "--skip-db-update", "--offline-scan", "--skip-version-check", "--quiet"],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def hidden_by_trivy(self, folder: Path, *documents: Any) -> frozenset[Found]:
        return _suppressed(self.run(*IMAGE_SCAN, self.image, folder=folder, documents=documents))

    def hidden_by_us(self, *documents: Any, products: tuple[str, ...] | None = None) -> frozenset[Found]:
        read = vex.read([(f"{number}.vex.json", packed(document)) for number, document in enumerate(documents)])
        statements = ((item, read.about(item, self.purls if products is None else products)) for item in self.found)
        return frozenset((item.package, item.id) for item, said in statements if said is not None and said.status.hides)


IMAGE_SCAN = ("image", "--scanners", "vuln", "--cache-backend", "memory")


def _suppressed(report: dict[str, Any]) -> frozenset[Found]:
    return frozenset(
        (item["Finding"]["PkgName"], item["Finding"]["VulnerabilityID"])
        for result in report["Results"]
        for item in result.get("ExperimentalModifiedFindings") or ()
    )


def _found(report: dict[str, Any]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            kind=Kind.VULNERABILITY,
            id=item["VulnerabilityID"],
            severity=Severity(item["Severity"]),
            package=item["PkgName"],
            version=item["InstalledVersion"],
            purl=item["PkgIdentifier"]["PURL"],
            fixed_version=item.get("FixedVersion", ""),
            aliases=tuple(item.get("VendorIDs") or ()),
        )
        for result in report["Results"]
        for item in result.get("Vulnerabilities") or ()
    )


def push(address: str, repository: str) -> str:
    """Push the image and return its manifest's digest."""
    layer = saved_images.tar(list(FILES.items()))
    kind = "application/vnd.oci.image"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{kind}.manifest.v1+json",
            "config": loopback_registry._blob(
                address, repository, saved_images.config([layer]), f"{kind}.config.v1+json"
            ),
            "layers": [loopback_registry._blob(address, repository, layer, f"{kind}.layer.v1.tar")],
        }
    ).encode()
    url = f"http://{address}/v2/{repository}/manifests/1"
    loopback_registry._send("PUT", url, manifest, f"{kind}.manifest.v1+json")
    return saved_images.digest(manifest)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("vex")
    trivy = tools.provide("trivy", "", tools_dir=None, environ=dict(os.environ)).path
    cache = trivy_db.unpack(folder / "database", updated_at=datetime.now(UTC))
    archive = saved_images.saved(folder / "small.tar", FILES)
    with loopback_registry.running(folder) as address:
        name = f"{address}/team/app"
        digest = push(address, "team/app")
        first = Bench(trivy, cache, f"{name}@{digest}", archive, folder / "bom.cdx.json", (), ())
        report = first.run(*IMAGE_SCAN, first.image, folder=folder)
        bom = subprocess.run(
            [trivy, "image", "--input", archive, "--format", "cyclonedx", "--quiet", "--cache-dir", cache,
             "--skip-version-check", "--offline-scan"],
            check=True, capture_output=True, timeout=60,
        ).stdout  # fmt: skip
        first.bom.write_bytes(bom)
        purls = package_url.of_image(name, [digest], "amd64")
        yield Bench(trivy, cache, first.image, archive, first.bom, purls, _found(report))


def test_the_image_has_findings_of_both_kinds(bench: Bench) -> None:
    assert {item.package for item in bench.found} == {"zlib1g", "perl-base", "tar", "aiohttp", "searchor"}
    assert len(bench.found) == 9


@dataclass(frozen=True)
class Case:
    """Documents, and what they hide.

    Attributes:
        name: What is tried.
        documents: What is given; `{IMAGE}`, `{DIGEST}` and `{REPOSITORY}` in them stand for the image's.
        hides: What must be hidden, by Trivy and by us.
        trivy: What Trivy hides, where that is something else; then `why` says what we think of it.
        refused: Whether we refuse the documents.
    """

    name: str
    documents: tuple[Any, ...]
    hides: frozenset[Found] = NOTHING
    trivy: frozenset[Found] | None = None
    why: str = ""
    refused: bool = False


def one(*statements: Any, **fields: Any) -> tuple[Any, ...]:
    return (vex_documents.openvex(*statements, **fields),)


HIDDEN = frozenset({ZLIB_FOUND})
CASES = [
    Case("the package, exactly", one(said()), HIDDEN),
    Case("the package in any version", one(said("not_affected", "pkg:deb/debian/zlib1g")), HIDDEN),
    Case("without qualifiers", one(said("not_affected", "pkg:deb/debian/zlib1g@1.2.13.dfsg-1")), HIDDEN),
    Case("one qualifier", one(said("not_affected", "pkg:deb/debian/zlib1g?distro=debian-12.15")), HIDDEN),
    Case(
        "qualifiers in another order",
        one(said("not_affected", "pkg:deb/debian/zlib1g@1.2.13.dfsg-1?epoch=1&distro=debian-12.15&arch=amd64")),
        HIDDEN,
    ),
    Case("another architecture", one(said("not_affected", "pkg:deb/debian/zlib1g?arch=arm64"))),
    Case("another release", one(said("not_affected", "pkg:deb/debian/zlib1g?distro=debian-11"))),
    Case("the release as Debian's major version", one(said("not_affected", "pkg:deb/debian/zlib1g?distro=debian-12"))),
    Case("another version", one(said("not_affected", "pkg:deb/debian/zlib1g@1.2.12"))),
    Case("a version that only begins the same", one(said("not_affected", "pkg:deb/debian/zlib1g@1.2.13"))),
    Case("the epoch in the version", one(said("not_affected", "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1"))),
    Case("the source package", one(said("not_affected", "pkg:deb/debian/zlib"))),
    Case("without its namespace", one(said("not_affected", "pkg:deb/zlib1g"))),
    Case("another distribution", one(said("not_affected", "pkg:deb/ubuntu/zlib1g"))),
    Case("the type in capital letters", one(said("not_affected", "pkg:DEB/debian/zlib1g")), HIDDEN),
    Case("another type", one(said("not_affected", "pkg:rpm/debian/zlib1g"))),
    Case("a longer name", one(said("not_affected", "pkg:deb/debian/zlib1g-dev"))),
    Case("an encoded plus sign", one(said("not_affected", PERL, cve=PERL_CVE)), frozenset({("perl-base", PERL_CVE)})),
    Case(
        "a plain plus sign",
        one(said("not_affected", "pkg:deb/debian/perl-base@5.36.0-7+deb12u3", cve=PERL_CVE)),
        frozenset({("perl-base", PERL_CVE)}),
    ),
    Case("a Python package", one(said("not_affected", AIOHTTP, cve=AIO_CVE)), frozenset({AIO_FOUND})),
    Case(
        "a Python package's name in another case",
        one(said("not_affected", "pkg:pypi/AioHTTP", cve=AIO_CVE)),
        frozenset({AIO_FOUND}),
    ),
    Case("another vulnerability of the package", one(said("not_affected", AIOHTTP, cve="CVE-2099-0001"))),
    Case("the vulnerability in small letters", one(said(cve="cve-2023-45853"))),
    Case("an alias", one(said(cve={"name": "DSA-0000-1", "aliases": [vex_documents.CVE]})), HIDDEN),
    Case(
        "the vulnerability's IRI only", one(said(cve={"name": "X", "@id": f"https://nvd.example/{vex_documents.CVE}"}))
    ),
    Case("the identifier only", one(said("not_affected", {"identifiers": {"purl": ZLIB}})), HIDDEN),
    Case(
        "an identifier beside an IRI",
        one(said("not_affected", {"@id": "https://example.org/zlib", "identifiers": {"purl": ZLIB}})),
        HIDDEN,
    ),
    Case(
        "a CPE only", one(said("not_affected", {"identifiers": {"cpe23": "cpe:2.3:a:zlib:zlib:1.2.13:*:*:*:*:*:*:*"}}))
    ),
    Case("two products", one(said("not_affected", "pkg:deb/debian/curl", ZLIB)), HIDDEN),
    Case("an impact statement alone", one(said(justification=None, impact_statement="never called")), HIDDEN),
    Case("affected", one(said("affected"))),
    Case("under investigation", one(said("under_investigation"))),
    Case("fixed", one(said("fixed")), HIDDEN),
    Case("not affected, later affected", one(said(timestamp=EARLY), said("affected", timestamp=LATE))),
    Case("the same, written the other way round", one(said("affected", timestamp=LATE), said(timestamp=EARLY))),
    Case("affected, later not", one(said("affected", timestamp=EARLY), said(timestamp=LATE)), HIDDEN),
    Case("affected, later fixed", one(said("fixed"), said("affected", timestamp=EARLY)), HIDDEN),
    Case(
        "a later moment in another time zone",
        one(said(timestamp="2026-01-01T12:00:00+14:00"), said("affected", timestamp="2026-01-01T00:00:00Z")),
    ),
    Case("later affected in general", one(said(), said("affected", "pkg:deb/debian/zlib1g", timestamp=LATE))),
    Case("later affected elsewhere", one(said(), said("affected", "pkg:deb/debian/tar", timestamp=LATE)), HIDDEN),
    Case(
        "two vulnerabilities",
        one(said(), said("not_affected", AIOHTTP, cve=AIO_CVE)),
        frozenset({ZLIB_FOUND, AIO_FOUND}),
    ),
    Case("the namespace without a version", one(said(), at_context="https://openvex.dev/ns"), HIDDEN),
    Case("the image as a whole", one(said("not_affected", "pkg:oci/app")), HIDDEN),
    Case("the image, the package its component", one(said("not_affected", product("pkg:oci/app", ZLIB))), HIDDEN),
    Case("the image by its digest", one(said("not_affected", product("pkg:oci/app@{DIGEST}", ZLIB))), HIDDEN),
    Case("the image by all that is known", one(said("not_affected", product("{IMAGE}", ZLIB))), HIDDEN),
    Case(
        "the image by its repository",
        one(said("not_affected", product("pkg:oci/app?repository_url={REPOSITORY}", "pkg:deb/debian/zlib1g"))),
        HIDDEN,
    ),
    Case("another digest", one(said("not_affected", product(f"pkg:oci/app@sha256:{'0' * 64}", ZLIB)))),
    Case("another repository", one(said("not_affected", product("pkg:oci/app?repository_url=ghcr.io/a/app", ZLIB)))),
    Case("another platform", one(said("not_affected", product("pkg:oci/app?arch=arm64", ZLIB)))),
    Case("another image", one(said("not_affected", product("pkg:oci/api", ZLIB)))),
    Case("another component", one(said("not_affected", product("pkg:oci/app", "pkg:deb/debian/tar")))),
    Case(
        "the component in another version",
        one(said("not_affected", product("pkg:oci/app", "pkg:deb/debian/zlib1g@1.2.12"))),
    ),
    Case("the image affected", one(said("affected", product("pkg:oci/app", ZLIB)))),
    Case(
        "the image affected later",
        one(said("not_affected", product("{IMAGE}", ZLIB)), said("affected", "pkg:oci/app", timestamp=LATE)),
    ),
    Case("an empty list of components", one(said("not_affected", {"@id": "pkg:oci/app", "subcomponents": []})), HIDDEN),
    Case("a hash beside", one(said("not_affected", {"@id": ZLIB, "hashes": {"sha-256": "0" * 64}})), HIDDEN),
    Case(
        "two documents",
        (*one(said()), *one(said("not_affected", AIOHTTP, cve=AIO_CVE))),
        frozenset({ZLIB_FOUND, AIO_FOUND}),
    ),
    # What Trivy hides and we do not.
    Case(
        "one moment, both",
        one(said(), said("affected")),
        trivy=HIDDEN,
        why="of two statements of one moment the worse counts; Trivy takes the first",
    ),
    Case(
        "two documents, the later affected",
        (*one(said()), *one(said("affected"), timestamp=LATE)),
        trivy=HIDDEN,
        why="what was said last counts, in whatever document; Trivy is content with the first that hides",
    ),
    Case(
        "the package not affected, the image affected later",
        one(said(), said("affected", product("pkg:oci/app", ZLIB), timestamp=LATE)),
        trivy=HIDDEN,
        why="what was said last counts, of the package and of the package in the image; Trivy asks for each alone",
    ),
    Case(
        "the package with another component",
        one(said("not_affected", product(ZLIB, "pkg:deb/debian/tar"))),
        trivy=HIDDEN,
        why="it was said of tar in zlib, not of zlib; Trivy looks at the component only on the way up",
    ),
    Case(
        "an IRI that is wider than the identifier",
        one(
            said(
                "not_affected",
                {"@id": "pkg:deb/debian/zlib1g", "identifiers": {"purl": "pkg:deb/debian/zlib1g@1.2.12"}},
            )
        ),
        trivy=HIDDEN,
        why="both name one product, so it is the one in version 1.2.12; for Trivy they are alternatives",
    ),
    Case(
        "a subpath",
        one(said("not_affected", "pkg:deb/debian/zlib1g#contrib/minizip")),
        trivy=HIDDEN,
        why="it was said of a part of the package; Trivy does not compare subpaths",
    ),
    Case(
        "later affected under another name of the vulnerability",
        one(said(cve={"name": "Z-1", "aliases": [vex_documents.CVE]}), said("affected", timestamp=LATE)),
        trivy=HIDDEN,
        why="what was said last counts; go-vex sorts by the vulnerability's name before the time",
    ),
    Case(
        "not affected, and not why",
        one(said(justification=None)),
        trivy=HIDDEN,
        refused=True,
        why="OpenVEX wants a justification or an impact statement",
    ),
    Case(
        "an unknown justification",
        one(said(justification="trust_me")),
        trivy=HIDDEN,
        refused=True,
        why="OpenVEX has five words",
    ),
    Case(
        "a misspelt key for components",
        one(said("not_affected", {"@id": "pkg:oci/app", "subcomponent": [{"@id": "pkg:deb/debian/tar"}]})),
        trivy=HIDDEN,
        refused=True,
        why="without the key it is said of the whole image",
    ),
    Case(
        "components beside the products",
        one(said("not_affected", "pkg:oci/app", subcomponents=["pkg:deb/debian/tar"])),
        trivy=HIDDEN,
        refused=True,
        why="that was their place before 0.2.0; passed over, it is said of the whole image",
    ),
    Case(
        "a version of OpenVEX to come",
        one(said(), at_context="https://openvex.dev/ns/v9"),
        trivy=HIDDEN,
        refused=True,
        why="what it means by its words is not known",
    ),
    Case("no author", one(said(), author=None), trivy=HIDDEN, refused=True, why="who says it is shown"),
    Case("no moment", one(said(), timestamp=None), trivy=HIDDEN, refused=True, why="the latest counts"),
    Case("a status with a capital letter", one(said("Not_Affected")), refused=True, why="it is no word of OpenVEX"),
    Case(
        "the name in capital letters",
        one(said("not_affected", "pkg:deb/Debian/ZLIB1G")),
        trivy=HIDDEN,
        why="packageurl-python, unlike packageurl-go, does not take them for Debian's small ones; not hiding is safe",
    ),
    # What we hide and Trivy does not.
    Case(
        "the scanner's own alias",
        one(said("not_affected", AIOHTTP, cve="PYSEC-2024-26")),
        frozenset({("aiohttp", "CVE-2024-23829")}),
        trivy=NOTHING,
        why="the finding itself says that it has this name, too",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_trivy_and_we_hide_the_same(bench: Bench, tmp_path: Path, case: Case) -> None:
    repository, _, digest = bench.image.partition("@")
    text = json.dumps(case.documents)
    for name, value in {"{IMAGE}": bench.purls[0], "{DIGEST}": digest, "{REPOSITORY}": repository}.items():
        text = text.replace(name, value)
    documents = json.loads(text)
    assert bench.hidden_by_trivy(tmp_path, *documents) == (case.hides if case.trivy is None else case.trivy)
    assert (case.trivy is None) or case.why
    if case.refused:
        with pytest.raises(InputError):
            bench.hidden_by_us(*documents)
    else:
        assert bench.hidden_by_us(*documents) == case.hides


def bom_link(bom: dict[str, Any], other: dict[str, Any]) -> str:
    serial = other.get("serial", bom["serialNumber"].removeprefix("urn:uuid:"))
    return f"urn:cdx:{serial}/{other.get('version', bom['version'])}#{other.get('ref', ZLIB)}"


CYCLONEDX: dict[str, tuple[str, dict[str, Any], frozenset[Found]]] = {
    "not affected": ("not_affected", {}, HIDDEN),
    "a false positive": ("false_positive", {}, HIDDEN),
    "resolved": ("resolved", {}, HIDDEN),
    "resolved with pedigree": ("resolved_with_pedigree", {}, HIDDEN),
    "exploitable": ("exploitable", {}, NOTHING),
    "in triage": ("in_triage", {}, NOTHING),
    "another serial number": ("not_affected", {"serial": vex_documents.SERIAL}, NOTHING),
    "another version of the bill": ("not_affected", {"version": 7}, NOTHING),
    "another component": ("not_affected", {"ref": AIOHTTP}, NOTHING),
    "a component that is not there": ("not_affected", {"ref": "pkg:deb/debian/curl@1"}, NOTHING),
    "a wider package URL": ("not_affected", {"ref": "pkg:deb/debian/zlib1g"}, NOTHING),
    "another vulnerability": ("not_affected", {"cve": "CVE-2099-0001"}, NOTHING),
}


@pytest.mark.parametrize("name", CYCLONEDX)
def test_trivy_and_we_hide_the_same_by_cyclonedx(bench: Bench, tmp_path: Path, name: str) -> None:
    state, other, hides = CYCLONEDX[name]
    bom = json.loads(bench.bom.read_bytes())
    ref = bom_link(bom, other)
    document = vex_documents.cyclonedx(
        vex_documents.vulnerability(ref, state=state, cve=other.get("cve", vex_documents.CVE))
    )
    report = bench.run("sbom", bench.bom, folder=tmp_path, documents=(document,))
    assert _suppressed(report) == hides
    own = bom_link(bom, {"ref": ""}).removesuffix("#")
    assert bench.hidden_by_us(document, products=(own,)) == hides


def judged(bench: Bench) -> Result:
    """Return a result in which each sort of decision is made once or more."""
    read = vex.read(
        [("ada.json", packed(vex_documents.openvex(said(status_notes="x"), said("fixed", PERL, cve=PERL_CVE))))]
    )
    waiver = Waiver(
        "CVE-2024-23829", "no such handler", "Grace", gate_results.NOW.date(), justification=vex_documents.REASON
    )
    accepted = Waiver(AIO_CVE, "behind a proxy", "Grace", gate_results.NOW.date())
    waivers = {waiver.id: waiver, accepted.id: accepted}

    def decide(item: Finding) -> Judged:
        statement = read.about(item)
        if statement is not None:
            return Judged(item, Decision.NOT_AFFECTED, statement.reason, statement=statement)
        if item.id in waivers:
            return Judged(item, Decision.WAIVED, "waived", waiver=waivers[item.id])
        return Judged(item, Decision.FAILS if item.severity in ("CRITICAL", "HIGH") else Decision.BELOW, "so it is")

    return gate_results.result([decide(item) for item in bench.found])


EXPORTED = frozenset({ZLIB_FOUND, ("perl-base", PERL_CVE), ("aiohttp", "CVE-2024-23829")})


def test_trivy_hides_by_our_export_what_we_let_through_as_not_affected(bench: Bench, tmp_path: Path) -> None:
    named = openvex.write(judged(bench), products=bench.purls, packages=False)
    assert bench.hidden_by_trivy(tmp_path, named) == EXPORTED
    assert bench.hidden_by_us(json.loads(named or b"")) == EXPORTED
    assert bench.hidden_by_us(json.loads(named or b""), products=("pkg:oci/other",)) == NOTHING


def test_trivy_knows_no_package_url_of_an_archive_and_needs_the_packages(bench: Bench, tmp_path: Path) -> None:
    products = package_url.of_image("small:1", [f"sha256:{'1' * 64}"])
    for packages, hides in ((True, EXPORTED), (False, NOTHING)):
        written = openvex.write(judged(bench), products=products, packages=packages)
        report = bench.run(*IMAGE_SCAN, "--input", bench.archive, folder=tmp_path, documents=(written,))
        assert _suppressed(report) == hides
