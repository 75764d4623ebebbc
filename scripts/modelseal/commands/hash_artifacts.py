"""Hash models, datasets and other files, and write down or check what they are."""

import hashlib
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

from modelseal.artifacts import checksums, comparison, hashing, manifest, naming, summary, tree
from modelseal.artifacts.comparison import Differences
from modelseal.artifacts.tree import Tree
from modelseal.errors import InputError
from modelseal.files import write_atomically
from modelseal.report.markdown import code, visible
from modelseal.station import Context, Outcome, Station, choice, count, lines, option, output, path, text
from modelseal.verdict import ExitCode

logger = logging.getLogger(__name__)

_CHECKSUMS = "SHA256SUMS"
_CHECK_BYTES = 256 << 20
_PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Inputs:
    """What to hash, and what to compare it with."""

    paths: tuple[str, ...] = option(
        "Files, folders or globs to hash, one a line. One folder gives names relative to that folder; anything else "
        "gives names relative to the current directory. `**` stands for any number of folders.",
        lines,
        required=True,
    )
    name: str = option(
        "What the release is called: letters, digits and `._+@-`. Without it: the name of the folder or file.", text
    )
    kind: str = option(
        "`model`, `dataset` or `file`; for the summary.", choice("model", "dataset", "file"), default="model"
    )
    ignore: tuple[str, ...] = option(
        "Globs of what to leave out, one a line, of names relative to the folder: `logs`, `*.tmp` (at the top), "
        "`**/*.tmp` (everywhere). Nothing is left out by default, not even `.git`.",
        lines,
    )
    check: Path | None = option(
        "An earlier manifest or `SHA256SUMS` that must still hold: no file changed, missing, added or renamed.",
        path,
    )
    workers: int | None = option("How many processes may hash at once. Without it: one for each core.", count)


@dataclass(frozen=True)
class Outputs:
    """Where the results are, and the few figures that other steps need."""

    manifest: str = output("Path of the manifest; empty when `check` does not hold.")
    checksums: str = output("Path of `SHA256SUMS`; empty when `check` does not hold.")
    digest: str = output("`sha256:` and the SHA-256 of the manifest: what identifies the release.")
    file_count: str = output("How many files were hashed.")
    total_bytes: str = output("Their size in bytes.")


STATION = Station(
    name="hash-artifacts",
    summary="Hash models and datasets into a manifest, or check them against one",
    description=(
        "Computes the SHA-256 of every file and writes `<name>.manifest.json`, an unsigned in-toto statement in the "
        "OpenSSF Model Signing v1.0 layout that `attest` signs as it is, and `SHA256SUMS` for `sha256sum -c`.\n\n"
        "Nothing is skipped: unreadable files, devices, sockets, named pipes, symbolic links to folders or out of the "
        "tree, files that change while they are read, and no file at all are errors.\n\n"
        "With `check` it compares the files with an earlier manifest or `SHA256SUMS`, names every changed, missing, "
        "added and renamed file, and writes nothing unless they agree."
    ),
    inputs=Inputs,
    outputs=Outputs,
)


def written(name: str) -> tuple[str, str]:
    """Return what the files about a release of this name are called: its manifest, and the checksums."""
    return f"{name}.manifest.json", _CHECKSUMS


def run(inputs: Inputs, context: Context) -> Outcome:
    """Hash the files, compare them with `check` if it was given, and write the manifest and the checksums.

    Raises:
        InputError: The paths, the name or `check` cannot be used, or a file cannot be read.
        ToolError: A worker died, or the disk is full.
    """
    with hashing.Pool(
        workers=inputs.workers or hashing.available_cores(),
        temp_dir=context.temp_dir,
        environ=context.environ,
        on_progress=_Progress().tell,
    ) as pool:
        found = tree.find(inputs.paths, inputs.ignore, Path.cwd(), on_files=pool.offer)
        name = naming.checked(inputs.name) if inputs.name else naming.sanitised(found.own_name)
        manifest_path, checksums_path = (context.output_dir / file for file in written(name))
        _refuse_own_files(found, (manifest_path, checksums_path))
        earlier = _read_check(inputs.check) if inputs.check is not None else None
        _discard((manifest_path, checksums_path), inputs.check)
        logger.info("Hashing %s, %s", summary.quantity(len(found.files), "file"), summary.size(found.total_bytes))
        digests = pool.digests(found.files)
    made = manifest.make(
        name,
        ((file.name, digest) for file, digest in zip(found.files, digests, strict=True)),
        ignored=found.ignored,
        allow_symlinks=found.has_links,
    )
    figures = {"file_count": str(len(digests)), "total_bytes": str(found.total_bytes)}
    if earlier is not None:
        differences = comparison.compare(earlier, dict(made.digests))
        if len(differences):
            return _failed(inputs, name, differences, Outputs(**figures))
    data = manifest.encode(made)
    write_atomically(checksums_path, checksums.encode(made.digests))
    write_atomically(manifest_path, data)
    outputs = Outputs(
        manifest=str(manifest_path),
        checksums=str(checksums_path),
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        **figures,
    )
    return _passed(inputs, name, found, digests, outputs)


def _discard(earlier: tuple[Path, ...], check: Path | None) -> None:
    """Remove what an earlier run wrote, so that nobody takes it for what is found now; not what that is held to."""
    if check is None or check.resolve() not in [file.resolve() for file in earlier]:
        for file in earlier:
            file.unlink(missing_ok=True)


def _refuse_own_files(found: Tree, written: tuple[Path, ...]) -> None:
    """Refuse to hash what is about to be written: the second run would see another tree than the first."""
    folder = Path(os.path.realpath(written[0].parent))
    own = {os.fsencode(folder / item.name) for item in written}
    if os.fsencode(folder) in found.folders or any(file.path in own for file in found.files):
        raise InputError(
            "The output folder lies within what is to be hashed.",
            where=visible(str(written[0].parent)),
            mend="Give an `output-dir` elsewhere, or name this one in `ignore`.",
        )


def _read_check(check: Path) -> dict[str, str]:
    """Read the earlier digests by name, from a manifest or from checksums."""
    mend = "Give the path of an earlier manifest or `SHA256SUMS` as `check`."
    try:
        regular = check.is_file()  # a named pipe would be waited for, a device read for ever
        data = b""
        if regular:
            with check.open("rb") as file:
                data = file.read(_CHECK_BYTES + 1)
    except OSError as error:
        what = f"The file to check against cannot be read: {error.strerror}."
        raise InputError(what, where=visible(str(check)), mend=mend) from error
    if not regular:
        raise InputError("There is no such file to check against.", where=visible(str(check)), mend=mend)
    if len(data) > _CHECK_BYTES:
        raise InputError("The file to check against is larger than 256 MiB.", where=visible(str(check)), mend=mend)
    read = manifest.parse(data).digests if data.lstrip()[:1] in (b"{", b"[") else checksums.parse(data)
    return dict(read)


class _Progress:
    """Tells a person now and then how far the hashing has got."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def tell(self, done: int) -> None:
        if time.monotonic() - self._told >= _PROGRESS_SECONDS:
            self._told = time.monotonic()
            logger.info("Hashed %s so far", summary.size(done))


def _failed(inputs: Inputs, name: str, differences: Differences, outputs: Outputs) -> Outcome:
    for what, file in summary.described(differences):
        logger.error("%s: %s", what, visible(file))
    headline = f"{name} differs from {visible(str(inputs.check))} in {summary.quantity(len(differences), 'file')}"
    return Outcome(
        ExitCode.VERIFICATION_FAILED,
        outputs,
        f"### {inputs.kind.capitalize()} {code(name)} is not what it was\n\n"
        f"Compared with {code(str(inputs.check))}:\n\n"
        f"{summary.differences(differences)}\nNothing was written.\n",
        headline,
    )


def _passed(inputs: Inputs, name: str, found: Tree, digests: tuple[str, ...], outputs: Outputs) -> Outcome:
    if any("\udc80" <= letter <= "\udcff" for file in found.files if not file.name.isascii() for letter in file.name):
        logger.warning("Some file names are not UTF-8; other tools may not be able to read them from the manifest")
    files = summary.quantity(len(digests), "file")
    amount = f"{files}, {summary.size(found.total_bytes)}"
    folder = inputs.paths[0] if found.one_folder else None
    parts = [
        f"### {inputs.kind.capitalize()} {code(name)}: {amount}\n",
        f"Identified by its manifest, {code(outputs.digest)}\n",
        *([f"No file differs from {code(str(inputs.check))}.\n"] if inputs.check is not None else []),
        summary.largest(found.files, digests),
        *([summary.ignored(found.ignored)] if found.ignored else []),
        summary.how_to_check(folder, outputs.checksums),
        *filter(None, [summary.git_note(found.files) if found.one_folder else ""]),
    ]
    compared = f", none differs from {visible(str(inputs.check))}" if inputs.check is not None else ""
    return Outcome(ExitCode.PASSED, outputs, "\n".join(parts), f"{name}: {amount}{compared}; {outputs.digest}")
