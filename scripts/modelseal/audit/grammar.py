"""What a line of the log looks like, to the byte.

An entry is canonical JSON (RFC 8785): one value has one form. So one pattern recognises an entry, its schema included,
ten times as fast as reading the JSON and writing it again for comparison, and there is no second reader that could see
something else. `docs/schemas/audit-entry.schema.json` says the same for others; a test holds both to each other.
"""

import re
from collections.abc import Sequence

# RFC 8785, section 3.2.2.2: control characters have one escape each, and nothing else but `"` and `\` has any.
# No quantifier gives back what it took, so that no line takes longer than its length.
_STRING = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\bfnrt]|u00(?:0[0-7be-f]|1[0-9a-f]))[^"\\\x00-\x1f]*+)*+"'
_TEXT = rf"(?!\"\"){_STRING}"
_SHA256 = '"[0-9a-f]{64}"'
_NUMBER = "(?:0|[1-9][0-9]{0,15}+)"
_TIME = (
    r'"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])'
    r'T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"'
)
WHO = (
    "actor",
    "actor-id",
    "repository",
    "repository-id",
    "run-attempt",
    "run-id",
    "sha",
    "user",
    "workflow-ref",
)

# What every line begins with, and so every part of one that was cut off.
BEGINNING = b'{"event":"'


def _object(*members: tuple[str, str], optional: Sequence[str] = ()) -> str:
    """Make the pattern of an object whose members are given in their sorted order; some may be missing."""
    parts = []
    for name, value in members:
        # The comma goes before the member unless it is the first that is there.
        part = rf'(?:(?<=\{{)|(?<!\{{),)"{name}":{value}'
        parts.append(f"(?:{part})?+" if name in optional else part)
    return rf"\{{{''.join(parts)}\}}"


def _list(item: str) -> str:
    return rf"\[(?:(?:(?<=\[)|(?<!\[),){item})*+\]"


_OWN_HASH = '"(?P<hash{}>[0-9a-f]{{64}})"'
_PREVIOUS = '"(?P<previous{}>[0-9a-f]{{64}})"'
_SEQUENCE = rf"(?P<sequence{{}}>{_NUMBER.replace('{', '{{').replace('}', '}}')})"
_STATEMENT = _object(
    ("bundle", _SHA256),
    ("log", _object(("id", '"[0-9a-f]{2,128}"'), ("index", _NUMBER))),
    ("predicate-type", _TEXT),
    ("signer", _TEXT),
    optional=("log", "signer"),
)
_RUN = _object(
    ("event", '"run"'),
    ("exit-code", "(?:0|1|2|3|10|11)"),
    ("hash", _OWN_HASH.format(1)),
    ("message", _TEXT),
    ("modelseal", _TEXT),
    ("policy", _SHA256),
    ("previous", _PREVIOUS.format(1)),
    ("result", '"(?:passed|failed|error)"'),
    ("sequence", _SEQUENCE.format(1)),
    ("statements", _list(_STATEMENT)),
    ("station", '"(?:attest|verify)"'),
    ("subjects", _list(_object(("name", _TEXT), ("sha256", _SHA256)))),
    ("time", f"(?P<time1>{_TIME})"),
    ("version", "1"),
    ("who", _object(*((name, _TEXT) for name in WHO), optional=WHO)),
    optional=("message", "policy"),
)
_REPAIR = _object(
    ("event", '"repair"'),
    ("hash", _OWN_HASH.format(2)),
    ("modelseal", _TEXT),
    ("previous", _PREVIOUS.format(2)),
    ("removed", _object(("bytes", _NUMBER), ("sha256", _SHA256))),
    ("sequence", _SEQUENCE.format(2)),
    ("time", f"(?P<time2>{_TIME})"),
    ("version", "1"),
)
ENTRY = re.compile(f"{_RUN}|{_REPAIR}")


def is_cut_off(tail: bytes) -> bool:
    """Tell whether the bytes after the last line break can be all that is left of an entry whose writing was cut off.

    They are the beginning of an entry, and not a whole one; or zeros, where a power cut left a file longer than what
    had reached the disk. Whatever else is there was not written here.
    """
    written = tail.rstrip(b"\0")
    if not written.startswith(BEGINNING[: len(written)]):
        return False
    depth, in_string, escaped = 0, False, False
    for byte in written:
        if byte < 0x20:  # noqa: PLR2004 - no entry has control characters in it
            return False
        if in_string:
            in_string = escaped or byte != 0x22  # noqa: PLR2004 - a quotation mark
            escaped = not escaped and byte == 0x5C  # noqa: PLR2004 - a backslash
        elif byte == 0x22:  # noqa: PLR2004
            in_string = True
        else:
            depth += (byte in b"{[") - (byte in b"}]")
            if depth == 0:
                return False  # an object ended here: it is whole, or something follows it
    return True
