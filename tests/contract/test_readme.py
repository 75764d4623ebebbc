"""The documents say what is so: commands, codes, messages, links and examples that exist."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import declarations
from modelseal import __version__, cli, station
from modelseal.verdict import ExitCode

ROOT = declarations.ROOT
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    *sorted(str(path.relative_to(declarations.ROOT)) for path in declarations.ROOT.glob("docs/*.md")),
)

# Joined here, so that this file does not hold what it looks for.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
    )
)
# Folders of one machine. Code that needs a temporary or home folder asks for it.
MACHINE = ("work", "root", "home", "Users", "tmp")
# How something was made is of no use to those who use it.
ORIGINS = ("generated " + "by", "written " + "by", "co-authored" + "-by", "as an " + "ai")


def document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return what the README has below a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", document("README.md"), re.MULTILINE | re.DOTALL)
    assert found is not None, f"the README has no section {title!r}"
    return found[1]


def between(name: str) -> str:
    found = re.findall(
        rf"^<!-- {name}:begin -->\n(.*?)^<!-- {name}:end -->$", document("README.md"), re.MULTILINE | re.DOTALL
    )
    assert len(found) == 1, f"the README needs the markers of {name!r} once"
    inside: str = found[0]
    return inside


def commands(text: str) -> Iterator[str]:
    """Yield each command of the shell examples, on one line."""
    for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield from filter(None, block.replace("\\\n", " ").splitlines())


def tracked() -> list[Path]:
    """Return every file that a commit here would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    files = [ROOT / name for name in listed.split("\0") if name and "node_modules" not in Path(name).parts]
    assert len(files) > 100
    return [file for file in files if file.is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            yield str(path.relative_to(ROOT)), data.decode("utf-8", "replace")


def test_the_quickstart_is_the_file_without_the_comments_at_its_top() -> None:
    lines = document("workflows-examples/quickstart.yml").splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        del lines[0]
    assert between("quickstart") == f"```yaml\n{''.join(lines)}```\n"


def test_sections_are_there_in_order() -> None:
    titles = re.findall(r"^## (.+)$", document("README.md"), re.MULTILINE)
    assert titles == [
        "Try it",
        "Quickstart",
        "What a passed run does not prove",
        "The gate",
        "Signing and verifying",
        "Stations",
        "Exit codes and `result`",
        "Verify with other tools",
        "Run it elsewhere",
        "The tools it runs",
        "Troubleshooting",
        "Figures",
        "Where things are",
    ]
    assert between("stations").strip()  # that it is up to date is `test_actions`'
    between("figures")


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", document("Makefile"), re.MULTILINE))
    for name in DOCUMENTS:
        named = re.findall(r"(?:`|^)make ([a-z-]+)", document(name), re.MULTILINE)
        assert set(named) <= targets, name
    assert {"demo", "test", "bench"} <= targets


def test_exit_codes_are_those_of_the_program() -> None:
    rows = re.findall(r"^\| (\d+) \| .+ \| `(\w+)` \|$", section("Exit codes and `result`"), re.MULTILINE)
    assert rows == [(str(code.value), code.verdict.value) for code in ExitCode]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_relative_links_lead_somewhere(name: str) -> None:
    text = re.sub(r"^```.*?^```$", "", document(name), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        parts = urlsplit(target)
        if parts.scheme:
            assert parts.scheme == "https", target
            continue
        path = (ROOT / name).parent / unquote(parts.path) if parts.path else ROOT / name
        assert path.exists(), target
        if parts.fragment:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert parts.fragment in {anchor(heading) for heading in headings}, target


def anchor(heading: str) -> str:
    """Return what GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_have_options_that_their_station_has(name: str) -> None:
    for command in commands(document(name)):
        for called in re.findall(r"(?:scripts/run|modelseal) (?!attestation)(\S+)(.*)", command):
            station_name, arguments = called
            if station_name == "--help":
                continue
            assert station_name in declarations.names(), command
            made = cli.load(station_name).STATION
            answers = {answer.name for answer in made.answers}
            options = {*station.options_of(made.inputs), *answers, "output-dir", "help"}
            assert set(re.findall(r"--([a-z-]+)", arguments)) <= options, command


def test_there_are_commands_to_check() -> None:
    found = list(commands(document("README.md")))
    assert sum("scripts/run" in command for command in found) >= 5
    assert any(command.startswith("gh attestation verify") for command in found)


def test_every_input_that_the_text_names_exists() -> None:
    known = {name for each in declarations.names() for name in station.options_of(declarations.declared(each).inputs)}
    variables = re.findall(r"MODELSEAL_INPUT_([A-Z_]+)", document("README.md"))
    assert variables
    assert {name.lower().replace("_", "-") for name in variables} <= known
    assert {"tools-dir", "db-dir", "db-repository", "max-db-age", "trust-config", "pull", "sign"} <= known


def test_every_message_of_the_troubleshooting_is_one_that_the_program_has() -> None:
    messages = re.findall(r"^- \*\*“(.+?)”\*\*", section("Troubleshooting"), re.MULTILINE)
    assert len(messages) >= 15
    known = [*templates(), document("scripts/run")]
    for message in messages:
        pattern = re.compile(".*?".join(map(re.escape, message.split("…"))), re.DOTALL)
        assert any(pattern.search(text) for text in known), message


def templates() -> Iterator[str]:
    """Yield every text of the program, with `…` for what is only known when it runs."""
    for path in (ROOT / "scripts" / "modelseal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`(test_\w+)::(test_\w+)`", document("SECURITY.md"))
    assert len(named) >= 15
    for file, test in named:
        found = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob(f"{file}.py")]
        assert any(f"def {test}(" in text for text in found), f"{file}::{test}"


def test_the_changelog_speaks_of_this_version() -> None:
    assert f"## [{__version__}]" in document("CHANGELOG.md")


def test_no_package_registry_is_named_by_its_host() -> None:
    assert [(name, host) for name, text in texts() for host in REGISTRIES if host in text.lower()] == []


def test_no_path_of_a_machine_is_in_any_file() -> None:
    found = []
    for name, text in texts():
        # Tests may hold made-up commands of others, which write to where everybody may.
        folders = "|".join(MACHINE[:-1] if name.startswith("tests/") else MACHINE)
        # A whole path only: not a part of an address, a glob, or a longer path.
        found += [(name, path) for path in re.findall(rf"(?<![\w.*/}})-])/(?:{folders})/", text)]
    assert found == []


def test_no_document_says_how_it_came_about() -> None:
    assert [(name, word) for name in DOCUMENTS for word in ORIGINS if word in document(name).lower()] == []
