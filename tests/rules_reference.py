"""What repeats the rules about model files: docs/rules.md. Made here, only, of what each format's module declares.

python tests/rules_reference.py            # tells whether the page is not what it should be
python tests/rules_reference.py --write    # makes it so
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "scripts"))

from modelseal.gate.finding import Severity  # noqa: E402 -- found only since the line above
from modelseal.models import format as formats  # noqa: E402
from modelseal.models import reading_rules, rules  # noqa: E402
from modelseal.models.rule import Rule  # noqa: E402

PAGE = ROOT / "docs" / "rules.md"
_HEAD = """# What `scan-model` looks for

Each rule with what would happen and what to do. `modelseal scan-model --explain RULE` prints the same. In a policy a
[waiver](policy.md#waivers) names a rule by its id. UNKNOWN is what may be harmless and cannot be told: it fails unless
the policy says otherwise.

This page is made by tests/rules_reference.py of what the modules in scripts/modelseal/models/ declare.
"""
_MARKUP = r"([\\*_<\[\]])"


def page() -> str:
    """Return the page's text."""
    return "\n".join(_lines())


def sections() -> dict[str, tuple[Rule, ...]]:
    """Return the rules by the title of the format that reports them; one that several report is with the first."""
    found: dict[str, tuple[Rule, ...]] = {"Any file": reading_rules.RULES}
    placed = {rule.id for rule in reading_rules.RULES}
    for item in sorted(formats.known(), key=lambda item: item.title.lower()):
        own = tuple(rule for rule in item.rules if rule.id not in placed)
        placed |= {rule.id for rule in own}
        if own:
            found[item.title] = own
    others = tuple(rule for identity, rule in rules.known().items() if identity not in placed)
    return found | ({"Folders": others} if others else {})


def _lines() -> Iterator[str]:
    yield _HEAD
    yield "| rule | severity | what it is about |"
    yield "|---|---|---|"
    for own in sections().values():
        yield from (f"| [`{rule.id}`](#{rule.id}) | {rule.severity} | {_cell(rule.title)} |" for rule in own)
    for title, own in sections().items():
        yield ""
        yield f"## {title}"
        for rule in own:
            yield from _section(rule)
    yield ""


def _section(rule: Rule) -> Iterator[str]:
    techniques = ", ".join(f"[{name}](https://atlas.mitre.org/techniques/{name})" for name in rule.atlas)
    weaknesses = ", ".join(
        f"[{name}](https://cwe.mitre.org/data/definitions/{name.removeprefix('CWE-')}.html)" for name in rule.cwe
    )
    severity = f"{rule.severity}, as nobody can tell" if rule.severity is Severity.UNKNOWN else rule.severity
    yield ""
    yield f"### {rule.id}"
    yield ""
    yield f"**{_prose(rule.title)}** ({severity})"
    yield ""
    yield f"What happens: {_prose(rule.happens)}"
    yield ""
    yield f"What to do: {_prose(rule.remedy)}"
    yield ""
    yield "; ".join(filter(None, (techniques, weaknesses, ", ".join(map(_reference, rule.references))))) + "."


def _reference(text: str) -> str:
    if re.fullmatch(r"CVE-\d{4}-\d+", text):
        return f"[{text}](https://www.cve.org/CVERecord?id={text})"
    if re.fullmatch(r"GHSA(-[0-9a-z]{4}){3}", text):
        return f"[{text}](https://github.com/advisories/{text})"
    return f"<{text}>" if text.startswith("https://") else _prose(text)


def _prose(text: str) -> str:
    """Write a text so that nothing outside of its backticks is markup."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return re.sub(r"([\\`*_<\[\]])", r"\\\1", text)  # a backtick without its pair
    marked = (text if number % 2 else re.sub(_MARKUP, r"\\\1", text) for number, text in enumerate(parts))
    return "`".join(marked)


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


def files() -> dict[Path, str]:
    """Return the text that each file should have."""
    return {PAGE: page()}


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
