"""Results of a model's gate for tests of what is made from them: small and hostile ones, without any scan."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import gate_results
from modelseal.gate import judge
from modelseal.gate.finding import Finding, Kind, Severity
from modelseal.gate.policy import Policy
from modelseal.gate.result import ModelEvidence, Required, Result, ScannedFile, Scanner

MANIFEST = f"sha256:{'7' * 64}"


def finding(**fields: Any) -> Finding:
    """Return what an attack in a pickle within a PyTorch file is reported as, with fields of it replaced."""
    usual: dict[str, Any] = {
        "kind": Kind.MODEL,
        "id": "pickle-dangerous-call",
        "severity": Severity.CRITICAL,
        "package": "weights/model.pt",
        "path": "weights/model.pt!archive/data.pkl",
        "type": "pickle",
        "title": "A call that runs a program",
        "description": "os.system is called with 'id'",
        "happens": "Loading the file runs a program of the attacker's.",
        "mend": "Do not load it. Convert the model to safetensors.",
        "url": "https://github.com/modelseal/modelseal/blob/main/docs/rules.md#pickle-dangerous-call",
        "weaknesses": ("CWE-502",),
        "techniques": ("AML.T0011.000",),
        "offset": 31,
        "evidence": "cos\\nsystem\\n",
        "subject": "os.system",
    }
    return Finding(**(usual | fields))


def unknown(**fields: Any) -> Finding:
    """Return a class of somebody's own."""
    usual = {"id": "pickle-unknown-global", "severity": Severity.UNKNOWN, "subject": "acme.features.Scaler"}
    return finding(**(usual | fields))


def unread(**fields: Any) -> Finding:
    """Return a part that could not be read."""
    return finding(**({"id": "unread", "severity": Severity.UNKNOWN, "status": "unread", "subject": ""} | fields))


def evidence(**fields: Any) -> ModelEvidence:
    """Return what was looked at, with fields of it replaced."""
    usual: dict[str, Any] = {
        "name": "fraud-model",
        "digest": MANIFEST,
        "root": "models/fraud",
        "files": (
            ScannedFile("config.json", 312, ("json",), "1" * 64),
            ScannedFile("weights/model.pt", 44_700_000, ("pytorch", "pickle"), "2" * 64),
        ),
        "requires": (Required("model", "acme/base", "main", pinned=False, path="config.json"),),
        "left_out": (),
        "scanner": Scanner("modelseal", "0.1.0", "3" * 64),
        "started": gate_results.NOW - timedelta(seconds=2),
        "finished": gate_results.NOW,
    }
    return ModelEvidence(**(usual | fields))


def result(findings: Iterable[Finding] = (), *, policy: Policy | None = None, **about: Any) -> Result:
    """Judge findings as the station does."""
    policy = policy or Policy()
    judgement = judge.judge(findings, policy, image="", today=gate_results.NOW, looked_for=(Kind.MODEL,))
    return Result(evidence(**about), policy, judgement)


def hostile() -> Result:
    """Return a result with hostile texts in every field."""
    texts: Sequence[str] = gate_results.HOSTILE_TEXTS
    names = tuple(text.replace("\ud800", "").replace("\udfff", "") for text in texts)  # as no file can be called
    severities = list(Severity)
    findings = [
        Finding(
            kind=Kind.MODEL, id=text, severity=severities[number % 5], package=name, path=f"{name}!{text}", type=text,
            title=text, description=text, happens=text, mend=text, url=text, weaknesses=(text,), techniques=(text,),
            offset=2**63, evidence=text, subject=text, status=text,
        )
        for number, (name, text) in enumerate(zip(names, texts, strict=True))
    ]  # fmt: skip
    return result(
        findings,
        policy=Policy(source=texts[0], sha256="5" * 64),
        name=texts[6],
        root=texts[1],
        files=tuple(ScannedFile(name, 2**60, (name, name)) for name in names),
        left_out=names,
        requires=tuple(Required(text, text, text, pinned=False, path=text) for text in texts),
    )
