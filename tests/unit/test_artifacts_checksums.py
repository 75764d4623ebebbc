import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.artifacts import checksums
from modelseal.errors import InputError

A, B = "a" * 64, "0123456789abcdef" * 4

part = st.binary(min_size=1, max_size=8).filter(lambda b: b not in (b".", b"..") and not {0, 47} & set(b))
names = st.lists(part, min_size=1, max_size=3).map(lambda parts: b"/".join(parts).decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a", f"{A}  a\n"),
        ("a b/ c", f"{A}  a b/ c\n"),
        ("*a", f"{A}  *a\n"),
        ("a\nb", f"\\{A}  a\\nb\n"),
        ("a\rb", f"\\{A}  a\\rb\n"),
        ("a\\b", f"\\{A}  a\\\\b\n"),
        ("a\\nb", f"\\{A}  a\\\\nb\n"),
        ("-", f"{A}  ./-\n"),
        ("-a", f"{A}  -a\n"),
    ],
)
def test_lines(name: str, line: str) -> None:
    assert checksums.encode([(name, A)]) == line.encode()
    assert checksums.parse(line.encode()) == ((name, A),)


@settings(max_examples=200)
@given(st.dictionaries(names, st.binary().map(lambda b: hashlib.sha256(b).hexdigest()), min_size=1, max_size=6))
def test_round_trip_whatever_the_names(files: dict[str, str]) -> None:
    assert dict(checksums.parse(checksums.encode(files.items()))) == files


@pytest.mark.parametrize(
    "text",
    [
        f"{A}  a\n",
        f"{A} *a\n",
        f"{A.upper()}  a\n",
        f"{A}  ./a\n",
        f"{A}  a",
        f"# made by a tool\n{A}  a\n",
    ],
)
def test_what_sha256sum_writes_and_people_edit_is_read(text: str) -> None:
    assert checksums.parse(text.encode()) == (("a", A),)


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ("", 1),
        ("# only a comment\n", 0),
        (f"{A}  a\n\n{B}  b\n", 2),
        (f"{A} a\n", 1),
        (f"{A}\n", 1),
        (f"{A}  \n", 1),
        (f"{A[:-1]}  a\n", 1),
        (f"{A}a  a\n", 1),
        (f"{A[:-1]}g  a\n", 1),
        (f" {A}  a\n", 1),
        (f"{A}  a\n{B}  a\n", 2),
        (f"{A}  a\n{A}  ./a\n", 2),
        (f"{A}  a\r\n", 1),
        (f"{A}  /etc/passwd\n", 1),
        (f"{A}  ../a\n", 1),
        (f"{A}  a/../b\n", 1),
        (f"{A}  a//b\n", 1),
        (f"{A}  a\0b\n", 1),
        (f"\\{A}  a\\tb\n", 1),
        (f"\\{A}  a\\\n", 1),
        (f"SHA256 (a) = {A}\n", 1),
        ("d41d8cd98f00b204e9800998ecf8427e  a\n", 1),
        ("<html>\n", 1),
    ],
)
def test_a_bad_line_is_an_error_with_its_number(bad: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        checksums.parse(bad.encode())
    assert not line or not bad or f"Line {line} " in caught.value.what
