"""What a hostile reader of `attest` and `verify` tried: each got through, or ended as a bug, before it was here."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attestation_material import context, release
from modelseal.attestation import bundle
from modelseal.attestation.rejection import Rejection
from modelseal.commands import verify
from modelseal.station import Outcome
from modelseal.verdict import ExitCode

MODELS_PROVENANCE = "fraud-model.provenance.sigstore.json"


def verified(folder: Path, inputs: verify.Inputs, **changes: Any) -> Outcome:
    return verify.run(replace(inputs, **changes), context(folder))


def bundles(folder: Path) -> Path:
    return folder / "out" / "bundles"


@pytest.mark.parametrize("kind", [[], {}, [bundle.MEDIA_TYPE], 3, None])
def test_a_media_type_that_is_no_text_is_refused(tmp_path: Path, kind: object) -> None:
    inputs = release(tmp_path)
    file = bundles(tmp_path) / MODELS_PROVENANCE
    read = json.loads(file.read_bytes()) | {"mediaType": kind}
    with pytest.raises(Rejection, match="not a known Sigstore bundle"):
        bundle.parse(json.dumps(read).encode())
    file.write_text(json.dumps(read))
    assert verified(tmp_path, inputs).exit_code is ExitCode.VERIFICATION_FAILED
