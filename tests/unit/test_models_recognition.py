"""Data that are known by how they begin and end: text that does so is not."""

import pytest

from modelseal.models.content import Content
from modelseal.models.formats import feather, orc

ORC_END = b"\x82\xf4\x03\x03ORC\x08"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"ORC",
        b"ORC=1\nimport os\n#ORC\n",
        b"ORC=1\nimport os\n#" + ORC_END,  # no number among its first bytes
        b"ORC" + bytes(9) + b"\x82\xf4\x03\x03ORC\xff",  # longer than the file
        b"ORC" + bytes(9) + b"\x82\xf4\x03\x03ORC\x02",  # shorter than its own mark
    ],
)
def test_what_is_no_orc(content: bytes) -> None:
    assert not orc.FORMAT.recognises(Content(content))


@pytest.mark.parametrize(
    "content", [b"", b"FEA1", b"FEA1FEA1", b"FEA1=1\nimport os\n#FEA1", b"FEA1" + bytes(8) + b"FEA1"]
)
def test_what_is_no_feather(content: bytes) -> None:
    assert not feather.FORMAT.recognises(Content(content))


def test_what_is_one() -> None:
    assert orc.FORMAT.recognises(Content(b"ORC" + bytes(9) + ORC_END))
    assert feather.FORMAT.recognises(Content(b"FEA1" + bytes(16) + b"\x08\0\0\0FEA1"))
