"""Which statements are made of what was given. All of it is decided before anything is signed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from modelseal.attestation import predicates, provenance, statement
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.statement import Statement, Subject
from modelseal.attestation.workflow_run import Run
from modelseal.errors import InputError, VerificationFailed

MODEL_SIGNATURE = "https://model_signing/signature/v1.0"


@dataclass(frozen=True)
class Document:
    """A file as it was read, once: its name and its exact bytes."""

    name: str
    data: bytes = field(repr=False)

    @property
    def file(self) -> provenance.File:
        """The name and the SHA-256 of the bytes."""
        return provenance.File(self.name, hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True)
class Image:
    """The image that is attested. Digests are 64 hexadecimal digits.

    Attributes:
        name: What it is called.
        digest: Its digest: the registry's if it was pushed, else the image's ID.
        image_id: Its ID, where `digest` is a registry's; empty otherwise.
        archive: The file it was saved to, if that is a subject too.
    """

    name: str
    digest: str
    image_id: str = ""
    archive: provenance.File | None = None

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The image, and its archive as a file that others can hash for themselves."""
        image = Subject(self.name, self.digest)
        return (image, Subject(self.archive.name, self.archive.sha256)) if self.archive else (image,)


@dataclass(frozen=True)
class Planned:
    """One file to sign and write.

    Attributes:
        file: Its name.
        subject: What it is about, for people.
        predicate_type: What it states.
        payload: The exact bytes that are signed.
    """

    file: str
    subject: str
    predicate_type: str
    payload: bytes = field(repr=False)


def for_model(manifest: Document, run: Run | None) -> tuple[Planned, ...]:
    """Plan a model's signature over its manifest as it is, and provenance for the manifest.

    Raises:
        InputError: The file is not a manifest in the OpenSSF Model Signing format.
    """
    try:
        read = _manifest_statement(manifest.data)
    except Rejection as error:
        raise InputError(
            f"This is not a model's manifest: {error}.",
            where=manifest.name,
            mend="Give the manifest that `hash-artifacts` wrote.",
        ) from error
    name = manifest.name.removesuffix(".json").removesuffix(".manifest")
    made = _predicate(run, manifest.name, ())
    payload = statement.build((Subject(manifest.name, manifest.file.sha256),), provenance.PREDICATE_TYPE, made)
    return (
        Planned(f"{name}.sig", read.subjects[0].name, MODEL_SIGNATURE, manifest.data),
        Planned(f"{name}.provenance.sigstore.json", manifest.name, provenance.PREDICATE_TYPE, payload),
    )


def for_image(
    image: Image, sboms: Sequence[Document], verdicts: Sequence[Document], run: Run | None
) -> tuple[Planned, ...]:
    """Plan an image's provenance, and a statement for each SBOM and each verdict.

    Raises:
        InputError: An SBOM or verdict cannot be read, or a verdict is about another image.
        VerificationFailed: A verdict is `failed`.
    """
    stated: list[tuple[str, dict[str, object]]] = [
        (
            provenance.PREDICATE_TYPE,
            _predicate(run, f"{image.name}@sha256:{image.digest}", [item.file for item in (*sboms, *verdicts)]),
        )
    ]
    stated += [_sbom(document) for document in sboms]
    stated += [(predicates.VULNS, _verdict(document, image)) for document in verdicts]
    planned: list[Planned] = []
    for predicate_type, predicate in stated:
        short = predicates.describe(predicate_type)
        earlier = sum(item.predicate_type == predicate_type for item in planned)
        number = f"-{earlier + 1}" if earlier else ""
        payload = statement.build(image.subjects, predicate_type, predicate)
        planned.append(Planned(f"image.{short}{number}.sigstore.json", image.name, predicate_type, payload))
    return tuple(planned)


def refuse_same_names(planned: Sequence[Planned]) -> None:
    """Refuse a plan in which one file would overwrite another.

    Raises:
        InputError: Two statements would go to the same file.
    """
    names = [item.file.lower() for item in planned]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            f"Two statements would be written to the same file, {twice[0]}.",
            mend="Give the manifest another file name: `image` is taken by the image.",
        )


def _manifest_statement(data: bytes) -> Statement:
    read = statement.parse(data)
    if read.predicate_type != MODEL_SIGNATURE or len(read.subjects) != 1:
        raise Rejection("it is a statement of another kind")
    return read


def _predicate(run: Run | None, subject: str, byproducts: Sequence[provenance.File]) -> dict[str, object]:
    return provenance.local(subject, byproducts) if run is None else provenance.of_run(run, byproducts)


def _sbom(document: Document) -> tuple[str, dict[str, object]]:
    try:
        return predicates.of_sbom(document.data)
    except Rejection as error:
        raise InputError(
            f"This is not an SBOM that can be attested: {error}.",
            where=document.name,
            mend="Give SPDX 2.3 or CycloneDX in JSON, as `generate-sbom` writes them.",
        ) from error


def _verdict(document: Document, image: Image) -> dict[str, object]:
    try:
        verdict = predicates.read_verdict(document.data)
        predicate = predicates.of_verdict(verdict)
    except Rejection as error:
        raise InputError(
            f"This is not a verdict that can be attested: {error}.",
            where=document.name,
            mend="Give the verdict file that `scan-image` wrote.",
        ) from error
    if not _is_about(verdict, image):
        raise InputError(
            f"The verdict is about another image: {verdict.image} ({', '.join(sorted(verdict.names))}).",
            where=document.name,
            mend="Scan the image that is attested. For a pushed image, give `image-id` as well.",
        )
    if verdict.result != "passed":
        raise VerificationFailed(
            "The gate's verdict is `failed`; nothing was attested.",
            where=document.name,
            mend="Mend what the verdict names, or change the gate's policy; a failed image is not sealed.",
        )
    return predicate


def _is_about(verdict: predicates.Verdict, image: Image) -> bool:
    return bool(verdict.names & {f"sha256:{image.digest}", f"sha256:{image.image_id}"})
