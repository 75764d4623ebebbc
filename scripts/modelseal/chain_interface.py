"""What the chain takes and gives: the few inputs that most users need, and the stations' outputs."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from modelseal import station
from modelseal.commands import attest, build_image, scan_image
from modelseal.station import Station, output


@dataclass(frozen=True)
class Inputs:
    """The few inputs that most users need; each means what it means for its station."""

    image: Any = station.redeclared(build_image.Inputs, "image")
    context: Path | None = station.redeclared(build_image.Inputs, "context")
    file: Path | None = station.redeclared(build_image.Inputs, "file")
    build_args: tuple[str, ...] = station.redeclared(build_image.Inputs, "build_args")
    pull: bool = station.redeclared(build_image.Inputs, "pull")
    models: tuple[str, ...] = station.option(
        "The model's folder (or files, or globs), one a line: hashed, looked into, signed and verified beside the "
        "image.",
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
    verdict: str = output("The verdict of the image's gate as JSON.")
    report: str = output("Trivy's own report, unchanged.")
    sarif: str = output("The findings as SARIF, for code scanning and editors.")
    table: str = output("Every finding as a plain text table.")
    html: str = output("The report for people: one HTML file that needs no network.")
    failing_count: str = output("Number of findings that fail the gate, in image and model.")
    model_verdict: str = output("The verdict of the model's gate as JSON; empty without `models`.")
    model_sarif: str = output("What was found in the model as SARIF; empty without `models`.")
    model_html: str = output("The report on the model for people; empty without `models`.")
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
    description="Builds the image and saves it once, and meanwhile hashes the model and looks into its files; makes "
    "the image's SBOMs and scans it at the same time; stops if a gate fails; pushes if asked to; signs what it saw; "
    "and verifies all of it.",
    inputs=Inputs,
    outputs=Outputs,
    permissions=(
        ("contents: read", "to check out the repository"),
        ("id-token: write", "to prove to Sigstore which workflow signs; not needed with `sign: key`"),
        ("packages: write", "only with `push` to GitHub's registry"),
        ("attestations: write", "only with `store: github`"),
    ),
)
