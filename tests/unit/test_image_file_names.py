import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelseal.errors import InputError
from modelseal.image import file_names

NAME = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9:/@._-]{0,8})", fullmatch=True)


def test_plain_names_are_their_own() -> None:
    assert file_names.stems(["app", "app-2", "app.v1"]) == ("app", "app-2", "app.v1")


def test_names_that_look_alike_have_other_files() -> None:
    names = ["a/b:1", "a_b:1", "a-b-1", "a/b-1", "a/B:1", "a-b:1", "x/a/b:1", "a/b", "b:1", "A/b:1"]
    stems = file_names.stems(names)
    assert len({stem.lower() for stem in stems}) == len(names)
    assert all(file_names.stem(name) == stem for name, stem in zip(names, stems, strict=True))


def test_a_made_name_is_no_other_images_own() -> None:
    made = file_names.stem("a/b")
    assert re.fullmatch(r"a-b-[0-9a-f]{12}", made)
    assert file_names.stem(made) != made


@pytest.mark.parametrize("names", [["a", "a"], ["a/b", "c", "a/b"], ["", ""]])
def test_a_name_twice_is_refused(names: list[str]) -> None:
    with pytest.raises(InputError, match="twice") as caught:
        file_names.stems(names)
    assert caught.value.mend


@given(st.lists(st.one_of(NAME, st.text(max_size=6)), unique=True, max_size=20))
def test_other_names_have_other_files(names: list[str]) -> None:
    assert len({stem.casefold() for stem in file_names.stems(names)}) == len(names)


@given(st.text(st.characters(), max_size=300))
def test_every_file_system_takes_them(name: str) -> None:
    stem = file_names.stem(name)
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9]", stem)
    assert len(stem) <= 100


@pytest.mark.parametrize(
    "name", ["con", "NUL", "aux.txt", "com1", "lpt9.tar", "con/", "..", ".", "", "-x", "\udcff", "a" * 500]
)
def test_names_that_some_systems_keep_for_themselves(name: str) -> None:
    stem = file_names.stem(name)
    assert stem != name
    assert stem.partition(".")[0] not in {"con", "nul", "aux", "com1", "lpt9"}
