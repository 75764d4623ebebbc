"""State what was built and found, and sign it."""

import hashlib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from modelseal import station
from modelseal.attestation import bundle, keys, oidc, plan, predicates, provenance, store, workflow_run
from modelseal.attestation.rejection import Rejection
from modelseal.errors import InputError, ToolError
from modelseal.report import markdown
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import ExitCode

logger = logging.getLogger(__name__)

BUNDLES = "bundles"  # the folder for every bundle, in the output folder
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_PEM_LIMIT = 64 * 1024


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


@dataclass(frozen=True)
class Outputs:
    """Where the signed statements are."""

    bundles: str = output("Folder that holds every bundle, and the model's signature.")
    signature: str = output("The model's signature in the OpenSSF Model Signing format; empty without `manifest`.")


STATION = Station(
    name="attest",
    summary="State where an image and a model come from and what was found in them, and sign it.",
    description=(
        "Makes in-toto statements and signs each as a Sigstore bundle: SLSA provenance for the image and for the "
        "model's manifest, the SBOMs, and the gate's verdict. The manifest itself is signed in the OpenSSF Model "
        "Signing format. Everything is checked before anything is signed, and every bundle is verified before it is "
        "stored.\n\n"
        "Refused: an image without a digest, a verdict about another image, a failed verdict, a key too weak, and "
        "variables that contradict the identity token. Outside of a workflow the provenance says so."
    ),
    inputs=Inputs,
    outputs=Outputs,
    permissions=(("id-token: write", "to prove to Sigstore which workflow signs; not needed with `sign: key`"),),
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
    signing = _with_key(inputs, context) if inputs.sign == "key" else _keyless(inputs, context)
    planned = _plan(inputs, signing.run)
    folder = context.output_dir / BUNDLES
    with store.prepared(folder) as staging:
        bundles = signing.signer.sign(tuple(item.payload for item in planned))
        _verify(planned, bundles, signing)
        store.put(staging, folder, dict(zip((item.file for item in planned), bundles, strict=True)))
    signature = next((item.file for item in planned if item.predicate_type == plan.MODEL_SIGNATURE), "")
    for item in planned:
        logger.info("attested %s: %s", predicates.describe(item.predicate_type), folder / item.file)
    headline = f"{len(planned)} statements signed by {signing.signer.identity}"
    return Outcome(
        ExitCode.PASSED,
        Outputs(bundles=str(folder), signature=str(folder / signature) if signature else ""),
        _summary(planned, signing.signer.identity),
        headline,
    )


def public_key_pem(inputs: Inputs) -> bytes:
    """Return the public half of the private key, PEM: what `verify` needs to check what this station signs.

    Raises:
        InputError: The key cannot be read.
    """
    return keys.public_pem(keys.load_private_key(_pem(inputs.private_key), inputs.private_key_password).public_key())


def check(inputs: Inputs, context: Context) -> None:
    """Stop if signing cannot succeed, before the long work whose result would be signed.

    Raises:
        InputError: The inputs contradict each other, the key cannot be used, or this job cannot get an identity token.
    """
    _check(inputs)
    if inputs.sign == "key":
        _with_key(inputs, context)
    else:
        oidc.require_token(context.environ)


def _check(inputs: Inputs) -> None:
    """Refuse inputs that contradict each other, before any file is read."""
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
    key = keys.load_private_key(_pem(inputs.private_key), inputs.private_key_password)
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


def _pem(text: str) -> bytes:
    """Return the key's PEM text: given itself, or as the path of its file."""
    if "-----BEGIN" in text:
        return text.encode()
    try:
        with Path(text).open("rb") as file:
            return file.read(_PEM_LIMIT)
    except (OSError, ValueError):
        # What was given is not repeated: it may be a key in another form.
        raise InputError(
            "The private key is neither PEM text nor the path of a file that can be read.",
            where="input `private-key`",
            mend="Give the whole key with its BEGIN and END lines, or the path of its file.",
        ) from None


def _plan(inputs: Inputs, run_: workflow_run.Run | None) -> tuple[plan.Planned, ...]:
    planned: tuple[plan.Planned, ...] = ()
    if inputs.manifest:
        planned += plan.for_model(_document(inputs.manifest, "manifest"), run_)
    if inputs.image:
        sboms = [_document(Path(path), "sbom") for path in inputs.sbom]
        verdicts = [_document(Path(path), "verdicts") for path in inputs.verdicts]
        planned += plan.for_image(_image(inputs), sboms, verdicts, run_)
    plan.refuse_same_names(planned)
    return planned


def _image(inputs: Inputs) -> plan.Image:
    archive = None
    if inputs.archive:
        try:
            with inputs.archive.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(inputs.archive, "archive", error) from error
        archive = provenance.File(inputs.archive.name, sha256)
    image_id = _hex(inputs.image_id, "image-id") if inputs.image_id else ""
    return plan.Image(inputs.image, _hex(inputs.digest, "digest"), image_id, archive)


def _hex(digest: str, name: str) -> str:
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise InputError(
            f"{digest!r} is not a digest.", where=f"input `{name}`", mend="Write sha256: and 64 hexadecimal digits."
        )
    return match[1]


def _document(path: Path, name: str) -> plan.Document:
    try:
        return plan.Document(path.name, path.read_bytes())
    except OSError as error:
        raise _unreadable(path, name, error) from error


def _unreadable(path: Path, name: str, error: OSError) -> InputError:
    return InputError(
        f"The file cannot be read: {error.strerror or error}.", where=str(path), mend=f"Check the input `{name}`."
    )


def _verify(planned: Sequence[plan.Planned], bundles: Sequence[bytes], signing: _Signing) -> None:
    """Verify what was just signed: a service that signs something else must not get its way."""
    for item, data in zip(planned, bundles, strict=True):
        try:
            payload = signing.verified(bundle.parse(data))
        except Rejection as error:
            raise ToolError(
                f"What was just signed does not verify: {error}.",
                where=item.file,
                mend="Nothing was attested. Check the signing service, or the trust configuration.",
            ) from error
        if payload != item.payload:
            raise ToolError("Something else came back signed than was sent.", where=item.file)


def _summary(planned: Sequence[plan.Planned], identity: str) -> str:
    rows = [
        (
            markdown.escape(item.subject),
            markdown.escape(predicates.describe(item.predicate_type))
            if item.predicate_type != plan.MODEL_SIGNATURE
            else "model signature",
            markdown.code(item.file),
        )
        for item in planned
    ]
    table = markdown.table(("Subject", "Statement", "File"), rows)
    return f"### Attested\n\nSigned by {markdown.code(identity)}.\n\n{table}"
