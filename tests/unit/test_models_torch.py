"""PyTorch's archives are read as PyTorch reads them, whatever their bytes."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models.torch_files import plain, script, state, torch_zip
from modelseal.models import format as formats
from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Found
from modelseal.models.pickles.trace import Global
from modelseal.models.rule import Rule
from modelseal.models.torch_zips import records, scripts
from modelseal.models.torch_zips.storages import Storage, stated
from modelseal.models.torch_zips.weights import _needed
from modelseal.models.zips import archive as archives

STATE = torch_zip(plain(state({"weight": ("FloatStorage", "0", 3)}), _0=bytes(12)))


def rules(content: bytes) -> set[str]:
    found = walking.inspect(Content(content), "model.pt", Budget()).findings
    return {placed.found.rule.id for placed in found}


def judged(source: str) -> set[str]:
    return {event.rule.id for event in scripts.judged("a.py", source) if isinstance(event, Found)}


def test_storages_are_what_the_pickles_say() -> None:
    kind = Global("torch", "FloatStorage")
    assert stated([("storage", kind, "0", "cpu", 3)], "data/") == [Storage("data/0", 12)]
    assert stated([("storage", Global("elsewhere", "Thing"), "0", "cpu", 3)], "data/") == [Storage("data/0", None)]
    for other in (None, (), ("storage",), ("module", kind, "0", "cpu", 3), ("storage", kind, 0, "cpu", 3), "storage"):
        assert stated([("storage", kind, "0", "cpu", 3), other], "data/") is None


@pytest.mark.parametrize(
    "source",
    [
        "x = torch.add(y, 1)",
        "_0 = 'torch.save(x)'",
        '_0 = """\ntorch.save(x)\n"""',
        "# torch.save(x)",
        "y = self.torch.save(x)",
        "y = __torch__.torch.nn.functional.save(x)",
        "y = ops.prim.data(x)",
        "import __torch__.a",
        "y = ops.torchvision.nms(x, y, 0.5)",
        'y = annotate(List[int], [])\ny = getattr(self, "0")',
    ],
)
def test_scripts_that_compute_are_left_alone(source: str) -> None:
    assert judged(source) == set()


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("torch.save(x, 'f')", scripts.FILES),
        ("torch.\\\n  save(x, 'f')", scripts.FILES),
        ("(torch  # a comment\n . from_file)('f')", scripts.FILES),
        ("_0 = ''; torch.save(x, '''f''')", scripts.FILES),
        ("aten.save(x, 'f')", scripts.FILES),
        ("ops.image.write_file('f', x)", scripts.FILES),
        ("rpc_remote('w', f)", scripts.NETWORK),
        ("ops.c10d.send(x)", scripts.NETWORK),
        ("getattr(torch, 'save')(x, 'f')", scripts.FOREIGN),
        ("a = ops", scripts.FOREIGN),
        ("from os import system", scripts.FOREIGN),
        ("exec ('1')", scripts.FOREIGN),
        ("x.__reduce__", scripts.FOREIGN),
        ("ops.elsewhere.f(x)", scripts.UNKNOWN_OPERATOR),
    ],
)
def test_scripts_that_do_more_are_found(source: str, rule: Rule) -> None:
    assert judged(source) == {rule.id}


def test_judging_a_script_takes_time_in_proportion_to_its_size() -> None:
    assert judged("torch" + " " * 200_000 + "'" * 3 + "\\" * 200_000 + "#" * 10) == {scripts.FOREIGN.id}


def test_weights_reach_as_far_as_their_strides_say() -> None:
    meta = {"dtype": 7, "sizes": [{"as_int": 2}, {"as_int": 3}], "strides": [{"as_int": 3}, {"as_int": 1}]}
    assert _needed({**meta, "storage_offset": {"as_int": 4}}) == 4 * (4 + 6)
    assert _needed({**meta, "sizes": [{"as_int": 0}, {"as_int": 3}]}) == 0
    for broken in ({}, None, {**meta, "sizes": 1}, {**meta, "dtype": []}, {**meta, "strides": [{}]}):
        assert _needed(broken) == 0


def test_records_are_found_in_the_folder_of_the_first_one_whatever_their_case() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("m/x", "M/Data.PKL", "other/version"):
            archive.writestr(name, b"1")
    found = records.of(archives.of(Content(file.getvalue())))
    assert found is not None
    assert found.by_name.keys() == {"x", "data.pkl"}


@pytest.mark.parametrize("content", [STATE, script()])
def test_each_is_of_one_format(content: bytes) -> None:
    assert len(formats.recognised(Content(content))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("content", [STATE, script()], ids=["state", "script"])
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_bytes_make_it_fail(content: bytes, data: st.DataObject) -> None:
    broken = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    walking.inspect(Content(bytes(broken[: data.draw(st.integers(1, len(broken)))])), "model.pt", Budget())


def test_every_cut_is_noticed() -> None:
    for length in range(4, len(STATE), 7):
        assert rules(STATE[:length])
