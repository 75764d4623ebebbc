"""Tables in ORC: https://orc.apache.org/specification/ORCv1/."""

from modelseal.models.content import Content
from modelseal.models.format import Format

_MAGIC = b"ORC"


def recognises(content: Content) -> bool:
    """Tell whether bytes begin and end as such a file does: its last byte is the length of what the mark ends."""
    size = len(content)
    return size > 2 * len(_MAGIC) and content.read(0, 3) == _MAGIC and content.read(size - 4, 3) == _MAGIC


FORMAT = Format(
    name="orc",
    title="an ORC file",
    recognises=recognises,
    inspect=lambda content, budget: (),  # noqa: ARG005 -- readers make nothing but columns of it
    extensions=(".orc",),
    data=True,
)
