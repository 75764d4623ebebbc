"""Names of what a registry holds: `ghcr.io/owner/name:tag@sha256:…`."""

import ipaddress
import re
from dataclasses import dataclass, replace

from modelseal.errors import InputError

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?"
_NAME = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<repository>{_NAME}(?:/{_NAME})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_LONGEST = 512
_HUB = "docker.io"
_HUB_SERVERS = {_HUB: "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


@dataclass(frozen=True)
class Reference:
    """A name with its registry.

    Attributes:
        host: The registry's host, with its port if it has one.
        repository: The path in it.
        tag: A name that may mean something else tomorrow; empty if there is none.
        digest: What is meant, for ever; empty if any digest will do.
    """

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.host}/{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"

    @property
    def origin(self) -> str:
        """The registry's address: HTTPS, but for a registry on this machine."""
        scheme = "http" if is_loopback(self.host) else "https"
        return f"{scheme}://{_HUB_SERVERS.get(self.host, self.host)}"

    def at(self, digest: str) -> "Reference":
        """Return the same name with a digest."""
        return replace(self, digest=digest)


def parse(text: str, *, default_tag: str = "latest") -> Reference:
    """Take a name apart; without a registry it is one of Docker Hub's, as everywhere.

    Args:
        text: The name.
        default_tag: What is meant where it has neither tag nor digest.

    Raises:
        InputError: It is no name.
    """
    match = _REFERENCE.fullmatch(text) if len(text) <= _LONGEST else None
    # What looks like a host and is none belongs to the path, where capital letters have no place.
    path = match is not None and (not match["host"] or _is_host(match["host"]) or re.fullmatch(_NAME, match["host"]))
    if match is None or not path:
        raise InputError(
            f"{text[:100]!r} does not name anything in a registry.",
            mend="Write it as registry.example/team/name:tag, or registry.example/team/name@sha256:<64 digits>.",
        )
    host, repository = match["host"] or "", match["repository"]
    if not host or not _is_host(host):
        repository = f"{host}/{repository}" if host else repository
        host = _HUB
    if host in _HUB_SERVERS and "/" not in repository:
        repository = f"library/{repository}"
    tag, digest = match["tag"] or "", match["digest"] or ""
    return Reference(host, repository, tag or ("" if digest else default_tag), digest)


def _is_host(text: str) -> bool:
    return "." in text or ":" in text or text == "localhost"


def is_loopback(host: str) -> bool:
    """Tell whether a host, with or without a port, is this machine: only there is HTTP without TLS spoken."""
    name = re.sub(r":[0-9]+\Z", "", host).strip("[]") if not host.startswith("[") else host[1:].partition("]")[0]
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
