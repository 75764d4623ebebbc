"""The station around the scanner: what is left when there is no evidence, and what is handed on when there is.

Trivy is a stand-in here, a script that writes the report that a test has for an image; the database is a real one.
"""

import importlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import github_server
import saved_images
import trivy_db
import vex_documents
from github_server import TOKEN, Reply, Request, Server
from image_layouts import Layout
from modelseal import station, tools
from modelseal.commands import scan_image
from modelseal.commands.scan_image import Outputs
from modelseal.errors import InputError, ModelsealError, ToolError
from modelseal.github import rest
from modelseal.image import archive as saved_archive
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode
from modelseal.vulnerabilities import database as database_room
from modelseal.vulnerabilities import database_fetch
from vulnerability_reports import ENABLED, SECRET, document, vulnerability

WRITE = (
    ENABLED + 'env >>"{seen}"; while [ $# -gt 1 ]; do case "$1" in --output) out=$2;; --input) in=$2;; '
    '--cache-dir) cache=$2;; esac; shift; done; cat "{reports}/$(basename "$in")" >"$out"'
)
NO_JAVA_INDEX = (
    r"printf '2026\tFATAL\tFatal error\tx: --skip-java-db-update'\'' cannot be specified on the first run\n' >&2; "
    "exit 1"
)
ZLIB = "pkg:deb/debian/zlib1g@1?arch=amd64"
HIGH, LOW = "CVE-2023-0001", "CVE-2023-0002"
BOTH = [vulnerability(), vulnerability(VulnerabilityID=LOW, Severity="LOW", PkgName="tar",
                                       PkgIdentifier={"PURL": "pkg:deb/debian/tar@1", "UID": "2"})]  # fmt: skip


def in_days(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


def waiver(id_: str = HIGH, days: int = 10, **more: str) -> str:
    fields = {"id": id_, "reason": "never reached", "owner": "ada", "expires": str(in_days(days))} | more
    return f"version: 1\nwaivers:\n  - {json.dumps(fields)}\n"


@dataclass
class Bench:
    """A folder to scan in: images, what the scanner says of each, and the station itself."""

    folder: Path
    database: Path
    monkeypatch: pytest.MonkeyPatch
    environ: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ["PATH"]})
    runs: int = 0

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def image(
        self, vulnerabilities: list[Any] | None = None, secrets: list[Any] | None = None, *, name: str = "small"
    ) -> Path:
        """Save an image, with a report about it; none is the same as another."""
        path = saved_images.saved(self.folder / f"{name}.tar", {"a": name.encode()})
        made = document(vulnerabilities, secrets)
        made["Metadata"]["ImageID"] = saved_archive.read(path).image_id
        self.says(path.name, made)
        return path

    def says(self, about: str, report: Mapping[str, Any] | bytes) -> None:
        """Let the scanner say something about an image: by its file's name, or `layout@sha256:…`."""
        content = report if isinstance(report, bytes) else json.dumps(report).encode()
        (self.folder / "reports").mkdir(exist_ok=True)
        (self.folder / "reports" / about).write_bytes(content)

    def file(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def run(self, *archives: Path, script: str = WRITE, **inputs: str) -> Outcome:
        texts = {name.replace("_", "-"): text for name, text in inputs.items()}
        texts.setdefault("archive", "\n".join(map(str, archives)))
        texts.setdefault("db-dir", str(self.database))
        return scan_image.run(station.read_inputs(scan_image.Inputs, texts), self.context(script))

    def context(self, script: str) -> Context:
        executable = self.folder / "trivy"
        filled = script.replace("{reports}", str(self.folder / "reports")).replace("{seen}", str(self.folder / "seen"))
        executable.write_text(f"#!/bin/sh\n{filled}\n")
        executable.chmod(0o755)
        tool = tools.Tool("trivy", "0.74.0", executable, "0" * 64)
        self.monkeypatch.setattr(tools, "provide", lambda *_arguments, **_options: tool)
        self.monkeypatch.chdir(self.folder)
        self.runs += 1
        temporary = self.folder / f"temporary-{self.runs}"
        temporary.mkdir()
        self.out.mkdir(exist_ok=True)
        return Context(self.out, self.environ, temporary)

    def scanned(self) -> bool:
        return (self.folder / "seen").exists()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trivy_db.unpack(tmp_path_factory.mktemp("database"), updated_at=trivy_db.now())


@pytest.fixture
def bench(tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, database, monkeypatch)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    importlib.import_module("modelseal.report.publishing")  # with the clock's type as it is
    monkeypatch.setattr(rest, "Patience", github_server.Clock().patience)
    with github_server.running() as running:
        yield running


def outputs(outcome: Outcome) -> Outputs:
    assert isinstance(outcome.outputs, Outputs)
    return outcome.outputs


def verdicts(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(Path(line).read_bytes()) for line in outputs(outcome).verdict.split("\n")]


def decisions(outcome: Outcome) -> dict[str, str]:
    return {item["id"]: item["decision"] for read in verdicts(outcome) for item in read["findings"]}


class TestWithoutEvidence:
    @staticmethod
    def stale(bench: Bench) -> None:
        bench.out.mkdir()
        for ending in ("verdict.json", "trivy.json", "sarif", "findings.txt", "report.html", "openvex.json"):
            (bench.out / f"small.{ending}").write_text('{"verdict": "passed"}')
        (bench.out / "small.trivy").mkdir()
        (bench.out / "small.trivy" / "linux-amd64.json").write_text('{"verdict": "passed"}')

    @pytest.mark.parametrize(
        ("script", "report"),
        [
            (WRITE, b""),
            (WRITE, b"{}"),
            (WRITE, json.dumps(document()).encode()),  # of another image
            (WRITE.replace("[vuln]", "[nothing]").replace("Vulnerability scanning", "Nothing"), None),
            ("true", None),
            ("exit 3", None),
            ("kill -9 $$", None),
            (f"{WRITE}; exit 1", None),
            (f"{WRITE}; printf 'now\\tERROR\\tx\\n' >&2", None),
            (f"{WRITE}; printf 'now\\tWARN\\tThis OS version is not on the EOL list\\n' >&2", None),
            (f'{WRITE}; printf \'now\\tDEBUG\\tAnalysis error\\tfile_path="a/METADATA" err="x"\\n\' >&2', None),
        ],
    )
    def test_there_is_no_verdict_and_no_earlier_one(self, bench: Bench, script: str, report: bytes | None) -> None:
        self.stale(bench)
        image = bench.image()
        if report is not None:
            bench.says(image.name, report)
        with pytest.raises(ToolError):
            bench.run(image, script=script)
        assert list(bench.out.iterdir()) == []

    def test_an_unreadable_archive_leaves_no_earlier_verdict(self, bench: Bench) -> None:
        self.stale(bench)
        bench.file("small.tar", b"cut off")
        with pytest.raises(ModelsealError):
            bench.run(bench.folder / "small.tar")
        assert list(bench.out.iterdir()) == []

    def test_a_missing_archive_leaves_no_earlier_verdict(self, bench: Bench) -> None:
        self.stale(bench)
        with pytest.raises(InputError, match="no such archive"):
            bench.run(bench.folder / "small.tar")
        assert list(bench.out.iterdir()) == []

    def test_the_second_of_several_images_without_evidence_is_an_error(self, bench: Bench) -> None:
        images = [bench.image(name=name) for name in ("one", "two")]
        bench.says("two.tar", b"")
        with pytest.raises(ToolError):
            bench.run(*images)

    @pytest.mark.parametrize(
        "change",
        [
            lambda folder: (folder / "db" / "trivy.db").write_bytes(b"db"),
            lambda folder: os.truncate(folder / "db" / "trivy.db", 100_000),
            lambda folder: (folder / "db" / "metadata.json").unlink(),
            lambda folder: (folder / "db" / "metadata.json").write_text('{"Version": 2}'),
        ],
    )
    def test_a_damaged_database_is_an_error(self, bench: Bench, change: Callable[[Path], Any]) -> None:
        folder = trivy_db.unpack(bench.folder / "cache", updated_at=trivy_db.now())
        change(folder)
        with pytest.raises(ToolError):
            bench.run(bench.image(), db_dir=str(folder))
        assert not bench.scanned()


class TestWrongInputs:
    @pytest.mark.parametrize(
        ("inputs", "what"),
        [
            ({"scanners": "licence"}, "licence"),
            ({"fail_on": "high"}, "high"),
            ({"ignore_unfixed": "yes"}, "yes"),
            ({"db_repository": "a/b"}, "both given"),
            ({"location": "../../etc/passwd"}, "outside of the repository"),
            ({"platforms": "linux/pdp-11"}, "pdp-11"),
            ({"image": "a\nb"}, "2 lines"),
            ({"archive": ""}, "nothing to scan"),
            ({"archive": "small.tar\nsmall.tar"}, "twice"),
            ({"policy": "missing.yml"}, "cannot be read"),
            ({"policy": "."}, "not a file"),
            ({"vex": "missing.json"}, "cannot be read"),
            ({"baseline": "missing.json"}, "cannot be read"),
        ],
    )
    def test_are_said_before_anything_is_scanned(self, bench: Bench, inputs: dict[str, str], what: str) -> None:
        with pytest.raises(InputError) as caught:
            bench.run(bench.image(), **inputs)
        assert what in str(caught.value)
        assert caught.value.mend
        assert not bench.scanned()

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("policy", "version: 1\nvulnerabilities: {fail-on: [high]}\n"),
            ("policy", "version: 2\n"),
            ("policy", waiver(days=1000)),
            ("vex", '{"@context": "https://openvex.dev/ns/v0.2.0"}'),
            ("vex", vex_documents.packed(vex_documents.openvex(vex_documents.said(justification=None))).decode()),
            ("baseline", "{}"),
            ("baseline", '{"schema": "x"}'),
        ],
    )  # fmt: skip
    def test_a_wrong_document_is_said_before_anything_is_scanned(self, bench: Bench, name: str, content: str) -> None:
        path = bench.file("document", content)
        inputs = station.read_inputs(scan_image.Inputs, {"archive": str(bench.image()), name: path})
        bench.monkeypatch.chdir(bench.folder)
        with pytest.raises(InputError) as caught:
            scan_image.check(inputs)  # what the chain calls before it builds
        assert path in caught.value.where
        with pytest.raises(InputError):
            bench.run(bench.image(), **{name: path})
        assert not bench.scanned()

    def test_a_wrong_policy_at_the_usual_place_is_not_passed_over(self, bench: Bench) -> None:
        bench.file(".github/modelseal.yml", "version: 1\nwaiver: []\n")
        with pytest.raises(InputError, match="waivers"):
            bench.run(bench.image())
        assert not bench.scanned()


class TestVerdict:
    def test_evidence_becomes_a_verdict(self, bench: Bench) -> None:
        outcome = bench.run(bench.image(BOTH, [SECRET]))
        assert outcome.exit_code is ExitCode.GATE_FAILED
        made = outputs(outcome)
        assert verdicts(outcome)[0]["verdict"] == "failed"
        assert Path(made.report).read_bytes() == (bench.folder / "reports" / "small.tar").read_bytes()
        assert (made.critical_count, made.high_count, made.failing_count, made.waived_count) == ("1", "1", "2", "0")
        assert made.new_count == ""
        assert {path.name for path in bench.out.iterdir()} == {
            f"small.{ending}"
            for ending in ("verdict.json", "trivy.json", "sarif", "findings.txt", "report.html", "openvex.json")
        }

    def test_a_pass_needs_a_report_of_this_image(self, bench: Bench) -> None:
        outcome = bench.run(bench.image())
        assert outcome.exit_code is ExitCode.PASSED
        assert verdicts(outcome)[0]["verdict"] == "passed"
        assert outputs(outcome).openvex == ""

    def test_there_are_never_more_annotations_than_are_shown(self, bench: Bench) -> None:
        many = [
            vulnerability(VulnerabilityID=f"CVE-2023-{number}", PkgName=f"p{number}",
                          PkgIdentifier={"PURL": f"pkg:deb/debian/p{number}@1", "UID": str(number)})
            for number in range(1000, 1040)
        ]  # fmt: skip
        bench.file(
            ".github/modelseal.yml", waiver("CVE-1999-0001", 3) + waiver("CVE-1999-0002", -3).partition("waivers:\n")[2]
        )
        outcome = bench.run(*(bench.image(many, name=name) for name in ("one", "two", "three", "four", "five")))
        assert len(outcome.annotations) == 9
        assert outcome.annotations[0].level == "error"
        one = bench.run(bench.image(many))
        assert len(one.annotations) == 9
        assert [item.level for item in one.annotations] == ["error"] * 7 + ["warning"] * 2

    def test_what_may_be_unreadable_is_shown(self, bench: Bench) -> None:
        gap = f'{WRITE}; printf \'now\\tDEBUG\\tAnalysis error\\tfile_path="srv/tests/bad.jar" err="broken"\\n\' >&2'
        bench.file(".github/modelseal.yml", 'version: 1\nscan: {unreadable: ["srv/tests/**"]}\n')
        outcome = bench.run(bench.image(), script=gap)
        assert outcome.exit_code is ExitCode.PASSED
        assert any("srv/tests/bad.jar" in text for text in verdicts(outcome)[0]["not_looked_at"]["unread"])
        assert "bad.jar" in outcome.summary
        assert "srv/tests/bad.jar" in Path(outputs(outcome).html).read_text()

    def test_the_scanner_sees_no_token(self, bench: Bench) -> None:
        bench.environ |= {
            "GITHUB_TOKEN": TOKEN,
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": TOKEN,
            "AWS_SECRET_ACCESS_KEY": TOKEN,
        }
        bench.run(bench.image(), github_token=TOKEN)
        assert bench.scanned()
        assert TOKEN not in (bench.folder / "seen").read_text()


class TestPolicy:
    def test_is_found_at_the_usual_place(self, bench: Bench) -> None:
        bench.file(".github/modelseal.yml", waiver())
        outcome = bench.run(bench.image(BOTH))
        assert outcome.exit_code is ExitCode.PASSED
        assert decisions(outcome) == {HIGH: "waived", LOW: "below"}
        assert outputs(outcome).waived_count == "1"
        assert verdicts(outcome)[0]["policy"]["source"] == ".github/modelseal.yml"
        assert "never reached" in outcome.summary

    def test_that_is_given_counts_alone(self, bench: Bench) -> None:
        bench.file(".github/modelseal.yml", waiver())
        other = bench.file("other.yml", "version: 1\nvulnerabilities: {fail-on: [LOW]}\n")
        outcome = bench.run(bench.image(BOTH), policy=other)
        assert decisions(outcome) == {HIGH: "below", LOW: "fails"}

    def test_an_expired_waiver_waives_nothing_and_is_named(self, bench: Bench) -> None:
        bench.file(".github/modelseal.yml", waiver(days=-1))
        outcome = bench.run(bench.image(BOTH))
        assert outcome.exit_code is ExitCode.GATE_FAILED
        assert decisions(outcome)[HIGH] == "fails"
        assert any(item.level == "warning" and "expired" in item.text for item in outcome.annotations)
        assert bench.run(bench.image(BOTH), fail_on="CRITICAL").exit_code is ExitCode.PASSED

    def test_inputs_override_it(self, bench: Bench) -> None:
        bench.file(".github/modelseal.yml", "version: 1\nvulnerabilities: {fail-on: [LOW], ignore-unfixed: true}\n")
        unfixed = [BOTH[0], {key: value for key, value in BOTH[1].items() if key != "FixedVersion"}]
        image = bench.image(unfixed)
        assert decisions(bench.run(image)) == {HIGH: "below", LOW: "unfixed"}
        assert decisions(bench.run(image, ignore_unfixed="false")) == {HIGH: "below", LOW: "fails"}
        assert decisions(bench.run(image, fail_on="HIGH")) == {HIGH: "fails", LOW: "below"}
        assert decisions(bench.run(image, fail_on="HIGH,LOW", ignore_unfixed="false")) == {HIGH: "fails", LOW: "fails"}

    def test_an_input_is_no_bar_for_what_it_does_not_speak_of(self, bench: Bench) -> None:
        bench.file(".github/modelseal.yml", "version: 1\nsecrets: {fail-on: [LOW]}\n")
        image = bench.image(None, [SECRET])
        assert bench.run(image).exit_code is ExitCode.PASSED
        assert bench.run(image, fail_on="CRITICAL").exit_code is ExitCode.GATE_FAILED


class TestVex:
    def test_what_does_not_affect_the_image_does_not_fail(self, bench: Bench) -> None:
        statement = vex_documents.said("not_affected", ZLIB, cve=HIGH)
        vex = bench.file("vex.json", vex_documents.packed(vex_documents.openvex(statement)))
        outcome = bench.run(bench.image(BOTH), vex=vex)
        assert outcome.exit_code is ExitCode.PASSED
        assert decisions(outcome)[HIGH] == "not-affected"
        assert "Ada" in outcome.summary
        assert HIGH in Path(outputs(outcome).openvex).read_text()

    @pytest.mark.parametrize("product", ["pkg:deb/debian/zlib1g@2", "pkg:deb/debian/zlib1g-dev@1", "pkg:npm/zlib1g@1"])
    def test_about_another_package_it_says_nothing(self, bench: Bench, product: str) -> None:
        statement = vex_documents.said("not_affected", product, cve=HIGH)
        vex = bench.file("vex.json", vex_documents.packed(vex_documents.openvex(statement)))
        assert bench.run(bench.image(BOTH), vex=vex).exit_code is ExitCode.GATE_FAILED


class TestBaseline:
    NEW_ONLY = "version: 1\nvulnerabilities: {fail-on-new-only: true}\n"

    def earlier(self, bench: Bench, image: str, vulnerabilities: list[Any], *, name: str = "earlier") -> str:
        written = Path(outputs(bench.run(bench.image(vulnerabilities), image=image)).verdict)
        return bench.file(f"{name}.json", written.read_bytes())

    def test_itself_gives_nothing_new(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        baseline = self.earlier(bench, "team/fraud:1", BOTH)
        caplog.clear()
        bench.file(".github/modelseal.yml", self.NEW_ONLY)
        outcome = bench.run(bench.image(BOTH), image="team/fraud:2", baseline=baseline)
        assert (outcome.exit_code, outputs(outcome).new_count) == (ExitCode.PASSED, "0")
        assert decisions(outcome)[HIGH] == "known"
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]  # another tag is the same

    def test_what_it_does_not_have_is_new_and_fails(self, bench: Bench) -> None:
        baseline = self.earlier(bench, "team/fraud:1", BOTH[1:])
        bench.file(".github/modelseal.yml", self.NEW_ONLY)
        outcome = bench.run(bench.image(BOTH), image="team/fraud:2", baseline=baseline)
        assert (outcome.exit_code, outputs(outcome).new_count) == (ExitCode.GATE_FAILED, "1")

    def test_what_is_known_fails_all_the_same_without_a_policy(self, bench: Bench) -> None:
        baseline = self.earlier(bench, "team/fraud:1", BOTH)
        outcome = bench.run(bench.image(BOTH), image="team/fraud:2", baseline=baseline)
        assert (outcome.exit_code, outputs(outcome).new_count) == (ExitCode.GATE_FAILED, "0")

    def test_of_another_name_is_a_warning(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        baseline = self.earlier(bench, "team/churn:1", BOTH)
        outcome = bench.run(bench.image(BOTH), image="team/fraud:2", baseline=baseline)
        assert outputs(outcome).new_count == "0"
        assert "The baseline is of team/churn:1, not of team/fraud:2." in caplog.text

    def test_each_of_several_images_has_its_own(self, bench: Bench) -> None:
        given = [self.earlier(bench, f"team/{name}:1", found, name=name)
                 for name, found in (("churn", BOTH[1:]), ("fraud", BOTH))]  # fmt: skip
        images = [bench.image(BOTH, name=name) for name in ("fraud", "churn")]
        outcome = bench.run(*images, image="team/fraud:2\nteam/churn:2", baseline="\n".join(given))
        assert outputs(outcome).new_count == "1"
        novel = [{item["id"]: item["novelty"] for item in read["findings"]} for read in verdicts(outcome)]
        assert novel == [{HIGH: "known", LOW: "known"}, {HIGH: "new", LOW: "known"}]


class TestSeveralImages:
    def test_each_has_a_line_of_every_output_and_files_of_its_own(self, bench: Bench) -> None:
        (bench.folder / "other").mkdir()
        images = [bench.image(BOTH, name="small"), bench.image(name="big")]
        third = images[0].rename(bench.folder / "other" / "small.tar")
        images = [bench.image(BOTH), images[1], third]  # the same bytes in two places
        outcome = bench.run(*images)
        assert outcome.exit_code is ExitCode.GATE_FAILED  # though one passes
        made = outputs(outcome)
        for name in ("verdict", "report", "sarif", "table", "html"):
            lines = getattr(made, name).split("\n")
            assert len(set(lines)) == len(lines) == 3
            assert all(Path(line).is_file() for line in lines)
        assert [read["verdict"] for read in verdicts(outcome)] == ["failed", "passed", "failed"]
        assert (made.high_count, made.failing_count) == ("2", "2")
        assert outcome.headline.count("; the gate ") == 2

    def test_all_of_them_must_pass(self, bench: Bench) -> None:
        assert bench.run(bench.image(name="one"), bench.image(name="two")).exit_code is ExitCode.PASSED

    @pytest.mark.parametrize("category", ["", "mine"])
    def test_each_has_a_category_of_its_own(self, bench: Bench, category: str) -> None:
        images = [bench.image(BOTH, name=name) for name in ("one", "two", "three")]
        names = "team/fraud:1\nteam/fraud:2\nteam/churn:1"  # two tags of one image, which are one category alone
        made = outputs(bench.run(*images, image=names, sarif_category=category))
        logs = [json.loads(Path(line).read_bytes()) for line in made.sarif.split("\n")]
        found = [log["runs"][0]["automationDetails"]["id"] for log in logs]
        assert len(set(found)) == 3


class TestPlatforms:
    @staticmethod
    def index(bench: Bench, **found: list[Any]) -> tuple[Path, dict[str, str]]:
        """Save an index of images, one for each architecture, with a report about each, and what BuildKit adds."""
        layout = Layout()
        entries = {name: layout.image({"a": name.encode()}, f"linux/{name}") for name in found}
        layout.top = [layout.index(*entries.values(), *map(layout.attestation, entries.values()))]
        for name, entry in entries.items():
            report = document(found[name])
            manifest = json.loads(layout.blobs[entry["digest"]])
            report["Metadata"]["ImageID"] = manifest["config"]["digest"]
            bench.says(f"layout@{entry['digest']}", report)
        digests = {name: entry["digest"] for name, entry in entries.items()}
        return layout.archive(bench.folder / "index.tar"), digests | {"": layout.top[0]["digest"]}

    def test_one_vulnerable_platform_fails_the_index(self, bench: Bench) -> None:
        archive, digests = self.index(bench, amd64=[], arm64=BOTH)
        outcome = bench.run(archive)
        assert outcome.exit_code is ExitCode.GATE_FAILED
        (read,) = verdicts(outcome)
        assert read["subject"]["digest"] == digests[""]
        assert [(item["platform"], item["digest"]) for item in read["subject"]["platforms"]] == [
            ("linux/amd64", digests["amd64"]), ("linux/arm64", digests["arm64"]),
        ]  # fmt: skip
        assert {item["platform"] for item in read["findings"]} == {"linux/arm64"}
        assert read["not_looked_at"]["attestations"] == 2
        reports = [Path(line) for line in outputs(outcome).report.split("\n")]
        assert [path.relative_to(bench.out).as_posix() for path in reports] == [
            "index.trivy/linux-amd64.json", "index.trivy/linux-arm64.json",
        ]  # fmt: skip
        assert "linux/arm64" in outcome.annotations[0].text

    def test_the_platform_without_evidence_is_named(self, bench: Bench) -> None:
        archive, digests = self.index(bench, amd64=[], arm64=[])
        bench.says(f"layout@{digests['arm64']}", b"")
        with pytest.raises(ToolError) as caught:
            bench.run(archive)
        assert "linux/arm64" in caught.value.where
        assert list(bench.out.iterdir()) == []

    def test_what_nobody_asked_for_is_said_to_be_left_out(self, bench: Bench) -> None:
        archive, _ = self.index(bench, amd64=[], arm64=BOTH)
        outcome = bench.run(archive, platforms="linux/amd64")
        assert outcome.exit_code is ExitCode.PASSED
        assert verdicts(outcome)[0]["not_looked_at"]["platforms"] == ["linux/arm64"]
        assert "linux/arm64" in outcome.summary
        with pytest.raises(InputError, match=r"linux/s390x"):
            bench.run(archive, platforms="linux/s390x")

    def test_reports_of_an_earlier_run_are_gone(self, bench: Bench) -> None:
        archive, _ = self.index(bench, amd64=[], arm64=[])
        bench.run(archive)
        archive, _ = self.index(bench, amd64=[])
        bench.run(archive)
        assert not (bench.out / "index.trivy" / "linux-arm64.json").exists()


class TestJavaIndex:
    def test_is_not_fetched_beside_a_given_database(self, bench: Bench) -> None:
        with pytest.raises(ToolError, match="Java DB") as caught:
            bench.run(bench.image(), script=NO_JAVA_INDEX)
        assert "java-db" in caught.value.mend

    @pytest.mark.parametrize("helps", [True, False])
    def test_is_fetched_once_when_it_is_missing(self, bench: Bench, *, helps: bool) -> None:
        own = trivy_db.unpack(bench.folder / "own", updated_at=trivy_db.now())
        fetched = []

        def java_index(*_: object, **__: object) -> None:
            fetched.append(1)
            if helps:
                (own / "java-db").mkdir()

        bench.environ["RUNNER_TOOL_CACHE"] = str(bench.folder)
        bench.monkeypatch.setattr(database_fetch, "current", lambda *_, **__: database_room.read(own))
        bench.monkeypatch.setattr(database_fetch, "java_index", java_index)
        needing = WRITE.replace('cat "', f'[ -d "$cache/java-db" ] || {{ {NO_JAVA_INDEX}; }}; cat "')
        image = bench.image()
        if helps:
            assert bench.run(image, script=needing, db_dir="").exit_code is ExitCode.PASSED
        else:
            with pytest.raises(ToolError, match="Java DB"):
                bench.run(image, script=needing, db_dir="")
        assert fetched == [1]


class TestPublishing:
    SCAN = "/repos/octo/model/code-scanning/sarifs"

    @staticmethod
    def taking(request: Request) -> Reply:
        if request.method == "POST" and request.path.endswith("/sarifs"):
            return Reply(202, {"id": "abc-123"})
        if "/sarifs/" in request.path:
            return Reply(body={"processing_status": "complete"})
        if "/comments" in request.path and request.method == "GET":
            return Reply(body=[])
        if "/comments" in request.path:
            return Reply(201, {"id": 5, "html_url": "https://github.com/octo/model/pull/7#issuecomment-5",
                               "user": {"login": "github-actions[bot]"}, "body": request.body["body"]})  # fmt: skip
        return Reply(body={"data": {"viewer": {"login": "github-actions[bot]"}}})

    @staticmethod
    def on(bench: Bench, server: Server, **more: str) -> None:
        payload = github_server.pull_request()
        bench.environ |= server.environ(bench.folder, "pull_request", payload, GITHUB_REF="refs/pull/7/merge") | more

    def run(self, bench: Bench, *images: Path, token: str = TOKEN, **inputs: str) -> Outcome:
        return bench.run(*images, github_token=token, upload_sarif="true", comment="true", **inputs)

    def test_alerts_and_a_comment(self, bench: Bench, server: Server) -> None:
        self.on(bench, server)
        server.answer = self.taking
        assert self.run(bench, bench.image(BOTH)).exit_code is ExitCode.GATE_FAILED
        asked = server.asked()
        assert ("POST", self.SCAN) in asked
        assert sum(method == "POST" and "comments" in path for method, path in asked) == 1

    def test_nothing_is_sent_unasked(self, bench: Bench, server: Server) -> None:
        self.on(bench, server)
        bench.run(bench.image(BOTH), github_token=TOKEN)
        assert server.requests == []

    @pytest.mark.parametrize("status", [401, 422, 500])
    def test_what_fails_never_hides_a_gate_that_failed(
        self, bench: Bench, server: Server, caplog: pytest.LogCaptureFixture, status: int
    ) -> None:
        self.on(bench, server)
        server.answer = lambda _request: Reply(status, {"message": "because"})
        outcome = self.run(bench, bench.image(BOTH))
        assert outcome.exit_code is ExitCode.GATE_FAILED
        assert verdicts(outcome)[0]["verdict"] == "failed"
        assert [
            record for record in caplog.records if record.levelno == logging.WARNING and "because" in record.message
        ]

    @pytest.mark.parametrize("status", [401, 422, 500])
    def test_what_fails_is_an_error_where_the_gate_passed(self, bench: Bench, server: Server, status: int) -> None:
        self.on(bench, server)
        server.answer = lambda _request: Reply(status, {"message": "because"})
        with pytest.raises(ToolError):
            self.run(bench, bench.image())
        assert json.loads((bench.out / "small.verdict.json").read_bytes())["verdict"] == "passed"

    @pytest.mark.parametrize("change", [{"token": "not\u00a0a token"}, {"GITHUB_API_URL": "http://evil.example"}])
    def test_a_wrong_token_or_address_does_not_hide_it_either(
        self, bench: Bench, server: Server, change: dict[str, str]
    ) -> None:
        self.on(bench, server)
        token = change.pop("token", TOKEN)
        bench.environ |= change
        assert self.run(bench, bench.image(BOTH), token=token).exit_code is ExitCode.GATE_FAILED
        with pytest.raises(InputError):
            self.run(bench, bench.image(), token=token)

    def test_a_fork_is_a_notice(self, bench: Bench, server: Server, caplog: pytest.LogCaptureFixture) -> None:
        self.on(bench, server)
        bench.environ |= server.environ(bench.folder, "pull_request", github_server.pull_request(head="mallory/model"),
                                        GITHUB_REF="refs/pull/7/merge")  # fmt: skip
        server.answer = lambda _request: Reply(403, {"message": "Resource not accessible by integration"})
        assert self.run(bench, bench.image()).exit_code is ExitCode.PASSED
        assert "Nothing was uploaded" in caplog.text
        assert "no comment" in caplog.text

    def test_without_a_token_it_is_a_notice(self, bench: Bench, server: Server) -> None:
        self.on(bench, server)
        assert self.run(bench, bench.image(), token="").exit_code is ExitCode.PASSED
        assert server.requests == []

    @pytest.mark.parametrize("status", [200, 401, 403, 500])
    def test_the_token_is_nowhere(
        self, bench: Bench, server: Server, caplog: pytest.LogCaptureFixture, status: int
    ) -> None:
        caplog.set_level(logging.DEBUG)
        self.on(bench, server)
        said = {"message": f"no: {TOKEN}", "documentation_url": f"https://x.example/{TOKEN}"}
        server.answer = self.taking if status == 200 else lambda _request: Reply(status, said)
        outcome = self.run(bench, bench.image(BOTH))
        assert server.requests
        assert all(request.headers["authorization"] == f"Bearer {TOKEN}" for request in server.requests)
        shown = [caplog.text, repr(outcome), *(path.read_text() for path in bench.out.iterdir())]
        assert not [text for text in shown if TOKEN in text]
