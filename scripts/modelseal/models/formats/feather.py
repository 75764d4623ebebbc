"""Feather of version 1, with columns of plain types only: https://github.com/wesm/feather/blob/master/doc/FORMAT.md."""

from modelseal.models.format import Format

_MAGIC = b"FEA1"

FORMAT = Format(
    name="feather",
    title="Feather of version 1",
    recognises=lambda content: content.read(0, 4) == _MAGIC == content.read(len(content) - 4),
    inspect=lambda content, budget: (),  # noqa: ARG005 -- there is nothing that a reader would follow
    data=True,
)
