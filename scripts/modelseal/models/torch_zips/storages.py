"""Compare the tensors' storages in an archive with what the pickles in it say of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from modelseal.gate.finding import Severity
from modelseal.models.budget import Budget
from modelseal.models.event import Event, Found, Unread
from modelseal.models.pickles.storages import storage_of
from modelseal.models.pickles.trace import Value
from modelseal.models.rule import Rule
from modelseal.models.torch_zips.records import Records
from modelseal.models.zips import inspection
from modelseal.models.zips.records import Entry

SIZE = Rule(
    id="pytorch-zip-storage-size",
    title="A storage of another size than its tensors need",
    severity=Severity.HIGH,
    happens="A loader reads beyond the storage's end, or something is carried along behind the numbers.",
    remedy="Do not use the file. Convert what it should be to safetensors, from a source that you trust.",
    atlas=("AML.T0074", "AML.T0011.000"),
    cwe=("CWE-125", "CWE-130"),
)
UNREFERENCED = Rule(
    id="pytorch-zip-unreferenced",
    title="A storage that no tensor has",
    severity=Severity.HIGH,
    happens="PyTorch does not load it. Something is carried along for a program that knows where it is.",
    remedy="Write the file anew: `torch.save(torch.load(OLD, weights_only=True), NEW)`.",
    atlas=("AML.T0074",),
    cwe=("CWE-506",),
)
RULES = (SIZE, UNREFERENCED)


@dataclass(frozen=True, slots=True)
class Storage:
    """What a pickle says of a storage.

    Attributes:
        key: The name of its record.
        size: In bytes; None where that is not known.
    """

    key: str
    size: int | None


def stated(persistent: Sequence[Value], folder: str) -> list[Storage] | None:
    """Read what a pickle leaves to PyTorch: `("storage", class, key, place, number of elements)`.

    Args:
        persistent: What it leaves to its loader.
        folder: Where the records of its storages are.

    Returns:
        None where there is something else among it.
    """
    known = [storage_of(value) for value in persistent]
    if None in known:
        return None
    return [Storage(folder + item.key, item.size) for item in known if item is not None]


def compared(
    records: Records, storages: Mapping[str, Entry], stored: Iterable[Storage], budget: Budget
) -> Iterator[Event]:
    """Tell which storages are missing, of another size, or no tensor's.

    Args:
        records: The archive's.
        storages: Those in it, by their names.
        stored: What the pickles say.
        budget: Counts what looking into those of no tensor costs.
    """
    seen: set[Storage] = set()
    for storage in stored:
        budget.steps(1)
        entry = storages.get(storage.key)
        if storage in seen:
            continue
        seen.add(storage)
        if entry is None:
            yield Unread(f"it has a tensor whose storage {storage.key[:100]!r} is missing")
        elif storage.size is not None and storage.size != entry.size:
            what = f"{entry.name!r} has {entry.size} bytes, and its tensors need {storage.size}"
            yield Found(SIZE, what, entry.header, subject=entry.name)
    used = {storage.key for storage in seen}
    for key, entry in storages.items():
        if key not in used:
            yield Found(UNREFERENCED, f"no tensor has {entry.name!r}", entry.header, subject=entry.name)
            yield from inspection.member(records.archive, entry, budget)
