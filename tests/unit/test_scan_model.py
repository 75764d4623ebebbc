"""Station `scan-model` from files to a verdict that is attested and verified; the formats have tests of their own."""

import base64
import gzip
import hashlib
import importlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import attestation_material
import github_server
from github_server import TOKEN, Reply, Server
from modelseal import station
from modelseal.commands import attest, hash_artifacts, scan_model, verify
from modelseal.errors import InputError, ToolError, VerificationFailed
from modelseal.github import rest
from modelseal.models import inspection
from modelseal.models.walking import Report
from modelseal.station import Context, Outcome
from modelseal.verdict import ExitCode

pytestmark = pytest.mark.slow  # each runs the station or its processes

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "model-verdict.schema.json").read_bytes())
SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()


def safetensors(value: bytes = b"\0\0\0\0") -> bytes:
    header = json.dumps({"weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + value


GOOD = safetensors()
DISGUISED = gzip.compress(GOOD, mtime=0)  # HIGH, where it is called .safetensors
UNKNOWN = b"no format that anybody knows \0"


class Bench:
    """A folder with models, and what scanning them gives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder.parent / "out"
        self.put("model/weights.safetensors", GOOD)

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def context(self) -> Context:
        self.out.mkdir(exist_ok=True)
        temporary = self.out.parent / "temporary"
        temporary.mkdir(exist_ok=True)
        return Context(output_dir=self.out, environ=dict(os.environ), temp_dir=temporary)

    def run(self, **texts: str) -> Outcome:
        inputs = station.read_inputs(scan_model.Inputs, {"paths": "model", "workers": "1"} | texts)
        return scan_model.run(inputs, self.context())

    def hashed(self, **texts: str) -> str:
        inputs = station.read_inputs(hash_artifacts.Inputs, {"paths": "model"} | texts)
        made: str = hash_artifacts.run(inputs, self.context()).outputs.manifest
        return made


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return Bench(tmp_path / "here")


def outputs(outcome: Outcome) -> scan_model.Outputs:
    assert isinstance(outcome.outputs, scan_model.Outputs)
    return outcome.outputs


def verdict(outcome: Outcome) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(Path(outputs(outcome).verdict).read_bytes())
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(value)
    return value


class TestVerdict:
    def test_a_clean_model_passes_with_evidence_of_every_file(self, bench: Bench) -> None:
        bench.put("model/sub/more.safetensors", GOOD)
        outcome = bench.run()
        assert outcome.exit_code is ExitCode.PASSED
        value = verdict(outcome)
        assert [(item["name"], item["formats"], item["sha256"]) for item in value["files"]] == [
            ("sub/more.safetensors", ["safetensors"], ""),
            ("weights.safetensors", ["safetensors"], ""),
        ]
        assert value["subject"] == {"name": "model", "digest": ""}
        assert value["root"] == "model"
        assert outputs(outcome).scanned_count == "2"
        assert outputs(outcome).findings_count == "0"
        assert {path.name for path in bench.out.iterdir()} == {
            f"model.{ending}" for ending in ("verdict.json", "sarif", "findings.txt", "report.html")
        }

    def test_a_disguised_file_fails_at_its_place_in_the_repository(self, bench: Bench) -> None:
        bench.put("model/sub/other.safetensors", DISGUISED)
        outcome = bench.run()
        assert outcome.exit_code is ExitCode.GATE_FAILED
        finding = next(item for item in verdict(outcome)["findings"] if item["decision"] == "fails")
        assert (finding["id"], finding["file"]) == ("disguised", "sub/other.safetensors")
        assert outcome.annotations[0].file == "model/sub/other.safetensors"
        sarif = json.loads(Path(outputs(outcome).sarif).read_bytes())
        place = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert place == "model/sub/other.safetensors"
        assert sarif["runs"][0]["automationDetails"]["id"] == "modelseal/scan-model/model/"

    @pytest.mark.parametrize("content", [UNKNOWN, GOOD[:-1], GOOD[:20]], ids=["unknown", "cut", "cut in its header"])
    def test_what_cannot_be_read_never_passes(self, bench: Bench, content: bytes) -> None:
        bench.put("model/weights.safetensors", content)
        assert bench.run().exit_code is ExitCode.GATE_FAILED

    def test_the_same_bytes_give_the_same_verdict_with_any_number_of_workers(self, bench: Bench) -> None:
        for number in range(4):
            bench.put(f"model/{number}.safetensors", DISGUISED)
        kept = []
        for workers in ("1", "2"):
            value = verdict(bench.run(workers=workers))
            kept.append({key: value[key] for key in value if key not in ("started_at", "scanned_at")})
        assert kept[0] == kept[1]

    def test_names_are_relative_to_the_current_directory_where_there_is_more_than_one_path(self, bench: Bench) -> None:
        bench.put("b.safetensors", DISGUISED)
        value = verdict(bench.run(paths="model\nb.safetensors"))
        assert [item["name"] for item in value["files"]] == ["b.safetensors", "model/weights.safetensors"]
        assert value["subject"]["name"] == "here"

    def test_what_is_left_out_is_named(self, bench: Bench) -> None:
        bench.put("model/logs/x.log", UNKNOWN)
        outcome = bench.run(ignore="logs")
        assert outcome.exit_code is ExitCode.PASSED
        assert verdict(outcome)["not_looked_at"] == ["logs"]
        assert "because somebody said so: logs" in outcome.summary

    def test_a_second_run_does_not_look_into_what_the_first_has_written(self, bench: Bench) -> None:
        bench.out = bench.folder / "model"
        first, second = verdict(bench.run()), verdict(bench.run())
        assert [item["name"] for item in second["files"]] == [item["name"] for item in first["files"]]


class TestRefused:
    @pytest.mark.parametrize(
        ("paths", "message"),
        [("empty", "no file"), ("missing", "does not exist"), ("*.pt", "matches nothing"), ("../else", "outside")],
    )
    def test_no_file_is_no_pass(self, bench: Bench, paths: str, message: str) -> None:
        (bench.folder / "empty").mkdir()
        (bench.folder.parent / "else").write_bytes(GOOD)
        with pytest.raises(InputError, match=message):
            bench.run(paths=paths)

    def test_everything_left_out_is_no_pass(self, bench: Bench) -> None:
        with pytest.raises(InputError, match="no file"):
            bench.run(ignore="*")

    @pytest.mark.parametrize("target", ["/etc/passwd", "missing", "."])
    def test_links_that_lead_elsewhere(self, bench: Bench, target: str) -> None:
        (bench.folder / "model" / "link").symlink_to(target)
        with pytest.raises(InputError):
            bench.run()

    def test_a_pipe_is_not_waited_for(self, bench: Bench) -> None:
        os.mkfifo(bench.folder / "model" / "pipe")
        with pytest.raises(InputError, match="named pipe"):
            bench.run()

    @pytest.mark.parametrize("word", ["UNKNOWN", "high", "none", ","])
    def test_no_word_that_fails_nothing(self, bench: Bench, word: str) -> None:
        with pytest.raises(InputError):
            bench.run(**{"fail-on": word})

    @pytest.mark.parametrize(
        ("policy", "message"),
        [
            ("models: {denied-formats: [pickl]}\n", "a format that there is not: pickl"),
            ("models: {fail-on: []}\n", "The list is empty"),
            ("models:\n  rules: [{paths: [a], allowed-formats: [safetensor]}]\n", "there is not: safetensor"),
        ],
    )
    def test_a_policy_that_means_nothing(self, bench: Bench, policy: str, message: str) -> None:
        bench.put(".github/modelseal.yml", f"version: 1\n{policy}")
        with pytest.raises(InputError, match=message):
            bench.run()

    def test_a_scan_without_a_verdict_leaves_none_of_an_earlier_one(self, bench: Bench) -> None:
        earlier = Path(outputs(bench.run()).verdict)
        manifest = bench.hashed()
        bench.put("model/weights.safetensors", safetensors(b"abcd"))
        with pytest.raises(VerificationFailed):
            bench.run(manifest=manifest)
        assert not earlier.exists()


class TestPolicy:
    DENY = """version: 1
models:
  rules:
    - paths: ["production/**"]
      allowed-formats: [safetensors]
"""

    def test_a_format_that_may_not_be_there_fails(self, bench: Bench) -> None:
        bench.put("p.yml", self.DENY)
        bench.put("model/production/a.gz", DISGUISED)
        bench.put("model/staging/a.gz", DISGUISED)
        outcome = bench.run(policy="p.yml")
        failing = [item for item in verdict(outcome)["findings"] if item["decision"] == "fails"]
        assert [(item["id"], item["file"]) for item in failing] == [("format-denied", "production/a.gz")]
        assert "only safetensors may be here by the rule in line 4 of p.yml" in failing[0]["what"]

    def test_a_folder_is_held_to_what_the_policy_says_of_its_path(self, bench: Bench) -> None:
        bench.put("p.yml", self.DENY)
        bench.put("production/a.gz", DISGUISED)
        assert bench.run(policy="p.yml", paths="production").exit_code is ExitCode.GATE_FAILED

    def test_a_waiver_lets_one_finding_through_and_its_own_file_only(self, bench: Bench) -> None:
        waiver = f"{{id: disguised, path: old.safetensors, expires: {SOON}, reason: Known., owner: ml}}"
        bench.put("p.yml", f"version: 1\nwaivers: [{waiver}]\n")
        bench.put("model/old.safetensors", DISGUISED)
        assert bench.run(policy="p.yml").exit_code is ExitCode.PASSED
        bench.put("model/new.safetensors", DISGUISED)
        outcome = bench.run(policy="p.yml")
        assert outcome.exit_code is ExitCode.GATE_FAILED
        assert [item["decision"] for item in verdict(outcome)["findings"]] == ["fails", "waived"]

    def test_waivers_for_images_are_not_called_unused(self, bench: Bench) -> None:
        common = f"expires: {SOON}, reason: Known., owner: ml"
        waivers = f"[{{id: CVE-2024-0001, {common}}}, {{id: aws-access-key-id, {common}}}, {{id: unread, {common}}}]"
        bench.put("p.yml", f"version: 1\nwaivers: {waivers}\n")
        value = verdict(bench.run(policy="p.yml"))
        assert [item["id"] for item in value["waivers"]["unused"]] == ["unread"]

    def test_unread_can_be_a_warning(self, bench: Bench) -> None:
        bench.put("p.yml", "version: 1\nmodels: {unread: warn}\n")
        bench.put("model/x", UNKNOWN)
        outcome = bench.run(policy="p.yml")
        assert outcome.exit_code is ExitCode.PASSED
        assert [item.level for item in outcome.annotations] == ["warning"]

    @pytest.mark.parametrize(
        ("word", "code"),
        [("CRITICAL", ExitCode.PASSED), ("HIGH", ExitCode.GATE_FAILED), ("LOW", ExitCode.GATE_FAILED)],
    )
    def test_the_input_counts_in_place_of_the_policy_s(self, bench: Bench, word: str, code: ExitCode) -> None:
        bench.put("p.yml", "version: 1\nmodels: {fail-on: [MEDIUM]}\n")
        bench.put("model/x.safetensors", DISGUISED)
        assert bench.run(policy="p.yml", **{"fail-on": word}).exit_code is code


class TestManifest:
    def test_the_verdict_is_bound_to_the_manifest_and_every_byte(self, bench: Bench) -> None:
        bench.put("model/logs/x", UNKNOWN)
        manifest = bench.hashed(ignore="logs")
        outcome = bench.run(manifest=manifest)
        assert outcome.exit_code is ExitCode.PASSED
        value = verdict(outcome)
        digest = hashlib.sha256(Path(manifest).read_bytes()).hexdigest()
        assert value["subject"] == {"name": "model", "digest": f"sha256:{digest}"}
        assert value["files"][0]["sha256"] == hashlib.sha256(GOOD).hexdigest()
        assert value["not_looked_at"] == ["logs"]
        assert f"the manifest `sha256:{digest[:12]}` names" in outcome.summary

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda bench: bench.put("model/weights.safetensors", safetensors(b"abcd")), "changed: weights"),
            (lambda bench: bench.put("model/more.safetensors", GOOD), "not in the manifest: more"),
            (lambda bench: (bench.folder / "model/a\nb.safetensors").unlink(), r"missing: a\\nb"),
        ],
        ids=["changed", "added", "missing"],
    )
    def test_other_files_are_no_evidence(self, bench: Bench, change: Callable[[Bench], object], message: str) -> None:
        bench.put("model/a\nb.safetensors", GOOD)
        manifest = bench.hashed()
        change(bench)
        with pytest.raises(VerificationFailed, match=message):
            bench.run(manifest=manifest)

    def test_a_file_that_could_not_be_hashed_is_none_of_the_manifest(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        manifest = bench.hashed()
        report = inspection.FileReport("weights.safetensors", Report(84, ("safetensors",), (), (), ()))
        monkeypatch.setattr(inspection, "inspect_files", lambda *_args, **_more: (report,))
        with pytest.raises(VerificationFailed, match="not read to its end: weights"):
            bench.run(manifest=manifest)

    def test_a_link_that_the_manifest_does_not_know(self, bench: Bench) -> None:
        manifest = bench.hashed()
        file = bench.folder / "model/weights.safetensors"
        file.rename(bench.folder / "model/real")
        file.symlink_to("real")
        with pytest.raises(InputError, match="symbolic link"):
            bench.run(manifest=manifest, ignore="real")

    @pytest.mark.parametrize("content", [b"", b"{}", b'{"_type": 1}', b"\xff", b"[" * 9999])
    def test_what_is_no_manifest(self, bench: Bench, content: bytes) -> None:
        with pytest.raises(InputError, match="manifest"):
            bench.run(manifest=str(bench.put("m.json", content)))

    @pytest.mark.parametrize("name", ["missing.json", ".", "pipe"])
    def test_what_is_no_file(self, bench: Bench, name: str) -> None:
        os.mkfifo(bench.folder / "pipe")
        with pytest.raises(InputError, match="manifest"):
            bench.run(manifest=name)


class TestAttested:
    def attested(self, bench: Bench, **changes: Any) -> Outcome:
        inputs = attestation_material.project(bench.folder.parent)
        inputs = replace(inputs, image="", digest="", archive=None, sbom=(), **changes)
        return attest.run(inputs, bench.context())

    def verified(self, bench: Bench, require: str) -> Outcome:
        public = bench.put("key.pub", attestation_material.public_pem(attestation_material.key("P-256")))
        texts = {"paths": "model", "bundles": str(bench.out / "bundles"), "public-key": str(public), "require": require}
        return verify.run(station.read_inputs(verify.Inputs, texts), bench.context())

    def test_a_verdict_is_attested_as_a_test_and_verified(self, bench: Bench) -> None:
        manifest = bench.hashed()
        made = outputs(bench.run(manifest=manifest))
        self.attested(bench, manifest=Path(manifest), verdicts=(made.verdict,))
        stated = attestation_material.payloads(bench.out / "bundles")["model.test-result.sigstore.json"]
        digest = hashlib.sha256(Path(manifest).read_bytes()).hexdigest()
        assert stated["subject"][0]["digest"] == {"sha256": digest}
        predicate = stated["predicate"]
        assert (predicate["result"], predicate["passedTests"]) == ("PASSED", ["model"])
        assert predicate["modelseal_verdict"]["subject"]["digest"] == f"sha256:{digest}"
        assert predicate["configuration"][1]["uri"].startswith("pkg:github/modelseal/modelseal@")
        assert self.verified(bench, "provenance,test-result,model-signature").exit_code is ExitCode.PASSED
        bench.put("model/weights.safetensors", safetensors(b"abcd"))
        outcome = self.verified(bench, "test-result")
        assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
        assert "changed: weights.safetensors" in outcome.headline

    def test_one_that_is_required_and_not_there_is_missed(self, bench: Bench) -> None:
        self.attested(bench, manifest=Path(bench.hashed()), verdicts=())
        outcome = self.verified(bench, "test-result")
        assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
        assert "no attestation states test-result" in outcome.headline

    def test_one_that_is_about_no_bytes_in_particular_is_refused(self, bench: Bench) -> None:
        manifest, made = bench.hashed(), outputs(bench.run())
        with pytest.raises(InputError, match="scanned without its manifest"):
            self.attested(bench, manifest=Path(manifest), verdicts=(made.verdict,))

    def test_one_of_other_bytes_is_refused(self, bench: Bench) -> None:
        made = outputs(bench.run(manifest=bench.hashed()))
        bench.put("model/weights.safetensors", safetensors(b"abcd"))
        with pytest.raises(InputError, match="about another model"):
            self.attested(bench, manifest=Path(bench.hashed()), verdicts=(made.verdict,))

    def test_a_failed_one_is_not_sealed(self, bench: Bench) -> None:
        bench.put("model/x.safetensors", DISGUISED)
        manifest = bench.hashed()
        made = outputs(bench.run(manifest=manifest))
        with pytest.raises(VerificationFailed, match="failed"):
            self.attested(bench, manifest=Path(manifest), verdicts=(made.verdict,))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"verdict": "passed"}, "findings say otherwise"),
            ({"findings": []}, "findings say otherwise"),
            ({"scanners": ["vuln"]}, "not what a model is scanned for"),
            ({"scanners": []}, "looked for nothing"),
            ({"files": []}, "no file was looked into"),
            ({"subject": {"name": "model"}}, "digest"),
            ({"subject": {"name": "model", "digest": "sha256:1"}}, "64 hexadecimal"),
            ({"schema": "https://github.com/modelseal/modelseal/verdict/model/v2"}, "its schema is"),
        ],
    )
    def test_one_that_contradicts_itself_is_refused(self, bench: Bench, change: dict[str, Any], message: str) -> None:
        bench.put("model/x.safetensors", DISGUISED)
        manifest = bench.hashed()
        path = Path(outputs(bench.run(manifest=manifest)).verdict)
        path.write_text(json.dumps(json.loads(path.read_bytes()) | change))
        with pytest.raises(InputError, match=message):
            self.attested(bench, manifest=Path(manifest), verdicts=(str(path),))


class TestPublishing:
    @pytest.fixture
    def server(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
        importlib.import_module("modelseal.report.publishing")  # with the clock's type as it is
        monkeypatch.setattr(rest, "Patience", github_server.Clock().patience)
        with github_server.running() as server:
            for name, value in server.environ(bench.folder.parent).items():
                monkeypatch.setenv(name, value)
            yield server

    def test_alerts_are_at_the_model_s_files(self, bench: Bench, server: Server) -> None:
        taken = {"POST": Reply(202, {"id": "1"}), "GET": Reply(body={"processing_status": "complete"})}
        server.answer = lambda request: taken[request.method]
        bench.put("model/x.safetensors", DISGUISED)
        outcome = bench.run(**{"upload-sarif": "true", "github-token": TOKEN})
        assert outcome.exit_code is ExitCode.GATE_FAILED
        (sent,) = (item.body for item in server.requests if item.method == "POST")
        (run,) = json.loads(gzip.decompress(base64.b64decode(sent["sarif"])))["runs"]
        places = [item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for item in run["results"]]
        assert set(places) == {"model/x.safetensors"}

    def test_what_fails_never_hides_a_gate_that_failed(self, bench: Bench, server: Server) -> None:
        server.answer = lambda _: Reply(422, {"message": "because"})
        with pytest.raises(ToolError):
            bench.run(**{"upload-sarif": "true", "github-token": TOKEN})
        bench.put("model/x.safetensors", DISGUISED)
        assert bench.run(**{"upload-sarif": "true", "github-token": TOKEN}).exit_code is ExitCode.GATE_FAILED

    def test_nothing_is_sent_unasked(self, bench: Bench, server: Server) -> None:
        bench.run(**{"github-token": TOKEN})
        assert server.requests == []


class TestCommandLine:
    def run(self, bench: Bench, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(ROOT / "scripts"), "scan-model", *words]
        return subprocess.run(command, cwd=bench.folder, capture_output=True, text=True, check=False)

    def test_a_folder_s_name_is_enough(self, bench: Bench) -> None:
        done = self.run(bench, "model")
        assert (done.returncode, done.stdout.count("scanned-count=1")) == (0, 1)
        assert "weights.safetensors" in done.stderr
        assert "passed: the gate lets model through" in done.stderr

    def test_several_words_and_an_option_between_them(self, bench: Bench) -> None:
        bench.put("b.safetensors", DISGUISED)
        done = self.run(bench, "--trace", "model", "--fail-on", "CRITICAL", "b.safetensors")
        assert (done.returncode, done.stdout.count("scanned-count=2")) == (0, 1)

    def test_a_failed_gate_exits_with_10(self, bench: Bench) -> None:
        bench.put("model/\x1b[31mx.safetensors", DISGUISED)
        done = self.run(bench, "model", "--trace")
        assert done.returncode == 10
        assert "\x1b" not in done.stderr + done.stdout
        assert "disguised" in done.stderr

    @pytest.mark.parametrize("words", [(), ("--fail-on", "HIGH"), ("--trace",)])
    def test_without_a_path_there_is_nothing_to_do(self, bench: Bench, words: tuple[str, ...]) -> None:
        done = self.run(bench, *words)
        assert done.returncode == 2
        assert "`paths` is required" in done.stderr

    def test_a_rule_is_explained_and_nothing_is_scanned(self, bench: Bench) -> None:
        done = self.run(bench, "--explain", "disguised")
        assert done.returncode == 0
        assert done.stdout.startswith("disguised: A name that promises one format, with bytes of another\n")
        assert "AML.T0074" in done.stdout
        assert not (bench.folder / "modelseal-out").exists()

    def test_a_rule_that_there_is_not_is_an_error_with_one_that_there_is(self, bench: Bench) -> None:
        done = self.run(bench, "--explain", "disgused")
        assert done.returncode == 2
        assert "Did you mean disguised?" in done.stderr
