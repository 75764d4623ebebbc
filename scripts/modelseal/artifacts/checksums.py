"""`SHA256SUMS`, as GNU `sha256sum` writes and checks it, whatever the names contain.

Format and escaping: https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html.
"""

import re
from collections.abc import Container, Iterable

from modelseal.artifacts.manifest import check_name
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError

_LINE = re.compile(rb"(\\?)([0-9a-fA-F]{64}) [ *](.+)", re.DOTALL)
_NEEDS_ESCAPE = re.compile(r"[\\\n\r]")
_UNESCAPES = {b"\\\\": b"\\", b"\\n": b"\n", b"\\r": b"\r"}
_ESCAPED = re.compile(rb"\\.?", re.DOTALL)


def encode(digests: Iterable[tuple[str, str]]) -> bytes:
    """Write names and their hexadecimal SHA-256 digests, one file a line, in the order in which they come."""
    files = tuple(digests)
    names = [name for name, _ in files]
    if "-" in names or _NEEDS_ESCAPE.search("".join(names)):  # asked once: there may be very many files
        lines = [_line(name, digest) for name, digest in files]
    else:
        lines = [f"{digest}  {name}\n" for name, digest in files]
    return "".join(lines).encode("utf-8", "surrogateescape")


def parse(data: bytes) -> tuple[tuple[str, str], ...]:
    """Read names and their hexadecimal SHA-256 digests; comment lines (`#`) are passed over.

    Raises:
        InputError: A line is not of the format, is the second one for a name, or has a name that leads out of the tree;
            or there is no line at all.
    """
    digests: dict[str, str] = {}
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        if line.startswith(b"#"):
            continue
        try:
            name, digest = _parsed(line, known=digests)
        except Rejection as rejection:
            raise InputError(
                f"Line {number} of the checksums is wrong: {rejection}.",
                mend="Give a file that `sha256sum` or `hash-artifacts` wrote: digits, two spaces, a name.",
            ) from rejection
        digests[name] = digest
    if not digests:
        raise InputError("The checksums are empty.", mend="Give a file that lists at least one file.")
    return tuple(digests.items())


def _line(name: str, digest: str) -> str:
    if name == "-":
        return f"{digest}  ./-\n"  # alone, it would mean standard input
    if not _NEEDS_ESCAPE.search(name):
        return f"{digest}  {name}\n"
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"\\{digest}  {escaped}\n"


def _parsed(line: bytes, known: Container[str]) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise Rejection("it is not a SHA-256 digest, two spaces and a name")
    mark, digest, name = match.groups()
    if mark:
        name = _ESCAPED.sub(_unescaped, name)
    elif b"\r" in name:
        raise Rejection("it has a carriage return in it; save the file with Unix line ends")
    text = name.decode("utf-8", "surrogateescape").removeprefix("./")
    if text in known:
        raise Rejection("its name comes twice")
    return check_name(text), digest.decode("ascii").lower()


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[0] not in _UNESCAPES:
        raise Rejection("a backslash in the name is not followed by a backslash, n or r")
    return _UNESCAPES[match[0]]
