"""NumPy's files are read without NumPy: numbers are skipped, objects are found, and nothing is evaluated."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.models import walking
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event, Found, Member
from modelseal.models.faults import Malformed
from modelseal.models.formats.npy import FORMAT
from modelseal.models.numpy_arrays import dtypes
from modelseal.models.numpy_arrays.dtypes import Element
from modelseal.models.reading_rules import UNREAD


def npy(header: str, data: bytes = b"", version: int = 1) -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<L", len(text)) + text + data


def array(descr: str, shape: str, data: bytes) -> bytes:
    return npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}", data)


def events(content: bytes) -> list[Event]:
    found: list[Event] = []
    try:
        found.extend(FORMAT.inspect(Content(content), Budget()))
    except Malformed as fault:
        found.append(Found(UNREAD, fault.what))
    return found


def rules(content: bytes) -> set[str]:
    return {event.rule.id for event in events(content) if isinstance(event, Found)}


@pytest.mark.parametrize(
    ("descr", "shape", "size"),
    [
        ("'<f4'", "(2, 3)", 24),
        ("'|b1'", "()", 1),
        ("'<U3'", "(2,)", 24),
        ("'|S3'", "(2,)", 6),
        ("'<M8[ns]'", "(2,)", 16),
        ("'<c16'", "(1,)", 16),
        ("[('a', '<f4'), ('b', '|S3', (2, 2)), (('title', 'c'), [('d', '<i8')])]", "(2,)", 2 * 24),
        ("('<f4', (3,))", "(2,)", 24),
        ("'<f4'", "(0, 7)", 0),
        ("'<f4'", "(2L,)", 8),
    ],
)
def test_numbers_are_left_alone(descr: str, shape: str, size: int) -> None:
    assert events(array(descr, shape, bytes(size))) == []
    assert "unread" in rules(array(descr, shape, bytes(max(size - 1, 0)))) or not size
    assert rules(array(descr, shape, bytes(size) + b"x")) == {"npy-trailing"}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_is_read(version: int) -> None:
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
    assert events(npy(header, bytes(4), version)) == []


def test_arrays_in_a_row_are_all_read() -> None:
    one, objects = array("'<f4'", "(1,)", bytes(4)), array("'|O'", "(1,)", b"pickle")
    assert events(one + one) == []
    assert [(event.known, event.content.read()) for event in events(one + objects) if isinstance(event, Member)] == [
        ("pickle", b"pickle")
    ]


@pytest.mark.parametrize("descr", ["'|O'", "'O'", "'|O8'", "[('a', '<f4'), ('b', [('c', '|O')])]", "('|O', (2,))"])
def test_objects_are_handed_over_as_a_pickle(descr: str) -> None:
    found = events(array(descr, "(1,)", b"pickle"))
    assert [(event.known, event.content.read()) for event in found if isinstance(event, Member)] == [
        ("pickle", b"pickle")
    ]


@pytest.mark.parametrize(
    "descr", ["'i4, O'", "'object'", "'<f4' ", "['x']", "{'a': 1}", "print", "('<f4', -1)", "None"]
)
def test_types_that_numpy_does_not_write_are_never_passed_over(descr: str) -> None:
    assert rules(array(descr, "(1,)", b"x")) & {"npy-dtype", "unread"}


def test_a_key_that_comes_twice_is_found_and_objects_behind_it_too() -> None:
    header = "{'descr': '|O', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
    found = events(npy(header, bytes(4)))
    assert {event.rule.id for event in found if isinstance(event, Found)} == {"npy-header"}
    assert any(isinstance(event, Member) and event.known == "pickle" for event in found)


@pytest.mark.parametrize(
    "header",
    [
        "__import__('os').system('id')",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",)}",
        "{" + "[" * 5000 + "]" * 5000 + "}",
        "{'descr': '<f4', 'fortran_order': False}",
        "\0",
        "",
    ],
)
def test_headers_that_are_none_are_unread_and_nothing_is_evaluated(header: str) -> None:
    assert rules(npy(header, bytes(4))) >= {"unread"}


def test_sizes_of_elements() -> None:
    assert dtypes.element("<f8") == Element(8)
    assert dtypes.element("bfloat16") == Element(2)
    assert dtypes.element("|V2") == Element(2)
    assert dtypes.element([("a", "O"), ("b", "<i2")]) == Element(10, pickled=True)
    assert dtypes.element("T") is None


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_it_fail(data: st.DataObject) -> None:
    content = bytearray(array("[('a', '<f4'), ('b', '|S3', (2, 2))]", "(2,)", bytes(32)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(6, len(content) - 1))] = data.draw(st.integers(0, 255))
    walking.inspect(Content(bytes(content[: data.draw(st.integers(1, len(content)))])), "x", Budget())
