"""Find the bytes that a symbolic value stands for."""

from typing import Final

from modelseal.models.budget import MIB
from modelseal.models.content import Content
from modelseal.models.pickles.trace import Global, Long, Result, Value

_LONGEST: Final = 64 * MIB


def bytes_of(value: Value, content: Content) -> Content | None:
    """Return the bytes that a value stands for; None when they are not known.

    Protocols below 3 have no bytes: there, they are a text that is encoded in Latin-1.

    Args:
        value: What stands for them.
        content: What the pickle lies in.
    """
    if isinstance(value, bytes):
        return Content(value)
    if isinstance(value, Long):
        return content.part(value.offset, value.size) if value.kind != "str" else None
    if isinstance(value, Result) and value.call.arguments and _encodes(value.call.callee):
        return _encoded(value.call.arguments[0], content)
    return None


def _encodes(callee: Value) -> bool:
    return isinstance(callee, Global) and (callee.module, callee.name) == ("_codecs", "encode")


def _encoded(text: Value, content: Content) -> Content | None:
    if isinstance(text, Long) and text.kind == "str" and text.size <= _LONGEST:
        text = content.read(text.offset, text.size).decode("utf-8", "replace")
    if not isinstance(text, str):
        return None
    try:
        return Content(text.encode("latin-1"))
    except UnicodeEncodeError:
        return None
