"""Serialised objects that documents carry as texts: in base64, as stable-baselines3 has parameters, or in hexadecimal.

https://github.com/DLR-RM/stable-baselines3/blob/v2.7.0/stable_baselines3/common/save_util.py, `json_to_data`
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelseal.models import format as formats
from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.documents.judge import Judge
from modelseal.models.event import Event, Member, Unread

_SHORTEST = 24  # characters
# What pickles, compressed data, archives and programs begin with.
_BASE64 = re.compile(r"(?:gA[I-X]|[YK]|H4sI|eJ|eN|Qlpo|/Td6|KLUv|UEsD|f0VM|TVq)[A-Za-z0-9+/_\-\s]{16,}={0,2}")
_HEXADECIMAL = re.compile(r"(?:\\x|0x)?(?:800[2-5]|1f8b08|789c|504b0304|7f454c46|4d5a|63)(?:[0-9a-fA-F]{2}){10,}")
_PACKED = re.compile(
    rb"\x80[\x02-\x05].|[c(][\w.]{1,64}\n[\w.]{1,64}\n|\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd"
    rb"|PK\x03\x04|\x7fELF|MZ",
    re.DOTALL,
)
# What Stable-Baselines3 unpickles, whatever it begins with.
_UNPICKLED = ":serialized:"
_ALPHABET = str.maketrans("-_", "+/")


def judge(node: Mapping[str, Any], _: Budget) -> Iterator[Event]:
    """Hand over what the texts of an object stand for, where that is of a format that loaders read."""
    for key, value in node.items():
        if key == _UNPICKLED and isinstance(value, str):
            yield _unpickled(value)
            continue
        for item in value if isinstance(value, list) else (value,):
            packed = _packed(item) if isinstance(item, str) and len(item) >= _SHORTEST else None
            if packed is not None:
                content = Content(packed)
                if any(not each.last for each in formats.recognised(content)):
                    yield Member(str(key)[:200], content)


def _unpickled(text: str) -> Event:
    """Decode as leniently as the loader does, which leaves out what is no base64."""
    try:
        content = _packed(text) or base64.b64decode(text.encode("utf-8", "surrogatepass"))
    except binascii.Error:
        return Unread("it has a pickle that is not in base64")
    return Member(_UNPICKLED, Content(content), known="pickle")


def _packed(text: str) -> bytes | None:
    """Return the bytes that a text stands for; None where it is only a text."""
    try:
        if _HEXADECIMAL.fullmatch(text):
            packed = bytes.fromhex(text.removeprefix("\\x").removeprefix("0x"))
        elif _BASE64.fullmatch(text.rstrip()):
            packed = base64.b64decode(text.translate(_ALPHABET).rstrip("= \t\r\n") + "==")
        else:
            return None
    except (binascii.Error, ValueError):
        return None
    return packed if _PACKED.match(packed) else None


JUDGE = Judge(judge, ())
