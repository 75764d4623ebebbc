import csv
import functools
import itertools
import re
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.report import versions
from modelseal.report.remedy import Remedy, advice, fixed_versions, remedies

FINDING = Finding(
    kind=Kind.VULNERABILITY, id="CVE-1", severity=Severity.HIGH, package="p", version="1.0", type="python-pkg",
    purl="pkg:pypi/p@1.0", path="a",
)  # fmt: skip
_TABLE = Path(__file__).parents[1] / "assets" / "trivy-db" / "advisories.tsv"
ADVISORIES = list(
    csv.DictReader(_TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
)
PIP = [row for row in ADVISORIES if row["bucket"].startswith("pip::")]


def finding(id_: str, fixed: str, installed: str = "1.0", **fields: object) -> Finding:
    return replace(FINDING, id=id_, fixed_version=fixed, version=installed, **fields)  # type: ignore[arg-type]


def only(found: list[Finding]) -> Remedy:
    (remedy,) = remedies(found)
    return remedy


@pytest.mark.parametrize(
    ("installed", "fixes", "upgrade_to", "unfixed"),
    [
        ("1.0", ["1.1"], "1.1", 0),
        ("1.0", [""], "", 1),
        ("1.0", ["", "1.2"], "1.2", 1),
        ("1.9", ["1.10", "1.9.1"], "1.10", 0),
        ("4.0", ["4.1.9, 5.0.5, 5.1.3"], "4.1.9", 0),
        ("4.2.1", ["4.1.9, 5.0.5, 5.1.3"], "5.0.5", 0),
        ("4.0", ["4.1.9, 5.0.5, 5.1.3", "5.0.2"], "5.0.5", 0),
        ("3.8.0", ["3.8.5", "3.9.0", "3.9.2"], "3.9.2", 0),
        ("4.0", ["4.3, 5.2", "4.4"], "4.4", 0),
        ("1.0rc1", ["1.0"], "1.0", 0),
        ("2.7.9", ["2.8.0a1, 2.8.13"], "2.8.13", 0),
        ("2.7.9", ["2.8.0a1", "2.8.0"], "2.8.0", 0),
        ("0.9.2", ["0.9.3.dev6"], "0.9.3.dev6", 0),
        ("1.1.1k", ["1.1.1l"], "1.1.1l", 0),
        ("v1.2.9", ["1.2.10"], "1.2.10", 0),
        ("9.9", ["1.0"], "1.0", 0),
        ("1.0", ["  , ,"], "", 1),
        ("1.0", ["9" * 9000], "9" * 9000, 0),
    ],
)
def test_the_version_to_upgrade_to(installed: str, fixes: list[str], upgrade_to: str, unfixed: int) -> None:
    remedy = only([finding(f"CVE-{number}", fix, installed) for number, fix in enumerate(fixes)])
    assert (remedy.upgrade_to, remedy.unfixed) == (upgrade_to, unfixed)
    assert remedy.mended == len(fixes) - unfixed
    assert remedy.version == installed


@pytest.mark.parametrize(
    ("type_", "in_order"),
    [
        ("debian", ["2.36-9+deb12u3", "2.36-9+deb12u13", "2.36.1-1"]),
        ("debian", ["1:1.2.13.dfsg-1", "1:1.2.13.dfsg-1+deb12u1", "2:1.0"]),
        ("debian", ["9.9-1", "1:1.0-1"]),
        ("debian", ["3.0.20-1~deb12u2", "3.0.20-1", "3.0.20-1+b1"]),
        ("debian", ["5.2~rc1-1", "5.2-1", "5.2a-1"]),
        ("alpine", ["3.1.4_rc1-r0", "3.1.4-r0", "3.1.4-r5", "3.1.4-r10", "3.1.5-r0"]),
        ("python-pkg", ["1.0.dev1", "1.0a2", "1.0b1", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1!0.1"]),
        ("npm", ["1.0.0-alpha.1", "1.0.0-alpha.2", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1"]),
        ("jar", ["2.14.0-SNAPSHOT", "2.14.0", "2.14.0.1", "2.15.0"]),
    ],
)
def test_versions_are_in_the_order_of_their_ecosystem(type_: str, in_order: list[str]) -> None:
    for listed in itertools.islice(itertools.permutations(in_order), 200):
        found = finding("CVE-1", ", ".join(listed), "0", type=type_, purl="")
        assert list(fixed_versions(found)) == in_order


def test_real_python_versions_are_in_the_order_of_pep_440() -> None:
    listed: dict[str, set[str]] = defaultdict(set)
    for row in PIP:
        listed[row["package"]] |= {fix.strip() for fix in row["fixed"].split(",")} - {""}
    compared = 0
    for known in listed.values():
        for one, other in itertools.combinations(sorted(known), 2):
            try:
                expected = Version(one) < Version(other)
            except InvalidVersion:
                continue
            if Version(one) != Version(other):
                assert (versions.key(one, "pypi") < versions.key(other, "pypi")) is expected, (one, other)
                compared += 1
    assert compared > 10_000


@pytest.mark.slow
def test_the_advice_for_real_packages_is_out_of_every_vulnerable_range() -> None:
    """Take each fixed version as installed once, and ask the advisories' own ranges about the advice."""
    by_package: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in PIP:
        by_package[row["package"]].append(row)
    asked = 0
    for package, rows in by_package.items():
        for installed in sorted({fix.strip() for row in rows for fix in row["fixed"].split(",")} - {""}):
            hit = [row for row in rows if _vulnerable(installed, row["vulnerable_versions"])]
            if not hit:
                continue
            remedy = only([finding(row["id"], row["fixed"], installed, package=package) for row in hit])
            for row in hit:
                if remedy.upgrade_to and row["id"] not in remedy.left:
                    assert not _vulnerable(remedy.upgrade_to, row["vulnerable_versions"]), (package, installed, row)
                if remedy.nearby and row["id"] not in remedy.nearby_left:
                    assert not _vulnerable(remedy.nearby, row["vulnerable_versions"]), (package, installed, row)
                assert not row["fixed"] or row["id"] not in remedy.left
            asked += 1
    assert asked > 900


@functools.cache
def _vulnerable(version: str, ranges: str) -> bool:
    try:
        return any(specifiers.contains(version) for specifiers in _specifiers(ranges))
    except InvalidVersion:
        return False


@functools.cache
def _specifiers(ranges: str) -> tuple[SpecifierSet, ...]:
    listed = [re.sub(r"\s", "", one) for one in ranges.split(";") if one.strip()]
    try:
        return tuple(SpecifierSet(one, prereleases=True) for one in listed)
    except InvalidSpecifier:
        return ()


def test_a_version_of_the_same_major_release_is_offered_too() -> None:
    found = [
        finding("CVE-1", "4.2.10, 5.0.2", "4.1.0"),
        finding("CVE-2", "4.2.21", "4.1.0"),
        finding("CVE-3", "5.1", "4.1.0"),
        finding("CVE-4", "", "4.1.0"),
    ]
    remedy = only(found)
    assert (remedy.upgrade_to, remedy.left) == ("5.1", ("CVE-4",))
    assert (remedy.nearby, remedy.nearby_left) == ("4.2.21", ("CVE-3", "CVE-4"))
    assert advice(remedy) == "upgrade to 5.1, which mends 3 of 4; 1 has no fixed version yet"


def test_the_worst_package_comes_first_and_each_ecosystem_for_itself() -> None:
    found = [
        finding("CVE-1", "2.0", severity=Severity.LOW),
        finding("CVE-2", "2.0"),
        replace(finding("CVE-3", ""), package="q", severity=Severity.CRITICAL),
        replace(finding("CVE-4", "9"), type="debian"),
        finding("CVE-5", "3.0", installed="1.5"),
        finding("CVE-2", "2.0"),
    ]
    assert [(item.package, item.version, item.ids, item.worst) for item in remedies(found)] == [
        ("q", "1.0", ("CVE-3",), Severity.CRITICAL),
        ("p", "1.0", ("CVE-2", "CVE-1"), Severity.HIGH),
        ("p", "1.0", ("CVE-4",), Severity.HIGH),
        ("p", "1.5", ("CVE-5",), Severity.HIGH),
    ]


def test_versions_places_and_platforms_with_the_same_advice_are_together() -> None:
    remedy = only(
        [
            finding("CVE-1", "2.0", platform="linux/amd64"),
            finding("CVE-1", "2.0", platform="linux/arm64"),
            finding("CVE-1", "2.0", "1.5", path="b", platform="linux/amd64"),
            finding("CVE-2", "1.9, 2.0", "1.9.1", path="b", platform="linux/amd64"),
        ]
    )
    assert remedy.versions == ("1.0", "1.5", "1.9.1")
    assert remedy.places == ("a", "b")
    assert remedy.platforms == ("linux/amd64", "linux/arm64")
    assert remedy.ids == ("CVE-1", "CVE-2")
    assert advice(remedy) == "upgrade to 2.0, which mends all 2"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (Kind.SECRET, "revoke the secret"),
        (Kind.LICENSE, "replace the package"),
        (Kind.MISCONFIGURATION, "add a USER"),
    ],
)
def test_what_is_no_vulnerability_has_its_own_advice(kind: Kind, said: str) -> None:
    assert said in advice(only([replace(FINDING, kind=kind, version="", mend="add a USER")]))


VERSIONS = st.one_of(
    st.text(st.sampled_from("0123456789.abr-+~: "), max_size=10),
    st.text(max_size=6).map(lambda text: text.replace(",", "")),
)


@given(st.lists(st.tuples(VERSIONS, st.lists(VERSIONS, max_size=3)), min_size=1, max_size=5))
def test_advice_is_always_one_of_the_listed_fixes(found: list[tuple[str, list[str]]]) -> None:
    findings = [finding(f"CVE-{n}", ", ".join(fixes), installed) for n, (installed, fixes) in enumerate(found)]
    made = remedies(findings)
    for remedy in made:
        listed = {fix.strip() for item in remedy.findings for fix in item.fixed_version.split(",")} - {""}
        assert remedy.upgrade_to in listed or (not listed and remedy.upgrade_to == "")
        assert remedy.nearby in listed | {""}
        unfixed = {item.id for item in remedy.findings if not item.fixed_version.replace(",", " ").strip()}
        assert unfixed == set(remedy.left)
    assert sorted(item.id for remedy in made for item in remedy.findings) == sorted(item.id for item in findings)
    assert remedies(reversed(findings)) == made


@pytest.mark.parametrize("shape", ["one fix each", "rising and falling", "previews", "many packages"])
def test_thousands_of_findings_take_no_longer(shape: str) -> None:
    if shape == "one fix each":
        found = [finding(f"CVE-{n}", f"1.{n}") for n in range(5_000)]
    elif shape == "rising and falling":
        found = [finding(f"CVE-{n}", f"2.{n}.1, 9.{5_000 - n}.1") for n in range(5_000)]
    elif shape == "previews":
        found = [finding(f"CVE-{n}", f"1.{n}rc1") for n in range(5_000)]
    else:
        found = [finding(f"CVE-{n}", f"1.{n}", package=f"package-{n % 1250}") for n in range(5_000)]
    start = time.process_time()
    remedies(found)
    assert time.process_time() - start < 1.5
