"""Which statements are made of what was given. All of it is decided before anything is signed."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modelseal.artifacts import manifest as model_manifest
from modelseal.attestation import image_sboms, jsontext, predicates, provenance, slimming, stated_verdict, statement
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.statement import Subject
from modelseal.attestation.workflow_run import Run
from modelseal.errors import InputError, VerificationFailed
from modelseal.report.markdown import visible

logger = logging.getLogger(__name__)

_MOST_SUBJECTS = 1024  # https://github.com/actions/attest

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
    def names(self) -> frozenset[str]:
        """Every digest that is known to name it, `sha256:…`."""
        return frozenset(f"sha256:{digest}" for digest in (self.digest, self.image_id) if digest)

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
        full: The document of which the predicate is only a part, because all of it would be too large.
    """

    file: str
    subject: str
    predicate_type: str
    payload: bytes = field(repr=False)
    full: Document | None = None


@dataclass(frozen=True)
class _Stated:
    """What is stated, and the document that did not fit."""

    predicate_type: str
    predicate: Mapping[str, object]
    full: Document | None = None


def for_model(
    manifest: Document,
    run: Run | None,
    dependencies: Sequence[Mapping[str, object]] = (),
    verdicts: Sequence[Document] = (),
) -> tuple[Planned, ...]:
    """Plan a model's signature over its manifest as it is, provenance, and a statement for each verdict.

    The subjects are the manifest and, as long as others can tell them apart, each file of the model under its path.

    Raises:
        InputError: The file is not a manifest as we sign it, or a verdict cannot be read or is about something else.
        VerificationFailed: A verdict is `failed`.
    """
    try:
        read = model_manifest.parse(manifest.data)
    except InputError as error:
        raise InputError(
            error.what, where=manifest.name, mend="Give the manifest that `hash-artifacts` wrote."
        ) from error
    if read.ignored:
        logger.warning("left out of the model, because its manifest says so: %s", ", ".join(map(visible, read.ignored)))
    name = manifest.name.removesuffix(".json").removesuffix(".manifest")
    stated = [_provenance(run, manifest.name, [item.file for item in verdicts], dependencies)]
    stated += [_verdict(document, "model", frozenset({f"sha256:{manifest.file.sha256}"})) for document in verdicts]
    return (
        Planned(f"{name}.sig", read.name, MODEL_SIGNATURE, manifest.data),
        *_statements(name, manifest.name, _model_subjects(manifest, read), stated),
    )


def for_image(
    image: Image,
    sboms: Sequence[Document],
    verdicts: Sequence[Document],
    run: Run | None,
    dependencies: Sequence[Mapping[str, object]] = (),
) -> tuple[Planned, ...]:
    """Plan an image's provenance, and a statement for each SBOM and each verdict.

    Raises:
        InputError: An SBOM or verdict cannot be read, or a verdict is about another image.
        VerificationFailed: A verdict is `failed`.
    """
    byproducts = [item.file for item in (*sboms, *verdicts)]
    stated = [_provenance(run, f"{image.name}@sha256:{image.digest}", byproducts, dependencies)]
    stated += [_sbom(document) for document in sboms]
    stated += [_verdict(document, "image", image.names, image.image_id) for document in verdicts]
    image_sboms.check(((item.predicate_type, item.predicate) for item in stated), image.names)
    return _statements("image", image.name, image.subjects, stated)


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


def _statements(
    prefix: str, subject: str, subjects: Sequence[Subject], stated: Sequence[_Stated]
) -> tuple[Planned, ...]:
    planned: list[Planned] = []
    for item in stated:
        short = predicates.describe(item.predicate_type)
        earlier = sum(other.predicate_type == item.predicate_type for other in planned)
        number = f"-{earlier + 1}" if earlier else ""
        payload = statement.build(subjects, item.predicate_type, item.predicate)
        file = f"{prefix}.{short}{number}.sigstore.json"
        planned.append(Planned(file, subject, item.predicate_type, payload, item.full))
    return tuple(planned)


def _model_subjects(manifest: Document, read: model_manifest.Manifest) -> tuple[Subject, ...]:
    """Return the manifest and the model's files as subjects; or the manifest alone, which names them all.

    GitHub takes at most 1,024 subjects and shows only the last part of their names; a name that is not UTF-8 cannot be
    read by everyone.
    """
    whole = Subject(manifest.name, manifest.file.sha256)
    if len(read.digests) >= _MOST_SUBJECTS:
        return (whole,)
    bases = {name.rpartition("/")[2] for name, _ in read.digests} | {manifest.name}
    readable = all(name.isascii() or _is_unicode(name) for name, _ in read.digests)
    if len(bases) <= len(read.digests) or not readable:
        return (whole,)
    return (whole, *(Subject(name, digest) for name, digest in read.digests))


def _is_unicode(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _provenance(
    run: Run | None,
    subject: str,
    byproducts: Sequence[provenance.File],
    dependencies: Sequence[Mapping[str, object]],
) -> _Stated:
    if run is None:
        made = provenance.local(subject, byproducts, dependencies)
    else:
        made = provenance.of_run(run, byproducts, dependencies)
    return _Stated(provenance.PREDICATE_TYPE, made)


def _sbom(document: Document) -> _Stated:
    try:
        predicate_type, predicate = predicates.of_sbom(document.data)
    except Rejection as error:
        raise InputError(
            f"This is not an SBOM that can be attested: {error}.",
            where=document.name,
            mend="Give SPDX 2.3 or CycloneDX in JSON, as `generate-sbom` writes them.",
        ) from error
    return _Stated(predicate_type, predicate, _full(document, predicate))


def _verdict(document: Document, what: str, names: frozenset[str], image_id: str = "") -> _Stated:
    """State a verdict that is about the image or model with one of these names; and if its ID is known, with that."""
    try:
        verdict = predicates.read_verdict(document.data)
        predicate = predicates.of_verdict(verdict)
        if verdict.result == "passed":
            _refuse_contradiction(verdict.predicate_type, predicate)
    except Rejection as error:
        raise InputError(
            f"This is not a verdict that can be attested: {error}.",
            where=document.name,
            mend="Give the verdict file that a gate wrote: `scan-image`, or `scan-model` with the `manifest`.",
        ) from error
    said = jsontext.dig(verdict.document, "subject", "image_id")
    if not verdict.names & names or (image_id and said and said != f"sha256:{image_id}"):
        raise InputError(
            f"The verdict is about another {what}: {verdict.image} ({', '.join(sorted(verdict.names))}).",
            where=document.name,
            mend=f"Scan the {what} that is attested. For a pushed image, give `image-id` as well.",
        )
    if verdict.result != "passed":
        raise VerificationFailed(
            "The gate's verdict is `failed`; nothing was attested.",
            where=document.name,
            mend=f"Mend what the verdict names, or change the gate's policy; a failed {what} is not sealed.",
        )
    return _Stated(verdict.predicate_type, predicate, _full(document, predicate))


def _refuse_contradiction(predicate_type: str, predicate: Mapping[str, object]) -> None:
    """Refuse a verdict that nobody would take for a pass, or of which nobody could tell how old it is."""
    stated = stated_verdict.read(predicate_type, predicate)
    if stated is not None and not stated.passed:
        raise Rejection(stated.said)
    if stated is not None and stated.time is None:
        raise Rejection("it does not say when the scan ended, as a date and time with a time zone (RFC 3339)")


def _full(document: Document, predicate: Mapping[str, object]) -> Document | None:
    return document if slimming.is_slim(document.data, predicate) else None
