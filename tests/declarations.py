"""Everything that repeats something else: each `action.yml`, and the README's tables and quickstart. Made here, only.

python tests/declarations.py            # tells which files are not what they should be
python tests/declarations.py --write    # makes them so
"""

import json
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "scripts"))

from modelseal import cli, station  # noqa: E402 -- found only since the line above

if TYPE_CHECKING:
    from modelseal.station import Option, Station

BEGIN = "<!-- stations:begin -->"
END = "<!-- stations:end -->"
WIDTH = 110

# GitHub's marketplace shows them: names of Feather icons.
_ICONS = {
    "build-image": "package",
    "generate-sbom": "list",
    "scan-image": "shield",
    "scan-model": "search",
    "hash-artifacts": "hash",
    "attest": "edit-3",
    "verify": "check-circle",
    "audit-log": "book-open",
    cli.CHAIN: "lock",
}


@dataclass(frozen=True)
class Input:
    """An input as actions and the README show it."""

    name: str
    help: str
    default: str
    required: bool

    @property
    def variable(self) -> str:
        return cli.variable(self.name)


def names() -> tuple[str, ...]:
    """Return every station, the chain last."""
    return (*cli.STATIONS, cli.CHAIN)


def declared(name: str) -> "Station":
    """Return what a station declares."""
    found: Station = cli.load(name).STATION
    return found


def inputs(name: str) -> tuple[Input, ...]:
    """Return a station's inputs, `output-dir` last."""
    own: dict[str, Option] = station.options_of(declared(name).inputs)
    return (
        *(
            Input(key, value.help, value.default_on_github or value.default, value.required)
            for key, value in own.items()
        ),
        Input("output-dir", station.OUTPUT_DIR_HELP, "", required=False),
    )


def outputs(name: str) -> dict[str, str]:
    """Return a station's outputs with their help, `result` first."""
    return {"result": station.RESULT_HELP, **station.outputs_of(declared(name).outputs)}


def files() -> dict[Path, str]:
    """Return the text of every file that is made of nothing but declarations, by its path."""
    return {action_path(name): action(name) for name in names()}


def action_path(name: str) -> Path:
    """Return the path of a station's `action.yml`."""
    return ROOT / "action.yml" if name == cli.CHAIN else ROOT / "actions" / name / "action.yml"


def action(name: str) -> str:
    """Return a station's `action.yml`."""
    return "\n".join((*_header(name), *_interface(name), *_runs(name), ""))


def _header(name: str) -> Iterator[str]:
    made = declared(name)
    module = "chain_interface.py" if name == cli.CHAIN else f"commands/{name.replace('-', '_')}.py"
    for paragraph in made.description.split("\n\n"):
        yield from (f"# {line}" for line in _wrapped(paragraph, WIDTH))
        yield "#"
    yield "# Permissions that the job needs:"
    yield from (f"#   {permission}    {reason}" for permission, reason in _aligned(made.permissions))
    if not made.permissions:
        yield "#   none"
    yield "#"
    yield f"# Made by tests/declarations.py of what scripts/modelseal/{module} declares."


def _interface(name: str) -> Iterator[str]:
    made = declared(name)
    yield "name: Modelseal" if name == cli.CHAIN else f"name: Modelseal {name}"
    yield from _scalar("description", made.summary, 0)
    yield "author: Modelseal"
    yield "branding:"
    yield f"  icon: {_ICONS[name]}"
    yield "  color: purple"
    yield "inputs:"
    for item in inputs(name):
        yield f"  {item.name}:"
        yield from _scalar("description", item.help, 4)
        yield f"    required: {'true' if item.required else 'false'}"
        if not item.required:
            yield f"    default: {json.dumps(item.default, ensure_ascii=False)}"
    yield "outputs:"
    for key, help_ in outputs(name).items():
        yield f"  {key}:"
        yield from _scalar("description", help_, 4)
        yield f"    value: ${{{{ steps.run.outputs.{key} }}}}"


def _runs(name: str) -> Iterator[str]:
    script = "scripts/run" if name == cli.CHAIN else "../../scripts/run"
    yield "runs:"
    yield "  using: composite"
    yield "  steps:"
    yield "    - id: run"
    yield "      shell: bash"
    yield "      env:"
    yield '        BASH_ENV: ""  # a file that this names would run before the line below'
    for item in inputs(name):
        yield f"        {item.variable}: ${{{{ inputs.{item.name} }}}}"
    yield f'      run: bash "$GITHUB_ACTION_PATH/{script}" {name}'


def _scalar(key: str, text: str, indent: int) -> Iterator[str]:
    """Write a text of one paragraph: quoted on one line, or folded where it is long."""
    pad = " " * indent
    quoted = f"{pad}{key}: {json.dumps(text, ensure_ascii=False)}"
    if len(quoted) <= WIDTH:
        yield quoted
        return
    yield f"{pad}{key}: >-"
    yield from (f"{pad}  {line}" for line in _wrapped(text, WIDTH - indent - 2))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _aligned(permissions: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    width = max((len(permission) for permission, _ in permissions), default=0)
    return ((permission.ljust(width), reason) for permission, reason in permissions)


def readme_section() -> str:
    """Return what the README says between its markers: the stations, each with its inputs, outputs and permissions."""
    parts = ["| station | what it does |", "|---|---|"]
    parts += [f"| [`{name}`](#{name}) | {_cell(declared(name).summary)} |" for name in names()]
    for name in names():
        parts += ["", *_station_section(name)]
    return "\n".join(parts) + "\n"


def _station_section(name: str) -> Iterator[str]:
    made = declared(name)
    uses = "modelseal/modelseal" if name == cli.CHAIN else f"modelseal/modelseal/actions/{name}"
    yield f"### {name}"
    yield ""
    yield f"`uses: {uses}@…`, or `bash scripts/run {name}` from a checkout."
    yield ""
    yield made.description
    yield ""
    if made.permissions:
        yield "Permissions: " + "; ".join(f"`{permission}` {reason}" for permission, reason in made.permissions) + "."
    else:
        yield "Permissions: none."
    yield ""
    yield "| input | default | meaning |"
    yield "|---|---|---|"
    for item in inputs(name):
        default = "_required_" if item.required else f"`{item.default}`" if item.default else ""
        yield f"| `{item.name}` | {_cell(default)} | {_cell(item.help)} |"
    yield ""
    yield "| output | meaning |"
    yield "|---|---|"
    for key, help_ in outputs(name).items():
        yield f"| `{key}` | {_cell(help_)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def with_section(readme: str) -> str:
    """Return the README's text with its section made anew.

    Raises:
        ValueError: The markers are not there, each once and in order.
    """
    before, begin, rest = readme.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"The README needs a line {BEGIN} and, after it, a line {END}, each once.")
    return f"{before}{BEGIN}\n{readme_section()}{END}{after}"


def quickstart_section() -> str:
    """Return the quickstart as the README shows it: the example, without the comments at its top."""
    lines = (ROOT / "workflows-examples" / "quickstart.yml").read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    return f"```yaml\n{''.join(lines[first:])}```\n"


def with_quickstart(readme: str) -> str:
    """Return the README's text with its quickstart made anew."""
    pattern = re.compile(r"(^<!-- quickstart:begin -->\n).*?(^<!-- quickstart:end -->$)", re.MULTILINE | re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}{quickstart_section()}{found[2]}", readme)


def main(arguments: list[str]) -> int:
    """Compare, or write."""
    wanted = files()
    readme = ROOT / "README.md"
    if readme.exists():
        wanted[readme] = with_quickstart(with_section(readme.read_text(encoding="utf-8")))
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if arguments == ["--write"]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        sys.stderr.write(f"{'written' if arguments == ['--write'] else 'stale'}: {path.relative_to(ROOT)}\n")
    return 0 if arguments == ["--write"] or not stale else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
