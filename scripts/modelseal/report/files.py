"""All that is written down of one result, each form into a file of its own beside the others."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelseal.files import write_atomically
from modelseal.gate import document
from modelseal.gate.result import Evidence, Result
from modelseal.report import html, sarif, table

ENDINGS = ("verdict.json", "trivy.json", "sarif", "findings.txt", "report.html", "openvex.json")
"""What the names of a scan's files end in; the verdict comes last to be written and first to be removed."""


@dataclass(frozen=True)
class Files:
    """Where they are; `openvex` is None when no finding can be named in one."""

    verdict: Path
    sarif: Path
    table: Path
    html: Path
    openvex: Path | None


@dataclass(frozen=True)
class Shown:
    """What others are to know a result by.

    Attributes:
        category: The analysis' name in SARIF; see `sarif_identity.category`.
        location: File of the repository at which code scanning shows the findings.
        products: The image's own package URLs, for OpenVEX.
    """

    category: str
    location: str
    products: tuple[str, ...]


def discard(folder: Path, stem: str) -> None:
    """Remove what an earlier run wrote, before anything of this one can fail."""
    for ending in ENDINGS:
        (folder / f"{stem}.{ending}").unlink(missing_ok=True)
    inside = folder / f"{stem}.trivy"
    if inside.is_dir() and not inside.is_symlink():
        shutil.rmtree(inside)
    else:
        inside.unlink(missing_ok=True)


def reports(folder: Path, stem: str, platforms: Sequence[str]) -> tuple[Path, ...]:
    """Return where the scanner's own reports go: one file, or a folder with one for each platform of an index."""
    if len(platforms) == 1:
        return (folder / f"{stem}.trivy.json",)
    inside = folder / f"{stem}.trivy"
    inside.mkdir()
    return tuple(inside / f"{platform.replace('/', '-').replace(':', '-')}.json" for platform in platforms)


def write(result: Result, folder: Path, stem: str, shown: Shown) -> Files:
    """Write every form of a result into a folder, under names that begin with a stem.

    Raises:
        InputError: The location is not a path within a repository.
        ToolError: The disk is full.
    """
    from modelseal.gate import openvex_export  # noqa: PLC0415 # after the scan, where a few milliseconds do not matter

    paths = {ending: folder / f"{stem}.{ending}" for ending in ENDINGS}
    everything = paths["verdict.json"].name
    log = sarif.render(result, category=shown.category, location=shown.location, everything=everything)
    vex = None
    if isinstance(result.evidence, Evidence):
        # Trivy knows a package URL only of an image that a registry has given a digest; of others, the packages'.
        nameless = not any(item.digest for item in result.evidence.scanned)
        vex = openvex_export.write(result, products=shown.products, packages=nameless)
    write_atomically(paths["sarif"], log.content)
    write_atomically(paths["findings.txt"], table.render(result).encode("utf-8", "backslashreplace"))
    write_atomically(paths["report.html"], html.render(result))
    if vex is not None:
        write_atomically(paths["openvex.json"], vex)
    write_atomically(paths["verdict.json"], document.write(result))
    return Files(
        verdict=paths["verdict.json"],
        sarif=paths["sarif"],
        table=paths["findings.txt"],
        html=paths["report.html"],
        openvex=paths["openvex.json"] if vex is not None else None,
    )
