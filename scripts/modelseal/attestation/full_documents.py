"""Documents that were too large to be stated whole, kept beside the folder of bundles."""

import logging
from collections.abc import Sequence
from pathlib import Path

from modelseal.attestation.plan import Planned
from modelseal.attestation.store import BUNDLE_SUFFIX
from modelseal.files import write_atomically

logger = logging.getLogger(__name__)


def keep(planned: Sequence[Planned], folder: Path) -> None:
    """Write down each of this run, and remove those of an earlier one.

    Raises:
        ToolError: The disk is full, or the folder cannot be written to.
    """
    for item in planned:
        path = folder / f"{item.file.removesuffix(BUNDLE_SUFFIX)}.full.json"
        if item.full is None:
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, item.full.data)
            logger.warning("%s is too large to be stated whole; all of it is in %s", item.full.name, path)
