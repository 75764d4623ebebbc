"""Keras 3 and 2.12 on: an archive of a configuration, weights in HDF5 or NumPy's format, and assets."""

from modelseal.models.content import Content
from modelseal.models.format import Format
from modelseal.models.keras.rules import RULES
from modelseal.models.zips import archive, inspection, rules

_CONFIGURATION = "config.json"
_BESIDE = ("metadata.json", "model.weights.h5", "model.weights.npz", "model.weights.json")


def recognises(content: Content) -> bool:
    """Tell whether bytes are an archive with the members that Keras looks for."""
    found = archive.of(content)
    return found is not None and _CONFIGURATION in found.by_name and any(name in found.by_name for name in _BESIDE)


FORMAT = Format(
    name="keras",
    title="a Keras archive",
    recognises=recognises,
    inspect=lambda content, budget: inspection.inspect(
        content, budget, lambda name: "json" if name == _CONFIGURATION else ""
    ),
    rules=(*rules.RULES, *RULES),
    extensions=(".keras",),
    refines=("zip",),
)
