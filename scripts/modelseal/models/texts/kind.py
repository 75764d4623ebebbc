"""Tell what language a text is in, by what is written in it."""

import codecs
import re
from enum import StrEnum

from modelseal.models.content import Content

_MEMO = "text"
_SAMPLE = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROLS = re.compile("[\0-\x06\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")

_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*(?:[\"{\[\]\-0-9]|(?:true|false|null)\s*[,\]]))")
_MARKUP = re.compile(
    r"\s*<(?:\?xml\b|!DOCTYPE\b|!--|"
    r"[A-Za-z_][\w.\-]*(?::[\w.\-]+)?(?:\s+[\w:.\-]+\s*=|\s*/?>))",
    re.IGNORECASE,
)
_SHEBANG = re.compile(r"#!\s*/?(\S+)(?:[ \t]+(?:-S[ \t]*)?(\S+))?")
_BATCH = re.compile(r"\s*(?:@echo\s+o|rem\s|setlocal\b|@?powershell\b|@?cmd\b)", re.IGNORECASE)
_POWERSHELL = re.compile(
    r"(?im)^\s*(?:param\s*\(|\$[\w:]+\s*=\s"
    r"|(?:invoke-expression|iex|invoke-webrequest|iwr|start-process|set-executionpolicy)\b)"
)
_SHELL = re.compile(
    r"(?m)^\s*(?:set -[eux]+\b|export \w+=|sudo |curl -|wget |apt(?:-get)? |chmod |rm -rf |bash -|nc -|eval ['\"$])"
)
_STATEMENT = re.compile(
    r"(?m)^[ \t]*(?:import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b|(?:async\s+)?def[ \t]+\w+\s*\("
    r"|class[ \t]+\w+\s*[(:]|@\w[\w.]*\s*$"
    r"|if\s+__name__|print\s*\(|exec\s*\(|eval\s*\(|__import__\s*\(|with\s+open\s*\(|(?:for|while|try|with)\b[^\n]*:\s*$"
    r"|[\w.]+\s*\([^\n]*\)\s*$|\w[\w.\[\]'\"]*\s*=\s*[^=\n])|\blambda\b|\b__\w+__\b|;\s*import\b"
)
_FIRST_LINE = re.compile(
    r"\s*(?:#[^\n]*\n\s*)*"
    r"(?:import[ \t]+\w|from[ \t]+[\w.]+[ \t]+import\b|(?:async[ \t]+)?def[ \t]+\w+\s*\(|class[ \t]+\w+)"
)
_YAML = re.compile(
    r"(?:\ufeff|\s*#[^\n]*\n|\s*\n)*"
    r"(?:%YAML|---(?:\s|$)|[^\s:#\[\]{}\"',&*!|>%@`-][^\n:]*:(?:\s|$)|- |\"[^\"\n]*\":|'[^'\n]*':|[!&?])"
)
_JINJA = re.compile(
    r"\{%-?\s*(?:if|for|set|macro|block|include|import|from|extends|raw|generation|filter|call|with)\b|\A\s*\{\{"
)
_TAGS = re.compile(
    r"(?m)(?:^|[\s\[{,:-])(?:!!python/|!<tag:yaml\.org|!!(?:javax?|com|org|ruby|perl)[./]|!ruby/)|^%TAG\b"
)


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


def _latin(sample: bytes) -> str | None:
    """Return what is written in an old one-byte encoding: mostly ASCII, and no control characters."""
    foreign = sum(byte >= 0x80 for byte in sample)  # noqa: PLR2004 -- all of ASCII is below it
    return sample.decode("latin-1") if foreign * 5 < len(sample) and not re.search(rb"[\x80-\x9f]", sample) else None


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
    if _JINJA.search(text) and not _prose(text):
        return Kind.JINJA
    if _TAGS.search(text):
        return Kind.YAML
    return _script(content, text)


def _script(content: Content, sample: str) -> Kind:
    from modelseal.models.texts import python  # noqa: PLC0415 -- only few texts need Python's parser

    if _STATEMENT.search(sample) and (python.parses(content) or _FIRST_LINE.match(sample)):
        return Kind.PYTHON
    for pattern, kind in ((_POWERSHELL, Kind.POWERSHELL), (_SHELL, Kind.SHELL)):
        if pattern.search(sample) and not _prose(sample):
            return kind
    return Kind.YAML if _YAML.match(sample) else Kind.TEXT


def _prose(sample: str) -> bool:
    """Tell whether it is Markdown or the like, which shows commands and is not one."""
    return "```" in sample or bool(re.search(r"(?m)^#{1,6} \S.*\n\s*\n", sample)) or sample.startswith("---\n")
