"""Text from outside, made safe to put into Markdown: file names, package names, messages of other tools.

For GitHub's flavour (https://github.github.com/gfm/), in which job summaries are written. What comes in is shown as it
is; it never becomes a heading, a link, a table cell or HTML.
"""

import re
from collections.abc import Iterable, Sequence

# As character references and not after a backslash: tables are cut at pipes, and HTML is found, before anything else.
_REFERENCES = {character: f"&#{ord(character)};" for character in "&<>|`"}
_BACKSLASHED = {character: f"\\{character}" for character in "\\*_[]#~"}
_INLINE = str.maketrans(_REFERENCES | _BACKSLASHED)
_LINE_START = re.compile(r"^(?:([ ])|([-+=])|(\d+)([.)]))")
_AUTOLINK = re.compile(r"(?i)(?<=https)(:)|(?<=http)(:)|(?<=ftp)(:)|(?<=www)(\.)")
_UNFIT_FOR_BACKTICKS = re.compile(r"[`|<>&]|^[ ]|[ ]$|^$")
_BYTE_MAX = 0xFF
_PLANE_MAX = 0xFFFF
_UNDECODED_BYTE = range(0xDC80, 0xDD00)  # how `surrogateescape` stands for a byte that is not UTF-8


def visible(text: str) -> str:
    r"""Replace characters that cannot be seen or that move others about with `\x1b`, `\u202e` and the like.

    Line breaks, terminal escapes, text direction marks and undecodable bytes are among them.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _named(character) for character in text)


def escape(text: str) -> str:
    """Make plain text into Markdown that renders as that text, on one line, anywhere in a line or table cell."""
    shown = visible(text).translate(_INLINE)
    shown = _AUTOLINK.sub(lambda match: f"&#{ord(match[0])};", shown)
    return _LINE_START.sub(_harmless_start, shown)


def code(text: str) -> str:
    """Make plain text into a code span that renders as that text, on one line, anywhere in a line or table cell."""
    shown = visible(text)
    if _UNFIT_FOR_BACKTICKS.search(shown):
        return f"<code>{escape(shown)}</code>"
    return f"`{shown}`"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table, with a line break at its end.

    Args:
        header: The columns' titles, as Markdown.
        rows: The cells, as Markdown: what comes from outside has been through `escape` or `code`.

    Raises:
        ValueError: A row has another number of cells than the header, or a cell has a line break or a bare pipe.
    """
    lines = [_row(header), _row(["---"] * len(header))]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(row)
        lines.append(_row(row))
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    for cell in cells:
        if re.search(r"[\r\n|]", cell):
            raise ValueError(cell)
    return f"| {' | '.join(cells)} |"


def _named(character: str) -> str:
    number = ord(character)
    if number in _UNDECODED_BYTE:
        return f"\\x{number - 0xDC00:02x}"
    plain = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    if plain is not None:
        return plain
    if number <= _BYTE_MAX:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= _PLANE_MAX else f"\\U{number:08x}"


def _harmless_start(match: re.Match[str]) -> str:
    space, bullet, number, delimiter = match.groups()
    if space:
        return "&#32;"
    return f"\\{bullet}" if bullet else f"{number}\\{delimiter}"


_INLINE_MARKUP = re.compile(
    r"`(?P<span>[^`]*)`|\\(?P<escaped>[!-/:-@\[-`{-~])|&#(?P<number>\d{1,5});|&(?P<named>amp|lt|gt|quot|nbsp);"
    r"|\[(?P<text>[^\]\\]*)\]\((?P<target>[^)\s]*)\)|</?[a-z][^>]*>|\*\*"
)
_NAMED_REFERENCES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "nbsp": " "}
_RULE = re.compile(r"\|?[\s:|-]*---[\s:|-]*\|?")


def plain(markdown: str) -> str:
    """Turn Markdown as it is written here into text for a terminal: without markup, tables in aligned columns."""
    lines: list[str] = []
    rows: list[list[str]] = []
    for line in [*markdown.split("\n"), ""]:
        if line.startswith("|"):
            if not _RULE.fullmatch(line):
                rows.append([_without_markup(cell.strip()) for cell in line.strip("| ").split("|")])
            continue
        lines += _aligned(rows)
        rows = []
        if not line.startswith("```"):
            lines.append(_without_markup(re.sub(r"^#{1,6} ", "", line)))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _without_markup(text: str) -> str:
    return _INLINE_MARKUP.sub(_meant, text)


def _meant(match: re.Match[str]) -> str:
    if match["number"]:
        return chr(int(match["number"]))
    if match["named"]:
        return _NAMED_REFERENCES[match["named"]]
    if match["target"] is not None:
        return f"{_without_markup(match['text'])} ({match['target']})"
    return match["span"] or match["escaped"] or ""


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths: dict[int, int] = {}
    for row in rows:
        for index, cell in enumerate(row):
            widths[index] = max(widths.get(index, 0), len(cell))
    return ["  ".join(cell.ljust(widths[index]) for index, cell in enumerate(row)).rstrip() for row in rows]
