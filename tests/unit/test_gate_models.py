"""What becomes of findings in models: the policy's section `models`, waivers, and the verdict's document."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gate_results
import model_results
from modelseal.gate import document, judge, member_patterns, policy_file
from modelseal.gate import given as given_files
from modelseal.gate.finding import SERIOUS, Finding, Severity
from modelseal.gate.model_bars import ModelBars
from modelseal.gate.model_policy import Models, and_worse
from modelseal.gate.policy import Policy, Waiver
from modelseal.gate.result import Decision, Judged, Judgement
from modelseal.verdict import Verdict

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "model-verdict.schema.json").read_bytes())
TODAY = gate_results.NOW.date()


def policy(text: str = "") -> Policy:
    return policy_file.parse(f"version: 1\n{text}".encode(), "policy.yml", today=TODAY)


def judged(*findings: Finding, policy: Policy | None = None) -> Judgement:
    return model_results.result(findings, policy=policy).judgement


def decided(finding: Finding, text: str = "") -> Decision:
    (only,) = judged(finding, policy=policy(text)).findings
    return only.decision


@pytest.mark.parametrize("severity", list(Severity))
def test_without_a_policy_the_bad_and_the_unknown_fail(severity: Severity) -> None:
    fails = severity in (Severity.CRITICAL, Severity.HIGH, Severity.UNKNOWN)
    assert (decided(model_results.finding(severity=severity)) is Decision.FAILS) == fails


@pytest.mark.parametrize("text", ["models: {}\n", "models: {unknown: fail}\n", "models: {allowed-globals: []}\n"])
def test_an_empty_policy_changes_nothing(text: str) -> None:
    assert decided(model_results.unknown(), text) is Decision.FAILS
    assert decided(model_results.unread(), text) is Decision.FAILS
    assert decided(model_results.finding(), text) is Decision.FAILS


@pytest.mark.parametrize("words", ["HIGH", "CRITICAL, HIGH", "HIGH, CRITICAL"])
def test_what_is_worse_than_what_fails_fails(words: str) -> None:
    assert policy(f"models:\n  fail-on: [{words}]\n").models.fail_on == SERIOUS


def test_no_words_let_the_worst_through() -> None:
    for severity in (item for item in Severity if item is not Severity.UNKNOWN):
        assert decided(model_results.finding(), f"models: {{fail-on: [{severity}]}}\n") is Decision.FAILS


@given(st.sets(st.sampled_from(Severity)))
def test_closing_upwards_is_never_milder(severities: set[Severity]) -> None:
    closed = and_worse(severities)
    assert severities - {Severity.UNKNOWN} <= closed
    assert not closed or Severity.CRITICAL in closed
    assert Severity.UNKNOWN not in closed


class TestUnknown:
    WARN = "models: {unknown: warn}\n"

    def test_it_can_be_a_warning(self) -> None:
        assert decided(model_results.unknown(), self.WARN) is Decision.WARNS

    def test_what_could_not_be_read_fails_all_the_same(self) -> None:
        assert decided(model_results.unread(), self.WARN) is Decision.FAILS

    def test_an_attack_fails_all_the_same(self) -> None:
        assert decided(model_results.finding(severity=Severity.HIGH), self.WARN) is Decision.FAILS

    def test_unread_can_be_a_warning_and_the_unknown_fails_all_the_same(self) -> None:
        assert decided(model_results.unread(), "models: {unread: warn}\n") is Decision.WARNS
        assert decided(model_results.unknown(), "models: {unread: warn}\n") is Decision.FAILS


class TestAllowedGlobals:
    ALLOWED = "models: {allowed-globals: [acme.features.Scaler, os.system]}\n"

    def test_a_name_allows_what_nobody_has_vetted(self) -> None:
        assert decided(model_results.unknown(), self.ALLOWED) is Decision.ALLOWED

    @pytest.mark.parametrize("name", ["acme.features.scaler", "acme.features", "acme.features.Scaler.x", "", "Scaler"])
    def test_only_that_very_name(self, name: str) -> None:
        assert decided(model_results.unknown(subject=name), self.ALLOWED) is Decision.FAILS

    def test_what_is_dangerous_cannot_be_allowed(self) -> None:
        assert decided(model_results.finding(subject="os.system"), self.ALLOWED) is Decision.FAILS

    def test_what_could_not_be_read_cannot_be_allowed(self) -> None:
        assert decided(model_results.unread(subject="os.system"), self.ALLOWED) is Decision.FAILS


class TestRules:
    RULES = """models:
  unknown: warn
  allowed-formats: [safetensors, pickle]
  rules:
    - paths: ["production/**"]
      fail-on: [MEDIUM]
      unknown: fail
      allowed-formats: [safetensors]
      denied-formats: [pickle]
    - paths: ["**/*.pt"]
      fail-on: [CRITICAL]
"""

    @pytest.mark.parametrize(
        ("file", "severity", "decision"),
        [
            ("production/a.pt", Severity.MEDIUM, Decision.FAILS),
            ("production/a.pt", Severity.UNKNOWN, Decision.FAILS),
            ("staging/a.pt", Severity.HIGH, Decision.BELOW),
            ("staging/a.pt", Severity.CRITICAL, Decision.FAILS),
            ("staging/a.pt", Severity.UNKNOWN, Decision.WARNS),
            ("a.bin", Severity.HIGH, Decision.FAILS),
            ("a.bin", Severity.MEDIUM, Decision.BELOW),
        ],
    )
    def test_the_first_that_matches_counts(self, file: str, severity: Severity, decision: Decision) -> None:
        found = model_results.finding(package=file, path=f"{file}!data.pkl", severity=severity)
        assert decided(found, self.RULES) is decision

    def test_no_member_s_name_brings_other_terms(self) -> None:
        found = model_results.finding(package="a.bin", path="a.bin!staging/a.pt", severity=Severity.HIGH)
        assert decided(found, self.RULES) is Decision.FAILS

    @pytest.mark.parametrize(
        ("file", "formats", "refused"),
        [
            ("production/a", ("safetensors",), ""),
            ("production/a", ("onnx",), "only safetensors may be here by the rule in line 6 of policy.yml"),
            ("production/a", ("safetensors", "pickle"), "pickle is denied by the rule in line 6 of policy.yml"),
            ("production/a", (), "only safetensors may be here by the rule in line 6 of policy.yml"),
            ("a", ("pickle",), ""),
            ("a", ("safetensors", "onnx"), ""),  # what is packed in it has no place to be allowed in
            ("a", ("onnx", "safetensors"), "only pickle, safetensors may be here in policy.yml"),
            ("x/a.pt", ("onnx",), "only pickle, safetensors may be here by the rule in line 11 of policy.yml"),
        ],
    )
    def test_formats(self, file: str, formats: tuple[str, ...], refused: str) -> None:
        assert ModelBars(policy(self.RULES)).of((file,)).refused_format(formats[:1], formats[1:]) == refused

    @pytest.mark.parametrize(("root", "decision"), [("production", Decision.FAILS), ("", Decision.BELOW)])
    def test_a_folder_is_held_to_what_is_said_of_its_path_in_the_repository(
        self, root: str, decision: Decision
    ) -> None:
        found = model_results.finding(package="a.bin", path="a.bin", severity=Severity.MEDIUM, root=root)
        assert decided(found, self.RULES) is decision

    def test_a_denied_format_fails_whatever_else_passes(self) -> None:
        found = model_results.finding(status="denied", severity=Severity.LOW, description="onnx is denied")
        assert decided(found, "models: {fail-on: [CRITICAL], unknown: warn, unread: warn}\n") is Decision.FAILS


class TestWaivers:
    WAIVER = Waiver("pickle-dangerous-call", "a fixture", "Ada", TODAY, line=4)

    @pytest.mark.parametrize(
        ("pattern", "waived"),
        [
            (None, True),
            ("weights/model.pt", True),
            ("weights/**", True),
            ("**/*.pt", True),
            ("weights/model.pt!archive/data.pkl", True),
            ("weights/*!*/data.pkl", True),
            ("weights/*!*", False),
            ("archive/data.pkl", False),
            ("**/data.pkl", False),
            ("**/*.pkl", False),
            ("weights/model.pt!archive", False),
            ("model.pt", False),
        ],
    )
    def test_a_path_names_a_file_or_a_member(self, pattern: str | None, *, waived: bool) -> None:
        judgement = judged(
            model_results.finding(), policy=Policy(waivers=(replace(self.WAIVER, path=pattern),), source="p.yml")
        )
        assert (judgement.verdict is Verdict.PASSED) == waived

    @pytest.mark.parametrize(
        "fields",
        [
            {"id": "pickle-dangerous-import"},
            {"id": "AML.T0011.000"},
            {"image": "fraud-model"},
            {"image": "**/x"},
            {"package": "pkg:generic/model"},
            {"expires": TODAY - timedelta(days=1)},
        ],
    )
    def test_what_names_something_else_waives_nothing(self, fields: dict[str, Any]) -> None:
        judgement = judged(model_results.finding(), policy=Policy(waivers=(replace(self.WAIVER, **fields),)))
        assert judgement.verdict is Verdict.FAILED

    def test_a_path_is_the_report_s_or_the_repository_s(self) -> None:
        for pattern, waived in (("models/weights/**", True), ("weights/*.pt", True), ("other/weights/**", False)):
            waiver = replace(self.WAIVER, path=pattern)
            judgement = judged(model_results.finding(root="models"), policy=Policy(waivers=(waiver,)))
            assert (judgement.verdict is Verdict.PASSED) == waived, pattern

    def test_a_waiver_for_one_rule_leaves_the_others(self) -> None:
        other = model_results.finding(id="pickle-dangerous-import")
        judgement = judged(model_results.finding(), other, policy=Policy(waivers=(self.WAIVER,)))
        assert [item.id for item in judgement.failing] == ["pickle-dangerous-import"]


@given(pattern=st.sampled_from(["m.pt", "**/m.pt", "*.pt!a/*", "d/**"]), members=st.text("am.pt/!d", min_size=1))
def test_a_member_s_name_never_meets_a_file_s_pattern(pattern: str, members: str) -> None:
    if "!" not in pattern:
        assert not member_patterns.matches(pattern, "other.bin", members)
    assert not member_patterns.matches(pattern, "other.bin", "m.pt")


def test_several_places_of_one_rule_are_no_contradiction() -> None:
    places = [model_results.finding(offset=offset) for offset in (None, 0, 31, 4)]
    milder = model_results.finding(offset=7, severity=Severity.MEDIUM)
    judgement = judged(*places, milder)
    assert [item.finding.offset for item in judgement.findings] == [None, 0, 4, 31, 7]
    assert [item.decision for item in judgement.findings] == [Decision.FAILS] * 4 + [Decision.BELOW]


@settings(max_examples=50)
@given(st.permutations([model_results.finding(offset=number) for number in range(4)] + [model_results.unknown()]))
def test_the_order_of_findings_does_not_matter(findings: list[Finding]) -> None:
    assert judged(*findings) == judged(*sorted(findings, key=repr))


def test_an_input_counts_in_place_of_the_policy_s(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("version: 1\nmodels: {fail-on: [MEDIUM], unknown: warn}\n")
    over = given_files.Overrides(models=and_worse([Severity.CRITICAL]), fail_on=frozenset({Severity.LOW}))
    read = given_files.policy(Path("p.yml"), tmp_path, over, TODAY).models
    assert read.fail_on == frozenset({Severity.CRITICAL})
    assert not read.unknown_fails
    assert given_files.policy(Path("p.yml"), tmp_path, given_files.Overrides(), TODAY).models.fail_on == SERIOUS | {
        Severity.MEDIUM
    }


MODELS = st.builds(
    Models,
    fail_on=st.sets(st.sampled_from(Severity), min_size=1).map(and_worse),
    unknown_fails=st.booleans(),
    unread_fails=st.booleans(),
    allowed_globals=st.sampled_from([(), ("acme.features.Scaler",)]),
)
ANY = st.builds(
    model_results.finding,
    severity=st.sampled_from(Severity),
    status=st.sampled_from(["", "unread", "denied"]),
    subject=st.sampled_from(["", "os.system", "acme.features.Scaler"]),
)


@settings(max_examples=200, deadline=None)
@given(ANY, MODELS, MODELS)
def test_less_leniency_never_lets_more_through(finding: Finding, one: Models, other: Models) -> None:
    stricter = Models(
        fail_on=one.fail_on | other.fail_on,
        unknown_fails=one.unknown_fails or other.unknown_fails,
        unread_fails=one.unread_fails or other.unread_fails,
        allowed_globals=tuple(set(one.allowed_globals) & set(other.allowed_globals)),
    )
    fails = [judged(finding, policy=Policy(models=models)).verdict is Verdict.FAILED for models in (one, stricter)]
    assert fails[0] <= fails[1]


class TestDocument:
    def written(self, result: Any) -> dict[str, Any]:
        content = document.write(result)
        assert content.isascii()
        value: dict[str, Any] = json.loads(content)
        jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(value)
        return value

    def test_it_says_what_was_looked_at_and_found(self) -> None:
        value = self.written(model_results.result([model_results.finding(), model_results.unknown()]))
        assert value["subject"] == {"name": "fraud-model", "digest": model_results.MANIFEST}
        assert value["verdict"] == "failed"
        assert [item["formats"] for item in value["files"]] == [["json"], ["pytorch", "pickle"]]
        assert value["requires"][0]["reference"] == "acme/base"
        assert value["findings"][0]["path"] == "weights/model.pt!archive/data.pkl"
        assert value["findings"][0]["offset"] == 31
        assert value["counts"]["CRITICAL"] == value["counts"]["UNKNOWN"] == 1

    def test_it_says_by_what_policy(self) -> None:
        waiver = Waiver("pickle-dangerous-call", "r", "Ada", date(2026, 12, 31), path="**/*.pt", line=9)
        rules = replace(policy(TestRules.RULES), waivers=(waiver,))
        value = self.written(model_results.result([model_results.finding()], policy=rules))
        assert value["policy"]["rules"][0]["allowed_formats"] == ["safetensors"]
        assert value["findings"][0]["waiver"]["owner"] == "Ada"
        assert value["waivers"]["used"][0]["id"] == "pickle-dangerous-call"

    def test_hostile_texts_are_in_it_as_they_are(self) -> None:
        result = model_results.hostile()
        assert len(self.written(result)["findings"]) == len(result.judgement.findings)

    def test_the_same_result_gives_the_same_bytes(self) -> None:
        findings = [model_results.finding(offset=number) for number in range(9)]
        assert document.write(model_results.result(findings)) == document.write(model_results.result(findings[::-1]))

    def test_who_reads_verdicts_on_images_refuses_it(self) -> None:
        with pytest.raises(ValueError, match="its schema is"):
            document.read(document.write(model_results.result()))

    @pytest.mark.parametrize("change", [("kind", "model"), ("decision", "warns"), ("decision", "allowed")])
    def test_an_image_s_verdict_has_nothing_of_it(self, change: tuple[str, str]) -> None:
        value = json.loads(document.write(gate_results.result([gate_results.finding(severity=Severity.LOW)])))
        value["findings"][0][change[0]] = change[1]
        with pytest.raises(ValueError, match="which no image has"):
            document.of_object(value)


def test_judging_images_knows_no_models() -> None:
    judgement = judge.judge([gate_results.finding()], policy("models: {fail-on: [LOW]}\n"), image="x",
                            today=gate_results.NOW)  # fmt: skip
    (only,) = judgement.findings
    assert isinstance(only, Judged)
    assert only.decision is Decision.FAILS
