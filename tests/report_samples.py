"""A realistic result for the renderings, from the test database's real advisories: what a service of 2023 would get."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from gate_results import NOW, evidence, finding, license_, misconfiguration, result, secret
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Licenses, Policy, Threshold, Waiver
from modelseal.gate.result import Decision, Evidence, Fixed, Judged, Novelty, Result, Scanned

_ADVISORIES = Path(__file__).resolve().parent / "assets" / "trivy-db" / "advisories.json.gz"
_INSTALLED = {
    "aiohttp": "3.9.1",
    "cryptography": "41.0.1",
    "django": "4.1.9",
    "langchain": "0.0.235",
    "mlflow": "2.3.0",
    "notebook": "6.4.1",
    "numpy": "1.21.0",
    "pillow": "9.3.0",
    "requests": "2.30.0",
    "tornado": "6.3.1",
    "urllib3": "1.26.16",
}
_SYSTEM = {
    "apt": "2.6.1", "coreutils": "9.1-1", "glibc": "2.36-9+deb12u10", "openssl": "3.0.20-1~deb12u2",
    "perl": "5.36.0-7+deb12u2", "tar": "1.34+dfsg-1.2+deb12u1", "util-linux": "2.38.1-5+deb12u3",
    "zlib": "1:1.2.13.dfsg-1",
}  # fmt: skip
_POLICY = Policy(
    thresholds=(
        (Kind.VULNERABILITY, Threshold(grace_days=((Severity.CRITICAL, 2), (Severity.HIGH, 7)))),
        (Kind.SECRET, Threshold(frozenset({Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM}))),
        (Kind.MISCONFIGURATION, Threshold(frozenset({Severity.CRITICAL, Severity.HIGH}))),
    ),
    licenses=Licenses(denied=("AGPL-3.0-only",)),
    source=".github/modelseal.yml",
    sha256="5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
)
_NOT_AFFECTED = "not affected, says Platform Security in fraud.openvex.json: vulnerable_code_not_in_execute_path"
_WAIVED = "waived until 2026-08-31 by ml-platform@example.com: the notebook server is not started in this image"


def realistic_result() -> Result:
    """Return a failed result of about sixty findings, with every decision and a baseline."""
    other = [
        secret(path="srv/app/.env", package="srv/app/.env", line=7),
        misconfiguration(),
        misconfiguration(id="DS-0026", severity=Severity.LOW, title="No HEALTHCHECK defined",
                         description="Without one an engine does not notice a server that hangs.",
                         mend="Add a HEALTHCHECK instruction"),
        license_(package="ghostscript", version="10.0.0~dfsg-11"),
        license_(id="GPL-2.0-only", package="mariadb-common", severity=Severity.MEDIUM),
    ]  # fmt: skip
    judged = [_judged(item) for item in (*_python(), *_debian(), *other)]
    return result(
        judged,
        policy=_POLICY,
        fixed=[
            Fixed(Kind.VULNERABILITY, "CVE-2023-37920", Severity.HIGH, "certifi", "2023.5.7"),
            Fixed(Kind.VULNERABILITY, "CVE-2022-40897", Severity.MEDIUM, "setuptools", "65.3.0"),
            Fixed(Kind.VULNERABILITY, "CVE-2023-32681", Severity.MEDIUM, "requests", "2.30.0"),
        ],
        expired=[_waiver("CVE-2023-36053", date(2026, 5, 15), "pkg:pypi/django", 31)],
        unused=[_waiver("CVE-2022-42969", date(2026, 9, 30), "pkg:pypi/py", 44)],
        name="ghcr.io/example/fraud-scoring:1.4.2",
        scanned=(
            Scanned("", "sha256:6c3c624b58dbbcd3c0dd82b4c53f04194d1247c6eebdaab7c610cf7d66709b3b",
                    "sha256:d2a84f4b8b650937ec8f73cd8be2c74add5a911ba64df27458ed8229da804a26", "debian 12.15", 431),
        ),
        scanners=("vuln", "secret", "misconfig", "license"),
        scanner=replace(evidence().scanner, sha256="9" * 64),
        database_digest="sha256:b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
    )  # fmt: skip


def passed_result() -> Result:
    """Return a passed result without any finding."""
    about = realistic_result().evidence
    assert isinstance(about, Evidence)
    return result([], policy=_POLICY, name=about.name, scanned=about.scanned, scanners=about.scanners)


def _python() -> Iterator[Finding]:
    read = json.loads(gzip.decompress(_ADVISORIES.read_bytes()))
    for bucket, package, id_, about in read["advisories"]:
        installed = _INSTALLED.get(package)
        if installed is None or not bucket.startswith("pip::"):
            continue
        if not any(_contains(ranges, installed) for ranges in about["VulnerableVersions"]):
            continue
        known = read["vulnerabilities"].get(id_, {})
        fixed = ", ".join(about.get("PatchedVersions", []))
        yield finding(
            id=id_, severity=Severity(known.get("Severity", "UNKNOWN")), package=package, version=installed,
            purl=f"pkg:pypi/{package}@{installed}", type="python-pkg", fixed_version=fixed,
            path=f"opt/venv/lib/python3.11/site-packages/{package}-{installed}.dist-info/METADATA",
            status="fixed" if fixed else "affected", aliases=tuple(about.get("VendorIDs", ())),
            url=f"https://avd.aquasec.com/nvd/{id_.lower()}", weaknesses=tuple(known.get("CweIDs", ())),
            published=_published(known, id_), score=_score(known), **_texts(known, id_),
        )  # fmt: skip


def _debian() -> Iterator[Finding]:
    read = json.loads(gzip.decompress(_ADVISORIES.read_bytes()))
    for bucket, package, id_, _ in read["advisories"]:
        if bucket == "debian 12" and package in _SYSTEM:
            known = read["vulnerabilities"].get(id_, {})
            yield finding(
                id=id_, severity=Severity(known.get("Severity", "UNKNOWN")), package=package,
                version=_SYSTEM[package], purl=f"pkg:deb/debian/{package}@{_SYSTEM[package]}", fixed_version="",
                status="will_not_fix" if package == "zlib" else "affected", published=_published(known, id_),
                url=f"https://avd.aquasec.com/nvd/{id_.lower()}", aliases=(), score=_score(known),
                weaknesses=tuple(known.get("CweIDs", ())), **_texts(known, id_),
            )  # fmt: skip


def _texts(known: dict[str, Any], id_: str) -> dict[str, str]:
    return {"title": known.get("Title") or id_, "description": known.get("Description", "")[:1000]}


def _published(known: dict[str, Any], id_: str) -> datetime:
    text = known.get("PublishedDate")
    return datetime.fromisoformat(text) if text else datetime(int(re.split("[-]", id_)[1]), 6, 1, tzinfo=UTC)


def _score(known: dict[str, Any]) -> float | None:
    scores = [source.get("V3Score") for source in known.get("CVSS", {}).values()]
    return next((float(score) for score in scores if score), None)


def _contains(ranges: str, version: str) -> bool:
    try:
        return SpecifierSet(re.sub(r"\s", "", ranges), prereleases=True).contains(Version(version))
    except InvalidSpecifier:
        return False


def _waiver(id_: str, expires: date, package: str, line: int) -> Waiver:
    return Waiver(id_, "the admin pages are not routed", "ml-platform@example.com", expires, package=package, line=line)


def _judged(item: Finding) -> Judged:
    decision, reason = _decided(item)
    new = item.package in ("aiohttp", "srv/app/.env") or decision is Decision.GRACE
    return Judged(item, decision, reason, Novelty.NEW if new else Novelty.KNOWN)


def _decided(item: Finding) -> tuple[Decision, str]:  # noqa: PLR0911 -- one for each decision
    fails = item.severity in (Severity.CRITICAL, Severity.HIGH)
    if item.kind is Kind.LICENSE:
        fails = item.id == "AGPL-3.0-only"
        return (Decision.FAILS, "AGPL-3.0-only is denied") if fails else (Decision.BELOW, "no rule denies it")
    if item.package == "notebook":
        return Decision.WAIVED, _WAIVED
    if item.package == "zlib":
        return Decision.NOT_AFFECTED, _NOT_AFFECTED
    if fails and item.package == "urllib3":
        until = (NOW + timedelta(days=5)).date()
        return Decision.GRACE, f"published 2 days ago, in grace until {until}"
    if fails and item.package == "glibc":
        return Decision.UNFIXED, "no fixed version, and rule 1 (policy line 12) lets that pass"
    if fails:
        return Decision.FAILS, f"{item.severity} fails"
    return Decision.BELOW, f"{item.severity} is below the bar"
