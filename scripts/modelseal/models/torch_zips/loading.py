"""Look into the records of an archive that PyTorch loads: pickles, and the storages that these name."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from modelseal.models.budget import Budget
from modelseal.models.event import Event, Member
from modelseal.models.pickles import PERSISTENT
from modelseal.models.torch_zips import storages
from modelseal.models.torch_zips.records import Records
from modelseal.models.zips import inspection

if TYPE_CHECKING:
    from modelseal.models.torch_zips.storages import Storage


def loaded(
    records: Records, budget: Budget, pickles: Mapping[str, str], skipped: Callable[[str], bool] = lambda _: False
) -> Iterator[Event]:
    """Hand over all records but storages, and compare those with what the pickles say.

    Args:
        records: The archive's.
        budget: Counts what that costs.
        pickles: Names of the records that must be pickles, each with the folder of its storages.
        skipped: Whether someone else looks into a record.

    Raises:
        Malformed: The archive is cut off.
        LimitReached: It is too large.
    """
    folders = tuple(set(pickles.values()))
    kept = {name: entry for entry in records.archive.entries if (name := records.name(entry)).startswith(folders)}

    def known(name: str) -> str | None:
        short = name.removeprefix(records.folder)
        if short in kept or skipped(short) or records.plain(name):
            return None
        return "pickle" if short.lower() in pickles else ""

    stated: list[Storage] | None = []
    for event in inspection.inspect(records.archive.content, budget, known):
        yield event
        short = event.name.removeprefix(records.folder).lower() if isinstance(event, Member) else ""
        if isinstance(event, Member) and short in pickles:
            # Whoever looked into the pickle has left there what it leaves to its loader.
            own = storages.stated(event.content.memo.get(PERSISTENT, [None]), pickles[short])
            stated = None if stated is None or own is None else stated + own
    if stated is not None:
        yield from storages.compared(records, kept, stated, budget)
        return
    for entry in kept.values():  # nobody knows what is numbers in it
        yield from inspection.member(records.archive, entry, budget)
