"""What pickles of PyTorch say of the tensors' storages, whose bytes lie outside of them.

The pickle leaves them to `persistent_load`:
https://github.com/pytorch/pytorch/blob/v2.9.0/torch/serialization.py (`_legacy_load`, `_load`).
"""

from dataclasses import dataclass
from typing import Final

from modelseal.models.pickles.trace import Global, Value

_FIELDS: Final = 5  # storage, type, key, location, number of elements; old files have a view behind that
_SIZES: Final = {
    "Double": 8, "Float": 4, "Half": 2, "BFloat16": 2, "Long": 8, "Int": 4, "Short": 2, "Char": 1, "Byte": 1, "Bool": 1,
    "ComplexDouble": 16, "ComplexFloat": 8, "QInt8": 1, "QUInt8": 1, "QInt32": 4, "QUInt4x2": 1, "QUInt2x4": 1,
    "Untyped": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Storage:
    """A storage that a pickle refers to.

    Attributes:
        key: Its name: that of its member in a zip archive.
        location: The device that it was on.
        elements: How many elements it has.
        element_size: How many bytes each of them takes; None when its type is not known.
    """

    key: str
    location: str
    elements: int
    element_size: int | None

    @property
    def size(self) -> int | None:
        """In bytes; None when that is not known."""
        return None if self.element_size is None else self.elements * self.element_size


def storage_of(identity: Value) -> Storage | None:
    """Return the storage that a persistent id stands for; None when it is none.

    Args:
        identity: What the pickle gives to `persistent_load`.
    """
    if not isinstance(identity, tuple) or len(identity) < _FIELDS or identity[0] != "storage":
        return None
    kind, key, location, elements = identity[1:_FIELDS]
    if not isinstance(key, str) or not isinstance(location, str) or not isinstance(elements, int) or elements < 0:
        return None
    return Storage(key, location, elements, element_size(kind))


def element_size(kind: Value) -> int | None:
    """Return how many bytes an element of a storage class takes; None when it is not known.

    Args:
        kind: The class: `torch.FloatStorage`, `torch.cuda.HalfStorage`, `torch.storage.UntypedStorage`.
    """
    if not isinstance(kind, Global) or kind.module.partition(".")[0] != "torch":
        return None
    return _SIZES.get(kind.name.removesuffix("Storage"))
