"""Each `action.yml` is what its station declares, and holds what the design asks of all of them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import declarations
from modelseal import cli, station

NAMES = declarations.names()


def action(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(declarations.action_path(name).read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize(("path", "text"), declarations.files().items(), ids=lambda value: getattr(value, "name", ""))
def test_what_is_committed_is_what_the_declarations_make(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: python tests/declarations.py --write"


def test_no_action_is_without_a_station() -> None:
    found = {path.parent.name for path in (declarations.ROOT / "actions").glob("*/action.yml")}
    assert found == set(cli.STATIONS)
    assert {path.name for path in (declarations.ROOT / "actions").iterdir()} == found


def test_the_readme_repeats_the_declarations() -> None:
    readme = declarations.ROOT / "README.md"
    assert readme.exists(), "the README is missing"
    text = readme.read_text(encoding="utf-8")
    assert declarations.with_section(text) == text, "run: python tests/declarations.py --write"


@pytest.mark.parametrize(
    "readme",
    [
        "no markers",
        f"{declarations.BEGIN}\n",
        f"{declarations.END}\n{declarations.BEGIN}\n",
        f"{declarations.BEGIN}\n{declarations.BEGIN}\n{declarations.END}\n",
        f"{declarations.BEGIN}\n{declarations.END}\n{declarations.END}\n",
    ],
)
def test_a_readme_without_its_markers_is_refused(readme: str) -> None:
    with pytest.raises(ValueError, match="README needs"):
        declarations.with_section(readme)


def test_a_readme_keeps_what_is_around_the_section() -> None:
    made = declarations.with_section(f"before\n{declarations.BEGIN}\nwhat it said before\n{declarations.END}\nafter\n")
    assert made.startswith("before\n")
    assert made.endswith(f"{declarations.END}\nafter\n")
    assert "what it said before" not in made
    assert declarations.with_section(made) == made


@pytest.mark.parametrize("name", NAMES)
def test_an_action_takes_and_gives_what_its_station_does(name: str) -> None:
    made = action(name)
    options = station.options_of(declarations.declared(name).inputs)
    assert set(made["inputs"]) == {*options, "output-dir"}
    assert set(made["outputs"]) == {*station.outputs_of(declarations.declared(name).outputs), "result"}
    for key, option in options.items():
        assert made["inputs"][key]["required"] is option.required
        assert made["inputs"][key].get("default", "") == (option.default_on_github or option.default)
        assert made["inputs"][key]["description"] == " ".join(option.help.split())


@pytest.mark.parametrize("name", NAMES)
def test_every_input_reaches_python_and_every_output_leaves_it(name: str) -> None:
    made = action(name)
    (step,) = made["runs"]["steps"]
    expected = {
        f"MODELSEAL_INPUT_{key.upper().replace('-', '_')}": f"${{{{ inputs.{key} }}}}" for key in made["inputs"]
    }
    assert step["env"] == {"BASH_ENV": "", **expected}
    for key, output in made["outputs"].items():
        assert output["value"] == f"${{{{ steps.{step['id']}.outputs.{key} }}}}"


@pytest.mark.parametrize("name", NAMES)
def test_names_are_kebab_case_and_described(name: str) -> None:
    made = action(name)
    for key, value in {**made["inputs"], **made["outputs"]}.items():
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", key)
        assert value["description"].strip()
    assert made["description"].strip()
    assert len(made["description"]) <= 125, "GitHub's marketplace takes no more"


@pytest.mark.parametrize("name", NAMES)
def test_no_description_has_an_expression(name: str) -> None:
    """GitHub evaluates those, too, when it loads an action; it knows no context there, and refuses the whole action."""
    made = action(name)
    described = [made, *made["inputs"].values(), *made["outputs"].values()]
    assert [item["description"] for item in described if "${{" in item["description"]] == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_pasted_into_a_script_and_nothing_leaks_into_later_steps(name: str) -> None:
    text = declarations.action_path(name).read_text(encoding="utf-8")
    assert "GITHUB_ENV" not in text
    assert "GITHUB_PATH" not in text
    (step,) = action(name)["runs"]["steps"]
    assert "${{" not in step["run"]
    assert "uses" not in step
    folder = declarations.action_path(name).parent
    script = re.fullmatch(r'bash "\$GITHUB_ACTION_PATH/(\S+)" ([a-z-]+)', step["run"])
    assert script is not None
    assert (folder / script[1]).resolve() == declarations.ROOT / "scripts" / "run"
    assert script[2] == name


@pytest.mark.parametrize("name", NAMES)
def test_permissions_are_stated_at_the_top_with_the_reason(name: str) -> None:
    header, _, _ = declarations.action_path(name).read_text(encoding="utf-8").partition("\nname:")
    stated = re.findall(r"^#   ([a-z-]+: (?:read|write)) +(\S.*)$", header, re.MULTILINE)
    assert stated == list(declarations.declared(name).permissions)
    assert stated or "#   none" in header
