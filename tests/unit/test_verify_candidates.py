"""Of several releases the newest good one, and what is wrong with those before it."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attestation_material import IMAGE, IMAGE_ID, context, key, public_pem, release
from modelseal import station
from modelseal.attestation import candidates
from modelseal.commands import verify
from modelseal.errors import InputError
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

OTHER = f"{IMAGE}@sha256:{'3' * 64}"
GOOD = f"{IMAGE}@{IMAGE_ID}"


def chosen(folder: Path, *lines: str, **changes: Any) -> Outcome:
    """Choose among candidates whose bundles are in the folder `{}`."""
    bundles = folder / "out" / "bundles"
    if not bundles.exists():
        release(folder)
    given: dict[str, Any] = {
        "candidates": tuple(line.replace("{}", str(bundles)) for line in lines),
        "public_key": folder / "key.pub",
    }
    return verify.run(replace(station.read_inputs(verify.Inputs, {}), **(given | changes)), context(folder))


def outputs(outcome: Outcome) -> verify.Outputs:
    assert isinstance(outcome.outputs, verify.Outputs)
    return outcome.outputs


def test_newest_good_one_is_chosen_and_the_reasons_against_newer_ones_are_told(tmp_path: Path) -> None:
    outcome = chosen(tmp_path, f"{OTHER} {{}}", f"{GOOD} {{}}", f"{IMAGE}@sha256:{'4' * 64} {{}}")
    assert outcome.exit_code is ExitCode.PASSED
    assert (outputs(outcome).candidate, outputs(outcome).digest) == (GOOD, IMAGE_ID)
    (reason,) = outputs(outcome).refused.splitlines()
    assert reason.startswith(f"{OTHER}: ")
    assert "no attestation is about it" in reason
    document = json.loads(Path(outputs(outcome).verdict).read_bytes())
    assert [item["verdict"] for item in document["candidates"]] == ["failed", "passed"]
    assert document["verdict"] == "passed"
    assert "Newer ones are refused" in outcome.summary
    assert "after 1 refused" in outcome.headline


def test_newest_is_chosen_if_it_is_good(tmp_path: Path) -> None:
    outcome = chosen(tmp_path, f"{GOOD} {{}}", f"{OTHER} {{}}")
    assert outputs(outcome).candidate == GOOD
    assert outputs(outcome).refused == ""


def test_none_is_chosen_if_none_is_good(tmp_path: Path) -> None:
    outcome = chosen(tmp_path, f"{OTHER} {{}}", f"{IMAGE}@sha256:{'4' * 64} {{}}")
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert outputs(outcome).candidate == ""
    assert len(outputs(outcome).refused.splitlines()) == 2
    (tmp_path / "other.pub").write_bytes(public_pem(key("P-384")))
    outcome = chosen(tmp_path, f"{GOOD} {{}}", public_key=tmp_path / "other.pub")
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED


def test_models_are_candidates_too(tmp_path: Path) -> None:
    release(tmp_path)
    shutil.copytree(tmp_path / "model", tmp_path / "new model")
    (tmp_path / "new model" / "config.json").write_text("changed")
    outcome = chosen(tmp_path, f"'{tmp_path}/new model' {{}}", f"{tmp_path}/model {{}}")
    assert outcome.exit_code is ExitCode.PASSED
    assert outputs(outcome).candidate == f"{tmp_path}/model"
    assert "changed: config.json" in outputs(outcome).refused


def test_bundles_of_all_may_be_in_one_folder(tmp_path: Path) -> None:
    bundles = release(tmp_path).bundles
    assert outputs(chosen(tmp_path, OTHER, GOOD, bundles=bundles)).candidate == GOOD


def test_one_that_cannot_be_looked_at_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        chosen(tmp_path, f"{OTHER} {tmp_path}/gone", f"{GOOD} {{}}")


@pytest.mark.parametrize("kind", ["link out", "link to a folder", "link to nothing", "pipe", "empty"])
def test_newest_that_was_meddled_with_does_not_keep_the_next_from_being_chosen(tmp_path: Path, kind: str) -> None:
    release(tmp_path)
    older, newest = tmp_path / "model", tmp_path / "newest"
    shutil.copytree(older, newest)
    if kind == "pipe":
        os.mkfifo(newest / "x")
    elif kind == "empty":
        shutil.rmtree(newest)
        newest.mkdir()
    else:
        targets = {"link out": "../key.pub", "link to a folder": "weights", "link to nothing": "nowhere"}
        (newest / "x").symlink_to(targets[kind])
    outcome = chosen(tmp_path, f"{newest} {{}}", f"{older} {{}}", require=("provenance", "model-signature"))
    assert outcome.exit_code is ExitCode.PASSED
    assert outputs(outcome).candidate == str(older)
    assert outputs(outcome).refused.startswith(f"{newest}: model {newest}: ")
    outcome = chosen(tmp_path, f"{newest} {{}}")
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert (outputs(outcome).candidate, outputs(outcome).digest) == ("", "")


def test_newest_with_something_else_among_its_bundles_is_refused(tmp_path: Path) -> None:
    release(tmp_path)
    shutil.copytree(tmp_path / "out" / "bundles", tmp_path / "newest")
    (tmp_path / "newest" / "x.sigstore.json").symlink_to("image.provenance.sigstore.json")
    outcome = chosen(tmp_path, f"{GOOD} {tmp_path}/newest", f"{GOOD} {{}}")
    assert outcome.exit_code is ExitCode.PASSED
    assert "no regular file" in outputs(outcome).refused
    outcome = chosen(tmp_path, f"{GOOD} {tmp_path}/newest")
    assert outcome.exit_code is ExitCode.VERIFICATION_FAILED
    assert json.loads(Path(outputs(outcome).summary).read_bytes())["predicate"]["verificationResult"] == "FAILED"


@pytest.mark.parametrize(
    "line",
    ["", "'", "a b c", "image:1.0", "image@sha256:12 x", "image@1.0 x", f"{OTHER[:-1]} x", f"{OTHER}0 x", "@ x",
     f"@{IMAGE_ID} x"],
)  # fmt: skip
def test_what_is_no_candidate(line: str) -> None:
    with pytest.raises(InputError, match="not a candidate"):
        candidates.parse((line,))


def test_candidate_that_is_there_twice_is_a_mistake() -> None:
    with pytest.raises(InputError, match="there twice"):
        candidates.parse((f"{GOOD} a", f"{OTHER} a", f"{GOOD} a"))


def test_candidates_and_a_single_release_exclude_each_other(tmp_path: Path) -> None:
    alternatives: tuple[dict[str, Any], ...] = (
        {"image": IMAGE, "digest": IMAGE_ID},
        {"paths": ("model",)},
        {"sbom": ("x",)},
    )
    for changes in alternatives:
        with pytest.raises(InputError, match="a single release too"):
            chosen(tmp_path, f"{GOOD} {{}}", **changes)
