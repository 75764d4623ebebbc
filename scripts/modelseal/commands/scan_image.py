"""Station `scan-image`: images scanned with Trivy, once each, judged, and rendered for everyone."""

import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelseal import station, tools
from modelseal.errors import InputError
from modelseal.files import write_atomically
from modelseal.gate import given, judge
from modelseal.gate.finding import Kind, Severity
from modelseal.gate.result import Decision, Novelty, Result, Scanner
from modelseal.image import platform, reference, targets
from modelseal.models import rules
from modelseal.report import annotations, files, sarif, sarif_identity, summary
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import Annotation, ExitCode, Verdict
from modelseal.vulnerabilities import trivy
from modelseal.vulnerabilities.inspection import Databases, Inspection, Inspector

logger = logging.getLogger(__name__)

_KINDS = {
    "vuln": Kind.VULNERABILITY,
    "secret": Kind.SECRET,
    "misconfig": Kind.MISCONFIGURATION,
    "license": Kind.LICENSE,
}
_ANNOTATIONS = 9  # the runner shows ten of a step, one of which is the headline


@dataclass(frozen=True)
class Inputs:
    """Which images, what fails, and who is told."""

    image: tuple[reference.Reference, ...] = option(
        "Images to scan, by name, one a line: each is saved from the engine first. With `archive`, only their names in "
        "reports.",
        reference.several,
    )
    archive: tuple[Path, ...] = option(
        "Saved images to scan, one a line: what `build-image` gives, `docker save`, or an OCI image layout as a tar "
        "file or a folder. Of an index every platform is scanned.",
        station.paths,
    )
    platforms: platform.Wanted = option(
        "Platforms to scan, between commas: `linux/amd64,linux/arm64`, or `all`. An `image` is then fetched from its "
        "registry, platform by platform. Without it: the engine's own image, and every platform of an `archive`.",
        lambda text: platform.wanted(station.items(text)),
    )
    policy: Path | None = option(
        "Policy file: what fails, what is waived, until when and by whom; see docs/policy.md. Without it: "
        "`.github/modelseal.yml`, if it is there.",
        station.path,
    )
    fail_on: tuple[str, ...] | None = option(
        "Severities that fail the gate, between commas: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN. All are reported. For "
        "vulnerabilities and secrets it counts in place of the policy's. Without it: the policy's, else CRITICAL,HIGH.",
        station.maybe(station.choices(*Severity)),
    )
    ignore_unfixed: bool | None = option(
        "Whether vulnerabilities without a fixed version pass. They are still reported. Without it: what the policy "
        "says, else `false`.",
        station.maybe(station.boolean),
    )
    vex: tuple[Path, ...] = option(
        "VEX documents (OpenVEX, or CycloneDX as JSON), one a line: what they say does not affect the image does not "
        "fail; see docs/vex.md.",
        station.paths,
    )
    baseline: tuple[Path, ...] = option(
        "Verdict of an earlier run, of the base branch for instance, or Trivy's JSON report: findings are then new or "
        "known. Of several images one a line.",
        station.paths,
    )
    scanners: tuple[str, ...] = option(
        "What to look for: `vuln`, `secret`, `misconfig` (the image's own configuration), `license`.",
        station.choices(*_KINDS),
        default="vuln,secret",
    )
    max_db_age: timedelta = option(
        "How old the vulnerability database may be: `90m`, `48h`, `7d`.", station.duration, default="48h"
    )
    db_repository: tuple[str, ...] = option(
        "Where to fetch the database from, in the order of trying, one a line; `@sha256:…` pins it. Without it: "
        "Trivy's own repositories. See docs/database.md.",
        station.items,
    )
    db_dir: Path | None = option(
        "A Trivy cache folder, used as it is: nothing is fetched, nothing written to it.", station.path
    )
    sarif_category: str = option(
        "What the analysis is called in code scanning; one each for all that is scanned for a commit. Without it: made "
        "of the image's name and the matrix.",
        station.text,
    )
    matrix: str = option(
        "The job's matrix as JSON, so that its jobs have categories and comments of their own.",
        str,
        default_on_github="${{ toJSON(matrix) }}",
    )
    location: str = option(
        "File of the repository at which code scanning shows what was found in the image.",
        sarif.within_repository,
        default="Dockerfile",
    )
    upload_sarif: bool = option("Whether to upload to code scanning.", station.boolean, default="false")
    comment: bool = option(
        "Whether to write a comment on the pull request, and to keep it up to date.", station.boolean, default="false"
    )
    github_token: str = option(
        "Token for `upload-sarif` and `comment`: the job's, `github.token`. The scanner never sees it.",
        station.text,
        secret=True,
    )
    trivy: str = option(
        "Which Trivy: nothing for the locked default, a version of the lock, or `version@sha256:<digest of it>`.",
        station.text,
    )
    tools_dir: Path | None = option(
        "Folder with the tools, for runners without network: executables, release archives or wheels.", station.path
    )


@dataclass(frozen=True)
class Outputs:
    """The verdict, and what it rests on. Of several images one a line."""

    verdict: str = output("The verdict as JSON, with every finding and why it fails or does not.")
    report: str = output("Trivy's own report, unchanged, the image's environment in it; one a line for each platform.")
    sarif: str = output("The findings as SARIF, for code scanning and editors.")
    table: str = output("Every finding as a plain text table.")
    html: str = output("The report for people: one HTML file that needs no network.")
    openvex: str = output("What was decided about vulnerabilities, as OpenVEX; empty where there are none.")
    critical_count: str = output("Number of CRITICAL findings, failing or not.")
    high_count: str = output("Number of HIGH findings, failing or not.")
    failing_count: str = output("Number of findings that fail the gate.")
    waived_count: str = output("Number of findings that somebody answers for in the policy.")
    new_count: str = output("Number of findings that the baseline does not have; empty without `baseline`.")


STATION = Station(
    name="scan-image",
    summary="Scan images with Trivy, once each, and gate on what is found.",
    description="Runs Trivy once on each saved image, without tokens and without any configuration of the repository, "
    "and judges its report by a policy with waivers, VEX documents and a baseline. Everything is made from that one "
    "report: verdict, SARIF, table, HTML, summary, annotations. An empty or truncated report, a report about another "
    "image, an operating system that is unknown or past its support, something in the image that could not be read, "
    "a database that is too old: each is an error, never a pass.",
    inputs=Inputs,
    outputs=Outputs,
    permissions=(
        ("contents: read", "to check out the repository"),
        ("security-events: write", "only with `upload-sarif`"),
        ("actions: read", "only with `upload-sarif` in a private repository"),
        ("pull-requests: write", "only with `comment`"),
    ),
)


@dataclass(frozen=True)
class _Scanned:
    """One image that was judged, and the files about it."""

    result: Result
    shown: files.Shown
    reports: tuple[Path, ...]
    written: files.Files


def check(inputs: Inputs) -> None:
    """Read the policy, the VEX documents and the baselines, so that what is wrong with them is said at once.

    Raises:
        InputError: One of them cannot be used.
    """
    _rules(inputs, datetime.now(UTC))


def run(inputs: Inputs, context: Context) -> Outcome:
    """Scan and judge.

    Raises:
        InputError: An input, the policy, a VEX document or a baseline cannot be used.
        ToolError: There is no evidence to judge: Trivy, its report or its database cannot be used.
    """
    wanted = targets.given(inputs.image, inputs.archive)
    for target in wanted:
        files.discard(context.output_dir, target.stem)  # what is there afterwards is of this run
    targets.require(wanted)
    now = datetime.now(UTC)
    held_to = _rules(inputs, now)
    inspector = _inspector(inputs, held_to, context)
    done: list[_Scanned] = []
    for target in wanted:
        images = target.images(inputs.platforms, context.environ, context.temp_dir)
        name = target.name if target.reference else images.name or target.name
        inspection = inspector.inspect(name, images)
        judgement = judge.judge(
            inspection.findings, held_to.policy, image=name, today=now, vex=held_to.vex, products=inspection.products,
            baseline=held_to.baseline_of(name, only=len(wanted) == 1),
            looked_for=[_KINDS[scanner] for scanner in inputs.scanners],
        )  # fmt: skip
        result = Result(inspection.evidence, held_to.policy, judgement)
        category = _category(result, inputs, target.stem, [item.shown.category for item in done])
        shown = files.Shown(category, inputs.location, inspection.products)
        done.append(_written(result, inspection, context.output_dir, target.stem, shown))
    outcome = _outcome(done)
    _publish(done, inputs, context, failed=outcome.exit_code is not ExitCode.PASSED)
    return outcome


def _rules(inputs: Inputs, now: datetime) -> given.Rules:
    fail_on = frozenset(map(Severity, inputs.fail_on)) if inputs.fail_on else None
    overrides = given.Overrides(fail_on, inputs.ignore_unfixed)
    policy = rules.for_images(given.policy(inputs.policy, Path.cwd(), overrides, now.date()))
    return given.Rules(policy, given.vex(inputs.vex), given.baselines(inputs.baseline))


def _inspector(inputs: Inputs, held_to: given.Rules, context: Context) -> Inspector:
    if inputs.db_dir and inputs.db_repository:
        raise InputError(
            "`db-dir` and `db-repository` are both given.",
            mend="Give `db-dir` for a database that is there already, `db-repository` for one to fetch.",
        )
    tool = tools.provide("trivy", inputs.trivy, tools_dir=inputs.tools_dir, environ=context.environ)
    folder = context.temp_dir / "trivy"
    folder.mkdir()
    source = Databases(inputs.db_dir, inputs.db_repository, folder, inputs.max_db_age, context.environ)
    identity = Scanner(tool.name, tool.version, tool.sha256)
    scanner = trivy.Trivy(tool.path, context.environ, folder)
    return Inspector(scanner, identity, inputs.scanners, source, held_to.policy)


def _written(result: Result, inspection: Inspection, folder: Path, stem: str, shown: files.Shown) -> _Scanned:
    paths = files.reports(folder, stem, [platform for platform, _ in inspection.reports])
    for path, (_, content) in zip(paths, inspection.reports, strict=True):
        write_atomically(path, content)
    return _Scanned(result, shown, paths, files.write(result, folder, stem, shown))


def _category(result: Result, inputs: Inputs, stem: str, taken: Container[str]) -> str:
    """Name the analysis; one name for several images would let each close the alerts of the one before it."""
    own = sarif_identity.category("scan-image", result.evidence.name, matrix=inputs.matrix)
    if name := inputs.sarif_category:
        own = f"{name}/{own}" if max(len(inputs.image), len(inputs.archive)) > 1 else name
    return f"{own}/{stem}" if own in taken else own  # of two tags of an image, for instance


def _outcome(done: Sequence[_Scanned]) -> Outcome:
    judgements = [item.result.judgement for item in done]
    judged = [finding for judgement in judgements for finding in judgement.findings]

    def each(path: Callable[[files.Files], Path | None]) -> str:
        return "\n".join(str(path(item.written) or "") for item in done)

    def count(severity: Severity) -> str:
        return str(sum(judgement.count(severity) for judgement in judgements))

    compared = any(judgement.fixed is not None for judgement in judgements)
    outputs = Outputs(
        verdict=each(lambda written: written.verdict),
        report="\n".join(str(path) for item in done for path in item.reports),
        sarif=each(lambda written: written.sarif),
        table=each(lambda written: written.table),
        html=each(lambda written: written.html),
        openvex=each(lambda written: written.openvex).strip("\n"),
        critical_count=count(Severity.CRITICAL),
        high_count=count(Severity.HIGH),
        failing_count=str(sum(len(judgement.failing) for judgement in judgements)),
        waived_count=str(sum(judgement.decided(Decision.WAIVED) for judgement in judgements)),
        new_count=str(sum(item.novelty is Novelty.NEW for item in judged)) if compared else "",
    )
    passed = all(judgement.verdict is Verdict.PASSED for judgement in judgements)
    most = max(3, _ANNOTATIONS // len(done))
    shown = [Annotation(item.level, item.message) for one in done for item in annotations.of(one.result, most=most)]
    return Outcome(
        ExitCode.PASSED if passed else ExitCode.GATE_FAILED,
        outputs,
        "\n".join(summary.render(item.result) for item in done),
        "; ".join(summary.headline(item.result) for item in done),
        tuple(sorted(shown, key=lambda item: item.level != "error")[:_ANNOTATIONS]),
    )


def _publish(done: Sequence[_Scanned], inputs: Inputs, context: Context, *, failed: bool) -> None:
    """Tell GitHub, where that was asked for."""
    if not inputs.upload_sarif and not inputs.comment:
        return
    from modelseal.report.publishing import Publisher  # noqa: PLC0415 # only where it was asked for

    publisher = Publisher(context.environ, inputs.github_token, inputs.location)
    results = [(item.result, item.shown.category) for item in done]
    publisher.tell(results, alerts=inputs.upload_sarif, comment=inputs.comment, failed=failed)
