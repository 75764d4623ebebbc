"""`scan-image` with the real Trivy, on images whose findings the test database foretells."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import loopback_registry
import saved_images
import trivy_db
import vex_documents
from assets.plant_traps import environment, plant, sprung
from image_layouts import Layout
from modelseal import station, tools
from modelseal.commands import scan_image
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode
from modelseal.vulnerabilities import trivy as trivy_room
from saved_images import COMPRESSIONS, debian, python_packages

HARMLESS = {"six": "1.16.0"}
KEY_ID = "AKIA2E0A8F3B244C9986"
CREDENTIALS = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = 7CE556A3BC234CC1FF9E8A5C324C0BB70AA21B6D\n"
ZLIB = {"zlib1g": ("zlib", "1:1.2.13.dfsg-1")}
PERL = {"perl-base": ("perl", "5.36.0-7+deb12u3")}
TAR = {"tar": ("tar", "1.34+dfsg-1.2+deb12u1")}


@pytest.fixture(scope="module")
def cache_environ() -> dict[str, str]:
    """Return the environment of this machine: the tools' cache is shared."""
    return dict(os.environ)


@pytest.fixture(scope="module")
def trivy(cache_environ: dict[str, str]) -> Path:
    return tools.provide("trivy", "", tools_dir=None, environ=cache_environ).path


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trivy_db.unpack(tmp_path_factory.mktemp("database"), updated_at=datetime.now(UTC))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with loopback_registry.running(tmp_path_factory.mktemp("registry")) as address:
        yield address


Scan = Callable[..., Outcome]


@pytest.fixture
def scan(tmp_path: Path, trivy: Path, database: Path, cache_environ: dict[str, str]) -> Scan:
    """Return what runs the station as the command line does; inputs are texts."""
    (tmp_path / "out").mkdir()
    numbers = iter(range(100))

    def run(archive: Path | None = None, environ: dict[str, str] | None = None, **inputs: str) -> Outcome:
        texts = {"tools-dir": str(trivy.parent)} | {name.replace("_", "-"): text for name, text in inputs.items()}
        if archive is not None:
            texts["archive"] = str(archive)
        if "db-repository" not in texts:
            texts.setdefault("db-dir", str(database))
        temporary = tmp_path / f"temporary-{next(numbers)}"
        temporary.mkdir()
        context = Context(output_dir=tmp_path / "out", environ=cache_environ | (environ or {}), temp_dir=temporary)
        return scan_image.run(station.read_inputs(scan_image.Inputs, texts), context)

    return run


def verdict(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome.outputs, scan_image.Outputs)
    read: dict[str, Any] = json.loads(Path(outcome.outputs.verdict).read_bytes())
    return read


def failing(outcome: Outcome) -> set[tuple[str, str]]:
    return {
        (item["package"]["name"], item["id"]) for item in verdict(outcome)["findings"] if item["decision"] == "fails"
    }


@dataclass(frozen=True)
class Case:
    """An image, the inputs, and what the advisories say about it (assets/trivy-db/advisories.tsv)."""

    name: str
    files: dict[str, bytes]
    inputs: dict[str, str]
    fails: set[tuple[str, str]]
    others: set[str] = frozenset()  # type: ignore[assignment]


PIECES = [
    Case("nothing vulnerable", debian() | python_packages(HARMLESS), {}, set()),
    Case("a low one", debian(TAR), {}, set(), {"CVE-2005-2541"}),
    Case("a low one, failing on low", debian(TAR), {"fail_on": "LOW"}, {("tar", "CVE-2005-2541")}),
    Case("low does not fail on all above", debian(TAR), {"fail_on": "CRITICAL,HIGH,MEDIUM"}, set(), {"CVE-2005-2541"}),
    Case("critical of the system", debian(ZLIB), {}, {("zlib1g", "CVE-2023-45853")}),
    Case("critical, unfixed", debian(ZLIB), {"ignore_unfixed": "true"}, set(), {"CVE-2023-45853"}),
    Case("high of the system", debian(PERL), {"fail_on": "HIGH"}, {("perl-base", "CVE-2023-31486")}),
    Case("high, failing on critical", debian(PERL), {"fail_on": "CRITICAL"}, set(), {"CVE-2023-31486"}),
    Case("unknown does not fail on what is known", debian(ZLIB), {"fail_on": "UNKNOWN"}, set(), {"CVE-2023-45853"}),
    Case(
        "python, high",
        debian() | python_packages({"aiohttp": "3.8.5"}),
        {},
        {("aiohttp", "CVE-2023-47627"), ("aiohttp", "CVE-2024-23334")},
        {"CVE-2023-49081", "CVE-2023-49082", "CVE-2024-23829"},
    ),
    Case("python, the version that mends", debian() | python_packages({"aiohttp": "3.9.2"}), {}, set()),
    Case(
        "python, critical, fixed, ignoring the unfixed",
        debian(ZLIB) | python_packages({"searchor": "2.4.1"}),
        {"ignore_unfixed": "true"},
        {("searchor", "CVE-2023-43364")},
        {"CVE-2023-45853"},
    ),
    Case(
        "python, critical and never fixed",
        debian() | python_packages({"json-logic": "0.6.3"}),
        {},
        {("json-logic", "CVE-2021-4329")},
    ),
    Case(
        "python, critical and never fixed, ignored",
        debian() | python_packages({"json-logic": "0.6.3"}),
        {"ignore_unfixed": "true"},
        set(),
        {"CVE-2021-4329"},
    ),
    Case("just before the fix", debian() | python_packages({"whoogle-search": "0.8.3"}), {"fail_on": "CRITICAL"},
         {("whoogle-search", "CVE-2024-22203"), ("whoogle-search", "CVE-2024-22205")}),
    Case("just after the fix", debian() | python_packages({"mindsdb": "23.12.4.2"}), {"fail_on": "CRITICAL"}, set()),
    Case("a name in other letters", debian() | python_packages({"LangChain": "0.0.307"}), {"fail_on": "CRITICAL"},
         {("LangChain", "CVE-2023-39631")}),
    Case("a secret", debian() | {"srv/credentials": CREDENTIALS.encode()}, {},
         {("/srv/credentials", "aws-access-key-id"), ("/srv/credentials", "aws-secret-access-key")}),
    Case("a secret is never unfixed", debian() | {"srv/credentials": CREDENTIALS.encode()}, {"ignore_unfixed": "true"},
         {("/srv/credentials", "aws-access-key-id"), ("/srv/credentials", "aws-secret-access-key")}),
    Case("a secret that is not looked for", debian() | {"srv/credentials": CREDENTIALS.encode()},
         {"scanners": "vuln"}, set()),
    Case("secrets only", debian(ZLIB) | {"srv/credentials": CREDENTIALS.encode()}, {"scanners": "secret"},
         {("/srv/credentials", "aws-access-key-id"), ("/srv/credentials", "aws-secret-access-key")}),
]  # fmt: skip


@pytest.mark.parametrize("case", PIECES, ids=lambda case: case.name)
def test_the_gate_decides_as_the_advisories_say(case: Case, scan: Scan, tmp_path: Path) -> None:
    outcome = scan(saved_images.saved(tmp_path / "small.tar", case.files), **case.inputs)
    found = {item["id"] for item in verdict(outcome)["findings"]}
    assert {(package, id_) for package, id_ in failing(outcome) if id_ not in case.others} >= case.fails
    assert case.others <= found
    assert bool(failing(outcome)) is bool(case.fails)
    assert outcome.exit_code is (ExitCode.GATE_FAILED if case.fails else ExitCode.PASSED)
    assert verdict(outcome)["verdict"] == ("failed" if case.fails else "passed")
    assert KEY_ID not in json.dumps(verdict(outcome)) + outcome.summary + outcome.headline


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"a.txt": b"FROM scratch"}, "no operating system"),
        (python_packages({"aiohttp": "3.8.5"}), "no operating system"),
        (dict(list(debian().items())[:2]) | python_packages(HARMLESS), "no package"),
        (debian(release="9.1"), "has ended"),
        (debian(release="99.1"), "does not know this release"),
        (debian() | {"etc/os-release": b"ID=gentoo\n", "etc/debian_version": b"\n"}, "operating system"),
        (debian({}), "no package"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_an_error(files: dict[str, bytes], what: str, scan: Scan, tmp_path: Path) -> None:
    stale = tmp_path / "out" / "small.verdict.json"
    stale.write_text('{"verdict": "passed"}')
    with pytest.raises(ToolError, match=what):
        scan(saved_images.saved(tmp_path / "small.tar", files))
    assert not stale.exists()


def test_findings_are_those_of_trivy_called_plainly(scan: Scan, tmp_path: Path, trivy: Path, database: Path) -> None:
    files = debian(ZLIB | PERL | TAR) | python_packages({"aiohttp": "3.8.5", "ansible": "2.7.5", "langchain": "0.0.1"})
    archive = saved_images.saved(tmp_path / "small.tar", files, {"srv/credentials": CREDENTIALS.encode()})
    plain = subprocess.run(
        [trivy, "image", "--input", archive, "--format", "json", "--cache-dir", database, "--skip-db-update", "--quiet",
         "--offline-scan", "--scanners", "vuln,secret", "--cache-backend", "memory"],
        check=True, capture_output=True, timeout=60,
    ).stdout  # fmt: skip
    results = json.loads(plain)["Results"]
    oracle = sorted(
        [(item["VulnerabilityID"], item["PkgName"], item["Severity"])
         for result in results for item in result.get("Vulnerabilities", [])]
        + [(item["RuleID"], result["Target"], item["Severity"])
           for result in results for item in result.get("Secrets", [])]
    )  # fmt: skip
    read = verdict(scan(archive))
    assert sorted((item["id"], item["package"]["name"], item["severity"]) for item in read["findings"]) == oracle
    assert len(oracle) > 20


def test_the_verdict_names_what_it_rests_on(scan: Scan, tmp_path: Path, trivy: Path, database: Path) -> None:
    archive = saved_images.saved(tmp_path / "small.tar", debian(ZLIB))
    outcome = scan(archive, image="registry.example/team/fraud:1.4")
    read = verdict(outcome)
    (config,) = (content for name, content in _members(archive) if b"rootfs" in content and name.endswith(".json"))
    assert read["subject"] == {
        "name": "registry.example/team/fraud:1.4",
        "image_id": f"sha256:{hashlib.sha256(config).hexdigest()}",
        "digest": "",  # Docker's own layout has no manifest
        "os": "debian 12.15",
        "packages": 1,
    }
    assert read["scanner"]["sha256"] == hashlib.sha256(trivy.read_bytes()).hexdigest()
    updated = json.loads((database / "db" / "metadata.json").read_text())["UpdatedAt"]
    assert read["database"] == {"digest": "", "updated_at": updated}
    assert isinstance(outcome.outputs, scan_image.Outputs)
    assert outcome.outputs.critical_count == outcome.outputs.failing_count == "1"
    assert Path(outcome.outputs.verdict).name == "fraud-1.4.verdict.json"
    assert json.loads(Path(outcome.outputs.report).read_bytes())["SchemaVersion"] == 2
    assert "CVE-2023-45853" in Path(outcome.outputs.table).read_text()


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    import tarfile  # noqa: PLC0415

    with tarfile.open(archive) as opened:
        for member in opened:
            stream = opened.extractfile(member)
            yield member.name, stream.read() if stream else b""


def test_nothing_planted_has_an_effect(scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = debian(ZLIB) | {"srv/credentials": CREDENTIALS.encode()}
    archive = saved_images.saved(tmp_path / "small.tar", files)
    clean = failing(scan(archive))
    planted = tmp_path / "caller"
    planted.mkdir()
    plant(planted)
    (planted / "trivy.yaml").write_text("severity: [LOW]\nscan: {scanners: [misconfig]}\nignorefile: .trivyignore\n")
    (planted / ".trivyignore").write_text("CVE-2023-45853\naws-access-key-id\n")
    (planted / "trivy-secret.yaml").write_text("disable-rules: [aws-access-key-id, aws-secret-access-key]\n")
    monkeypatch.chdir(planted)
    traps = environment(planted) | {
        "TRIVY_SEVERITY": "LOW", "TRIVY_IGNOREFILE": str(planted / ".trivyignore"), "TRIVY_SKIP_DIRS": "srv",
        "TRIVY_CONFIG": str(planted / "trivy.yaml"), "TRIVY_IGNORE_UNFIXED": "true", "HOME": str(planted),
        "XDG_CONFIG_HOME": str(planted), "TRIVY_SECRET_CONFIG": str(planted / "trivy-secret.yaml"),
    }  # fmt: skip
    assert failing(scan(archive, environ=traps)) == clean
    assert len(clean) == 3
    assert sprung(planted) == []


def test_the_given_database_is_not_written_to(scan: Scan, tmp_path: Path, database: Path) -> None:
    copy = shutil.copytree(database, tmp_path / "readonly")
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "--bind", copy, copy], check=False).returncode == 0
    try:
        if mounted:
            subprocess.run(["mount", "-o", "remount,bind,ro", copy], check=True)
        before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in copy.rglob("*")}
        scan(saved_images.saved(tmp_path / "small.tar", debian()), db_dir=str(copy))
        assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in copy.rglob("*")} == before
    finally:
        if mounted:
            subprocess.run(["umount", copy], check=True)


@pytest.mark.parametrize(
    ("age", "inputs", "good"),
    [
        (timedelta(hours=47), {}, True),
        (timedelta(hours=49), {}, False),
        (timedelta(hours=49), {"max_db_age": "3d"}, True),
        (timedelta(hours=2), {"max_db_age": "90m"}, False),
        (timedelta(days=-3), {}, False),
    ],
)
def test_the_databases_age(age: timedelta, inputs: dict[str, str], scan: Scan, tmp_path: Path, *, good: bool) -> None:
    cache = trivy_db.unpack(tmp_path / "aged", updated_at=datetime.now(UTC) - age)
    archive = saved_images.saved(tmp_path / "small.tar", debian())
    if good:
        assert scan(archive, db_dir=str(cache), **inputs).exit_code is ExitCode.PASSED
        return
    with pytest.raises(ToolError, match=r"old|future"):
        scan(archive, db_dir=str(cache), **inputs)


def test_a_damaged_database_is_an_error(scan: Scan, tmp_path: Path, database: Path) -> None:
    archive = saved_images.saved(tmp_path / "small.tar", debian(ZLIB))
    for number, damage in enumerate((b"", b"garbage" * 1000, (database / "db" / "trivy.db").read_bytes()[:100_000])):
        copy = shutil.copytree(database, tmp_path / f"damaged-{number}")
        (copy / "db" / "trivy.db").write_bytes(damage)
        with pytest.raises(ToolError):
            scan(archive, db_dir=str(copy))


def test_an_archive_that_changes_under_the_scan_is_noticed(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = saved_images.saved(tmp_path / "small.tar", debian(ZLIB))
    good = saved_images.saved(tmp_path / "good.tar", debian())
    real = trivy_room.scan

    def swapping(*arguments: Any, **options: Any) -> Any:
        shutil.copy(good, bad)
        return real(*arguments, **options)

    monkeypatch.setattr(trivy_room, "scan", swapping)
    with pytest.raises(ModelsealError, match=r"another image|not the image's|no file|cannot be read"):
        scan(bad)


def test_clean_layers_under_another_images_name_are_noticed(scan: Scan, tmp_path: Path) -> None:
    clean, vulnerable = (saved_images.tar(list(debian(packages).items())) for packages in (saved_images.HARMLESS, ZLIB))
    described = saved_images.config([vulnerable])
    members = saved_images.docker_members([vulnerable], described)
    swapped = [(name, clean if content == vulnerable else content) for name, content in members]
    (tmp_path / "small.tar").write_bytes(saved_images.tar(swapped))
    with pytest.raises(InputError, match="not the image's"):
        scan(tmp_path / "small.tar")


@pytest.mark.parametrize("both", [False, True])
def test_an_oci_layout_is_scanned_with_or_without_dockers_own(scan: Scan, tmp_path: Path, *, both: bool) -> None:
    layer = saved_images.tar(list(debian(ZLIB).items()))
    described = saved_images.config([layer])
    members = saved_images.oci_members([layer], described)
    manifest = json.loads(dict(members)["index.json"])["manifests"][0]["digest"]
    docker = saved_images.docker_members([layer], described) if both else []
    (tmp_path / "small.tar").write_bytes(saved_images.tar(members + docker))
    outcome = scan(tmp_path / "small.tar")
    assert failing(outcome) == {("zlib1g", "CVE-2023-45853")}
    subject = verdict(outcome)["subject"]
    assert (subject["image_id"], subject["digest"]) == (saved_images.digest(described), manifest)


@pytest.mark.parametrize("how", COMPRESSIONS, ids="-".join)
def test_layers_are_read_however_they_are_compressed(scan: Scan, tmp_path: Path, how: tuple[str, str]) -> None:
    """As engines with containerd's image store save what was built on an image that was loaded or imported."""
    trees = (debian(ZLIB), python_packages({"searchor": "2.4.1"}))
    layers = [saved_images.tar(list(tree.items())) for tree in trees]
    described = saved_images.config(layers)
    blobs = [saved_images.packed(layer, each) for layer, each in zip(layers, how, strict=True)]
    (tmp_path / "small.tar").write_bytes(saved_images.tar(saved_images.containerd_members(blobs, described)))
    outcome = scan(tmp_path / "small.tar")
    assert failing(outcome) == {("zlib1g", "CVE-2023-45853"), ("searchor", "CVE-2023-43364")}
    assert verdict(outcome)["subject"]["image_id"] == saved_images.digest(described)


@pytest.mark.parametrize("as_folder", [False, True])
def test_one_vulnerable_platform_fails_an_index(scan: Scan, tmp_path: Path, *, as_folder: bool) -> None:
    layout = Layout()
    entries = [layout.image(debian(), "linux/amd64"), layout.image(debian(ZLIB), "linux/arm64")]
    layout.top = [layout.index(*entries, *map(layout.attestation, entries))]
    saved = layout.folder(tmp_path / "small") if as_folder else layout.archive(tmp_path / "small.tar")
    outcome = scan(saved)
    assert outcome.exit_code is ExitCode.GATE_FAILED
    read = verdict(outcome)
    assert read["subject"]["digest"] == layout.top[0]["digest"]
    assert [(item["platform"], item["digest"]) for item in read["subject"]["platforms"]] == [
        ("linux/amd64", entries[0]["digest"]), ("linux/arm64", entries[1]["digest"]),
    ]  # fmt: skip
    assert {item["platform"] for item in read["findings"]} == {"linux/arm64"}
    assert read["not_looked_at"]["attestations"] == 2
    assert "linux/arm64" in outcome.summary
    assert any("linux/arm64" in item.text for item in outcome.annotations if item.level == "error")
    assert isinstance(outcome.outputs, scan_image.Outputs)
    assert [Path(line).name for line in outcome.outputs.report.split("\n")] == ["linux-amd64.json", "linux-arm64.json"]
    assert scan(saved, platforms="linux/amd64").exit_code is ExitCode.PASSED
    with pytest.raises(InputError, match="riscv64"):
        scan(saved, platforms="linux/riscv64")


def test_a_platform_that_cannot_be_judged_is_none_of_an_index(scan: Scan, tmp_path: Path) -> None:
    layout = Layout()
    entries = [layout.image(debian(), "linux/amd64"), layout.image(debian(release="9.1"), "linux/arm64")]
    layout.top = [layout.index(*entries)]
    with pytest.raises(ToolError, match=r"has ended.*linux/arm64"):
        scan(layout.archive(tmp_path / "small.tar"))


def test_waivers_vex_and_a_baseline_decide_together(scan: Scan, tmp_path: Path) -> None:
    """One finding each: waived, not affected, known from the run before, new, below the bar."""
    first = saved_images.saved(tmp_path / "first.tar", debian(ZLIB | PERL | TAR))
    earlier = scan(first, image="team/fraud:1")
    assert {id_ for _, id_ in failing(earlier)} == {"CVE-2023-45853", "CVE-2023-31486"}
    assert isinstance(earlier.outputs, scan_image.Outputs)
    assert earlier.outputs.new_count == ""
    baseline = shutil.copy(earlier.outputs.verdict, tmp_path / "baseline.json")
    again = scan(first, image="team/fraud:2", baseline=str(baseline))
    assert isinstance(again.outputs, scan_image.Outputs)
    assert again.outputs.new_count == "0"  # of itself
    assert again.exit_code is ExitCode.GATE_FAILED  # it is for the policy to let through what is known

    (tmp_path / "policy.yml").write_text(
        "version: 1\nvulnerabilities: {fail-on-new-only: true}\nwaivers:\n"
        "  - id: CVE-2023-47627\n    package: pkg:pypi/aiohttp\n    reason: no requests come in\n    owner: ada\n"
        f"    expires: {datetime.now(UTC).date() + timedelta(days=30)}\n"
    )
    vex = vex_documents.openvex(vex_documents.said("not_affected", "pkg:pypi/aiohttp@3.8.5", cve="CVE-2024-23334"))
    (tmp_path / "vex.json").write_bytes(vex_documents.packed(vex))
    files = debian(ZLIB | PERL | TAR) | python_packages({"aiohttp": "3.8.5", "json-logic": "0.6.3"})
    second = saved_images.saved(tmp_path / "second.tar", files)
    given = {"policy": str(tmp_path / "policy.yml"), "vex": str(tmp_path / "vex.json"), "baseline": str(baseline)}
    outcome = scan(second, image="team/fraud:2", **given)
    decided = {item["id"]: item["decision"] for item in verdict(outcome)["findings"]}
    assert decided["CVE-2023-47627"] == "waived"
    assert decided["CVE-2024-23334"] == "not-affected"
    assert decided["CVE-2023-45853"] == decided["CVE-2023-31486"] == "known"
    assert decided["CVE-2005-2541"] == "below"
    assert failing(outcome) == {("json-logic", "CVE-2021-4329")}
    assert isinstance(outcome.outputs, scan_image.Outputs)
    assert (outcome.outputs.failing_count, outcome.outputs.waived_count) == ("1", "1")
    mended = saved_images.saved(tmp_path / "third.tar", debian(ZLIB) | python_packages({"aiohttp": "3.8.5"}))
    last = scan(mended, image="team/fraud:3", **given)
    assert last.exit_code is ExitCode.PASSED
    assert {item["id"] for item in verdict(last)["fixed"]} == {"CVE-2023-31486", "CVE-2005-2541"}


def test_a_report_of_trivy_is_a_baseline_too(scan: Scan, tmp_path: Path) -> None:
    files = debian(ZLIB | TAR) | {"srv/credentials": CREDENTIALS.encode()}
    archive = saved_images.saved(tmp_path / "small.tar", files, config={"User": "root"})
    every = "vuln,secret,misconfig,license"
    first = scan(archive, scanners=every)
    assert isinstance(first.outputs, scan_image.Outputs)
    report = shutil.copy(first.outputs.report, tmp_path / "report.json")
    again = scan(archive, baseline=str(report), scanners=every)
    assert isinstance(again.outputs, scan_image.Outputs)
    assert again.outputs.new_count == "0"
    assert verdict(again)["fixed"] == []


def test_all_four_scanners_have_bars_of_their_own(scan: Scan, tmp_path: Path) -> None:
    licensed = {
        "usr/lib/python3/dist-packages/gpled-1.0.dist-info/METADATA": (
            b"Metadata-Version: 2.1\nName: gpled\nVersion: 1.0\nLicense: AGPL-3.0-only\n"
        )
    }
    files = debian(ZLIB) | licensed | {"srv/credentials": CREDENTIALS.encode()}
    archive = saved_images.saved(tmp_path / "small.tar", files, config={"User": "root"})
    bars = {
        "vulnerability": "vulnerabilities: {fail-on: [CRITICAL]}",
        "secret": "secrets: {fail-on: [CRITICAL]}",
        "misconfiguration": "misconfigurations: {fail-on: [HIGH]}",
        "license": "licenses: {denied: [AGPL-3.0-only]}",
    }
    nothing = {
        "vulnerability": "vulnerabilities: {fail-on: [UNKNOWN]}",
        "secret": "secrets: {fail-on: [UNKNOWN]}",
        "misconfiguration": "misconfigurations: {fail-on: [UNKNOWN]}",
        "license": "licenses: {}",
    }
    found = []
    for kind in (*bars, ""):
        lines = ["version: 1", *(bars[name] if name == kind else nothing[name] for name in bars)]
        (tmp_path / "policy.yml").write_text("\n".join(lines))
        outcome = scan(archive, scanners="vuln,secret,misconfig,license", policy=str(tmp_path / "policy.yml"))
        failed = {item["kind"] for item in verdict(outcome)["findings"] if item["decision"] == "fails"}
        assert failed == ({kind} if kind else set())
        assert outcome.exit_code is (ExitCode.GATE_FAILED if kind else ExitCode.PASSED)
        found.append({item["kind"] for item in verdict(outcome)["findings"]})
        assert KEY_ID not in outcome.summary
    assert found == [set(bars)] * 5


@pytest.mark.parametrize("order", [1, -1])
def test_trivy_reads_the_same_of_two_layouts_as_we_do(tmp_path: Path, trivy: Path, database: Path, order: int) -> None:
    """We refuse contradicting layouts; if they agree, Trivy's answer is about Docker's own, as ours is."""
    layers = [saved_images.tar(list(debian(packages).items())) for packages in (ZLIB, TAR)]
    docker, oci = (saved_images.config([layer]) for layer in layers)
    parts = [saved_images.docker_members(layers[:1], docker), saved_images.oci_members(layers[1:], oci)][::order]
    (tmp_path / "both.tar").write_bytes(saved_images.tar(parts[0] + parts[1]))
    plain = subprocess.run(
        [trivy, "image", "--input", tmp_path / "both.tar", "--format", "json", "--cache-dir", database, "--quiet",
         "--skip-db-update", "--offline-scan", "--cache-backend", "memory"],
        check=True, capture_output=True, timeout=60,
    ).stdout  # fmt: skip
    assert json.loads(plain)["Metadata"]["ImageID"] == saved_images.digest(docker)


def test_java_archives_without_their_index_are_an_error(scan: Scan, tmp_path: Path) -> None:
    jar = io.BytesIO()
    with zipfile.ZipFile(jar, "w") as packed:
        packed.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")
    files = debian() | {"opt/unknown.jar": jar.getvalue()}
    with pytest.raises(ToolError, match="Java DB") as caught:
        scan(saved_images.saved(tmp_path / "small.tar", files))
    assert "java-db" in caught.value.mend


@pytest.fixture
def tool_cache(tmp_path: Path) -> dict[str, str]:
    return {"RUNNER_TOOL_CACHE": str(tmp_path / "tool-cache")}


def test_the_database_is_fetched_from_a_repository(
    scan: Scan, tmp_path: Path, registry: str, database: Path, tool_cache: dict[str, str]
) -> None:
    loopback_registry.push_database(registry, "mirror/trivy-db", database)
    archive = saved_images.saved(tmp_path / "small.tar", debian(ZLIB))
    for _ in range(2):
        outcome = scan(archive, db_repository=f"{registry}/mirror/trivy-db", environ=tool_cache)
        assert failing(outcome) == {("zlib1g", "CVE-2023-45853")}


def test_two_scans_share_the_fetched_database(
    scan: Scan, tmp_path: Path, registry: str, database: Path, tool_cache: dict[str, str]
) -> None:
    loopback_registry.push_database(registry, "shared/trivy-db", database)
    archives = [
        saved_images.saved(tmp_path / "one.tar", debian(ZLIB)),
        saved_images.saved(tmp_path / "two.tar", debian(TAR)),
    ]
    outcomes: dict[str, Outcome] = {}

    def job(archive: Path) -> None:
        outcomes[archive.name] = scan(archive, db_repository=f"{registry}/shared/trivy-db", environ=tool_cache)

    threads = [threading.Thread(target=job, args=(archive,)) for archive in archives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failing(outcomes["one.tar"]) == {("zlib1g", "CVE-2023-45853")}
    assert outcomes["two.tar"].exit_code is ExitCode.PASSED


@pytest.mark.parametrize(
    ("repository", "where", "mend"),
    [
        ("127.0.0.1:1/x/trivy-db", "127.0.0.1:1", "db-dir"),
        ("{registry}/nothing/here", "404 Not Found", "name and its tag"),
        ("127.0.0.1:1/x/trivy-db,{registry}/nothing/here", "404 Not Found", "db-dir"),
    ],
)
def test_a_repository_that_gives_no_database(  # noqa: PLR0913 # fixtures
    repository: str, where: str, mend: str, scan: Scan, tmp_path: Path, registry: str, tool_cache: dict[str, str]
) -> None:
    archive = saved_images.saved(tmp_path / "small.tar", debian())
    with pytest.raises(ToolError, match="cannot be fetched") as caught:
        scan(archive, db_repository=repository.format(registry=registry), environ=tool_cache)
    assert caught.value.exit_code == 3
    assert where in caught.value.where
    assert mend in caught.value.mend


@pytest.mark.parametrize("repository", ["not a name", "--help", "https://registry.example/trivy-db", "a/b:"])
def test_a_repository_that_is_no_name(repository: str, scan: Scan, tmp_path: Path, tool_cache: dict[str, str]) -> None:
    archive = saved_images.saved(tmp_path / "small.tar", debian())
    with pytest.raises(InputError, match="does not name anything in a registry"):
        scan(archive, db_repository=repository, environ=tool_cache)


def test_another_repositorys_database_is_not_taken(
    scan: Scan, tmp_path: Path, registry: str, database: Path, tool_cache: dict[str, str]
) -> None:
    loopback_registry.push_database(registry, "first/trivy-db", database)
    archive = saved_images.saved(tmp_path / "small.tar", debian())
    scan(archive, db_repository=f"{registry}/first/trivy-db", environ=tool_cache)
    with pytest.raises(ToolError, match="cannot be fetched"):
        scan(archive, db_repository="127.0.0.1:1/x/trivy-db", environ=tool_cache)


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"fail_on": "high"},
        {"fail_on": ""},
        {"scanners": "licence"},
        {"ignore_unfixed": "yes"},
        {"max_db_age": "2"},
        {"db_repository": "a/b", "db_dir": "c"},
    ],
)
def test_wrong_inputs(inputs: dict[str, str], scan: Scan, tmp_path: Path) -> None:
    archive = saved_images.saved(tmp_path / "small.tar", debian()) if inputs else None
    if inputs == {"fail_on": ""}:  # empty is the default
        assert scan(archive, **inputs).exit_code is ExitCode.PASSED
        return
    with pytest.raises(InputError):
        scan(archive, **inputs)


@pytest.mark.docker
def test_an_image_is_saved_from_the_engine_first(scan: Scan, tmp_path: Path) -> None:
    rootfs = saved_images.tar(list(debian(ZLIB).items()))
    name = f"modelseal-test-scan-{os.getpid()}"
    for tag in ("latest", "other"):
        subprocess.run(
            ["docker", "import", "--change", f"LABEL tag={tag}", "-", f"{name}:{tag}"],
            input=rootfs, check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
    try:
        outcome = scan(image=name)  # without a tag, though there are two
        assert failing(outcome) == {("zlib1g", "CVE-2023-45853")}
        archive = subprocess.run(
            ["docker", "save", f"{name}:latest"], check=True, capture_output=True, timeout=60
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as members:
            (entry,) = json.load(members.extractfile("manifest.json") or io.BytesIO())
            config = members.extractfile(entry["Config"]) or io.BytesIO()
            assert verdict(outcome)["subject"]["image_id"] == f"sha256:{hashlib.sha256(config.read()).hexdigest()}"
        with pytest.raises(ToolError, match=r"No such image|exit code 1"):
            scan(image=f"{name}:missing")
        with pytest.raises(ToolError, match="does not answer"):
            scan(image=name, environ={"DOCKER_HOST": f"unix://{tmp_path}/nothing"})
    finally:
        subprocess.run(["docker", "rmi", f"{name}:latest", f"{name}:other"], check=False, stdout=subprocess.DEVNULL)


def test_the_command_line_ends_with_the_contracts_codes(tmp_path: Path, trivy: Path, database: Path) -> None:
    scripts = str(Path(scan_image.__file__).parents[2])
    program = (
        f"import sys; sys.path.insert(0, {scripts!r}); from modelseal import cli; sys.exit(cli.main(sys.argv[1:]))"
    )
    archives = {
        0: saved_images.saved(tmp_path / "good.tar", debian()),
        10: saved_images.saved(tmp_path / "bad.tar", debian(ZLIB)),
        3: saved_images.saved(tmp_path / "empty.tar", {"a": b""}),
        2: tmp_path / "missing.tar",
    }
    for code, archive in archives.items():
        done = subprocess.run(
            [sys.executable, "-I", "-c", program,
             "scan-image", "--archive", archive, "--db-dir", database, "--tools-dir", trivy.parent,
             "--output-dir", tmp_path / "out"],
            check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
