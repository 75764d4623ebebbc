"""Verify that an image and a model are what was built, inspected and signed."""

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from modelseal import station
from modelseal.artifacts import manifest, presence
from modelseal.attestation import (
    bundle,
    identity,
    jsontext,
    keys,
    model_signature,
    plan,
    sources,
    trust,
    verification,
    verification_report,
)
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.verification_report import Finding
from modelseal.errors import InputError
from modelseal.files import write_atomically
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import ExitCode

logger = logging.getLogger(__name__)

VERDICT = "verification.json"  # in the output folder
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Inputs:
    """What is verified, against what, and whom to believe."""

    paths: tuple[str, ...] = option("The model's folder, or its files, one path a line.", station.lines)
    image: str = option("The image's name, for people; `digest` says which image is meant.", station.text)
    digest: str = option("The image's digest, `sha256:…`. A tag is not enough: it can be moved.", station.text)
    sbom: tuple[str, ...] = option(
        "SBOM files that must be the attested ones of the image, byte for byte, one path a line.", station.lines
    )
    bundles: Path | None = option(
        "Folder of the bundles, as `attest` wrote it. Every file in it must be a bundle that verifies.", station.path
    )
    bundles_from: str = option(
        "Where the bundles are: `folder`; `github`, the attestations of `repository`; or `oci`, beside the image in "
        "its registry, with the login of `docker login`. Whatever others put there and does not verify is passed over.",
        station.choice(sources.FOLDER, sources.GITHUB, sources.OCI),
        default=sources.FOLDER,
    )
    github_token: str = option(
        "Token for `bundles-from: github`, with `attestations: read`; a public repository needs none.",
        str,
        secret=True,
    )
    signature: Path | None = option(
        "The model's signature; without it the only file that ends in `.sig` in `bundles`.", station.path
    )
    repository: str = option(
        "The repository whose workflow must have signed, `owner/name`. Required unless `public-key` is given; with a "
        "key it is compared with what the signed provenance says.",
        station.text,
    )
    signer_workflow: str = option(
        "The workflow file that must have signed, `owner/name/.github/workflows/file.yml`, with `@ref` after it if "
        "that must match too. Without it: any workflow of `repository`, and none of another one.",
        station.text,
    )
    source_ref: str = option("The git ref that must have been built, in full: `refs/heads/main`.", station.text)
    source_digest: str = option("The commit that must have been built, in full.", station.text)
    issuer: str = option(
        "Who must have vouched for the workflow: the URL of the OpenID Connect issuer. Without it GitHub's, "
        f"`{identity.GITHUB_ISSUER}`.",
        station.text,
    )
    public_key: Path | None = option(
        "The public key, a PEM file, of what was signed with a key. Nothing signed keyless is accepted then.",
        station.path,
    )
    trust_config: Path | None = option(
        "A trusted root or client trust configuration of Sigstore, to verify offline or against another instance. "
        "Without it the public trust root is refreshed over the network.",
        station.path,
    )
    require: tuple[str, ...] = option(
        "What must be attested: `provenance`, `spdx`, `cyclonedx`, `vulns`, `model-signature`, or predicate types' "
        "URIs. SBOMs and `vulns` are looked for at the image if there is one.",
        station.items,
        default="provenance",
    )


@dataclass(frozen=True)
class Outputs:
    """What was concluded."""

    verdict: str = output("Path of the verdict (JSON): what was verified, against what, and every reason to refuse.")
    digest: str = output("`sha256:…` of what was verified: the image, or without one the model's manifest.")


STATION = Station(
    name="verify",
    summary="Verify a model's files and an image against what was signed, before anything is deployed.",
    description=(
        "Verifies every bundle in a folder, compares who signed with who should have, and compares what was signed "
        "with what is here: the image's digest, the SBOM's bytes, and each of the model's files by name and content. "
        "Works offline with `public-key`, or with a given `trust-config`.\n\n"
        "Refused with exit code 11, with all reasons: no attestation, another subject, another signer, a missing "
        "predicate, a verdict that is not `passed`, a bundle that does not verify or cannot be read, and any file "
        "that is changed, missing, added or renamed."
    ),
    inputs=Inputs,
    outputs=Outputs,
    permissions=(("attestations: read", "only with `bundles-from: github` and a private repository"),),
)


def run(inputs: Inputs, context: Context) -> Outcome:
    """Collect the evidence, judge each subject by it, and say all that speaks against it."""
    required = _check(inputs)
    (context.output_dir / VERDICT).unlink(missing_ok=True)  # an earlier run's must not be taken for this one's
    trusted = _trust(inputs)
    files = sources.read(_wanted(inputs), context.environ, context.mask)
    evidence = verification.collect(files, trusted)
    reasons = sources.counted(_wanted(inputs), evidence)
    findings = []
    if inputs.image:
        findings.append(_image(inputs, evidence, required))
    if inputs.paths:
        findings.append(_model(inputs, files, evidence, trusted, required, context))
    reasons += tuple(reason for finding in findings for reason in finding.reasons)
    path = context.output_dir / VERDICT
    document = verification_report.document(_policy(inputs), findings, evidence, reasons)
    write_atomically(path, jsontext.encode(document) + b"\n")
    for reason in reasons:
        logger.error("refused: %s", reason)
    digest = f"sha256:{findings[0].sha256}" if findings[0].sha256 else ""
    return Outcome(
        ExitCode.VERIFICATION_FAILED if reasons else ExitCode.PASSED,
        Outputs(verdict=str(path), digest=digest),
        verification_report.summary(findings, evidence, reasons),
        verification_report.headline(findings, reasons),
    )


def _check(inputs: Inputs) -> tuple[str, ...]:
    """Refuse inputs that verify nothing or contradict each other; return the predicate types that are required."""
    if not inputs.paths and not inputs.image:
        raise InputError("There is nothing to verify.", mend="Give `paths`, or `image` and `digest`, or both.")
    if bool(inputs.image) != bool(inputs.digest):
        raise InputError(
            "`image` and `digest` belong together: a name or tag can point to another image at any time.",
            mend="Give both; resolve the tag to its digest once, and deploy that digest.",
        )
    if inputs.image and not _DIGEST.fullmatch(inputs.digest):
        raise InputError(
            f"{inputs.digest!r} is not a digest.", where="input `digest`", mend="Write sha256: and 64 hex digits."
        )
    if inputs.sbom and not inputs.image:
        raise InputError("`sbom` is about an image, and no image was given.", mend="Give `image` and `digest`.")
    _wanted(inputs).check()
    if inputs.public_key and (inputs.trust_config or inputs.issuer):
        raise InputError(
            "`public-key` is for what was signed with a key; `trust-config` and `issuer` are for keyless signatures.",
            mend="Give one or the other.",
        )
    try:
        return verification.required_types(inputs.require)
    except Rejection as error:
        raise InputError(f"{error}.", where="input `require`", mend="Name predicate types, one a line.") from error


def _wanted(inputs: Inputs) -> sources.Wanted:
    return sources.Wanted(
        inputs.bundles_from,
        inputs.bundles,
        inputs.image,
        inputs.digest,
        inputs.signature if inputs.paths else None,
        bool(inputs.paths),
        inputs.repository,
        inputs.github_token,
    )


def _trust(inputs: Inputs) -> trust.Trust:
    source = (inputs.repository, inputs.issuer or identity.GITHUB_ISSUER)
    details = (inputs.signer_workflow, inputs.source_ref, inputs.source_digest)
    if inputs.public_key:
        try:
            public_key = keys.load_public_key(inputs.public_key.read_bytes())
        except OSError as error:
            raise InputError(
                f"The public key cannot be read: {error.strerror or error}.",
                where=str(inputs.public_key),
                mend="Check the input `public-key`.",
            ) from error
        wanted = identity.expected(*source, *details) if inputs.repository or any(details) else None
        return trust.KeyTrust(public_key, wanted)
    wanted = identity.expected(*source, *details)
    from modelseal.attestation import keyless  # noqa: PLC0415 - 0.4 seconds that verifying with a key does not need

    verifier = keyless.verifier(inputs.trust_config)

    def verify(signed: bundle.Bundle) -> tuple[bytes, identity.Identity]:
        verified = verifier.verify(signed)
        return verified.payload, verified.signer

    return trust.IdentityTrust(verify, wanted)


def _policy(inputs: Inputs) -> dict[str, object]:
    """Return what was asked for, as the verdict repeats it."""
    given = ("repository", "signer_workflow", "source_ref", "source_digest", "issuer")
    return {
        "require": list(inputs.require),
        "signed-with": "key" if inputs.public_key else "certificate",
        **{station.kebab(name): getattr(inputs, name) for name in given if getattr(inputs, name)},
    }


def _image(inputs: Inputs, evidence: verification.Evidence, required: Sequence[str]) -> Finding:
    sha256 = inputs.digest.removeprefix("sha256:")
    documents = []
    for path in map(Path, inputs.sbom):
        try:
            documents.append(plan.Document(path.name, path.read_bytes()))
        except OSError as error:
            raise InputError(
                f"The SBOM cannot be read: {error.strerror or error}.", where=str(path), mend="Check the input `sbom`."
            ) from error
    applicable = [item for item in required if item != plan.MODEL_SIGNATURE or not inputs.paths]
    wanted = verification.Wanted(f"image {inputs.image}", sha256, tuple(applicable), _clock(), tuple(documents))
    return Finding("image", inputs.image, sha256, verification.judge(evidence.attestations, wanted))


def _clock() -> verification.Clock:
    return verification.Clock(datetime.now(UTC))


def _model(  # noqa: PLR0913 - what it compares is what there is
    inputs: Inputs,
    files: Mapping[str, bytes],
    evidence: verification.Evidence,
    trusted: trust.Trust,
    required: Sequence[str],
    context: Context,
) -> Finding:
    what = ", ".join(inputs.paths)
    try:
        payload = model_signature.payload(inputs.signature, files, trusted)
        signed = _parsed(payload)
    except Rejection as error:
        return Finding("model", what, "", (f"model {what}: {error}",))
    sha256 = hashlib.sha256(payload).hexdigest()
    applicable = [
        item
        for item in required
        if item != plan.MODEL_SIGNATURE and not (inputs.image and verification.is_about_images(item))
    ]
    reasons: tuple[str, ...] = ()
    if applicable:
        wanted = verification.Wanted(f"model {signed.name}", sha256, tuple(applicable), _clock())
        reasons = verification.judge(evidence.attestations, wanted)
    found = presence.reasons(
        inputs.paths, signed, folder=Path.cwd(), temp_dir=context.temp_dir, environ=context.environ
    )
    reasons += tuple(f"model {signed.name}: {reason}" for reason in found)
    if signed.ignored:
        logger.warning("not covered by the signature, which says so: %s", ", ".join(signed.ignored))
    return Finding("model", signed.name, sha256, reasons, signed.ignored)


def _parsed(payload: bytes) -> manifest.Manifest:
    """Read the signed manifest; here one that cannot be read is evidence that does not hold, and no wrong input."""
    try:
        return manifest.parse(payload)
    except InputError as error:
        raise Rejection(error.what.rstrip(".")) from error
