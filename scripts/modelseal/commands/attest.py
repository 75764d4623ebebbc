"""State what was built and found, and sign it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modelseal import station
from modelseal.attestation import (
    bundle,
    destinations,
    given,
    keys,
    oidc,
    plan,
    signed,
    store,
    storing,
    workflow_run,
)
from modelseal.errors import InputError
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import ExitCode

logger = logging.getLogger(__name__)

BUNDLES = "bundles"  # the folder for every bundle, in the output folder


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
        "The saved image. Its SHA-256 becomes a second subject, so that anyone can verify the file.", station.path
    )
    sbom: tuple[str, ...] = option("SBOM files of the image, SPDX 2 or CycloneDX in JSON, one a line.", station.lines)
    verdicts: tuple[str, ...] = option(
        "Verdict files of the image, as `scan-image` writes them, one a line. A failed one ends the station with "
        "exit code 11, and nothing is signed.",
        station.lines,
    )
    sign: str = option(
        "`keyless`: with Sigstore and the workflow's identity. `key`: with `private-key`, without any service.",
        station.choice("keyless", "key"),
        default="keyless",
    )
    private_key: str = option(
        "The private key in PEM, or the path of its file: EC P-256, P-384 or P-521, Ed25519, or RSA from 2048 bits. "
        "A `manifest` needs an EC key: other tools verify a model's signature with no other.",
        str,
        secret=True,
    )
    private_key_password: str = option("The password of the private key, if it is encrypted.", str, secret=True)
    trust_config: Path | None = option(
        "A client trust configuration of Sigstore, to sign with other services than the public ones.", station.path
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
        "not be stored at first can be stored later, or elsewhere too.",
        station.path,
    )
    github_token: str = option(
        "Token for `store: github`, with `attestations: write`. Give it `${{ github.token }}`.", str, secret=True
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


class Signer(Protocol):
    """Turns statements into bundles."""

    @property
    def identity(self) -> str:
        """Who signs, for people."""

    def sign(self, statements: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Sign each statement and return its bundle."""


@dataclass(frozen=True)
class _Signing:
    """A signer, the run it signs for, and how to check what it signed."""

    signer: Signer
    run: workflow_run.Run | None
    verified: Callable[[bundle.Bundle], bytes]


def run(inputs: Inputs, context: Context) -> Outcome:
    """Check, state, sign, verify, store: in this order."""
    _check(inputs)
    stores, notices = storing.ready(destinations.chosen(_wanted(inputs), context.environ, context.mask))
    if inputs.bundles:
        items = tuple(storing.item_of(name, data) for name, data in store.read(inputs.bundles).items())
        storing.refuse_unwanted(stores, [item.subjects for item in items])
        return _stored(inputs.bundles, items, stores, notices, "stored anew")
    signing = _with_key(inputs, context) if inputs.sign == "key" else _keyless(inputs, context)
    planned = _plan(inputs, signing.run)
    storing.refuse_unwanted(stores, [storing.subjects_of(item.payload) for item in planned] if stores else ())
    folder = context.output_dir / BUNDLES
    with store.prepared(folder) as staging:
        bundles = signing.signer.sign(tuple(item.payload for item in planned))
        signed.require(planned, bundles, signing.verified)
        store.put(staging, folder, dict(zip((item.file for item in planned), bundles, strict=True)))
    items = storing.items_of(planned, bundles, stores)
    return _stored(folder, items, stores, notices, f"signed by {signing.signer.identity}")


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
        tuple(("warning", notice) for notice in told.notices),
    )


def public_key_pem(inputs: Inputs) -> bytes:
    """Return the public half of the private key, PEM: what `verify` needs to check what this station signs.

    Raises:
        InputError: The key cannot be read.
    """
    return keys.public_pem(
        keys.load_private_key(given.pem(inputs.private_key), inputs.private_key_password).public_key()
    )


def check(inputs: Inputs, context: Context) -> None:
    """Stop if signing cannot succeed, before the long work whose result would be signed.

    Raises:
        InputError: The inputs contradict each other, the key cannot be used, or this job cannot get an identity token.
    """
    _check(inputs)
    destinations.chosen(_wanted(inputs), context.environ, context.mask)
    if inputs.sign == "key":
        _with_key(inputs, context)
    else:
        oidc.require_token(context.environ)


def _wanted(inputs: Inputs) -> destinations.Wanted:
    return destinations.Wanted(inputs.store, inputs.image, inputs.digest, inputs.registry_images, inputs.github_token)


def _check(inputs: Inputs) -> None:
    """Refuse inputs that contradict each other, before any file is read."""
    _wanted(inputs).check()
    if inputs.bundles:
        if not _wanted(inputs).elsewhere:
            raise InputError("`bundles` are stored already.", mend="Say where else: `store: github`, `oci` or both.")
        return
    if inputs.manifest is None and not inputs.image:
        raise InputError("There is nothing to attest.", mend="Give `manifest`, or `image` and `digest`, or both.")
    if bool(inputs.image) != bool(inputs.digest):
        raise InputError(
            "`image` and `digest` belong together: without a digest a statement is about no image in particular.",
            mend="Give both; `build-image` has them as outputs.",
        )
    given = {"sbom": inputs.sbom, "verdicts": inputs.verdicts, "archive": inputs.archive, "image-id": inputs.image_id}
    if not inputs.image and (stray := [name for name, value in given.items() if value]):
        raise InputError(
            f"`{stray[0]}` is about an image, and no image was given.", mend="Give `image` and `digest` with it."
        )
    if inputs.sign == "key" and not inputs.private_key:
        raise InputError("`sign: key` needs a private key.", mend="Give `private-key`.")
    if inputs.sign == "keyless" and inputs.private_key:
        raise InputError(
            "A private key was given, but `sign` is `keyless`.", mend="Set `sign: key`, or leave the key out."
        )
    if inputs.sign == "key" and inputs.trust_config:
        raise InputError("`trust-config` is for keyless signing.", mend="Leave it out with `sign: key`.")


def _with_key(inputs: Inputs, context: Context) -> _Signing:
    key = keys.load_private_key(given.pem(inputs.private_key), inputs.private_key_password)
    if inputs.manifest and not keys.can_sign_models(key):
        raise InputError(
            f"A model's signature cannot be made with this key ({keys.describe(key.public_key())}): "
            "the OpenSSF Model Signing format knows EC keys only.",
            where="input `private-key`",
            mend="Use an EC key (P-256, P-384 or P-521) for models.",
        )
    public_key = key.public_key()
    return _Signing(
        keys.KeySigner(key),
        workflow_run.from_environment(context.environ),
        lambda signed: keys.verify(public_key, signed),
    )


def _keyless(inputs: Inputs, context: Context) -> _Signing:
    from modelseal.attestation import keyless  # noqa: PLC0415 - 0.4 seconds that signing with a key does not need

    where = keyless.services(inputs.trust_config)
    token = oidc.identity_token(context.environ, context.mask)
    verifier = keyless.verifier_for(where)
    return _Signing(
        keyless.KeylessSigner(where, token),
        workflow_run.from_claims(oidc.claims_of(token), context.environ),
        lambda signed: verifier.verify(signed).payload,
    )


def _plan(inputs: Inputs, run_: workflow_run.Run | None) -> tuple[plan.Planned, ...]:
    planned: tuple[plan.Planned, ...] = ()
    if inputs.manifest:
        planned += plan.for_model(given.document(inputs.manifest, "manifest"), run_)
    if inputs.image:
        sboms = [given.document(Path(path), "sbom") for path in inputs.sbom]
        verdicts = [given.document(Path(path), "verdicts") for path in inputs.verdicts]
        image = given.image(inputs.image, inputs.digest, inputs.image_id, inputs.archive)
        planned += plan.for_image(image, sboms, verdicts, run_)
    plan.refuse_same_names(planned)
    return planned
