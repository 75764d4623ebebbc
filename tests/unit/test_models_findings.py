"""From what formats tell of files to what a gate judges, and to the evidence of its verdict."""

from typing import Any

import pytest

from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.model_bars import ModelBars
from modelseal.gate.model_policy import Models
from modelseal.gate.policy import Policy
from modelseal.models import explanation, findings, reading_rules
from modelseal.models.event import Fetches, Found, Requires, Traced
from modelseal.models.inspection import FileReport
from modelseal.models.rule import Rule
from modelseal.models.walking import Placed, Report

RULE = Rule(
    id="pickle-call", title="A call", severity=Severity.CRITICAL, happens="It runs.", remedy="Do not load it.",
    atlas=("AML.T0011.000",), cwe=("CWE-502",),
)  # fmt: skip


def report(*placed: Placed, formats: tuple[str, ...] = ("pickle",), name: str = "model.pkl", **more: Any) -> FileReport:
    fields: dict[str, Any] = {"size": 9, "formats": formats, "findings": placed, "requires": (), "traced": ()}
    return FileReport(name, Report(**(fields | more)))


def found(*reports: FileReport, models: Models | None = None) -> list[Finding]:
    bars = ModelBars(Policy(models=models or Models(), source="p.yml"))
    return list(findings.of_reports(reports, bars))


def test_a_finding_has_all_that_its_rule_and_its_place_say() -> None:
    placed = Placed(Found(RULE, "os.system is called", 7, "cos\nsystem", "os.system"), ("a.zip", "data.pkl"), "pickle")
    assert found(report(placed, formats=("zip", "pickle"))) == [
        Finding(
            kind=Kind.MODEL, id="pickle-call", severity=Severity.CRITICAL, package="model.pkl",
            path="model.pkl!a.zip!data.pkl", type="pickle", title="A call", description="os.system is called",
            happens="It runs.", mend="Do not load it.", weaknesses=("CWE-502",), techniques=("AML.T0011.000",),
            offset=7, evidence="cos\nsystem", subject="os.system",
            url="https://github.com/modelseal/modelseal/blob/main/docs/rules.md#pickle-call",
        )
    ]  # fmt: skip


def test_a_case_that_is_milder_than_its_rule_is() -> None:
    (only,) = found(report(Placed(Found(RULE, "x", severity=Severity.LOW), (), "pickle")))
    assert only.severity is Severity.LOW


def test_texts_have_an_end() -> None:
    (only,) = found(report(Placed(Found(RULE, "w" * 5000, evidence="e" * 5000), (), "pickle")))
    assert (len(only.description), len(only.evidence)) == (1000, 500)


@pytest.mark.parametrize(
    ("rule", "severity", "status"),
    [
        (reading_rules.UNREAD, None, "unread"),
        (reading_rules.LIMIT, None, "unread"),
        (reading_rules.UNRECOGNISED, None, "unread"),
        (reading_rules.UNREAD, Severity.HIGH, ""),
        (reading_rules.DISGUISED, None, ""),
        (RULE, Severity.UNKNOWN, ""),
    ],
)
def test_what_could_not_be_read_is_told_from_what_nobody_has_vetted(
    rule: Rule, severity: Severity | None, status: str
) -> None:
    (only,) = found(report(Placed(Found(rule, "x", severity=severity), (), "")))
    assert only.status == status


ONLY = Models(allowed_formats=("safetensors",))
AMBIGUOUS = Placed(Found(reading_rules.AMBIGUOUS, "x"), (), "safetensors")
INSIDE = Placed(Found(reading_rules.AMBIGUOUS, "x"), ("member",), "safetensors")


@pytest.mark.parametrize(
    ("placed", "formats", "models", "refused"),
    [
        ((), ("safetensors",), ONLY, ""),
        ((), ("pickle",), ONLY, "it is pickle: only safetensors may be here in p.yml"),
        ((), ("safetensors", "zip"), ONLY, ""),
        ((INSIDE,), ("safetensors", "zip"), ONLY, ""),
        ((AMBIGUOUS,), ("safetensors", "zip"), ONLY,
         "it is safetensors and zip: only safetensors may be here in p.yml"),
        ((Placed(Found(reading_rules.UNRECOGNISED, "x"), (), ""),), (), ONLY,
         "it is of no known format: only safetensors may be here in p.yml"),
        ((), (), ONLY, ""),  # the data of another file, or nothing
        ((), ("zip", "pickle"), Models(denied_formats=("pickle",)), "it is zip: pickle is denied in p.yml"),
    ],
)  # fmt: skip
def test_formats_that_the_policy_does_not_allow(
    placed: tuple[Placed, ...], formats: tuple[str, ...], models: Models, refused: str
) -> None:
    denied = [item for item in found(report(*placed, formats=formats), models=models) if item.status == "denied"]
    assert [item.description for item in denied] == ([refused] if refused else [])
    assert {item.id for item in denied} <= {"format-denied"}


def test_a_file_s_place_in_the_repository_goes_with_what_is_found_in_it() -> None:
    placed = Placed(Found(RULE, "x"), (), "pickle")
    bars = ModelBars(Policy(models=ONLY, source="p.yml"))
    made = findings.of_reports([report(placed)], bars, "models/fraud")
    assert [item.file_paths for item in made] == [("model.pkl", "models/fraud/model.pkl")] * 2


def test_a_runtime_closure_names_each_thing_once_and_who_says_so() -> None:
    base = Requires(Fetches.MODEL, "acme/base", "main", offset=3)
    pinned = Requires(Fetches.CODE, "acme/code", "a" * 40, pinned=True)
    reports = [
        report(name="b.json", requires=((base, ()), (base, ()), (pinned, ("x",)))),
        report(name="a.json", requires=((base, ()),)),
    ]
    made = findings.required(reports)
    assert [(item.kind, item.reference, item.path, item.pinned) for item in made] == [
        ("code", "acme/code", "b.json!x", True),
        ("model", "acme/base", "a.json", False),
        ("model", "acme/base", "b.json", False),
    ]


def test_a_trace_is_a_line_for_each_step() -> None:
    step = Traced(28, "call os.system('id')", "dangerous")
    assert list(findings.traced([report(traced=((step, ("data.pkl",)),))])) == [
        "model.pkl!data.pkl at byte 28: call os.system('id') (dangerous)"
    ]


def test_what_looked_is_the_same_each_time_and_has_a_digest() -> None:
    assert findings.scanner() == findings.scanner()
    assert len(findings.scanner().sha256) == 64


def test_an_explanation_has_every_fact() -> None:
    text = explanation.of("disguised")
    for said in (
        reading_rules.DISGUISED.title,
        "What happens",
        "What to do",
        "HIGH",
        "AML.T0074",
        "CWE-434",
        "#disguised",
    ):
        assert said in text
    assert max(map(len, text.splitlines())) <= 110
