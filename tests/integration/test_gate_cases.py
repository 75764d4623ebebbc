"""The real Trivy on real images, case by case: what the advisories foretell, what cannot be judged, what is hidden.

The advisories are those of `assets/trivy-db/advisories.tsv`, and a few of our own for what that database has none of:
versions with an epoch or a tilde, advisories that nobody has rated, npm.
"""

import io
import json
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import bolt_database
import saved_images
import trivy_db
from modelseal import station, tools
from modelseal.commands import scan_image
from modelseal.errors import ToolError
from modelseal.gate import document
from modelseal.gate.document import Document
from modelseal.gate.finding import Kind
from modelseal.gate.result import Decision
from modelseal.image import platforms
from modelseal.station import Context
from modelseal.verdict import Verdict
from modelseal.vulnerabilities import database, trivy, trivy_report
from saved_images import config, debian, digest, docker_members, oci_members, python_packages, tar

Files = Mapping[str, bytes]
KEY = "AKIA2E0A8F3B244C9986"
SECRET = f"aws_access_key_id = {KEY}\n".encode()
ALL = ("vuln", "secret", "misconfig", "license")
PYTHON = "usr/lib/python3/dist-packages"
ZLIB = {"zlib1g": ("zlib", "1:1.2.13.dfsg-1")}


def system(release: str = "12.15", **packages: str) -> dict[str, bytes]:
    """Return Debian with packages by name, each its own source."""
    return debian(
        {"base-files": ("base-files", "12.4")} | {name: (name, text) for name, text in packages.items()}, release
    )


def node(name: str, version: str) -> dict[str, bytes]:
    return {f"srv/node_modules/{name}/package.json": json.dumps({"name": name, "version": version}).encode()}


def jar() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    return buffer.getvalue()


@dataclass(frozen=True)
class Case:
    """An image, how it is scanned, and what comes of it.

    Attributes:
        name: What it shows.
        layers: Its files, layer by layer.
        fails: The ids that fail at CRITICAL and HIGH, with the package or path of each.
        below: Ids that are found and do not fail.
        error: What the error says; then nothing else counts.
        scanners: What is looked for.
        described: Fields of the image's configuration.
        unreadable: Glob patterns of what may be unreadable.
        without_system: Whether the policy allows an image without an operating system.
    """

    name: str
    layers: tuple[Files, ...]
    fails: frozenset[tuple[str, str]] = frozenset()
    below: frozenset[str] = frozenset()
    error: str = ""
    scanners: tuple[str, ...] = ("vuln", "secret")
    described: Mapping[str, Any] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    without_system: bool = False


def case(name: str, *layers: Files, fails: Mapping[str, str] | None = None, below: str = "", **fields: Any) -> Case:
    return Case(
        name, layers, frozenset((id_, package) for id_, package in (fails or {}).items()), frozenset(below.split()),
        **fields,
    )  # fmt: skip


def aiohttp(version: str) -> dict[str, bytes]:
    return system() | python_packages({"aiohttp": version})


ENV_SECRET = {"config": {"Env": ["PATH=/bin", f"AWS_ACCESS_KEY_ID={KEY}"]}}
WELL_MADE = {"config": {"User": "app"}}
METADATA = f"{PYTHON}/aiohttp-3.8.5.dist-info/METADATA"
STATUS = system()["var/lib/dpkg/status"]
SPOILT = f"{PYTHON}/spoilt-1.dist-info/METADATA"
CONFIGURATION = "image configuration"

# What the fixture's advisories foretell: assets/trivy-db/advisories.tsv.
FORETOLD = [
    case("nothing vulnerable", system()),
    case("will not be fixed, critical", debian(ZLIB), fails={"CVE-2023-45853": "zlib1g"}),
    case("affected and unfixed, high", system() | debian({"perl-base": ("perl", "5.36.0-7+deb12u3")}),
         fails={"CVE-2023-31486": "perl-base"}),
    case("affected and unfixed, low", system(tar="1.34+dfsg-1.2+deb12u1"), below="CVE-2005-2541"),
    case("all of a system's low ones", system(apt="2.6.1", coreutils="9.1-1", tar="1.34"),
         below="CVE-2011-3374 CVE-2016-2781 CVE-2005-2541"),
    case("a binary package of a vulnerable source", debian({"libc6": ("glibc", "2.36-9")}),
         fails={"CVE-2019-1010022": "libc6"}),
    case("a source package of another name", debian({"perl": ("perl-modern", "5.36.0")})),
    case("removed, only its settings are left", system() | {"var/lib/dpkg/status": debian()["var/lib/dpkg/status"]
         + debian(ZLIB)["var/lib/dpkg/status"].replace(b"install ok installed", b"deinstall ok config-files")}),
    case("python, high", aiohttp("3.8.5"), below="CVE-2023-49081 CVE-2023-49082 CVE-2024-23829",
         fails={"CVE-2023-47627": "aiohttp", "CVE-2024-23334": "aiohttp"}),
    case("python, at the fix", aiohttp("3.9.2")),
    case("python, just below the fix", aiohttp("3.9.1"), below="CVE-2024-23829", fails={"CVE-2024-23334": "aiohttp"}),
    case("python, a candidate of the fix", aiohttp("3.9.2rc1"), below="CVE-2024-23829",
         fails={"CVE-2024-23334": "aiohttp"}),
    case("python, after the fix", aiohttp("3.9.2.post1")),
    case("python, a later epoch", aiohttp("1!3.8.5")),
    case("python, a local version of the vulnerable one", aiohttp("3.8.5+local1"),
         below="CVE-2023-49081 CVE-2023-49082 CVE-2024-23829",
         fails={"CVE-2023-47627": "aiohttp", "CVE-2024-23334": "aiohttp"}),
    case("python, between two vulnerable ranges", system() | python_packages({"flask": "2.2.5"})),
    case("python, medium in the second range", system() | python_packages({"flask": "2.3.1"}), below="CVE-2023-30861"),
    case("python, critical", system() | python_packages({"searchor": "2.4.1"}), fails={"CVE-2023-43364": "searchor"}),
    case("python, critical and never fixed", system() | python_packages({"json-logic": "0.6.3"}),
         fails={"CVE-2021-4329": "json-logic"}),
    case("python, a name in other letters", system() | python_packages({"MLflow": "2.9.1"}),
         fails={"CVE-2023-6831": "MLflow", "CVE-2023-6909": "MLflow"}, below="CVE-2024-4263"),
    case("two copies, one of them fixed", aiohttp("3.9.2") | {"opt/venv/aiohttp-3.8.5.dist-info/METADATA":
         python_packages({"aiohttp": "3.8.5"})[METADATA]}, below="CVE-2023-49081 CVE-2023-49082 CVE-2024-23829",
         fails={"CVE-2023-47627": "aiohttp", "CVE-2024-23334": "aiohttp"}),
    case("deleted in a later layer", aiohttp("3.8.5"), {f"{PYTHON}/.wh.aiohttp-3.8.5.dist-info": b""}),
    case("deleted, and back again", aiohttp("3.8.5"), {f"{PYTHON}/.wh.aiohttp-3.8.5.dist-info": b""},
         python_packages({"aiohttp": "3.8.5"}), below="CVE-2023-49081 CVE-2023-49082 CVE-2024-23829",
         fails={"CVE-2023-47627": "aiohttp", "CVE-2024-23334": "aiohttp"}),
    case("its folder made opaque", aiohttp("3.8.5"), {f"{PYTHON}/.wh..wh..opq": b""}),
    case("upgraded in a later layer", aiohttp("3.8.5"),
         {f"{PYTHON}/.wh.aiohttp-3.8.5.dist-info": b""} | python_packages({"aiohttp": "3.9.2"})),
    case("downgraded in a later layer", aiohttp("3.9.2"),
         {f"{PYTHON}/.wh.aiohttp-3.9.2.dist-info": b""} | python_packages({"aiohttp": "3.9.1"}),
         below="CVE-2024-23829", fails={"CVE-2024-23334": "aiohttp"}),
    case("a system package removed in a later layer", system() | debian(ZLIB),
         {"var/lib/dpkg/status": system()["var/lib/dpkg/status"]}),
    case("a lock file of what is not installed", system() | {"srv/package-lock.json": b'{"lockfileVersion": 3,'}),
    case("a secret", system() | {"srv/key": SECRET}, fails={"aws-access-key-id": "/srv/key"}),
    case("a secret that is deleted later is in the image all the same", system() | {"srv/key": SECRET},
         {"srv/.wh.key": b""}, fails={"aws-access-key-id": "/srv/key"}),
    case("a secret at the end of a large file", system() | {"srv/big.txt": b"lorem ipsum\n" * 1_000_000 + SECRET},
         fails={"aws-access-key-id": "/srv/big.txt"}),
    case("a secret that a comment would hide", system() | {"srv/key": b"# trivy:ignore\n" + SECRET,
         "trivy-secret.yaml": b"disable-rules: [aws-access-key-id]\n", ".trivyignore": b"aws-access-key-id\n"},
         fails={"aws-access-key-id": "/srv/key"}),
    case("a secret in the environment", system(), described=ENV_SECRET, fails={"aws-access-key-id": CONFIGURATION}),
    case("a secret in the history", system(), described={"history": [{"created_by": f"RUN curl -u x:{KEY} example"}]},
         fails={"aws-access-key-id": CONFIGURATION}),
    case("a secret that nobody looks for", system() | {"srv/key": SECRET}, scanners=("vuln",), described=ENV_SECRET),
    case("root, and no health check", system(), scanners=("vuln", "misconfig"), described={"config": {"User": "root"}},
         below="DS-0026", fails={"DS-0002": CONFIGURATION}),
    case("a Dockerfile of another project in it", system() | {"srv/Dockerfile": b"FROM x:latest\n"},
         scanners=("vuln", "misconfig"), described=WELL_MADE, below="DS-0026"),
    case("no system, and the policy takes that", python_packages({"aiohttp": "3.9.1"}), without_system=True,
         below="CVE-2024-23829", fails={"CVE-2024-23334": "aiohttp"}),
    case("no system, nothing vulnerable", python_packages({"aiohttp": "3.9.2"}), without_system=True),
    case("unreadable, and the policy takes that", aiohttp("3.9.2") | {SPOILT: b"\x00"},
         unreadable=(f"{PYTHON}/spoilt*/**",)),
]  # fmt: skip

CANNOT_BE_JUDGED = [
    case("no system", python_packages({"aiohttp": "3.9.2"}), error="no operating system"),
    case("nothing at all", {"a": b"x"}, error="no Results|no operating system"),
    case("nothing at all, and the policy takes no system", {"a": b"x"},
         error="no Results|no package", without_system=True),
    case("nothing but a secret", {"srv/key": SECRET}, error="no package", without_system=True),
    case("past its support", debian(release="9.1"), error="has ended"),
    case("a release never heard of", debian(release="99.1"), error="does not know this release"),
    case("an unknown system, and the policy takes no system", {name: text for name, text in system().items()
         if name != "etc/debian_version"} | {"etc/os-release": b"ID=plan9\n"} | python_packages({"six": "1"}),
         error="does not know this release", without_system=True),
    case("the records of its packages deleted", system(), {"var/lib/dpkg/.wh.status": b""}, error="no package"),
    case("dpkg, a line of garbage", system() | {"var/lib/dpkg/status": STATUS + b"\n\0garbage\n"},
         error="could not read.*var/lib/dpkg/status"),
    case("dpkg, a version that is none", system(zlib1g="!!bad!!"), error="could not read.*zlib1g"),
    case("dpkg, a record of its own", system() | {"var/lib/dpkg/status.d/x": b"Package zlib1g"},
         error="could not read.*status.d/x"),
    case("rpm, a database beside dpkg's", system() | {"var/lib/rpm/Packages": b"garbage" * 1000},
         error="could not read.*var/lib/rpm"),
    case("rpm, the only database", {"etc/os-release": b'ID="rocky"\nVERSION_ID="9.3"\n',
         "etc/redhat-release": b"Rocky Linux release 9.3 (Blue Onyx)\n",
         "var/lib/rpm/rpmdb.sqlite": b"SQLite format 3\0x" * 99},
         error="could not read.*var/lib/rpm"),
    case("apk, a version that is none", {"etc/alpine-release": b"3.23.1\n",
         "lib/apk/db/installed": b"P:musl\nV:!!\n\nP:zlib\nV:1.3.1-r1\no:zlib\nA:x86_64\n\n"},
         error="could not read.*lib/apk/db/installed"),
    case("python, garbage", aiohttp("3.9.2") | {SPOILT: b"\x00"}, error=f"could not read.*{SPOILT}"),
    case("python, an empty record", aiohttp("3.9.2") | {SPOILT: b""}, error="could not read.*spoilt"),
    case("python, a version that is none", aiohttp("2004d"), error="could not read.*2004d"),
    case("python, an egg cut off", system() | {"srv/x.egg": jar()[:40]}, error=r"could not read.*\.egg"),
    case("node, a record cut off", system() | {"srv/node_modules/x/package.json": b'{"name": "x", '},
         error="could not read.*node_modules/x/package.json"),
    case("ruby, garbage", system() | {"usr/lib/ruby/gems/specifications/x-1.gemspec": b"garbage"},
         error="could not read.*x-1.gemspec"),
    case("rust, a lock file cut off", system() | {"srv/Cargo.lock": b"[[package]\n"},
         error="could not read.*Cargo.lock"),
    case("dotnet, dependencies cut off", system() | {"srv/x.deps.json": b'{"libraries": {'},
         error="could not read.*deps.json"),
    case("dotnet, a lock file cut off", system() | {"srv/packages.lock.json": b'{"version": 1, "dep'},
         error="could not read.*packages.lock.json"),
    case("an inventory cut off", system() | {"opt/bitnami/x/.spdx-x.spdx": b'{"spdxVersion":'}, error="could not read"),
    case("java, without its index", system() | {"srv/x.jar": jar()}, error="Java DB"),
    case("unreadable, and the policy takes another", aiohttp("3.9.2") | {SPOILT: b"\x00"}, unreadable=("opt/**",),
         error="could not read"),
]  # fmt: skip

# What the database of our own foretells.
ADVISORIES: dict[str, dict[str, dict[str, Any]]] = {
    "debian 12": {
        "zlib": {"CVE-2099-0001": {"FixedVersion": "1:1.2.13.dfsg-2"}},
        "bash": {"CVE-2099-0002": {"FixedVersion": "5.2.15-2~deb12u1"}},
        "gzip": {"CVE-2099-0003": {"FixedVersion": "1.12-2"}},
        "sed": {"CVE-2099-0004": {"Status": 5, "Severity": 4}},
        "tar": {"CVE-2099-0005": {"FixedVersion": "1.34+dfsg-1.2+deb12u2"}},
    },
    "npm::GitHub Security Advisory npm": {
        "lodash": {"CVE-2099-0006": {"PatchedVersions": ["4.17.21"], "VulnerableVersions": ["<4.17.21"]}},
    },
}
DETAILS = {
    "CVE-2099-0001": {"Title": "one", "VendorSeverity": {"nvd": 4}, "PublishedDate": "2024-01-02T03:04:05Z",
                      "CVSS": {"nvd": {"V3Score": 9.8, "V3Vector": "CVSS:3.1/AV:N"}}, "CweIDs": ["CWE-787"]},
    "CVE-2099-0002": {"Title": "two", "VendorSeverity": {"nvd": 3}},
    "CVE-2099-0003": {"Title": "three"},
    "CVE-2099-0004": {"Title": "four", "VendorSeverity": {"nvd": 1}},
    "CVE-2099-0005": {"Title": "five", "VendorSeverity": {"nvd": 3}},
    "CVE-2099-0006": {"Title": "six", "VendorSeverity": {"ghsa": 3, "nvd": 1}},
}  # fmt: skip
SOURCES = {
    "debian 12": {"ID": "debian", "Name": "Debian Security Tracker", "URL": "https://example.org/"},
    "npm::GitHub Security Advisory npm": {
        "ID": "ghsa",
        "Name": "GitHub Security Advisory",
        "URL": "https://example.org/",
    },
}

OF_OUR_OWN = [
    case("an epoch, below the fix", debian(ZLIB), fails={"CVE-2099-0001": "zlib1g"}),
    case("an epoch, at the fix", debian({"zlib1g": ("zlib", "1:1.2.13.dfsg-2")})),
    case("a later version without the epoch is an earlier one", debian({"zlib1g": ("zlib", "9.9-1")}),
         fails={"CVE-2099-0001": "zlib1g"}),
    case("a later epoch", debian({"zlib1g": ("zlib", "2:1.0-1")})),
    case("a tilde comes before", system(bash="5.2.15-2~deb12u0"), fails={"CVE-2099-0002": "bash"}),
    case("a tilde at the fix", system(bash="5.2.15-2~deb12u1")),
    case("without the tilde it is later", system(bash="5.2.15-2")),
    case("two tildes come first", system(bash="5.2.15-2~~"), fails={"CVE-2099-0002": "bash"}),
    case("a backport of the fix", system(tar="1.34+dfsg-1.2+deb12u2")),
    case("just below a backport of the fix", system(tar="1.34+dfsg-1.2+deb12u1"), fails={"CVE-2099-0005": "tar"}),
    case("a security update by binNMU", system(tar="1.34+dfsg-1.2+deb12u2+b1")),
    case("that nobody has rated", system(gzip="1.12-1"), below="CVE-2099-0003"),
    case("critical to Debian, low to others, not to be fixed", system(sed="4.9-1"), fails={"CVE-2099-0004": "sed"}),
    case("npm, below the fix", system() | node("lodash", "4.17.20"), fails={"CVE-2099-0006": "lodash"}),
    case("npm, at the fix", system() | node("lodash", "4.17.21")),
    case("npm, a candidate of the fix", system() | node("lodash", "4.17.21-rc.1"), fails={"CVE-2099-0006": "lodash"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def executable() -> Path:
    return tools.provide("trivy", "", tools_dir=None, environ=dict(os.environ)).path


@pytest.fixture(scope="module")
def fixture_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trivy_db.unpack(tmp_path_factory.mktemp("fixture"), updated_at=datetime.now(UTC))


@pytest.fixture(scope="module")
def own_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    advisories = {
        ecosystem: {package: {id_: json.dumps(text).encode() for id_, text in found.items()}
                    for package, found in packages.items()}
        for ecosystem, packages in ADVISORIES.items()
    }  # fmt: skip
    return bolt_database.unpack(tmp_path_factory.mktemp("own") / "cache", advisories, DETAILS, SOURCES)


Conclude = Callable[[Case, Path], Document]


@pytest.fixture
def conclude(tmp_path: Path, executable: Path) -> Conclude:
    """Return what gives the station's verdict on a case's image: the one place that knows how."""

    def run(case_: Case, cache: Path) -> Document:
        saved = saved_images.saved(tmp_path / "small.tar", *case_.layers, **case_.described)
        scan = {"unreadable": list(case_.unreadable), "without-operating-system": case_.without_system}
        (tmp_path / "policy.yml").write_text(json.dumps({"version": 1, "scan": scan}))  # JSON is YAML
        texts = {
            "archive": str(saved), "db-dir": str(cache), "scanners": ",".join(case_.scanners),
            "policy": str(tmp_path / "policy.yml"), "tools-dir": str(executable.parent),
        }  # fmt: skip
        for folder in ("out", "private"):
            (tmp_path / folder).mkdir()
        context = Context(tmp_path / "out", dict(os.environ), tmp_path / "private")
        outcome = scan_image.run(station.read_inputs(scan_image.Inputs, texts), context)
        verdict = document.read((tmp_path / "out" / "small.verdict.json").read_bytes())
        assert outcome.exit_code.verdict is verdict.verdict
        return verdict

    return run


def check(case_: Case, cache: Path, conclude: Conclude, out: Path) -> None:
    if case_.error:
        with pytest.raises(ToolError) as caught:
            conclude(case_, cache)
        assert caught.match(case_.error)
        assert caught.value.mend
        assert list(out.iterdir()) == []
        return
    verdict = conclude(case_, cache)
    failing = [item.finding for item in verdict.findings if item.decision is Decision.FAILS]
    assert {(item.id, item.package) for item in failing} == case_.fails
    assert {item.finding.id for item in verdict.findings if item.decision is Decision.BELOW} == case_.below
    assert {item.decision for item in verdict.findings} <= {Decision.FAILS, Decision.BELOW}
    assert verdict.verdict is (Verdict.FAILED if case_.fails else Verdict.PASSED)
    # Trivy's own report repeats the image's configuration, environment and all.
    ours = [path for path in out.iterdir() if path.name != "small.trivy.json"]
    assert not any(KEY.encode() in path.read_bytes() for path in ours)
    assert len(ours) >= 4


@pytest.mark.parametrize("case_", [*FORETOLD, *CANNOT_BE_JUDGED], ids=lambda case_: case_.name)
def test_cases_of_the_fixture(case_: Case, fixture_database: Path, conclude: Conclude, tmp_path: Path) -> None:
    check(case_, fixture_database, conclude, tmp_path / "out")


@pytest.mark.parametrize("case_", OF_OUR_OWN, ids=lambda case_: case_.name)
def test_cases_of_our_own_advisories(case_: Case, own_database: Path, conclude: Conclude, tmp_path: Path) -> None:
    check(case_, own_database, conclude, tmp_path / "out")


def test_a_third_of_the_cases_do_not_pass() -> None:
    cases = [*FORETOLD, *CANNOT_BE_JUDGED, *OF_OUR_OWN]
    assert len(cases) >= 45
    assert sum(bool(case_.fails or case_.error) for case_ in cases) * 3 >= len(cases)


def test_all_that_an_advisory_says_is_kept(own_database: Path, conclude: Conclude) -> None:
    (judged,) = conclude(case("", debian(ZLIB)), own_database).findings
    finding = judged.finding
    assert (finding.version, finding.fixed_version, finding.status) == ("1:1.2.13.dfsg-1", "1:1.2.13.dfsg-2", "fixed")
    assert finding.published == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (finding.score, finding.weaknesses, finding.title) == (9.8, ("CWE-787",), "one")
    assert finding.purl.startswith("pkg:deb/debian/zlib1g@1.2.13.dfsg-1")
    assert (finding.path, finding.layer[:7]) == ("debian 12.15", "sha256:")


def test_licences_are_found(fixture_database: Path, conclude: Conclude) -> None:
    files = system() | {f"{PYTHON}/x-1.dist-info/METADATA": b"Metadata-Version: 2.4\nName: x\nVersion: 1\n"
                        b"License-Expression: AGPL-3.0-only\n"}  # fmt: skip
    verdict = conclude(case("", files, scanners=ALL, described=WELL_MADE), fixture_database)
    found = [item.finding for item in verdict.findings if item.finding.kind is Kind.LICENSE]
    assert [(item.id, item.package, item.version, item.purl) for item in found] == [
        ("AGPL-3.0-only", "x", "1", "pkg:pypi/x@1")
    ]


def test_layers_without_search_for_secrets_are_named(tmp_path: Path, executable: Path, fixture_database: Path) -> None:
    history = [{"created_by": "ADD rootfs.tar"}, {"created_by": 'CMD ["sh"]', "empty_layer": True},
               {"created_by": "COPY app"}]  # fmt: skip
    base = system() | {"srv/key": SECRET}
    saved = saved_images.saved(tmp_path / "small.tar", base, {"app": b"x"}, history=history)
    (tmp_path / "private").mkdir()
    scanner = trivy.Trivy(executable, dict(os.environ), tmp_path / "private")
    current = database.read(fixture_database)
    done = trivy.scan(scanner, saved, ("vuln", "secret"), current)
    assert done.without_secrets == (digest(tar(list(base.items()))),)
    assert trivy.scan(scanner, saved, ("vuln",), current).without_secrets == ()


@pytest.mark.parametrize("place", ["layout", "a@b:c", "späce x.tar"])
def test_a_folder_in_the_oci_layout(place: str, tmp_path: Path, executable: Path, fixture_database: Path) -> None:
    layers = [tar(list(debian(ZLIB).items()))]
    described = config(layers, **WELL_MADE)
    folder = tmp_path / place
    with tarfile.open(fileobj=io.BytesIO(tar(oci_members(layers, described)))) as packed:
        packed.extractall(folder, filter="data")
    manifest = json.loads((folder / "index.json").read_bytes())["manifests"][0]["digest"]
    (tmp_path / "private").mkdir()
    scanner = trivy.Trivy(executable, dict(os.environ), tmp_path / "private")
    current = database.read(fixture_database)
    done = trivy.scan(scanner, folder, ALL, current, manifest=manifest)
    report = trivy_report.parse(done.report, image_id=digest(described), scanners=ALL, platform="linux/amd64")
    assert {item.id for item in report.findings if item.kind is Kind.VULNERABILITY} == {"CVE-2023-45853"}
    assert all(place not in item.path for item in report.findings)
    with pytest.raises(ToolError):
        trivy.scan(scanner, folder, ALL, current, manifest=f"sha256:{'0' * 64}")


def test_a_missing_java_index_is_told_apart(tmp_path: Path, executable: Path, fixture_database: Path) -> None:
    (tmp_path / "private").mkdir()
    scanner = trivy.Trivy(executable, dict(os.environ), tmp_path / "private")
    saved = saved_images.saved(tmp_path / "small.tar", system() | {"srv/x.jar": jar()})
    with pytest.raises(trivy.JavaIndexMissing) as caught:
        trivy.scan(scanner, saved, ("vuln",), database.read(fixture_database))
    assert "java-db" in caught.value.mend


@pytest.mark.parametrize(
    "layer",
    [b"garbage" * 1000, tar([("a", b"x" * 3000)])[:2000], tar([("a", b"x" * 3000)], plain=False)[:40]],
    ids=["no tar", "tar cut off", "gzip cut off"],
)
def test_a_layer_that_cannot_be_read_is_an_error(
    layer: bytes, tmp_path: Path, executable: Path, fixture_database: Path
) -> None:
    layers = [tar(list(system().items())), layer]
    saved = tmp_path / "small.tar"
    saved.write_bytes(tar(docker_members(layers, config(layers))))
    (tmp_path / "private").mkdir()
    scanner = trivy.Trivy(executable, dict(os.environ), tmp_path / "private")
    with pytest.raises(ToolError):
        trivy.scan(scanner, saved, ("vuln", "secret"), database.read(fixture_database))


def test_records_that_are_no_files_are_no_obstacle(tmp_path: Path, executable: Path, fixture_database: Path) -> None:
    special = []
    for name, kind in (("srv/a/Cargo.lock", tarfile.FIFOTYPE), ("srv/b/Cargo.lock", tarfile.DIRTYPE)):
        info = tarfile.TarInfo(name)
        info.type = kind
        special.append((name, info))
    loop = [saved_images.link("srv/c/Cargo.lock", "Cargo.lock"), saved_images.link("srv/d", "../srv/d")]
    named = {"srv/\udcff\udcfe/key": SECRET, "srv/new\nline/key": SECRET}
    layers = [tar([*system().items(), *special, *loop, *named.items()])]
    saved = tmp_path / "small.tar"
    saved.write_bytes(tar(docker_members(layers, config(layers))))
    (tmp_path / "private").mkdir()
    scanner = trivy.Trivy(executable, dict(os.environ), tmp_path / "private")
    done = trivy.scan(scanner, saved, ("vuln", "secret"), database.read(fixture_database))
    findings = trivy_report.parse(done.report, image_id=digest(config(layers))).findings
    assert {item.path for item in findings} == {"/srv/\ufffd\ufffd/key", "/srv/new\nline/key"}


def test_an_image_that_docker_built(tmp_path: Path, fixture_database: Path, executable: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (context / "METADATA").write_bytes(
        python_packages({"aiohttp": "3.9.1"})[f"{PYTHON}/aiohttp-3.9.1.dist-info/METADATA"]
    )
    (context / "Dockerfile").write_text(
        f"FROM modelseal-base:bookworm\nCOPY METADATA /opt/aiohttp-3.9.1.dist-info/\nENV KEY_ID={KEY}\nUSER nobody\n"
    )
    subprocess.run(["docker", "build", "--quiet", "--tag", "modelseal-gate-cases:1", context], check=True,
                   capture_output=True, timeout=120)  # fmt: skip
    try:
        saved = tmp_path / "saved.tar"
        subprocess.run(["docker", "save", "--output", saved, "modelseal-gate-cases:1"], check=True, timeout=120)
    finally:
        subprocess.run(
            ["docker", "rmi", "--force", "modelseal-gate-cases:1"], check=True, capture_output=True, timeout=60
        )
    (image,) = platforms.of_archive(saved, tmp_path).items
    (tmp_path / "private").mkdir()
    scanner = trivy.Trivy(executable, dict(os.environ), tmp_path / "private")
    manifest = "" if image.saved else image.digest
    done = trivy.scan(scanner, image.source, ALL, database.read(fixture_database), manifest=manifest)
    assert done.unread == ()
    report = trivy_report.parse(done.report, image_id=image.image_id, scanners=ALL)
    assert report.packages > 50
    found = {(item.id, item.package) for item in report.findings}
    assert {("CVE-2024-23334", "aiohttp"), ("aws-access-key-id", CONFIGURATION), ("DS-0026", CONFIGURATION)} <= found
    assert ("DS-0002", CONFIGURATION) not in found  # it does not run as root
