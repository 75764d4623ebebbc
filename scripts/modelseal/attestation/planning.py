"""From the inputs of `attest` to what will be signed: reads every document, before anything is signed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from modelseal.attestation import dependencies, given, jsontext, plan, provenance, stated_verdict
from modelseal.attestation.plan import Document, Planned
from modelseal.attestation.rejection import Rejection
from modelseal.attestation.workflow_run import Run
from modelseal.errors import InputError

_OF_THE_BUILD = frozenset({provenance.PREDICATE_TYPE, plan.MODEL_SIGNATURE})


@dataclass(frozen=True)
class Wanted:
    """What is to be stated; each attribute is the input of its name."""

    manifest: Path | None
    image: str
    digest: str
    image_id: str
    archive: Path | None
    sbom: tuple[str, ...]
    verdicts: tuple[str, ...]
    base_images: tuple[str, ...]
    base_models: tuple[str, ...]
    datasets: tuple[str, ...]
    materials: tuple[str, ...]
    provenance: bool
    summary: Path | None

    def check(self) -> None:
        """Refuse what contradicts itself, before any file is read.

        Raises:
            InputError: It does.
        """
        if self.manifest is None and not self.image and self.summary is None:
            raise InputError("There is nothing to attest.", mend="Give `manifest`, or `image` and `digest`, or both.")
        if bool(self.image) != bool(self.digest):
            raise InputError(
                "`image` and `digest` belong together: without a digest a statement is about no image in particular.",
                mend="Give both; `build-image` has them as outputs.",
            )
        self._check_name()
        stray = {"sbom": self.sbom, "archive": self.archive, "image-id": self.image_id, "base-images": self.base_images}
        if not self.image and (names := [name for name, value in stray.items() if value]):
            raise InputError(
                f"`{names[0]}` is about an image, and no image was given.", mend="Give `image` and `digest` with it."
            )
        built = {**stray, "verdicts": self.verdicts, "datasets": self.datasets, "base-models": self.base_models,
                 "materials": self.materials}  # fmt: skip
        if self.summary and (names := [name for name, value in built.items() if value]):
            raise InputError(
                f"`{names[0]}` is about a build, and a `summary` is about a verification: it is signed alone.",
                mend="Attest the build where it is built, and sign the summary where it is verified.",
            )
        self._check_origin()
        model = {"base-models": self.base_models, "datasets": self.datasets}
        if self.manifest is None and (names := [name for name, value in model.items() if value]):
            raise InputError(f"`{names[0]}` is about a model, and no model was given.", mend="Give its `manifest`.")
        for text in self.base_images:
            dependencies.base_image(text)
        for text in self.materials:
            dependencies.material(text)

    def _check_origin(self) -> None:
        """Refuse to leave out where something comes from, and say it all the same; or to say nothing at all."""
        if self.provenance:
            return
        origin = {"base-images": self.base_images, "base-models": self.base_models, "datasets": self.datasets,
                  "materials": self.materials}  # fmt: skip
        if names := [name for name, value in origin.items() if value]:
            raise InputError(
                f"`{names[0]}` is stated in provenance, and `provenance` is `false`.",
                mend="Leave one of them out: what another run built, it has stated the provenance of.",
            )
        if not self.sbom and not self.verdicts and not self.summary:
            raise InputError(
                "There is nothing to attest: without provenance only SBOMs and verdicts are stated.",
                mend="Give `verdicts` or `sbom`, or leave `provenance` out.",
            )

    def _check_name(self) -> None:
        """Refuse a name that says something else than the digest beside it, or that cannot be shown."""
        _, at, named = self.image.partition("@")
        if at and named != self.digest:
            raise InputError(
                f"`image` names {named or 'nothing after its `@`'}, and `digest` is {self.digest}.",
                mend="Give the image's name without a digest, or the same digest in both.",
            )
        if not self.image.isprintable():
            raise InputError(
                f"The image's name has a character in it that cannot be shown: {self.image[:200]!r}.",
                where="input `image`",
                mend="Write it as registry.example/team/name:tag.",
            )


def planned(wanted: Wanted, run: Run | None, now: datetime) -> tuple[Planned, ...]:
    """Plan every statement.

    With a summary nothing else is stated: provenance is for the run that built what another one verifies. Without
    provenance only SBOMs and verdicts are: the run that built has signed the model, too.

    Raises:
        InputError: A document cannot be read, or is not what it should be.
        VerificationFailed: A verdict or the summary is `failed`.
    """
    if wanted.summary:
        return (_of_summary(wanted, wanted.summary, now),)
    made: tuple[Planned, ...] = ()
    verdicts = [given.document(Path(path), "verdicts") for path in wanted.verdicts]
    manifest = given.document(wanted.manifest, "manifest") if wanted.manifest else None
    of_model = [item for item in verdicts if manifest and (not wanted.image or _is_about(item, manifest))]
    of_image = [item for item in verdicts if item not in of_model]
    materials = [dependencies.material(text) for text in wanted.materials]
    if manifest:
        trees = [
            dependencies.tree(given.document(Path(path), name), role)
            for name, role, paths in (
                ("base-models", "base-model", wanted.base_models),
                ("datasets", "dataset", wanted.datasets),
            )
            for path in paths
        ]
        made += plan.for_model(manifest, run, _unique([*trees, *materials, *_tools(of_model)]), of_model)
    if wanted.image:
        sboms = [given.document(Path(path), "sbom") for path in wanted.sbom]
        image = given.image(wanted.image, wanted.digest, wanted.image_id, wanted.archive)
        bases = [dependencies.base_image(text) for text in wanted.base_images]
        made += plan.for_image(image, sboms, of_image, run, _unique([*bases, *materials, *_tools([*of_image, *sboms])]))
    if not wanted.provenance:
        made = tuple(item for item in made if item.predicate_type not in _OF_THE_BUILD)
    plan.refuse_same_names(made)
    for item in verdicts:
        _refuse_future(item, now)
    return made


def _of_summary(wanted: Wanted, summary: Path, now: datetime) -> Planned:
    from modelseal.attestation import given_summary  # noqa: PLC0415 - all that verifying needs comes with it

    about = [given.hexadecimal(wanted.digest, "digest")] if wanted.digest else []
    if wanted.manifest:
        about.append(given.document(wanted.manifest, "manifest").file.sha256)
    return given_summary.planned(given.document(summary, "summary"), about, now)


def _refuse_future(verdict: Document, now: datetime) -> None:
    """Refuse a verdict of later than now: it would never be too old."""
    said = jsontext.dig(_read(verdict), "scanned_at")
    time = stated_verdict.time_of(said)
    if time is None or time > now + stated_verdict.CLOCKS_DIFFER:
        raise InputError(
            f"The verdict is of {said}, which is in the future.",
            where=verdict.name,
            mend="Set the clock of the machine that scanned, and scan again.",
        )


def _is_about(verdict: Document, manifest: Document) -> bool:
    """Tell whether a verdict is about the model and not about the image."""
    return jsontext.dig(_read(verdict), "subject", "digest") == f"sha256:{manifest.file.sha256}"


def _tools(documents: Sequence[Document]) -> list[dependencies.Descriptor]:
    return dependencies.tools([_read(document) for document in documents])


def _read(document: Document) -> object:
    """Read a document; what is wrong with it is said where it is planned."""
    try:
        return jsontext.parse(document.data)
    except Rejection:
        return None


def _unique(descriptors: Sequence[dependencies.Descriptor]) -> list[dependencies.Descriptor]:
    try:
        return dependencies.unique(descriptors)
    except Rejection as error:
        raise InputError(f"{error}.", mend="Give each thing that went into it once.") from error
