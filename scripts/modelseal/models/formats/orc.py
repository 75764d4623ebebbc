"""Tables in ORC: https://orc.apache.org/specification/ORCv1/."""

from modelseal.models.content import Content
from modelseal.models.format import Format

_MAGIC = b"ORC"
_LAST_FIELD = b"\x82\xf4\x03\x03" + _MAGIC  # of what stands at the end: number 8000, and the mark again
_BEGINNING = 1 << 12


def recognises(content: Content) -> bool:
    """Tell whether bytes begin and end as such a file does: its last byte is the length of what stands before it.

    Its streams begin with small numbers, as no text does.
    """
    end = len(content) - 1
    if content.read(0, 3) != _MAGIC or content.read(end - len(_LAST_FIELD), len(_LAST_FIELD)) != _LAST_FIELD:
        return False
    (size,) = content.read(end)
    return len(_LAST_FIELD) <= size <= end - len(_MAGIC) and b"\0" in content.read(0, _BEGINNING)


FORMAT = Format(
    name="orc",
    title="an ORC file",
    recognises=recognises,
    inspect=lambda content, budget: (),  # noqa: ARG005 -- readers make nothing but columns of it
    extensions=(".orc",),
    data=True,
)
