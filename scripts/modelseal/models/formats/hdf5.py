"""HDF5: weights and models of Keras 1 and 2, weights of Keras 3, tables of pandas and PyTables."""

from modelseal.models.format import Format
from modelseal.models.hdf5 import rules, superblock
from modelseal.models.hdf5.inspection import inspect
from modelseal.models.keras.rules import RULES

FORMAT = Format(
    name="hdf5",
    title="an HDF5 file",
    recognises=lambda content: bool(superblock.places(content)),
    inspect=inspect,
    rules=(*rules.RULES, *RULES),
    extensions=(".h5", ".hdf5", ".keras"),  # TensorFlow before 2.12 writes it into `.keras`, too
)
