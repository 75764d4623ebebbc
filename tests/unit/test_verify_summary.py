"""The verification summary, read by in-toto's own definition of it."""

import hashlib
import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from in_toto_attestation.predicates.vsa.v1 import vsa_pb2  # type: ignore[import-untyped]
from in_toto_attestation.v1 import statement_pb2  # type: ignore[import-untyped]

import refusals
from attestation_material import IMAGE, IMAGE_ID, context, release, signed
from modelseal import station
from modelseal.attestation import stated_verdict, statement, summary_statement
from modelseal.commands import verify
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

EXTENSION = "https://github.com/modelseal/modelseal/verify/demands"


def summary(outcome: Outcome) -> dict[str, Any]:
    """Return the statement, after in-toto's definition has taken all of it."""
    assert isinstance(outcome.outputs, verify.Outputs)
    data = Path(outcome.outputs.summary).read_bytes()
    statement.parse(data)
    json_format.Parse(data, statement_pb2.Statement())
    document: dict[str, Any] = json.loads(data)
    predicate = dict(document["predicate"])
    assert EXTENSION in predicate  # a producer may add fields whose names are URIs
    del predicate[EXTENSION]
    # The definition has a text here; the specification has a list, and so have we.
    (predicate["verifiedLevels"],) = predicate["verifiedLevels"]
    read = json_format.ParseDict(predicate, vsa_pb2.VerificationSummary())
    assert json.loads(json_format.MessageToJson(read)) == predicate
    return document


def verified(folder: Path, **changes: Any) -> Outcome:
    folder.mkdir(exist_ok=True)
    if (folder / "out").exists():
        shutil.rmtree(folder / "out")
    return verify.run(replace(release(folder), **changes), context(folder))


def keyless(folder: Path, case: refusals.Case | None = None) -> Outcome:
    folder.mkdir(exist_ok=True)
    laid = folder / "release"
    case = case or refusals.Case("good", "", "keyless", "")
    refusals.lay_out(case, laid)
    return verify.run(station.read_inputs(verify.Inputs, refusals.texts(case, laid)), context(folder))


def test_it_says_what_was_verified_by_what(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    made = summary(verified(tmp_path))
    predicate = made["predicate"]
    assert made["predicateType"] == "https://slsa.dev/verification_summary/v1"
    manifest = hashlib.sha256((tmp_path / "fraud-model.manifest.json").read_bytes()).hexdigest()
    assert made["subject"] == [
        {"name": IMAGE, "digest": {"sha256": IMAGE_ID.removeprefix("sha256:")}},
        {"name": "fraud-model", "digest": {"sha256": manifest}},
    ]
    assert predicate["verificationResult"] == "PASSED"
    assert predicate["resourceUri"].startswith(f"pkg:oci/fraud@{IMAGE_ID.replace(':', '%3A')}?")
    assert "repository_url=registry.example/octo/fraud&tag=1.0" in predicate["resourceUri"]
    time = stated_verdict.time_of(predicate["timeVerified"])
    assert time is not None
    assert before <= time <= datetime.now(UTC)
    bundles = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "out/bundles").iterdir()
    }
    used = {item["uri"]: item["digest"]["sha256"] for item in predicate["inputAttestations"]}
    assert used == bundles


def test_levels_are_not_more_than_was_shown(tmp_path: Path) -> None:
    assert summary(verified(tmp_path / "a"))["predicate"]["verifiedLevels"] == ["SLSA_BUILD_LEVEL_1"]
    assert summary(keyless(tmp_path / "b"))["predicate"]["verifiedLevels"] == ["SLSA_BUILD_LEVEL_2"]
    assert summary_statement.level("0" * 64, ()) == "SLSA_BUILD_LEVEL_0"


def test_a_machine_of_ones_own_is_level_1(tmp_path: Path) -> None:
    (case,) = (item for item in refusals.read() if item.name == "self-hosted-runner")
    laid = replace(case, inputs={"require": "provenance", "sbom": None, "paths": None})
    assert keyless(tmp_path, laid).exit_code is ExitCode.VERIFICATION_FAILED  # its provenance says another runner
    assert summary(keyless(tmp_path / "again", laid))["predicate"]["verifiedLevels"] == ["FAILED"]


def test_refused_is_failed_in_every_field(tmp_path: Path) -> None:
    predicate = summary(verified(tmp_path, digest=f"sha256:{'3' * 64}", sbom=()))["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("FAILED", ["FAILED"])


def test_policy_is_named_by_its_digest(tmp_path: Path) -> None:
    text = b"version: 1\nverify: {production: {public-key: %s, require: [vulns]}}\n"
    content = text % str(tmp_path / "key.pub").encode()
    (tmp_path / "policy.yml").write_bytes(content)
    made = summary(verified(tmp_path, policy=tmp_path / "policy.yml", environment="production"))["predicate"]["policy"]
    assert made["digest"] == {"sha256": hashlib.sha256(content).hexdigest()}
    assert made["uri"].endswith("policy.yml#production")
    inputs = summary(verified(tmp_path))["predicate"]["policy"]
    assert inputs["uri"].endswith("#inputs")
    other = summary(verified(tmp_path, require=("provenance",)))["predicate"]["policy"]
    assert inputs["digest"] != other["digest"]


def test_nothing_is_summed_up_where_nothing_has_a_digest(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"image": "", "digest": "", "sbom": (), "require": ("model-signature",)}
    inputs = replace(release(tmp_path), **changes)
    (tmp_path / "out/bundles/fraud-model.sig").write_bytes(b"{}")
    outcome = verify.run(inputs, context(tmp_path))
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert isinstance(outcome.outputs, verify.Outputs)
    assert outcome.outputs.summary == ""
    assert not (tmp_path / "out" / verify.SUMMARY).exists()


def test_signed_summary_can_be_required(tmp_path: Path) -> None:
    outcome = verified(tmp_path)
    data = Path(outcome.outputs.summary).read_bytes().strip()
    (tmp_path / "out/bundles/summary.sigstore.json").write_bytes(signed(data))
    inputs = replace(
        station.read_inputs(verify.Inputs, {}),
        image=IMAGE, digest=IMAGE_ID, bundles=tmp_path / "out/bundles", public_key=tmp_path / "key.pub",
        require=("https://slsa.dev/verification_summary/v1",),
    )  # fmt: skip
    assert verify.run(inputs, context(tmp_path)).exit_code is ExitCode.PASSED


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("docker.io/library/debian:12", "repository_url=docker.io/library/debian&tag=12"),
        ("localhost:5000/Fraud", "repository_url=localhost%3A5000/Fraud"),
        (f"ghcr.io/a/b@{IMAGE_ID}", "repository_url=ghcr.io/a/b"),
    ],
)
def test_package_urls_of_images(name: str, url: str) -> None:
    from packageurl import PackageURL  # noqa: PLC0415 # the reference implementation, for this alone

    made = summary_statement.of_image(name, "1f" * 32)
    assert made.endswith(url)
    assert PackageURL.from_string(made).version == f"sha256:{'1f' * 32}"
