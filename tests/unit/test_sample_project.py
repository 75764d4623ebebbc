"""The sample project's committed files belong together, without anything that its own scripts need."""

import hashlib
import json
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).resolve().parents[1] / "assets" / "sample-project"
PINNED = re.compile(r"^([a-z0-9-]+)==([0-9.]+)(?: \\)?$")


def tensors(path: Path) -> dict[str, tuple[float, ...]]:
    """Read 32-bit floats as https://github.com/huggingface/safetensors describes the format."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header: dict[str, Any] = json.loads(data[8 : 8 + size])
    body = data[8 + size :]
    found = {}
    for name, about in header.items():
        start, end = about["data_offsets"]
        assert about["dtype"] == "F32"
        found[name] = struct.unpack(f"<{(end - start) // 4}f", body[start:end])
    return found


def pins(name: str) -> dict[str, str]:
    lines = (SAMPLE / name).read_text(encoding="utf-8").splitlines()
    required = [line for line in lines if line and not line.lstrip().startswith(("#", "--hash="))]
    matches = [PINNED.match(line) for line in required]
    assert all(matches), f"{name} has a line that pins nothing"
    return {match[1]: match[2] for match in matches if match}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def test_data_and_model_are_what_train_wrote() -> None:
    listed = dict(line.split("  ")[::-1] for line in (SAMPLE / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    there = {
        path.relative_to(SAMPLE).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in ("data", "model")
        for path in (SAMPLE / part).rglob("*")
        if path.is_file()
    }
    assert there == listed


def test_sha256sum_agrees_and_sees_one_changed_byte(tmp_path: Path) -> None:
    copy = tmp_path / "sample"
    shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns("wheels"))

    def check() -> int:
        return subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=copy, check=False).returncode

    assert check() == 0
    model = copy / "model" / "fraud.safetensors"
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(data)
    assert check() != 0


def test_model_has_a_weight_for_every_feature() -> None:
    config = json.loads((SAMPLE / "model" / "config.json").read_text(encoding="utf-8"))
    model = tensors(SAMPLE / "model" / "fraud.safetensors")
    assert {name: len(values) for name, values in model.items()} == {
        "mean": len(config["features"]),
        "scale": len(config["features"]),
        "coefficients": len(config["features"]),
        "intercept": 1,
    }
    assert all(value > 0 for value in model["scale"])


def test_data_has_the_features_of_the_model() -> None:
    config = json.loads((SAMPLE / "model" / "config.json").read_text(encoding="utf-8"))
    header, *rows = (SAMPLE / "data" / "transactions.csv").read_text(encoding="utf-8").splitlines()
    assert header.split(",") == ["id", *config["features"], "fraud"]
    assert len(rows) == 4000
    assert {row.rsplit(",", 1)[1] for row in rows} == {"0", "1"}


def test_model_was_trained_with_the_pinned_libraries() -> None:
    config = json.loads((SAMPLE / "model" / "config.json").read_text(encoding="utf-8"))
    assert config["trained_with"].items() <= pins("requirements-train.txt").items()


def test_sample_stays_small() -> None:
    files = [path for part in ("data", "model") for path in (SAMPLE / part).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000


def test_service_loads_with_either_set_of_requirements() -> None:
    assert pins("requirements.txt").keys() == {"numpy", "safetensors"}
    assert pins("requirements.txt").keys() <= pins("requirements-vulnerable.txt").keys()


def test_every_clean_requirement_is_locked_by_its_hashes() -> None:
    blocks = re.split(
        r"^(?=[a-z0-9-]+==)", (SAMPLE / "requirements.txt").read_text(encoding="utf-8"), flags=re.MULTILINE
    )[1:]
    assert len(blocks) == len(pins("requirements.txt"))
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)


def severe() -> dict[str, list[str]]:
    """Return the ranges of versions with CRITICAL or HIGH advisories, by package, from the test database's listing."""
    rows = (SAMPLE.parent / "trivy-db" / "advisories.tsv").read_text(encoding="utf-8").splitlines()[1:]
    found: dict[str, list[str]] = {}
    for row in rows:
        bucket, package, _, severity, ranges, *_ = row.split("\t")
        if bucket.startswith("pip::") and severity in ("CRITICAL", "HIGH"):
            found.setdefault(package, []).extend(ranges.split("; "))
    return found


def within(installed: str, range_: str) -> bool:
    for bound in range_.split(", "):
        match = re.fullmatch(r"([<>]=?)([0-9.]+)", bound)
        assert match is not None, f"{bound} is not a bound that this test can read"
        here, limit = version(installed), version(match[2])
        if not {"<": here < limit, "<=": here <= limit, ">": here > limit, ">=": here >= limit}[match[1]]:
            return False
    return True


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("requirements.txt", set()),
        ("requirements-vulnerable.txt", {"aiohttp", "idna", "langchain", "numexpr", "urllib3"}),
    ],
)
def test_requirements_are_as_clean_as_their_name_says(name: str, expected: set[str]) -> None:
    advisories = severe()
    affected = {
        package
        for package, installed in pins(name).items()
        if any(within(installed, range_) for range_ in advisories.get(package, []))
    }
    assert affected == expected
