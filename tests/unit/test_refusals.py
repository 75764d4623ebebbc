"""Every release in assets/refusals is refused, for the reason that is wrong with it, and with nothing left behind."""

import json
import re
from pathlib import Path

import pytest

import refusals
from attestation_material import context
from modelseal import station
from modelseal.commands import verify
from modelseal.errors import InputError
from modelseal.station import Outcome
from modelseal.verdict import ExitCode
from refusals import Case

pytestmark = pytest.mark.slow  # whole stations, one after the other

CASES = refusals.read()
MANY = 60


def verified(case: Case, folder: Path) -> Outcome | InputError:
    release = folder / "release"
    refusals.lay_out(case, release)
    try:
        return verify.run(station.read_inputs(verify.Inputs, refusals.texts(case, release)), context(folder))
    except InputError as error:
        return error


def test_there_are_many_and_each_says_why() -> None:
    assert len(CASES) >= MANY
    assert all(re.fullmatch(r"[^\n]{10,200}[.]", case.why) for case in CASES)
    assert {path.name for path in refusals.ROOT.iterdir()} == {"cases", "key", "keyless", "unlogged"}
    assert len({case.name.lower() for case in CASES}) == len(CASES)


@pytest.mark.parametrize("base", ["key", "keyless", "unlogged"])
def test_the_release_that_they_are_changes_of_passes(tmp_path: Path, base: str) -> None:
    outcome = verified(Case("good", "", base, ""), tmp_path)
    assert outcome.exit_code is ExitCode.PASSED, outcome


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_refused_and_the_reason_is_named(case: Case, tmp_path: Path) -> None:
    outcome = verified(case, tmp_path)
    assert outcome.exit_code == case.exit_code
    told = str(outcome) if isinstance(outcome, InputError) else outcome.headline
    assert re.search(case.expect, told), told
    if isinstance(outcome, InputError):
        assert not list((tmp_path / "out").glob("verification*"))
        return
    assert isinstance(outcome.outputs, verify.Outputs)
    assert json.loads(Path(outcome.outputs.verdict).read_bytes())["verdict"] == "failed"
    if outcome.outputs.summary:
        summary = json.loads(Path(outcome.outputs.summary).read_bytes())["predicate"]
        assert (summary["verificationResult"], summary["verifiedLevels"]) == ("FAILED", ["FAILED"])
