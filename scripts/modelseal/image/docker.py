"""Docker: which client can build here, and how it is called."""

import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
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
    shortcomings = []
    for client in clients:
        version = process.run([client, "version", "--format", "{{json .}}"], env=env, timeout=60, check=False)
        if version.exit_code != 0:
            raise ToolError(
                "The Docker engine does not answer.",
                where=version.stderr.strip()[-500:],
                mend="Start it (for instance: systemctl start docker), or point DOCKER_HOST to one that runs.",
            )
        buildx = process.run([client, "buildx", "version"], env=env, timeout=60, check=False).exit_code == 0
        if not to_build or buildx or _client_major(version.stdout) < _NEEDS_BUILDX_FROM:
            return Docker(client, buildx, env)
        shortcomings.append(f"{client} is too new to build without the buildx plugin, which it does not have")
    raise ToolError(
        "No docker client on the PATH can build with BuildKit.",
        where="; ".join(shortcomings),
        mend="Install the buildx plugin (docker-buildx-plugin, docker-buildx).",
    )


def image_id(docker: Docker, image: str) -> str:
    """Return what the engine calls the image that has this name now.

    Raises:
        ToolError: It has none of that name.
    """
    return docker.run("image", "inspect", "--format", "{{.Id}}", image).stdout.decode().strip()


def _clients(search_path: str) -> tuple[Path, ...]:
    found = (Path(folder) / "docker" for folder in search_path.split(os.pathsep) if folder.startswith("/"))
    return tuple(dict.fromkeys(client for client in found if os.access(client, os.X_OK)))


def _client_major(version: bytes) -> int:
    try:
        text = json.loads(version)["Client"]["Version"]
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError("The docker client does not say its version.", where=repr(version[:200])) from error
    match = re.match(r"[0-9]+", str(text))
    return int(match[0]) if match else _NEEDS_BUILDX_FROM


def push(docker: Docker, image: str, repository: str) -> str:
    """Push an image and return the digest of its manifest in the registry.

    Raises:
        ToolError: The push failed, or the engine does not know a digest afterwards.
    """
    logger.info("pushing %s", image)
    docker.run("push", image, on_line=logger.info)
    inspected = docker.run("image", "inspect", "--format", "{{json .RepoDigests}}", image)
    try:
        known: Sequence[str] = json.loads(inspected.stdout) or ()
    except ValueError as error:
        raise ToolError("The engine's answer about the pushed image cannot be read.", where=image) from error
    digests = {item.rpartition("@")[2] for item in known if item.rpartition("@")[0] == repository}
    if len(digests) != 1:
        raise ToolError(
            f"The engine names {len(digests)} digests for the pushed image, not one.",
            where=f"{image}: {sorted(digests)}",
        )
    return digests.pop()
