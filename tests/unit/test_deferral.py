import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from modelseal.attestation import trusting
from modelseal.attestation.requirements import Requirements
trusting.trust_of(Requirements(repository="octo/model", trust_config=Path(sys.argv[2])), datetime.now(UTC))
import rekor_types
print(rekor_types.Alpine.__pydantic_complete__, rekor_types.Dsse.__pydantic_complete__)
try:
    rekor_types.Dsse.model_validate_json('{"kind": "alpine"}')
except ValueError as error:
    print(sorted({item["loc"][0] for item in error.errors()}))
print(rekor_types.Alpine.__pydantic_complete__, rekor_types.Dsse.__pydantic_complete__)
"""


def test_a_keyless_verifier_builds_models_when_they_are_used_and_they_refuse_what_they_refused() -> None:
    root = ROOT / "tests" / "assets" / "refusals" / "keyless" / "trusted-root.jsonl"
    argv = [sys.executable, "-I", "-c", PROGRAM, str(ROOT / "scripts"), str(root)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False False", "['kind', 'spec']", "False True"]
