"""Check the audit log, show its last entries, and sign a checkpoint over it."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modelseal import station
from modelseal.attestation import given, keys
from modelseal.attestation.rejection import Rejection
from modelseal.audit import chain, checkpoint, report
from modelseal.audit.checkpoint import Checkpoint
from modelseal.errors import InputError
from modelseal.files import open_regular, write_atomically
from modelseal.report.markdown import visible
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import Annotation, ExitCode

logger = logging.getLogger(__name__)

_PEM_BYTES = 64 * 1024
_LOCAL_ORIGIN = "audit-log"


def _file(value: str) -> Path:
    """Take a path that must be there."""
    found = station.path(value)
    if found is None:
        raise InputError("The path is empty.", mend="Give the path of the audit log.")
    return found


@dataclass(frozen=True)
class Inputs:
    """Which log, what it is held to, and who signs for its state."""

    log: Path = option("The audit log, as `attest` and `verify` write it.", _file, required=True)
    checkpoint: tuple[str, ...] = option(
        "Earlier checkpoints of this log, one path a line. Each must be signed with `public-key`, and the log must "
        "still begin with all entries that it covers.",
        station.lines,
    )
    public_key: Path | None = option(
        "The public key, a PEM file, that the checkpoints are signed with: Ed25519 or EC.", station.path
    )
    origin: str = option(
        "The log's name in its checkpoints, like `example.com/audit-log`. Without it: the name in the first "
        "checkpoint; else `github.com/owner/name/audit-log` on GitHub and `audit-log` elsewhere.",
        station.text,
    )
    last: int | None = option("How many of the last entries to show.", station.count, default="10")
    private_key: str = option(
        "The private key in PEM, or the path of its file, Ed25519 or EC: signs a new checkpoint over the whole log if "
        "everything holds.",
        str,
        secret=True,
    )
    private_key_password: str = option("The password of the private key, if it is encrypted.", str, secret=True)


@dataclass(frozen=True)
class Outputs:
    """What the log was found to be."""

    entry_count: str = output("How many entries the log has.")
    head: str = output("Hash of the last entry; empty when the log does not hold.")
    covered_count: str = output("How many of the entries the checkpoints cover.")
    checkpoint: str = output("Path of the new checkpoint; empty without `private-key`.")
    verifier_key: str = output("The public key of the new checkpoint, in the form that tools for signed notes take.")


STATION = Station(
    name="audit-log",
    summary="Check that nobody has changed the audit log, show its last entries, and sign a checkpoint.",
    description=(
        "Reads the whole log that `attest` and `verify` append to, and holds every entry to its own hash and to the "
        "entry before it. With `checkpoint` and `public-key` it also proves that the entries a checkpoint covers are "
        "all there and are those that were signed for: only that reveals an end that was removed, or a log that was "
        "made anew. With `private-key` it signs a new checkpoint, in the format of transparency logs.\n\n"
        "Refused with exit code 11, with line numbers and reasons: an entry that was edited, removed, inserted or "
        "moved, a log without entries, a log shorter than its checkpoint or different from it, and a checkpoint that "
        "is not signed with the key."
    ),
    inputs=Inputs,
    outputs=Outputs,
)


def run(inputs: Inputs, context: Context) -> Outcome:
    """Check the log, and sign for it only if all of it holds.

    Raises:
        InputError: A file cannot be read, a key cannot be used, or the inputs contradict each other.
        ToolError: The log cannot be read, or the disk is full.
    """
    _check(inputs)
    signer = (
        keys.load_private_key(given.pem(inputs.private_key), inputs.private_key_password)
        if inputs.private_key
        else None
    )
    if signer:
        checkpoint.verifier_key("x", signer.public_key())  # refuses a kind of key that signs no checkpoints
    signed, reasons = _checkpoints(inputs)
    found = chain.verify_chain(inputs.log, sizes=[each.size for each in signed.values()], last=inputs.last or 0)
    reasons += tuple(f"line {each.line}: {each.reason}" for each in found.problems)
    if more := found.problem_count - len(found.problems):
        reasons += (f"and {more} more",)
    reasons += tuple(why for name, each in signed.items() if (why := report.mismatch(name, each, found)))
    for reason in reasons:
        logger.error("refused: %s", visible(reason))
    made = Outputs(entry_count=str(found.size))
    if not reasons:
        covered = max((each.size for each in signed.values()), default=0)
        path, verifier_key = "", ""
        if signer:
            origin = _origin(inputs, signed, context.environ)
            target = context.output_dir / f"{inputs.log.name}.checkpoint"
            write_atomically(target, checkpoint.sign(Checkpoint(origin, found.size, found.root), signer))
            path, verifier_key = str(target), checkpoint.verifier_key(origin, signer.public_key())
        made = Outputs(str(found.size), found.head, str(covered), path, verifier_key)
    return Outcome(
        ExitCode.VERIFICATION_FAILED if reasons else ExitCode.PASSED,
        made,
        report.summary(inputs.log.name, found, reasons, tuple(signed.values()), made.verifier_key),
        report.headline(inputs.log.name, found, reasons, tuple(signed.values())),
        tuple(Annotation("warning", f"line {each.line}: {each.reason}") for each in found.remarks[:5]),
    )


def _check(inputs: Inputs) -> None:
    if bool(inputs.checkpoint) != bool(inputs.public_key):
        raise InputError(
            "`checkpoint` and `public-key` belong together: without the key nobody knows who made a checkpoint.",
            mend="Give both, or neither.",
        )
    if inputs.private_key_password and not inputs.private_key:
        raise InputError("A password was given without a key.", mend="Give `private-key`, or leave it out.")
    if inputs.origin:
        checkpoint.refuse_unfit(inputs.origin)


def _checkpoints(inputs: Inputs) -> tuple[dict[str, Checkpoint], tuple[str, ...]]:
    """Read the checkpoints; return those that are signed by their files' names, and what is wrong with the others."""
    if inputs.public_key is None:
        return {}, ()
    key = keys.load_public_key(_read(inputs.public_key, "public-key", _PEM_BYTES, pipe=True))
    signed: dict[str, Checkpoint] = {}
    reasons: list[str] = []
    for name in inputs.checkpoint:
        data = _read(Path(name), "checkpoint", checkpoint.MAX_BYTES + 1)
        try:
            signed[name] = checkpoint.verify(data, key, inputs.origin)
        except Rejection as error:
            reasons.append(f"checkpoint {name}: {error}")
    if len({each.origin for each in signed.values()}) > 1:
        reasons.append("the checkpoints are of several logs, by their origins")
    return signed, tuple(reasons)


def _origin(inputs: Inputs, signed: Mapping[str, Checkpoint], environ: Mapping[str, str]) -> str:
    if inputs.origin:
        return inputs.origin
    if signed:
        return next(iter(signed.values())).origin
    repository = environ.get("GITHUB_REPOSITORY", "")
    if environ.get("GITHUB_ACTIONS") != "true" or not repository:
        return _LOCAL_ORIGIN
    server = re.sub("^https?://", "", environ.get("GITHUB_SERVER_URL") or "github.com")
    return f"{server}/{repository}/audit-log"


def _read(path: Path, name: str, limit: int, *, pipe: bool = False) -> bytes:
    try:
        with open_regular(path, pipe=pipe) as file:
            return file.read(limit)
    except (OSError, ValueError) as error:
        raise InputError(
            f"The file cannot be read: {getattr(error, 'strerror', None) or error}.",
            where=str(path),
            mend=f"Check the input `{name}`.",
        ) from error
