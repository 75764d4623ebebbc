"""Binary formats: whatever is done to a file, its reader comes to an end, and says so."""

import random
import time

import pytest

from assets.models import boosters, gguf, onnx, other_frameworks, safetensors, tables, tensorflow, tflite
from assets.models.case import Case
from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content

MODULES = (boosters, gguf, onnx, other_frameworks, safetensors, tables, tensorflow, tflite)
CASES = {module.__name__.split(".")[-1]: tuple(module.cases()) for module in MODULES}
SIZE = 60_000  # damage where headers are


def bytes_of(case: Case) -> tuple[str, bytes]:
    ((name, content),) = case.files.items()
    return name, content


def scanned(name: str, content: bytes) -> walking.Report:
    before = time.process_time()
    report = walking.inspect(Content(content), name, Budget())
    assert time.process_time() - before < 5
    return report


def damaged(content: bytes, chance: random.Random) -> bytes:
    made = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(min(len(made), SIZE))
        match chance.randrange(4):
            case 0:
                made[at] ^= 1 << chance.randrange(8)
            case 1:
                made[at : at + 8] = chance.choice((b"\xff" * 8, b"\0" * 8, b"\x7f" * 8))
            case 2:
                del made[at : at + chance.randint(1, 16)]
            case _:
                made[at:at] = made[at : at + chance.randint(1, 64)]
        if not made:
            return b""
    return bytes(made)


@pytest.mark.parametrize("family", CASES)
def test_no_damage_breaks_a_reader(family: str) -> None:
    chance = random.Random(family)
    for case in CASES[family]:
        name, content = bytes_of(case)
        for _ in range(2):
            scanned(name, damaged(content, chance))


@pytest.mark.parametrize("family", CASES)
def test_what_is_cut_off_is_never_clean(family: str) -> None:
    chance = random.Random(family)
    for case in CASES[family]:
        if case.expected != "benign":
            continue
        name, content = bytes_of(case)
        if len(content) < 200:
            continue
        cut = content[: chance.randrange(8, len(content) * 3 // 4)]
        if name.endswith((".txt", ".json", ".pb", ".model", ".tflite")):  # text, and messages that may end anywhere
            scanned(name, cut)
        else:
            assert scanned(name, cut).findings, case.name


@pytest.mark.slow
@pytest.mark.parametrize("family", CASES)
def test_no_damage_breaks_a_reader_at_length(family: str) -> None:
    chance = random.Random(f"{family}, at length")
    for case in CASES[family]:
        name, content = bytes_of(case)
        for _ in range(30):
            scanned(name, damaged(content, chance))


@pytest.mark.parametrize("name", ["arrow_tensor", "arrow_tensor_v2", "arrow_variable_shaped_tensor"])
def test_columns_of_tensors_that_ray_would_unpickle_are_found(name: str) -> None:
    """CVE-2026-41486: reading the schema is enough."""
    kind = {"ARROW:extension:name": f"ray.data.{name}".encode()}
    attack = tables.message([tables.column(kind | {"ARROW:extension:metadata": safetensors.PICKLE})], {})
    shape = tables.message([tables.column(kind | {"ARROW:extension:metadata": b"[2, 3]"})], {})
    assert "arrow-pickled-metadata" in {placed.found.rule.id for placed in scanned("x.arrow", attack).findings}
    assert not scanned("x.arrow", shape).findings
