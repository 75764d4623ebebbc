"""Station `generate-sbom`: one Syft run, every format, each checked before it is handed on."""

import logging
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from modelseal import station, tools
from modelseal.artifacts import hashing, tree
from modelseal.errors import InputError
from modelseal.files import write_atomically
from modelseal.image import archive, docker, reference
from modelseal.models import findings, inspection
from modelseal.report import markdown
from modelseal.sbom import maker, sources, syft, validation
from modelseal.sbom.documents import Format, Inventory
from modelseal.sbom.models import Model, with_models
from modelseal.sbom.sources import Source
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.tools import Tool
from modelseal.verdict import ExitCode

logger = logging.getLogger(__name__)

_UNFIT_FOR_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_FILE_NAME_LENGTH = 100


@dataclass(frozen=True)
class Inputs:
    """What to make the SBOM of, and in which formats."""

    image: reference.Reference | None = option(
        "Image to describe, by name: it is saved from the engine first. With `archive`, only its name in the SBOM.",
        lambda text: reference.parse(text) if text else None,
    )
    archive: Path | None = option("Saved image to describe: what `build-image` gives, or `docker save`.", station.path)
    path: Path | None = option("Folder or file to describe, instead of an image.", station.path)
    formats: tuple[str, ...] = option(
        "Formats to write, between commas: `spdx-json` (SPDX 2.3), `cyclonedx-json` (CycloneDX 1.6).",
        station.choices(*Format),
        default=",".join(Format),
    )
    models: tuple[str, ...] = option(
        "The model's folder (or files, or globs), one a line: put into the CycloneDX document, each file with its "
        "SHA-256 and format, and with what loading the model would run or fetch.",
        station.lines,
    )
    syft: str = option(
        "Which Syft: nothing for the locked default, a version of the lock, or `version@sha256:<its digest>`.",
        station.text,
    )
    tools_dir: Path | None = option(
        "Folder with the tools, for runners without network: executables, release archives or wheels.", station.path
    )


@dataclass(frozen=True)
class Outputs:
    """The documents, and how much they list."""

    spdx: str = output("The SBOM in SPDX 2.3, JSON.")
    cyclonedx: str = output("The SBOM in CycloneDX 1.6, JSON.")
    component_count: str = output("Number of packages in the SBOM.")


STATION = Station(
    name="generate-sbom",
    summary="List what is in an image or a folder with Syft, as SPDX and CycloneDX, and check both documents.",
    description="Runs Syft once, without tokens and without any configuration of the repository, and writes every "
    "format from that one run. Each document is validated against its specification and the two against each other "
    "before they are moved into place. A document that is invalid, or lists nothing, is an error.",
    inputs=Inputs,
    outputs=Outputs,
    permissions=(("contents: read", "to check out the repository"),),
)


def run(inputs: Inputs, context: Context) -> Outcome:
    """Make the documents, check them, and move them into place.

    Raises:
        InputError: What to describe is missing, contradictory or not there.
        ToolError: Syft failed, or what it wrote does not hold.
    """
    if inputs.path and (inputs.image or inputs.archive):
        raise InputError("An image and a `path` were both given.", mend="Give one; run the station twice for both.")
    formats = tuple(map(Format, inputs.formats))
    if inputs.models and Format.CYCLONEDX not in formats:
        raise InputError("SPDX 2.3 has no words for models.", mend="Add `cyclonedx-json` to `formats`.")
    # Imports of 0.3 seconds, done while the image is saved and Syft runs; whoever needs them first waits for the rest.
    threading.Thread(target=validation.preload, args=(formats,), daemon=True).start()
    source, file_name = _source(inputs, context)
    files = {format_: context.output_dir / f"{file_name}{format_.suffix}" for format_ in Format}
    for file in files.values():
        file.unlink(missing_ok=True)  # what an earlier run left must not be taken for this one's
    tool = tools.provide("syft", inputs.syft, tools_dir=inputs.tools_dir, environ=context.environ)
    models = _models(inputs, context) if inputs.models else ()
    made = syft.generate(tool.path, source, formats, _private_folder(context), environ=context.environ)
    checked = {
        format_: validation.inspect_corrected(_read(file, format_, tool, models), format_, where=files[format_].name)
        for format_, file in made.items()
    }
    inventories = tuple(inventory for _, inventory, _ in checked.values())
    validation.require_same_packages(inventories)
    for format_, (data, _, _) in checked.items():
        write_atomically(files[format_], data)
    left_out = sum(len(sentences) for _, _, sentences in checked.values())
    count = len(inventories[0].packages)
    return Outcome(
        ExitCode.PASSED,
        Outputs(
            spdx=str(files[Format.SPDX]) if Format.SPDX in checked else "",
            cyclonedx=str(files[Format.CYCLONEDX]) if Format.CYCLONEDX in checked else "",
            component_count=str(count),
        ),
        _summary(source, inventories, files, tool) + _note(left_out),
        f"{markdown.visible(source.name)}: {count} packages, in {' and '.join(format_.label for format_ in formats)}.",
    )


def _source(inputs: Inputs, context: Context) -> tuple[Source, str]:
    """Return what to describe and the first part of its files' names."""
    if inputs.path:
        source = sources.of_path(inputs.path)
        return source, _file_name(source.name)
    image = _saved(inputs, context)
    name = inputs.image.text if inputs.image else image.tags[0] if image.tags else image.path.stem
    file_name = inputs.image.file_name if inputs.image else image.path.stem
    if image.mixed and not image.manifest:
        raise InputError(
            "The archive's layers are compressed in different ways, and no OCI layout of this image alone says how.",
            where=str(image.path),
            mend="Save the image of one platform, from an engine that writes the OCI layout as well.",
        )
    source = sources.of_archive(image.path, name=name, version=image.image_id, mixed=image.mixed)
    return source, _file_name(file_name)


def _saved(inputs: Inputs, context: Context) -> archive.SavedImage:
    if inputs.archive:
        return archive.read(inputs.archive)
    if not inputs.image:
        raise InputError(
            "There is nothing to describe.", mend="Give `archive` (what `build-image` saved), `image` or `path`."
        )
    client = docker.find(context.environ, to_build=False)
    return archive.save(client, inputs.image.exact, context.temp_dir / "described-image.tar")


def _file_name(text: str) -> str:
    """Make a file name of any text: no folder, not hidden, not an option, not too long."""
    return _UNFIT_FOR_FILE_NAMES.sub("-", text).strip("-.")[:_FILE_NAME_LENGTH] or "sbom"


def _read(file: Path, format_: Format, tool: Tool, models: tuple[Model, ...]) -> bytes:
    data = file.read_bytes()
    if format_ is not Format.CYCLONEDX:
        return data
    own = maker.with_digest(data, tool.sha256)
    return with_models(own, models, file.name) if models else own


def _models(inputs: Inputs, context: Context) -> tuple[Model, ...]:
    """Look into the model's files, as `scan-model` does, without judging what is in them."""
    found = tree.find(inputs.models, (), Path.cwd())
    items = [inspection.Item(file.name, file.path) for file in found.files]
    wanted = inspection.Wanted(workers=hashing.available_cores(), digests=True)
    reports = inspection.inspect_files(items, wanted, temp_dir=context.temp_dir, environ=context.environ)
    reports = inspection.together(reports)
    return (Model(found.own_name, findings.scanned(reports), findings.required(reports)),)


def _private_folder(context: Context) -> Path:
    folder = context.temp_dir / "syft"
    folder.mkdir()
    return folder


def _note(left_out: int) -> str:
    if not left_out:
        return ""
    return (
        f"\nLeft out, because the format cannot hold it: {left_out} of the homepages and repository addresses that "
        "packages give. The log names each.\n"
    )


def _summary(source: Source, inventories: tuple[Inventory, ...], files: dict[Format, Path], tool: Tool) -> str:
    counts = [[markdown.escape(type_), str(count)] for type_, count in inventories[0].counts]
    written = [
        [
            f"{each.format.label} {each.format.spec_version}",
            str(len(each.packages)),
            markdown.code(str(files[each.format])),
        ]
        for each in inventories
    ]
    return "\n".join(
        (
            f"### SBOM of {markdown.code(source.name)}\n",
            markdown.table(["Packages", "Count"], counts),
            markdown.table(["Format", "Packages", "File"], written),
            f"Made by Syft {markdown.code(tool.version)} (executable {markdown.code(f'sha256:{tool.sha256}')}) in "
            "one run; each document was checked against its specification.\n",
        )
    )
