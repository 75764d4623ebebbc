"""The renderings of a model's verdict: for a terminal, the job's page, code scanning and the browser."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import gate_results
import model_results
from modelseal.gate import policy_file
from modelseal.gate.finding import Severity
from modelseal.gate.policy import Policy
from modelseal.gate.result import Result, ScannedFile
from modelseal.report import annotations, comment, files, html, markdown, sarif, summary, table

SCHEMA = json.loads((Path(__file__).parents[1] / "assets" / "sarif" / "sarif-schema-2.1.0.json").read_bytes())
WARN = policy_file.parse(
    b"version: 1\nmodels: {unknown: warn, allowed-globals: [a.B]}\n", "p.yml", today=gate_results.NOW.date()
)


def found(*more: Any, policy: Policy | None = None, **about: Any) -> Result:
    return model_results.result([model_results.finding(), *more], policy=policy, **about)


def run_of(result: Result) -> dict[str, Any]:
    log = sarif.render(result, category="modelseal/scan-model/fraud")
    assert log.content.isascii()
    value = json.loads(log.content)
    jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(value)
    (run,) = value["runs"]
    assert isinstance(run, dict)
    return run


class TestSarif:
    def test_it_is_at_the_model_s_own_file(self) -> None:
        (item,) = run_of(found())["results"]
        (location,) = item["locations"]
        place = location["physicalLocation"]["artifactLocation"]
        assert place == {"uri": "models/fraud/weights/model.pt", "uriBaseId": "%SRCROOT%"}
        assert location["logicalLocations"] == [
            {
                "name": "archive/data.pkl",
                "fullyQualifiedName": "fraud-model/weights/model.pt!archive/data.pkl at byte 31",
                "kind": "member",
            }
        ]

    def test_the_byte_is_the_file_s_and_never_a_member_s(self) -> None:
        def region(**fields: Any) -> dict[str, Any]:
            (item,) = run_of(model_results.result([model_results.finding(**fields)]))["results"]
            made: dict[str, Any] = item["locations"][0]["physicalLocation"]["region"]
            return made

        assert region() == {"startLine": 1}  # byte 31 of the member is elsewhere in the file
        assert region(path="weights/model.pt") == {"startLine": 1, "byteOffset": 31, "byteLength": 0}
        assert region(path="weights/model.pt", offset=None) == {"startLine": 1}

    def test_the_rule_says_what_happens_what_to_do_and_which_technique_that_is(self) -> None:
        (rule,) = run_of(found())["tool"]["driver"]["rules"]
        assert rule["id"] == "pickle-dangerous-call"
        assert rule["fullDescription"]["text"] == "Loading the file runs a program of the attacker's."
        assert "Convert the model to safetensors." in rule["help"]["text"]
        assert "https://atlas.mitre.org/techniques/AML.T0011.000" in rule["help"]["markdown"]
        assert rule["helpUri"].endswith("docs/rules.md#pickle-dangerous-call")
        assert rule["properties"]["tags"] == [
            "security", "model", "external/cwe/cwe-502", "external/mitre-atlas/AML.T0011.000",
        ]  # fmt: skip
        assert float(rule["properties"]["security-severity"]) > 9

    def test_the_message_says_what_was_found_first(self) -> None:
        (item,) = run_of(found())["results"]
        assert item["message"]["text"].startswith("Os.system is called with 'id' (pickle-dangerous-call, CRITICAL). In")
        assert item["properties"]["evidence"] == "cos\\nsystem\\n"

    def test_what_the_policy_makes_a_warning_is_one(self) -> None:
        run = run_of(found(model_results.unknown(), model_results.unknown(subject="a.B"), policy=WARN))
        levels = {item["properties"]["subject"]: item["level"] for item in run["results"]}
        assert levels == {"os.system": "error", "acme.features.Scaler": "warning", "a.B": "note"}

    def test_alerts_stay_the_same_when_other_bytes_come_before(self) -> None:
        def marks(*offsets: int) -> set[str]:
            run = run_of(model_results.result([model_results.finding(offset=offset) for offset in offsets]))
            return {item["partialFingerprints"]["primaryLocationLineHash"] for item in run["results"]}

        assert marks(4, 31, 90) == marks(5, 32, 91)
        assert marks(4) < marks(4, 31)

    def test_names_are_spelled_for_uris(self) -> None:
        name = "a b/%2e\\..\udcff#?.pt"
        run = run_of(model_results.result([model_results.finding(package=name, path=name)], root=""))
        uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == "a%20b/%252e%5C..%FF%23%3F.pt"

    def test_hostile_texts_are_valid_all_the_same(self) -> None:
        result = model_results.hostile()
        assert len(run_of(result)["results"]) == len(result.judgement.findings)


class TestSummary:
    def test_it_says_what_was_looked_at_what_fails_and_what_to_do(self) -> None:
        text = markdown.plain(summary.render(found(model_results.unknown())))
        for said in (
            "Gate failed: fraud-model",
            "2 of 2 findings fail.",
            "Looked into 2 files, 44.7 MB, with modelseal 0.1.0",
            "By their bytes they are: 1 json, 1 pytorch",
            "findings in models fail on CRITICAL, HIGH, what nobody has vetted, what could not be read",
            "weights/model.pt!archive/data.pkl at byte 31",
            "os.system is called with 'id'",
            "pickle-dangerous-call: Loading the file runs a program of the attacker's. Do not load it. Convert",
            "Loading it would run or fetch: 1",
            "acme/base",
        ):
            assert said in text, said

    def test_a_clean_model_is_said_to_be_clean_with_its_files(self) -> None:
        text = markdown.plain(summary.render(model_results.result(requires=())))
        assert "Nothing was found." in text
        assert "weights/model.pt  44.7 MB    pytorch, pickle  none" in text
        assert "What to do" not in text
        assert "run or fetch" not in text

    def test_the_headline_names_file_rule_and_remedy(self) -> None:
        assert summary.headline(found()) == (
            "the gate stops fraud-model: 1 finding fails. weights/model.pt (CRITICAL: pickle-dangerous-call): "
            "Do not load it. Convert the model to safetensors"
        )

    def test_what_is_let_through_is_said(self) -> None:
        findings = [model_results.unknown(), model_results.unknown(subject="a.B")]
        text = markdown.plain(summary.render(model_results.result(findings, policy=WARN)))
        assert "Allowed by name: 1" in text
        assert "A warning: 1" in text

    def test_hostile_texts_stay_text_and_lines_stay_short(self) -> None:
        text = summary.render(model_results.hostile())
        assert "<script>" not in text
        assert "\x1b" not in text
        assert len(text.encode("utf-8", "backslashreplace")) < 200 * 1024
        terminal = markdown.plain(text)
        assert max(map(len, terminal.split("\n"))) < 1500

    def test_thousands_of_files_are_counted_and_not_all_listed(self) -> None:
        many = tuple(ScannedFile(f"{number}.safetensors", 9, ("safetensors",)) for number in range(5000))
        text = summary.render(model_results.result(files=many))
        assert "5,000 safetensors" in text
        assert len(text) < 8000


def test_the_table_has_every_finding_and_every_file() -> None:
    text = table.render(found(model_results.unknown(offset=None)))
    assert "gate failed: fraud-model: 2 of 2 findings fail\n" in text
    assert "CRITICAL  fails     pickle-dangerous-call  weights/model.pt!archive/data.pkl at byte 31" in text
    assert "44.7 MB    pytorch, pickle  weights/model.pt" in text
    hostile = table.render(model_results.hostile())
    assert "\x1b" not in hostile
    assert hostile.count("\n") < 100


def test_annotations_are_on_the_model_s_file() -> None:
    first, *_ = annotations.of(found(model_results.finding(severity=Severity.HIGH, id="x")))
    assert (first.level, first.file) == ("error", "models/fraud/weights/model.pt")
    assert first.message.startswith("weights/model.pt: Do not load it. Convert the model to safetensors.\nCRITICAL:")
    assert "os.system is called with 'id'" in first.message


def test_a_warning_is_an_annotation_too() -> None:
    result = model_results.result([model_results.unknown()], policy=WARN)
    (only,) = annotations.of(result)
    assert only.level == "warning"
    assert "acme.features.Scaler" in only.message


def test_images_annotations_have_no_file() -> None:
    assert {item.file for item in annotations.of(gate_results.result([gate_results.finding()]))} == {""}


def test_the_browser_s_report_has_what_happens_and_the_evidence() -> None:
    page = html.render(found()).decode()
    assert '<th scope="col">Where in it</th>' in page
    assert "<td>archive/data.pkl at byte 31</td>" in page
    for said in ("2 files, 44.7 MB", "1 json, 1 pytorch", "Loading the file runs a program", "cos"):
        assert said in page, said
    assert b"<script>alert" not in html.render(model_results.hostile())


def test_a_comment_can_be_made_of_it() -> None:
    assert "pickle-dangerous-call" in comment.render(found())


@pytest.mark.parametrize("result", [model_results.hostile(), model_results.result()], ids=["hostile", "clean"])
def test_every_form_is_written_but_openvex(tmp_path: Path, result: Result) -> None:
    written = files.write(result, tmp_path, "model", files.Shown("c", "Dockerfile", ()))
    assert written.openvex is None
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.verdict.json", "model.sarif", "model.findings.txt", "model.report.html",
    }  # fmt: skip
