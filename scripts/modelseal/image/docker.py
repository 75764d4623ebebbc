"""Docker: which client can build here, and how it is called."""

import json
import logging
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from modelseal import process
from modelseal.errors import ToolError

logger = logging.getLogger(__name__)

# Where the engine is and how to log in to registries: the client needs it, scanners do not get it.
_SETTINGS = (
    "HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION", "BUILDX_BUILDER", "BUILDX_CONFIG", "BUILDKIT_HOST", "SSH_AUTH_SOCK",
)  # fmt: skip
# From this version on the client has no BuildKit of its own and needs the buildx plugin.
_NEEDS_BUILDX_FROM = 23
_ANSWER_SECONDS = 60
# What `docker push` prints last: https://github.com/moby/moby/blob/v28.0.0/distribution/push_v2.go
_PUSHED = re.compile(rb"^\S+: digest: (sha256:[0-9a-f]{64}) size: [0-9]+\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Docker:
    """A client that can talk to the engine.

    Attributes:
        path: The client's executable.
        buildx: Whether it has the buildx plugin; otherwise it builds with the engine's own BuildKit.
        environ: What it is started with; holds no token of the workflow.
    """

    path: Path
    buildx: bool
    environ: Mapping[str, str]

    def run(self, *arguments: str | Path, **options: object) -> process.Completed:
        """Run the client; `options` as for `process.run`.

        Raises:
            ToolError: It failed.
        """
        return process.run([self.path, *arguments], env=self.environ, **options)  # type: ignore[arg-type]


def find(environ: Mapping[str, str], *, to_build: bool) -> Docker:
    """Return a client on the PATH that reaches the engine and, if asked for, can build with BuildKit.

    Raises:
        ToolError: There is none; says what is missing.
    """
    settings = {name: environ[name] for name in _SETTINGS if name in environ}
    env = process.scrubbed_environment(environ, **settings)
    clients = _clients(environ.get("PATH", ""))
    if not clients:
        raise ToolError("No docker client is on the PATH.", mend="Install Docker, or run on a runner that has it.")
    mute, unfit = [], []
    for client in clients:
        version = _answer(client, env, "version", "--format", "{{json .}}")
        if version.exit_code != 0:
            mute.append(f"{client}: {version.stderr.strip()[-500:]}")
            continue
        buildx = _answer(client, env, "buildx", "version").exit_code == 0
        if not to_build or buildx or _client_major(version.stdout) < _NEEDS_BUILDX_FROM:
            return Docker(client, buildx, env)
        unfit.append(f"{client} is too new to build without the buildx plugin, which it does not have")
    if unfit:
        raise ToolError(
            "No docker client on the PATH can build with BuildKit.",
            where="; ".join(unfit + mute),
            mend="Install the buildx plugin (docker-buildx-plugin, docker-buildx).",
        )
    raise ToolError(
        "The Docker engine does not answer.",
        where="; ".join(mute),
        mend="Start it (for instance: systemctl start docker), or point DOCKER_HOST to one that runs.",
    )


def image_id(docker: Docker, image: str) -> str:
    """Return what the engine calls the image that has this name now.

    Raises:
        ToolError: It has none of that name.
    """
    return docker.run("image", "inspect", "--format", "{{.Id}}", image).stdout.decode().strip()


def _clients(search_path: str) -> tuple[Path, ...]:
    found = (Path(folder) / "docker" for folder in search_path.split(os.pathsep) if folder.startswith("/"))
    return tuple(dict.fromkeys(client for client in found if client.is_file() and os.access(client, os.X_OK)))


def _answer(client: Path, env: Mapping[str, str], *arguments: str) -> process.Completed:
    """Ask a client something; one that cannot be run, or does not come back, has answered with a failure."""
    try:
        return process.run([client, *arguments], env=env, timeout=_ANSWER_SECONDS, check=False)
    except ToolError as error:
        return process.Completed(1, b"", str(error))


def _client_major(version: bytes) -> int:
    try:
        text = json.loads(version)["Client"]["Version"]
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError("The docker client does not say its version.", where=repr(version[:200])) from error
    match = re.match(r"[0-9]+", str(text))
    return int(match[0]) if match else _NEEDS_BUILDX_FROM


def push(docker: Docker, image: str, repository: str, *, expected: Collection[str] = ()) -> str:
    """Push an image and return the digest of its manifest in the registry.

    Args:
        docker: The client.
        image: The image's name, with its tag.
        repository: The name without it.
        expected: What the engine may call the image that was pushed; anything when empty.

    Raises:
        ToolError: The push failed, the client does not say a digest, or the name has come to mean another image.
    """
    logger.info("pushing %s", image)
    completed = docker.run("push", image, on_line=logger.info)
    digests = set(_PUSHED.findall(completed.stdout))
    if len(digests) != 1:
        raise ToolError(
            f"The docker client names {len(digests)} digests for the pushed image, not one.",
            where=image,
            mend="Look at what it printed, and push again.",
        )
    digest: str = digests.pop().decode()
    if expected and image_id(docker, f"{repository}@{digest}") not in expected:
        raise ToolError(
            "Another image was pushed than the one that was built: its name was taken in the meantime.",
            where=f"{image}, {digest}",
            mend="Give each job its own tag, and push again.",
        )
    return digest
