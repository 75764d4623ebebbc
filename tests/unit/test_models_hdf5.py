"""The reader of HDF5 finds what h5py finds, and gets lost in no file."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models.hdf5_writing import File, hard_link, with_attributes
from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Unread
from modelseal.models.hdf5 import attributes, superblock, tree
from modelseal.models.hdf5.heaps import GlobalHeaps

ASSETS = Path(__file__).parent.parent / "assets" / "models" / "benign"
TREES: dict[str, dict[str, Any]] = json.loads((ASSETS / "hdf5" / "trees.json").read_text())


def ours(content: bytes) -> dict[str, Any]:
    block = superblock.read(Content(content), superblock.places(Content(content))[0], Budget())
    heaps = GlobalHeaps(block.source)
    found = {}
    for node in tree.walk(block):
        assert not isinstance(node, Unread), node
        values = {
            item.name.decode(): [value.hex() for value in attributes.values(item, heaps, block.source)]
            for item in node.attributes
        }
        shape = None if node.dataset is None else list(node.dataset.shape or ())
        found[node.path] = [sorted(link.name.decode() for link in node.links), values, shape]
    return found


@pytest.mark.parametrize("name", TREES)
def test_groups_attributes_and_datasets_are_those_that_h5py_finds(name: str) -> None:
    assert ours((ASSETS / "hdf5" / name).read_bytes()) == TREES[name]


@pytest.mark.parametrize("name", TREES)
def test_file_of_h5py_is_left_alone(name: str) -> None:
    report = walking.inspect(Content((ASSETS / "hdf5" / name).read_bytes()), name, Budget())
    assert report.findings == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TREES)[::3])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_damaged_file_is_read_to_an_end(name: str, data: st.DataObject) -> None:
    content = bytearray((ASSETS / "hdf5" / name).read_bytes())
    choice = random.Random(data.draw(st.integers(0, 1 << 32)))
    for _ in range(choice.choice((1, 4, 30))):
        content[choice.randrange(len(content))] = choice.randrange(256)
    del content[choice.randrange(len(content)) if choice.random() < 0.3 else len(content) :]
    began = time.process_time()
    walking.inspect(Content(bytes(content)), name, Budget())
    assert time.process_time() - began < 5


def test_file_that_ends_early_is_never_clean() -> None:
    whole = with_attributes({"model_config": "{}", "keras_version": "2.15.0"})
    assert not walking.inspect(Content(whole), "m.h5", Budget()).findings
    for size in range(9, len(whole)):
        assert walking.inspect(Content(whole[:size]), "m.h5", Budget()).findings, size


def test_group_that_holds_itself_is_read_once() -> None:
    file = File()
    content = bytearray(file.done([hard_link("again", 0)]))
    root = int.from_bytes(content[64:72], "little")
    place = content.rindex(b"again") + 5
    content[place : place + 8] = root.to_bytes(8, "little")
    assert list(ours(bytes(content))) == ["/"]


def test_header_that_continues_in_itself_is_unread() -> None:
    content = bytearray(with_attributes({"a": "x" * 32}))
    root = int.from_bytes(content[64:72], "little")
    place = content.index(b"\x0c\x00", root + 16)
    content[place : place + 2] = b"\x10\x00"
    content[place + 8 : place + 24] = place.to_bytes(8, "little") + (64).to_bytes(8, "little")
    report = walking.inspect(Content(bytes(content)), "m.h5", Budget())
    assert {placed.found.rule.id for placed in report.findings} == {"unread"}
