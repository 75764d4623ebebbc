"""What `torch.save` writes since PyTorch 1.6: a pickle and the storages of its tensors, in a zip archive."""

from collections.abc import Iterator

from modelseal.models.budget import Budget
from modelseal.models.content import Content
from modelseal.models.event import Event
from modelseal.models.faults import Malformed
from modelseal.models.format import Format
from modelseal.models.torch_zips import records, storages
from modelseal.models.torch_zips.loading import loaded
from modelseal.models.zips import archive as archives

_PICKLE = "data.pkl"


def _recognises(content: Content) -> bool:
    found = records.of(archives.of(content))
    return found is not None and _PICKLE in found.by_name


def _inspect(content: Content, budget: Budget) -> Iterator[Event]:
    found = records.of(archives.of(content))
    if found is None:
        raise Malformed("it is no archive of PyTorch")
    yield from records.about_case(found, (_PICKLE, "version", "byteorder"))
    yield from loaded(found, budget, {_PICKLE: "data/"})


FORMAT = Format(
    name="pytorch-zip",
    title="a PyTorch file",
    recognises=_recognises,
    inspect=_inspect,
    rules=(records.CASE, *storages.RULES),
    extensions=(".tar",),  # as PyTorch's tutorial on checkpoints calls them
    refines=("zip",),
)
