from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelseal.vulnerabilities.remedy import remedies
from modelseal.vulnerabilities.report import Finding, Severity

FINDING = Finding("vulnerability", "CVE-1", Severity.HIGH, "p", "1.0", "", "python-pkg", "t", "", "fixed", "", "")


def finding(id_: str, fixed: str, installed: str = "1.0", severity: Severity = Severity.HIGH) -> Finding:
    return replace(FINDING, id=id_, fixed_version=fixed, version=installed, severity=severity)


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
        ("1.0rc1", ["1.0"], "1.0", 0),
        ("2.7.9", ["2.8.0a1, 2.8.13"], "2.8.13", 0),
        ("0.9.2", ["0.9.3.dev6"], "0.9.3.dev6", 0),
        ("1.1.1k", ["1.1.1l"], "1.1.1l", 0),
        ("2.36-9+deb12u3", ["2.36-9+deb12u13"], "2.36-9+deb12u13", 0),
        ("1:1.2.13.dfsg-1", ["1:1.2.13.dfsg-1+deb12u1"], "1:1.2.13.dfsg-1+deb12u1", 0),
        ("3.0.20-1~deb12u2", ["3.0.20-1"], "3.0.20-1", 0),
        ("9.9", ["1.0"], "1.0", 0),
        ("1.0", ["  , ,"], "", 1),
        ("1.0", ["9" * 9000], "9" * 9000, 0),
    ],
)
def test_the_version_to_upgrade_to(installed: str, fixes: list[str], upgrade_to: str, unfixed: int) -> None:
    (remedy,) = remedies([finding(f"CVE-{number}", fix, installed) for number, fix in enumerate(fixes)])
    assert (remedy.upgrade_to, remedy.unfixed) == (upgrade_to, unfixed)
    assert remedy.version == installed


def test_the_worst_package_comes_first_and_each_version_and_ecosystem_for_itself() -> None:
    found = [
        finding("CVE-1", "2.0", severity=Severity.LOW),
        finding("CVE-2", "2.0"),
        replace(finding("CVE-3", ""), package="q", severity=Severity.CRITICAL),
        replace(finding("CVE-4", "9"), type="debian"),
        finding("CVE-5", "2.0", installed="1.5"),
        finding("CVE-2", "2.0"),
    ]
    assert [(item.package, item.version, item.ids, item.worst) for item in remedies(found)] == [
        ("q", "1.0", ("CVE-3",), Severity.CRITICAL),
        ("p", "1.0", ("CVE-2", "CVE-1"), Severity.HIGH),
        ("p", "1.0", ("CVE-4",), Severity.HIGH),
        ("p", "1.5", ("CVE-5",), Severity.HIGH),
    ]


VERSIONS = st.one_of(
    st.text(st.sampled_from("0123456789.abr-+~: "), max_size=10).map(lambda text: text.replace(",", "")),
    st.text(max_size=6).map(lambda text: text.replace(",", "")),
)


@given(st.lists(st.tuples(VERSIONS, st.lists(VERSIONS, max_size=3)), min_size=1, max_size=5))
def test_advice_is_always_one_of_the_listed_fixes(found: list[tuple[str, list[str]]]) -> None:
    findings = [finding(f"CVE-{n}", ", ".join(fixes), installed) for n, (installed, fixes) in enumerate(found)]
    for remedy in remedies(findings):
        mine = [item for item in findings if item.version == remedy.version]
        listed = {fix.strip() for item in mine for fix in item.fixed_version.split(",")} - {""}
        assert remedy.upgrade_to in listed or (not listed and remedy.upgrade_to == "")
        assert 0 <= remedy.unfixed <= len(mine)
    assert sum(len(remedy.ids) for remedy in remedies(findings)) == len(findings)
