"""Station `scan-model`: model files looked into without ever loading them, judged, and rendered for everyone."""

import glob
import logging
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelseal import station
from modelseal.artifacts import hashing, manifest_file, naming, tree
from modelseal.artifacts.manifest import Manifest
from modelseal.artifacts.tree import Tree
from modelseal.errors import InputError
from modelseal.files import write_atomically
from modelseal.gate import given, judge
from modelseal.gate.finding import Kind, Severity
from modelseal.gate.model_bars import ModelBars
from modelseal.gate.model_policy import and_worse
from modelseal.gate.policy import Policy
from modelseal.gate.result import Decision, ModelEvidence, Result
from modelseal.models import binding, explanation, findings, inspection, rules
from modelseal.models import format as formats
from modelseal.models.inspection import FileReport
from modelseal.report import annotations, files, sarif_identity, summary
from modelseal.report.markdown import visible
from modelseal.station import Answer, Context, Outcome, Station, option, output
from modelseal.verdict import Annotation, ExitCode, Verdict

logger = logging.getLogger(__name__)

_ANNOTATIONS = 9  # the runner shows ten of a step, one of which is the headline
_LEAST = tuple(item for item in Severity if item is not Severity.UNKNOWN)
_PROGRESS_SECONDS = 3.0
_TRACE = "trace.txt"
_TRACE_SHOWN = 2000  # lines


@dataclass(frozen=True)
class Inputs:
    """Which files, what fails, and who is told."""

    paths: tuple[str, ...] = option(
        "Files, folders or globs to look into, one a line. One folder gives names relative to that folder; anything "
        "else gives names relative to the current directory.",
        station.lines,
        required=True,
    )
    policy: Path | None = option(
        "Policy file: what fails, which formats and imports may be, what is waived; see docs/policy.md. Without it: "
        "`.github/modelseal.yml`, if it is there.",
        station.path,
    )
    fail_on: tuple[str, ...] | None = option(
        "The least severity that fails the gate: CRITICAL, HIGH, MEDIUM or LOW. All are reported. It counts in place "
        "of the policy's; what is unknown or could not be read fails unless the policy says otherwise. Without it: the "
        "policy's, else HIGH.",
        station.maybe(station.choices(*_LEAST)),
    )
    manifest: Path | None = option(
        "The model's manifest, as `hash-artifacts` writes it: every file is hashed as it is looked into, and has to be "
        "the one that the manifest names. Only then can the verdict be attested.",
        station.path,
    )
    name: str = option(
        "What the model is called: letters, digits and `._+@-`. Without it: the manifest's, or that of the folder or "
        "file.",
        station.text,
    )
    ignore: tuple[str, ...] = option(
        "Globs of what to leave out, one a line, as for `hash-artifacts`; what the manifest leaves out is left out as "
        "well. The verdict names it. Nothing else is left out, not even `.git`.",
        station.lines,
    )
    trace: bool = option(
        "Whether to list what pickles would import and call, by offset.", station.boolean, default="false"
    )
    workers: int | None = option("How many processes may look at once. Without it: one for each core.", station.count)
    sarif_category: str = option(
        "What the analysis is called in code scanning; one each for all that is scanned for a commit. Without it: made "
        "of the model's name and the matrix.",
        station.text,
    )
    matrix: str = option(
        "The job's matrix as JSON, so that its jobs have categories of their own.",
        str,
        default_on_github="${{ toJSON(matrix) }}",
    )
    upload_sarif: bool = option("Whether to upload to code scanning.", station.boolean, default="false")
    github_token: str = option("Token for `upload-sarif`: the job's, `github.token`.", station.text, secret=True)


@dataclass(frozen=True)
class Outputs:
    """The verdict, and what it rests on."""

    verdict: str = output("The verdict as JSON, with every file, every finding, and why it fails or does not.")
    sarif: str = output("The findings as SARIF, for code scanning and editors, each at its file.")
    table: str = output("Every finding and every file as a plain text table.")
    html: str = output("The report for people: one HTML file that needs no network.")
    trace: str = output("What pickles would import and call, as text; empty without `trace`.")
    findings_count: str = output("Number of findings, failing or not.")
    failing_count: str = output("Number of findings that fail the gate.")
    scanned_count: str = output("Number of files that were looked into.")


STATION = Station(
    name="scan-model",
    summary="Look into model files without loading them, and gate on what would run.",
    description="Reads every file by its bytes, whatever it is called, and all that is packed in it: pickles by the "
    "steps that the unpickler would take, archives as each of their readers does, templates, graphs and headers by "
    "their formats' rules. Nothing of it is loaded, imported, run or fetched. Each file is read by a process with "
    "limits, and what takes more than those, cannot be read, or is of no known format is a finding, never a pass.\n\n"
    "No file at all is an error. With `manifest` the verdict is about these very bytes, and `attest` can sign it.",
    inputs=Inputs,
    outputs=Outputs,
    permissions=(
        ("contents: read", "to check out the repository"),
        ("security-events: write", "only with `upload-sarif`"),
        ("actions: read", "only with `upload-sarif` in a private repository"),
    ),
    words="paths",
    answers=(Answer("explain", "RULE", "Say what a rule is about and what to do, and end.", explanation.of),),
)


@dataclass(frozen=True)
class _Model:
    """What is looked into: the files, what they are called together, and the manifest that binds them."""

    name: str
    stem: str
    found: Tree
    manifest: Manifest | None
    digest: str


def check(inputs: Inputs) -> None:
    """Read the policy, so that what is wrong with it is said at once.

    Raises:
        InputError: It cannot be used, or names a format that there is not.
    """
    _policy(inputs, datetime.now(UTC))


def run(inputs: Inputs, context: Context) -> Outcome:
    """Look into the files, and judge what is found.

    Raises:
        InputError: An input, the policy or the manifest cannot be used, or there is no file.
        ToolError: A process that looks into files failed.
        VerificationFailed: The files are not those of the manifest.
    """
    started = datetime.now(UTC)
    policy = _policy(inputs, started)
    model = _model(inputs)
    discard(context.output_dir, model.stem)
    reports = _inspected(inputs, model, context)
    if model.manifest is not None:
        binding.require(reports, model.manifest, str(inputs.manifest))
    result = _judged(model, reports, policy, started)
    own = sarif_identity.category(STATION.name, model.stem, matrix=inputs.matrix)
    category = inputs.sarif_category or own
    written = files.write(result, context.output_dir, model.stem, files.Shown(category, "", ()))
    trace = _traced(reports, context.output_dir / f"{model.stem}.{_TRACE}") if inputs.trace else ""
    outcome = _outcome(result, written, trace, len(reports))
    if inputs.upload_sarif:
        _publish(result, category, inputs, context, failed=outcome.exit_code is not ExitCode.PASSED)
    return outcome


def _policy(inputs: Inputs, now: datetime) -> Policy:
    least = and_worse(map(Severity, inputs.fail_on)) if inputs.fail_on else None
    policy = rules.for_models(given.policy(inputs.policy, Path.cwd(), given.Overrides(models=least), now.date()))
    known = {item.name for item in formats.known()}
    for name, line in policy.models.named_formats:
        if name not in known:
            raise InputError(
                f"The policy names a format that there is not: {name}.",
                where=f"{policy.source}, line {line}" if line else policy.source,
                mend=f"Known are {', '.join(sorted(known))}.",
            )
    return policy


def _model(inputs: Inputs) -> _Model:
    read, digest = manifest_file.read(inputs.manifest) if inputs.manifest else (None, "")
    ignore = (*inputs.ignore, *map(glob.escape, read.ignored if read else ()))
    found = tree.find(inputs.paths, ignore, Path.cwd())
    if read is not None and found.has_links and not read.allow_symlinks:
        raise InputError(
            "A symbolic link stands for one of the files, and there was none when the manifest was made.",
            where=str(inputs.manifest),
            mend="Hash the files anew, and scan with that manifest.",
        )
    name = inputs.name or (read.name if read else found.own_name)
    stem = naming.checked(inputs.name) if inputs.name else naming.sanitised(name)
    return _Model(name, stem, found, read, digest)


def discard(folder: Path, stem: str) -> None:
    """Remove what an earlier run wrote, before anything of this one can fail."""
    files.discard(folder, stem)
    (folder / f"{stem}.{_TRACE}").unlink(missing_ok=True)


def _inspected(inputs: Inputs, model: _Model, context: Context) -> tuple[FileReport, ...]:
    ours = {os.fsencode(context.output_dir / f"{model.stem}.{ending}") for ending in (*files.ENDINGS, _TRACE)}
    items = [inspection.Item(file.name, file.path) for file in model.found.files if file.path not in ours]
    if not items:
        raise InputError("There is no file but what this station wrote.", mend="Name the model's folder as `paths`.")
    wanted = inspection.Wanted(
        workers=inputs.workers or hashing.available_cores(), traces=inputs.trace, digests=model.manifest is not None
    )
    progress = _Progress(len(items))
    reports = inspection.inspect_files(
        items, wanted, temp_dir=context.temp_dir, environ=context.environ, on_begin=progress.tell
    )
    return inspection.together(reports)


class _Progress:
    """Tells a person now and then how far the scan has got."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._told = time.monotonic()

    def tell(self, begun: int) -> None:
        if time.monotonic() - self._told >= _PROGRESS_SECONDS:
            self._told = time.monotonic()
            logger.info("Looked into %s of %s files so far", f"{begun - 1:,}", f"{self._total:,}")


def _judged(model: _Model, reports: Sequence[FileReport], policy: Policy, started: datetime) -> Result:
    root = _root(model.found)
    found = findings.of_reports(reports, ModelBars(policy), root)
    judgement = judge.judge(found, policy, image="", today=started, looked_for=(Kind.MODEL,))
    evidence = ModelEvidence(
        name=model.name,
        digest=model.digest,
        root=root,
        files=findings.scanned(reports),
        requires=findings.required(reports),
        left_out=model.found.ignored,
        scanner=findings.scanner(),
        started=started,
        finished=datetime.now(UTC),
    )
    return Result(evidence, policy, judgement)


def _root(found: Tree) -> str:
    """Return the folder as the repository has it; of one elsewhere its name, for want of a better place."""
    root = os.path.relpath(os.fsdecode(found.root))
    return "" if root == "." else Path(root).name if root.startswith("..") else Path(root).as_posix()


def _traced(reports: Sequence[FileReport], path: Path) -> str:
    lines = [visible(line) for line in findings.traced(reports)]
    write_atomically(path, "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
    for line in lines[:_TRACE_SHOWN]:
        logger.info("%s", line)
    if len(lines) > _TRACE_SHOWN:
        logger.info("and %s more in %s", f"{len(lines) - _TRACE_SHOWN:,}", path)
    return str(path)


def _outcome(result: Result, written: files.Files, trace: str, scanned: int) -> Outcome:
    judgement = result.judgement
    outputs = Outputs(
        verdict=str(written.verdict),
        sarif=str(written.sarif),
        table=str(written.table),
        html=str(written.html),
        trace=trace,
        findings_count=str(len(judgement.findings)),
        failing_count=str(judgement.decided(Decision.FAILS)),
        scanned_count=str(scanned),
    )
    shown = [Annotation(item.level, item.message, item.file) for item in annotations.of(result, most=_ANNOTATIONS)]
    code = ExitCode.PASSED if judgement.verdict is Verdict.PASSED else ExitCode.GATE_FAILED
    return Outcome(code, outputs, summary.render(result), summary.headline(result), tuple(shown))


def _publish(result: Result, category: str, inputs: Inputs, context: Context, *, failed: bool) -> None:
    from modelseal.report.publishing import Publisher  # noqa: PLC0415 # only where it was asked for

    publisher = Publisher(context.environ, inputs.github_token, "")
    publisher.tell([(result, category)], alerts=True, comment=False, failed=failed)
