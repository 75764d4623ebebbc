import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelseal.report.markdown import code, escape, plain, table, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é", "plain é"),
        ("a\nb\r\t", "a\\nb\\r\\t"),
        ("\x1b[31m\x00\x7f", "\\x1b[31m\\x00\\x7f"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\udcff", "\\xff"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("\u2028\u200b", "\\u2028\\u200b"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "<b>", "a|b", "`x`", "[a](http://b)", "![a](b)", "# h", "- x", "+ x", "1. x", "1) x", "=",
        "    code", "*a*", "_a_", "~~a~~", "&lt;", "&#60;", "https://example.org", "www.example.org", "\\",
        "\\|", "", " ", "> q", "a\n# b", "```",
    ],
)  # fmt: skip
def test_foreign_text_stays_text(text: str) -> None:
    for made in (escape(text), code(text)):
        assert "\n" not in made
        assert "|" not in made
        assert "<b>" not in made
        assert plain(f"- {made}.") == f"- {visible(text)}."
    assert escape(text)[:1] not in ("-", "+", "=", "#", ">", " ", "`")
    assert "://" not in escape(text)
    assert "www." not in escape(text)


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_comes_back_from_the_terminal_form(text: str) -> None:
    assert plain(f"- {escape(text)}.") == f"- {visible(text)}."
    assert plain(f"- {code(text)}.") == f"- {visible(text)}."
    assert plain(table(["A", "B"], [[code(f"x{text}y"), escape("z")]])).splitlines()[1].endswith("y  z")


def test_table() -> None:
    assert table(["A", "B"], [["1", "2"]]) == "| A | B |\n| --- | --- |\n| 1 | 2 |\n"


@pytest.mark.parametrize("row", [["1"], ["1", "2", "3"], ["a|b", "c"], ["a\nb", "c"], ["a", "\r"]])
def test_a_row_that_would_break_the_table_is_a_bug(row: list[str]) -> None:
    with pytest.raises(ValueError, match=r".*"):
        table(["A", "B"], [row])


def test_plain() -> None:
    markdown = (
        "### Title `x`\n\n| A | B |\n| --- | --- |\n| `long name` | 1 |\n\n**b** [t](https://e.org)\n```sh\ncd x\n```\n"
    )
    assert plain(markdown) == "Title x\n\nA          B\nlong name  1\n\nb t (https://e.org)\ncd x"
