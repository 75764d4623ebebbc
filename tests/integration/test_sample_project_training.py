"""The sample's committed data and model are what its `train.py` makes, and its service scores as the model does."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).resolve().parents[1] / "assets" / "sample-project"

COMPARE_SCORES = """
import csv, pathlib, joblib, serve
model, pipeline = serve.Model.load(pathlib.Path("model")), joblib.load("model/fraud.joblib")
with open("data/transactions.csv", newline="") as file:
    rows = list(csv.DictReader(file))[::40]
expected = pipeline.predict_proba([[float(row[name]) for name in model.features] for row in rows])[:, 1]
apart = max(abs(model.score(row) - score) for row, score in zip(rows, expected, strict=True))
assert len(rows) == 100 and apart < 1e-5, apart
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The pinned training libraries, beside the test environment rather than in it."""
    target = tmp_path_factory.mktemp("training") / "lib"
    install = ["pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--root-user-action=ignore"]
    requirements = ["--target", str(target), "-r", str(SAMPLE / "requirements-train.txt")]
    subprocess.run([sys.executable, "-m", *install, *requirements], check=True)
    return os.environ | {"PYTHONPATH": str(target), "PYTHONDONTWRITEBYTECODE": "1"}


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("data", "model")
        for path in (folder / part).iterdir()
    }


def test_training_again_gives_the_committed_bytes(tmp_path: Path, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, str(SAMPLE / "train.py"), str(tmp_path)], env=environment, check=True)
    assert digests(tmp_path) == digests(SAMPLE)
    assert (tmp_path / "SHA256SUMS").read_bytes() == (SAMPLE / "SHA256SUMS").read_bytes()


def test_service_can_read_the_model_as_another_user(tmp_path: Path, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, str(SAMPLE / "train.py"), str(tmp_path)], env=environment, check=True, umask=0o022)
    assert all(path.stat().st_mode & 0o004 for path in (tmp_path / "model").iterdir())


def test_service_scores_as_the_trained_pipeline_does(tmp_path: Path, environment: dict[str, str]) -> None:
    copy = tmp_path / "sample"
    shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns("wheels"))
    subprocess.run([sys.executable, "-c", COMPARE_SCORES], cwd=copy, env=environment, check=True)
