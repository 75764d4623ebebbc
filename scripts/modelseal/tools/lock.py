"""What `tools.lock.json` says: per tool, version and platform the executable's digest, and where it can come from."""

import json
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from modelseal.errors import InputError, ToolError

_PACKAGE = Path(__file__).parents[1]
_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_REQUEST = re.compile(r"v?(?P<version>[0-9]+(?:\.[0-9]+)*[-+.0-9A-Za-z]*)(?:@sha256:(?P<digest>[0-9a-f]{64}))?")


@dataclass(frozen=True)
class Source:
    """One place that a tool can be fetched from.

    Attributes:
        url: Of a release archive (tar.gz); empty for a source on PyPI.
        requirement: `project==version` of a wheel on PyPI; empty for a release archive.
        sha256: Of the archive or wheel.
        member: Path of the executable inside it.
    """

    url: str
    requirement: str
    sha256: str
    member: str

    @property
    def name(self) -> str:
        """How people call it."""
        return self.url or f"{self.requirement} from PyPI"


@dataclass(frozen=True)
class Release:
    """One version of a tool on this platform; `executable` is None where nobody but its archive vouches for it."""

    tool: str
    version: str
    executable: str | None
    sources: tuple[Source, ...]


def releases(tool: str, requested: str) -> tuple[Release, ...]:
    """Return the releases that may answer a request, the preferred one first.

    Args:
        tool: `syft` or `trivy`.
        requested: Nothing, a version of the lock, or `version@sha256:<digest of the executable>`.

    Raises:
        InputError: The version is known to be bad, or unknown and without a digest, or the text is neither.
        ToolError: The lock has nothing for this platform.
    """
    locked = _load()[tool]
    here = this_platform()
    known = tuple(
        _release(tool, version, platforms[here])
        for version, platforms in locked["versions"].items()
        if here in platforms and version not in locked["refused"]
    )
    if not requested:
        if not known:
            raise ToolError(
                f"No release of {tool} is locked for {here}.",
                mend=f"Name one that you trust: version@sha256:<digest of the {tool} executable>.",
            )
        return known
    match = _REQUEST.fullmatch(requested)
    if match is None:
        raise InputError(
            f"{requested!r} is not a version of {tool}.", mend="Write 1.2.3 or 1.2.3@sha256:<64 hexadecimal digits>."
        )
    version, digest = match["version"], match["digest"]
    refuse_known_bad(tool, version)
    same = tuple(release for release in known if release.version == version)
    if digest is None:
        if not same:
            raise InputError(
                f"Version {version} of {tool} is not in the lock for {here}, which has: "
                f"{', '.join(release.version for release in known) or 'none'}.",
                mend=f"Take one of these, or vouch for it: {version}@sha256:<digest of the executable>.",
            )
        return same
    sources = tuple(source for release in same if release.executable in (None, digest) for source in release.sources)
    return (Release(tool, version, digest, sources),)


def refuse_known_bad(tool: str, version: str) -> None:
    """Stop if this version must never run, whatever is asked for.

    Raises:
        InputError: It must not.
    """
    reason = _load()[tool]["refused"].get(version)
    if reason is not None:
        raise InputError(f"{tool} {version} is refused: {reason}.", mend="Take the locked default.")


def refused_versions(tool: str) -> tuple[str, ...]:
    """Return the versions that must never run."""
    return tuple(_load()[tool]["refused"])


def this_platform() -> str:
    """Return this machine as the lock names it, `linux/amd64` for instance."""
    machine = platform.machine().lower()
    return f"{sys.platform}/{_ARCHITECTURES.get(machine, machine)}"


def _release(tool: str, version: str, entry: dict) -> Release:  # type: ignore[type-arg]
    sources = tuple(
        Source(source.get("url", ""), source.get("pypi", ""), source["sha256"], source["member"])
        for source in entry["sources"]
    )
    return Release(tool, version, entry["executable"], sources)


def _load() -> dict:  # type: ignore[type-arg]
    # Beside the package in a checkout, inside it when installed.
    for file in (_PACKAGE.parent / "tools.lock.json", _PACKAGE / "tools.lock.json"):
        if file.is_file():
            lock: dict = json.loads(file.read_bytes())  # type: ignore[type-arg]
            return lock
    raise ToolError("tools.lock.json is missing.", where=str(_PACKAGE.parent), mend="Check out Modelseal anew.")
