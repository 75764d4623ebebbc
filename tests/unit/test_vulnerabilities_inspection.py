"""Images looked into one platform after the other: what evidence is put together of, and when there is none."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import saved_images
import trivy_db
from image_layouts import Layout
from modelseal.errors import InputError, ToolError
from modelseal.gate.policy import Policy
from modelseal.gate.result import Scanner
from modelseal.image import platforms
from modelseal.image.platforms import Images
from modelseal.vulnerabilities import database as database_room
from modelseal.vulnerabilities import database_fetch, trivy
from modelseal.vulnerabilities.database import Database
from modelseal.vulnerabilities.inspection import Databases, Inspection, Inspector
from modelseal.vulnerabilities.trivy import JavaIndexMissing, Scan, Trivy
from vulnerability_reports import document, vulnerability

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trivy_db.unpack(tmp_path_factory.mktemp("database"), updated_at=trivy_db.now())


class Trivies:
    """Stands in for the scan: says what it was told to of each image, and notes how it was asked."""

    def __init__(self) -> None:
        self.reports: dict[str, bytes] = {}
        self.calls: list[dict[str, Any]] = []
        self.unread: list[tuple[str, ...]] = []
        self.error: Exception | None = None

    def __call__(
        self, _trivy: Trivy, source: Path, scanners: tuple[str, ...], current: Database, **options: Any
    ) -> Scan:
        self.calls.append({"source": source, "database": current, **options})
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        started = NOW + timedelta(seconds=len(self.calls))
        unread = self.unread.pop(0) if self.unread else ()
        report = self.reports[options["manifest"] or source.name]
        return Scan(report, scanners, current, started, started + timedelta(seconds=5), unread, unread)


@pytest.fixture
def trivies(monkeypatch: pytest.MonkeyPatch) -> Trivies:
    made = Trivies()
    monkeypatch.setattr(trivy, "scan", made)
    return made


def about(image_id: str, vulnerabilities: list[Any] | None = None) -> bytes:
    made = document(vulnerabilities)
    made["Metadata"]["ImageID"] = image_id
    return json.dumps(made).encode()


def index(folder: Path, trivies: Trivies, **found: list[Any]) -> Images:
    layout = Layout()
    entries = [layout.image({"a": name.encode()}, f"linux/{name}") for name in found]
    layout.top = [layout.index(*entries, layout.attestation(entries[0]))]
    for entry, vulnerabilities in zip(entries, found.values(), strict=True):
        config = json.loads(layout.blobs[entry["digest"]])["config"]["digest"]
        trivies.reports[entry["digest"]] = about(config, vulnerabilities)
    (folder / "temporary").mkdir(exist_ok=True)
    return platforms.of_archive(layout.archive(folder / "index.tar"), folder / "temporary")


def single(folder: Path, trivies: Trivies, vulnerabilities: list[Any] | None = None) -> Images:
    saved = saved_images.saved(folder / "small.tar", {"a": b"b"})
    images = platforms.of_archive(saved, folder)
    trivies.reports["small.tar"] = about(images.items[0].image_id, vulnerabilities)
    return images


def databases(folder: Path | None, temp: Path, *repositories: str, hours: int = 48) -> Databases:
    return Databases(folder, repositories, temp, timedelta(hours=hours), {"RUNNER_TOOL_CACHE": str(temp)})


def inspector(cache: Path | None, temp: Path, policy: Policy | None = None) -> Inspector:
    scanner = Trivy(Path("/nothing"), dict(os.environ), temp)
    return Inspector(
        scanner, Scanner("trivy", "0.74.0", "0" * 64), ("vuln",), databases(cache, temp), policy or Policy()
    )


def inspect(cache: Path, folder: Path, images: Images, name: str = "team/fraud:1") -> Inspection:
    return inspector(cache, folder).inspect(name, images)


class TestNoEvidence:
    def test_one_platform_without_is_none_of_the_whole(self, cache: Path, tmp_path: Path, trivies: Trivies) -> None:
        images = index(tmp_path, trivies, amd64=[], arm64=[])
        trivies.reports[images.items[1].digest] = b"{"
        with pytest.raises(ToolError) as caught:
            inspect(cache, tmp_path, images)
        assert caught.value.where.startswith("linux/arm64: ")

    def test_the_report_of_another_platform_is_none(self, cache: Path, tmp_path: Path, trivies: Trivies) -> None:
        images = index(tmp_path, trivies, amd64=[], arm64=[vulnerability()])
        first, second = (item.digest for item in images.items)
        trivies.reports[second] = trivies.reports[first]
        with pytest.raises(ToolError, match="another image"):
            inspect(cache, tmp_path, images)

    def test_other_layers_than_the_images_are_noticed_whatever_the_report(
        self, cache: Path, tmp_path: Path, trivies: Trivies
    ) -> None:
        clean, bad = (saved_images.tar([("a", text)]) for text in (b"clean", b"bad"))
        members = saved_images.docker_members([bad], saved_images.config([bad]))
        swapped = [(name, clean if content == bad else content) for name, content in members]
        (tmp_path / "small.tar").write_bytes(saved_images.tar(swapped))
        images = platforms.of_archive(tmp_path / "small.tar", tmp_path)
        trivies.reports["small.tar"] = about(images.items[0].image_id)
        with pytest.raises(InputError, match="not the image's"):
            inspect(cache, tmp_path, images)

    def test_the_scanners_error_comes_before_all(self, cache: Path, tmp_path: Path, trivies: Trivies) -> None:
        images = single(tmp_path, trivies)
        trivies.error = ToolError("It was killed.", where="here")
        with pytest.raises(ToolError, match="It was killed") as caught:
            inspect(cache, tmp_path, images)
        assert caught.value.where == "here"

    @pytest.mark.parametrize(("age", "hours"), [(49, 48), (2, 1), (-2, 48)])
    def test_a_database_of_another_age(self, tmp_path: Path, age: int, hours: int) -> None:
        cache = trivy_db.unpack(tmp_path / "cache", updated_at=datetime.now(UTC) - timedelta(hours=age))
        with pytest.raises(ToolError, match=r"old|future"):
            databases(cache, tmp_path, hours=hours).advisories()

    def test_a_database_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "db").mkdir()
        (tmp_path / "db" / "trivy.db").write_bytes(b"db" * 5000)
        (tmp_path / "db" / "metadata.json").write_text(
            json.dumps({"Version": 2, "UpdatedAt": datetime.now(UTC).isoformat()})
        )
        for folder in (tmp_path, tmp_path / "missing"):
            with pytest.raises(ToolError):
                databases(folder, tmp_path).advisories()

    def test_without_a_database_nothing_is_scanned(self, tmp_path: Path, trivies: Trivies) -> None:
        with pytest.raises(ToolError):
            inspector(tmp_path / "missing", tmp_path)
        assert trivies.calls == []


class TestJavaIndex:
    def test_beside_a_given_database_it_is_not_fetched(self, cache: Path, tmp_path: Path, trivies: Trivies) -> None:
        images = single(tmp_path, trivies)
        trivies.error = JavaIndexMissing("none")
        with pytest.raises(JavaIndexMissing):
            inspect(cache, tmp_path, images)
        assert len(trivies.calls) == 1

    def test_it_is_fetched_once_and_the_scan_repeated(
        self, cache: Path, tmp_path: Path, trivies: Trivies, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[dict[str, Any]] = []
        monkeypatch.setattr(database_fetch, "current", lambda *_, **__: database_room.read(cache))
        monkeypatch.setattr(database_fetch, "java_index", lambda *_, **options: asked.append(options))
        images = single(tmp_path, trivies, [vulnerability()])
        trivies.error = JavaIndexMissing("none")
        looked = inspector(None, tmp_path).inspect("x", images)
        assert (len(trivies.calls), len(asked), len(looked.findings)) == (2, 1, 1)
        assert asked[0]["temp_dir"] == tmp_path  # beside the advisories
        trivies.error = JavaIndexMissing("none")

        def still_missing(*_: object, **__: object) -> Scan:
            raise JavaIndexMissing("none")

        monkeypatch.setattr(trivy, "scan", still_missing)
        with pytest.raises(JavaIndexMissing):
            inspector(None, tmp_path).inspect("x", images)

    def test_when_it_cannot_be_fetched_there_is_no_evidence(
        self, cache: Path, tmp_path: Path, trivies: Trivies, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ToolError("The Java index cannot be fetched.")

        monkeypatch.setattr(database_fetch, "current", lambda *_, **__: database_room.read(cache))
        monkeypatch.setattr(database_fetch, "java_index", fail)
        images = single(tmp_path, trivies)
        trivies.error = JavaIndexMissing("none")
        with pytest.raises(ToolError, match="cannot be fetched"):
            inspector(None, tmp_path).inspect("x", images)


class TestEvidence:
    def test_of_one_image(self, cache: Path, tmp_path: Path, trivies: Trivies) -> None:
        images = single(tmp_path, trivies, [vulnerability()])
        looked = inspect(cache, tmp_path, images)
        (scanned,) = looked.evidence.scanned
        assert (scanned.platform, scanned.image_id, scanned.packages) == ("", images.items[0].image_id, 2)
        assert looked.reports == (("", trivies.reports["small.tar"]),)
        assert trivies.calls[0]["manifest"] == ""  # Docker's own layout
        assert [finding.platform for finding in looked.findings] == [""]

    def test_of_every_platform(self, cache: Path, tmp_path: Path, trivies: Trivies) -> None:
        images = index(
            tmp_path, trivies, amd64=[vulnerability()], arm64=[vulnerability(), vulnerability(PkgName="tar")]
        )
        trivies.unread = [("a: x", "b: x"), ("b: x",)]
        looked = inspect(cache, tmp_path, images)
        evidence = looked.evidence
        assert evidence.digest == images.digest
        assert [item.platform for item in evidence.scanned] == ["linux/amd64", "linux/arm64"]
        assert [item.digest for item in evidence.scanned] == [item.digest for item in images.items]
        assert [finding.platform for finding in looked.findings] == ["linux/amd64", "linux/arm64", "linux/arm64"]
        assert [call["manifest"] for call in trivies.calls] == [item.digest for item in images.items]
        assert len({call["database"] for call in trivies.calls}) == 1
        assert evidence.finished - evidence.started == timedelta(seconds=6)  # from the first to the last
        assert evidence.unread == ("a: x", "b: x")
        assert evidence.attestations == 1
        assert len(looked.reports) == 2

    def test_vex_documents_may_name_an_image_by_any_of_its_digests(
        self, cache: Path, tmp_path: Path, trivies: Trivies
    ) -> None:
        images = index(tmp_path, trivies, amd64=[], arm64=[])
        products = inspect(cache, tmp_path, images).products
        assert products
        assert all(product.startswith("pkg:oci/fraud") for product in products)
        assert any(images.digest.removeprefix("sha256:") in product for product in products)

    def test_only_what_the_policy_lists_may_be_unreadable(self, cache: Path, tmp_path: Path, trivies: Trivies) -> None:
        images = single(tmp_path, trivies)
        inspector(cache, tmp_path, Policy(unreadable=("srv/tests/**", "opt/*.jar"))).inspect("x", images)
        tolerated = trivies.calls[0]["tolerated"]
        paths = ("srv/tests/a/b", "opt/x.jar", "opt/x/y.jar", "srv/testsuite", "", "var/lib/dpkg/status")
        assert [tolerated(path) for path in paths] == [True, True, False, False, False, False]

    def test_an_image_without_a_system_needs_the_policys_word(
        self, cache: Path, tmp_path: Path, trivies: Trivies
    ) -> None:
        images = single(tmp_path, trivies)
        made = json.loads(trivies.reports["small.tar"])
        del made["Metadata"]["OS"]
        made["Results"][0] |= {"Class": "lang-pkgs", "Type": "python-pkg", "Target": "Python"}
        trivies.reports["small.tar"] = json.dumps(made).encode()
        with pytest.raises(ToolError, match="operating system"):
            inspect(cache, tmp_path, images)
        looked = inspector(cache, tmp_path, Policy(without_system=True)).inspect("x", images)
        assert looked.evidence.scanned[0].system == ""
