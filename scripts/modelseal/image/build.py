"""Build an image with BuildKit."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from modelseal import process
from modelseal.errors import InputError, ToolError
from modelseal.files import read_bounded
from modelseal.image.docker import Docker

logger = logging.getLogger(__name__)

_ASSIGNMENT = re.compile(r"(?s)(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
_LABEL = re.compile(r"(?s)[a-z0-9][A-Za-z0-9._/-]*=.*")
_SECRET = re.compile(
    r"id=(?P<id>[A-Za-z0-9_.-]+),(?:(?P<env>env)=(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?:src|source)=(?P<file>[^,]+))"
)
# A repository can have a folder in it that git takes for a repository of its own, with a configuration that names
# programs: for what is fetched when an object is missing, or for what has changed. Nothing of it is to run. Older
# versions of git do not know all of these.
_WARY_GIT = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "safe.bareRepository",
    "GIT_CONFIG_VALUE_0": "explicit",
    "GIT_CONFIG_KEY_1": "core.fsmonitor",
    "GIT_CONFIG_VALUE_1": "false",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}
_SECRET_BYTES = 500 * 1024  # what BuildKit takes: session/secrets/secrets.go, MaxSecretSize


@dataclass(frozen=True)
class Secret:
    """A build secret by reference: never its value. Exactly one of `variable` and `file` is set."""

    id: str
    variable: str
    file: str


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is built.

    Attributes:
        image: The name that the result gets.
        context: The folder that is sent to the builder.
        dockerfile: The Dockerfile.
        build_args: `NAME=value` each; visible in the image's history, so never a secret.
        secrets: What the Dockerfile's `RUN --mount=type=secret` may read.
        target: The stage to build; the last one when empty.
        platform: `linux/amd64` for instance; the engine's own when empty.
        labels: `name=value` each.
        pull: Whether newer base images are looked for.
        source_date: Timestamps in the image are set to it where the builder can; seconds since 1970.
    """

    image: str
    context: Path
    dockerfile: Path
    build_args: tuple[str, ...]
    secrets: tuple[Secret, ...]
    target: str
    platform: str
    labels: tuple[str, ...]
    pull: bool
    source_date: int | None


def secrets(lines: tuple[str, ...]) -> tuple[Secret, ...]:
    """Parse build secrets, in Docker's own words: `id=token,env=TOKEN` or `id=npmrc,src=path`.

    Raises:
        InputError: A line is not of that form. The line itself is not repeated: it may hold what it should not.
    """
    parsed = []
    for number, line in enumerate(lines, 1):
        match = _SECRET.fullmatch(line)
        if match is None:
            raise InputError(
                f"Line {number} of `secrets` is not a reference to a secret.",
                mend="Write id=NAME,env=VARIABLE or id=NAME,src=FILE; the value goes into that variable or file.",
            )
        parsed.append(Secret(match["id"], match["name"] or "", match["file"] or ""))
    return tuple(parsed)


def assignments(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Check build arguments: `NAME=value`, one a line.

    Raises:
        InputError: A line is not of that form.
    """
    for line in lines:
        if not _ASSIGNMENT.fullmatch(line):
            raise InputError(f"{line!r} is not a build argument.", mend="Write NAME=value, one a line.")
    return lines


def labels(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Check labels: `name=value`, one a line.

    Raises:
        InputError: A line is not of that form.
    """
    for line in lines:
        if not _LABEL.fullmatch(line):
            raise InputError(
                f"{line!r} is not a label.",
                mend="Write name=value, one a line; the name begins with a small letter or a digit.",
            )
    return lines


def value_of(secret: Secret, environ: Mapping[str, str]) -> str:
    """Return a build secret itself, so that it can be hidden in what the build prints.

    Raises:
        InputError: It is not there, or more than BuildKit takes.
    """
    if secret.variable:
        if value := environ.get(secret.variable):
            return value
        raise InputError(
            f"The variable {secret.variable} of the build secret {secret.id} is not set.",
            mend="Set it under `env:` of the step, from a secret.",
        )
    try:
        return read_bounded(Path(secret.file), _SECRET_BYTES).decode(errors="replace")  # as its output is read
    except OSError as error:
        raise InputError(
            f"The file of the build secret {secret.id} cannot be read: {error.strerror}.",
            where=secret.file,
            mend="Write the secret into that file in a step before, or name another one as `src`.",
        ) from error


def with_origin(recipe: Recipe, environ: Mapping[str, str], commit: bytes | None) -> Recipe:
    """Add where the image comes from: labels of the OCI image specification, and the commit's date.

    Args:
        recipe: Its own labels win.
        environ: The environment of a workflow's run, or of nothing in particular.
        commit: The commit object that is checked out, as git stores it; None outside a repository.
    """
    date = recipe.source_date if recipe.source_date is not None else _committer_date(commit)
    known = {
        "source": f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ['GITHUB_REPOSITORY']}"
        if environ.get("GITHUB_REPOSITORY")
        else "",
        "revision": environ.get("GITHUB_SHA", ""),
        "created": datetime.fromtimestamp(date, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if date is not None else "",
    }
    origin = tuple(f"org.opencontainers.image.{name}={value}" for name, value in known.items() if value)
    return replace(recipe, labels=origin + recipe.labels, source_date=date)


def commit_object(folder: Path, environ: Mapping[str, str]) -> bytes | None:
    """Return the commit that is checked out, or None where there is no git repository (or no git)."""
    # A plumbing command: it runs no hook and no pager. `*`: a container's user is another than the checkout's.
    argv: list[str | Path] = ["git", "-c", "safe.directory=*", "-C", folder, "cat-file", "commit", "HEAD"]
    try:
        completed = process.run(argv, env=process.scrubbed_environment(environ, **_WARY_GIT), timeout=60, check=False)
    except ToolError:
        return None
    return completed.stdout if completed.exit_code == 0 else None


def build(docker: Docker, recipe: Recipe, environ: Mapping[str, str], temp_dir: Path) -> str:
    """Build the image and return its id in the engine.

    Raises:
        ToolError: The build failed; its last lines are in the error.
    """
    id_file = temp_dir / "image-id"
    argv = ["buildx", "build", "--load", "--provenance=false"] if docker.buildx else ["build"]
    argv += ["--progress", "plain", "--iidfile", str(id_file), "--tag", recipe.image, "--file", str(recipe.dockerfile)]
    epoch = () if recipe.source_date is None else (f"SOURCE_DATE_EPOCH={recipe.source_date}",)
    argv += [part for argument in epoch + recipe.build_args for part in ("--build-arg", argument)]
    argv += [part for label in recipe.labels for part in ("--label", label)]
    argv += [part for secret in recipe.secrets for part in ("--secret", _reference(secret))]
    argv += ["--target", recipe.target] if recipe.target else []
    argv += ["--platform", recipe.platform] if recipe.platform else []
    argv += ["--pull"] if recipe.pull else []
    variables = {"DOCKER_BUILDKIT": "1", "BUILDX_GIT_INFO": "false", **_WARY_GIT}
    if recipe.source_date is not None:
        variables["SOURCE_DATE_EPOCH"] = str(recipe.source_date)
    variables |= {secret.variable: environ[secret.variable] for secret in recipe.secrets if secret.variable}
    logger.info("building %s from %s with %s", recipe.image, recipe.context, "buildx" if docker.buildx else "BuildKit")
    built = replace(docker, environ={**docker.environ, **variables})
    try:
        built.run(*argv, str(recipe.context), on_line=logger.info)
    except ToolError as error:
        raise ToolError(
            "The image could not be built.",
            where=f"{error.what} {error.where}",
            mend="Mend what the last lines say, in the Dockerfile or the inputs, and build again.",
        ) from error
    image_id = id_file.read_text().strip() if id_file.is_file() else ""
    if not _IMAGE_ID.fullmatch(image_id):
        raise ToolError(
            "The docker client built the image without saying its id.", where=recipe.image, mend="Build it again."
        )
    return image_id


def _reference(secret: Secret) -> str:
    if secret.variable:
        return f"id={secret.id},env={secret.variable}"
    # The client reads the whole as a line of CSV.
    file = str(Path(secret.file).absolute()).replace('"', '""')
    return f'id={secret.id},"src={file}"'


def _committer_date(commit: bytes | None) -> int | None:
    """Read a commit's date; none from a year that cannot be written down, which git allows."""
    header = (commit or b"").partition(b"\n\n")[0]
    match = re.search(rb"^committer .* ([0-9]{1,11}) [-+][0-9]{4}$", header, re.MULTILINE)
    return int(match[1]) if match else None
