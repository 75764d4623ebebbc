"""Verify that an image and a model are what was built, inspected and signed."""

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modelseal import station
from modelseal.artifacts import agreement, manifest
from modelseal.attestation import (
    candidates,
    examination,
    identity,
    image_digest,
    jsontext,
    sources,
    summary_statement,
    verification_report,
)
from modelseal.attestation import given as given_files
from modelseal.attestation.examination import Examined, Release, Terms
from modelseal.attestation.requirements import Requirements, with_policy
from modelseal.audit import recording
from modelseal.errors import InputError
from modelseal.files import fresh, write_atomically
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import ExitCode

logger = logging.getLogger(__name__)

VERDICT, SUMMARY = "verification.json", "verification-summary.json"  # in the output folder


@dataclass(frozen=True)
class Inputs:
    """What is verified, against what, and whom to believe."""

    paths: tuple[str, ...] = option("The model's folder, or its files, one path a line.", station.lines)
    image: str = option("The image's name; `digest` says which image is meant.", station.text)
    digest: str = option(
        "The image's digest, `sha256:…`. Without it, and without one in `image`, the tag is looked up once at its "
        "registry and the digest told: a tag can be moved.",
        station.text,
    )
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
    audit_log: Path | None = option(
        "File to which a line about this run is appended, chained to the one before it; see docs/audit-log.md.",
        station.path,
    )
    github_token: str = option(
        "Token for `bundles-from: github`, with `attestations: read`; a public repository needs none.",
        str,
        secret=True,
    )
    signature: Path | None = option(
        "The model's signature, or what `sigstore sign` wrote for a single file; else the only `.sig` in `bundles`.",
        station.path,
    )
    ignore: tuple[str, ...] = option(
        "Names of files and folders, no patterns, that may be among the model's files unsigned, one a line. With "
        "`environment` only those that the policy's `ignore` has too.",
        station.lines,
    )
    repository: str = option(
        "The repository whose workflow must have signed, `owner/name`. Required unless `public-key` or "
        "`certificate-root` is given; with those it is compared with what the signed provenance says.",
        station.text,
    )
    repository_id: str = option(
        "The repository's number. A name can be taken over when its owner is renamed or deleted; the number never is.",
        station.text,
    )
    owner_id: str = option("The number of the repository's owner.", station.text)
    signer_workflow: str = option(
        "The workflow file that must have signed, `owner/name/.github/workflows/file.yml`, with `@ref` after it if "
        "that must match too. Without it: any workflow of `repository`, and none of another one.",
        station.text,
    )
    source_ref: str = option(
        "The git ref that must have been built, in full: `refs/heads/main`; or a pattern of it: `refs/tags/v*`.",
        station.text,
    )
    source_digest: str = option("The commit that must have been built, in full.", station.text)
    issuer: str = option(
        "Who must have vouched for the workflow: the URL of the OpenID Connect issuer. Without it GitHub's, "
        f"`{identity.GITHUB_ISSUER}`.",
        station.text,
    )
    runner: str = option(
        "On whose machine the workflow must have run: `github-hosted` or `self-hosted`. Without it: any.",
        station.choice("", "github-hosted", "self-hosted"),
    )
    trigger: tuple[str, ...] = option(
        "The events of which one must have started the workflow: `push`, `release`. Without it: any.", station.items
    )
    public_key: Path | None = option(
        "The public key, a PEM file, of what was signed with a key. Nothing signed keyless is accepted then.",
        station.path,
    )
    certificate_root: Path | None = option(
        "The root certificates, a PEM file, of what was signed with a certificate of your own authority.", station.path
    )
    certificate_subject: str = option(
        "Whose certificate it must be. Of your own authority: its subject, `CN=release,O=Example`, or a mail address, "
        "URI or DNS name in it; without it anybody's. Keyless, with `issuer`: the mail address or URI.",
        station.text,
    )
    trust_config: Path | None = option(
        "Trusted roots or a client trust configuration of Sigstore, to verify offline or against another instance; "
        "`gh attestation trusted-root` prints them. Without it the trust root is refreshed over the network: GitHub's "
        "own for what GitHub signed for a repository that is not public, else the public one.",
        station.path,
    )
    require: tuple[str, ...] = option(
        "What must be attested: `provenance`, `spdx`, `cyclonedx`, `vulns`, `test-result`, `model-signature`, "
        "`verification-summary`, or predicate types' URIs. SBOMs and `vulns` are looked for at the image if there is "
        "one, `test-result` at the model if there is one.",
        station.items,
        default="provenance",
    )
    max_age: timedelta | None = option(
        "How old the newest verdict of each kind may be: `48h`, `7d`. Without it: any age.",
        station.maybe(station.duration),
    )
    policy: Path | None = option(
        "The policy file whose section `verify` is to be met as well; without it `.github/modelseal.yml`, if "
        "`environment` is given.",
        station.path,
    )
    environment: str = option("The environment in the policy file: `staging`, `production`.", station.text)
    candidates: tuple[str, ...] = option(
        "Releases of which the first that may be deployed is chosen, the newest first, one a line: `name@sha256:…` or "
        "a model's folder, then a space and the folder of its bundles. In place of `image`, `digest` and `paths`.",
        station.lines,
    )


@dataclass(frozen=True)
class Outputs:
    """What was concluded."""

    verdict: str = output("Path of the verdict (JSON): what was verified, against what, and every reason to refuse.")
    summary: str = output(
        "Path of the SLSA verification summary, a statement that can be signed; empty where nothing has a digest."
    )
    digest: str = output("`sha256:…` of what was verified: the image, or without one the model's manifest.")
    candidate: str = output("Of `candidates` the one to deploy; empty when none may be.")
    refused: str = output(
        "Why candidates were refused, and why a refused release was: one reason a line, a hundred at most."
    )


STATION = Station(
    name="verify",
    summary="Verify a model's files and an image against what was signed, before anything is deployed.",
    description=(
        "Verifies every bundle in a folder, compares who signed with who should have, and compares what was signed "
        "with what is here: the image's digest, the SBOM's bytes, and each of the model's files by name and content. "
        "Works offline with `public-key`, or with a given `trust-config`.\n\n"
        "Refused with exit code 11, with all reasons: no attestation, another subject, another signer, a missing "
        "predicate, a verdict that is not `passed`, a bundle that does not verify or cannot be read, and any file "
        "that is changed, missing, added or renamed, also where the signature says that it does not cover it."
    ),
    inputs=Inputs,
    outputs=Outputs,
    conclusions=(VERDICT, SUMMARY),
    permissions=(("attestations: read", "only with `bundles-from: github` and a private repository"),),
)


# The inputs that are demands of the same name; the environment becomes one by its policy.
_DEMANDS = {item.name for item in fields(Requirements)} & {item.name for item in fields(Inputs)} - {"environment"}


def run(inputs: Inputs, context: Context) -> Outcome:
    """Hold each release to what is demanded, until one meets it; say all that speaks against the others."""
    written = [context.output_dir / file for file in STATION.conclusions]  # not an earlier run's, none that failed
    recording.refuse_among(written, inputs.audit_log)
    with fresh(*written), recording.of(STATION.name, inputs.audit_log, context.environ) as record:
        outcome = _run(inputs, context, record)
        record.ends(outcome.exit_code, outcome.headline)
    return outcome


def _run(inputs: Inputs, context: Context, record: recording.Record) -> Outcome:
    now = datetime.now(UTC)
    demanded = _demanded(inputs, now)
    terms = examination.terms_of(demanded, now)
    look = functools.partial(_examined, terms=terms, ignore=demanded.ignore, context=context)
    examined = examination.until_fit(_releases(inputs, demanded, context), look)
    record.policy = demanded.sha256
    record.accepts(examined[-1].subjects, examined[-1].accepted)
    return _outcome(examined, demanded, now, context.output_dir)


def _demanded(inputs: Inputs, now: datetime) -> Requirements:
    """Read what inputs and policy demand together."""
    demanded = Requirements(triggers=inputs.trigger, **{name: getattr(inputs, name) for name in _DEMANDS})
    if inputs.policy or inputs.environment:
        demanded = with_policy(demanded, inputs.policy, inputs.environment, now.date())
    demanded.check()
    return demanded


def _releases(inputs: Inputs, demanded: Requirements, context: Context) -> tuple[Release, ...]:
    """Return what is verified, refusing inputs that verify nothing or contradict each other."""
    single = inputs.paths or inputs.image or inputs.digest or inputs.sbom or inputs.signature
    if inputs.candidates and single:
        raise InputError(
            "`candidates` are given, and a single release too.", mend="Give `candidates`, or the other inputs."
        )
    if inputs.candidates:
        chosen = candidates.parse(inputs.candidates)
        return tuple(
            _release(inputs, demanded, item.text, item.image, item.digest, item.paths, item.bundles) for item in chosen
        )
    if not inputs.paths and not inputs.image and not inputs.digest:
        raise InputError("There is nothing to verify.", mend="Give `paths`, or `image` and `digest`, or both.")
    if inputs.sbom and not inputs.image:
        raise InputError("`sbom` is about an image, and no image was given.", mend="Give `image` and `digest`.")
    digest = image_digest.resolve(inputs.image, inputs.digest, context.environ, context.mask)
    return (_release(inputs, demanded, "", inputs.image, digest, inputs.paths, None),)


def _release(  # noqa: PLR0913 - what differs between releases
    inputs: Inputs,
    demanded: Requirements,
    label: str,
    image: str,
    digest: str,
    paths: tuple[str, ...],
    bundles: Path | None,
) -> Release:
    place = sources.Wanted(
        sources.FOLDER if bundles else inputs.bundles_from,
        bundles or inputs.bundles,
        image,
        digest,
        inputs.signature if paths else None,
        bool(paths),
        demanded.repository,
        inputs.github_token,
    )
    place.check()
    return Release(label, paths, tuple(given_files.document(Path(path), "sbom") for path in inputs.sbom), place)


def _examined(release: Release, terms: Terms, ignore: Sequence[str], context: Context) -> Examined:
    def compare(paths: Sequence[str], signed: manifest.Manifest) -> tuple[tuple[str, ...], tuple[str, ...]]:
        where = agreement.Place(Path.cwd(), context.temp_dir, context.environ)
        found = agreement.check(paths, signed, where, ignore=ignore, signature=release.place.signature)
        if found.left_out:
            logger.warning("not signed, and left out because `ignore` says so: %s", ", ".join(found.left_out))
        return found.reasons, found.left_out

    files = sources.read(release.place, context.environ, context.mask)
    return examination.examine(
        release, terms, files, lambda evidence: sources.counted(release.place, evidence), compare
    )


def _outcome(examined: Sequence[Examined], demanded: Requirements, now: datetime, folder: Path) -> Outcome:
    """Write down what came out; the last one examined is the chosen one, if any is."""
    last = examined[-1]
    passed = not last.reasons
    told = verification_report.told(examined)
    for reason in told:
        logger.error("refused: %s", reason)
    document = verification_report.document(demanded, examined, now)
    write_atomically(folder / VERDICT, jsontext.encode(document) + b"\n")
    subject = verification_report.subject(last)
    statement = summary_statement.of_release(last, demanded, now) if subject else b""
    if statement:
        write_atomically(folder / SUMMARY, statement + b"\n")
    outputs = Outputs(
        verdict=str(folder / VERDICT),
        summary=str(folder / SUMMARY) if statement else "",
        digest=f"sha256:{subject}" if subject else "",
        candidate=last.release.label if passed else "",
        refused="\n".join(told),
    )
    return Outcome(
        ExitCode.PASSED if passed else ExitCode.VERIFICATION_FAILED,
        outputs,
        verification_report.summary(examined, demanded),
        verification_report.headline(examined),
    )
