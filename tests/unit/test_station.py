"""What an input's text can mean, and that nothing else is taken for it."""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelseal import cli, station
from modelseal.errors import InputError
from modelseal.station import Outcome, option, output, read_inputs
from modelseal.verdict import ExitCode

CANARY = "canary-of-a-secret"


@dataclass(frozen=True)
class Inputs:
    paths: tuple[str, ...] = option("Files.", station.lines, required=True)
    fail_on: tuple[str, ...] = option("When.", station.choices("HIGH", "LOW"), default="HIGH")
    push: bool = option("Whether.", station.boolean, default="false")
    private_key: str = option("Secret.", station.text, secret=True)


def test_defaults_are_parsed_like_anything_else() -> None:
    assert read_inputs(Inputs, {"paths": "a"}) == Inputs(("a",), ("HIGH",), push=False, private_key="")


@pytest.mark.parametrize("texts", [{}, {"paths": ""}, {"paths": " \n\t "}])
def test_required_input_must_have_a_text(texts: dict[str, str]) -> None:
    with pytest.raises(InputError, match="Input `paths` is required"):
        read_inputs(Inputs, texts)


def test_wrong_input_is_named() -> None:
    with pytest.raises(InputError, match="neither `true` nor `false`") as raised:
        read_inputs(Inputs, {"paths": "a", "push": "yes"})
    assert raised.value.where == "input `push`"


def test_unknown_texts_are_nobodys() -> None:
    assert read_inputs(Inputs, {"paths": "a", "no-such-input": "x"}).paths == ("a",)


def test_secret_is_neither_shown_nor_repeated() -> None:
    inputs = read_inputs(Inputs, {"paths": "a", "private-key": CANARY})
    assert CANARY not in repr(inputs)
    with pytest.raises(InputError) as raised:
        read_inputs(Inputs, {"paths": "a", "private-key": f"{CANARY}\n{CANARY}"})
    assert CANARY not in str(raised.value)
    assert "private-key" in raised.value.what
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("given_", "kept"), [("abc\n", "abc"), ("abc\r\n", "abc"), (" abc ", " abc "), ("\tabc\n\n", "\tabc")]
)
def test_secret_keeps_its_spaces_but_not_the_files_last_line_break(given_: str, kept: str) -> None:
    assert (
        read_inputs(dataclasses.make_dataclass("I", [("x", str, option("", str, secret=True))]), {"x": given_}).x
        == kept
    )


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "\x1b[2J", "a\x7f", "a\tb", "\n::set-output name=x::y"])
def test_text_is_one_plain_line(value: str) -> None:
    with pytest.raises(InputError, match="control character") as raised:
        station.text(value)
    assert raised.value.what.isprintable()


@given(st.text())
def test_text_is_taken_as_it_is_or_not_at_all(value: str) -> None:
    try:
        assert station.text(value) == value
    except InputError:
        assert any(character < " " or character == "\x7f" for character in value)


@pytest.mark.parametrize(("value", "meaning"), [("true", True), ("false", False)])
def test_boolean(value: str, *, meaning: bool) -> None:
    assert station.boolean(value) is meaning


@given(st.text() | st.sampled_from(["True", "TRUE", "yes", "1", "on", "", "true ", "false\n", "t", "null"]))
def test_boolean_is_nothing_else(value: str) -> None:
    if value not in ("true", "false"):
        with pytest.raises(InputError):
            station.boolean(value)


@given(st.lists(st.text(st.characters(exclude_characters="\n"))))
def test_lines_are_the_items_without_blank_ones(values: list[str]) -> None:
    expected = tuple(value.strip() for value in values if value.strip())
    assert station.lines("\n".join(values)) == expected
    assert station.lines("\r\n".join(values)) == expected


@given(st.lists(st.text(st.characters(exclude_characters="\n,"))), st.sampled_from([",", "\n", " , ", ",\n"]))
def test_items_are_each_there_once_in_order(values: list[str], separator: str) -> None:
    text = separator.join(values)
    if text and not any(value.strip() for value in values):
        with pytest.raises(InputError, match="empty"):
            station.items(text)
        return
    parsed = station.items(text)
    assert len(set(parsed)) == len(parsed)
    assert set(parsed) == {value.strip() for value in values if value.strip()}
    assert list(parsed) == sorted(parsed, key=[value.strip() for value in values].index)


@given(st.text())
def test_choice_is_one_of_its_words(value: str) -> None:
    if value not in ("HIGH", "LOW"):
        with pytest.raises(InputError):
            station.choice("HIGH", "LOW")(value)


def test_nothing_is_not_offered_as_a_choice() -> None:
    with pytest.raises(InputError, match=r"is not one of github-hosted, self-hosted\."):
        station.choice("", "github-hosted", "self-hosted")("mine")


@pytest.mark.parametrize("value", ["", ",", "\n", "HIGH,MEDIUM", "high", "HIGH;LOW"])
def test_choices_are_at_least_one_of_their_words(value: str) -> None:
    with pytest.raises(InputError):
        station.choices("HIGH", "LOW")(value)
    assert station.choices("HIGH", "LOW")("LOW,\nHIGH,LOW") == ("LOW", "HIGH")


@given(st.integers(1, 999_999))
def test_count(number: int) -> None:
    assert station.count(str(number)) == number


@given(
    st.text() | st.sampled_from(["0", "-1", "01", "1.0", "1e3", "1_0", " 1", "1000000", "\N{ARABIC-INDIC DIGIT ONE}"])
)
def test_count_is_nothing_else(value: str) -> None:
    if value and not (value.isascii() and value.isdigit() and 1 <= int(value) < 1_000_000 and value[0] != "0"):
        with pytest.raises(InputError):
            station.count(value)


def test_empty_count_is_none() -> None:
    assert station.count("") is None


@given(st.integers(1, 999_999), st.sampled_from("mhd"))
def test_duration(number: int, unit: str) -> None:
    assert station.duration(f"{number}{unit}") / timedelta(minutes=1) == number * {"m": 1, "h": 60, "d": 1440}[unit]


@given(
    st.text() | st.sampled_from(["", "0h", "48", "h", "-1h", "1.5h", "1 h", "1H", "2d12h", "1h\n", "9999999d", "1s"])
)
def test_duration_is_nothing_else(value: str) -> None:
    if not (value[-1:] in ("m", "h", "d") and value[:-1].isascii() and value[:-1].isdigit() and value[0] != "0"):
        with pytest.raises(InputError):
            station.duration(value)


def test_path() -> None:
    assert station.path("") is None
    assert station.path("a b/\udcff") == Path("a b/\udcff")
    with pytest.raises(InputError):
        station.path("a\0b")


@given(st.dictionaries(st.sampled_from(["paths", "fail-on", "push", "private-key"]), st.text()))
def test_any_texts_are_inputs_or_an_input_error(texts: dict[str, str]) -> None:
    try:
        inputs = read_inputs(Inputs, texts)
    except InputError as error:
        assert error.what  # noqa: PT017 -- either will do
    else:
        assert inputs.paths


@pytest.mark.parametrize("exit_code", [ExitCode.BUG, ExitCode.INPUT, ExitCode.TOOL])
def test_mishap_is_no_outcome(exit_code: ExitCode) -> None:
    with pytest.raises(ValueError, match=str(int(exit_code))):
        Outcome(exit_code, None, "", "")


@pytest.mark.parametrize("name", [*cli.STATIONS, cli.CHAIN])
def test_stations_declare_themselves_completely(name: str) -> None:
    declared = cli.load(name).STATION
    assert declared.name == name
    assert declared.summary
    assert declared.description
    options = station.options_of(declared.inputs)
    assert options
    for item in options.values():
        assert item.help.endswith((".", "?"))
        assert not item.secret or not item.default
        if item.default:
            item.parse(item.default)
    outputs = station.outputs_of(declared.outputs)
    assert "result" not in outputs
    assert all(outputs.values())
    assert declared.inputs.__dataclass_params__.frozen
    assert declared.outputs.__dataclass_params__.frozen


def test_secrets_are_declared_as_such() -> None:
    for name in (*cli.STATIONS, cli.CHAIN):
        for option_name, item in station.options_of(cli.load(name).STATION.inputs).items():
            suspicious = any(word in option_name for word in ("token", "password", "private", "secret"))
            by_reference = (name, option_name) == ("build-image", "secrets")  # names of variables and files
            assert item.secret or by_reference or not suspicious, f"{name} {option_name}"


def test_output_is_empty_until_set() -> None:
    outputs = dataclasses.make_dataclass("Outputs", [("x", str, output("Help."))])
    assert outputs().x == ""
