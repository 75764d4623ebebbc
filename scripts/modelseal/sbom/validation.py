"""Check SBOMs before they are handed on: each against its format's rules, and those of one run against each other.

The libraries that know the rules are imported when the first document is checked, or earlier by `preload`.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

from modelseal.errors import ToolError
from modelseal.sbom.corrections import correct
from modelseal.sbom.documents import Format, Inventory, invalid

logger = logging.getLogger(__name__)

_NAMED = 3


def preload(formats: Iterable[Format] = Format) -> None:
    """Import what checking needs, some 0.3 seconds: a thread can do it while a scanner runs."""
    for format_ in formats:
        if format_ is Format.SPDX:
            from modelseal.sbom import spdx  # noqa: F401, PLC0415
        else:
            from modelseal.sbom import cyclonedx  # noqa: PLC0415

            cyclonedx.validator()


def validate(path: Path, format_: Format) -> Inventory:
    """Read the SBOM in a file and return what it lists.

    Raises:
        ToolError: It is not there, or `inspect` refuses it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ToolError(
            f"There is no SBOM to check: {error.strerror or error}.",
            where=str(path),
            mend="Look at what the tool that should have written it said.",
        ) from error
    return inspect(data, format_, where=path.name)


def inspect(data: bytes, format_: Format, *, where: str) -> Inventory:
    """Check the bytes of an SBOM and return what it lists.

    CycloneDX 1.6 is checked with the strict JSON validator of cyclonedx-python-lib, SPDX 2.3 with
    `validate_full_spdx_document` of spdx-tools.

    Args:
        data: The document.
        format_: What it claims to be.
        where: Its name, for the error.

    Raises:
        ToolError: It does not hold what its format demands; the message names the first faults.
    """
    if format_ is Format.SPDX:
        from modelseal.sbom import spdx  # noqa: PLC0415

        return spdx.inspect(data, where)
    from modelseal.sbom import cyclonedx  # noqa: PLC0415

    return cyclonedx.inspect(data, where)


def inspect_corrected(data: bytes, format_: Format, *, where: str) -> tuple[bytes, Inventory, tuple[str, ...]]:
    """Check the bytes of an SBOM as `inspect` does; if that fails, without what `corrections` can leave out.

    Returns:
        The document that holds, what it lists, and what was left out of it (usually nothing: the same bytes).

    Raises:
        ToolError: It does not hold what its format demands, even so.
    """
    try:
        return data, inspect(data, format_, where=where), ()
    except ToolError:
        corrected, left_out = correct(data, format_, where)
        if not left_out:
            raise
    inventory = inspect(corrected, format_, where=where)
    for sentence in left_out:
        logger.info("left out of %s, because %s cannot hold it: %s", where, format_.label, sentence)
    return corrected, inventory, left_out


def require_same_packages(inventories: Iterable[Inventory]) -> None:
    """Make sure that the documents of one run tell the same story: each lists packages, and the same package URLs.

    Both formats are written from one result, so a difference means that one document is not whole. Packages without a
    package URL are not compared: how they are named may differ.

    Raises:
        ToolError: A document lists no package at all, or one that another does not list.
    """
    first: Inventory | None = None
    for inventory in inventories:
        if not inventory.packages:
            raise ToolError(
                f"The {inventory.format.label} document lists no package, although what was scanned is not empty.",
                where=inventory.name,
                mend="Give something that has packages: an image with a package database, a folder with a lock file.",
            )
        if first is not None:
            _require_same(first, inventory)
        first = first or inventory


def _require_same(one: Inventory, other: Inventory) -> None:
    purls = {inventory.format: {package.purl for package in inventory.packages} - {""} for inventory in (one, other)}
    for having, lacking in ((one, other), (other, one)):
        missing = sorted(purls[having.format] - purls[lacking.format])
        if missing:
            raise invalid(
                lacking.name,
                (
                    f"the {lacking.format.label} document lacks {len(missing)} of the packages that the"
                    f" {having.format.label} document lists, such as {', '.join(missing[:_NAMED])}",
                ),
            )
