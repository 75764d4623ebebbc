"""Several NumPy arrays in a zip archive, as `numpy.savez` writes: https://numpy.org/doc/stable/reference/generated/numpy.savez.html."""

from modelseal.models.content import Content
from modelseal.models.format import Format
from modelseal.models.zips import archive as archives
from modelseal.models.zips.inspection import inspect


def _recognises(content: Content) -> bool:
    archive = archives.of(content)
    return archive is not None and bool(archive.entries) and all(item.name.endswith(".npy") for item in archive.entries)


FORMAT = Format(
    name="npz",
    title="an archive of NumPy arrays",
    recognises=_recognises,
    inspect=inspect,
    extensions=(".npz",),
    refines=("zip",),
)
