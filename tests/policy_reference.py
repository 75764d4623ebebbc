"""What repeats the policy's grammar: its JSON Schema, and the reference in docs/policy.md. Made here, only.

python tests/policy_reference.py            # tells which files are not what they should be
python tests/policy_reference.py --write    # makes them so
"""

import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "scripts"))

import gate_results  # noqa: E402 -- found only since the line above
from modelseal.errors import InputError  # noqa: E402 -- found only since the line above
from modelseal.gate import policy_file, policy_grammar  # noqa: E402
from modelseal.gate.grammar import Key, ListOf, every_key  # noqa: E402
from modelseal.gate.grammar_types import Choice  # noqa: E402
from modelseal.report import annotations  # noqa: E402

SCHEMA = ROOT / "docs" / "schemas" / "policy.schema.json"
PAGE = ROOT / "docs" / "policy.md"
TODAY = date(2026, 11, 22)  # the day on which the page's examples are read
_SECTION = re.compile(r"(^<!-- reference:begin -->\n).*?(^<!-- reference:end -->$)", re.MULTILINE | re.DOTALL)


def schema() -> str:
    """Return the JSON Schema's text."""
    return json.dumps(policy_grammar.schema(), indent=2, ensure_ascii=False) + "\n"


def reference() -> str:
    """Return a table of keys for each section of the grammar."""
    sections: dict[str, list[Key]] = {}
    for place, key in every_key(policy_grammar.POLICY):
        sections.setdefault(place, []).append(key)
    return "\n".join(line for place, keys in sections.items() for line in _table(place, keys))


def _table(place: str, keys: list[Key]) -> Iterator[str]:
    yield f"### `{place}`" if place else "### The top level"
    yield ""
    yield "| key | value | default | meaning | example |"
    yield "|---|---|---|---|---|"
    for key in keys:
        default = "_required_" if key.required else _code(key.default)
        cells = (f"`{key.name}`", key.type.noun, default, key.help, f"`{key.example}`")
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    yield ""
    for key in keys:
        kind = key.type.item if isinstance(key.type, ListOf) else key.type
        if isinstance(kind, Choice) and kind.noun != "severity":
            yield f"`{key.name}` can be {', '.join(f'`{word}`' for word in kind.words)}."
            yield ""


def _code(default: str) -> str:
    return f"`{default}`" if re.match(r"[\[{0-9]|true|false", default) else default


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def examples(page: str) -> dict[str, str]:
    """Return the policies on the page by the names in the comments above them."""
    return dict(re.findall(r"^<!-- (?:policy|messages):(\w+) -->\n```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL))


def with_messages(page: str) -> str:
    """Return the page with what is said about its examples, on the day that they are written for."""
    made = examples(page)
    try:
        policy_file.parse(made["wrong"].encode(), policy_file.DEFAULT_PATH, today=TODAY)
    except InputError as error:
        said = "\n".join(["error: " + error.what, error.where, error.mend]).replace("\n", "\n  ")
    expired = policy_file.parse(made["waiver"].encode(), policy_file.DEFAULT_PATH, today=TODAY)
    (warned,) = annotations.of(gate_results.result(policy=expired, expired=expired.waivers))
    return _filled(_filled(page, "said", said), "expired", f"{warned.level}: {warned.message}")


def _filled(page: str, name: str, text: str) -> str:
    block = re.compile(rf"(^<!-- messages:{name} -->\n```text\n).*?(^```$)", re.MULTILINE | re.DOTALL)
    return block.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


def with_reference(page: str) -> str:
    """Return the page with its reference made anew.

    Raises:
        ValueError: The markers are not there, once each.
    """
    made, count = _SECTION.subn(lambda found: f"{found[1]}{reference()}{found[2]}", page)
    if count != 1:
        raise ValueError("docs/policy.md needs a line <!-- reference:begin --> and one <!-- reference:end -->.")
    return made


def files() -> dict[Path, str]:
    """Return the text that each file should have."""
    return {SCHEMA: schema(), PAGE: with_messages(with_reference(PAGE.read_text(encoding="utf-8")))}


def main(arguments: list[str]) -> int:
    """Compare, or write."""
    writing = arguments == ["--write"]
    stale = [path for path, text in files().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if writing:
            path.write_text(files()[path], encoding="utf-8")
        sys.stderr.write(f"{'written' if writing else 'stale'}: {path.relative_to(ROOT)}\n")
    return 0 if writing or not stale else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
