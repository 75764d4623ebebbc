"""State what was built and found, and sign it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from modelseal import station
from modelseal.attestation import (
    destinations,
    full_documents,
    keys,
    made_earlier,
    plan,
    planning,
    signed,
    signing,
    store,
    storing,
)
from modelseal.audit import recording
from modelseal.errors import InputError
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import Annotation, ExitCode

logger = logging.getLogger(__name__)

BUNDLES = "bundles"  # the folder for every bundle, in the output folder
_STATED = tuple(item.name for item in fields(planning.Wanted))


@dataclass(frozen=True)
class Inputs:
    """What is attested, and who signs."""

    manifest: Path | None = option("A model's manifest, as `hash-artifacts` writes it.", station.path)
    image: str = option("The image's name, for people; `digest` says which image it is.", station.text)
    digest: str = option(
        "The image's digest, `sha256:…`: the registry's after a push, else the image's ID.", station.text
    )
    image_id: str = option(
        "The image's ID, `sha256:…`, where `digest` is the registry's: the gate's verdict knows the image by its ID.",
        station.text,
    )
    archive: Path | None = option(
        "The saved image, the one of `digest` or `image-id`. Its SHA-256 becomes a second subject, so that anyone can "
        "verify the file.",
        station.path,
    )
    sbom: tuple[str, ...] = option("SBOM files of the image, SPDX 2 or CycloneDX in JSON, one a line.", station.lines)
    verdicts: tuple[str, ...] = option(
        "Verdict files of the image or the model, as gates write them, one a line. A failed one ends the station with "
        "exit code 11, and nothing is signed.",
        station.lines,
    )
    base_images: tuple[str, ...] = option(
        "Images that the image was built upon, one a line: `NAME@sha256:…`. The provenance names them.", station.lines
    )
    base_models: tuple[str, ...] = option(
        "Manifests of models that the model was made from, one a line. The provenance names them by digest.",
        station.lines,
    )
    datasets: tuple[str, ...] = option(
        "Manifests of data sets that the model was made from, one a line. The provenance names them by digest.",
        station.lines,
    )
    materials: tuple[str, ...] = option(
        "Whatever else went in, one a line: `URI=sha256:…`, or `URI=gitCommit:…` for a repository.", station.lines
    )
    provenance: bool = option(
        "`false` where another run built it, as where it is scanned anew: only `sbom` and `verdicts` are stated then, "
        "and no model is signed.",
        station.boolean,
        default="true",
    )
    summary: Path | None = option(
        "A verification summary that `verify` wrote. It is signed as it is, and nothing else; `image` with `digest`, "
        "and `manifest`, then say what it must be about.",
        station.path,
    )
    sign: str = option(
        "`keyless`: with Sigstore and the workflow's identity. `key`: with `private-key`, without any service. `kms`: "
        "with `key-uri`, a key in a hardware token or a cloud's key service.",
        station.choice(signing.KEYLESS, signing.KEY, signing.KMS),
        default=signing.KEYLESS,
    )
    private_key: str = option(
        "The private key in PEM, or the path of its file: EC P-256, P-384 or P-521, Ed25519, or RSA from 2048 bits. "
        "A `manifest` needs an EC key: other tools verify a model's signature with no other.",
        str,
        secret=True,
    )
    private_key_password: str = option(
        "The password of the private key, if it is encrypted; for a hardware token, its PIN.", str, secret=True
    )
    certificate_chain: Path | None = option(
        "Certificates in PEM for the key, the key's own first, then its issuers. Verifiers need the root only.",
        station.path,
    )
    key_uri: str = option(
        "For `kms`: which key. `hsm:ID?label=TOKEN` (PKCS#11; the variable `PYKCS11LIB` names the module), "
        "`awskms:KEY`, `gcpkms:projects/…/cryptoKeyVersions/1`, `azurekms://VAULT.vault.azure.net/keys/NAME/VERSION`.",
        station.text,
    )
    key_packages: Path | None = option(
        "For `kms`: a folder of Python packages that the key's service needs, as `pip install --target` makes it.",
        station.path,
    )
    trust_config: Path | None = option(
        "A client trust configuration of Sigstore, to sign with other services than the usual ones: the public ones "
        "for a public repository, GitHub's own for any other.",
        station.path,
    )
    store: tuple[str, ...] = option(
        "Where the statements are kept, between commas: `file`, the folder of bundles, always and first; `github`, the "
        "repository's attestations; `oci`, beside the image in its registry, with the login of `docker login`.",
        station.choices(storing.FILE, storing.GITHUB, storing.OCI),
        default=storing.FILE,
    )
    registry_images: tuple[str, ...] = option(
        "For `oci`: the image's names in registries, one a line, each with `@sha256:…` where its digest is not "
        "`digest`. Without it: `image`.",
        station.lines,
    )
    bundles: Path | None = option(
        "A folder of bundles that was made earlier. Nothing is signed then: they are only stored, so that what could "
        "not be stored at first can be stored later, or elsewhere too. Those signed with a key are verified only if "
        "`private-key` is given.",
        station.path,
    )
    audit_log: Path | None = option(
        "File to which a line about this run is appended, chained to the one before it; see docs/audit-log.md.",
        station.path,
    )
    github_token: str = option(
        "Token for `store: github`, with `attestations: write`. Give it the job's `github.token`.", str, secret=True
    )


@dataclass(frozen=True)
class Outputs:
    """Where the signed statements are."""

    bundles: str = output("Folder that holds every bundle, and the model's signature.")
    signature: str = output("The model's signature in the OpenSSF Model Signing format; empty without `manifest`.")
    attestation_ids: str = output("Numbers of the attestations at GitHub, one a line.")
    attestation_urls: str = output("Addresses of the attestations at GitHub, one a line.")
    referrers: str = output("What was attached to the image in registries, `name@sha256:…`, one a line.")


STATION = Station(
    name="attest",
    summary="State where an image and a model come from and what was found in them, and sign it.",
    description=(
        "Makes in-toto statements and signs each as a Sigstore bundle: SLSA provenance for the image and for the "
        "model's manifest, the SBOMs, and the gate's verdict. The manifest itself is signed in the OpenSSF Model "
        "Signing format. Everything is checked before anything is signed, the stores included, and every bundle is "
        "verified before it is stored. Whatever becomes of the other stores, the folder has every bundle.\n\n"
        "Refused: an image without a digest, a verdict about another image, a failed verdict, a key too weak, and "
        "variables that contradict the identity token. Outside of a workflow the provenance says so."
    ),
    inputs=Inputs,
    outputs=Outputs,
    permissions=(
        ("id-token: write", "to prove to Sigstore which workflow signs; not needed with `sign: key`"),
        ("attestations: write", "only with `store: github`"),
        ("packages: write", "only with `store: oci` and GitHub's registry"),
    ),
)


def run(inputs: Inputs, context: Context) -> Outcome:
    """Check, state, sign, verify, store: in this order."""
    with recording.of(STATION.name, inputs.audit_log, context.environ) as record:
        _check(inputs)
        outcome = _run(inputs, context, record)
        record.ends(outcome.exit_code, outcome.headline)
    return outcome


def _run(inputs: Inputs, context: Context, record: recording.Record) -> Outcome:
    stores, notices = storing.ready(destinations.chosen(_wanted(inputs), context.environ, context.mask))
    if inputs.bundles:
        items, unverified = made_earlier.read(inputs.bundles, _signing(inputs))
        storing.refuse_unwanted(stores, [item.subjects for item in items])
        stored = [(item.data, item.predicate_type, "") for item in items]
        record.accepts(((item.about, item.subjects[0]) for item in items), stored)
        return _stored(inputs.bundles, items, stores, (*notices, *unverified), "stored anew")
    who = _who(inputs, context)
    planned = planning.planned(_what(inputs), who.run, datetime.now(UTC))
    storing.refuse_unwanted(stores, [storing.subjects_of(item.payload) for item in planned] if stores else ())
    folder = context.output_dir / BUNDLES
    with store.prepared(folder) as staging:
        bundles = who.signer.sign(tuple(item.payload for item in planned))
        record.accepts(
            (about for item in planned for about in storing.named_subjects(item.payload)),
            [(data, item.predicate_type, who.signer.identity) for item, data in zip(planned, bundles, strict=True)],
        )
        signed.require(planned, bundles, who.verified)
        store.put(staging, folder, dict(zip((item.file for item in planned), bundles, strict=True)))
    full_documents.keep(planned, context.output_dir)
    items = storing.items_of(planned, bundles, stores)
    return _stored(folder, items, stores, notices, f"signed by {who.signer.identity}")


def _stored(
    folder: Path,
    items: Sequence[storing.Item],
    stores: Sequence[storing.Destination],
    notices: Sequence[str],
    how: str,
) -> Outcome:
    """Store what is in the folder elsewhere too, and say what is where."""
    for item in items:
        logger.info("attested %s: %s", storing.describe(item.predicate_type), folder / item.file)
    kept = storing.keep(stores, items, folder)
    told = storing.Stored(kept.kept, tuple(dict.fromkeys((*notices, *kept.notices))))
    signature = next((item.file for item in items if item.predicate_type == plan.MODEL_SIGNATURE), "")
    return Outcome(
        ExitCode.PASSED,
        Outputs(
            bundles=str(folder),
            signature=str(folder / signature) if signature else "",
            attestation_ids="\n".join(item.identifier for item in told.of(storing.GITHUB)),
            attestation_urls="\n".join(item.url for item in told.of(storing.GITHUB)),
            referrers="\n".join(item.identifier for item in told.of(storing.OCI)),
        ),
        storing.summary(items, told, how),
        f"{len(items)} statements {how}",
        tuple(Annotation("warning", notice) for notice in told.notices),
    )


def public_key_pem(inputs: Inputs, context: Context) -> bytes:
    """Return the public half of the key, PEM: what `verify` needs to check what this station signs.

    Raises:
        InputError: The key cannot be read, or there is none.
    """
    public_key = _who(inputs, context).public_key
    if public_key is None:
        raise InputError("An identity has no public key.", mend="Verify by `repository`.")
    return keys.public_pem(public_key)


def check(inputs: Inputs, context: Context) -> None:
    """Stop if signing cannot succeed, before the long work whose result would be signed.

    Raises:
        InputError: The inputs contradict each other, the key cannot be used, or this job cannot get an identity token.
        ToolError: GitHub, where statements are to be stored, does not answer.
    """
    _check(inputs)
    chosen = destinations.chosen(_wanted(inputs), context.environ, context.mask)
    storing.ready([store_ for store_ in chosen if store_.kind == storing.GITHUB])  # what has no image yet can wait
    if inputs.sign == signing.KEYLESS:
        from modelseal.attestation import oidc  # noqa: PLC0415 - not for signing with a key

        oidc.require_token(context.environ)
    else:
        _who(inputs, context)


def _who(inputs: Inputs, context: Context) -> signing.Signing:
    return signing.ready(_signing(inputs), context.environ, context.mask, datetime.now(UTC))


def _signing(inputs: Inputs) -> signing.Wanted:
    return signing.Wanted(
        sign=inputs.sign,
        models=inputs.manifest is not None and inputs.summary is None and inputs.provenance,
        private_key=inputs.private_key,
        private_key_password=inputs.private_key_password,
        certificate_chain=inputs.certificate_chain,
        key_uri=inputs.key_uri,
        key_packages=inputs.key_packages,
        trust_config=inputs.trust_config,
    )


def _what(inputs: Inputs) -> planning.Wanted:
    return planning.Wanted(**{name: getattr(inputs, name) for name in _STATED})


def _wanted(inputs: Inputs) -> destinations.Wanted:
    return destinations.Wanted(
        inputs.store, inputs.image, inputs.digest, inputs.image_id, inputs.registry_images, inputs.github_token
    )


def _check(inputs: Inputs) -> None:
    """Refuse inputs that contradict each other, before any file is read."""
    _wanted(inputs).check()
    if inputs.bundles:
        if not _wanted(inputs).elsewhere:
            raise InputError("`bundles` are stored already.", mend="Say where else: `store: github`, `oci` or both.")
        return
    _what(inputs).check()
    _signing(inputs).check()
