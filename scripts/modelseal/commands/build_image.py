"""Station `build-image`: build with BuildKit, save once, push if asked to."""

import logging
from dataclasses import dataclass
from pathlib import Path

from modelseal import station
from modelseal.errors import InputError, ToolError
from modelseal.image import archive, build, docker, platform, reference
from modelseal.report import markdown
from modelseal.station import Context, Outcome, Station, option, output
from modelseal.verdict import ExitCode

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inputs:
    """What to build, from what."""

    image: reference.Reference = option(
        "Name of the image, with its tag: `fraud-model:1.4`.", reference.parse, required=True
    )
    context: Path | None = option("Folder that is sent to the builder.", station.path, default=".")
    file: Path | None = option("Dockerfile; without it the `Dockerfile` in the context.", station.path)
    build_args: tuple[str, ...] = option(
        "Build arguments, `NAME=value`, one a line. They end up in the image's history: never a secret.",
        lambda text: build.assignments(station.lines(text)),
    )
    secrets: tuple[build.Secret, ...] = option(
        "Build secrets by reference, one a line: `id=token,env=TOKEN` or `id=npmrc,src=path`, as Docker writes them. "
        "Never the secret itself: that goes into the variable (under `env:` of the step) or the file.",
        lambda text: build.secrets(station.lines(text)),
    )
    target: str = option("Stage of the Dockerfile to build; without it the last one.", station.text)
    platform: str = option(
        "Platform to build for, `linux/arm64` for instance; without it the engine's own.",
        lambda text: str(platform.parse(text)) if text else "",
    )
    labels: tuple[str, ...] = option(
        "Further labels, `name=value`, one a line. Source, revision and creation date are set from the workflow's run.",
        lambda text: build.labels(station.lines(text)),
    )
    push: bool = option(
        "Whether to push the image to its registry at once, unscanned.", station.boolean, default="false"
    )
    pull: bool = option("Whether to look for newer base images first.", station.boolean, default="true")


@dataclass(frozen=True)
class Outputs:
    """What was built."""

    image: str = output("Name of the image, as given.")
    image_id: str = output("The image's id: `sha256:` and the digest of its configuration. Scanners call it the same.")
    digest: str = output("Digest of the pushed manifest; empty when the image was not pushed.")
    archive: str = output("The image, saved once, for the stations after this one.")


STATION = Station(
    name="build-image",
    summary="Build an image with BuildKit and save it once.",
    description="Builds a Dockerfile with BuildKit (buildx where the client has it, the engine's own otherwise), "
    "labels the image with its origin, and saves it once: every station after this one reads that archive.",
    inputs=Inputs,
    outputs=Outputs,
    permissions=(
        ("contents: read", "to check out the repository"),
        ("packages: write", "only with `push` to GitHub's registry"),
    ),
)


def run(inputs: Inputs, context: Context) -> Outcome:
    """Build, save and perhaps push.

    Raises:
        InputError: A file is not there or an input contradicts another.
        ToolError: Docker failed or is not there.
    """
    file = context.output_dir / f"{inputs.image.file_name}.tar"
    file.unlink(missing_ok=True)
    recipe = _recipe(inputs)
    client = docker.find(context.environ, to_build=True)
    recipe = build.with_origin(recipe, context.environ, build.commit_object(recipe.context, context.environ))
    for secret in inputs.secrets:
        context.mask(build.value_of(secret, context.environ))  # a Dockerfile may print what it reads
    built = build.build(client, recipe, context.environ, context.temp_dir)
    saved = archive.save(client, inputs.image.exact, file)
    if built not in saved.engine_ids:
        file.unlink()
        raise ToolError(
            "Another build has taken this image's name in the meantime.",
            where=inputs.image.text,
            mend="Give each job its own tag.",
        )
    digest = ""
    if inputs.push:
        digest = docker.push(client, inputs.image.exact, inputs.image.repository, expected=saved.engine_ids)
    outputs = Outputs(image=inputs.image.text, image_id=saved.image_id, digest=digest, archive=str(file))
    return Outcome(
        ExitCode.PASSED, outputs, _summary(inputs, outputs, saved), f"built {inputs.image.text}, {saved.image_id}"
    )


def _recipe(inputs: Inputs) -> build.Recipe:
    folder = (inputs.context or Path()).absolute()
    if not folder.is_dir():
        raise InputError(
            "The build context is not a folder.", where=str(folder), mend="Check out the repository first."
        )
    dockerfile = inputs.file.absolute() if inputs.file else folder / "Dockerfile"
    if not dockerfile.is_file():
        raise InputError("The Dockerfile is not there.", where=str(dockerfile), mend="Name it with the input `file`.")
    if inputs.image.digest:
        raise InputError("An image that is yet to be built cannot have a digest.", where="input `image`")
    return build.Recipe(
        image=inputs.image.text,
        context=folder,
        dockerfile=dockerfile,
        build_args=inputs.build_args,
        secrets=inputs.secrets,
        target=inputs.target,
        platform=inputs.platform,
        labels=inputs.labels,
        pull=inputs.pull,
        source_date=None,
    )


def _summary(inputs: Inputs, outputs: Outputs, saved: archive.SavedImage) -> str:
    rows = [
        ["Image", markdown.code(outputs.image)],
        ["Image id", markdown.code(outputs.image_id)],
        ["Platform", markdown.escape(saved.platform)],
        ["Layers", str(len(saved.layers))],
        ["Saved as", f"{markdown.code(saved.path.name)}, {saved.path.stat().st_size / 1e6:.0f} MB"],
        ["Pushed", markdown.code(outputs.digest) if inputs.push else "no"],
    ]
    return "### 📦 Image built\n\n" + markdown.table(["", ""], rows)
