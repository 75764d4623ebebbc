"""Feather of version 1, with columns of plain types only: https://github.com/wesm/feather/blob/master/doc/FORMAT.md."""

from modelseal.models.content import Content
from modelseal.models.format import Format

_MAGIC = b"FEA1"
_LARGEST_FOOTER = 1 << 24


def recognises(content: Content) -> bool:
    """Tell whether bytes begin and end as such a file does, with the size of what describes its columns."""
    end = len(content) - 2 * len(_MAGIC)
    size = int.from_bytes(content.read(end, 4), "little")
    marks = content.read(0, 4), content.read(len(content) - 4)
    return marks == (_MAGIC, _MAGIC) and 0 < size < min(_LARGEST_FOOTER, end)


FORMAT = Format(
    name="feather",
    title="Feather of version 1",
    recognises=recognises,
    inspect=lambda content, budget: (),  # noqa: ARG005 -- there is nothing that a reader would follow
    data=True,
)
