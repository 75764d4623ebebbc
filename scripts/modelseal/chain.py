"""The chain: every station in order, on one image, saved once. What the root action runs."""

import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from modelseal import process, station, tools
from modelseal.attestation import store, storing
from modelseal.commands import attest, build_image, generate_sbom, hash_artifacts, scan_image, verify
from modelseal.errors import InputError
from modelseal.image import archive, docker
from modelseal.report import files, markdown
from modelseal.sbom import validation
from modelseal.station import Context, Outcome, Station, output
from modelseal.verdict import ExitCode

logger = logging.getLogger(__name__)

_ANNOTATIONS = 9  # the runner shows ten of a step, one of which is the headline
_SIGNED_WITH = ("sign", "private_key", "private_key_password", "trust_config", "store", "github_token", "audit_log")
_NO_DIGEST = "sha256:" + "0" * 64  # for checking inputs before there is an image


@dataclass(frozen=True)
class Inputs:
    """The few inputs that most users need; each means what it means for its station."""

    image: Any = station.redeclared(build_image.Inputs, "image")
    context: Path | None = station.redeclared(build_image.Inputs, "context")
    file: Path | None = station.redeclared(build_image.Inputs, "file")
    build_args: tuple[str, ...] = station.redeclared(build_image.Inputs, "build_args")
    pull: bool = station.redeclared(build_image.Inputs, "pull")
    models: tuple[str, ...] = station.option(
        "The model's folder (or files, or globs), one a line: hashed, signed and verified beside the image.",
        station.lines,
    )
    policy: Path | None = station.redeclared(scan_image.Inputs, "policy")
    fail_on: tuple[str, ...] | None = station.redeclared(scan_image.Inputs, "fail_on")
    ignore_unfixed: bool | None = station.redeclared(scan_image.Inputs, "ignore_unfixed")
    vex: tuple[Path, ...] = station.redeclared(scan_image.Inputs, "vex")
    baseline: tuple[Path, ...] = station.redeclared(scan_image.Inputs, "baseline")
    scanners: tuple[str, ...] = station.redeclared(scan_image.Inputs, "scanners")
    db_dir: Path | None = station.redeclared(scan_image.Inputs, "db_dir")
    max_db_age: timedelta = station.redeclared(scan_image.Inputs, "max_db_age")
    sign: str = station.option(
        "`keyless`: with Sigstore and the workflow's identity. `key`: with `private-key`, without any service.",
        station.choice("keyless", "key"),
        default="keyless",
    )
    private_key: str = station.redeclared(attest.Inputs, "private_key")
    private_key_password: str = station.redeclared(attest.Inputs, "private_key_password")
    trust_config: Path | None = station.redeclared(attest.Inputs, "trust_config")
    audit_log: Path | None = station.redeclared(attest.Inputs, "audit_log")
    push: bool = station.option(
        "Whether to push the image to its registry, once the gate has let it through.", station.boolean, default="false"
    )
    store: tuple[str, ...] = station.redeclared(attest.Inputs, "store")
    matrix: str = station.redeclared(scan_image.Inputs, "matrix")
    upload_sarif: bool = station.redeclared(scan_image.Inputs, "upload_sarif")
    comment: bool = station.redeclared(scan_image.Inputs, "comment")
    github_token: str = station.redeclared(scan_image.Inputs, "github_token")
    tools_dir: Path | None = station.redeclared(scan_image.Inputs, "tools_dir")


@dataclass(frozen=True)
class Outputs:
    """The stations' outputs."""

    image: str = output("Name of the image.")
    image_id: str = output("The image's id, as scanners call it.")
    digest: str = output("Digest of the pushed manifest; empty when the image was not pushed.")
    archive: str = output("The image, saved once.")
    spdx: str = output("The SBOM in SPDX 2.3, JSON.")
    cyclonedx: str = output("The SBOM in CycloneDX 1.6, JSON.")
    verdict: str = output("The gate's verdict as JSON.")
    report: str = output("Trivy's own report, unchanged.")
    sarif: str = output("The findings as SARIF, for code scanning and editors.")
    table: str = output("Every finding as a plain text table.")
    html: str = output("The report for people: one HTML file that needs no network.")
    failing_count: str = output("Number of findings that fail the gate.")
    manifest: str = output("The model's manifest; empty without `models`.")
    checksums: str = output("The model's `SHA256SUMS`; empty without `models`.")
    bundles: str = output("Folder with every signed statement; empty when the gate failed.")
    signature: str = output("The model's signature in the OpenSSF Model Signing format; empty without `models`.")
    attestation_ids: str = output("Numbers of the attestations at GitHub, one a line.")
    attestation_urls: str = output("Addresses of the attestations at GitHub, one a line.")
    referrers: str = output("What was attached to the image in its registry, `name@sha256:…`, one a line.")
    verification: str = output("The verification's verdict as JSON; empty when the gate failed.")


STATION = Station(
    name="chain",
    summary="Build, inventory, gate, hash, attest and verify, in one step.",
    description="Builds the image and saves it once; makes its SBOMs and scans it at the same time, and hashes the "
    "model; stops if the gate fails; pushes if asked to; signs what it saw; and verifies all of it.",
    inputs=Inputs,
    outputs=Outputs,
    permissions=(
        ("contents: read", "to check out the repository"),
        ("id-token: write", "to prove to Sigstore which workflow signs; not needed with `sign: key`"),
        ("packages: write", "only with `push` to GitHub's registry"),
        ("attestations: write", "only with `store: github`"),
    ),
)


def run(inputs: Inputs, context: Context) -> Outcome:
    """Run the chain.

    Raises:
        ModelsealError: Whatever a station raises; nothing after it is run.
    """
    _discard_earlier(context.output_dir, inputs.image.file_name)
    if storing.OCI in inputs.store and not inputs.push:
        raise InputError(
            "`store: oci` attaches statements to the image in its registry, and it is not pushed there.",
            mend="Set `push: true`, or leave `oci` out of `store`.",
        )
    scan_image.check(_scan_inputs(inputs, ""))
    attest.check(_attest_inputs(inputs, Outputs(image=inputs.image.text, digest=_NO_DIGEST)), context)
    with ThreadPoolExecutor(1) as pool:
        prepared = pool.submit(prepare, inputs, context)
        built = _station("build-image", build_image.run, _build_inputs(inputs), context)
        prepared.result()
    scan, sbom, model = side_by_side(inputs, built.outputs, context)
    outputs = _outputs(built.outputs, sbom.outputs, scan.outputs, model.outputs if model else hash_artifacts.Outputs())
    done = [outcome for outcome in (built, sbom, scan, model) if outcome]
    if scan.exit_code is not ExitCode.PASSED:
        return replace(scan, outputs=outputs, summary=_summary(done, scan.headline))
    if inputs.push:
        client = docker.find(context.environ, to_build=False)
        # An engine with the containerd store calls the image by its manifest.
        names = tuple(filter(None, (outputs.image_id, archive.read(Path(outputs.archive)).manifest)))
        digest = docker.push(client, inputs.image.exact, inputs.image.repository, expected=names)
        outputs = replace(outputs, digest=digest)
    attested = _station("attest", attest.run, _attest_inputs(inputs, outputs), context)
    own = {item.name for item in fields(Outputs)} & {item.name for item in fields(attest.Outputs)}
    outputs = replace(outputs, **{name: getattr(attested.outputs, name) for name in own})
    verified = _station("verify", verify.run, _verify_inputs(inputs, outputs, context), context)
    outputs = replace(outputs, verification=verified.outputs.verdict)
    headline = f"{outputs.image} is built, inventoried, gated, attested and verified"
    if verified.exit_code is not ExitCode.PASSED:
        headline = verified.headline
    whole = _summary([*done, attested, verified], headline)
    return Outcome(
        verified.exit_code, outputs, whole, headline, (*attested.annotations, *scan.annotations)[:_ANNOTATIONS]
    )


def _discard_earlier(folder: Path, name: str) -> None:
    """Remove what an earlier run concluded: wherever this one stops, nobody may take that for its result."""
    store.discard(folder / attest.BUNDLES)
    files.discard(folder, name)
    for file in (*(f"{name}.{ending}" for ending in ("tar", "spdx.json", "cdx.json")), verify.VERDICT, verify.SUMMARY):
        (folder / file).unlink(missing_ok=True)


def prepare(inputs: Inputs, context: Context) -> None:
    """Fetch the tools and import what checks the SBOMs, while the image is being built.

    Raises:
        ToolError: A tool cannot be had.
    """
    for name in ("syft", "trivy"):
        tools.provide(name, "", tools_dir=inputs.tools_dir, environ=context.environ)
    validation.preload()


def side_by_side(
    inputs: Inputs, built: build_image.Outputs, context: Context
) -> tuple[Outcome, Outcome, Outcome | None]:
    """Scan in one thread; make the SBOMs, and then hash the model, in another. Both read the saved image."""
    with ThreadPoolExecutor(2) as pool:
        scan = pool.submit(_station, "scan-image", scan_image.run, _scan_inputs(inputs, built.archive), context)
        rest = pool.submit(_sbom_then_hashes, inputs, built, context)
        for finished in as_completed((scan, rest)):
            if error := finished.exception():
                process.terminate_all()  # the other one's work is for nothing now
                raise error
        sbom, model = rest.result()
        return scan.result(), sbom, model


def _sbom_then_hashes(inputs: Inputs, built: build_image.Outputs, context: Context) -> tuple[Outcome, Outcome | None]:
    sbom = _station("generate-sbom", generate_sbom.run, _sbom_inputs(inputs, built), context)
    if not inputs.models:
        return sbom, None
    hashing = station.read_inputs(hash_artifacts.Inputs, {"paths": "\n".join(inputs.models)})
    return sbom, _station("hash-artifacts", hash_artifacts.run, hashing, context)


def _station(name: str, run_: Callable[[Any, Context], Outcome], inputs: object, context: Context) -> Outcome:
    """Run one station with a private folder of its own."""
    logger.info("── %s", name)
    folder = context.temp_dir / name
    folder.mkdir()
    return run_(inputs, replace(context, temp_dir=folder))


def _build_inputs(inputs: Inputs) -> build_image.Inputs:
    defaults = station.read_inputs(build_image.Inputs, {"image": inputs.image.text})
    return replace(
        defaults, context=inputs.context, file=inputs.file, build_args=inputs.build_args, pull=inputs.pull, push=False
    )


def _sbom_inputs(inputs: Inputs, built: build_image.Outputs) -> generate_sbom.Inputs:
    defaults = station.read_inputs(generate_sbom.Inputs, {"image": inputs.image.text, "archive": built.archive})
    return replace(defaults, tools_dir=inputs.tools_dir)


def _scan_inputs(inputs: Inputs, archive: str) -> scan_image.Inputs:
    own = {item.name for item in fields(Inputs)} & {item.name for item in fields(scan_image.Inputs)} - {"image"}
    return replace(
        station.read_inputs(scan_image.Inputs, {"image": inputs.image.text, "archive": archive}),
        **{name: getattr(inputs, name) for name in own},
        location=_dockerfile(inputs),
    )


def _dockerfile(inputs: Inputs) -> str:
    """Return the file at which code scanning shows what is in the image, as far as it lies in the repository."""
    file = inputs.file or (inputs.context or Path()) / "Dockerfile"
    path = Path(os.path.relpath(file))
    return "Dockerfile" if path.is_absolute() or ".." in path.parts else path.as_posix()


def _attest_inputs(inputs: Inputs, outputs: Outputs) -> attest.Inputs:
    texts = {"image": outputs.image, "digest": outputs.digest or outputs.image_id, "image-id": outputs.image_id}
    return replace(
        station.read_inputs(attest.Inputs, texts),
        manifest=Path(outputs.manifest) if outputs.manifest else None,
        archive=Path(outputs.archive) if outputs.archive else None,
        sbom=tuple(filter(None, (outputs.spdx, outputs.cyclonedx))),
        verdicts=(outputs.verdict,) if outputs.verdict else (),
        **{name: getattr(inputs, name) for name in _SIGNED_WITH},
    )


def _verify_inputs(inputs: Inputs, outputs: Outputs, context: Context) -> verify.Inputs:
    """Verify as a deployment would: this repository's own workflow, or the key's public half."""
    texts = {
        "paths": "\n".join(inputs.models),
        "image": outputs.image,
        "digest": outputs.digest or outputs.image_id,
        "sbom": "\n".join(filter(None, (outputs.spdx, outputs.cyclonedx))),
        "bundles": outputs.bundles,
        "require": "provenance,spdx,cyclonedx,vulns",
        "trust-config": str(inputs.trust_config or ""),
        "audit-log": str(inputs.audit_log or ""),
    }
    if inputs.sign == "key":
        public_key = context.temp_dir / "public-key.pem"
        public_key.write_bytes(attest.public_key_pem(_attest_inputs(inputs, outputs), context))
        texts["public-key"] = str(public_key)
    else:
        texts["repository"] = context.environ.get("GITHUB_REPOSITORY", "")
        texts["source-digest"] = context.environ.get("GITHUB_SHA", "")
    return station.read_inputs(verify.Inputs, texts)


def _outputs(
    built: build_image.Outputs,
    sbom: generate_sbom.Outputs,
    scan: scan_image.Outputs,
    model: hash_artifacts.Outputs,
) -> Outputs:
    return Outputs(
        image=built.image,
        image_id=built.image_id,
        archive=built.archive,
        spdx=sbom.spdx,
        cyclonedx=sbom.cyclonedx,
        verdict=scan.verdict,
        report=scan.report,
        sarif=scan.sarif,
        table=scan.table,
        html=scan.html,
        failing_count=scan.failing_count,
        manifest=model.manifest,
        checksums=model.checksums,
    )


def _summary(outcomes: list[Outcome], headline: str) -> str:
    mark = "✅" if all(outcome.exit_code is ExitCode.PASSED for outcome in outcomes) else "❌"
    return "\n".join([f"## {mark} {markdown.escape(headline)}\n", *(outcome.summary for outcome in outcomes)])
