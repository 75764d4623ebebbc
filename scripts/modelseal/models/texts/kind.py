"""Tell what language a text is in, by what is written in it."""

import codecs
import csv
import re
from collections.abc import Iterator
from enum import StrEnum

from modelseal.models.content import Content
from modelseal.models.texts import shells

_MEMO = "text"
_SAMPLE = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = re.compile(rb"[\0-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_CONTROLS = re.compile("[\0-\x06\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")

_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*(?:[\"{\[\]\-0-9]|(?:true|false|null)\s*[,\]]))")
_MARKUP = re.compile(
    r"\s*<(?:\?\w|!DOCTYPE\b|!--|[^\W\d][\w.\-]*(?::[\w.\-]+)?(?:\s+[\w:.\-]+\s*=|\s*/?>))", re.IGNORECASE
)
_SHEBANG = re.compile(r"#!\s*/?(\S+)(?:[ \t]+(?:-S[ \t]*)?(\S+))?")
_BATCH = re.compile(
    r"\s*(?:@echo\s+o|rem\s|setlocal\b|@?powershell\b|@?cmd\b|set\s+\w+\s*=\s*createobject\b)", re.IGNORECASE
)
_POWERSHELL = re.compile(
    r"(?im)^[ \t]*(?:param[ \t]*\(|\$[\w:]+[ \t]*=\s"
    r"|(?:invoke-expression|iex|invoke-webrequest|iwr|start-process|set-executionpolicy)\b)"
)
_SHELL = re.compile(
    r"(?m)^[ \t]*(?:set -[eux]+\b|export \w+=|sudo |curl -|wget |apt(?:-get)? |chmod |rm -rf |bash -|nc -|eval ['\"$])"
)
_MAKEFILE = re.compile(r"(?m)^[\w./%$()-]+:[^\n=]*\n\t")
# What follows is run by Docker, make, systemd, cron, desktops, or whoever pastes it: it counts where it attacks.
_COMMAND = re.compile(
    r"(?m)^(?:(?:RUN|CMD|ENTRYPOINT|ONBUILD RUN)[ \t]|Exec\w*[ \t]*=|(?:[\d*/,-]+[ \t]+){5}|@(?:reboot|daily)[ \t]"
    r"|[\w./-]+:[^\n=]*\n\t|(?:curl|wget|bash|sh|source|python3?)[ \t])[^\n]*"
)
# Where a text is long, only lines that attack count, whatever command they begin with.
_LINES = (_COMMAND, *(re.compile(rf"{pattern.pattern}[^\n]*") for pattern in (_POWERSHELL, _SHELL)))
# Words of a tokenizer's merges can look like an import, and never like a call.
_CALL = re.compile(rb"(?m)(?:^|[\r;])[ \t\f]*(?:\w[\w.]* *= *)?[\w.]*\w\(")
_OF_PROGRAMS = (b"(", b"import", b"@", b"exec")
_PIECE = 1 << 22
_IMPORT = re.compile(
    rb"(?m)(?:^|\r)\f*(?:import [A-Za-z_][\w.]*(?: as \w+)?[ \t]*[,;#\r]?|from [\w.]+ import [\w(*]).*$"
)
_MAKERS = (b"exec(", b"eval(", b"__import__(")
_MADE = re.compile(rb"(?m)(?:^|[\r;])[ \t\f]*(?:\w+ *= *)?(?:exec|eval|__import__)\([^\n]*\)")
_YAML = re.compile(
    r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*"
    r"(?:%YAML|---(?:\s|$)|[^\s:#\[\]{}\"',&*!|>%@`-][^\n:]*:(?:\s|$)|- |\"[^\"\n]*\":|'[^'\n]*':|[!&?\[{])"
)
_JINJA = re.compile(
    r"\{%[-+]?\s*(?:if|for|set|macro|block|include|import|from|extends|raw|generation|filter|call|with)\b"
)
_EXPRESSION = re.compile(r"\s*\{\{")
_TAGS = re.compile(
    rb"(?m)(?:^|[\s\[{,:-])(?:!!python[/%]|!<tag:yaml\.org|!!(?:javax?|com|org|ruby|perl)[./]|!ruby/)|^%TAG\b"
)
_TAGGED = (b"!!", b"!<tag:", b"!ruby/", b"%TAG")
# https://peps.python.org/pep-0263/: with another encoding Python reads something else than what is written.
_ENCODING = re.compile(r"(?:[^\n]*\n)?[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")
_ORDINARY = re.compile(
    r"utf-?8(?:-sig)?|u8|us-ascii|ascii|latin-?1|iso-?8859-?1?\d?|cp125\d|windows-125\d", re.IGNORECASE
)
_HEADING = re.compile(r"[\"']?[A-Za-z_]\w*[\"']?(?:[,\t][\"']?[A-Za-z_][\w ]*[\"']?)+")
_FENCES = ("```", "~~~")


class Kind(StrEnum):
    """The languages that are told apart."""

    BATCH = "batch"
    JINJA = "jinja"
    JSON = "json"
    MARKUP = "markup"
    POWERSHELL = "powershell"
    PYTHON = "python"
    SHELL = "shell"
    TEXT = "text"
    YAML = "yaml"


def of(content: Content) -> Kind | None:
    """Return what language bytes are in; None when they are no text."""
    if _MEMO not in content.memo:
        content.memo[_MEMO] = _of(content)
    found: Kind | None = content.memo[_MEMO]
    return found


def decode(content: Content, size: int | None = None) -> str | None:
    """Return the text that bytes are; None when they are none.

    Args:
        content: The bytes.
        size: How many of them are looked at; all without it.
    """
    sample = content.read(0, size)
    encoding = next((name for mark, name in _MARKS if sample.startswith(mark)), "utf-8")
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        return decoder.decode(sample, final=size is None or len(content) <= size)
    except UnicodeDecodeError:
        return _latin(sample)


def pieces(content: Content) -> Iterator[str]:
    """Yield a text in pieces that end where lines do, as far as these are no longer than a sample."""
    mark = content.read(0, 4)
    encoding = next((name for start, name in _MARKS if mark.startswith(start)), "utf-8")
    decoder, rest = codecs.getincrementaldecoder(encoding)("replace"), ""
    for start in range(0, len(content), _PIECE):
        text = rest + decoder.decode(content.read(start, _PIECE))
        end = text.rfind("\n") + 1 or len(text)
        rest = text[end:] if len(text) - end < _SAMPLE else ""
        yield text if not rest else text[:end]
    yield rest


def _latin(sample: bytes) -> str | None:
    """Return what is written in an old one-byte encoding: mostly ASCII, and no control characters."""
    foreign = sum(byte >= 0x80 for byte in sample)  # noqa: PLR2004 -- all of ASCII is below it
    return sample.decode("latin-1") if foreign * 5 < len(sample) and not re.search(rb"[\x80-\x9f]", sample) else None


def beginning(content: Content) -> Kind | None:
    """Tell what the lines before the first control character are written in; None where that is nothing to run."""
    sample = content.read(0, _SAMPLE)
    end = _CONTROL.search(sample)
    lines = sample[: end.start()] if end else sample
    found = of(Content(lines)) if b"\n" in lines else None
    return None if found is Kind.TEXT else found


def strange_encoding(text: str) -> str:
    """Return the encoding that a Python program says it is in, where that is not one of ordinary texts."""
    found = _ENCODING.match(text.replace("_", "-"))
    return found[1] if found and not _ORDINARY.fullmatch(found[1]) else ""


def _of(content: Content) -> Kind | None:
    text = decode(content, _SAMPLE)
    if text is None or not text or _CONTROLS.search(text):
        return None
    text = text.removeprefix("\ufeff")
    shebang = _SHEBANG.match(text)
    if shebang:
        program = shebang[2] if shebang[1].endswith("/env") and shebang[2] else shebang[1]
        return Kind.PYTHON if "python" in program else Kind.SHELL
    for pattern, kind in ((_JSON, Kind.JSON), (_MARKUP, Kind.MARKUP), (_BATCH, Kind.BATCH)):
        if pattern.match(text):
            return kind
    if any(content.find(mark) >= 0 for mark in _TAGGED) and next(content.matches(_TAGS), None) is not None:
        return Kind.YAML
    return _program(content, text) or (Kind.YAML if _YAML.match(text) else Kind.TEXT)


def _program(content: Content, sample: str) -> Kind | None:
    """Tell which language of programs or templates a text is in; what is shown in a Markdown file's fences is none."""
    from modelseal.models.texts import python  # noqa: PLC0415 -- only few texts need Python's parser

    text = (decode(content, python.MAX_SIZE) or sample).removeprefix("\ufeff")
    if _EXPRESSION.match(text):
        return Kind.JINJA
    acts = any(content.find(word) >= 0 for word in _OF_PROGRAMS)
    if strange_encoding(text) or (acts and (python.parses(content) or python.begins(content))):
        return Kind.PYTHON
    shown = _unfenced(text)
    # What Python cannot parse here, a newer one may; what is too long to be parsed may be a program further down.
    searched = Content(shown.encode()) if len(content) <= python.MAX_SIZE else content
    if _says_so(searched):
        return Kind.PYTHON
    if _JINJA.search(shown):
        return Kind.JINJA
    found = _shell(shown, text)
    if found and is_table(text):
        return None
    return found or (_below(content) if len(content) > python.MAX_SIZE else None)


def _says_so(text: Content) -> bool:
    """Tell whether lines of a text import and call, or run code that they make."""
    if all(next(text.matches(pattern), None) is not None for pattern in (_IMPORT, _CALL)):
        return True
    return any(text.find(name) >= 0 for name in _MAKERS) and next(text.matches(_MADE), None) is not None


def _below(content: Content) -> Kind | None:
    """Tell which language has commands that attack, or tags, anywhere in a long text."""
    for text in pieces(content):
        if _JINJA.search(text) and _JINJA.search(_unfenced(text)):
            return Kind.JINJA
        shown = _unfenced(text) if any(pattern.search(text) for pattern in _LINES) else ""
        if shells.attacks("\n".join(match[0] for pattern in _LINES for match in pattern.finditer(shown))):
            return Kind.SHELL
    return None


def _shell(shown: str, text: str) -> Kind | None:
    """Tell which shell has the commands that lines begin with; where none attacks, prose may begin with them, too."""
    for pattern, kind in ((_POWERSHELL, Kind.POWERSHELL), (_SHELL, Kind.SHELL)):
        if pattern.search(shown) and (shells.attacks(shown) or not (_prose(text) or _MAKEFILE.search(text))):
            return kind
    commands = "\n".join(match[0] for match in _COMMAND.finditer(shown))
    return Kind.SHELL if shells.attacks(commands) else None


def is_table(text: str) -> bool:
    """Tell whether all lines are rows below a heading of names: commands in a table of texts are mostly data."""
    lines = text.splitlines()
    if len(lines) < 2 or not _HEADING.fullmatch(lines[0]):  # noqa: PLR2004 -- a heading and a row
        return False
    rows = [row for row in csv.reader(lines, delimiter="\t" if "\t" in lines[0] else ",") if row]
    return all(len(row) == len(rows[0]) for row in rows)


def _unfenced(text: str) -> str:
    """Leave out what is between the fences of Markdown."""
    kept, fence = [], ""
    for line in text.split("\n"):
        mark = line.strip()[:3]
        if mark in _FENCES and (not fence or (mark == fence and len(line.strip()) == len(mark))):
            fence = "" if fence else mark
        elif not fence:
            kept.append(line)
    # A fence that is never closed hides nothing.
    return "\n".join(kept) if not fence else text


def _prose(text: str) -> bool:
    """Tell whether it is Markdown or the like, which shows commands and is not one."""
    return "```" in text or bool(re.search(r"(?m)^#{2,6} \S.*\n[ \t]*\n", text)) or text.startswith("---\n")
