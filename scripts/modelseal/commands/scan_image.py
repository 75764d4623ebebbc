"""Station `scan-image`: one Trivy run on one saved image, judged."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelseal import station, tools
from modelseal.environment import cache_folder
from modelseal.errors import InputError
from modelseal.files import write_atomically
from modelseal.image import archive, docker, layers, reference
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import ExitCode, Verdict
from modelseal.vulnerabilities import database, document, gate, report, summary, trivy
from modelseal.vulnerabilities.report import Severity


@dataclass(frozen=True)
class Inputs:
    """Which image, and what fails."""

    image: reference.Reference | None = option(
        "Image to scan, by name: it is saved from the engine first. With `archive`, only its name in reports.",
        lambda text: reference.parse(text) if text else None,
    )
    archive: Path | None = option("Saved image to scan: what `build-image` gives, or `docker save`.", station.path)
    fail_on: tuple[str, ...] = option(
        "Severities that fail the gate, between commas: CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN. All are reported.",
        station.choices(*Severity),
        default="CRITICAL,HIGH",
    )
    ignore_unfixed: bool = option(
        "Whether vulnerabilities without a fixed version pass. They are still reported.",
        station.boolean,
        default="false",
    )
    scanners: tuple[str, ...] = option(
        "What to look for: `vuln`, `secret`.", station.choices("vuln", "secret"), default="vuln,secret"
    )
    max_db_age: timedelta = option(
        "How old the vulnerability database may be: `90m`, `48h`, `7d`.", station.duration, default="48h"
    )
    db_repository: str = option("Where to fetch the database from; without it Trivy's own mirrors.", station.text)
    db_dir: Path | None = option(
        "A Trivy cache folder, used as it is: nothing is fetched, nothing written to it.", station.path
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
    """The verdict, and what it rests on."""

    verdict: str = output("The verdict as JSON, with every finding and why it fails or does not.")
    report: str = output("Trivy's own report, unchanged.")
    table: str = output("Every finding as a plain text table.")
    critical_count: str = output("Number of CRITICAL findings, failing or not.")
    high_count: str = output("Number of HIGH findings, failing or not.")
    failing_count: str = output("Number of findings that fail the gate.")


STATION = Station(
    name="scan-image",
    summary="Scan an image with Trivy, once, and gate on what it finds.",
    description="Runs Trivy once on the saved image, without tokens and without any configuration of the repository, "
    "and judges its report. An empty or truncated report, a report about another image, an operating system that is "
    "unknown or past its support, a database that is too old: each is an error, never a pass.",
    inputs=Inputs,
    outputs=Outputs,
    permissions=(("contents: read", "to check out the repository"),),
)


def run(inputs: Inputs, context: Context) -> Outcome:
    """Scan and judge.

    Raises:
        InputError: Neither an image nor an archive was given.
        ToolError: There is no evidence to judge: Trivy, its report or its database cannot be used.
    """
    stem = context.output_dir / _file_name(inputs)
    files = {kind: stem.with_name(f"{stem.name}.{kind}") for kind in ("verdict.json", "trivy.json", "findings.txt")}
    for file in files.values():
        file.unlink(missing_ok=True)  # before anything can fail: what is there afterwards is of this run
    image = _image(inputs, context)
    name = inputs.image.text if inputs.image else image.tags[0] if image.tags else image.image_id
    tool = tools.provide("trivy", inputs.trivy, tools_dir=inputs.tools_dir, environ=context.environ)
    scanner = trivy.Trivy(tool.path, context.environ, _private_folder(context))
    scan = _scan(scanner, image, inputs, _database(inputs, scanner, context))
    write_atomically(files["trivy.json"], scan.report)
    evidence = report.parse(scan.report, image_id=image.image_id)
    policy = gate.Policy(frozenset(map(Severity, inputs.fail_on)), inputs.ignore_unfixed)
    judgement = gate.judge(evidence.findings, policy)
    identity = document.Scanner(tool.name, tool.version, tool.sha256)
    write_atomically(files["findings.txt"], summary.table(judgement.findings).encode())
    write_atomically(files["verdict.json"], document.verdict(name, evidence, judgement, policy, identity, scan))
    return Outcome(
        ExitCode.PASSED if judgement.verdict is Verdict.PASSED else ExitCode.GATE_FAILED,
        Outputs(
            verdict=str(files["verdict.json"]),
            report=str(files["trivy.json"]),
            table=str(files["findings.txt"]),
            critical_count=str(judgement.count(Severity.CRITICAL)),
            high_count=str(judgement.count(Severity.HIGH)),
            failing_count=str(len(judgement.failing)),
        ),
        summary.summary(name, evidence, judgement, policy, scan),
        summary.headline(name, judgement),
    )


def _image(inputs: Inputs, context: Context) -> archive.SavedImage:
    if inputs.archive:
        image = archive.read(inputs.archive)
        if not image.docker_layout:
            raise InputError(
                "The archive has the OCI layout alone, which Trivy does not read from an archive.",
                where=str(inputs.archive),
                mend="Save it with docker save -o FILE IMAGE, or export it with buildx as type=docker.",
            )
        return image
    if not inputs.image:
        raise InputError("There is nothing to scan.", mend="Give `archive` (what `build-image` saved) or `image`.")
    client = docker.find(context.environ, to_build=False)
    return archive.save(client, inputs.image.exact, context.temp_dir / "scanned-image.tar")


def _file_name(inputs: Inputs) -> str:
    if inputs.image:
        return inputs.image.file_name
    return inputs.archive.stem if inputs.archive else "image"


def _private_folder(context: Context) -> Path:
    folder = context.temp_dir / "trivy"
    folder.mkdir()
    return folder


def _scan(scanner: trivy.Trivy, image: archive.SavedImage, inputs: Inputs, current: database.Database) -> trivy.Scan:
    """Scan, and hash what is scanned at the same time."""
    with ThreadPoolExecutor(1) as pool:
        hashed = pool.submit(layers.check, image)
        scan = trivy.scan(scanner, image.path, inputs.scanners, current, offline=inputs.db_dir is not None)
        hashed.result()
    return scan


def _database(inputs: Inputs, scanner: trivy.Trivy, context: Context) -> database.Database:
    if inputs.db_dir and inputs.db_repository:
        raise InputError(
            "`db-dir` and `db-repository` are both given.",
            mend="Give `db-dir` for a database that is there already, `db-repository` for one to fetch.",
        )
    if inputs.db_dir:
        current = database.read(inputs.db_dir.absolute())
    else:
        current = trivy.update(scanner, cache_folder(context.environ) / "trivy", inputs.db_repository)
    database.check_age(current, max_age=inputs.max_db_age, now=datetime.now(UTC))
    return current
